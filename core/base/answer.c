/* answer.c - life of answers; see answer.h. Called from every thread. */
#include "base/answer.h"

#include <string.h>

#include "base/pool.h"

static size_t
answer_size(size_t n_keys, size_t n_bytes)
{
    return sizeof(struct rd_answer) + n_keys * sizeof(struct rd_reply_key) + n_bytes;
}

struct rd_answer *
rd_answer_new(int status, struct rd_slice bytes, const struct rd_reply_key *keys, size_t n_keys)
{
    struct rd_answer *a = rd_pool_get(answer_size(n_keys, bytes.n));
    struct rd_reply_key *own = (struct rd_reply_key *)(a + 1);
    char *text = (char *)(own + n_keys);

    a->magic = RD_ANSWER_MAGIC;
    atomic_init(&a->refs, 1);
    a->status = status;
    if (n_keys > 0)
        memcpy(own, keys, n_keys * sizeof *keys);
    if (bytes.n > 0)
        memcpy(text, bytes.p, bytes.n);
    a->keys = own;
    a->n_keys = n_keys;
    a->cost = (struct rd_answer_cost){ 0 };
    a->bytes = rd_slice_make(text, bytes.n);
    return a;
}

struct rd_answer *
rd_answer_ref(struct rd_answer *a)
{
    RD_CHECK(a, RD_ANSWER_MAGIC);
    atomic_fetch_add_explicit(&a->refs, 1, memory_order_relaxed);
    return a;
}

void
rd_answer_unref(struct rd_answer *a)
{
    if (a == NULL)
        return;
    RD_CHECK(a, RD_ANSWER_MAGIC);
    if (atomic_fetch_sub_explicit(&a->refs, 1, memory_order_acq_rel) != 1)
        return;
    a->magic = RD_DEAD;
    rd_pool_put(a, answer_size(a->n_keys, a->bytes.n));
}

bool
rd_reply_key_eq(const struct rd_reply_key *a, const struct rd_reply_key *b)
{
    return a->path == b->path && a->content == b->content && a->ordinal == b->ordinal &&
           a->special == b->special;
}

bool
rd_answer_has(const struct rd_answer *a, const struct rd_reply_key *key)
{
    for (size_t i = 0; i < a->n_keys; i++)
        if (rd_reply_key_eq(&a->keys[i], key))
            return true;
    return false;
}

bool
rd_answer_eq(const struct rd_answer *a, const struct rd_answer *b)
{
    return a->status == b->status && rd_slice_eq(a->bytes, b->bytes);
}
