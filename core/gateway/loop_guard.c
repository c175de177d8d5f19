/* loop_guard.c - see loop_guard.h. Owns the marks; the counts are the store's. */
#include "gateway/loop_guard.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fold.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "store/recent.h"

#define GUARD_MARKS 1024     /* conversations that are silent at a time; more are let through */
#define GUARD_KEY 1024       /* account, to, from */

/* A space that no script can name. */
#define GUARD_SPACE RD_LIT("\001loop")

struct guard_mark {
    uint64_t who, what;      /* conversation, letters of its message */
    uint64_t until_ms;       /* monotonic; 0: free */
};

struct rd_loop_guard {
    pthread_mutex_t lock;    /* held for one pass over the marks */
    atomic_uint used;        /* marks in use: 0, the usual case, needs no lock */
    struct guard_mark marks[GUARD_MARKS];
};

/* ---- what is near-identical ---------------------------------------------------------- */

/* Hash of the letters; 0 when there are none. */
static uint64_t
guard_letters(struct rd_slice s)
{
    uint64_t hash = 0;
    char bytes[4];

    while (s.n > 0) {
        uint32_t point;
        size_t n = rd_utf8_decode(s, &point);

        s = rd_slice_skip(s, n);
        if (point == RD_UTF8_INVALID || (point >= '0' && point <= '9') || rd_text_is_blank(point)
            || rd_text_is_punct(point))
            continue;
        n = rd_utf8_encode(rd_fold_point(point), bytes);
        hash = rd_hash_stable(hash, rd_slice_make(bytes, n));
    }
    return hash;
}

/* Where there is no letter ("1", "?") only the same text is the same. */
static uint64_t
guard_text(struct rd_slice s)
{
    uint64_t hash = guard_letters(s);

    return hash != 0 ? hash : rd_hash_stable(1, s);
}

static int
guard_conversation(const struct rd_message *m, struct rd_buf *key)
{
    rd_buf_put_slice(key, m->account);
    rd_buf_put_char(key, '\0');
    rd_buf_put_slice(key, m->to);
    rd_buf_put_char(key, '\0');
    return rd_buf_put_slice(key, m->from);
}

/* Somebody may well send twenty pictures; an opt-out is never missed. */
static bool
guard_watches(const struct rd_config *c, const struct rd_message *m)
{
    return c->loop_count > 0 && m->kind == RD_KIND_MESSAGE && m->opt_out == RD_OPT_OUT_NONE
        && m->text.n > 0;
}

/* ---- counting -------------------------------------------------------------------------- */

void
rd_loop_guard_count(const struct rd_config *c, const struct rd_message *m,
                    struct rd_run_result *result)
{
    struct rd_store_effect *e = NULL;
    struct rd_recent what;
    struct rd_buf key;
    uint64_t letters;

    if (!guard_watches(c, m) || result->answer == NULL || result->answer->n_keys == 0)
        return;    /* no answer, no loop */
    letters = guard_letters(result->answer->bytes);
    what.what = rd_hash_stable(guard_text(m->text), rd_slice_make((const char *)&letters,
                                                                  sizeof letters));
    what.most = c->loop_count;
    rd_buf_init(&key, GUARD_KEY);
    if (guard_conversation(m, &key) == 0)
        e = rd_store_effect_new(RD_EFFECT_RECENT, GUARD_SPACE, rd_buf_slice(&key),
                                rd_slice_make((const char *)&what, sizeof what),
                                c->loop_window_ms);
    rd_buf_free(&key);
    if (e == NULL)
        return;
    e->next = result->effects;
    result->effects = e;
}

/* ---- marks --------------------------------------------------------------------------------- */

static bool
guard_mark_of(const struct rd_message *m, struct guard_mark *out)
{
    struct rd_buf key;
    bool fits;

    rd_buf_init(&key, GUARD_KEY);
    fits = guard_conversation(m, &key) == 0;
    if (fits)
        *out = (struct guard_mark){ rd_hash(rd_buf_slice(&key)), guard_text(m->text), 0 };
    rd_buf_free(&key);
    return fits;
}

/* Under the lock: the mark, or NULL; *spare: a free place. What is over is freed on the way. */
static struct guard_mark *
guard_find(struct rd_loop_guard *g, const struct guard_mark *wanted, struct guard_mark **spare)
{
    struct guard_mark *found = NULL;
    uint64_t now = rd_clock_ms();

    *spare = NULL;
    for (size_t i = 0; i < GUARD_MARKS; i++) {
        struct guard_mark *m = &g->marks[i];

        if (m->until_ms != 0 && m->until_ms <= now) {
            m->until_ms = 0;
            atomic_fetch_sub_explicit(&g->used, 1, memory_order_relaxed);
        }
        if (m->until_ms == 0)
            *spare = m;
        else if (m->who == wanted->who && m->what == wanted->what)
            found = m;
    }
    return found;
}

static void
guard_warn(const struct rd_config *c, const struct rd_message *m, int64_t count)
{
    struct rd_log_line l;

    if (!rd_log_begin(&l, RD_LOG_WARN, "loop"))
        return;
    rd_log_slice(&l, "sid", m->id);
    rd_log_phone(&l, "from", m->from);
    rd_log_int(&l, "exchanges", count);
    rd_log_ms(&l, "window", c->loop_window_ms * RD_MS);
    rd_log_str(&l, "why", "the same exchange again and again: two bots? No answer until it pauses"
                          " (loop_guard)");
    rd_log_end(&l);
}

void
rd_loop_guard_note(struct rd_loop_guard *g, const struct rd_config *c,
                   const struct rd_message *m, int64_t count)
{
    struct guard_mark mark, *found, *spare;
    bool first;

    if (g == NULL || c->loop_count == 0 || count < (int64_t)c->loop_count
        || !guard_mark_of(m, &mark))
        return;
    pthread_mutex_lock(&g->lock);
    found = guard_find(g, &mark, &spare);
    first = found == NULL && spare != NULL;
    if (first) {
        mark.until_ms = rd_clock_ms() + c->loop_window_ms;
        *spare = mark;
        atomic_fetch_add_explicit(&g->used, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&g->lock);
    if (first)
        guard_warn(c, m, count);
}

bool
rd_loop_guard_silences(struct rd_loop_guard *g, const struct rd_config *c,
                       const struct rd_message *m)
{
    struct guard_mark mark, *found, *spare;

    if (g == NULL || atomic_load_explicit(&g->used, memory_order_relaxed) == 0
        || !guard_watches(c, m) || !guard_mark_of(m, &mark))
        return false;
    pthread_mutex_lock(&g->lock);
    found = guard_find(g, &mark, &spare);
    if (found != NULL)
        found->until_ms = rd_clock_ms() + c->loop_window_ms;    /* it goes on */
    pthread_mutex_unlock(&g->lock);
    return found != NULL;
}

/* ---- life ------------------------------------------------------------------------------------ */

struct rd_loop_guard *
rd_loop_guard_new(void)
{
    struct rd_loop_guard *g = rd_calloc(1, sizeof *g);

    pthread_mutex_init(&g->lock, NULL);
    return g;
}

void
rd_loop_guard_free(struct rd_loop_guard *g)
{
    if (g == NULL)
        return;
    pthread_mutex_destroy(&g->lock);
    free(g);
}
