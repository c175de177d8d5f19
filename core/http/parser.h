/*
 * parser.h - llhttp over a rd_input: one request at a time, every limit ours.
 *
 * Strict: no lenient flag is ever set. Refuses with an HTTP status instead of
 * guessing. Knows no connection and sends nothing.
 */
#ifndef RD_HTTP_PARSER_H
#define RD_HTTP_PARSER_H

#include <llhttp.h>

#include "http/input.h"

enum rd_parse_result {
    RD_PARSE_MORE,       /* not complete */
    RD_PARSE_REQUEST,    /* p->request is complete */
    RD_PARSE_REJECT      /* p->status says why; the connection cannot go on */
};

enum rd_parse_phase { RD_PARSE_HEAD, RD_PARSE_LENGTH, RD_PARSE_CHUNKED };

struct rd_parser {
    llhttp_t ll;
    const struct rd_http_limits *limits;
    struct rd_input *in;          /* NULL while there are no bytes */
    enum rd_parse_phase phase;
    size_t parsed;                /* bytes of in before it are done */
    size_t body;                  /* where the body begins */
    size_t length;                /* bytes of the body: announced (LENGTH), or so far (CHUNKED) */
    size_t framing;               /* bytes of chunk framing and trailers so far */
    size_t blank;                 /* bytes of empty lines before the request */
    unsigned trailers;
    bool in_value;                /* the last callback was for a header's value */
    bool keep_alive;
    bool expects;                 /* a "100 Continue" is wanted; the caller resets it */
    int status;                   /* of a refusal */
    struct rd_http_request request;
};

/* Ready for the first request. */
void rd_parser_init(struct rd_parser *p, const struct rd_http_limits *limits);
/* Forgets the request; the bytes behind it are the next one's. */
void rd_parser_next(struct rd_parser *p);
/* Goes on with the bytes that are in p->in. */
enum rd_parse_result rd_parser_run(struct rd_parser *p);
/* Something of a request has come (empty lines before it count too). */
bool rd_parser_begun(const struct rd_parser *p);
/* How many bytes may be put at in->p + in->n; moves the request's bytes: not while it is held. */
size_t rd_parser_room(struct rd_parser *p);

/* In rules.c: checks a complete head; 0 or the status to refuse it with. */
int rd_rules_check(struct rd_parser *p);
/* Fills what points into the head, which has passed rd_rules_check. */
void rd_rules_fill(struct rd_parser *p);

#endif
