/* The TwiML writer is total and gives the canonical bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "twilio/twiml.h"
#include "vectors.h"

static struct rd_reply *
reply_from_vector(yyjson_val *v)
{
    struct rd_reply *r = rd_reply_new(1 << 20);
    yyjson_val *redirect = yyjson_obj_get(v, "redirect"), *message, *url;
    size_t i, max, k, most;

    yyjson_arr_foreach(yyjson_obj_get(v, "messages"), i, max, message) {
        struct rd_reply_message *m = rd_reply_add(r);

        m->body = vectors_slice(message, "body");
        m->nouns = yyjson_equals_str(yyjson_obj_get(message, "form"), "nouns");
        m->to = vectors_slice(message, "to");
        m->from = vectors_slice(message, "from");
        m->action = vectors_slice(message, "action");
        m->method = vectors_slice(message, "method");
        m->status_callback = vectors_slice(message, "statusCallback");
        yyjson_arr_foreach(yyjson_obj_get(message, "media"), k, most, url)
            m->media[m->n_media++] = rd_slice_make(yyjson_get_str(url), yyjson_get_len(url));
    }
    r->redirect = vectors_slice(redirect, "url");
    r->redirect_method = vectors_slice(redirect, "method");
    return r;
}

static void
every_vector_gives_its_canonical_bytes(void **state)
{
    yyjson_doc *doc = vectors_load("twiml-vectors.json");
    yyjson_val *list = vectors_list(doc, "cases"), *c;
    size_t i, max, wrong = 0;

    (void)state;
    yyjson_arr_foreach(list, i, max, c) {
        struct rd_reply *r = reply_from_vector(yyjson_obj_get(c, "reply"));
        bool legal = yyjson_get_bool(yyjson_obj_get(c, "input_is_legal_xml"));
        struct rd_buf b;
        int removed;

        rd_buf_init(&b, 1 << 20);
        removed = rd_twiml_write(r, &b);
        if (!rd_slice_eq(rd_buf_slice(&b), vectors_slice(c, "canonical")) ||
            removed != (legal ? 0 : 1)) {
            print_error("%s: %d removed, %.*s\n", yyjson_get_str(yyjson_obj_get(c, "name")),
                removed, RD_PRI(rd_buf_slice(&b)));
            wrong++;
        }
        rd_buf_free(&b);
        rd_reply_free(r);
    }
    assert_int_equal(wrong, 0);
    yyjson_doc_free(doc);
}

/* The document of one message with this body. */
static int
written(struct rd_slice body, struct rd_buf *b)
{
    struct rd_reply *r = rd_reply_new(65536);
    int removed;

    rd_reply_add(r)->body = body;
    rd_buf_init(b, 1 << 20);
    removed = rd_twiml_write(r, b);
    rd_reply_free(r);
    return removed;
}

static void
nothing_to_say_is_an_empty_response(void **state)
{
    struct rd_reply *r = rd_reply_new(100);
    struct rd_buf b;

    (void)state;
    rd_buf_init(&b, 1024);
    assert_int_equal(rd_twiml_write(NULL, &b), 0);
    assert_true(rd_slice_eq(rd_buf_slice(&b), RD_LIT(RD_TWIML_EMPTY)));
    rd_buf_reset(&b);
    assert_int_equal(rd_twiml_write(r, &b), 0);
    assert_true(rd_slice_eq(rd_buf_slice(&b), RD_LIT(RD_TWIML_EMPTY)));
    rd_buf_free(&b);
    rd_reply_free(r);
}

static void
media_need_no_body_and_attributes_have_an_order(void **state)
{
    struct rd_reply *r = rd_reply_new(1024);
    struct rd_reply_message *m = rd_reply_add(r);
    struct rd_buf b;

    (void)state;
    m->media[m->n_media++] = RD_LIT("https://e.com/?a=1&b=2");
    m->status_callback = RD_LIT("/s");
    m->method = RD_LIT("GET");
    m->action = RD_LIT("\"\t\r\n&<>'");
    m->from = RD_LIT("+2");
    m->to = RD_LIT("+1");
    m->tag = RD_LIT("stays here");
    rd_buf_init(&b, 1024);
    assert_int_equal(rd_twiml_write(r, &b), 0);
    assert_true(rd_slice_eq(rd_buf_slice(&b), RD_LIT(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Message to=\"+1\" from=\"+2\""
        " action=\"&quot;&#x9;&#xD;&#xA;&amp;&lt;>'\" method=\"GET\" statusCallback=\"/s\">"
        "<Media>https://e.com/?a=1&amp;b=2</Media></Message></Response>")));
    rd_buf_free(&b);
    rd_reply_free(r);
}

static void
assert_holds(const struct rd_buf *b, struct rd_slice part)
{
    if (memmem(b->p, b->n, part.p, part.n) == NULL)
        fail_msg("%.*s not in %.*s", RD_PRI(part), RD_PRI(rd_buf_slice(b)));
}

static void
every_forbidden_character_is_removed_and_counted(void **state)
{
    struct rd_buf b;

    (void)state;
    assert_int_equal(written(RD_LIT("a\0b\x1F" "c\x0B\x7F"), &b), 3);
    assert_true(rd_slice_find(rd_buf_slice(&b), '\0') == b.n);
    assert_holds(&b, RD_LIT("<Message>abc\x7F</Message>"));
    rd_buf_free(&b);
    assert_int_equal(written(RD_LIT("\xED\xA0\xBD\xED\xB1\x8D \xEF\xBF\xBE\xEF\xBF\xBF"), &b), 4);
    assert_holds(&b, RD_LIT("<Message> </Message>"));
    rd_buf_free(&b);
}

static void
invalid_utf8_is_repaired(void **state)
{
    struct rd_buf b;

    (void)state;
    assert_int_equal(written(RD_LIT("a\xFF" "b\xE2\x82<\xF0\x9F"), &b), 0);
    assert_holds(&b, RD_LIT("<Message>a\uFFFD" "b\uFFFD&lt;\uFFFD</Message>"));
    rd_buf_free(&b);
}

static void
a_full_buffer_is_an_error(void **state)
{
    struct rd_buf b;

    (void)state;
    rd_buf_init(&b, 60);
    assert_int_equal(rd_twiml_write(NULL, &b), 0);
    assert_int_equal(rd_twiml_write(NULL, &b), RD_E_TOO_BIG);
    rd_buf_free(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_gives_its_canonical_bytes),
        cmocka_unit_test(nothing_to_say_is_an_empty_response),
        cmocka_unit_test(media_need_no_body_and_attributes_have_an_order),
        cmocka_unit_test(every_forbidden_character_is_removed_and_counted),
        cmocka_unit_test(invalid_utf8_is_repaired),
        cmocka_unit_test(a_full_buffer_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
