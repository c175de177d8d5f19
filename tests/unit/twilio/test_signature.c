/* Signatures: every vector has the verdict of the strict rule, every failure its reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/error.h"
#include "http/form.h"
#include "http/public_url.h"
#include "twilio/signature.h"
#include "vectors.h"

/* A request as the gateway would put it together. */
struct request {
    struct rd_arena arena;
    struct rd_buf buf;
    struct rd_slice header, urls[RD_URL_CANDIDATES];
    struct rd_params params;
    struct rd_token token;
    struct rd_signature_input in;
};

static void
request_free(struct request *r)
{
    rd_arena_free(&r->arena);
    rd_buf_free(&r->buf);
    rd_token_wipe(&r->token);
}

static void
request_from_vector(struct request *r, yyjson_val *c)
{
    struct rd_slice body = vectors_slice(c, "body_raw");

    rd_arena_init(&r->arena, 1 << 20);
    rd_buf_init(&r->buf, 1 << 20);
    r->header = vectors_slice(c, "signature");
    rd_token_init(&r->token, vectors_slice(c, "auth_token"));
    r->in = (struct rd_signature_input){
        .mode = rd_signature_mode(vectors_slice(c, "method"), vectors_slice(c, "content_type")),
        .headers = &r->header, .n_headers = 1,
        .urls = r->urls, .n_urls = rd_url_candidates(vectors_slice(c, "url"), &r->buf, r->urls),
        .params = &r->params, .body = body,
        .tokens = &r->token, .n_tokens = 1,
    };
    assert_int_equal(rd_form_decode(body, SIZE_MAX, &r->arena, &r->params), 0);
}

static void
every_vector_has_the_verdict_of_the_strict_rule(void **state)
{
    yyjson_doc *doc = vectors_load("signature-vectors.json");
    yyjson_val *list = vectors_list(doc, "cases"), *c;
    enum rd_signature_failure why;
    struct request r;
    size_t i, max, wrong = 0;

    (void)state;
    yyjson_arr_foreach(list, i, max, c) {
        bool valid = yyjson_get_bool(yyjson_obj_get(c, "valid"));

        request_from_vector(&r, c);
        if ((rd_signature_check(&r.in, &why) == 0) != valid) {
            print_error("%s: should be %s\n", yyjson_get_str(yyjson_obj_get(c, "name")),
                valid ? "valid" : "not valid");
            wrong++;
        }
        request_free(&r);
    }
    assert_int_equal(wrong, 0);
    yyjson_doc_free(doc);
}

static void
what_we_sign_for_a_sample_is_what_twilio_signed(void **state)
{
    yyjson_doc *doc = vectors_load("webhook-samples.json");
    yyjson_val *list = vectors_list(doc, "samples"), *sample;
    char text[RD_SIGNATURE_TEXT + 1];
    struct rd_token token;
    struct rd_arena a;
    size_t i, max;

    (void)state;
    yyjson_arr_foreach(list, i, max, sample) {
        struct rd_params params;

        rd_arena_init(&a, 65536);
        params = vectors_params(yyjson_obj_get(sample, "params"), &a);
        rd_token_init(&token, vectors_slice(sample, "auth_token"));
        assert_int_equal(rd_signature_make(&token, vectors_slice(sample, "url"), &params, text), 0);
        assert_string_equal(text, yyjson_get_str(yyjson_obj_get(sample, "signature")));
        rd_arena_free(&a);
    }
    yyjson_doc_free(doc);
}

/* A valid request of one parameter, to be spoiled. */
static void
request_valid(struct request *r, char text[RD_SIGNATURE_TEXT + 1])
{
    static struct rd_param body = { RD_LIT("Body"), RD_LIT("hello") };

    rd_arena_init(&r->arena, 0);
    rd_buf_init(&r->buf, 0);
    r->urls[0] = RD_LIT("https://bot.example.com/sms");
    r->params = (struct rd_params){ &body, 1 };
    rd_token_init(&r->token, RD_LIT("secret"));
    assert_int_equal(rd_signature_make(&r->token, r->urls[0], &r->params, text), 0);
    r->header = rd_slice_str(text);
    r->in = (struct rd_signature_input){
        .mode = RD_SIGNED_FORM, .headers = &r->header, .n_headers = 1, .urls = r->urls, .n_urls = 1,
        .params = &r->params, .tokens = &r->token, .n_tokens = 1,
    };
}

static void
assert_refused(const struct request *r, enum rd_signature_failure wanted)
{
    enum rd_signature_failure why = RD_SIGNATURE_COUNT;

    assert_int_equal(rd_signature_check(&r->in, &why), RD_E_FORBIDDEN);
    assert_string_equal(rd_signature_failure_text(why), rd_signature_failure_text(wanted));
}

static void
every_failure_has_its_reason(void **state)
{
    char text[RD_SIGNATURE_TEXT + 1];
    enum rd_signature_failure why;
    struct rd_slice twice[2];
    struct request r;

    (void)state;
    request_valid(&r, text);
    assert_int_equal(rd_signature_check(&r.in, &why), 0);
    assert_int_equal(why, RD_SIGNATURE_COUNT);
    r.in.n_headers = 0;
    assert_refused(&r, RD_SIGNATURE_missing);
    twice[0] = twice[1] = r.header;
    r.in.headers = twice;
    r.in.n_headers = 2;
    assert_refused(&r, RD_SIGNATURE_repeated);
    r.in.n_headers = 1;
    r.in.n_tokens = 0;
    assert_refused(&r, RD_SIGNATURE_no_token);
    r.in.n_tokens = 1;
    r.in.n_urls = 0;
    assert_refused(&r, RD_SIGNATURE_mismatch);
    r.in.n_urls = 1;
    r.in.mode = RD_SIGNED_URL;
    assert_refused(&r, RD_SIGNATURE_mismatch);
    r.in.mode = RD_SIGNED_BODY;
    assert_refused(&r, RD_SIGNATURE_mismatch);
    twice[0].n = 27;
    assert_refused(&r, RD_SIGNATURE_malformed);
    request_free(&r);
}

static void
the_token_that_matched_is_told(void **state)
{
    char text[RD_SIGNATURE_TEXT + 1];
    enum rd_signature_failure why;
    struct rd_token tokens[3];
    struct request r;

    (void)state;
    request_valid(&r, text);
    rd_token_init(&tokens[0], RD_LIT("old"));
    rd_token_init(&tokens[1], RD_LIT(""));
    tokens[2] = r.token;
    r.in.tokens = tokens;
    r.in.n_tokens = 3;
    assert_int_equal(rd_signature_check(&r.in, &why), 2);
    r.in.n_tokens = 2;
    assert_refused(&r, RD_SIGNATURE_mismatch);
    request_free(&r);
}

static void
any_candidate_url_will_do(void **state)
{
    char text[RD_SIGNATURE_TEXT + 1];
    enum rd_signature_failure why;
    struct request r;

    (void)state;
    request_valid(&r, text);
    r.urls[3] = r.urls[0];
    r.urls[0] = r.urls[1] = r.urls[2] = RD_LIT("https://bot.example.com:443/sms");
    r.in.n_urls = 4;
    assert_int_equal(rd_signature_check(&r.in, &why), 0);
    r.in.n_urls = 3;
    assert_refused(&r, RD_SIGNATURE_mismatch);
    request_free(&r);
}

static void
one_changed_bit_is_refused(void **state)
{
    char text[RD_SIGNATURE_TEXT + 1], changed[RD_SIGNATURE_TEXT];
    enum rd_signature_failure why;
    struct request r;

    (void)state;
    request_valid(&r, text);
    r.header = rd_slice_make(changed, sizeof changed);
    for (size_t bit = 0; bit < 8 * sizeof changed; bit++) {
        memcpy(changed, text, sizeof changed);
        changed[bit / 8] = (char)(changed[bit / 8] ^ 1 << bit % 8);
        assert_int_equal(rd_signature_check(&r.in, &why), RD_E_FORBIDDEN);
    }
    request_free(&r);
}

/* The documented example of rule and order, and the sizes around the stack's room. */
static void
any_number_of_parameters_is_sorted(void **state)
{
    static const size_t sizes[] = { 0, 1, 63, 64, 65, 1000, 5000 };
    char forward[RD_SIGNATURE_TEXT + 1], backward[RD_SIGNATURE_TEXT + 1];
    struct rd_token token;

    (void)state;
    rd_token_init(&token, RD_LIT("12345"));
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        size_t n = sizes[s];
        struct rd_param *at = test_calloc(n + 1, sizeof *at),
                        *reversed = test_calloc(n + 1, sizeof *at);
        struct rd_params params = { at, n }, other = { reversed, n };
        char (*names)[32] = test_calloc(n + 1, sizeof *names);

        for (size_t i = 0; i < n; i++) {
            snprintf(names[i], sizeof names[i], "MediaUrl%zu", i);
            at[i] = (struct rd_param){ rd_slice_str(names[i]), rd_slice_str(names[n - 1 - i]) };
            reversed[n - 1 - i] = at[i];
        }
        assert_int_equal(rd_signature_make(&token, RD_LIT("https://h/"), &params, forward), 0);
        assert_int_equal(rd_signature_make(&token, RD_LIT("https://h/"), &other, backward), 0);
        assert_string_equal(forward, backward);
        test_free(at);
        test_free(reversed);
        test_free(names);
    }
}

static void
the_content_type_says_what_is_signed(void **state)
{
    static const struct { const char *method, *type; enum rd_signature_mode mode; } rows[] = {
        { "GET", "application/json", RD_SIGNED_URL },
        { "HEAD", "", RD_SIGNED_URL },
        { "POST", "application/x-www-form-urlencoded", RD_SIGNED_FORM },
        { "POST", "Application/X-WWW-Form-UrlEncoded ; charset=UTF-8", RD_SIGNED_FORM },
        { "POST", "", RD_SIGNED_FORM },
        { "PUT", "application/x-www-form-urlencoded", RD_SIGNED_FORM },
        { "POST", "application/x-www-form-urlencodedx", RD_SIGNED_BODY },
        { "POST", "application/json", RD_SIGNED_BODY },
        { "POST", "text/plain", RD_SIGNED_BODY },
        { "get", "text/plain", RD_SIGNED_BODY },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(
            rd_signature_mode(rd_slice_str(rows[i].method), rd_slice_str(rows[i].type)),
            rows[i].mode);
}

static bool
body_is_accepted(struct request *r, const char *url, const char *body)
{
    char text[RD_SIGNATURE_TEXT + 1];
    enum rd_signature_failure why;

    r->urls[0] = rd_slice_str(url);
    r->in.mode = RD_SIGNED_BODY;
    r->in.body = rd_slice_str(body);
    assert_int_equal(rd_signature_make(&r->token, r->urls[0], NULL, text), 0);
    r->header = rd_slice_str(text);
    return rd_signature_check(&r->in, &why) == 0;
}

#define SHA_OF_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void
a_body_is_vouched_for_by_the_first_hash(void **state)
{
    char text[RD_SIGNATURE_TEXT + 1];
    struct request r;

    (void)state;
    request_valid(&r, text);
    assert_true(body_is_accepted(&r, "https://h/x?bodySHA256=" SHA_OF_ABC, "abc"));
    assert_true(body_is_accepted(&r, "https://h/x?a=1&%62ody%53HA256=" SHA_OF_ABC "&b", "abc"));
    assert_true(body_is_accepted(&r, "https://h/x?bodySHA256=" SHA_OF_ABC "&bodySHA256=0", "abc"));
    assert_false(body_is_accepted(&r, "https://h/x?bodySHA256=0&bodySHA256=" SHA_OF_ABC, "abc"));
    assert_false(body_is_accepted(&r, "https://h/x?bodySHA256&bodySHA256=" SHA_OF_ABC, "abc"));
    assert_false(body_is_accepted(&r, "https://h/x?bodySHA256=" SHA_OF_ABC, "abd"));
    assert_false(body_is_accepted(&r, "https://h/x?bodySHA256=" SHA_OF_ABC "0", "abc"));
    assert_false(body_is_accepted(&r, "https://h/bodySHA256=" SHA_OF_ABC, "abc"));
    assert_false(body_is_accepted(&r, "https://h/x", "abc"));
    request_free(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_has_the_verdict_of_the_strict_rule),
        cmocka_unit_test(what_we_sign_for_a_sample_is_what_twilio_signed),
        cmocka_unit_test(every_failure_has_its_reason),
        cmocka_unit_test(the_token_that_matched_is_told),
        cmocka_unit_test(any_candidate_url_will_do),
        cmocka_unit_test(one_changed_bit_is_refused),
        cmocka_unit_test(any_number_of_parameters_is_sorted),
        cmocka_unit_test(the_content_type_says_what_is_signed),
        cmocka_unit_test(a_body_is_vouched_for_by_the_first_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
