/*
 * config.h - one configuration, as an immutable snapshot.
 *
 * Read from replyd.lua by app/config, bound to a generation, swapped whole at
 * reload. Everything in it lives in its arena; freed with its generation.
 * Times are milliseconds, sizes bytes, as in the option rows (app/options).
 */
#ifndef RD_GATEWAY_CONFIG_H
#define RD_GATEWAY_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/reply.h"
#include "base/zone.h"
#include "http/forwarded.h"
#include "http/public_url.h"
#include "http/server.h"
#include "script/script.h"
#include "twilio/opt_out.h"
#include "twilio/signature.h"

#define RD_PUBLIC_URLS 16           /* each is tried for each request, a forger's too */
#define RD_HARD_AFTER_MS 1000       /* hard deadline = soft + 1 s ... */
#define RD_HARD_MOST_MS 14500       /* ... but never later than this: Twilio gives up at 15 s */

/* One Twilio account and what verifies its webhooks. */
struct rd_account {
    struct rd_slice sid;             /* empty: any account */
    struct rd_slice *tokens;         /* several while one is rotated; secret */
    size_t n_tokens;
    struct rd_token *keys;           /* the tokens ready to sign: made by rd_config_prepare */
    struct rd_slice api_key, api_secret;
};

/* A list of addresses, beginnings of addresses ("+49*") or countries; empty: says nothing. */
struct rd_patterns {
    struct rd_slice *at;
    size_t n;
};

/* One row of `routes`; empty slices match everything. */
struct rd_route {
    struct rd_slice path;            /* below the public URL's prefix */
    bool subtree;                    /* a whole subtree: path ends with a slash */
    struct rd_slice to, account, service, channel;
    struct rd_patterns allow, deny, countries;    /* who may reach the script: gate.h */
    unsigned script;                 /* number in the generation */
    uint64_t deadline_ms;            /* its own or the general one */
    const struct rd_opt_out_words *opt_out_words;    /* NULL: the general ones */
};

struct rd_listen {
    struct rd_slice text;            /* as written */
    bool tls;
    struct rd_slice host;            /* address, without brackets */
    uint16_t port;                   /* 0: any free one */
};

/* Value of one plugin's option row. */
struct rd_plugin_value {
    struct rd_slice key;             /* "debug.x" */
    int64_t number;                  /* in the row's unit; 0 or 1 for a boolean */
    struct rd_slice text;            /* of a string */
};

enum rd_on_error { RD_ON_ERROR_TWIML, RD_ON_ERROR_HTTP500 };
enum rd_missed { RD_MISSED_ONCE, RD_MISSED_SKIP };
enum rd_on_store_fault { RD_ON_STORE_FAULT_503, RD_ON_STORE_FAULT_ANSWER };

struct rd_config {
    uint32_t magic;
    struct rd_arena arena;
    struct rd_slice path;            /* the file, or empty when there is none */

    struct rd_listen *listen;
    size_t n_listen;
    struct rd_public_url *public_urls;
    size_t n_public_urls;            /* 0: built from the listener and Host header, loopback only */
    struct rd_slice certificate, key;
    struct rd_network *proxies;      /* trusted_proxies */
    size_t n_proxies;
    struct rd_slice basic_user, basic_password;
    struct rd_slice basic_auth;      /* base64 of user:password; empty: none is wanted. Secret */

    struct rd_account *accounts;
    size_t n_accounts;
    bool api;                        /* false: never call Twilio (api_url = false) */

    struct rd_route *routes;
    size_t n_routes;
    struct rd_slice *scripts;        /* paths; a route's script is an index */
    size_t n_scripts;
    struct rd_slice script_root;     /* folder of `require` */

    struct rd_slice state;           /* folder */
    struct rd_slice store;           /* "memory" */
    struct rd_slice admin;           /* "unix:PATH" or a loopback address:port */
    enum rd_on_store_fault on_store_fault;
    enum rd_on_error on_error;
    struct rd_slice timezone;
    struct rd_zone *zone;            /* the same, by rd_config_prepare */
    enum rd_missed schedule_missed;
    struct rd_reply *waiting_reply, *fallback_reply;    /* NULL: none */
    struct rd_answer *waiting, *fallback;    /* the same as bytes, by rd_config_prepare */
    const struct rd_opt_out_words *opt_out_words;    /* NULL: the standard ones */
    struct rd_slice status_callback; /* a URL; empty: none; p == NULL: the route's own */
    bool can_send;                   /* REST credentials and a sender: what is late can go out */

    uint64_t deadline_ms, late_limit_ms, recover_ms, drain_limit_ms, retention_ms;
    uint64_t retention_size;
    struct rd_http_limits http;
    size_t max_params;
    struct rd_script_limits script;
    unsigned max_lost_threads;
    unsigned loop_count;             /* loop_guard; 0: off */
    uint64_t loop_window_ms;
    size_t max_in_flight, max_mailbox, max_sender_queue;
    unsigned front_threads, script_threads;
    struct rd_plugin_value *plugin_values;
    size_t n_plugin_values;

    enum rd_log_level log_level;
    enum rd_log_format log_format;
};

#define RD_CONFIG_MAGIC RD_MAGIC('c', 'o', 'n', 'f')

/*
 * What is derived from the fields: tokens ready to sign, the answers of a deadline. Called once,
 * after the fields are set. 0, or an error with its text (fallback_reply beyond Twilio's limits).
 */
int rd_config_prepare(struct rd_config *c, struct rd_buf *errors);
/* Gives back what rd_config_prepare made, secrets wiped; app/config frees the rest. */
void rd_config_unprepare(struct rd_config *c);

/* The account that a request names (one without SID, the last, takes any); NULL: no such. */
const struct rd_account *rd_account_find(const struct rd_config *c, struct rd_slice sid);

/* Hard deadline that belongs to a soft one. */
static inline uint64_t
rd_hard_ms(uint64_t soft_ms)
{
    uint64_t hard = soft_ms + RD_HARD_AFTER_MS;

    return hard < RD_HARD_MOST_MS ? hard : RD_HARD_MOST_MS;
}

#endif
