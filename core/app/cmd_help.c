/* cmd_help.c - `replyd help`: prints the tables that the program itself works with. */
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/config_value.h"
#include "app/load.h"
#include "app/options.h"
#include "app/units.h"
#include "base/metric.h"
#include "base/outcome.h"
#include "base/why.h"
#include "script/script.h"

#define HELP_INDENT 6

static void
help_number(enum rd_option_type type, int64_t n)
{
    struct rd_buf text;

    rd_buf_init(&text, 64);
    if (type == RD_OPTION_DURATION)
        rd_units_put_duration(&text, n);
    else if (type == RD_OPTION_SIZE)
        rd_units_put_size(&text, n);
    else
        rd_buf_printf(&text, "%lld", (long long)n);
    printf("%.*s", RD_PRI(rd_buf_slice(&text)));
    rd_buf_free(&text);
}

/* ---- help config ---------------------------------------------------------------- */

static void
help_option(const struct rd_option *o)
{
    static const char *const types[] = {
        [RD_OPTION_BOOL] = "true or false", [RD_OPTION_INT] = "number",
        [RD_OPTION_SIZE] = "size", [RD_OPTION_DURATION] = "duration",
        [RD_OPTION_STRING] = "string", [RD_OPTION_VALUE] = "value",
    };

    printf("  %s = %s", o->row.key, o->row.standard);
    if (o->words != NULL)
        printf("   (%s)", o->words);
    else if (o->row.type != RD_OPTION_VALUE)
        printf("   (%s", types[o->row.type]);
    if (o->row.least != o->row.most) {
        printf(", ");
        help_number(o->row.type, o->row.least);
        printf(" to ");
        help_number(o->row.type, o->row.most);
    }
    puts(o->words == NULL && o->row.type != RD_OPTION_VALUE ? ")" : "");
    rd_command_print_wrapped(stdout, o->row.sentence, HELP_INDENT);
    if (o->into == RD_INTO_NOTHING || o->into == RD_INTO_KEPT || o->read == rd_config_read_later)
        printf("%*sNot in this version: checked, but ignored.\n", HELP_INDENT, "");
}

static int
help_config(void)
{
    puts("replyd.lua returns a table with these keys; key = default. It runs in an empty\n"
         "environment: env \"NAME\" and file \"PATH\" give secrets. Durations: \"500ms\" \"8s\"\n"
         "\"5m\" \"2h\" \"30d\", or seconds; sizes: \"64KiB\" \"4GiB\", or bytes. a.b is key b of\n"
         "table a, * any account or route. Without a file: TWILIO_AUTH_TOKEN,\n"
         "TWILIO_ACCOUNT_SID, TWILIO_API_KEY, TWILIO_API_SECRET.\n");
    for (const struct rd_option *o = rd_options(); o->row.key != NULL; o++)
        help_option(o);
    return RD_EXIT_OK;
}

/* ---- help lua, help metrics -------------------------------------------------------- */

static void
help_lua_row(const char *table, const struct rd_lua_fn *row, void *arg)
{
    bool is_bare = strcmp(table, "msg") == 0 || strcmp(table, "return") == 0;
    size_t n = strlen(table);
    bool named = n > 0 && strncmp(row->signature, table, n) == 0 && row->signature[n] == '.';

    (void)arg;
    printf("  %s%s%s%s\n", is_bare ? "" : "replyd.", is_bare || named ? "" : table,
           is_bare || named || n == 0 ? "" : ".", row->signature);
    rd_command_print_wrapped(stdout, row->sentence, HELP_INDENT);
}

static int
help_lua(void)
{
    const char *why = "";

    if (rd_load_open(&why) != 0) {
        fprintf(stderr, "replyd help lua: %s\n", why);
        return RD_EXIT_INTERNAL;
    }
    puts("A script is a file that returns its handlers: a function, or a table with keywords,\n"
         "message, status, opt_out and error. What a handler returns is the answer.\n");
    rd_script_each_row(help_lua_row, NULL);
    puts("\nOf Lua 5.4 itself there are the base functions, string, table, math, utf8,\n"
         "coroutine, os.clock, date, difftime and time, debug.traceback. Not io, package,\n"
         "dofile, loadfile. require \"lib.prices\", at the top of a file, runs lib/prices.lua\n"
         "of the scripts' folder, or of its lua_modules/, once for each script thread, and\n"
         "gives what that returns.");
    rd_load_close();
    return RD_EXIT_OK;
}

static int
help_metrics(void)
{
    puts("GET /metrics of the admin listener, in Prometheus' text format:\n");
    for (enum rd_metric m = 0; m < RD_METRIC_COUNT; m++) {
        const struct rd_metric_row *row = rd_metric_row(m);

        printf("  %s%s%s%s   (%s)\n", row->name, *row->labels ? "{" : "", row->labels,
               *row->labels ? "}" : "", row->type);
        rd_command_print_wrapped(stdout, row->help, HELP_INDENT);
    }
    puts("\nOutcomes of a message:\n");
#define HELP_OUTCOME(name, text) printf("  %-14s %s\n", #name, text);
    RD_OUTCOMES(HELP_OUTCOME)
    puts("\nWhy one was cancelled or dropped (`why` of its line in the log):\n");
    RD_WHYS(HELP_OUTCOME)
    puts("\nReasons of a refused signature:\n");
    RD_SIGNATURE_FAILURES(HELP_OUTCOME)
    return RD_EXIT_OK;
}

/* ---- help ---------------------------------------------------------------------------- */

static void
help_command(const struct rd_command *c)
{
    char line[1024];

    snprintf(line, sizeof line, "replyd %s %s", c->name, c->arguments);
    rd_command_print_wrapped(stdout, line, 2);
    rd_command_print_wrapped(stdout, c->sentence, HELP_INDENT);
}

static int
help_all(void)
{
    puts("replyd answers text messages: Twilio's webhooks in, TwiML out, Lua in between.\n");
    for (const struct rd_command *c = rd_commands; c->name != NULL; c++)
        help_command(c);
    puts("  replyd --version\n"
         "\nExit codes: 0 ok, 1 a negative answer, 2 usage or configuration, 69 cannot bind or\n"
         "open the store, 70 internal or lost threads.");
    return RD_EXIT_OK;
}

int
rd_cmd_help(int argc, char **argv)
{
    const char *topic = argc > 1 ? argv[1] : "";
    const struct rd_command *c = rd_command_find(topic);

    if (argc > 2)
        return rd_command_usage("help");
    if (c != NULL) {
        help_command(c);
        return RD_EXIT_OK;
    }
    if (*topic == 0)
        return help_all();
    if (strcmp(topic, "config") == 0)
        return help_config();
    if (strcmp(topic, "lua") == 0)
        return help_lua();
    if (strcmp(topic, "metrics") == 0)
        return help_metrics();
    fprintf(stderr, "replyd help: no topic %s\n", topic);
    return rd_command_usage("help");
}
