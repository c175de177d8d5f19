/*
 * cmd_check.c - `replyd check`: loads everything as run would, says what it found.
 * Errors and warnings go to standard error, what is right to standard output.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/assigned.h"
#include "app/command.h"
#include "app/config.h"
#include "app/load.h"
#include "app/route_never.h"
#include "app/unknown.h"
#include "gateway/compose.h"
#include "gateway/debounce.h"
#include "gateway/lua_msg.h"

#define CHECK_TEXT (1 << 20)    /* bytes of errors or warnings */

/* "label  value" with the label on the first line only. */
static void
check_print(const char *label, struct rd_slice value, const char *note)
{
    printf("%-12s %.*s%s\n", label, RD_PRI(value), note);
}

static void
check_print_config(const struct rd_config *c)
{
    check_print("configured", c->path.n ? c->path : RD_LIT("by flags and environment"), "");
    for (size_t i = 0; i < c->n_listen; i++)
        check_print(i ? "" : "listen", c->listen[i].text,
                    c->listen[i].tls && c->certificate.n == 0 ? " (self-signed certificate)" : "");
    for (size_t i = 0; i < c->n_public_urls; i++) {
        const struct rd_public_url *u = &c->public_urls[i];

        printf("%-12s %.*s://%.*s%s%.*s%.*s\n", i ? "" : "public URL", RD_PRI(u->scheme),
               RD_PRI(u->host), u->port.n ? ":" : "", RD_PRI(u->port), RD_PRI(u->prefix));
    }
    for (size_t i = 0; i < c->n_accounts; i++)
        check_print(i ? "" : "account",
                    c->accounts[i].sid.n ? c->accounts[i].sid : RD_LIT("any"),
                    c->accounts[i].n_tokens > 1 ? " (several tokens)" : "");
    check_print("state", c->state, "");
    check_print("admin", c->admin.n ? c->admin : RD_LIT("none"), "");
}

static void
check_print_condition(const char *name, struct rd_slice value)
{
    if (value.n > 0)
        printf(" %s=%.*s", name, RD_PRI(value));
}

static void
check_print_handlers(const struct rd_generation *g, unsigned script)
{
    static const struct {
        enum rd_handler handler;
        const char *name;
    } handlers[] = {
        { RD_HANDLER_MESSAGE, "message" }, { RD_HANDLER_STATUS, "status" },
        { RD_HANDLER_OPT_OUT, "opt_out" }, { RD_HANDLER_SCHEDULE, "schedule" },
    };
    unsigned n = rd_script_keyword_count(g, script);

    printf("%-12s   ", "");
    for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++)
        if (rd_script_has(g, script, handlers[i].handler))
            printf(" %s", handlers[i].name);
    for (unsigned i = 0; i < n; i++)
        printf("%s \"%.*s\"", i ? "," : " keywords", RD_PRI(rd_script_keyword_at(g, script, i)));
    putchar('\n');
}

/* How a script's messages wait, where it says so; then its schedule. */
static void
check_print_times(const struct rd_config *c, const struct rd_generation *g,
                  const struct rd_route *r)
{
    static const char *const names[] = {
        [RD_CONCURRENCY_QUEUE] = "queue", [RD_CONCURRENCY_LATEST] = "latest",
        [RD_CONCURRENCY_DROP] = "drop",
    };
    unsigned script = r->script;
    enum rd_concurrency concurrency = rd_script_concurrency(g, script);
    uint64_t debounce_ms = rd_script_debounce(g, script);
    uint64_t most_ms = rd_debounce_most(r->deadline_ms);

    if (concurrency != RD_CONCURRENCY_QUEUE)
        printf("%-12s    concurrency=%s\n", "", names[concurrency]);
    if (debounce_ms > most_ms)
        printf("%-12s    debounce=%gs (%gs: the rest of the deadline is the handler's)\n", "",
               (double)debounce_ms / 1000, (double)most_ms / 1000);
    else if (debounce_ms > 0)
        printf("%-12s    debounce=%gs\n", "", (double)debounce_ms / 1000);
    for (unsigned i = 0; i < rd_script_entry_count(g, script); i++)
        printf("%-12s    schedule \"%.*s\" %.*s\n", "",
               RD_PRI(rd_script_entry_at(g, script, i)->line), RD_PRI(c->timezone));
}

static void
check_print_patterns(const char *name, const struct rd_patterns *list)
{
    for (size_t i = 0; i < list->n; i++)
        printf("%s%s%.*s", i ? "," : " ", i ? "" : name, RD_PRI(list->at[i]));
}

/* After the script's name: a route that only takes space. */
static void
check_print_never(const struct rd_config *c, size_t route)
{
    struct rd_buf why;

    rd_buf_init(&why, 1024);
    if (rd_route_never(c, route, &why))
        printf(" (never matches: %.*s)", RD_PRI(rd_buf_slice(&why)));
    rd_buf_free(&why);
}

static void
check_print_routes(const struct rd_config *c, const struct rd_generation *g)
{
    for (size_t i = 0; i < c->n_routes; i++) {
        const struct rd_route *r = &c->routes[i];

        printf("%-12s %.*s%s", i ? "" : "routes", RD_PRI(r->path), r->subtree ? "*" : "");
        check_print_condition("to", r->to);
        check_print_condition("channel", r->channel);
        check_print_condition("account", r->account);
        check_print_condition("service", r->service);
        if (r->deadline_ms != c->deadline_ms)
            printf(" deadline=%gs", (double)r->deadline_ms / 1000);
        check_print_patterns("allow=", &r->allow);
        check_print_patterns("deny=", &r->deny);
        check_print_patterns("countries=", &r->countries);
        printf(" -> %.*s", RD_PRI(c->scripts[r->script]));
        check_print_never(c, i);
        putchar('\n');
        check_print_handlers(g, r->script);
        check_print_times(c, g, r);
    }
}

struct check_sources {
    const struct rd_generation *g;
    struct rd_buf *warnings;
};

/* Modules too; but whoever wrote a rock knows what it keeps and asks for. */
static void
check_source(void *arg, struct rd_slice path, struct rd_slice text)
{
    struct check_sources *c = arg;

    for (struct rd_slice at = path; at.n > 0; at = rd_slice_skip(at, 1))
        if (rd_slice_starts(at, RD_LIT("/lua_modules/")))
            return;
    rd_assigned_find(path, text, c->warnings);
    rd_unknown_find(c->g, path, text, c->warnings);
}

/* Each line of text with a word before it. */
static void
check_print_lines(const char *word, struct rd_slice text)
{
    while (text.n > 0) {
        size_t n = rd_slice_find(text, '\n');

        if (n > 0)
            fprintf(stderr, "%s: %.*s\n", word, RD_PRI(rd_slice_make(text.p, n)));
        text = rd_slice_skip(text, n + 1);
    }
}

/* The scripts' errors go to errors; false when there are any. */
static bool
check_scripts(struct rd_config *c, struct rd_buf *errors, struct rd_buf *warnings)
{
    struct rd_generation *g;
    const struct rd_script_host host = { .vm_open = rd_lua_msg_open };
    const char *why = "";

    if (rd_load_open(&why) != 0) {
        rd_buf_printf(errors, "%s\n", why);
        return false;
    }
    c->script_threads = 1;    /* all VMs are built alike */
    g = rd_load_generation(c, &host, c, NULL, errors);
    if (g != NULL) {
        check_print_config(c);
        check_print_routes(c, g);
        rd_generation_sources(g, check_source,
                              &(struct check_sources){ .g = g, .warnings = warnings });
        rd_generation_unref(g);
    }
    rd_load_close();
    return g != NULL;
}

static int
check_all(const struct rd_config_args *args)
{
    struct rd_config *config;
    struct rd_buf errors, warnings;
    bool ok;

    rd_buf_init(&errors, CHECK_TEXT);
    rd_buf_init(&warnings, CHECK_TEXT);
    ok = rd_config_load(args, &config, &errors, &warnings) == 0;
    rd_compose_open();
    if (ok)
        ok = rd_config_prepare(config, &errors) == 0;
    if (ok)
        ok = check_scripts(config, &errors, &warnings);
    fflush(stdout);
    check_print_lines("warning", rd_buf_slice(&warnings));
    check_print_lines("error", rd_buf_slice(&errors));
    if (ok)
        puts("ok");
    if (config != NULL)
        rd_config_unprepare(config);
    rd_config_free(config);
    rd_compose_close();
    rd_buf_free(&errors);
    rd_buf_free(&warnings);
    return ok ? RD_EXIT_OK : RD_EXIT_NO;
}

int
rd_cmd_check(int argc, char **argv)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' }, { NULL, 0, NULL, 0 },
    };
    struct rd_config_args args = { .file = NULL };
    int c;

    while ((c = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
        if (c != 'c')
            return rd_command_usage("check");
        args.file = optarg;
    }
    if (optind < argc)
        args.script = argv[optind++];
    if (optind != argc)
        return rd_command_usage("check");
    return check_all(&args);
}
