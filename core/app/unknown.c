/*
 * unknown.c - see unknown.h. Called by `check`. Seen are names as they are mostly
 * written, `x` and `library.x`; not what goes through a local.
 */
#include "app/unknown.h"

#include "app/chunk.h"

#define UNKNOWN_NAMES 4    /* replyd.json.encode is three */

struct unknown_search {
    const struct rd_generation *g;
    struct rd_slice path;
    struct rd_buf *warnings;
    const struct rd_chunk_function *f;
    size_t pc;
};

static void
unknown_place(const struct unknown_search *s)
{
    rd_buf_printf(s->warnings, "%.*s:%zu: ", RD_PRI(s->path), rd_chunk_line(s->f, s->pc));
}

static void
unknown_end(const struct unknown_search *s, struct rd_slice meant, const char *otherwise)
{
    if (meant.n > 0)
        rd_buf_printf(s->warnings, ": did you mean '%.*s'?\n", RD_PRI(meant));
    else
        rd_buf_printf(s->warnings, "%s\n", otherwise);
}

/* The library's name as far as it is known, and what it does not have. */
static void
unknown_field(const struct unknown_search *s, const struct rd_slice *names, size_t n,
              struct rd_slice meant)
{
    bool later = n == 2 && rd_script_is_later(names[0], names[1]);

    unknown_place(s);
    for (size_t i = 0; i + 1 < n; i++)
        rd_buf_printf(s->warnings, "%s%.*s", i > 0 ? "." : "", RD_PRI(names[i]));
    rd_buf_printf(s->warnings, " has no '%.*s'", RD_PRI(names[n - 1]));
    unknown_end(s, later ? rd_slice_make(NULL, 0) : meant, later ? " in this version" : "");
}

/* `if jit then` and `x or y` ask whether there is one. */
static bool
unknown_is_asked(const struct unknown_search *s, size_t pc, unsigned char into)
{
    struct rd_chunk_instruction next = rd_chunk_at(s->f, pc + 1);

    return next.op == RD_CHUNK_TEST && next.a == into;
}

/* A global, then fields of fields for as long as one instruction follows the other. */
static void
unknown_read(const struct unknown_search *s, struct rd_chunk_instruction at)
{
    struct rd_slice names[UNKNOWN_NAMES], meant;
    size_t pc = s->pc, n = 0;

    for (names[n++] = s->f->constants[at.c]; rd_script_knows(s->g, names, n, &meant);
         names[n++] = s->f->constants[at.c]) {
        struct rd_chunk_instruction next = rd_chunk_at(s->f, ++pc);

        if (n == UNKNOWN_NAMES || next.op != RD_CHUNK_GETFIELD || next.b != at.a)
            return;
        at = next;
    }
    if (unknown_is_asked(s, pc, at.a))
        return;
    if (n > 1) {
        unknown_field(s, names, n, meant);
        return;
    }
    unknown_place(s);
    rd_buf_printf(s->warnings, "no local and no global is called '%.*s': it is nil",
                  RD_PRI(names[0]));
    unknown_end(s, meant, " (a text needs quotes)");
}

static void
unknown_see(void *arg, const struct rd_chunk_function *f)
{
    struct unknown_search *s = arg;

    s->f = f;
    for (s->pc = 0; s->pc < rd_chunk_count(f); s->pc++) {
        struct rd_chunk_instruction at = rd_chunk_at(f, s->pc);

        if (at.op == RD_CHUNK_GETTABUP && rd_chunk_owner(f, at.b) == NULL)
            unknown_read(s, at);
        if (at.op != RD_CHUNK_SETTABUP || rd_chunk_owner(f, at.a) != NULL)
            continue;
        unknown_place(s);
        rd_buf_printf(s->warnings, "global '%.*s' is assigned, which raises an error: write"
                      " 'local %.*s'\n", RD_PRI(f->constants[at.b]), RD_PRI(f->constants[at.b]));
    }
}

void
rd_unknown_find(const struct rd_generation *g, struct rd_slice path, struct rd_slice source,
                struct rd_buf *warnings)
{
    struct unknown_search s = { .g = g, .path = path, .warnings = warnings };

    rd_chunk_each(source, unknown_see, &s);
}
