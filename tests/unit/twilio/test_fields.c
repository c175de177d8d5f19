/* What the parameters of a webhook mean, for every sample and for what Twilio may send one day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "http/form.h"
#include "twilio/fields.h"
#include "vectors.h"

static struct rd_message *
message(struct rd_slice form)
{
    struct rd_message *m = rd_message_new(65536, 0);

    assert_int_equal(rd_form_decode(form, 1000, &m->arena, &m->params), 0);
    assert_int_equal(rd_fields_read(m), 0);
    return m;
}

#define MESSAGE(form) message(RD_LIT(form))
#define assert_slice(s, text) assert_slice_is(#s, s, RD_LIT(text))

static void
assert_slice_is(const char *what, struct rd_slice s, struct rd_slice wanted)
{
    if (!rd_slice_eq(s, wanted))
        fail_msg("%s: \"%.*s\" is not \"%.*s\"", what, RD_PRI(s), RD_PRI(wanted));
}

static void
assert_media(const struct rd_message *m, yyjson_val *wanted)
{
    yyjson_val *medium;
    size_t i, max;

    assert_int_equal(m->n_media, yyjson_arr_size(wanted));
    yyjson_arr_foreach(wanted, i, max, medium) {
        assert_slice_is("url", m->media[i].url, vectors_slice(medium, "url"));
        assert_slice_is("type", m->media[i].type, vectors_slice(medium, "type"));
    }
}

static void
assert_is_expected(const struct rd_message *m, yyjson_val *wanted)
{
    const struct { const char *key; struct rd_slice value; } fields[] = {
        { "id", m->id }, { "account", m->account }, { "service", m->service }, { "from", m->from },
        { "to", m->to }, { "phone", m->phone }, { "channel", m->channel }, { "body", m->body },
        { "text", m->text }, { "word", m->word }, { "args", m->args },
    };
    yyjson_val *params = yyjson_obj_get(wanted, "params"), *name, *value;
    size_t i, max;

    for (i = 0; i < sizeof fields / sizeof fields[0]; i++)
        assert_slice_is(fields[i].key, fields[i].value, vectors_slice(wanted, fields[i].key));
    assert_media(m, yyjson_obj_get(wanted, "media"));
    assert_int_equal(m->is_fallback, yyjson_obj_get(wanted, "fallback") != NULL);
    yyjson_obj_foreach(params, i, max, name, value) {
        const char *key = yyjson_get_str(name);

        assert_slice_is(key, rd_params_get(&m->params, rd_slice_str(key)),
                        rd_slice_make(yyjson_get_str(value), yyjson_get_len(value)));
    }
}

/* The expected message of a sample; NULL when none is written down. */
static yyjson_val *
expected_of(yyjson_val *list, struct rd_slice name)
{
    yyjson_val *e;
    size_t i, max;

    yyjson_arr_foreach(list, i, max, e)
        if (rd_slice_eq(vectors_slice(e, "name"), name))
            return yyjson_obj_get(e, "msg");
    return NULL;
}

static void
every_sample_is_read_as_written_down(void **state)
{
    yyjson_doc *samples = vectors_load("webhook-samples.json"),
               *expected = vectors_load("expected-samples.json");
    yyjson_val *list = vectors_list(samples, "samples"),
               *wanted = vectors_list(expected, "samples"), *s;
    size_t i, max;

    (void)state;
    yyjson_arr_foreach(list, i, max, s) {
        struct rd_message *m = message(vectors_slice(s, "body_raw"));
        yyjson_val *e = expected_of(wanted, vectors_slice(s, "name"));

        if (yyjson_equals_str(yyjson_obj_get(s, "kind"), "inbound")) {
            assert_int_equal(m->kind, RD_KIND_MESSAGE);
            assert_non_null(e);
            assert_is_expected(m, e);
        } else {
            assert_int_equal(m->kind, RD_KIND_STATUS);
            assert_null(e);
            assert_slice_is(
                "status", m->status, rd_params_get(&m->params, RD_LIT("MessageStatus")));
            assert_slice_is("channel", m->channel, vectors_slice(s, "channel"));
        }
        rd_message_unref(m);
    }
    yyjson_doc_free(samples);
    yyjson_doc_free(expected);
}

static void
the_kind_follows_the_status_parameters(void **state)
{
    static const struct {
        struct rd_slice form;
        enum rd_message_kind kind;
        struct rd_slice status;
    } rows[] = {
        {RD_LIT("SmsStatus=received&Body=hi"), RD_KIND_MESSAGE, RD_LIT("")},
        {RD_LIT("SmsStatus=receiving"), RD_KIND_MESSAGE, RD_LIT("")},
        {RD_LIT("Body=hi"), RD_KIND_MESSAGE, RD_LIT("")},
        {RD_LIT("MessageStatus=&SmsStatus=received"), RD_KIND_MESSAGE, RD_LIT("")},
        {RD_LIT("MessageStatus=sent&SmsStatus=sent"), RD_KIND_STATUS, RD_LIT("sent")},
        {RD_LIT("MessageStatus=received&SmsStatus=received"), RD_KIND_STATUS, RD_LIT("received")},
        {RD_LIT("MessageStatus=teleported"), RD_KIND_STATUS, RD_LIT("teleported")},
        {RD_LIT("SmsStatus=delivered"), RD_KIND_STATUS, RD_LIT("delivered")},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rd_message *m = message(rows[i].form);

        assert_int_equal(m->kind, rows[i].kind);
        assert_slice_is("status", m->status, rows[i].status);
        rd_message_unref(m);
    }
}

static void
the_id_is_the_first_sid_with_a_value(void **state)
{
    struct rd_message *m = MESSAGE("SmsMessageSid=SM3&SmsSid=SM2&MessageSid=SM1");

    (void)state;
    assert_slice(m->id, "SM1");
    rd_message_unref(m);
    m = MESSAGE("SmsMessageSid=SM3&SmsSid=SM2&MessageSid=");
    assert_slice(m->id, "SM2");
    rd_message_unref(m);
    m = MESSAGE("SmsMessageSid=SM3");
    assert_slice(m->id, "SM3");
    rd_message_unref(m);
}

static void
the_channel_is_the_prefix_or_sms_or_mms(void **state)
{
    static const struct { struct rd_slice form, channel; } rows[] = {
        { RD_LIT("From=%2B1555"), RD_LIT("sms") },
        { RD_LIT("From=%2B1555&NumMedia=1"), RD_LIT("mms") },
        { RD_LIT("From=%2B1555&MessageSid=MM1&NumMedia=0"), RD_LIT("mms") },
        { RD_LIT("From=%2B1555&MediaUrl0=https://e"), RD_LIT("mms") },
        { RD_LIT("From=whatsapp:%2B1555&NumMedia=1"), RD_LIT("whatsapp") },
        { RD_LIT("From=telepathy:bob"), RD_LIT("telepathy") },
        { RD_LIT("From=%2B1555&To=rcs:agent"), RD_LIT("rcs") },
        { RD_LIT("From=12:30&To=:x"), RD_LIT("sms") },
        { RD_LIT(""), RD_LIT("sms") },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rd_message *m = message(rows[i].form);

        assert_slice_is("channel", m->channel, rows[i].channel);
        rd_message_unref(m);
    }
}

static void
a_phone_is_e164_without_prefix(void **state)
{
    (void)state;
    assert_slice(rd_address_phone(RD_LIT("+14155551234")), "+14155551234");
    assert_slice(rd_address_phone(RD_LIT("whatsapp:+447700900513")), "+447700900513");
    assert_slice(rd_address_phone(RD_LIT("22395")), "");
    assert_slice(rd_address_phone(RD_LIT("MYBRAND")), "");
    assert_slice(rd_address_phone(RD_LIT("messenger:4410998655688910")), "");
    assert_slice(rd_address_phone(RD_LIT("+0123456")), "");
    assert_slice(rd_address_phone(RD_LIT("+1234567890123456")), "");
    assert_slice(rd_address_phone(RD_LIT("+1 415")), "");
    assert_slice(rd_address_phone(RD_LIT("+")), "");
    assert_slice(rd_address_phone(RD_LIT("")), "");
}

static void
media_go_as_far_as_their_urls(void **state)
{
    struct rd_message *m =
        MESSAGE("NumMedia=9999999999&MediaUrl1=b&MediaUrl0=a&MediaContentType1=t&MediaUrl3=d");

    (void)state;
    assert_int_equal(m->n_media, 2);
    assert_slice(m->media[0].url, "a");
    assert_null(m->media[0].type.p);
    assert_slice(m->media[1].url, "b");
    assert_slice(m->media[1].type, "t");
    rd_message_unref(m);
}

static void
a_fallback_call_has_code_and_url(void **state)
{
    struct rd_message *m = MESSAGE("MessageSid=SM1&ErrorCode=11200&ErrorUrl=https%3A%2F%2Fe%2Fsms");

    (void)state;
    assert_true(m->is_fallback);
    rd_message_unref(m);
    m = MESSAGE("MessageSid=SM1&ErrorCode=30008&MessageStatus=failed&ErrorUrl=x");
    assert_false(m->is_fallback);
    rd_message_unref(m);
    m = MESSAGE("MessageSid=SM1&ErrorCode=30008");
    assert_false(m->is_fallback);
    rd_message_unref(m);
}

static void
body_text_word_and_args(void **state)
{
    struct rd_message *m = MESSAGE("Body=++%C2%A1HOLA%21%0A+qu%C3%A9++tal+");

    (void)state;
    assert_slice(m->body, "  \u00A1HOLA!\n qu\u00E9  tal ");
    assert_slice(m->text, "\u00A1HOLA!\n qu\u00E9  tal");
    assert_slice(m->word, "hola");
    assert_slice(m->args, "qu\u00E9  tal");
    rd_message_unref(m);
    m = MESSAGE("From=x");
    assert_null(m->body.p);
    assert_int_equal(m->text.n, 0);
    assert_int_equal(m->word.n, 0);
    rd_message_unref(m);
}

static void
the_cap_of_the_arena_is_an_error(void **state)
{
    struct rd_message *m = rd_message_new(2050, 100);
    struct rd_param body = { RD_LIT("Body"), RD_LIT("") };
    char word[3000];

    (void)state;
    memset(word, 'w', sizeof word);
    body.value = rd_slice_make(word, sizeof word);
    m->params = (struct rd_params){ &body, 1 };
    assert_int_equal(rd_fields_read(m), RD_E_NOMEM);
    rd_message_unref(m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_is_read_as_written_down),
        cmocka_unit_test(the_kind_follows_the_status_parameters),
        cmocka_unit_test(the_id_is_the_first_sid_with_a_value),
        cmocka_unit_test(the_channel_is_the_prefix_or_sms_or_mms),
        cmocka_unit_test(a_phone_is_e164_without_prefix),
        cmocka_unit_test(media_go_as_far_as_their_urls),
        cmocka_unit_test(a_fallback_call_has_code_and_url),
        cmocka_unit_test(body_text_word_and_args),
        cmocka_unit_test(the_cap_of_the_arena_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
