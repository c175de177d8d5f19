/*
 * text_send.c - see text_send.h. Finds out where replyd listens (flag, admin socket,
 * configuration), signs for the URL that the server expects, sends. Called by cmd_text.
 */
#include "app/text_send.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "app/text_auth.h"
#include "base/error.h"
#include "http/form.h"
#include "twilio/signature.h"

#define TEXT_TO "+15550006789"
#define TEXT_MOST (1 << 20)      /* bytes of the request */
#define TEXT_PARAMS 64

struct text_call {
    const struct rd_text *t;
    struct rd_config *config;              /* NULL: none */
    const struct rd_route *route;          /* whose path is called; NULL without configuration */
    struct rd_arena arena;
    struct rd_buf *why;
    struct rd_public_url to;               /* where to connect */
    struct rd_slice target;                /* path and query; empty: not given */
    struct rd_slice url;                   /* what is signed */
    struct rd_slice token, account;
    struct rd_param at[TEXT_PARAMS];
    struct rd_params params;
};

static struct rd_slice
text_print_slice(struct text_call *c, const char *format, struct rd_slice a, struct rd_slice b)
{
    struct rd_buf text;
    struct rd_slice copy;

    rd_buf_init(&text, TEXT_MOST);
    rd_buf_printf(&text, format, RD_PRI(a), RD_PRI(b));
    copy = rd_arena_copy(&c->arena, rd_buf_slice(&text));
    rd_buf_free(&text);
    return copy;
}

/* ---- where to --------------------------------------------------------------------- */

static struct rd_slice
text_route_path(const struct text_call *c)
{
    return c->route != NULL && c->route->path.n > 0 ? c->route->path : RD_LIT("/");
}

/* The first string of "key":["..."] in the admin listener's JSON. */
static struct rd_slice
text_json_first(struct rd_slice json, const char *key)
{
    char pattern[64];
    const char *at;
    struct rd_slice rest;

    snprintf(pattern, sizeof pattern, "\"%s\":[\"", key);
    at = json.n ? memmem(json.p, json.n, pattern, strlen(pattern)) : NULL;
    if (at == NULL)
        return rd_slice_make(NULL, 0);
    rest = rd_slice_skip(json, (size_t)(at - json.p) + strlen(pattern));
    rest.n = rd_slice_find(rest, '"');
    return rest;
}

/* Asks the running replyd for its first listener and public URL; RD_E_CLOSED when it is ending. */
static int
text_ask_admin(struct text_call *c, struct rd_slice *listener, struct rd_slice *public_url)
{
    const struct rd_slice prefix = RD_LIT("unix:");
    struct rd_client_request r = {
        .text = RD_LIT("GET /info HTTP/1.1\r\nHost: replyd\r\nConnection: close\r\n\r\n"),
    };
    struct rd_client_answer a;
    int status = 0;
    char why[256];

    if (!rd_slice_starts(c->config->admin, prefix))
        return 0;
    r.unix_path = rd_arena_copy(&c->arena, rd_slice_skip(c->config->admin, prefix.n)).p;
    if (rd_client_call(&r, &a, why, sizeof why) == 0 && a.status == 200) {
        *listener = rd_arena_copy(&c->arena, text_json_first(a.body, "listeners"));
        *public_url = rd_arena_copy(&c->arena, text_json_first(a.body, "public_urls"));
        if (memmem(a.body.p, a.body.n, "\"ready\":false", 13) != NULL)
            status = RD_E_CLOSED;
    }
    rd_client_free(&a);
    if (status != 0)
        rd_buf_put_str(c->why, "replyd is ending: it takes no more messages");
    return status;
}

/* scheme://host:port of the first configured listener; empty when its port is not known. */
static struct rd_slice
text_configured_listener(struct text_call *c)
{
    const struct rd_listen *l = &c->config->listen[0];
    bool v6 = rd_slice_find(l->host, ':') < l->host.n;
    char text[128];

    if (c->config->n_listen == 0 || l->port == 0)
        return rd_slice_make(NULL, 0);
    snprintf(text, sizeof text, "%s://%s%.*s%s:%u", l->tls ? "https" : "http", v6 ? "[" : "",
             RD_PRI(l->host), v6 ? "]" : "", l->port);
    return rd_arena_copy(&c->arena, rd_slice_str(text));
}

/* Splits the path off: to gets scheme, host and port, target the rest ("/" at least). */
static int
text_parse_url(struct text_call *c, struct rd_slice url)
{
    const char *slashes = url.n ? memmem(url.p, url.n, "://", 3) : NULL;
    size_t host = slashes ? (size_t)(slashes - url.p) + 3 : 0;
    struct rd_slice rest = rd_slice_skip(url, host);
    size_t path = rd_slice_find(rest, '/'), query = rd_slice_find(rest, '?');

    path = path < query ? path : query;
    if (rd_public_url_parse(rd_slice_make(url.p, host + path), &c->to) != 0) {
        rd_buf_printf(c->why, "%.*s: no http:// or https:// URL", RD_PRI(url));
        return RD_E_INVALID;
    }
    c->target = rd_slice_skip(rest, path);
    if (c->target.n > 0 && c->target.p[0] == '?')
        c->target = text_print_slice(c, "/%.*s%.*s", c->target, RD_LIT(""));
    return 0;
}

/* A wildcard address is listened on, not connected to. */
static void
text_connectable(struct text_call *c)
{
    if (rd_slice_eq(c->to.host, RD_LIT("0.0.0.0")))
        c->to.host = RD_LIT("127.0.0.1");
    if (rd_slice_eq(c->to.host, RD_LIT("[::]")))
        c->to.host = RD_LIT("[::1]");
}

static struct rd_slice
text_host_and_port(struct text_call *c)
{
    return c->to.port.n ? text_print_slice(c, "%.*s:%.*s", c->to.host, c->to.port) : c->to.host;
}

/*
 * What Twilio would have called. A URL that was given is signed as it is, unless it goes to this
 * machine while the server expects its public URL in the signature.
 */
static void
text_find_signed_url(struct text_call *c, struct rd_slice public_url)
{
    struct rd_slice base, prefix = rd_slice_make(NULL, 0);
    struct rd_public_url u;

    if (public_url.n > 0 && rd_text_is_loopback(&c->to)
        && rd_public_url_parse(public_url, &u) == 0) {
        prefix = u.prefix;
        base = rd_slice_make(public_url.p, (size_t)(u.host.p - public_url.p) + u.host.n);
        base.n += u.port.n ? u.port.n + 1 : 0;
    } else {
        base = text_print_slice(c, "%.*s://%.*s", c->to.scheme, text_host_and_port(c));
    }
    if (c->target.n == 0)
        c->target = text_print_slice(c, "%.*s%.*s", prefix, text_route_path(c));
    c->url = text_print_slice(c, "%.*s%.*s", base, c->target);
}

static struct rd_slice
text_configured_public_url(struct text_call *c)
{
    const struct rd_public_url *u = c->config->public_urls;
    struct rd_slice host;

    if (c->config->n_public_urls == 0)
        return rd_slice_make(NULL, 0);
    host = u->port.n ? text_print_slice(c, "%.*s:%.*s", u->host, u->port) : u->host;
    host = text_print_slice(c, "%.*s%.*s", host, u->prefix);
    return text_print_slice(c, "%.*s://%.*s", u->scheme, host);
}

static int
text_find_server(struct text_call *c)
{
    struct rd_slice listener = rd_slice_str(c->t->url), public_url = rd_slice_make(NULL, 0);

    if (c->config != NULL && listener.n == 0 && text_ask_admin(c, &listener, &public_url) != 0)
        return RD_E_CLOSED;
    if (c->config != NULL && listener.n == 0)
        listener = text_configured_listener(c);
    if (c->config != NULL && public_url.n == 0)
        public_url = text_configured_public_url(c);
    if (listener.n == 0) {
        rd_buf_put_str(c->why, "replyd is not running here (its admin socket does not answer);"
                               " --url names another place");
        return RD_E_NOT_FOUND;
    }
    if (text_parse_url(c, listener) != 0)
        return RD_E_INVALID;
    text_connectable(c);
    text_find_signed_url(c, public_url);
    return 0;
}

/* ---- who ------------------------------------------------------------------------------ */

static int
text_find_account(struct text_call *c)
{
    const char *env = getenv("TWILIO_AUTH_TOKEN");
    const struct rd_account *a = NULL;

    c->account = rd_slice_str(c->t->account);
    if (c->account.n == 0 && c->route != NULL)
        c->account = c->route->account;
    for (size_t i = 0; c->config != NULL && i < c->config->n_accounts && a == NULL; i++)
        if (c->account.n == 0 || c->config->accounts[i].sid.n == 0
            || rd_slice_eq(c->config->accounts[i].sid, c->account))
            a = &c->config->accounts[i];
    if (a != NULL && c->account.n == 0)
        c->account = a->sid;
    if (c->account.n == 0)
        c->account = RD_LIT("AC00000000000000000000000000000000");
    c->token = rd_slice_str(c->t->token);
    if (c->token.n == 0 && a != NULL && a->n_tokens > 0)
        c->token = a->tokens[0];
    if (c->token.n == 0)
        c->token = rd_slice_str(env);
    if (c->token.n > 0)
        return 0;
    rd_buf_printf(c->why, "no token for %.*s: set TWILIO_AUTH_TOKEN, or use -c or --token",
                  RD_PRI(c->account));
    return RD_E_NOT_FOUND;
}

/* ---- what -------------------------------------------------------------------------------- */

static void
text_param(struct text_call *c, const char *name, struct rd_slice value)
{
    RD_ASSERT(c->params.n < TEXT_PARAMS);
    c->at[c->params.n++] = (struct rd_param){ rd_slice_str(name), value };
}

static struct rd_slice
text_address(struct text_call *c, const char *address)
{
    struct rd_slice a = rd_slice_str(address);

    if (!c->t->whatsapp || rd_slice_find(a, ':') < a.n)
        return a;
    return text_print_slice(c, "whatsapp:%.*s%.*s", a, RD_LIT(""));
}

static struct rd_slice
text_new_sid(struct text_call *c)
{
    unsigned char random[16];
    char text[2 + 2 * sizeof random + 1] = "SM";

    RD_ASSERT(getrandom(random, sizeof random, 0) == sizeof random);
    if (c->t->n_media > 0)
        text[0] = 'M';
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(text + 2 + 2 * i, 3, "%02x", random[i]);
    return rd_arena_copy(&c->arena, rd_slice_str(text));
}

/* Twilio's shape: twilio-facts, inbound message and status callback. */
static void
text_fill_params(struct text_call *c)
{
    const struct rd_text *t = c->t;
    struct rd_slice sid = t->sid ? rd_slice_str(t->sid) : text_new_sid(c);
    struct rd_slice to = text_address(c, t->to ? t->to : TEXT_TO);
    char name[32];

    if (t->to == NULL && c->route != NULL && c->route->to.n > 0)
        to = c->route->to;
    text_param(c, "SmsSid", sid);
    text_param(c, "MessageSid", sid);
    text_param(c, "AccountSid", c->account);
    if (c->route != NULL && c->route->service.n > 0)
        text_param(c, "MessagingServiceSid", c->route->service);
    text_param(c, "From", t->status ? to : text_address(c, t->from));
    text_param(c, "To", t->status ? text_address(c, t->from) : to);
    text_param(c, "ApiVersion", RD_LIT("2010-04-01"));
    if (t->status != NULL) {
        text_param(c, "SmsStatus", rd_slice_str(t->status));
        text_param(c, "MessageStatus", rd_slice_str(t->status));
        return;
    }
    text_param(c, "SmsMessageSid", sid);
    text_param(c, "SmsStatus", RD_LIT("received"));
    text_param(c, "Body", rd_slice_str(t->body ? t->body : ""));
    text_param(c, "NumSegments", RD_LIT("1"));
    snprintf(name, sizeof name, "%zu", t->n_media);
    text_param(c, "NumMedia", rd_arena_copy(&c->arena, rd_slice_str(name)));
    for (unsigned i = 0; i < t->n_media; i++) {
        snprintf(name, sizeof name, "MediaUrl%u", i);
        text_param(c, rd_arena_copy(&c->arena, rd_slice_str(name)).p, rd_slice_str(t->media[i]));
        snprintf(name, sizeof name, "MediaContentType%u", i);
        text_param(c, rd_arena_copy(&c->arena, rd_slice_str(name)).p, RD_LIT("image/jpeg"));
    }
}

static int
text_write_request(struct text_call *c, struct rd_buf *out)
{
    char signature[RD_SIGNATURE_TEXT + 1];
    struct rd_token token;
    struct rd_buf body;
    int status;

    rd_buf_init(&body, TEXT_MOST);
    rd_form_encode(&c->params, &body);
    rd_token_init(&token, c->token);
    status = rd_signature_make(&token, c->url, &c->params, signature);
    rd_token_wipe(&token);
    if (status == 0) {
        rd_buf_printf(out, "POST %.*s HTTP/1.1\r\nHost: %.*s\r\nX-Twilio-Signature: %s\r\n",
                      RD_PRI(c->target), RD_PRI(text_host_and_port(c)), signature);
        status = rd_text_auth_put(c->config, rd_slice_str(c->t->url), &c->to, out);
        rd_buf_printf(out, "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
                           "Content-Length: %zu\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n"
                           "Connection: close\r\n\r\n", body.n);
        if (status == 0)
            status = rd_buf_put_slice(out, rd_buf_slice(&body));
    }
    rd_buf_free(&body);
    return status;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static int
text_call(struct text_call *c, struct rd_client_answer *answer)
{
    bool v6 = c->to.host.n > 1 && c->to.host.p[0] == '[';
    struct rd_slice host = v6 ? rd_slice_make(c->to.host.p + 1, c->to.host.n - 2) : c->to.host;
    bool tls = rd_slice_eq(c->to.scheme, RD_LIT("https"));
    char why[512] = "";
    struct rd_client_request r = {
        .host = rd_arena_copy(&c->arena, host).p, .tls = tls,
        .port = c->to.port.n ? rd_arena_copy(&c->arena, c->to.port).p : tls ? "443" : "80",
        .verify = !c->t->insecure && !rd_text_is_loopback(&c->to),
    };
    struct rd_buf text;
    int status;

    r.server_name = r.host;
    rd_buf_init(&text, TEXT_MOST);
    text_fill_params(c);
    status = text_write_request(c, &text);
    r.text = rd_buf_slice(&text);
    if (status == 0)
        status = rd_client_call(&r, answer, why, sizeof why);
    if (status != 0)
        rd_buf_printf(c->why, "%s", *why ? why : rd_error_text(status));
    rd_buf_free(&text);
    return status;
}

/* The configuration is only needed for what the flags do not say. */
static int
text_load_config(struct text_call *c)
{
    struct rd_buf warnings;
    int status;

    if (c->t->url != NULL && c->t->token != NULL && c->t->config.file == NULL)
        return 0;
    rd_buf_init(&warnings, 1 << 16);
    status = rd_config_load(&c->t->config, &c->config, c->why, &warnings);
    rd_buf_free(&warnings);
    if (status == 0 && c->config->n_routes > 0)
        c->route = &c->config->routes[0];
    return status;
}

int
rd_text_send(const struct rd_text *t, struct rd_client_answer *answer, struct rd_buf *why)
{
    struct text_call c = { .t = t, .why = why };
    int status;

    *answer = (struct rd_client_answer){ .status = 0 };
    rd_arena_init(&c.arena, 4 * TEXT_MOST);
    c.params.at = c.at;
    status = text_load_config(&c);
    if (status == 0)
        status = text_find_account(&c);
    if (status == 0)
        status = text_find_server(&c);
    if (status == 0)
        status = text_call(&c, answer);
    rd_config_free(c.config);
    rd_arena_free(&c.arena);
    return status;
}
