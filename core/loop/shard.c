/* shard.c - see shard.h. The table belongs to app/; fronts read it, main writes it. */
#include "loop/shard.h"

#include <sched.h>

#include "base/error.h"

#define FNV_OFFSET UINT32_C(2166136261)
#define FNV_PRIME UINT32_C(16777619)
#define SHARD_RETRIES 100000    /* main sets the successor before it closes: one retry is normal */

static uint32_t
shard_hash(uint32_t h, struct rd_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (uint8_t)s.p[i]) * FNV_PRIME;
    return h * FNV_PRIME;    /* a NUL as separator */
}

uint8_t
rd_shard_of(struct rd_slice account, struct rd_slice ours, struct rd_slice theirs)
{
    uint32_t h = shard_hash(shard_hash(shard_hash(FNV_OFFSET, account), ours), theirs);

    return (uint8_t)(h ^ h >> 8 ^ h >> 16 ^ h >> 24);
}

void
rd_shards_move(struct rd_shards *table, struct rd_mailbox *from, struct rd_mailbox *to)
{
    for (unsigned i = 0; i < RD_SHARDS; i++)
        if (atomic_load_explicit(&table->at[i], memory_order_relaxed) == from)
            atomic_store_explicit(&table->at[i], to, memory_order_release);
}

void
rd_shards_spread(struct rd_shards *table, struct rd_mailbox *const *workers, unsigned n)
{
    for (unsigned i = 0; i < RD_SHARDS; i++)
        atomic_store_explicit(&table->at[i], workers[i % n], memory_order_release);
}

int
rd_shards_post(struct rd_shards *table, uint8_t shard, struct rd_mail *mail, size_t limit)
{
    struct rd_mailbox *to;
    int error;

    for (unsigned tries = 0; tries < SHARD_RETRIES; tries++) {
        to = atomic_load_explicit(&table->at[shard], memory_order_acquire);
        error = rd_mailbox_post_limited(to, mail, limit);
        if (error != RD_E_CLOSED)
            return error;
        sched_yield();
    }
    return RD_E_CLOSED;
}
