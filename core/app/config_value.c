/*
 * config_value.c - see config_value.h: listeners, URLs, the admin address, the
 * store, stand-in replies. Called through the table of options.c.
 */
#include "app/config_value.h"

#include <arpa/inet.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/error.h"

#define VALUE_LIST_MOST 1000    /* entries of any list */
#define VALUE_REPLY_MOST 65536  /* bytes of a stand-in reply: what Twilio takes of TwiML */

/* ---- lists of strings --------------------------------------------------------- */

size_t
rd_config_count_strings(struct rd_config_reader *r)
{
    return lua_istable(r->L, -1) ? lua_rawlen(r->L, -1) : 1;
}

static void
value_one_string(struct rd_config_reader *r, const struct rd_option *o, void *base,
                 const char *what, rd_config_reader_fn *fn)
{
    size_t n = 0;
    const char *p = lua_type(r->L, -1) == LUA_TSTRING ? lua_tolstring(r->L, -1, &n) : NULL;

    if (p == NULL || n == 0 || memchr(p, 0, n) != NULL)
        rd_config_expected(r, o, what);
    else
        fn(r, o, base);
}

void
rd_config_each_string(struct rd_config_reader *r, const struct rd_option *o, void *base,
                      const char *what, rd_config_reader_fn *fn)
{
    size_t n = rd_config_count_strings(r), mark;

    if (!lua_istable(r->L, -1)) {
        value_one_string(r, o, base, what, fn);
        return;
    }
    if (n == 0 || n > VALUE_LIST_MOST)
        rd_config_error(r, "expected %s, found an empty or too long list", what);
    for (size_t i = 1; i <= n && n <= VALUE_LIST_MOST; i++) {
        mark = rd_config_enter_index(r, i);
        lua_rawgeti(r->L, -1, (lua_Integer)i);
        value_one_string(r, o, base, what, fn);
        lua_pop(r->L, 1);
        rd_config_leave(r, mark);
    }
}

static struct rd_slice
value_top(struct rd_config_reader *r)
{
    size_t n;
    const char *p = lua_tolstring(r->L, -1, &n);

    return rd_slice_make(p, n);
}

/* ---- listen --------------------------------------------------------------------- */

bool
rd_config_is_loopback(struct rd_slice host)
{
    char text[INET_ADDRSTRLEN];
    struct in_addr v4;

    if (!rd_slice_starts(host, RD_LIT("127.")) || host.n >= sizeof text)
        return rd_slice_eq(host, RD_LIT("::1"));
    memcpy(text, host.p, host.n);
    text[host.n] = 0;
    return inet_pton(AF_INET, text, &v4) == 1;    /* 127.example.com is no address */
}

/* Splits "[::]:8443" or "127.0.0.1:8443"; false when it is no port. Without one, *port stays. */
static bool
value_split_port(struct rd_slice *host, uint16_t *port)
{
    size_t close = host->n > 0 && host->p[0] == '[' ? rd_slice_find(*host, ']') : 0;
    struct rd_slice after = rd_slice_skip(*host, close);
    size_t colon = rd_slice_find(after, ':');
    struct rd_slice digits = rd_slice_skip(after, colon + 1);
    unsigned n = 0;

    if (host->p == NULL || (colon < after.n && digits.n == 0))
        return false;
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9' || n > 65535)
            return false;
        n = n * 10 + (unsigned)(digits.p[i] - '0');
    }
    if (n > 65535)
        return false;
    if (colon < after.n)
        *port = (uint16_t)n;
    host->n = close + colon;
    if (host->n > 1 && host->p[0] == '[') {
        if (host->p[host->n - 1] != ']')
            return false;
        *host = rd_slice_make(host->p + 1, host->n - 2);
    }
    return true;
}

static bool
value_is_address(struct rd_slice host)
{
    char text[INET6_ADDRSTRLEN], address[16];

    if (host.p == NULL || host.n == 0 || host.n >= sizeof text)
        return false;
    memcpy(text, host.p, host.n);
    text[host.n] = 0;
    return inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, text, address) == 1;
}

/* host[:port], host an IP address or localhost. */
static bool
value_address(struct rd_slice text, struct rd_slice *host, uint16_t *port)
{
    *host = text;
    if (!value_split_port(host, port))
        return false;
    if (rd_slice_eq(*host, RD_LIT("localhost")))
        *host = RD_LIT("127.0.0.1");
    return value_is_address(*host);
}

/* Port 0 is another one each time. */
static bool
value_is_taken(const struct rd_config *c, const struct rd_listen *l)
{
    for (size_t i = 0; i < c->n_listen; i++)
        if (l->port != 0 && c->listen[i].port == l->port &&
            rd_slice_eq(c->listen[i].host, l->host))
            return true;
    return false;
}

static void
value_listen_one(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    struct rd_config *c = r->config;
    struct rd_listen *l = &c->listen[c->n_listen];
    struct rd_slice rest;

    (void)base;
    l->text = rd_config_keep(r);
    l->tls = rd_slice_starts(l->text, RD_LIT("https://"));
    l->port = l->tls ? 443 : 80;
    rest = rd_slice_skip(l->text, l->tls ? 8 : 7);
    if (rest.n > 0 && rest.p[rest.n - 1] == '/')
        rest.n--;
    if ((!l->tls && !rd_slice_starts(l->text, RD_LIT("http://")))
        || !value_address(rest, &l->host, &l->port))
        rd_config_expected(r, o, "http:// or https://, an IP address or localhost, and a port"
                                 " unless it is 80 or 443 (\"https://0.0.0.0:443\")");
    else if (value_is_taken(c, l))
        rd_config_error(r, "the list has that address and port already");
    else
        c->n_listen++;
}

void
rd_config_read_listen(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    r->config->listen = rd_config_alloc(r, rd_config_count_strings(r), sizeof(struct rd_listen));
    r->config->n_listen = 0;
    rd_config_each_string(r, o, base, "a URL or a list of URLs", value_listen_one);
}

/* ---- public_url ------------------------------------------------------------------- */

static void
value_public_url_one(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    struct rd_config *c = r->config;
    struct rd_slice text = rd_config_keep(r);

    (void)base;
    if (c->n_public_urls == RD_PUBLIC_URLS)
        rd_config_error(r, "at most %d public URLs", RD_PUBLIC_URLS);
    else if (rd_slice_eq(text, RD_LIT("auto")))
        rd_config_warn(r, "\"auto\": not in this version, ignored");
    else if (rd_public_url_parse(text, &c->public_urls[c->n_public_urls]) != 0)
        rd_config_expected(r, o, "scheme://host[:port][/prefix] (\"https://bot.example.com\")");
    else
        c->n_public_urls++;
}

void
rd_config_read_public_url(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    struct rd_config *c = r->config;

    c->public_urls = rd_config_alloc(r, rd_config_count_strings(r), sizeof(struct rd_public_url));
    c->n_public_urls = 0;
    rd_config_each_string(r, o, base, "a URL or a list of URLs", value_public_url_one);
}

/* ---- trusted_proxies ---------------------------------------------------------------- */

static void
value_proxy_one(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    struct rd_config *c = r->config;

    (void)base;
    if (rd_network_parse(value_top(r), &c->proxies[c->n_proxies]) != 0)
        rd_config_expected(r, o, "an address or a network (\"10.0.0.0/8\", nothing set behind"
                                 " the mask)");
    else
        c->n_proxies++;
}

void
rd_config_read_proxies(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    struct rd_config *c = r->config;

    c->proxies = rd_config_alloc(r, rd_config_count_strings(r), sizeof *c->proxies);
    c->n_proxies = 0;
    rd_config_each_string(r, o, base, "an address or a list of addresses", value_proxy_one);
}

/* ---- admin, store, api_url ---------------------------------------------------------- */

void
rd_config_read_admin(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    const struct rd_slice unix_prefix = RD_LIT("unix:");
    struct rd_slice text = rd_slice_str(NULL), host;
    uint16_t port = 0;

    if (lua_isboolean(r->L, -1) && !lua_toboolean(r->L, -1))
        return;    /* false: an empty address, and the key was set */
    if (lua_type(r->L, -1) == LUA_TSTRING)
        text = rd_config_keep(r);
    if (rd_slice_starts(text, unix_prefix) && text.n > unix_prefix.n) {
        if (text.n - unix_prefix.n >= sizeof((struct sockaddr_un *)0)->sun_path)
            rd_config_error(r, "a socket's path has at most %zu bytes",
                            sizeof((struct sockaddr_un *)0)->sun_path - 1);
    } else if (!value_address(text, &host, &port) || !rd_config_is_loopback(host)) {
        rd_config_expected(r, o, "\"unix:PATH\", a loopback address (\"127.0.0.1:9464\") or false");
    }
    *(struct rd_slice *)base = text;
}

void
rd_config_read_store(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    struct rd_slice text = rd_slice_str(NULL);

    if (lua_type(r->L, -1) == LUA_TSTRING)
        text = value_top(r);
    if (rd_slice_eq(text, RD_LIT("sqlite")))
        rd_config_warn(r, "\"sqlite\": not in this version, \"memory\" is used");
    else if (!rd_slice_eq(text, RD_LIT("memory")))
        rd_config_expected(r, o, "\"memory\" or \"sqlite\"");
    *(struct rd_slice *)base = RD_LIT("memory");
}

void
rd_config_read_api_url(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    struct rd_public_url url;

    *(bool *)base = false;    /* nothing calls Twilio yet: what false asks for is so anyway */
    if (lua_isboolean(r->L, -1) && !lua_toboolean(r->L, -1))
        return;
    if (lua_type(r->L, -1) != LUA_TSTRING || rd_public_url_parse(value_top(r), &url) != 0)
        rd_config_expected(r, o, "a URL or false");
    else
        rd_config_warn(r, "not in this version, ignored");
}

/* Keys of a later version whose values are tables: the type is all that is looked at. */
void
rd_config_read_later(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    int type = lua_type(r->L, -1);

    (void)base;
    if (type != LUA_TSTRING && type != LUA_TTABLE && !(type == LUA_TBOOLEAN
                                                       && !lua_toboolean(r->L, -1)))
        rd_config_expected(r, o, "a string, a table or false");
    else
        rd_config_warn(r, "not in this version, ignored");
}

/* ---- stand-in replies ---------------------------------------------------------------- */

static struct rd_slice
value_reply_text(struct rd_config_reader *r, struct rd_reply *reply)
{
    struct rd_slice copy = rd_arena_copy(&reply->arena, value_top(r));

    if (copy.p == NULL)
        rd_config_error(r, "longer than the %d bytes that Twilio takes", VALUE_REPLY_MOST);
    return copy;
}

static void
value_reply_media(struct rd_config_reader *r, const struct rd_option *o, void *reply)
{
    struct rd_reply_message *m = ((struct rd_reply *)reply)->messages;

    (void)o;
    if (m->n_media == RD_REPLY_MEDIA)
        rd_config_error(r, "a message has at most %d media", RD_REPLY_MEDIA);
    else
        m->media[m->n_media++] = value_reply_text(r, reply);
}

static void
value_reply_field(struct rd_config_reader *r, const struct rd_option *o, struct rd_reply *reply,
                  const char *name)
{
    size_t mark = rd_config_enter(r, name);

    if (strcmp(name, "media") == 0)
        rd_config_each_string(r, o, reply, "a URL or a list of URLs", value_reply_media);
    else if (strcmp(name, "body") != 0)
        rd_config_error(r, "unknown key: only body and media stand here");
    else if (lua_type(r->L, -1) != LUA_TSTRING)
        rd_config_expected(r, o, "a string");
    else
        reply->messages->body = value_reply_text(r, reply);
    rd_config_leave(r, mark);
}

static void
value_reply_table(struct rd_config_reader *r, const struct rd_option *o, struct rd_reply *reply)
{
    lua_State *L = r->L;

    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (lua_type(L, -2) == LUA_TSTRING)
            value_reply_field(r, o, reply, lua_tostring(L, -2));
        else
            rd_config_error(r, "expected one message, { body=, media= }, found a list");
    }
}

void
rd_config_read_reply(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    struct rd_reply **reply = base;

    if (lua_type(r->L, -1) != LUA_TSTRING && !lua_istable(r->L, -1)) {
        rd_config_expected(r, o, "a string or { body=, media= }");
        return;
    }
    rd_reply_free(*reply);
    *reply = rd_reply_new(VALUE_REPLY_MOST);
    RD_ASSERT(rd_reply_add(*reply) != NULL);
    if (lua_istable(r->L, -1))
        value_reply_table(r, o, *reply);
    else
        (*reply)->messages->body = value_reply_text(r, *reply);
    if ((*reply)->messages->body.n == 0 && (*reply)->messages->n_media == 0 && !r->failed)
        rd_config_error(r, "expected a body or media, found neither");
}

/* Without outgoing sends nothing can be late, so that it is never said. */
void
rd_config_read_waiting_reply(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    rd_config_read_reply(r, o, base);
    if (!r->failed && !r->is_default)
        rd_config_warn(r, "not in this version, ignored");
}
