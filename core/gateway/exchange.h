/*
 * exchange.h - the HTTP side of one webhook: request, deadline, response.
 *
 * Owned by its front thread; everybody else holds its ticket. It outlives its
 * connection: it ends at FINISH, when the message has its answer.
 */
#ifndef RD_GATEWAY_EXCHANGE_H
#define RD_GATEWAY_EXCHANGE_H

#include <uv.h>

#include "base/answer.h"
#include "base/message.h"
#include "base/outcome.h"
#include "gateway/arbiter.h"
#include "gateway/config.h"
#include "gateway/steps.h"
#include "http/server.h"

#define RD_EXCHANGE_MAGIC RD_MAGIC('e', 'x', 'c', 'h')

/* {front: 8 bits, slot: 24 bits, serial: 32 bits}; never 0. Dropped when its exchange is gone. */
static inline uint64_t
rd_ticket_make(unsigned front, uint32_t slot, uint32_t serial)
{
    return (uint64_t)front << 56 | (uint64_t)slot << 32 | serial;
}

static inline unsigned
rd_ticket_front(uint64_t ticket)
{
    return (unsigned)(ticket >> 56);
}

static inline uint32_t
rd_ticket_slot(uint64_t ticket)
{
    return (uint32_t)(ticket >> 32) & 0xffffff;
}

struct rd_exchange {
    uint32_t magic;
    enum rd_step step;
    uint64_t ticket;
    struct rd_front *front;
    struct rd_http_stream *stream;       /* NULL: the connection is gone */
    struct rd_http_request request;      /* valid while stream is not NULL and unanswered */

    struct rd_generation *generation;    /* a reference */
    const struct rd_config *config;      /* the generation's */
    const struct rd_route *route;
    struct rd_slice path;                /* below the public URL's prefix */
    struct rd_message *message;          /* a reference */
    const char *no_script;               /* verified, but why no script sees it; NULL: one does */
    const struct rd_account *account;    /* whose token is tried, from VERIFY on; NULL: none */
    int token;                           /* which of its tokens matched */
    bool verified;
    struct rd_claim_ref claim;           /* id 0: none */
    uv_timer_t timer;                    /* first the soft deadline, then the hard one */
    bool soft_passed;

    bool running;                        /* the driver is in one of its steps */
    bool decided;                        /* verdict is set */
    struct rd_verdict verdict;
    uint32_t serial;
    struct rd_exchange *next_free;
};

/* A fresh exchange for a request that came on stream; the stream knows it. */
struct rd_exchange *rd_exchange_new(struct rd_front *f, struct rd_http_stream *stream,
                                    const struct rd_http_request *request);
/* Gives all references back and the slot to the next one. */
void rd_exchange_free(struct rd_exchange *x);

/* Decides the response; the driver goes on at SEND. Takes a reference of verdict->answer. */
enum rd_next rd_exchange_decide(struct rd_exchange *x, const struct rd_verdict *verdict);

/* The response of a refusal without an answer: status, outcome for verified ones. */
enum rd_next rd_exchange_refuse(struct rd_exchange *x, int status, enum rd_outcome outcome);

#endif
