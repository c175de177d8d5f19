/* gate.c - see gate.h. Pure; called by CLAIM. */
#include "gateway/gate.h"

#include "twilio/country.h"

/* An address or the beginning of one ("+4930*"); without a channel's prefix: on every channel. */
static bool
gate_matches(struct rd_slice pattern, struct rd_slice from)
{
    size_t colon = rd_slice_find(from, ':');

    if (rd_slice_find(pattern, ':') == pattern.n && colon < from.n)
        from = rd_slice_skip(from, colon + 1);
    if (pattern.n > 0 && pattern.p[pattern.n - 1] == '*')
        return rd_slice_starts(from, rd_slice_make(pattern.p, pattern.n - 1));
    return rd_slice_eq(pattern, from);
}

static bool
gate_has(const struct rd_patterns *list, struct rd_slice from)
{
    for (size_t i = 0; i < list->n; i++)
        if (gate_matches(list->at[i], from))
            return true;
    return false;
}

/* "DE", or the beginning of a number ("+49"). */
static bool
gate_is_of(const struct rd_patterns *countries, struct rd_slice phone)
{
    for (size_t i = 0; i < countries->n; i++) {
        struct rd_slice c = countries->at[i];

        if (c.p[0] == '+' ? rd_slice_starts(phone, c) : rd_country_has(c, phone))
            return true;
    }
    return false;
}

const char *
rd_gate_refuses(const struct rd_route *route, const struct rd_message *m)
{
    if (m->kind != RD_KIND_MESSAGE)
        return NULL;
    if (gate_has(&route->deny, m->from))
        return "deny";
    if (route->allow.n > 0 && !gate_has(&route->allow, m->from))
        return "allow";
    if (route->countries.n > 0 && !gate_is_of(&route->countries, m->phone))
        return "countries";
    return NULL;
}
