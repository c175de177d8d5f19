/* claims.c - the claims table and its filter; see claims.h. Called by arbiter on every thread. */
#include "gateway/claims.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/metric.h"
#include "base/pool.h"

#define CLAIMS_STRIPES 64
#define CLAIMS_BUCKETS 256              /* of one stripe at first */
#define CLAIMS_IDLE_MOST 128            /* settled entries kept in a stripe: 8,192 in all */
/* 1 MiB: 1 % false "maybe" at 800,000 keys; a wrong maybe costs a look-up. */
#define CLAIMS_FILTER_BITS (1u << 23)
#define CLAIMS_FILTER_HASHES 4

struct claims_stripe {
    pthread_mutex_t lock;
    struct rd_claim **buckets;
    size_t n_buckets, n;
    struct rd_claim *idle, **idle_tail;    /* oldest first */
    unsigned n_idle;
    char pad[64];                          /* stripes do not share a cache line */
};

struct rd_claims {
    struct claims_stripe stripes[CLAIMS_STRIPES];
    atomic_uint_fast64_t last_id;
    atomic_bool filter_ready;
    _Atomic uint64_t *filter;
};

static struct claims_stripe *
claims_stripe(struct rd_claims *c, uint64_t hash)
{
    return &c->stripes[hash >> 58];
}

static struct rd_claim **
claims_bucket(struct claims_stripe *s, uint64_t hash)
{
    return &s->buckets[hash & (s->n_buckets - 1)];
}

struct rd_claims *
rd_claims_new(void)
{
    struct rd_claims *c = rd_calloc(1, sizeof *c);

    for (size_t i = 0; i < CLAIMS_STRIPES; i++) {
        struct claims_stripe *s = &c->stripes[i];

        pthread_mutex_init(&s->lock, NULL);
        s->n_buckets = CLAIMS_BUCKETS;
        s->buckets = rd_calloc(s->n_buckets, sizeof(struct rd_claim *));
        s->idle_tail = &s->idle;
    }
    c->filter = rd_calloc(CLAIMS_FILTER_BITS / 64, sizeof *c->filter);
    return c;
}

static void
claims_free_one(struct rd_claim *claim)
{
    claim->magic = RD_DEAD;
    rd_claim_release(claim);
    rd_answer_unref(claim->answer);
    rd_answer_unref(claim->if_late);
    if (claim->waiters != claim->first_waiters)
        free(claim->waiters);
    rd_pool_put(claim, sizeof *claim + claim->key_n);
    rd_metric_add(RD_METRIC_claims, 0, -1);
}

void
rd_claims_free(struct rd_claims *c)
{
    struct rd_claim *claim, *next;

    for (size_t i = 0; i < CLAIMS_STRIPES; i++) {
        struct claims_stripe *s = &c->stripes[i];

        for (size_t b = 0; b < s->n_buckets; b++)
            for (claim = s->buckets[b]; claim != NULL; claim = next) {
                next = claim->next;
                claims_free_one(claim);
            }
        free(s->buckets);
        pthread_mutex_destroy(&s->lock);
    }
    free(c->filter);
    free(c);
}

void
rd_claims_lock(struct rd_claims *c, uint64_t hash)
{
    pthread_mutex_lock(&claims_stripe(c, hash)->lock);
}

void
rd_claims_unlock(struct rd_claims *c, uint64_t hash)
{
    pthread_mutex_unlock(&claims_stripe(c, hash)->lock);
}

struct rd_claim *
rd_claims_find(struct rd_claims *c, uint64_t hash, struct rd_slice key)
{
    struct rd_claim *claim = *claims_bucket(claims_stripe(c, hash), hash);

    while (claim != NULL && !(claim->hash == hash && claim->key_n == key.n &&
                              memcmp(claim->key, key.p, key.n) == 0))
        claim = claim->next;
    return claim;
}

struct rd_claim *
rd_claims_by_id(struct rd_claims *c, uint64_t hash, uint64_t id)
{
    struct rd_claim *claim = *claims_bucket(claims_stripe(c, hash), hash);

    while (claim != NULL && claim->id != id)
        claim = claim->next;
    if (claim != NULL)
        RD_CHECK(claim, RD_CLAIM_MAGIC);
    return claim;
}

static void
claims_grow(struct claims_stripe *s)
{
    struct rd_claim **old = s->buckets, *claim, *next;
    size_t n = s->n_buckets;

    s->n_buckets *= 2;
    s->buckets = rd_calloc(s->n_buckets, sizeof(struct rd_claim *));
    for (size_t i = 0; i < n; i++)
        for (claim = old[i]; claim != NULL; claim = next) {
            next = claim->next;
            claim->next = *claims_bucket(s, claim->hash);
            *claims_bucket(s, claim->hash) = claim;
        }
    free(old);
}

struct rd_claim *
rd_claims_add(struct rd_claims *c, uint64_t hash, struct rd_slice key)
{
    struct claims_stripe *s = claims_stripe(c, hash);
    struct rd_claim *claim = rd_pool_get(sizeof *claim + key.n);

    memset(claim, 0, sizeof *claim);
    claim->magic = RD_CLAIM_MAGIC;
    claim->hash = hash;
    claim->id = atomic_fetch_add_explicit(&c->last_id, 1, memory_order_relaxed) + 1;
    claim->waiters = claim->first_waiters;
    claim->cap_waiters = RD_CLAIM_INLINE;
    claim->key_n = key.n;
    memcpy(claim->key, key.p, key.n);
    if (s->n >= s->n_buckets)
        claims_grow(s);
    claim->next = *claims_bucket(s, hash);
    *claims_bucket(s, hash) = claim;
    s->n++;
    rd_metric_add(RD_METRIC_claims, 0, 1);
    return claim;
}

static void
claims_unlink(struct claims_stripe *s, struct rd_claim *claim)
{
    struct rd_claim **at = claims_bucket(s, claim->hash);

    while (*at != claim)
        at = &(*at)->next;
    *at = claim->next;
    s->n--;
}

void
rd_claims_remove(struct rd_claims *c, struct rd_claim *claim)
{
    RD_CHECK(claim, RD_CLAIM_MAGIC);
    RD_ASSERT(claim->n_waiters == 0 && !claim->may_forget);
    claims_unlink(claims_stripe(c, claim->hash), claim);
    claims_free_one(claim);
}

static void
claims_forget_oldest(struct rd_claims *c, struct claims_stripe *s)
{
    struct rd_claim *oldest = s->idle;

    s->idle = oldest->next_idle;
    if (s->idle == NULL)
        s->idle_tail = &s->idle;
    s->n_idle--;
    rd_claims_filter_add(c, oldest->hash);
    claims_unlink(s, oldest);
    claims_free_one(oldest);
}

void
rd_claims_idle(struct rd_claims *c, struct rd_claim *claim)
{
    struct claims_stripe *s = claims_stripe(c, claim->hash);

    RD_CHECK(claim, RD_CLAIM_MAGIC);
    if (claim->may_forget)
        return;
    rd_claim_release(claim);
    claim->may_forget = true;
    *s->idle_tail = claim;
    s->idle_tail = &claim->next_idle;
    if (++s->n_idle > CLAIMS_IDLE_MOST)
        claims_forget_oldest(c, s);
}

void
rd_claim_add_waiter(struct rd_claim *claim, uint64_t ticket, bool is_fallback)
{
    if (claim->n_waiters == claim->cap_waiters) {
        struct rd_waiter *grown = rd_malloc(2 * claim->cap_waiters * sizeof *grown);

        memcpy(grown, claim->waiters, claim->n_waiters * sizeof *grown);
        if (claim->waiters != claim->first_waiters)
            free(claim->waiters);
        claim->waiters = grown;
        claim->cap_waiters *= 2;
    }
    claim->waiters[claim->n_waiters++] = (struct rd_waiter){ ticket, is_fallback };
}

void
rd_claim_release(struct rd_claim *claim)
{
    rd_message_unref(claim->message);
    claim->message = NULL;
    if (claim->generation != NULL)
        rd_generation_unref(claim->generation);
    claim->generation = NULL;
}

bool
rd_claims_may_know(const struct rd_claims *c, uint64_t hash)
{
    if (!atomic_load_explicit(&c->filter_ready, memory_order_acquire))
        return true;
    for (unsigned i = 0; i < CLAIMS_FILTER_HASHES; i++) {
        uint32_t bit = (uint32_t)(hash + i * (hash >> 32 | 1)) & (CLAIMS_FILTER_BITS - 1);

        if (!(atomic_load_explicit(&c->filter[bit / 64], memory_order_relaxed) >> bit % 64 & 1))
            return false;
    }
    return true;
}

void
rd_claims_filter_add(struct rd_claims *c, uint64_t hash)
{
    for (unsigned i = 0; i < CLAIMS_FILTER_HASHES; i++) {
        uint32_t bit = (uint32_t)(hash + i * (hash >> 32 | 1)) & (CLAIMS_FILTER_BITS - 1);

        atomic_fetch_or_explicit(&c->filter[bit / 64], UINT64_C(1) << bit % 64,
                                 memory_order_relaxed);
    }
}

void
rd_claims_filter_ready(struct rd_claims *c)
{
    atomic_store_explicit(&c->filter_ready, true, memory_order_release);
}
