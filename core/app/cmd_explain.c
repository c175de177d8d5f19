/*
 * cmd_explain.c - `replyd explain`: why was a message refused, or why did it fail?
 *
 * SID: the running replyd is asked, which keeps the latest refused requests and warnings.
 * FILE: a log (all refusals and failures in it), or a request as it came over the wire,
 * which the configuration's tokens and URLs are tried on.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/client.h"
#include "app/command.h"
#include "app/config.h"
#include "app/explain_request.h"
#include "app/file.h"
#include "app/log_fields.h"
#include "base/error.h"
#include "base/outcome.h"
#include "base/why.h"
#include "gateway/compose.h"

#define EXPLAIN_FILE ((size_t)256 << 20)
#define EXPLAIN_TEXT (1 << 16)

struct explain {
    struct rd_config_args config;
    const char *what;
    bool json;
    yyjson_mut_doc *doc;
    yyjson_mut_val *refused, *lines;    /* what was found */
};

static bool
explain_parse(int argc, char **argv, struct explain *x)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' }, { "state", required_argument, NULL, 'd' },
        { "json", no_argument, NULL, 'j' }, { NULL, 0, NULL, 0 },
    };
    int c;

    while ((c = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
        switch (c) {
        case 'c': x->config.file = optarg; break;
        case 'd': x->config.state = optarg; break;
        case 'j': x->json = true; break;
        default: return false;
        }
    }
    x->what = optind < argc ? argv[optind++] : NULL;
    return optind == argc && x->what != NULL && *x->what != '\0';
}

static struct rd_config *
explain_config(struct explain *x)
{
    struct rd_config *c = NULL;
    struct rd_buf errors, warnings;

    rd_buf_init(&errors, EXPLAIN_TEXT);
    rd_buf_init(&warnings, EXPLAIN_TEXT);
    if (rd_config_load(&x->config, &c, &errors, &warnings) != 0)
        fprintf(stderr, "replyd explain: %.*s", RD_PRI(rd_buf_slice(&errors)));
    rd_buf_free(&errors);
    rd_buf_free(&warnings);
    return c;
}

/* ---- the log --------------------------------------------------------------------------- */

static bool
explain_is(const yyjson_mut_val *o, const char *key, const char *value)
{
    return yyjson_mut_equals_str(yyjson_mut_obj_get((yyjson_mut_val *)(uintptr_t)o, key), value);
}

static const char *
explain_text(yyjson_mut_val *o, const char *key)
{
    const char *text = yyjson_mut_get_str(yyjson_mut_obj_get(o, key));

    return text ? text : "";
}

/* A warning or an error about a message, or a message that ended otherwise than well. */
static bool
explain_is_failure(const yyjson_mut_val *o)
{
    static const char *const well[] = { "ok", "empty", "early", "late", "replay", "join",
                                        "merged" };

    if (yyjson_mut_obj_get((yyjson_mut_val *)(uintptr_t)o, "sid") == NULL)
        return false;
    if (explain_is(o, "level", "warn") || explain_is(o, "level", "error"))
        return true;
    if (!explain_is(o, "event", "message") && !explain_is(o, "event", "status"))
        return false;
    for (size_t i = 0; i < sizeof well / sizeof *well; i++)
        if (explain_is(o, "outcome", well[i]))
            return false;
    return true;
}

/* What a message that has no answer of its own is told of. */
static void
explain_add_sentence(struct explain *x, yyjson_mut_val *o)
{
    static const struct { const char *name, *text; } whys[] = {
#define EXPLAIN_WHY(name, text) { #name, text },
        RD_WHYS(EXPLAIN_WHY)
#undef EXPLAIN_WHY
    };
    const char *outcome = explain_text(o, "outcome"), *text = NULL;
    char sentence[256];

    if (!explain_is(o, "event", "message"))
        return;
    if (strcmp(outcome, "merged") == 0)
        text = "part of a joined burst (debounce): its last part has the answer";
    for (size_t i = 0; i < sizeof whys / sizeof *whys; i++)
        if (explain_is(o, "why", whys[i].name))
            text = whys[i].text;
    if (text == NULL)
        text = rd_outcome_failure(outcome);
    if (text == NULL)
        return;
    snprintf(sentence, sizeof sentence, "%s: %s", outcome, text);
    yyjson_mut_obj_add_strcpy(x->doc, o, "sentence", sentence);
}

/* sid NULL: of any message, where being merged is no failure. */
static void
explain_take_line(struct explain *x, struct rd_slice line, const char *sid)
{
    yyjson_mut_val *o = rd_log_fields(x->doc, line);

    if (o == NULL || (sid != NULL && !explain_is(o, "sid", sid)))
        return;
    if (!explain_is_failure(o) && (sid == NULL || !explain_is(o, "outcome", "merged")))
        return;
    explain_add_sentence(x, o);
    yyjson_mut_arr_append(x->lines, o);
}

/* What Twilio's identifiers are made of: it goes into a request line as it is. */
static bool
explain_is_sid(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

    return text[n] == '\0' && n < 200;
}

/* ---- sources --------------------------------------------------------------------------- */

static int
explain_of_server(struct explain *x)
{
    const struct rd_slice prefix = RD_LIT("unix:");
    struct rd_config *c = explain_config(x);
    struct rd_client_request r = { .unix_path = NULL };
    struct rd_client_answer a = { .status = 0 };
    char why[256] = "admin is no unix socket", text[512];
    int error = RD_E_ADDRESS;
    yyjson_doc *got;

    if (c == NULL)
        return RD_EXIT_USAGE;
    if (!explain_is_sid(x->what)) {
        rd_config_free(c);
        return RD_EXIT_NO;
    }
    snprintf(text, sizeof text, "GET /explain/%s HTTP/1.1\r\nHost: replyd\r\n"
             "Connection: close\r\n\r\n", x->what);
    r.text = rd_slice_str(text);
    if (rd_slice_starts(c->admin, prefix)) {
        r.unix_path = strndup(c->admin.p + prefix.n, c->admin.n - prefix.n);
        error = rd_client_call(&r, &a, why, sizeof why);
    }
    if (error != 0 || a.status != 200)
        fprintf(stderr, "replyd explain: %s: no such file, and the running replyd cannot be asked"
                        " (%s)\n", x->what, error != 0 ? why : "refused");
    got = a.status == 200 ? yyjson_read(a.body.p, a.body.n, 0) : NULL;
    if (got != NULL) {
        yyjson_val *root = yyjson_doc_get_root(got), *line;
        size_t i, n;

        x->refused = yyjson_val_mut_copy(x->doc, yyjson_obj_get(root, "refused"));
        yyjson_arr_foreach(yyjson_obj_get(root, "lines"), i, n, line)
            explain_take_line(x, rd_slice_make(yyjson_get_str(line), yyjson_get_len(line)),
                              x->what);
        yyjson_doc_free(got);
    }
    free((char *)(uintptr_t)r.unix_path);
    rd_client_free(&a);
    rd_config_free(c);
    return error == 0 ? RD_EXIT_OK : RD_EXIT_NO;
}

static int
explain_of_request(struct explain *x, struct rd_slice text)
{
    struct rd_config *c = explain_config(x);
    yyjson_mut_val *o = NULL;
    struct rd_buf errors;

    if (c == NULL)
        return RD_EXIT_USAGE;
    rd_buf_init(&errors, EXPLAIN_TEXT);
    rd_compose_open();
    if (rd_config_prepare(c, &errors) == 0)
        o = rd_explain_request(x->doc, c, text);
    if (o != NULL)
        yyjson_mut_arr_append(x->refused, o);
    else
        fprintf(stderr, "replyd explain: %s: the request's head has no end\n", x->what);
    rd_config_unprepare(c);
    rd_compose_close();
    rd_config_free(c);
    rd_buf_free(&errors);
    return o != NULL ? RD_EXIT_OK : RD_EXIT_NO;
}

static int
explain_of_file(struct explain *x, const char *path)
{
    struct rd_slice rest;
    struct rd_buf text;
    int status = RD_EXIT_OK, error;

    rd_buf_init(&text, EXPLAIN_FILE);
    error = rd_file_read_stream(path, &text);
    rest = rd_buf_slice(&text);
    if (error != 0) {
        fprintf(stderr, "replyd explain: %s: %s\n", x->what,
                error == RD_E_IO ? strerror(errno) : rd_error_text(error));
        status = RD_EXIT_USAGE;
    } else if (rd_explain_request_is(rest)) {
        status = explain_of_request(x, rest);
    } else {
        while (rest.n > 0) {
            struct rd_slice line = rd_slice_make(rest.p, rd_slice_find(rest, '\n'));

            explain_take_line(x, line, NULL);
            rest = rd_slice_skip(rest, line.n + 1);
        }
    }
    rd_buf_free(&text);
    return status;
}

/* ---- what is printed -------------------------------------------------------------------- */

static void
explain_print_refused(yyjson_mut_val *o)
{
    const char *peer = explain_text(o, "peer");

    printf("refused: %s\n    %s %s%s%s, account %s\n    %s\n    (%llu variants tried)\n",
           explain_text(o, "reason"), explain_text(o, "method"), explain_text(o, "path"),
           *peer ? " from " : "", peer, explain_text(o, "account"), explain_text(o, "why"),
           (unsigned long long)yyjson_mut_get_uint(yyjson_mut_obj_get(o, "tried")));
}

/* "SID event: sentence", if there is one, and then the other fields. */
static void
explain_print_line(yyjson_mut_val *o)
{
    static const char *const known[] = { "ts", "level", "event", "sid", "sentence" };
    const char *sentence = explain_text(o, "sentence");
    yyjson_mut_val *key, *value;
    size_t i, n;

    printf("%s %s %s:%s%s", explain_text(o, "ts"), explain_text(o, "sid"),
           explain_text(o, "event"), *sentence ? " " : "", sentence);
    yyjson_mut_obj_foreach(o, i, n, key, value) {
        bool skip = false;
        char *text = NULL;

        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            skip = skip || yyjson_mut_equals_str(key, known[k]);
        if (skip)
            continue;
        if (!yyjson_mut_is_str(value))
            text = yyjson_mut_val_write(value, 0, NULL);
        printf("\n    %s: %s", yyjson_mut_get_str(key), text ? text : yyjson_mut_get_str(value));
        free(text);
    }
    putchar('\n');
}

static void
explain_print(struct explain *x)
{
    yyjson_mut_val *o, *root;
    size_t i, n;
    char *text;

    if (x->json) {
        root = yyjson_mut_obj(x->doc);
        yyjson_mut_obj_add_val(x->doc, root, "refused", x->refused);
        yyjson_mut_obj_add_val(x->doc, root, "log", x->lines);
        text = yyjson_mut_val_write(root, YYJSON_WRITE_PRETTY_TWO_SPACES, NULL);
        puts(text ? text : "{}");
        free(text);
        return;
    }
    yyjson_mut_arr_foreach(x->refused, i, n, o)
        explain_print_refused(o);
    yyjson_mut_arr_foreach(x->lines, i, n, o)
        explain_print_line(o);
}

int
rd_cmd_explain(int argc, char **argv)
{
    struct explain x = { .config = { .client = true } };
    int status;

    if (!explain_parse(argc, argv, &x))
        return rd_command_usage("explain");
    x.doc = yyjson_mut_doc_new(NULL);
    x.refused = yyjson_mut_arr(x.doc);
    x.lines = yyjson_mut_arr(x.doc);
    if (strcmp(x.what, "-") == 0)
        status = explain_of_file(&x, "/dev/stdin");
    else if (access(x.what, F_OK) == 0 || strchr(x.what, '/') != NULL)
        status = explain_of_file(&x, x.what);
    else
        status = explain_of_server(&x);
    if (status == RD_EXIT_OK && yyjson_mut_arr_size(x.refused) + yyjson_mut_arr_size(x.lines) == 0)
        status = RD_EXIT_NO;
    if (x.json || status == RD_EXIT_OK)
        explain_print(&x);
    else if (status == RD_EXIT_NO)
        fprintf(stderr, "replyd explain: nothing is known of %s (the running replyd keeps the"
                        " latest refusals and warnings; older ones are in its log)\n", x.what);
    yyjson_mut_doc_free(x.doc);
    return status;
}
