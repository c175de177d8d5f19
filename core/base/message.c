/* message.c - life and look-up of messages; see message.h. Called from every thread. */
#include "base/message.h"

#include <string.h>


#define MESSAGE_ROOM ((size_t)4096)    /* what is more comes in chunks */
/* As the arena counts. */
#define MESSAGE_SIZE ((sizeof(struct rd_message) + _Alignof(max_align_t) - 1) & \
                      ~(_Alignof(max_align_t) - 1))

struct rd_message *
rd_message_new(size_t limit, size_t room)
{
    struct rd_arena arena;
    struct rd_message *m;

    if (room > MESSAGE_ROOM)
        room = MESSAGE_ROOM;
    rd_arena_init(&arena, MESSAGE_SIZE + limit);
    rd_arena_reserve(&arena, MESSAGE_SIZE + (room < limit ? room : limit));
    m = rd_arena_alloc(&arena, sizeof *m);
    RD_ASSERT(m != NULL);    /* it is what the room was for */
    memset(m, 0, sizeof *m);
    m->magic = RD_MESSAGE_MAGIC;
    atomic_init(&m->refs, 1);
    m->arena = arena;
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
    struct rd_arena arena;

    if (m == NULL)
        return;
    RD_CHECK(m, RD_MESSAGE_MAGIC);
    if (atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < m->n_parts; i++)
        rd_message_unref(m->parts[i]);    /* which have none themselves */
    m->magic = RD_DEAD;
    arena = m->arena;
    rd_arena_free(&arena);    /* and the message, which is in it */
}

struct rd_slice
rd_params_get(const struct rd_params *params, struct rd_slice name)
{
    for (size_t i = 0; i < params->n; i++)
        if (rd_slice_eq(params->at[i].name, name))
            return params->at[i].value;
    return rd_slice_make(NULL, 0);
}
