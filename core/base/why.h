/*
 * why.h - why a message was cancelled or dropped, or lacks what its `error` handler would have
 * said: a closed set. The outcome says what happened; this is `why` of its line in the log.
 */
#ifndef RD_BASE_WHY_H
#define RD_BASE_WHY_H

/*        name           what it means */
#define RD_WHYS(X)                                                               \
    X(deadline,      "the deadline came before the handler's end")               \
    X(no_turn,       "the deadline came before its handler began: one before it still ran, " \
                     "or its script thread was busy")                            \
    X(error_handler, "the deadline came before the `error` handler's end")       \
    X(late_limit,    "late_limit came before the handler's end")                 \
    X(newer_message, "a newer one came, and concurrency is \"latest\"")          \
    X(drain,         "replyd was ending")                                        \
    X(rule,          "the one before it still ran, and concurrency is \"drop\"") \
    X(queue_full,    "max_sender_queue messages of its sender waited already")   \
    X(loop_guard,    "the same exchange came again and again: two bots?")

#define RD_WHY_ENUM(name, text) RD_WHY_##name,
enum rd_why { RD_WHY_none, RD_WHYS(RD_WHY_ENUM) RD_WHY_COUNT };
#undef RD_WHY_ENUM

/* Name as in the table ("late_limit"); "?" for a value that is no row. */
const char *rd_why_name(enum rd_why why);

#endif
