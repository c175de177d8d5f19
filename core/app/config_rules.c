/*
 * config_rules.c - see config_rules.h. Called once, after the file and the flags
 * have been read. A rule that has failed does not stop the others.
 */
#include "app/config_rules.h"

#include <mbedtls/base64.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/config_secret.h"
#include "app/config_value.h"
#include "app/file.h"
#include "app/route_never.h"
#include "base/mem.h"
#include "base/zone.h"
#include "net/tls.h"

#define RULES_WHY 8192              /* bytes of what is wrong with a file */
#define RULES_LONG_DEADLINE 9000    /* ms: above it a slow network can pass Twilio's 15 s */

static struct rd_slice
rules_print(struct rd_config_reader *r, const char *a, const char *b)
{
    char text[4096];

    snprintf(text, sizeof text, "%s%s", a, b);
    return rd_config_keep_text(r, rd_slice_str(text));
}

/* Errors and warnings of the rules name their key this way. */
static void
rules_at(struct rd_config_reader *r, const char *path)
{
    snprintf(r->path, sizeof r->path, "%s", path);
}

/* ---- accounts -------------------------------------------------------------------- */

static struct rd_slice
rules_env(struct rd_config_reader *r, const char *name)
{
    const char *value = getenv(name);

    return value && *value ? rd_config_keep_text(r, rd_slice_str(value)) : rd_slice_str(NULL);
}

/* Without a file the environment has what Twilio's own tools read from it, too. */
static void
rules_account_of_environment(struct rd_config_reader *r)
{
    struct rd_slice token = rules_env(r, "TWILIO_AUTH_TOKEN");

    r->main.sid = rules_env(r, "TWILIO_ACCOUNT_SID");
    r->main.api_key = rules_env(r, "TWILIO_API_KEY");
    r->main.api_secret = rules_env(r, "TWILIO_API_SECRET");
    if (token.n > 0) {
        r->main.tokens = rd_config_alloc(r, 1, sizeof *r->main.tokens);
        r->main.tokens[r->main.n_tokens++] = token;
    }
}

static void
rules_add_main_account(struct rd_config_reader *r)
{
    struct rd_config *c = r->config;

    if (c->accounts == NULL)
        c->accounts = rd_config_alloc(r, 1, sizeof *c->accounts);
    for (size_t i = 0; i < c->n_accounts; i++)
        if (rd_slice_eq(c->accounts[i].sid, r->main.sid)) {
            rules_at(r, "account_sid");
            rd_config_error(r, "stands in accounts, too");
            return;
        }
    c->accounts[c->n_accounts++] = r->main;
}

static void
rules_accounts(struct rd_config_reader *r)
{
    if (r->file == NULL)
        rules_account_of_environment(r);
    if (r->main.n_tokens > 0) {
        rules_add_main_account(r);
    } else if (r->args->client) {
        return;
    } else if (r->main.sid.n > 0 && !r->failed) {
        rules_at(r, r->file ? "account_sid" : "");
        rd_config_error(r, "no auth_token for this account (TWILIO_AUTH_TOKEN)");
    } else if (r->config->n_accounts == 0 && !r->failed) {
        rules_at(r, "");
        rd_config_error(r, r->file
            ? "no auth_token: write auth_token = env \"TWILIO_AUTH_TOKEN\""
            : "no auth token: set TWILIO_AUTH_TOKEN, or write a replyd.lua (replyd help config)");
    }
    if ((r->main.api_key.n > 0) != (r->main.api_secret.n > 0)) {
        rules_at(r, "api_key");
        rd_config_error(r, "api_key and api_secret belong together");
    }
}

/* What Twilio will send: base64 of user:password, made once (RFC 7617). */
static void
rules_basic_auth(struct rd_config_reader *r)
{
    struct rd_config *c = r->config;
    unsigned char text[1024];
    size_t n = 0;
    struct rd_buf plain;

    rules_at(r, "basic_auth");
    if ((c->basic_user.n > 0) != (c->basic_password.n > 0))
        rd_config_error(r, "user and password belong together");
    if (c->basic_user.n == 0 || r->failed)
        return;
    rd_buf_init(&plain, sizeof text);
    rd_buf_printf(&plain, "%.*s:%.*s", RD_PRI(c->basic_user), RD_PRI(c->basic_password));
    if (rd_slice_find(c->basic_user, ':') < c->basic_user.n)
        rd_config_error(r, "a colon cannot stand in a user name");
    else if (plain.error != 0 || mbedtls_base64_encode(text, sizeof text, &n,
                                                       (const unsigned char *)plain.p, plain.n))
        rd_config_error(r, "user and password are too long");
    c->basic_auth = rd_config_keep_text(r, rd_slice_make((const char *)text, n));
    rd_memzero(text, sizeof text);
    rd_memzero(plain.p, plain.cap);
    rd_buf_free(&plain);
}

/* ---- routes and scripts ------------------------------------------------------------ */

static void
rules_script_of_command_line(struct rd_config_reader *r)
{
    struct rd_config *c = r->config;
    struct rd_slice folder = r->folder;

    if (c->n_routes > 0) {
        rules_at(r, "routes");
        if (r->args->script != NULL)
            rd_config_error(r, "the routes name their scripts; \"%s\" of the command line would not"
                               " be used", r->args->script);
        return;
    }
    c->routes = rd_config_alloc(r, 1, sizeof *c->routes);
    c->scripts = rd_config_alloc(r, 1, sizeof *c->scripts);
    c->routes[c->n_routes++] = (struct rd_route){ .path = RD_LIT("/"), .subtree = true };
    if (r->args->script != NULL)
        r->folder = rd_slice_str(NULL);    /* as the shell completes it */
    rd_config_add_script(r, rd_slice_str(r->args->script ? r->args->script : "scripts/main.lua"));
    r->folder = folder;
}

static void
rules_check_scripts(struct rd_config_reader *r)
{
    struct rd_config *c = r->config;

    rules_at(r, "");
    for (size_t i = 0; i < c->n_scripts; i++) {
        struct rd_slice path = rules_print(r, c->scripts[i].p, "");

        if (access(path.p, R_OK) == 0)
            continue;
        if (r->args->script == NULL && c->n_routes == 1 && !rd_config_was_set(r, "routes"))
            rd_config_error(r, "%s: %m; name the script: replyd run SCRIPT,"
                               " replyd check SCRIPT", path.p);
        else
            rd_config_error(r, "%s: %m", path.p);
    }
}

/* `require` looks below the folder scripts/ that the first script is in, else in its own folder. */
static void
rules_script_root(struct rd_config_reader *r)
{
    struct rd_slice path = r->config->scripts[0], below = rd_slice_str(NULL);
    const struct rd_slice scripts = RD_LIT("scripts/");
    size_t own = 0;

    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] == '/')
            own = i;
        if (below.p == NULL && (i == 0 || path.p[i - 1] == '/')
            && rd_slice_starts(rd_slice_skip(path, i), scripts))
            below = rd_slice_make(path.p, i + scripts.n - 1);
    }
    if (below.p == NULL && own == 0 && path.n > 0 && path.p[0] == '/')
        below = RD_LIT("/");
    else if (below.p == NULL)
        below = own > 0 ? rd_slice_make(path.p, own) : RD_LIT(".");
    r->config->script_root = rd_config_keep_text(r, below);
}

static void
rules_routes(struct rd_config_reader *r)
{
    struct rd_config *c = r->config;

    for (size_t i = 0; i < c->n_routes; i++) {
        struct rd_buf why;

        rd_buf_init(&why, 1024);
        if (c->routes[i].deadline_ms == 0)
            c->routes[i].deadline_ms = c->deadline_ms;
        if (rd_route_never(c, i, &why)) {
            rules_at(r, "routes");
            rd_config_enter_index(r, i + 1);
            rd_config_warn(r, "can never match: %.*s", RD_PRI(rd_buf_slice(&why)));
        }
        rd_buf_free(&why);
    }
}

/* ---- times and sizes ---------------------------------------------------------------- */

static uint64_t
rules_longest_deadline(const struct rd_config *c)
{
    uint64_t most = c->deadline_ms;

    for (size_t i = 0; i < c->n_routes; i++)
        if (c->routes[i].deadline_ms > most)
            most = c->routes[i].deadline_ms;
    return most;
}

static void
rules_deadlines(struct rd_config_reader *r)
{
    struct rd_config *c = r->config;
    uint64_t longest = rules_longest_deadline(c), hard = rd_hard_ms(longest);

    c->http.answer_timeout = hard;
    if (c->drain_limit_ms < hard && !rd_config_was_set(r, "drain_limit"))
        c->drain_limit_ms = hard;
    rules_at(r, "drain_limit");
    if (c->drain_limit_ms < hard)
        rd_config_error(r, "must not be below the hard deadline, %g s", (double)hard / 1000);
    rules_at(r, "late_limit");
    if (c->late_limit_ms < longest)
        rd_config_error(r, "must not be below the deadline, %g s", (double)longest / 1000);
    rules_at(r, "deadline");
    if (c->deadline_ms > RULES_LONG_DEADLINE)
        rd_config_warn(r, "above 9 s: a slow network can pass the 15 s that Twilio waits");
    for (size_t i = 0; i < c->n_routes; i++)
        if (c->routes[i].deadline_ms > RULES_LONG_DEADLINE
            && c->routes[i].deadline_ms != c->deadline_ms) {
            snprintf(r->path, sizeof r->path, "routes[%zu].deadline", i + 1);
            rd_config_warn(r, "above 9 s: a slow network can pass the 15 s that Twilio waits");
        }
}

static void
rules_memory(struct rd_config_reader *r)
{
    struct rd_script_limits *s = &r->config->script;

    if (s->handler_memory <= s->vm_memory)
        return;
    if (!rd_config_was_set(r, "handler_memory")) {
        s->handler_memory = s->vm_memory / 2;
        return;
    }
    rules_at(r, "handler_memory");
    rd_config_error(r, "must not be above vm_memory");
}

static void
rules_threads(struct rd_config_reader *r)
{
    cpu_set_t cpus;
    int n = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 1;

    if (r->config->script_threads == 0)
        r->config->script_threads = n < 1 ? 1 : n > 256 ? 256 : (unsigned)n;
}

/* ---- addresses and files --------------------------------------------------------------- */

static bool
rules_all_loopback(const struct rd_config *c)
{
    for (size_t i = 0; i < c->n_listen; i++)
        if (!rd_config_is_loopback(c->listen[i].host))
            return false;
    return true;
}

static void
rules_public_url(struct rd_config_reader *r)
{
    struct rd_config *c = r->config;

    rules_at(r, "public_url");
    if (c->n_public_urls == 0 && !rules_all_loopback(c) && !r->failed && !r->args->client)
        rd_config_error(r, "needed, because a listener is not on loopback: the URL that Twilio"
                           " calls (https://bot.example.com)");
}

/* What run would load is loaded here once, so that a mistake has a file and a line. */
static void
rules_load_certificate(struct rd_config_reader *r)
{
    struct rd_tls_context *tls = NULL;
    struct rd_buf why;

    rd_buf_init(&why, RULES_WHY);
    rules_at(r, "tls");
    if (rd_tls_context_load(r->config->certificate.p, r->config->key.p, &tls, &why) != 0)
        rd_config_error(r, "%.*s", RD_PRI(rd_slice_trim(rd_buf_slice(&why))));
    rd_tls_context_unref(tls);
    rd_buf_free(&why);
}

static void
rules_certificate(struct rd_config_reader *r)
{
    struct rd_config *c = r->config;

    rules_at(r, "tls");
    if ((c->certificate.n > 0) != (c->key.n > 0))
        rd_config_error(r, "certificate and key belong together");
    if (c->certificate.n > 0)
        c->certificate = rd_config_resolve(r, c->certificate);
    if (c->key.n == 0)
        return;
    c->key = rd_config_resolve(r, c->key);
    rules_at(r, "tls.key");
    if (rd_file_is_world_readable(c->key.p))
        rd_config_warn(r, "%s: anybody on this machine can read it (chmod 600)", c->key.p);
    if (c->certificate.n > 0 && !r->args->client)    /* a client may not be able to read them */
        rules_load_certificate(r);
}

static void
rules_timezone(struct rd_config_reader *r)
{
    const struct rd_slice name = r->config->timezone;
    struct rd_zone *zone;
    struct rd_buf why;

    if (name.n == 0 || r->args->client)
        return;
    rules_at(r, "timezone");
    rd_buf_init(&why, RULES_WHY);
    if (rd_zone_load(name.p, &zone, &why) == 0)
        rd_zone_free(zone);
    else
        rd_config_error(r, "%.*s", RD_PRI(rd_buf_slice(&why)));
    rd_buf_free(&why);
}

/* The first folder of $STATE_DIRECTORY (systemd gives a list), else as XDG has it. */
static struct rd_slice
rules_default_state(struct rd_config_reader *r)
{
    struct rd_slice systemd = rules_env(r, "STATE_DIRECTORY");
    struct rd_slice xdg = rules_env(r, "XDG_STATE_HOME"), home = rules_env(r, "HOME");

    if (systemd.n > 0)
        return rd_config_keep_text(r, rd_slice_make(systemd.p, rd_slice_find(systemd, ':')));
    if (geteuid() == 0)
        return RD_LIT("/var/lib/replyd");
    if (xdg.n > 0)
        return rules_print(r, xdg.p, "/replyd");
    if (home.n > 0)
        return rules_print(r, home.p, "/.local/state/replyd");
    rules_at(r, "state");
    rd_config_error(r, "no default without $HOME");
    return RD_LIT(".");
}

static void
rules_state(struct rd_config_reader *r)
{
    struct rd_config *c = r->config;

    if (r->args->state != NULL)
        c->state = rd_config_keep_text(r, rd_slice_str(r->args->state));
    else if (c->state.n > 0)
        c->state = rd_config_resolve(r, c->state);
    else
        c->state = rules_default_state(r);
    rules_at(r, "state");
    if (rd_file_is_world_writable(c->state.p))
        rd_config_warn(r, "%s: anybody on this machine can write into it (chmod 700)", c->state.p);
    if (rd_config_was_set(r, "admin"))
        return;
    c->admin = rules_print(r, "unix:", rules_print(r, c->state.p, "/admin.sock").p);
    rules_at(r, "state");
    if (c->admin.n - 5 >= sizeof((struct sockaddr_un *)0)->sun_path)
        rd_config_error(r, "too long a path for the admin socket in it; set admin");
}

void
rd_config_apply_rules(struct rd_config_reader *r)
{
    rules_accounts(r);
    rules_basic_auth(r);
    rd_config_warn_secrets(r);
    rules_script_of_command_line(r);
    if (!r->failed && !r->args->client)
        rules_check_scripts(r);
    if (r->config->n_scripts > 0)
        rules_script_root(r);
    rules_routes(r);
    rules_deadlines(r);
    rules_memory(r);
    rules_threads(r);
    rules_public_url(r);
    rules_certificate(r);
    rules_timezone(r);
    rules_state(r);
    r->path[0] = 0;
}
