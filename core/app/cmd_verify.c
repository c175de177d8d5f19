/*
 * cmd_verify.c - `replyd verify`: is this signature right, and if not, what would have
 * been? For a request that somebody has in front of them; no configuration is read.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/file.h"
#include "base/error.h"
#include "base/mem.h"
#include "gateway/explain.h"
#include "http/form.h"

#define VERIFY_BODY ((size_t)256 << 20)    /* bytes; no limit of the server counts here */
#define VERIFY_TOKEN 65536

struct verify {
    const char *url, *token, *signature, *type, *body_file, *method;
    struct rd_buf body, token_text, urls, why;
    struct rd_arena arena;
    struct rd_slice header, candidates[RD_URL_CANDIDATES];
    struct rd_params params;
    struct rd_token key;
    struct rd_signature_input in;
};

static const struct option verify_options[] = {
    { "url", required_argument, NULL, 'u' }, { "token", required_argument, NULL, 't' },
    { "signature", required_argument, NULL, 's' }, { "content-type", required_argument, NULL, 'c' },
    { "body", required_argument, NULL, 'b' }, { "method", required_argument, NULL, 'm' },
    { NULL, 0, NULL, 0 },
};

static bool
verify_parse(int argc, char **argv, struct verify *v)
{
    int c;

    while ((c = getopt_long(argc, argv, "", verify_options, NULL)) != -1) {
        switch (c) {
        case 'u': v->url = optarg; break;
        case 't': v->token = optarg; break;
        case 's': v->signature = optarg; break;
        case 'c': v->type = optarg; break;
        case 'b': v->body_file = optarg; break;
        case 'm': v->method = optarg; break;
        default: return false;
        }
    }
    return optind == argc && v->url != NULL && v->token != NULL && v->signature != NULL;
}

/* ---- what is given ------------------------------------------------------------------- */

static bool
verify_read(const char *path, struct rd_buf *out)
{
    int error = rd_file_read_stream(strcmp(path, "-") == 0 ? "/dev/stdin" : path, out);

    if (error != 0)
        fprintf(stderr, "replyd verify: %s: %s\n", path,
                error == RD_E_IO ? strerror(errno) : rd_error_text(error));
    return error == 0;
}

/* @FILE: its contents without the line end at their end, as in the configuration. */
static bool
verify_read_token(struct verify *v)
{
    struct rd_buf *t = &v->token_text;

    if (v->token[0] != '@') {
        rd_buf_put_str(t, v->token);
        return true;
    }
    if (!verify_read(v->token + 1, t))
        return false;
    while (t->n > 0 && (t->p[t->n - 1] == '\n' || t->p[t->n - 1] == '\r'))
        t->n--;
    return true;
}

static bool
verify_make_input(struct verify *v)
{
    v->header = rd_slice_str(v->signature);
    v->in = (struct rd_signature_input){
        .mode = rd_signature_mode(rd_slice_str(v->method), rd_slice_str(v->type)),
        .headers = &v->header, .n_headers = 1, .urls = v->candidates,
        .n_urls = rd_url_candidates(rd_slice_str(v->url), &v->urls, v->candidates),
        .params = &v->params, .body = rd_buf_slice(&v->body), .tokens = &v->key, .n_tokens = 1,
    };
    rd_token_init(&v->key, rd_buf_slice(&v->token_text));
    if (v->in.n_urls == 0) {
        fprintf(stderr, "replyd verify: %s: no URL (scheme://host...)\n", v->url);
        return false;
    }
    if (v->in.mode == RD_SIGNED_FORM
        && rd_form_decode(v->in.body, SIZE_MAX, &v->arena, &v->params) != 0) {
        fprintf(stderr, "replyd verify: the body is too large\n");
        return false;
    }
    return true;
}

/* ---- what would have matched ------------------------------------------------------------- */

/* The URL as a public URL without prefix, and the target below it, maybe empty. */
static void
verify_split(const struct verify *v, struct rd_public_url *base, struct rd_http_request *r)
{
    struct rd_slice url = rd_slice_str(v->url), rest;
    size_t scheme = (size_t)(strstr(v->url, "://") - v->url), end = scheme + 3, path;

    url.n = rd_slice_find(url, '#');
    while (end < url.n && url.p[end] != '/' && url.p[end] != '?')
        end++;
    if (rd_public_url_parse(rd_slice_make(url.p, end), base) != 0)
        *base = (struct rd_public_url){ .scheme = rd_slice_make(url.p, scheme),
                                        .host = rd_slice_make(url.p + scheme + 3,
                                                              end - scheme - 3) };
    rest = rd_slice_skip(url, end);
    path = rd_slice_find(rest, '?');
    r->target = rest;
    r->path = rd_slice_make(rest.p, path);
    r->query = rd_slice_skip(rest, path + 1);
}

static void
verify_explain(struct verify *v, enum rd_signature_failure why)
{
    struct rd_slice trimmed = rd_slice_trim(rd_buf_slice(&v->token_text));
    struct rd_token keys[2] = { v->key };
    struct rd_account accounts[2] = { { .keys = &keys[0], .n_tokens = 1 },
                                      { .keys = &keys[1], .n_tokens = 1 } };
    struct rd_http_header headers[] = {
        { RD_LIT("content-type"), rd_slice_str(v->type) },
        { RD_LIT("x-twilio-signature"), v->header },
    };
    struct rd_public_url base;
    struct rd_config config = { .public_urls = &base, .n_public_urls = 1, .accounts = accounts };
    struct rd_http_request request = {
        .method = rd_slice_str(v->method), .headers = headers, .n_headers = 2,
        .body = rd_buf_slice(&v->body),
    };
    struct rd_explain e = { .config = &config, .request = &request, .why = why,
                            .at_prompt = true };

    rd_token_init(&keys[1], trimmed);
    config.n_accounts = trimmed.n < v->token_text.n ? 2 : 1;
    verify_split(v, &base, &request);
    rd_explain(&e, &v->why);
    rd_memzero(keys, sizeof keys);
}

static int
verify_all(struct verify *v)
{
    enum rd_signature_failure why;

    if (!verify_read_token(v) || (v->body_file != NULL && !verify_read(v->body_file, &v->body))
        || !verify_make_input(v))
        return RD_EXIT_USAGE;
    if (rd_signature_check(&v->in, &why) >= 0) {
        puts("valid");
        return RD_EXIT_OK;
    }
    verify_explain(v, why);
    printf("not valid: %.*s\n", RD_PRI(rd_buf_slice(&v->why)));
    return RD_EXIT_NO;
}

int
rd_cmd_verify(int argc, char **argv)
{
    struct verify v = { .type = "application/x-www-form-urlencoded", .method = "POST" };
    int status;

    if (!verify_parse(argc, argv, &v))
        return rd_command_usage("verify");
    rd_buf_init(&v.body, VERIFY_BODY);
    rd_buf_init(&v.token_text, VERIFY_TOKEN);
    rd_buf_init(&v.urls, SIZE_MAX / 2);
    rd_buf_init(&v.why, VERIFY_BODY);
    rd_arena_init(&v.arena, SIZE_MAX / 2);
    status = verify_all(&v);
    if (v.token_text.p != NULL)
        rd_memzero(v.token_text.p, v.token_text.cap);
    rd_token_wipe(&v.key);
    rd_arena_free(&v.arena);
    rd_buf_free(&v.why);
    rd_buf_free(&v.urls);
    rd_buf_free(&v.token_text);
    rd_buf_free(&v.body);
    return status;
}
