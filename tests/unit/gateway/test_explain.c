/*
 * A mis-set proxy, port, prefix or token is explained by the right sentence: a table
 * of what was configured, what Twilio really called and signed, and what arrived.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "gateway/explain.h"
#include "http/form.h"
#include "vectors.h"

#define FORM "MessageSid=SM1&AccountSid=AC1&From=%2B1555&Empty=&Body=hello"

struct row {
    const char *urls;          /* public_url; several with a blank between; "": none */
    const char *signed_url;    /* what Twilio called */
    const char *target;        /* what arrived */
    const char *headers;       /* "Name: value\n..."; Host: bot.example.com unless here */
    const char *sentence;
    const char *token;         /* that signed; NULL: the first of AC1 */
    const char *form;          /* that was signed; NULL: the one that arrives */
    const char *arrives;       /* NULL: FORM */
    const char *account;       /* AccountSid; NULL: AC1 */
    const char *method;        /* NULL: POST */
};

#define PUBLIC "https://bot.example.com"
#define IF "it matches if "

static const struct row rows[] = {
    /* scheme */
    { "http://bot.example.com", PUBLIC "/sms", "/sms", "",
      IF "public_url were https://bot.example.com", .token = NULL },
    { PUBLIC, "http://bot.example.com/sms", "/sms", "",
      IF "public_url were http://bot.example.com", .token = NULL },
    { "http://bot.example.com:80", PUBLIC "/sms", "/sms", "",
      IF "public_url were https://bot.example.com", .token = NULL },
    /* host */
    { "https://old.example.com", PUBLIC "/sms", "/sms", "",
      IF "public_url were https://bot.example.com", .token = NULL },
    { "https://old.example.com", "http://bot.example.com/sms", "/sms", "",
      IF "public_url were http://bot.example.com", .token = NULL },
    { "https://Bot.Example.com", PUBLIC "/sms", "/sms", "Host: 10.0.0.5\n",
      IF "public_url were https://bot.example.com", .token = NULL },
    { "https://old.example.com", "https://abc.ngrok.example/sms", "/sms",
      "Host: 127.0.0.1:8080\nX-Forwarded-Host: abc.ngrok.example\nX-Forwarded-Proto: https\n",
      IF "public_url were https://abc.ngrok.example", .token = NULL },
    { "https://a.example https://b.example", PUBLIC "/sms", "/sms", "",
      IF "public_url were https://bot.example.com", .token = NULL },
    /* port */
    { PUBLIC, "https://bot.example.com:8443/sms", "/sms", "Host: bot.example.com:8443\n",
      IF "public_url were https://bot.example.com:8443", .token = NULL },
    { PUBLIC ":9443", "https://bot.example.com:8443/sms", "/sms", "Host: bot.example.com:8443\n",
      IF "public_url were https://bot.example.com:8443", .token = NULL },
    { PUBLIC, "http://bot.example.com:8080/sms", "/sms", "Host: bot.example.com:8080\n",
      IF "public_url were http://bot.example.com:8080", .token = NULL },
    { PUBLIC, "https://bot.example.com:4433/sms", "/sms", "Host: 10.0.0.5\n",
      IF "public_url were https://bot.example.com:4433", .token = NULL },    /* listen */
    /* prefix */
    { PUBLIC "/hook", PUBLIC "/sms", "/sms", "",
      IF "public_url were https://bot.example.com", .token = NULL },
    { PUBLIC, PUBLIC "/hook/sms", "/sms", "X-Forwarded-Prefix: /hook\n",
      IF "public_url were https://bot.example.com/hook", .token = NULL },
    { PUBLIC "/hook", PUBLIC "/sms", "/hook/sms", "",
      IF "the URL were https://bot.example.com/sms", .token = NULL },
    { PUBLIC, PUBLIC "/sms", "/inner/sms", "",
      IF "the URL were https://bot.example.com/sms (without the first part of its path)",
      .token = NULL },
    { PUBLIC, PUBLIC "/twilio/in?a=1", "/sms", "X-Original-URI: /twilio/in?a=1\n",
      IF "the URL were https://bot.example.com/twilio/in?a=1 (as X-Original-URI has it)",
      .token = NULL },
    { "http://bot.example.com/hook", PUBLIC "/other/sms", "/sms", "X-Forwarded-Prefix: /other\n"
      "X-Forwarded-Host: bot.example.com\nX-Forwarded-Proto: https\n",
      IF "public_url were https://bot.example.com/other", .token = NULL },
    /* path and query */
    { PUBLIC, PUBLIC "/sms/", "/sms", "",
      IF "the URL were https://bot.example.com/sms/ (with a slash at its end)", .token = NULL },
    { PUBLIC, PUBLIC "/sms", "/sms/", "",
      IF "the URL were https://bot.example.com/sms (without the slash at its end)", .token = NULL },
    { PUBLIC, PUBLIC "//sms", "/sms", "",
      IF "the URL were https://bot.example.com//sms (with two slashes before its path)",
      .token = NULL },
    { PUBLIC, PUBLIC "/sms?q=a%20b%2Fc", "/sms?q=a+b/c", "",
      IF "the URL were https://bot.example.com/sms?q=a%20b%2Fc (with its query encoded again)",
      .token = NULL },
    { PUBLIC, PUBLIC "/sms?q=a/b", "/sms?q=a%2Fb", "",
      IF "the URL were https://bot.example.com/sms?q=a/b (with its query decoded)", .token = NULL },
    { PUBLIC, PUBLIC "/sms", "/sms?utm=1", "",
      IF "the URL were https://bot.example.com/sms (without its query)", .token = NULL },
    /* proxies, no public_url */
    { "", PUBLIC "/sms", "/sms", "Host: 127.0.0.1:8080\nX-Forwarded-Proto: https\n"
      "X-Forwarded-Host: bot.example.com\n",
      IF "trusted_proxies had 10.0.0.7, or public_url were https://bot.example.com",
      .token = NULL },
    { "", PUBLIC "/sms", "/sms", "", IF "public_url were https://bot.example.com", .token = NULL },
    { "", PUBLIC ":8443/sms", "/sms", "Host: 127.0.0.1\nX-Forwarded-Proto: https\n"
      "X-Forwarded-Host: bot.example.com\nX-Forwarded-Port: 8443\n",
      IF "trusted_proxies had 10.0.0.7, or public_url were https://bot.example.com:8443",
      .token = NULL },
    { "", PUBLIC "/hook/sms", "/sms", "Host: 127.0.0.1\nX-Forwarded-Proto: https\n"
      "X-Forwarded-Host: bot.example.com\nX-Forwarded-Prefix: /hook\n",
      IF "trusted_proxies had 10.0.0.7, or public_url were https://bot.example.com/hook",
      .token = NULL },
    /* tokens */
    { PUBLIC, PUBLIC "/sms", "/sms", "", IF "account AC1 had the token of AC2",
      .token = "token of AC2" },
    { PUBLIC, PUBLIC "/sms", "/sms", "", IF "account AC9 had the token of AC2",
      .token = "token of AC2",
      .arrives = "AccountSid=AC9&Body=x", .account = "AC9" },
    { "http://bot.example.com", PUBLIC "/sms", "/sms", "",
      IF "public_url were https://bot.example.com and account AC1 had the token of AC2",
      .token = "token of AC2" },
    /* forms that were changed on their way */
    { PUBLIC, PUBLIC "/sms", "/sms", "", IF "the values had no blanks around them",
      .form = "AccountSid=AC1&Body=x", .arrives = "AccountSid=AC1&Body=+x%0A" },
    { PUBLIC, PUBLIC "/sms", "/sms", "", IF "the empty parameters were left out",
      .form = "AccountSid=AC1&Body=x", .arrives = "AccountSid=AC1&Body=x&ToZip=" },
    { PUBLIC, PUBLIC "/sms", "/sms", "", IF "only the first of each repeated parameter counted",
      .form = "AccountSid=AC1&Body=x", .arrives = "AccountSid=AC1&Body=x&Body=y" },
    { PUBLIC, PUBLIC "/sms", "/sms", "", IF "only the last of each repeated parameter counted",
      .form = "AccountSid=AC1&Body=y", .arrives = "AccountSid=AC1&Body=x&Body=y" },
    { PUBLIC, PUBLIC "/sms", "/sms", "", IF "the line ends were CR LF",
      .form = "AccountSid=AC1&Body=a%0D%0Ab", .arrives = "AccountSid=AC1&Body=a%0Ab" },
    { PUBLIC, PUBLIC "/sms", "/sms", "", IF "the line ends were LF",
      .form = "AccountSid=AC1&Body=a%0Ab", .arrives = "AccountSid=AC1&Body=a%0D%0Ab" },
    { PUBLIC, PUBLIC "/sms", "/sms", "", IF "the method were POST (something in front makes a GET"
      " of it)", .method = "GET" },
    { PUBLIC, PUBLIC "/sms?" FORM, "/sms?" FORM, "", IF "the query's parameters were signed as"
      " those of a form (method POST)", .form = FORM, .arrives = "", .method = "GET" },
    { PUBLIC, PUBLIC "/sms", "/sms", "", IF "the parameters were not decoded (something in front"
      " encodes them twice)",
      .form = "AccountSid=AC1&Body=a%2520b", .arrives = "AccountSid=AC1&Body=a%20b" },
    { PUBLIC, PUBLIC "/sms", "/sms", "", IF "the URL alone were signed (as for GET and JSON)",
      .form = "" },
    { PUBLIC, PUBLIC "/sms", "/sms", "Content-Type: text/plain\n",
      IF "the Content-Type were application/x-www-form-urlencoded", .token = NULL },
    /* nothing of the kind */
    { PUBLIC, PUBLIC "/sms", "/sms", "", "none of * variants of URL, token and parameters matches:"
      " most likely the token is not the primary auth token of account AC1", .token = "unknown" },
    { PUBLIC, PUBLIC "/sms", "/sms", "", "no token is configured for account AC9, and none of the"
      " others matches", .token = "unknown", .arrives = "AccountSid=AC9", .account = "AC9" },
};

/* ---- a case ------------------------------------------------------------------------------ */

#define MOST 16

struct scene {
    struct rd_arena arena;
    struct rd_public_url urls[MOST];
    struct rd_token keys[2];
    struct rd_account accounts[2];
    struct rd_listen listen;
    struct rd_http_header headers[MOST];
    char signature[RD_SIGNATURE_TEXT + 1];
    struct rd_config config;
    struct rd_http_request request;
    struct rd_explain e;
};

static void
scene_configure(struct scene *s, const char *urls)
{
    struct rd_slice rest = rd_slice_str(urls);

    rd_token_init(&s->keys[0], RD_LIT("token of AC1"));
    rd_token_init(&s->keys[1], RD_LIT("token of AC2"));
    for (size_t i = 0; i < 2; i++)
        s->accounts[i] = (struct rd_account){ .sid = i ? RD_LIT("AC2") : RD_LIT("AC1"),
                                              .keys = &s->keys[i], .n_tokens = 1 };
    s->listen = (struct rd_listen){ .port = 4433 };
    s->config = (struct rd_config){ .public_urls = s->urls, .accounts = s->accounts,
                                    .n_accounts = 2, .listen = &s->listen, .n_listen = 1 };
    while (rest.n > 0) {
        size_t n = rd_slice_find(rest, ' ');

        assert_int_equal(rd_public_url_parse(rd_slice_make(rest.p, n),
                                             &s->urls[s->config.n_public_urls++]), 0);
        rest = rd_slice_skip(rest, n + 1);
    }
}

static void
scene_header(struct scene *s, struct rd_slice name, struct rd_slice value)
{
    assert_true(s->request.n_headers < MOST);
    s->headers[s->request.n_headers++] = (struct rd_http_header){ name, value };
}

static void
scene_headers(struct scene *s, const char *text)
{
    struct rd_slice rest = rd_slice_str(text);

    while (rest.n > 0) {
        struct rd_slice line = rd_slice_make(rest.p, rd_slice_find(rest, '\n'));
        size_t colon = rd_slice_find(line, ':');

        scene_header(s, rd_slice_make(line.p, colon),
                     rd_slice_trim(rd_slice_skip(line, colon + 1)));
        rest = rd_slice_skip(rest, line.n + 1);
    }
    if (strstr(text, "Host: ") != text)
        scene_header(s, RD_LIT("Host"), RD_LIT("bot.example.com"));
    if (strstr(text, "Content-Type") == NULL)
        scene_header(s, RD_LIT("Content-Type"), RD_LIT("application/x-www-form-urlencoded"));
}

static void
scene_request(struct scene *s, const char *method, const char *target, const char *headers,
              const char *body)
{
    struct rd_slice whole = rd_slice_str(target);
    size_t path = rd_slice_find(whole, '?');

    s->request = (struct rd_http_request){
        .method = rd_slice_str(method), .target = whole, .path = rd_slice_make(whole.p, path),
        .query = rd_slice_skip(whole, path + 1), .headers = s->headers, .peer = RD_LIT("10.0.0.7"),
        .body = rd_slice_str(body),
    };
    scene_headers(s, headers);
}

static void
scene_sign(struct scene *s, const char *token, const char *url, const char *form)
{
    struct rd_params params;
    struct rd_token key;

    rd_token_init(&key, rd_slice_str(token));
    assert_int_equal(rd_form_decode(rd_slice_str(form), 1000, &s->arena, &params), 0);
    assert_int_equal(rd_signature_make(&key, rd_slice_str(url), &params, s->signature), 0);
    scene_header(s, RD_LIT("X-Twilio-Signature"), rd_slice_str(s->signature));
}

static void
scene_make(struct scene *s, const struct row *row)
{
    const char *arrives = row->arrives ? row->arrives : FORM;
    const char *account = row->account ? row->account : "AC1";

    memset(s, 0, sizeof *s);
    rd_arena_init(&s->arena, 1 << 20);
    scene_configure(s, row->urls);
    scene_request(s, row->method ? row->method : "POST", row->target, row->headers, arrives);
    scene_sign(s, row->token ? row->token : "token of AC1", row->signed_url,
               row->form ? row->form : arrives);
    s->e = (struct rd_explain){
        .config = &s->config, .request = &s->request, .account = rd_slice_str(account),
        .why = strcmp(account, "AC9") == 0 ? RD_SIGNATURE_no_token : RD_SIGNATURE_mismatch,
    };
}

/* Equal, "*" in expected stands for digits. */
static bool
says(const char *said, const char *expected)
{
    for (; *expected != '\0'; expected++) {
        if (*expected != '*') {
            if (*said++ != *expected)
                return false;
            continue;
        }
        while (*said >= '0' && *said <= '9')
            said++;
    }
    return *said == '\0';
}

static bool
explained(struct scene *s, const char *sentence)
{
    struct rd_buf out;
    bool right;

    rd_buf_init(&out, 4096);
    rd_explain(&s->e, &out);
    rd_buf_put_char(&out, '\0');
    right = says(out.p, sentence);
    if (!right)
        print_error("%.*s is explained by\n  %s, not by\n  %s\n", RD_PRI(s->request.target), out.p,
                    sentence);
    if (strstr(out.p, s->signature) != NULL)
        fail_msg("the sentence has a signature in it");
    rd_buf_free(&out);
    return right;
}

static void
every_mistake_has_its_sentence(void **state)
{
    size_t wrong = 0, n = sizeof rows / sizeof *rows;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        struct scene s;

        scene_make(&s, &rows[i]);
        wrong += !explained(&s, rows[i].sentence);
        assert_int_equal(s.e.found, strncmp(rows[i].sentence, IF, sizeof IF - 1) == 0);
        rd_arena_free(&s.arena);
    }
    print_message("%zu mistakes, %zu of them not explained\n", n, wrong);
    assert_true(n >= 30);
    assert_int_equal(wrong, 0);
}

static void
headers_that_are_no_signature(void **state)
{
    static const struct {
        const char *before, *after;
        size_t cut;
        const char *sentence;
    } cases[] = {
        { "\"", "\"", 0, IF "the header were the 28 characters alone, not 30" },
        { "", "", 1, IF "the header were the 28 characters alone, not 27" },
        { "", ", x", 0, IF "the header were the 28 characters alone, not 31" },
        { "x", "", 0, "X-Twilio-Signature is not 28 characters of base64: the caller is not Twilio,"
          " or something in front changes the header" },
    };
    struct row row = { PUBLIC, PUBLIC "/sms", "/sms", "", NULL, .token = NULL };
    struct scene s;
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scene_make(&s, &row);
        snprintf(text, sizeof text, "%s%.*s%s", cases[i].before,
                 (int)(RD_SIGNATURE_TEXT - cases[i].cut), s.signature, cases[i].after);
        s.headers[s.request.n_headers - 1].value = rd_slice_str(text);
        s.e.why = RD_SIGNATURE_malformed;
        assert_true(explained(&s, cases[i].sentence));
        rd_arena_free(&s.arena);
    }
    scene_make(&s, &row);
    s.e.why = RD_SIGNATURE_repeated;
    assert_true(explained(&s, IF "it came in one X-Twilio-Signature header only"));
    s.request.n_headers--;
    s.e.why = RD_SIGNATURE_missing;
    assert_true(explained(&s, "no X-Twilio-Signature came: the caller is not Twilio, or something"
                              " in front takes the header away"));
    rd_arena_free(&s.arena);
}

static void
a_json_body_that_was_changed(void **state)
{
    struct row row = { PUBLIC, PUBLIC "/sms?bodySHA256=00", "/sms?bodySHA256=00",
                       "Content-Type: application/json\n", NULL, .form = "", .arrives = "{}" };
    struct scene s;

    (void)state;
    scene_make(&s, &row);
    assert_true(explained(&s, IF "the body were the one of bodySHA256 (something in front changes"
                              " the body)"));
    rd_arena_free(&s.arena);
}

/* A forger's body is large, its signature wrong: the search gives up soon. */
static void
work_is_bounded(void **state)
{
    static char body[65536];
    struct row row = { "https://old.example.com/hook http://b.example", PUBLIC "/sms",
                       "/sms?a=1&b=%20", "X-Forwarded-Host: x.example\nX-Forwarded-Prefix: /p\n",
                       NULL, .token = "unknown" };
    struct rd_buf out;
    struct scene s;
    uint64_t start;

    (void)state;
    memset(body, 'x', sizeof body - 1);
    memcpy(body, "AccountSid=AC1&Body= ", 21);
    row.arrives = body;
    scene_make(&s, &row);
    rd_buf_init(&out, 4096);
    start = rd_clock_ns();
    rd_explain(&s.e, &out);
    print_message("%u tries in %.1f ms\n", s.e.tried, (double)(rd_clock_ns() - start) / 1e6);
    assert_false(s.e.found);
    assert_in_range(s.e.tried, 50, 2 * (RD_EXPLAIN_BYTES / sizeof body));
    rd_buf_free(&out);
    rd_arena_free(&s.arena);
}

/* ---- what strangers send ------------------------------------------------------------------ */

/* Up to n pieces, as a slice of out. */
static struct rd_slice
random_text(char *out, size_t size, uint32_t n)
{
    static const char *const pieces[] = {
        "/", "//", "?", "&", "=", "%20", "%", "%2", "%FF", "%zz", "+", "#", ":", "@", "a", "A",
        "\xFF", "\xC3\xA9", " ", "\t", "\n", "\r\n", ",", ";", "\"", "[::1]", ":443",
        "https://", "Body=", "AccountSid=AC1", "bodySHA256=0", "sms", "http", "0",
    };
    size_t used = 0;

    for (n = random_below(n + 1); n > 0; n--) {
        const char *piece = pieces[random_below(sizeof pieces / sizeof *pieces)];

        if (used + strlen(piece) >= size)
            break;
        memcpy(out + used, piece, strlen(piece));
        used += strlen(piece);
    }
    return rd_slice_make(out, used);
}

static void
random_scene(struct scene *s, char room[10][256])
{
    static const char *const urls[] = { "", PUBLIC, PUBLIC "/hook http://b.example:81" };
    static const char *const types[] = { "application/json", "text/plain", "" };
    static const char *const names[] = { "Host", "X-Forwarded-Host", "X-Forwarded-Proto",
        "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Original-URI" };
    size_t path;

    memset(s, 0, sizeof *s);
    rd_arena_init(&s->arena, 1 << 20);
    scene_configure(s, urls[random_below(3)]);
    s->request.target = random_text(room[0], sizeof room[0], 12);
    path = rd_slice_find(s->request.target, '?');
    s->request.path = rd_slice_make(s->request.target.p, path);
    s->request.query = rd_slice_skip(s->request.target, path + 1);
    s->request.method = random_below(3) == 0 ? RD_LIT("GET") : RD_LIT("POST");
    s->request.headers = s->headers;
    s->request.peer = RD_LIT("10.0.0.7");
    s->request.body = random_text(room[1], sizeof room[1], 30);
    if (random_below(2) == 0)
        scene_header(s, RD_LIT("Content-Type"), rd_slice_str(types[random_below(3)]));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (random_below(2) == 0)
            scene_header(s, rd_slice_str(names[i]), random_text(room[2 + i], sizeof room[0], 4));
    memset(s->signature, 'A' + (int)random_below(26), RD_SIGNATURE_TEXT - 1);
    s->signature[RD_SIGNATURE_TEXT - 1] = '=';
    s->e = (struct rd_explain){ .config = &s->config, .request = &s->request,
                                .account = RD_LIT("AC1"), .why = RD_SIGNATURE_mismatch };
    if (random_below(4) == 0)
        s->e.why = RD_SIGNATURE_malformed;
    scene_header(s, RD_LIT("X-Twilio-Signature"), s->e.why == RD_SIGNATURE_malformed
                 ? random_text(room[8], sizeof room[8], 20) : rd_slice_str(s->signature));
}

/* All of it is searched before anything is verified. */
static void
nothing_that_strangers_send_is_found_or_does_harm(void **state)
{
    static char room[10][256];
    size_t n = scaled(100000, 2000);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        struct rd_buf out;
        struct scene s;

        random_scene(&s, room);
        rd_buf_init(&out, 1 << 16);
        rd_explain(&s.e, &out);
        assert_false(s.e.found);
        assert_int_equal(out.error, 0);
        assert_true(out.n > 20 && s.e.tried < 2000);
        assert_null(memmem(out.p, out.n, "token of AC", 11));    /* the secret */
        rd_buf_free(&out);
        rd_arena_free(&s.arena);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mistake_has_its_sentence),
        cmocka_unit_test(headers_that_are_no_signature),
        cmocka_unit_test(a_json_body_that_was_changed),
        cmocka_unit_test(work_is_bounded),
        cmocka_unit_test(nothing_that_strangers_send_is_found_or_does_harm),
    };

    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
