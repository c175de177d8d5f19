/* route.c - see route.h. Pure; called on front threads. */
#include "gateway/route.h"

static bool
route_strip(const struct rd_config *c, struct rd_slice path, struct rd_slice *rest)
{
    for (size_t i = 0; i < c->n_public_urls; i++)
        if (rd_public_url_strip(&c->public_urls[i], path, rest))
            return true;
    return false;
}

bool
rd_route_is_below(const struct rd_config *c, struct rd_slice path)
{
    struct rd_slice rest;

    return route_strip(c, path, &rest);
}

struct rd_slice
rd_route_path(const struct rd_config *c, struct rd_slice path)
{
    struct rd_slice rest;

    return route_strip(c, path, &rest) ? rest : path;
}

static bool
route_has_path(const struct rd_route *r, struct rd_slice path)
{
    if (r->subtree)
        return rd_slice_starts(path, r->path);
    return r->path.n == 0 || rd_slice_eq(path, r->path);
}

bool
rd_route_any(const struct rd_config *c, struct rd_slice path)
{
    for (size_t i = 0; i < c->n_routes; i++)
        if (route_has_path(&c->routes[i], path))
            return true;
    return false;
}

static bool
route_wants(struct rd_slice wanted, struct rd_slice value)
{
    return wanted.n == 0 || rd_slice_eq(wanted, value);
}

/* Our address: with a channel's prefix exactly, without one on every channel. */
static bool
route_wants_address(struct rd_slice wanted, const struct rd_message *m)
{
    struct rd_slice ours = m->kind == RD_KIND_STATUS ? m->from : m->to;
    size_t colon = rd_slice_find(ours, ':');

    if (rd_slice_find(wanted, ':') == wanted.n && colon < ours.n)
        ours = rd_slice_skip(ours, colon + 1);
    return route_wants(wanted, ours);
}

const struct rd_route *
rd_route_find(const struct rd_config *c, struct rd_slice path, const struct rd_message *m)
{
    for (size_t i = 0; i < c->n_routes; i++) {
        const struct rd_route *r = &c->routes[i];

        if (route_has_path(r, path) && route_wants_address(r->to, m) &&
            route_wants(r->account, m->account) && route_wants(r->service, m->service) &&
            route_wants(r->channel, m->channel))
            return r;
    }
    return NULL;
}
