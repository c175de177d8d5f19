/* reply.c - life of replies; see reply.h. Called from every thread. */
#include "base/reply.h"

#include <string.h>

#include "base/error.h"
#include "base/pool.h"

struct rd_reply *
rd_reply_new(size_t limit)
{
    struct rd_reply *r = rd_pool_get(sizeof *r);

    memset(r, 0, sizeof *r);
    r->magic = RD_REPLY_MAGIC;
    rd_arena_init(&r->arena, limit);
    return r;
}

void
rd_reply_free(struct rd_reply *r)
{
    if (r == NULL)
        return;
    RD_CHECK(r, RD_REPLY_MAGIC);
    r->magic = RD_DEAD;
    rd_arena_free(&r->arena);
    rd_pool_put(r, sizeof *r);
}

struct rd_reply_message *
rd_reply_add(struct rd_reply *r)
{
    RD_CHECK(r, RD_REPLY_MAGIC);
    if (r->n == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 1;
        struct rd_reply_message *grown = rd_arena_alloc(&r->arena, cap * sizeof *grown);

        if (grown == NULL)
            return NULL;
        if (r->n > 0)
            memcpy(grown, r->messages, r->n * sizeof *grown);
        r->messages = grown;
        r->cap = cap;
    }
    memset(&r->messages[r->n], 0, sizeof *r->messages);
    return &r->messages[r->n++];
}

bool
rd_reply_is_empty(const struct rd_reply *r)
{
    return r == NULL || (r->n == 0 && r->redirect.p == NULL);
}

static int
reply_copy_slice(struct rd_arena *a, struct rd_slice *to, struct rd_slice from)
{
    *to = from.p ? rd_arena_copy(a, from) : rd_slice_make(NULL, 0);
    return from.p != NULL && to->p == NULL ? RD_E_TOO_BIG : 0;
}

static int
reply_copy_message(struct rd_arena *a, struct rd_reply_message *to,
                   const struct rd_reply_message *from)
{
    int error = 0;

    to->nouns = from->nouns;
    error |= reply_copy_slice(a, &to->body, from->body);
    error |= reply_copy_slice(a, &to->to, from->to);
    error |= reply_copy_slice(a, &to->from, from->from);
    error |= reply_copy_slice(a, &to->action, from->action);
    error |= reply_copy_slice(a, &to->method, from->method);
    error |= reply_copy_slice(a, &to->status_callback, from->status_callback);
    error |= reply_copy_slice(a, &to->tag, from->tag);
    for (size_t i = 0; i < from->n_media; i++)
        error |= reply_copy_slice(a, &to->media[i], from->media[i]);
    to->n_media = from->n_media;
    return error ? RD_E_TOO_BIG : 0;
}

int
rd_reply_append(struct rd_reply *r, const struct rd_reply *from)
{
    int error = 0;

    for (size_t i = 0; i < from->n && error == 0; i++) {
        struct rd_reply_message *m = rd_reply_add(r);

        error = m ? reply_copy_message(&r->arena, m, &from->messages[i]) : RD_E_TOO_BIG;
    }
    if (error == 0 && from->redirect.p != NULL) {
        error |= reply_copy_slice(&r->arena, &r->redirect, from->redirect);
        error |= reply_copy_slice(&r->arena, &r->redirect_method, from->redirect_method);
    }
    return error ? RD_E_TOO_BIG : 0;
}

struct rd_reply *
rd_reply_copy(const struct rd_reply *r)
{
    struct rd_reply *copy = rd_reply_new(r->arena.limit);

    if (rd_reply_append(copy, r) == 0)
        return copy;
    rd_reply_free(copy);
    return NULL;
}
