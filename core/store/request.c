/* request.c - life of store requests and effects; see store.h. Called from every thread. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/pool.h"
#include "store/store.h"

struct rd_store_request *
rd_store_request_new(enum rd_store_op op, struct rd_slice key)
{
    struct rd_store_request *r = rd_pool_get(sizeof *r + key.n);
    char *copy = (char *)(r + 1);

    memset(r, 0, sizeof *r);
    r->magic = RD_STORE_REQUEST_MAGIC;
    r->op = op;
    if (key.n > 0)
        memcpy(copy, key.p, key.n);
    r->key = rd_slice_make(copy, key.n);
    return r;
}

static void
request_free_replies(struct rd_store_reply *reply)
{
    struct rd_store_reply *next;

    for (; reply != NULL; reply = next) {
        next = reply->next;
        rd_reply_free(reply->reply);
        free(reply);
    }
}

static void
request_free_effects(struct rd_store_effect *effect)
{
    struct rd_store_effect *next;

    for (; effect != NULL; effect = next) {
        next = effect->next;
        free(effect);
    }
}

void
rd_store_request_free(struct rd_store_request *r)
{
    if (r == NULL)
        return;
    RD_CHECK(r, RD_STORE_REQUEST_MAGIC);
    r->magic = RD_DEAD;
    rd_answer_unref(r->answer);
    rd_answer_unref(r->row_answer);
    rd_message_unref(r->request);
    request_free_replies(r->replies);
    request_free_effects(r->effects);
    free((char *)r->result.p);
    rd_pool_put(r, sizeof *r + r->key.n);
}

static struct rd_slice
effect_put(char **at, struct rd_slice s)
{
    struct rd_slice copy = rd_slice_make(*at, s.n);

    if (s.n > 0)
        memcpy(*at, s.p, s.n);
    *at += s.n;
    return copy;
}

struct rd_store_effect *
rd_store_effect_new(enum rd_effect kind, struct rd_slice space, struct rd_slice key,
                    struct rd_slice value, uint64_t ttl_ms)
{
    struct rd_store_effect *e = rd_malloc(sizeof *e + space.n + key.n + value.n);
    char *at = (char *)(e + 1);

    e->next = NULL;
    e->kind = kind;
    e->space = effect_put(&at, space);
    e->key = effect_put(&at, key);
    e->value = effect_put(&at, value);
    e->ttl_ms = ttl_ms;
    return e;
}
