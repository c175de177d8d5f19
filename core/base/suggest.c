/* suggest.c - see suggest.h. Pure; called when a name is unknown. */
#include "base/suggest.h"

#define SUGGEST_MOST 40    /* longer names get no suggestion */

void
rd_suggest_start(struct rd_suggest *s, struct rd_slice typed)
{
    *s = (struct rd_suggest){ .typed = typed };
}

static char
suggest_fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c == '-' ? '_' : c;
}

static size_t
suggest_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Damerau-Levenshtein distance (optimal string alignment), case and -/_ ignored. */
static size_t
suggest_distance(struct rd_slice a, struct rd_slice b)
{
    size_t rows[3][SUGGEST_MOST + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2], *t;

    for (size_t j = 0; j <= b.n; j++)
        last[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            char x = suggest_fold(a.p[i - 1]), y = suggest_fold(b.p[j - 1]);

            now[j] = suggest_min(suggest_min(last[j], now[j - 1]) + 1, last[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == suggest_fold(b.p[j - 2]) && y == suggest_fold(a.p[i - 2]))
                now[j] = suggest_min(now[j], before[j - 2] + 1);
        }
        t = before;
        before = last;
        last = now;
        now = t;
    }
    return last[b.n];
}

void
rd_suggest_offer(struct rd_suggest *s, struct rd_slice known)
{
    size_t distance, most;

    if (s->typed.n > SUGGEST_MOST || known.n > SUGGEST_MOST)
        return;
    distance = suggest_distance(s->typed, known);
    most = 1 + suggest_min(s->typed.n, known.n) / 4;    /* "run" is no typing error of "send" */
    if (distance <= most && (s->best.p == NULL || distance < s->distance)) {
        s->best = known;
        s->distance = distance;
    }
}
