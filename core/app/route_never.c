/* route_never.c - see route_never.h. Pure; called by config_rules.c and `check`. */
#include "app/route_never.h"

/* a matches everything that b does, as far as this field goes. */
static bool
never_covers(struct rd_slice a, struct rd_slice b)
{
    return a.n == 0 || rd_slice_eq(a, b);
}

/* An address without a channel's prefix is that of every channel. */
static bool
never_covers_address(struct rd_slice a, struct rd_slice b)
{
    size_t colon = rd_slice_find(b, ':');

    if (rd_slice_find(a, ':') == a.n && colon < b.n)
        b = rd_slice_skip(b, colon + 1);
    return never_covers(a, b);
}

static bool
never_covers_path(const struct rd_route *a, const struct rd_route *b)
{
    return a->subtree ? rd_slice_starts(b->path, a->path)
                      : !b->subtree && rd_slice_eq(a->path, b->path);
}

/* The first route that takes everything that this one would; -1: none does. */
static int
never_shadowed_by(const struct rd_config *c, size_t route)
{
    const struct rd_route *b = &c->routes[route];

    for (size_t i = 0; i < route; i++) {
        const struct rd_route *a = &c->routes[i];

        if (never_covers_path(a, b) && never_covers_address(a->to, b->to)
            && never_covers(a->account, b->account) && never_covers(a->service, b->service)
            && never_covers(a->channel, b->channel))
            return (int)i;
    }
    return -1;
}

/* "sms" and "mms" have plain numbers, every other channel its name before a colon. */
static bool
never_has_channel(const struct rd_route *r)
{
    size_t colon = rd_slice_find(r->to, ':');
    struct rd_slice prefix = rd_slice_make(r->to.p, colon);

    return colon == r->to.n || r->channel.n == 0 || rd_slice_eq(prefix, r->channel);
}

/* The path begins with the prefix of a public URL, below which it is already. */
static const struct rd_public_url *
never_repeats_prefix(const struct rd_config *c, const struct rd_route *r)
{
    struct rd_slice rest;

    for (size_t i = 0; i < c->n_public_urls; i++)
        if (c->public_urls[i].prefix.n > 0 && r->path.n > 1
            && rd_public_url_strip(&c->public_urls[i], r->path, &rest))
            return &c->public_urls[i];
    return NULL;
}

bool
rd_route_never(const struct rd_config *c, size_t route, struct rd_buf *why)
{
    const struct rd_route *r = &c->routes[route];
    const struct rd_public_url *repeated = never_repeats_prefix(c, r);
    int by = never_shadowed_by(c, route);

    if (by >= 0)
        rd_buf_printf(why, "routes[%d] comes first", by + 1);
    else if (r->account.n > 0 && c->n_accounts > 0 && rd_account_find(c, r->account) == NULL)
        rd_buf_printf(why, "no auth_token for account %.*s", RD_PRI(r->account));
    else if (!never_has_channel(r))
        rd_buf_printf(why, "%.*s is no address of channel %.*s", RD_PRI(r->to), RD_PRI(r->channel));
    else if (repeated != NULL)
        rd_buf_printf(why, "paths are below public_url's prefix %.*s already",
                      RD_PRI(repeated->prefix));
    else
        return false;
    return true;
}
