/*
 * cmd_text.c - `replyd text`: its command line, and what it prints. Where the
 * message goes and how it is signed is text_send.c.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/text_send.h"
#include "app/twiml_text.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/utf8.h"

static const struct option text_options[] = {
    { "config", required_argument, NULL, 'c' }, { "to", required_argument, NULL, 't' },
    { "media", required_argument, NULL, 'm' }, { "whatsapp", no_argument, NULL, 'w' },
    { "status", required_argument, NULL, 's' }, { "sid", required_argument, NULL, 'i' },
    { "url", required_argument, NULL, 'u' }, { "token", required_argument, NULL, 'k' },
    { "account", required_argument, NULL, 'a' }, { "xml", no_argument, NULL, 'x' },
    { "insecure", no_argument, NULL, 'n' }, { "state", required_argument, NULL, 'd' },
    { NULL, 0, NULL, 0 },
};

/* Says which argument is missing; false then. */
static bool
text_is_complete(const struct rd_text *t)
{
    if (t->from != NULL && (t->body != NULL || t->status != NULL || t->n_media > 0))
        return true;
    fprintf(stderr, "replyd text: %s\n",
            t->from == NULL ? "FROM is missing"
                            : "nothing to say: BODY, --media or --status is missing");
    return false;
}

static bool
text_parse(int argc, char **argv, struct rd_text *t)
{
    int c;

    while ((c = getopt_long(argc, argv, "c:", text_options, NULL)) != -1) {
        switch (c) {
        case 'c': t->config.file = optarg; break;
        case 'd': t->config.state = optarg; break;
        case 't': t->to = optarg; break;
        case 'm':
            if (t->n_media == RD_TEXT_MEDIA)
                return false;
            t->media[t->n_media++] = optarg;
            break;
        case 'w': t->whatsapp = true; break;
        case 's': t->status = optarg; break;
        case 'i': t->sid = optarg; break;
        case 'u': t->url = optarg; break;
        case 'k': t->token = optarg; break;
        case 'a': t->account = optarg; break;
        case 'x': t->xml = true; break;
        case 'n': t->insecure = true; break;
        default: return false;
        }
    }
    t->from = optind < argc ? argv[optind++] : NULL;
    t->body = optind < argc ? argv[optind++] : NULL;
    return optind == argc && text_is_complete(t);
}

static bool
text_says(const char *name, const char *value)
{
    if (value == NULL || rd_utf8_is_valid(rd_slice_str(value)))
        return true;
    fprintf(stderr, "replyd text: %s is not UTF-8; Twilio sends nothing else\n", name);
    return false;
}

/* What Twilio never sends: all parameters are UTF-8. */
static bool
text_is_utf8(const struct rd_text *t)
{
    for (size_t i = 0; i < t->n_media; i++)
        if (!text_says("--media", t->media[i]))
            return false;
    return text_says("FROM", t->from) && text_says("the body", t->body)
        && text_says("--to", t->to) && text_says("--status", t->status)
        && text_says("--sid", t->sid) && text_says("--account", t->account)
        && text_says("--url", t->url);
}

/* ---- what is printed ------------------------------------------------------------- */

/* Why a status that is no success may have come. */
static const char *
text_hint(int status)
{
    switch (status) {
    case 400: return "the request was malformed";
    case 401: return "user and password are missing or wrong: is this the configuration (-c) whose"
                     " basic_auth the server has? They go to its own listeners and public_url"
                     " only; elsewhere --url https://user:password@host names them";
    case 403: return "the signature was refused: is this the account's token (--token, --account),"
                     " and the URL one that public_url names? The log says which";
    case 404: return "no route for this path (replyd check prints them)";
    case 408: return "the request took too long";
    case 429:
    case 503: return "overloaded, starting or draining; the log says which";
    case 500: return "the handler failed (on_error = \"http500\"); the log has the traceback";
    default: return "";
    }
}

static int
text_refused(const struct rd_client_answer *a)
{
    const char *hint = text_hint(a->status);

    fprintf(stderr, "replyd text: HTTP %d after %.0f ms%s%s\n", a->status,
            (double)a->ns / (double)RD_MS, *hint ? ": " : "", hint);
    return RD_EXIT_NO;
}

static int
text_print_xml(const struct rd_client_answer *a)
{
    fwrite(a->body.p, 1, a->body.n, stdout);
    return RD_EXIT_OK;
}

static int
text_print(const struct rd_text *t, const struct rd_client_answer *a)
{
    double ms = (double)a->ns / (double)RD_MS;
    struct rd_buf text;
    int status = RD_EXIT_OK;

    rd_buf_init(&text, RD_CLIENT_ANSWER);
    if (a->status == 204 || a->body.n == 0)
        rd_buf_put_str(&text, t->status ? "(taken)" : "(no reply)");
    else if (rd_twiml_text(a->body, "        ", &text) != 0)
        status = RD_EXIT_NO;
    if (status == RD_EXIT_OK)
        printf("replyd  %.*s\n        (HTTP %d after %.0f ms)\n", RD_PRI(rd_buf_slice(&text)),
               a->status, ms);
    else
        fprintf(stderr, "replyd text: the answer is no TwiML:\n%.*s\n", RD_PRI(a->body));
    rd_buf_free(&text);
    return status;
}

static void
text_print_question(const struct rd_text *t)
{
    printf("you     %s\n", t->status ? t->status : t->body ? t->body : "");
    for (size_t i = 0; i < t->n_media; i++)
        printf("        [media] %s\n", t->media[i]);
    fflush(stdout);
}

int
rd_cmd_text(int argc, char **argv)
{
    struct rd_text t = { .config = { .client = true } };
    struct rd_client_answer answer;
    struct rd_buf why;
    int status;

    if (!text_parse(argc, argv, &t))
        return rd_command_usage("text");
    if (!text_is_utf8(&t))
        return RD_EXIT_USAGE;
    rd_buf_init(&why, 1 << 16);
    if (!t.xml)
        text_print_question(&t);
    status = rd_text_send(&t, &answer, &why);
    if (status != 0) {
        fprintf(stderr, "replyd text: %.*s\n", RD_PRI(rd_slice_trim(rd_buf_slice(&why))));
        status = status == RD_E_CONFIG ? RD_EXIT_USAGE : RD_EXIT_NO;
    } else if (answer.status / 100 != 2) {
        status = text_refused(&answer);
    } else {
        status = t.xml ? text_print_xml(&answer) : text_print(&t, &answer);
    }
    rd_buf_free(&why);
    rd_client_free(&answer);
    return status;
}
