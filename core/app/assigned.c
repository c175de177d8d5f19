/*
 * assigned.c - see assigned.h. An instruction that sets an upvalue which is a
 * local of the main function is what we look for. Called by `check`.
 */
#include "app/assigned.h"

#include "app/chunk.h"

struct assigned_search {
    struct rd_slice path;
    struct rd_buf *warnings;
};

static void
assigned_see(void *arg, const struct rd_chunk_function *f)
{
    const struct assigned_search *s = arg;

    for (size_t pc = 0; pc < rd_chunk_count(f); pc++) {
        struct rd_chunk_instruction at = rd_chunk_at(f, pc);
        const struct rd_chunk_function *owner = NULL;

        if (at.op == RD_CHUNK_SETUPVAL)
            owner = rd_chunk_owner(f, at.b);
        if (owner == NULL || owner->parent != NULL)
            continue;
        rd_buf_printf(s->warnings, "%.*s:%zu: %.*s is a file-level local and assigned in a"
                      " function: it exists once per script thread, and ends at a reload\n",
                      RD_PRI(s->path), rd_chunk_line(f, pc), RD_PRI(f->names[at.b]));
    }
}

void
rd_assigned_find(struct rd_slice path, struct rd_slice source, struct rd_buf *warnings)
{
    struct assigned_search s = { .path = path, .warnings = warnings };

    rd_chunk_each(source, assigned_see, &s);
}
