/*
 * memory_kv.c - key/value pairs of the "memory" backend.
 *
 * Owns pairs and the recorded results of incr and cas, so that a rerun of a
 * message gets the result that its first run got. Called by memory.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/mem.h"
#include "store/memory.h"
#include "store/recent.h"

#define KV_FIRST 64                      /* buckets of a new table */
#define KV_RESULTS RD_LIT("\001results")  /* a space that no script can name */
#define KV_RESULTS_TTL_MS UINT64_C(86400000)    /* no rerun comes a day later */

struct memory_pair {
    struct memory_pair *next;
    uint64_t hash, dies_ms;      /* dies_ms 0: never */
    size_t space_n, key_n;
    struct rd_slice value;       /* malloc'd */
    char name[];                 /* space, then key */
};

void
rd_memory_kv_open(struct memory_kv *kv)
{
    kv->n_buckets = KV_FIRST;
    kv->buckets = rd_calloc(kv->n_buckets, sizeof(struct memory_pair *));
}

static void
kv_free_pair(struct memory_pair *p)
{
    free((char *)p->value.p);
    free(p);
}

void
rd_memory_kv_close(struct memory_kv *kv)
{
    struct memory_pair *p, *next;

    for (size_t i = 0; i < kv->n_buckets; i++)
        for (p = kv->buckets[i]; p != NULL; p = next) {
            next = p->next;
            kv_free_pair(p);
        }
    free(kv->buckets);
}

static uint64_t
kv_hash(struct rd_slice space, struct rd_slice key)
{
    return rd_hash(space) * 31 + rd_hash(key);
}

static bool
kv_is(const struct memory_pair *p, struct rd_slice space, struct rd_slice key)
{
    return rd_slice_eq(rd_slice_make(p->name, p->space_n), space) &&
           rd_slice_eq(rd_slice_make(p->name + p->space_n, p->key_n), key);
}

static bool
kv_is_dead(const struct memory_pair *p)
{
    return p->dies_ms != 0 && p->dies_ms <= rd_clock_ms();
}

/* Where the pair is linked, or the end of its bucket. A pair whose time is over is removed. */
static struct memory_pair **
kv_find(struct memory_kv *kv, struct rd_slice space, struct rd_slice key)
{
    uint64_t hash = kv_hash(space, key);
    struct memory_pair **at = &kv->buckets[hash & (kv->n_buckets - 1)], *p;

    while ((p = *at) != NULL && !(p->hash == hash && kv_is(p, space, key)))
        at = &p->next;
    if (p != NULL && kv_is_dead(p)) {
        *at = p->next;
        kv_free_pair(p);
        kv->n--;
        return kv_find(kv, space, key);
    }
    return at;
}

/* Doubles the table; pairs that nobody asked for since they died go here. */
static void
kv_grow(struct memory_kv *kv)
{
    struct memory_pair **old = kv->buckets, *p, *next;
    size_t n = kv->n_buckets;

    kv->n_buckets *= 2;
    kv->buckets = rd_calloc(kv->n_buckets, sizeof(struct memory_pair *));
    for (size_t i = 0; i < n; i++)
        for (p = old[i]; p != NULL; p = next) {
            next = p->next;
            if (kv_is_dead(p)) {
                kv_free_pair(p);
                kv->n--;
                continue;
            }
            p->next = kv->buckets[p->hash & (kv->n_buckets - 1)];
            kv->buckets[p->hash & (kv->n_buckets - 1)] = p;
        }
    free(old);
}

static struct memory_pair *
kv_insert(struct memory_kv *kv, struct rd_slice space, struct rd_slice key)
{
    struct memory_pair *p = rd_calloc(1, sizeof *p + space.n + key.n);
    struct memory_pair **at;

    if (kv->n >= kv->n_buckets)
        kv_grow(kv);
    p->hash = kv_hash(space, key);
    p->space_n = space.n;
    p->key_n = key.n;
    if (space.n > 0)
        memcpy(p->name, space.p, space.n);
    if (key.n > 0)
        memcpy(p->name + space.n, key.p, key.n);
    at = &kv->buckets[p->hash & (kv->n_buckets - 1)];
    p->next = *at;
    *at = p;
    kv->n++;
    return p;
}

static void
kv_set(struct memory_kv *kv, struct rd_slice space, struct rd_slice key, struct rd_slice value,
       uint64_t ttl_ms)
{
    struct memory_pair *p = *kv_find(kv, space, key);
    char *copy = rd_malloc(value.n);

    if (value.n > 0)
        memcpy(copy, value.p, value.n);
    if (p == NULL)
        p = kv_insert(kv, space, key);
    free((char *)p->value.p);
    p->value = rd_slice_make(copy, value.n);
    p->dies_ms = ttl_ms ? rd_clock_ms() + ttl_ms : 0;
}

static void
kv_delete(struct memory_kv *kv, struct rd_slice space, struct rd_slice key)
{
    struct memory_pair **at = kv_find(kv, space, key), *p = *at;

    if (p == NULL)
        return;
    *at = p->next;
    kv_free_pair(p);
    kv->n--;
}

/* How often the same thing came in the window, this time included. */
static int64_t
kv_recent(struct memory_kv *kv, const struct rd_store_effect *e)
{
    struct memory_pair *p = *kv_find(kv, e->space, e->key);
    struct rd_recent what;
    struct rd_buf list;
    size_t count;

    RD_ASSERT(e->value.n == sizeof what);
    memcpy(&what, e->value.p, sizeof what);
    rd_buf_init(&list, SIZE_MAX);
    count = rd_recent_add(p ? p->value : RD_LIT(""), &what, rd_clock_ms(), e->ttl_ms, &list);
    kv_set(kv, e->space, e->key, rd_buf_slice(&list), e->ttl_ms);
    rd_buf_free(&list);
    return (int64_t)count;
}

void
rd_memory_kv_apply(struct memory_kv *kv, struct rd_store_request *r)
{
    for (const struct rd_store_effect *e = r->effects; e != NULL; e = e->next) {
        if (e->kind == RD_EFFECT_SET)
            kv_set(kv, e->space, e->key, e->value, e->ttl_ms);
        else if (e->kind == RD_EFFECT_DELETE)
            kv_delete(kv, e->space, e->key);
        else if (e->kind == RD_EFFECT_RECENT)
            r->number = kv_recent(kv, e);
    }
}

static void
kv_result(struct rd_store_request *r, struct rd_slice value)
{
    char *copy = rd_malloc(value.n);

    if (value.n > 0)
        memcpy(copy, value.p, value.n);
    r->result = rd_slice_make(copy, value.n);
}

int
rd_memory_kv_get(struct memory_kv *kv, struct rd_store_request *r)
{
    struct memory_pair *p = *kv_find(kv, r->space, r->name);

    if (p == NULL)
        return RD_E_NOT_FOUND;
    kv_result(r, p->value);
    return 0;
}

static bool
kv_is_listed(const struct memory_pair *p, const struct rd_store_request *r)
{
    return rd_slice_eq(rd_slice_make(p->name, p->space_n), r->space) && !kv_is_dead(p) &&
           rd_slice_starts(rd_slice_make(p->name + p->space_n, p->key_n), r->name);
}

/* Keys with the prefix `name`, at most n (0: all): each ended by a NUL, in no order. */
int
rd_memory_kv_list(struct memory_kv *kv, struct rd_store_request *r)
{
    struct rd_buf out;

    rd_buf_init(&out, SIZE_MAX);
    for (size_t i = 0; i < kv->n_buckets; i++)
        for (struct memory_pair *p = kv->buckets[i]; p != NULL; p = p->next) {
            if (!kv_is_listed(p, r) || (r->n != 0 && (uint64_t)r->number >= r->n))
                continue;
            rd_buf_put_slice(&out, rd_slice_make(p->name + p->space_n, p->key_n));
            rd_buf_put_char(&out, '\0');
            r->number++;
        }
    r->result = rd_buf_slice(&out);
    return out.error;
}

/* 0, or RD_E_INVALID when the value is no whole number. */
static int
kv_number(struct rd_slice value, int64_t *number)
{
    char text[24] = "", *end;

    if (value.n == 0 || value.n >= sizeof text)
        return RD_E_INVALID;
    memcpy(text, value.p, value.n);
    errno = 0;
    *number = strtoll(text, &end, 10);
    return errno == 0 && end == text + value.n ? 0 : RD_E_INVALID;
}

/* The result that an earlier run of this very call got; false when it is the first. */
static bool
kv_recorded(struct memory_kv *kv, struct rd_store_request *r)
{
    struct memory_pair *p = r->key.n ? *kv_find(kv, KV_RESULTS, r->key) : NULL;

    return p != NULL && kv_number(p->value, &r->number) == 0;
}

static struct rd_slice
kv_print(int64_t number, char text[24])
{
    return rd_slice_make(text, (size_t)snprintf(text, 24, "%lld", (long long)number));
}

static void
kv_record(struct memory_kv *kv, const struct rd_store_request *r)
{
    char text[24];

    if (r->key.n > 0)
        kv_set(kv, KV_RESULTS, r->key, kv_print(r->number, text), KV_RESULTS_TTL_MS);
}

int
rd_memory_kv_incr(struct memory_kv *kv, struct rd_store_request *r)
{
    struct memory_pair *p = *kv_find(kv, r->space, r->name);
    int64_t before = 0;
    char text[24];

    if (kv_recorded(kv, r))
        return 0;
    if (p != NULL && kv_number(p->value, &before) != 0)
        return RD_E_INVALID;
    if (__builtin_add_overflow(before, r->by, &r->number))
        return RD_E_TOO_BIG;
    kv_set(kv, r->space, r->name, kv_print(r->number, text), r->n);
    kv_record(kv, r);
    return 0;
}

/* number: 1 replaced, 0 not. An absent value equals the empty one. */
int
rd_memory_kv_cas(struct memory_kv *kv, struct rd_store_request *r)
{
    struct memory_pair *p = *kv_find(kv, r->space, r->name);

    if (kv_recorded(kv, r))
        return 0;
    r->number = rd_slice_eq(p ? p->value : RD_LIT(""), r->old);
    if (r->number)
        kv_set(kv, r->space, r->name, r->value, r->n);
    kv_record(kv, r);
    return 0;
}

int
rd_memory_kv_rank(struct memory_kv *kv, struct rd_store_request *r)
{
    struct memory_pair *p = *kv_find(kv, r->space, r->key);
    char text[24];

    r->number = 0;
    if (p != NULL && kv_number(p->value, &r->number) != 0)
        return RD_E_INVALID;
    if (p == NULL || r->by > r->number)
        kv_set(kv, r->space, r->key, kv_print(r->by, text), r->n);
    return 0;
}
