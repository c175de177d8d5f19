/*
 * keyword.c - which keyword a text means. Called by fronts and workers: reads
 * only what the load left unchangeable.
 */
#include "base/fold.h"
#include "script/generation.h"

bool
rd_script_has(const struct rd_generation *g, unsigned script, enum rd_handler handler)
{
    const struct rd_gen_script *s = &g->scripts[script];

    switch (handler) {
    case RD_HANDLER_MESSAGE:
        return s->message;
    case RD_HANDLER_STATUS:
        return s->status;
    case RD_HANDLER_OPT_OUT:
        return s->opt_out;
    case RD_HANDLER_KEYWORD:
        return s->n_keywords > 0;
    case RD_HANDLER_SCHEDULE:
        return s->n_entries > 0;
    }
    return false;
}

enum rd_concurrency
rd_script_concurrency(const struct rd_generation *g, unsigned script)
{
    return g->scripts[script].concurrency;
}

uint64_t
rd_script_debounce(const struct rd_generation *g, unsigned script)
{
    return g->scripts[script].debounce_ms;
}

/* A button's payload is a keyword as a whole or not at all. */
static int
keyword_exact(const struct rd_gen_script *s, struct rd_slice payload)
{
    struct rd_slice rest;

    for (unsigned i = 0; i < s->n_keywords; i++)
        if (rd_fold_match(payload, s->keywords[i], &rest) && rest.n == 0)
            return (int)i;
    return -1;
}

int
rd_script_keyword(const struct rd_generation *g, unsigned script, struct rd_slice payload,
                  struct rd_slice text, struct rd_slice *args)
{
    const struct rd_gen_script *s = &g->scripts[script];
    struct rd_slice rest;
    int best = payload.n > 0 ? keyword_exact(s, payload) : -1;

    *args = rd_slice_make(text.p, 0);
    if (best >= 0)
        return best;
    for (unsigned i = 0; i < s->n_keywords; i++) {
        if ((best >= 0 && s->keywords[i].n <= s->keywords[best].n) ||
            !rd_fold_match(text, s->keywords[i], &rest))
            continue;
        best = (int)i;
        *args = rest;
    }
    return best;
}

unsigned
rd_script_keyword_count(const struct rd_generation *g, unsigned script)
{
    return g->scripts[script].n_keywords;
}

struct rd_slice
rd_script_keyword_at(const struct rd_generation *g, unsigned script, unsigned i)
{
    return g->scripts[script].keywords[i];
}

unsigned
rd_script_entry_count(const struct rd_generation *g, unsigned script)
{
    return g->scripts[script].n_entries;
}

const struct rd_script_entry *
rd_script_entry_at(const struct rd_generation *g, unsigned script, unsigned i)
{
    RD_ASSERT(i < g->scripts[script].n_entries);
    return &g->scripts[script].entries[i];
}

int
rd_script_entry_find(const struct rd_generation *g, unsigned script, struct rd_slice line)
{
    const struct rd_gen_script *s = &g->scripts[script];

    for (unsigned i = 0; i < s->n_entries; i++)
        if (rd_slice_eq(s->entries[i].line, line))
            return (int)i;
    return -1;
}
