/* task.c - life of tasks; see task.h. Made on front threads, freed on script threads. */
#include "gateway/task.h"

#include <stdlib.h>

#include "base/metric.h"
#include "base/pool.h"
#include "gateway/gateway.h"

struct rd_task *
rd_task_new(struct rd_gateway *g, struct rd_claim_ref claim, uint64_t run, struct rd_message *m,
            struct rd_generation *generation, unsigned script, uint8_t shard)
{
    struct rd_task *t = rd_pool_get(sizeof *t);

    *t = (struct rd_task){
        .mail = { NULL, rd_inbox_on_task },
        .magic = RD_TASK_MAGIC,
        .gateway = g,
        .claim = claim,
        .run = run,
        .shard = shard,
        .message = rd_message_ref(m),
        .generation = rd_generation_ref(generation),
        .config = rd_generation_snapshot(generation),
        .script = script,
        .attempt = 1,
        .keyword = -1,
    };
    t->replies_tail = &t->replies;
    atomic_fetch_add_explicit(&g->in_flight, 1, memory_order_relaxed);
    rd_metric_add(RD_METRIC_runs, 0, 1);
    return t;
}

void
rd_task_drop_replies(struct rd_task *t)
{
    struct rd_store_reply *next;

    for (; t->replies != NULL; t->replies = next) {
        next = t->replies->next;
        rd_reply_free(t->replies->reply);
        free(t->replies);
    }
    rd_reply_free(t->all);
    t->all = NULL;
    t->replies_tail = &t->replies;
}

void
rd_task_free(struct rd_task *t)
{
    struct rd_store_effect *next;

    RD_CHECK(t, RD_TASK_MAGIC);
    rd_task_drop_replies(t);
    for (; t->effects != NULL; t->effects = next) {
        next = t->effects->next;
        free(t->effects);
    }
    rd_message_unref(t->message);
    rd_generation_unref(t->generation);
    atomic_fetch_sub_explicit(&t->gateway->in_flight, 1, memory_order_relaxed);
    rd_metric_add(RD_METRIC_runs, 0, -1);
    t->magic = RD_DEAD;
    rd_pool_put(t, sizeof *t);
}
