/*
 * gateway.h - what joins the layers: one of it in the process.
 *
 * Built by app/serve before the threads start, read by all of them. Each field
 * that changes later says who changes it.
 */
#ifndef RD_GATEWAY_GATEWAY_H
#define RD_GATEWAY_GATEWAY_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/check.h"
#include "loop/shard.h"

#define RD_GATEWAY_MAGIC RD_MAGIC('g', 'a', 't', 'e')
#define RD_FRONTS_MOST 64    /* a ticket has 8 bits for its front */

struct rd_gateway {
    uint32_t magic;
    struct rd_claims *claims;
    struct rd_store *store;
    struct rd_refusals *refusals;
    struct rd_loop_guard *loop_guard;    /* NULL: none */
    struct rd_front *fronts[RD_FRONTS_MOST];
    unsigned n_fronts;
    struct rd_shards shards;             /* main writes */
    atomic_size_t in_flight;             /* runs given to script threads that have not ended */
    atomic_uint_fast64_t last_run;       /* serial numbers of runs; the last one given */
    atomic_bool store_faulty;            /* the last commit failed: 503 before a handler starts */
};

/* A run serial that the process has not used yet; never 0. */
static inline uint64_t
rd_gateway_next_run(struct rd_gateway *g)
{
    return atomic_fetch_add_explicit(&g->last_run, 1, memory_order_relaxed) + 1;
}

#endif
