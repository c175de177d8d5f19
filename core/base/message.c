/* message.c - life and look-up of messages; see message.h. Called from every thread. */
#include "base/message.h"

#include <string.h>

#include "base/pool.h"

struct rd_message *
rd_message_new(size_t limit)
{
    struct rd_message *m = rd_pool_get(sizeof *m);

    memset(m, 0, sizeof *m);
    m->magic = RD_MESSAGE_MAGIC;
    atomic_init(&m->refs, 1);
    rd_arena_init(&m->arena, limit);
    return m;
}

struct rd_message *
rd_message_ref(struct rd_message *m)
{
    RD_CHECK(m, RD_MESSAGE_MAGIC);
    atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
    return m;
}

void
rd_message_unref(struct rd_message *m)
{
    if (m == NULL)
        return;
    RD_CHECK(m, RD_MESSAGE_MAGIC);
    if (atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) != 1)
        return;
    m->magic = RD_DEAD;
    rd_arena_free(&m->arena);
    rd_pool_put(m, sizeof *m);
}

struct rd_slice
rd_params_get(const struct rd_params *params, struct rd_slice name)
{
    for (size_t i = 0; i < params->n; i++)
        if (rd_slice_eq(params->at[i].name, name))
            return params->at[i].value;
    return rd_slice_make(NULL, 0);
}
