/*
 * steps.h - the way of one webhook through the front thread.
 *
 * Read the table: it is the architecture. A step does one thing and says what
 * happens next; nothing else decides where an exchange goes.
 */
#ifndef RD_GATEWAY_STEPS_H
#define RD_GATEWAY_STEPS_H

struct rd_exchange;

enum rd_next {
    RD_MORE,      /* go on with the following step now */
    RD_ANSWER,    /* the response is decided: go on at SEND */
    RD_WAIT,      /* somebody holds our ticket; their verdict goes on at SEND */
    RD_DONE,      /* the exchange is over and must not be touched again */
};

/*      step      what it needs -> what it leaves behind */
#define RD_STEPS(X)                                                             \
    X(route,      "request line -> path, generation; 404, 405")                 \
    X(decode,     "body -> parameters and fields, order and bytes kept; 400, 413, 415") \
    X(verify,     "signature over URL and parameters, Basic authentication; 401, 403") \
    X(claim,      "message key -> NEW, JOIN or REPLAY; deadlines armed")        \
    X(dispatch,   "message -> mailbox of its script thread; 503")               \
    X(send,       "decided bytes -> connection")                                \
    X(finish,     "log line, counters, release")

#define RD_STEP_ENUM(name, text) RD_STEP_##name,
enum rd_step { RD_STEPS(RD_STEP_ENUM) RD_STEP_COUNT };
#undef RD_STEP_ENUM

/*
 * Runs the exchange until a step says WAIT or DONE. Called on the front thread
 * that owns it: once when the request is complete, then when its verdict came.
 */
void rd_exchange_run(struct rd_exchange *x);

#endif
