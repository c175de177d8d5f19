/*
 * grapheme.c - see grapheme.h. Pure; called by segments and gateway/limits.
 *
 * The library of Twilio's calculator looks at the whole cluster so far before
 * each character; here a few facts about it are kept instead, so that a long
 * cluster costs no more than a long text.
 */
#include "twilio/grapheme.h"

#include <stdbool.h>

#include "base/utf8.h"

#define GRAPHEME_NEVER SIZE_MAX

/* ---- classes --------------------------------------------------------------------- */

static enum rd_grapheme_class
grapheme_ascii(uint32_t point)
{
    if (point == '\r')
        return RD_GRAPHEME_CR;
    if (point == '\n')
        return RD_GRAPHEME_LF;
    if (point < ' ' || point == 0x7F)
        return RD_GRAPHEME_CONTROL;
    return RD_GRAPHEME_OTHER;
}

enum rd_grapheme_class
rd_grapheme_class(uint32_t point)
{
    size_t low = 0, high = rd_grapheme_n_ranges;

    if (point < 0x80)
        return grapheme_ascii(point);
    if (point >= 0xAC00 && point <= 0xD7A3)
        return (point - 0xAC00) % 28 == 0 ? RD_GRAPHEME_LV : RD_GRAPHEME_LVT;
    while (low < high) {
        size_t middle = (low + high) / 2;

        if (rd_grapheme_ranges[middle].last < point)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < rd_grapheme_n_ranges && rd_grapheme_ranges[low].first <= point)
        return rd_grapheme_ranges[low].cls;
    return RD_GRAPHEME_OTHER;
}

/* ---- breaks ------------------------------------------------------------------------ */

/* A cluster so far: positions count its characters, the first is 0. */
struct grapheme {
    enum rd_grapheme_class start, previous;
    enum rd_grapheme_class before_extend;    /* in front of the last Extend, if that is not first */
    size_t n;
    size_t last_extend, last_modifier, last_regional;    /* GRAPHEME_NEVER: none */
    size_t first_not_extend, first_not_regional;         /* from position 1 on */
};

static void
grapheme_add(struct grapheme *g, enum rd_grapheme_class c)
{
    if (g->n == 0)
        g->start = c;
    if (c == RD_GRAPHEME_EXTEND) {
        g->last_extend = g->n;
        g->before_extend = g->previous;
    }
    if (c == RD_GRAPHEME_E_MODIFIER)
        g->last_modifier = g->n;
    if (c == RD_GRAPHEME_REGIONAL)
        g->last_regional = g->n;
    if (g->n > 0 && c != RD_GRAPHEME_EXTEND && g->first_not_extend == GRAPHEME_NEVER)
        g->first_not_extend = g->n;
    if (g->n > 0 && c != RD_GRAPHEME_REGIONAL && g->first_not_regional == GRAPHEME_NEVER)
        g->first_not_regional = g->n;
    g->previous = c;
    g->n++;
}

static bool
grapheme_is_base(enum rd_grapheme_class c)
{
    return c == RD_GRAPHEME_E_BASE || c == RD_GRAPHEME_E_BASE_GAZ;
}

static bool
grapheme_is_line_or_control(enum rd_grapheme_class c)
{
    return c == RD_GRAPHEME_CR || c == RD_GRAPHEME_LF || c == RD_GRAPHEME_CONTROL;
}

/* A skin tone that only marks separate from what is no emoji. */
static bool
grapheme_ends_modifier(const struct grapheme *g, enum rd_grapheme_class next)
{
    size_t at = next == RD_GRAPHEME_E_MODIFIER ? g->n : g->last_modifier;

    return at != GRAPHEME_NEVER && at > 1 && g->first_not_extend >= at &&
           g->start != RD_GRAPHEME_EXTEND && !grapheme_is_base(g->start);
}

/* Behind the regional indicators of a flag. */
static bool
grapheme_ends_regional(const struct grapheme *g, enum rd_grapheme_class next)
{
    size_t at = next == RD_GRAPHEME_REGIONAL ? g->n : g->last_regional;

    return at != GRAPHEME_NEVER && at > 0 && g->first_not_regional >= at &&
           g->previous != RD_GRAPHEME_PREPEND && g->previous != RD_GRAPHEME_REGIONAL;
}

/* Hangul: GB6, GB7, GB8. */
static bool
grapheme_joins_hangul(enum rd_grapheme_class before, enum rd_grapheme_class next)
{
    switch (before) {
    case RD_GRAPHEME_L:
        return next == RD_GRAPHEME_L || next == RD_GRAPHEME_V || next == RD_GRAPHEME_LV ||
               next == RD_GRAPHEME_LVT;
    case RD_GRAPHEME_LV:
    case RD_GRAPHEME_V:
        return next == RD_GRAPHEME_V || next == RD_GRAPHEME_T;
    case RD_GRAPHEME_LVT:
    case RD_GRAPHEME_T:
        return next == RD_GRAPHEME_T;
    default:
        return false;
    }
}

/* GB10 as the calculator's library has it: at most one Extend between emoji and skin tone. */
static bool
grapheme_joins_modifier(const struct grapheme *g, enum rd_grapheme_class next)
{
    if (next != RD_GRAPHEME_E_MODIFIER)
        return false;
    if (g->last_extend == GRAPHEME_NEVER)
        return grapheme_is_base(g->previous);
    return g->previous == RD_GRAPHEME_EXTEND && g->last_extend > 0 &&
           grapheme_is_base(g->before_extend);
}

static bool
grapheme_breaks(const struct grapheme *g, enum rd_grapheme_class next)
{
    enum rd_grapheme_class before = g->previous;

    if (grapheme_ends_modifier(g, next) || grapheme_ends_regional(g, next))
        return true;
    if (before == RD_GRAPHEME_CR && next == RD_GRAPHEME_LF)
        return false;
    if (grapheme_is_line_or_control(before) || grapheme_is_line_or_control(next))
        return true;
    if (grapheme_joins_hangul(before, next) || next == RD_GRAPHEME_EXTEND ||
        next == RD_GRAPHEME_ZWJ || next == RD_GRAPHEME_SPACING || before == RD_GRAPHEME_PREPEND)
        return false;
    if (grapheme_joins_modifier(g, next))
        return false;
    if (before == RD_GRAPHEME_ZWJ && (next == RD_GRAPHEME_GLUE || next == RD_GRAPHEME_E_BASE_GAZ))
        return false;
    if (g->last_regional != GRAPHEME_NEVER && g->last_regional > 0)
        return true;
    return before != RD_GRAPHEME_REGIONAL || next != RD_GRAPHEME_REGIONAL;
}

size_t
rd_grapheme_next(struct rd_slice s)
{
    struct grapheme g = {
        .last_extend = GRAPHEME_NEVER, .last_modifier = GRAPHEME_NEVER,
        .last_regional = GRAPHEME_NEVER, .first_not_extend = GRAPHEME_NEVER,
        .first_not_regional = GRAPHEME_NEVER,
    };
    size_t at = 0;

    while (at < s.n) {
        uint32_t point;
        size_t n = rd_utf8_decode(rd_slice_skip(s, at), &point);
        enum rd_grapheme_class c =
            rd_grapheme_class(point == RD_UTF8_INVALID ? RD_UTF8_REPLACEMENT : point);

        if (g.n > 0 && grapheme_breaks(&g, c))
            break;
        grapheme_add(&g, c);
        at += n;
    }
    return at;
}
