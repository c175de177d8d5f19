/*
 * options.c - see options.h. Owns the table; the functions that read the rows
 * marked VALUE are in config_value.c, config_route.c.
 */
#include "app/options.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "app/config_read.h"
#include "app/config_value.h"
#include "base/mem.h"
#include "gateway/config.h"

#define OPTIONS_MS(s) ((int64_t)((s) * 1000))
#define OPTIONS_DAY OPTIONS_MS(86400)
#define KIB INT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define C(field) offsetof(struct rd_config, field)
#define A(field) offsetof(struct rd_account, field)
#define R(field) offsetof(struct rd_route, field)

/* clang-format off */
#define DURATION(key, standard, least, most, into, field, sentence) \
    { { key, RD_OPTION_DURATION, standard, least, most, sentence }, into, field, NULL, false, \
      false, NULL },
#define BYTES(key, standard, least, most, into, field, sentence) \
    { { key, RD_OPTION_SIZE, standard, least, most, sentence }, into, field, NULL, false, \
      false, NULL },
#define COUNT(key, standard, least, most, into, field, sentence) \
    { { key, RD_OPTION_INT, standard, least, most, sentence }, into, field, NULL, false, \
      false, NULL },
#define TEXT(key, standard, into, field, sentence) \
    { { key, RD_OPTION_STRING, standard, 0, 0, sentence }, into, field, NULL, false, \
      false, NULL },
#define SECRET(key, into, field, sentence) \
    { { key, RD_OPTION_STRING, "nil", 0, 0, sentence }, into, field, NULL, true, false, \
      NULL },
#define WORD(key, standard, words, into, field, sentence) \
    { { key, RD_OPTION_STRING, standard, 0, 0, sentence }, into, field, words, false, \
      false, NULL },
#define FLAG(key, standard, into, field, sentence) \
    { { key, RD_OPTION_BOOL, standard, 0, 0, sentence }, into, field, NULL, false, \
      false, NULL },
#define VALUE(key, standard, read, field, sentence) \
    { { key, RD_OPTION_VALUE, standard, 0, 0, sentence }, RD_INTO_READ, field, NULL, false, false, \
      read },
#define PLACE(key, standard, read, sentence) \
    { { key, RD_OPTION_STRING, standard, 0, 0, sentence }, RD_INTO_READ, 0, NULL, false, false, \
      read },
#define MAIN(key, type, into, field, secret, read, sentence) \
    { { key, type, "nil", 0, 0, sentence }, into, field, NULL, secret, true, read },
#define LATER RD_INTO_NOTHING

static const struct rd_option options_core[] = {
    VALUE("listen", "{ \"https://127.0.0.1:8443\" }", rd_config_read_listen, C(listen),
        "URLs to listen on, http:// or https:// with an IP address or localhost; without a port 80"
        " or 443, and port 0 takes any free one.")
    VALUE("public_url", "nil", rd_config_read_public_url, C(public_urls),
        "What Twilio calls and signs, scheme://host[:port][/prefix], or a list; may be missing"
        " while all listeners are loopback.")
    TEXT("tls.certificate", "nil", RD_INTO_SLICE, C(certificate),
        "PEM file with the certificate chain; without it a self-signed one is made in the state"
        " folder.")
    TEXT("tls.key", "nil", RD_INTO_SLICE, C(key), "PEM file with the certificate's private key.")
    MAIN("account_sid", RD_OPTION_STRING, RD_INTO_SLICE, A(sid), false, NULL,
        "Account that auth_token belongs to; absent: it verifies requests of any account.")
    MAIN("auth_token", RD_OPTION_VALUE, RD_INTO_READ, A(tokens), true, rd_config_read_tokens,
        "Twilio's auth token, which signs the webhooks; a list while it is being rotated.")
    MAIN("api_key", RD_OPTION_STRING, RD_INTO_KEPT, A(api_key), true, NULL,
        "SID of an API key for calls to Twilio, with api_secret.")
    MAIN("api_secret", RD_OPTION_STRING, RD_INTO_SLICE, A(api_secret), true, NULL,
        "Secret of that API key.")
    VALUE("accounts", "nil", rd_config_read_accounts, 0,
        "Several accounts: a table from account SID to auth_token, api_key and api_secret.")
    { { "accounts.*.auth_token", RD_OPTION_VALUE, "nil", 0, 0,
        "The account's auth token, or a list while it is being rotated." },
      RD_INTO_READ, A(tokens), NULL, true, false, rd_config_read_tokens },
    SECRET("accounts.*.api_key", RD_INTO_KEPT, A(api_key),
        "SID of an API key of the account, with api_secret.")
    SECRET("accounts.*.api_secret", RD_INTO_SLICE, A(api_secret), "Secret of that API key.")
    TEXT("region", "nil", LATER, 0, "Twilio region of the REST API, for example \"ie1\".")
    TEXT("edge", "nil", LATER, 0, "Twilio edge location of the REST API, for example \"dublin\".")
    TEXT("from", "nil", LATER, 0, "Sender of messages for which a script names none.")
    TEXT("service", "nil", LATER, 0, "Messaging service that sends when a script names no sender.")
    VALUE("api_url", "nil", rd_config_read_api_url, C(api),
        "Base of the REST API instead of region and edge; false: Twilio is never called, so"
        " nothing can be late.")
    VALUE("routes", "nil", rd_config_read_routes, 0,
        "List of routes, the first that matches wins; none: every path goes to the script of the"
        " command line.")
    PLACE("routes.*.path", "\"/*\"", rd_config_read_path,
        "Path below public_url's prefix, exact, or \"/x/*\" for all below /x/.")
    PLACE("routes.*.script", "nil", rd_config_read_script,
        "Lua file that answers, relative to the configuration file.")
    TEXT("routes.*.to", "nil", RD_INTO_SLICE, R(to),
        "Only messages to this address of ours (status events: from it); without a channel's"
        " prefix on every channel.")
    TEXT("routes.*.channel", "nil", RD_INTO_SLICE, R(channel),
        "Only this channel: \"sms\", \"mms\", \"whatsapp\", \"rcs\", \"messenger\".")
    TEXT("routes.*.account", "nil", RD_INTO_SLICE, R(account), "Only messages of this account.")
    TEXT("routes.*.service", "nil", RD_INTO_SLICE, R(service),
        "Only messages of this messaging service.")
    DURATION("routes.*.deadline", "nil", 1000, 13500, RD_INTO_U64, R(deadline_ms),
        "This route's own deadline.")
    VALUE("routes.*.allow", "nil", rd_config_read_patterns, R(allow),
        "Only these senders reach the script: addresses (\"+15551230000\", \"whatsapp:+493...\") or"
        " their beginnings (\"+4930*\"). Whom a route refuses gets no answer, by no other route.")
    VALUE("routes.*.deny", "nil", rd_config_read_patterns, R(deny),
        "All senders but these reach the script; deny goes before allow.")
    VALUE("routes.*.countries", "nil", rd_config_read_countries, R(countries),
        "Only senders whose number was issued in these countries (\"DE\") or begins so (\"+49\").")
    VALUE("routes.*.opt_out_words", "nil", rd_config_read_opt_out_words, R(opt_out_words),
        "This route's own opt_out_words.")
    TEXT("state", "nil", RD_INTO_SLICE, C(state),
        "Folder of the self-signed certificate and the admin socket, made (0700) when missing;"
        " default $STATE_DIRECTORY, else /var/lib/replyd for root, else $XDG_STATE_HOME/replyd.")
    VALUE("store", "\"memory\"", rd_config_read_store, C(store),
        "Where answers are remembered: \"memory\" until a restart; \"sqlite\" is not in this"
        " version, memory is used instead.")
    WORD("durability", "\"full\"", "full|fast|off", LATER, 0,
        "When a message counts as written: on disk, within 10 ms, or whenever.")
    WORD("on_store_fault", "\"503\"", "503|answer", RD_INTO_ENUM, C(on_store_fault),
        "While the store is faulty: refuse with 503, or run the handler and answer unrecorded.")
    DURATION("deadline", "\"8s\"", 1000, 13500, RD_INTO_U64, C(deadline_ms),
        "When Twilio gets an answer at the latest; the hard deadline is 1 s later (14.5 s at"
        " most), Twilio's own 15 s.")
    DURATION("late_limit", "\"5m\"", 1000, OPTIONS_DAY, RD_INTO_U64, C(late_limit_ms),
        "How long a handler may go on after its message was answered, from its start.")
    DURATION("recover", "\"10m\"", 0, OPTIONS_DAY, LATER, 0,
        "Acknowledged messages older than this are not run again after a crash.")
    VALUE("waiting_reply", "nil", rd_config_read_waiting_reply, C(waiting_reply),
        "Answer at the deadline when the handler has said nothing yet and can go on, which needs"
        " late replies: they come with outgoing sends. A string or { body=, media= }.")
    VALUE("fallback_reply", "nil", rd_config_read_reply, C(fallback_reply),
        "Answer when the handler failed or could not finish: a string or { body=, media= }.")
    WORD("on_error", "\"twiml\"", "twiml|http500", RD_INTO_ENUM, C(on_error),
        "After a handler's error: TwiML with HTTP 200, or 500 so that Twilio calls the fallback"
        " URL.")
    VALUE("trusted_proxies", "nil", rd_config_read_proxies, C(proxies),
        "Addresses or networks of proxies in front of replyd, whose X-Forwarded-For is believed,"
        " and without a public_url X-Forwarded-Proto, -Host, -Port and -Prefix, too.")
    VALUE("status_callback", "nil", rd_config_read_status_callback, C(status_callback),
        "URL of status callbacks for replies that have none of their own, or false for none;"
        " default: the route's own URL if its script has a status handler.")
    VALUE("opt_out_words", "nil", rd_config_read_opt_out_words, C(opt_out_words),
        "Bodies that count as STOP, START and HELP: { STOP = {...}, START = {...}, HELP = {...} },"
        " what is missing as usual; false: none. Default: stop, stopall, unsubscribe, cancel, end,"
        " quit, revoke, optout; start, unstop; help, info.")
    TEXT("timezone", "\"UTC\"", RD_INTO_SLICE, C(timezone),
        "Time zone of schedules, for example \"Europe/Berlin\": a name of the system's zoneinfo.")
    WORD("schedule_missed", "\"once\"", "once|skip", RD_INTO_ENUM, C(schedule_missed),
        "Scheduled handlers whose time passed while replyd was suspended: run once, or skip."
        " What was missed while it was down is known from the durable store alone, which is"
        " not in this version.")
    COUNT("loop_guard.count", "15", 0, 1000, RD_INTO_UINT, C(loop_count),
        "Near-identical exchanges with one sender in loop_guard.window after which two bots are"
        " assumed: no more answers until none came for a window; 0: never.")
    DURATION("loop_guard.window", "\"60s\"", 1000, OPTIONS_DAY, RD_INTO_U64, C(loop_window_ms),
        "Time in which loop_guard.count counts.")
    VALUE("http.allow", "nil", rd_config_read_later, 0, "Hosts that scripts may call.")
    FLAG("http.allow_private", "false", LATER, 0, "Scripts may call private addresses.")
    TEXT("http.ca", "nil", LATER, 0, "PEM file of the authorities trusted for scripts' calls.")
    DURATION("http.timeout", "\"30s\"", 1, OPTIONS_DAY, LATER, 0, "Time limit of a script's call.")
    DURATION("llm.timeout", "\"120s\"", 1, OPTIONS_DAY, LATER, 0, "Time limit of replyd.llm.chat.")
    COUNT("send.rate", "1", 1, 1000, LATER, 0, "Messages per second and sender number.")
    FLAG("send.retry_unknown", "false", LATER, 0,
        "Repeat a send whose outcome is unknown (may send twice).")
    TEXT("basic_auth.user", "nil", RD_INTO_SLICE, C(basic_user),
        "User name that Twilio must send, as in https://user:password@host of its webhook URL.")
    SECRET("basic_auth.password", RD_INTO_SLICE, C(basic_password),
        "Password that Twilio must send.")
    COUNT("front_threads", "1", 1, 64, RD_INTO_UINT, C(front_threads),
        "Threads that serve connections.")
    COUNT("script_threads", "nil", 1, 256, RD_INTO_UINT, C(script_threads),
        "Threads that run scripts; default: one for each processor.")
    VALUE("admin", "nil", rd_config_read_admin, C(admin),
        "Where /healthz, /readyz and /metrics are served: unix:PATH or a loopback address:port;"
        " default unix:STATE/admin.sock; false: nowhere.")
    WORD("log.format", "\"logfmt\"", "logfmt|json", RD_INTO_ENUM, C(log_format),
        "How log lines are written.")
    WORD("log.level", "\"info\"", "trace|debug|info|warn|error", RD_INTO_ENUM, C(log_level),
        "Least level that is logged.")
    COUNT("log.lines", "100", 0, 100000, RD_INTO_UINT, C(script.log_lines),
        "Lines that one handler may log; the rest is counted.")
    DURATION("drain_limit", "\"12s\"", 1000, OPTIONS_DAY, RD_INTO_U64, C(drain_limit_ms),
        "SIGTERM: when handlers that still run are ended; never below the hard deadline.")
    DURATION("retention", "\"30d\"", 60000, 3650 * OPTIONS_DAY, RD_INTO_U64, C(retention_ms),
        "How long answers are remembered for retries.")
    BYTES("retention_size", "\"4GiB\"", MIB, 1024 * GIB, RD_INTO_U64, C(retention_size),
        "Size at which the oldest answers are forgotten early.")
    DURATION("cpu_limit", "\"500ms\"", 10, 60000, RD_INTO_NS, C(script.cpu_limit_ns),
        "CPU time of one handler.")
    DURATION("slice", "\"2ms\"", 1, 1000, RD_INTO_NS, C(script.slice_ns),
        "CPU time after which a handler makes way for others.")
    BYTES("vm_memory", "\"64MiB\"", MIB, 64 * GIB, RD_INTO_SIZE, C(script.vm_memory),
        "Memory of one script thread's Lua VM; at worst the gaps between its blocks take half as "
        "much again. A script that fills 256 MiB or more can stop its thread for a second.")
    BYTES("handler_memory", "\"32MiB\"", 64 * KIB, 64 * GIB, RD_INTO_SIZE,
        C(script.handler_memory), "Memory of one handler; at most vm_memory.")
    DURATION("load_limit", "\"2s\"", 10, 60000, RD_INTO_NS, C(script.load_limit_ns),
        "CPU time in which the scripts must load.")
    COUNT("max_lost_threads", "4", 1, 1000, RD_INTO_UINT, C(max_lost_threads),
        "Script threads that may get lost before replyd ends itself (exit code 70).")
    COUNT("max_in_flight", "10000", 1, 1000000, RD_INTO_SIZE, C(max_in_flight),
        "Messages being answered, and handlers that go on behind their answer, at a time; beyond it"
        " 503. Status and schedule handlers wait while half of it is taken.")
    COUNT("max_mailbox", "4096", 1, 1000000, RD_INTO_SIZE, C(max_mailbox),
        "Messages waiting for one script thread; beyond it 503.")
    COUNT("max_sender_queue", "20", 1, 1000, RD_INTO_SIZE, C(max_sender_queue),
        "Messages of one conversation waiting for their turn; further ones are dropped.")
    BYTES("max_body", "\"64KiB\"", KIB, 16 * MIB, RD_INTO_SIZE, C(http.max_body),
        "Body of a request; beyond it 413.")
    BYTES("max_head", "\"16KiB\"", KIB, MIB, RD_INTO_SIZE, C(http.max_head),
        "Request line and headers together; beyond it 431.")
    COUNT("max_headers", "100", 8, 1000, RD_INTO_SIZE, C(http.max_headers),
        "Headers of a request; beyond it 431.")
    BYTES("max_line", "\"8KiB\"", 256, MIB, RD_INTO_SIZE, C(http.max_line),
        "Request target (beyond it 414) and each header line (431).")
    COUNT("max_params", "1000", 10, 100000, RD_INTO_SIZE, C(max_params),
        "Parameters of a request; beyond it 413.")
    DURATION("handshake_timeout", "\"5s\"", 100, 60000, RD_INTO_U64, C(http.handshake_timeout),
        "From accept to the end of the TLS handshake.")
    DURATION("request_timeout", "\"10s\"", 100, 60000, RD_INTO_U64, C(http.request_timeout),
        "From the first byte of a request to its last.")
    DURATION("idle_timeout", "\"75s\"", 100, 3600000, RD_INTO_U64, C(http.idle_timeout),
        "How long a connection may wait for its next request.")
    COUNT("max_connections", "0", 0, 1000000, RD_INTO_SIZE, C(http.max_connections),
        "Open connections; 0: as many as RLIMIT_NOFILE allows.")
};
/* clang-format on */

#define OPTIONS_CORE (sizeof options_core / sizeof *options_core)

static struct rd_option *options_all;    /* the core's and the plugins', made once */
static pthread_once_t options_once = PTHREAD_ONCE_INIT;

/* "debug.x" from the plugin's name and its row's key, which may be written either way. */
static const char *
options_plugin_key(const char *plugin, const char *key)
{
    size_t n = strlen(plugin), size = n + strlen(key) + 2;
    char *full;

    if (strncmp(key, plugin, n) == 0 && key[n] == '.')
        return key;
    full = rd_malloc(size);
    snprintf(full, size, "%s.%s", plugin, key);
    return full;
}

static size_t
options_count_plugins(void)
{
    size_t n = 0;

    for (const struct rd_plugin *const *p = rd_plugins; *p != NULL; p++)
        for (const struct rd_option_row *o = (*p)->options; o != NULL && o->key != NULL; o++)
            n++;
    return n;
}

static void
options_make(void)
{
    struct rd_option *to;

    options_all = rd_calloc(OPTIONS_CORE + options_count_plugins() + 1, sizeof *options_all);
    memcpy(options_all, options_core, sizeof options_core);
    to = options_all + OPTIONS_CORE;
    for (const struct rd_plugin *const *p = rd_plugins; *p != NULL; p++)
        for (const struct rd_option_row *o = (*p)->options; o != NULL && o->key != NULL; o++) {
            to->row = *o;
            to->row.key = options_plugin_key((*p)->name, o->key);
            to->into = RD_INTO_PLUGIN;
            to++;
        }
}

const struct rd_option *
rd_options(void)
{
    pthread_once(&options_once, options_make);
    return options_all;
}

const struct rd_option *
rd_option_find(const char *key)
{
    for (const struct rd_option *o = rd_options(); o->row.key != NULL; o++)
        if (strcmp(o->row.key, key) == 0)
            return o;
    return NULL;
}
