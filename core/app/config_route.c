/*
 * config_route.c - see config_value.h: accounts with their tokens, routes with
 * their scripts. Called through the table of options.c.
 */
#include "app/config_value.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "twilio/country.h"

#define ROUTE_MOST 1000    /* routes, accounts, tokens of an account */

static struct rd_slice
route_top(struct rd_config_reader *r)
{
    size_t n;
    const char *p = lua_tolstring(r->L, -1, &n);

    return rd_slice_make(p, n);
}

/* ---- accounts ----------------------------------------------------------------- */

static void
route_token(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    struct rd_account *a = base;
    struct rd_slice text = route_top(r);

    (void)o;
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] <= ' ' || text.p[i] == 0x7f) {
            rd_config_error(r, "the token has a blank or control character in it");
            return;
        }
    a->tokens[a->n_tokens++] = rd_config_keep(r);
}

void
rd_config_read_tokens(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    struct rd_account *a = (void *)((char *)base - offsetof(struct rd_account, tokens));

    a->n_tokens = 0;
    a->tokens = rd_config_alloc(r, rd_config_count_strings(r), sizeof *a->tokens);
    rd_config_each_string(r, o, a, "a token or a list of tokens", route_token);
}

static void
route_account(struct rd_config_reader *r, struct rd_account *a)
{
    size_t mark;

    if (lua_type(r->L, -2) != LUA_TSTRING) {
        rd_config_error(r, "expected accounts[\"AC...\"] = { auth_token = ... }");
        return;
    }
    lua_pushvalue(r->L, -2);
    a->sid = rd_config_keep(r);
    lua_pop(r->L, 1);
    mark = rd_config_enter(r, a->sid.p);
    if (lua_istable(r->L, -1))
        rd_config_read_table(r, "accounts.*.", a);
    else
        rd_config_expected(r, NULL, "a table with auth_token, api_key, api_secret");
    if (lua_istable(r->L, -1) && a->n_tokens == 0 && !r->failed)
        rd_config_error(r, "no auth_token: webhooks of this account could not be verified");
    if ((a->api_key.n > 0) != (a->api_secret.n > 0) && !r->failed)
        rd_config_error(r, "api_key and api_secret belong together");
    rd_config_leave(r, mark);
}

static size_t
route_count_entries(lua_State *L)
{
    size_t n = 0;

    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
        n++;
    return n;
}

void
rd_config_read_accounts(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    struct rd_config *c = r->config;
    lua_State *L = r->L;

    (void)base;
    if (!lua_istable(L, -1)) {
        rd_config_expected(r, o, "a table from account SID to { auth_token = ... }");
        return;
    }
    /* one more: the account of account_sid joins them */
    c->accounts = rd_config_alloc(r, route_count_entries(L) + 1, sizeof *c->accounts);
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
        route_account(r, &c->accounts[c->n_accounts++]);
}

/* ---- routes -------------------------------------------------------------------- */

void
rd_config_read_path(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    struct rd_route *route = base;
    struct rd_slice text = rd_config_keep(r);
    size_t star = rd_slice_find(text, '*');

    if (text.p[0] != '/' || rd_slice_find(text, '?') < text.n || rd_slice_find(text, '#') < text.n
        || (star < text.n && (star + 1 != text.n || text.p[star - 1] != '/'))) {
        rd_config_expected(r, o, "a path (\"/incoming\") or a subtree (\"/support/*\")");
        return;
    }
    route->subtree = star < text.n;
    route->path = rd_slice_make(text.p, star);
}

unsigned
rd_config_add_script(struct rd_config_reader *r, struct rd_slice path)
{
    struct rd_config *c = r->config;
    struct rd_slice full = rd_config_resolve(r, path);

    for (unsigned i = 0; i < c->n_scripts; i++)
        if (rd_slice_eq(c->scripts[i], full))
            return i;
    c->scripts[c->n_scripts] = full;
    return (unsigned)c->n_scripts++;
}

void
rd_config_read_script(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    struct rd_route *route = base;

    (void)o;
    route->script = rd_config_add_script(r, route_top(r));
}

/* A list has room for all its strings before they are read. */
static void
route_each(struct rd_config_reader *r, const struct rd_option *o, struct rd_patterns *list,
           const char *what, rd_config_reader_fn *fn)
{
    list->n = 0;
    list->at = rd_config_alloc(r, rd_config_count_strings(r), sizeof *list->at);
    rd_config_each_string(r, o, list, what, fn);
}

static void
route_pattern(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    struct rd_patterns *list = base;
    struct rd_slice text = rd_config_keep(r);

    if (rd_slice_find(text, '*') < text.n - 1 || text.n < 2)
        rd_config_expected(r, o, "an address (\"+15551230000\") or its beginning (\"+1555*\")");
    list->at[list->n++] = text;
}

void
rd_config_read_patterns(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    route_each(r, o, base, "an address or a list of addresses", route_pattern);
}

static void
route_country(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    struct rd_patterns *list = base;
    struct rd_slice text = rd_config_keep(r);
    bool digits = text.n > 1 && text.p[0] == '+';

    for (size_t i = 1; i < text.n; i++)
        digits = digits && text.p[i] >= '0' && text.p[i] <= '9';
    if (!digits && !rd_country_is_known(text))
        rd_config_expected(r, o, "two capital letters of a country (\"DE\") or the beginning of its"
                                 " numbers (\"+49\")");
    list->at[list->n++] = text;
}

void
rd_config_read_countries(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    route_each(r, o, base, "a country or a list of countries", route_country);
}

static void
route_one(struct rd_config_reader *r, struct rd_route *route)
{
    bool has_script;

    if (!lua_istable(r->L, -1)) {
        rd_config_expected(r, NULL, "a table with path, script, ...");
        return;
    }
    route->path = RD_LIT("/");
    route->subtree = true;
    rd_config_read_table(r, "routes.*.", route);
    lua_getfield(r->L, -1, "script");
    has_script = !lua_isnil(r->L, -1);
    lua_pop(r->L, 1);
    if (!has_script)
        rd_config_error(r, "no script: which Lua file answers?");
}

void
rd_config_read_routes(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    struct rd_config *c = r->config;
    size_t n = lua_istable(r->L, -1) ? lua_rawlen(r->L, -1) : 0, mark;

    (void)base;
    if (!lua_istable(r->L, -1) || n != route_count_entries(r->L) || n > ROUTE_MOST) {
        rd_config_expected(r, o, "a list of tables with path, script, ...");
        return;
    }
    c->routes = rd_config_alloc(r, n, sizeof *c->routes);
    c->scripts = rd_config_alloc(r, n + 1, sizeof *c->scripts);
    for (size_t i = 1; i <= n; i++) {
        mark = rd_config_enter_index(r, i);
        lua_rawgeti(r->L, -1, (lua_Integer)i);
        route_one(r, &c->routes[c->n_routes++]);
        lua_pop(r->L, 1);
        rd_config_leave(r, mark);
    }
}
