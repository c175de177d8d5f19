/* Which bodies are opt-outs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/form.h"
#include "twilio/fields.h"
#include "twilio/opt_out.h"

static struct rd_message *
read_form(struct rd_slice form)
{
    struct rd_message *m = rd_message_new(65536, 0);

    assert_int_equal(rd_form_decode(form, 100, &m->arena, &m->params), 0);
    assert_int_equal(rd_fields_read(m), 0);
    rd_opt_out_read(m, &rd_opt_out_standard);
    return m;
}

static void
assert_is(const char *form, enum rd_opt_out kind, bool by_word)
{
    struct rd_message *m = read_form(rd_slice_str(form));

    if (m->opt_out != kind || m->opt_out_by_word != by_word)
        fail_msg("%s: %d", form, (int)m->opt_out);
    rd_message_unref(m);
}

static void
the_whole_body_must_be_one_word(void **state)
{
    (void)state;
    assert_is("Body=stop", RD_OPT_OUT_STOP, true);
    assert_is("Body=%20STOP%0A", RD_OPT_OUT_STOP, true);
    assert_is("Body=Stop.", RD_OPT_OUT_STOP, true);
    assert_is("Body=unstop", RD_OPT_OUT_START, true);
    assert_is("Body=info", RD_OPT_OUT_HELP, true);
    assert_is("Body=stop+by+at+5", RD_OPT_OUT_NONE, false);
    assert_is("Body=stop+stop", RD_OPT_OUT_NONE, false);
    assert_is("Body=nonstop", RD_OPT_OUT_NONE, false);
    assert_is("Body=yes", RD_OPT_OUT_NONE, false);
    assert_is("Body=", RD_OPT_OUT_NONE, false);
}

static void
what_twilio_says_goes_before_the_body(void **state)
{
    (void)state;
    assert_is("Body=stop&OptOutType=START", RD_OPT_OUT_START, false);
    assert_is("Body=hello&OptOutType=STOP", RD_OPT_OUT_STOP, false);
    assert_is("Body=hello&OptOutType=NEW", RD_OPT_OUT_OTHER, false);
    assert_is("Body=help&OptOutType=", RD_OPT_OUT_HELP, true);
}

static void
a_status_event_is_no_opt_out(void **state)
{
    (void)state;
    assert_is("Body=stop&MessageStatus=sent", RD_OPT_OUT_NONE, false);
}

static void
kinds_have_names(void **state)
{
    (void)state;
    assert_string_equal(rd_opt_out_name(RD_OPT_OUT_STOP), "STOP");
    assert_null(rd_opt_out_name(RD_OPT_OUT_OTHER));
    assert_null(rd_opt_out_name(RD_OPT_OUT_NONE));
    assert_int_equal(rd_opt_out_kind(RD_LIT("Help")), RD_OPT_OUT_HELP);
    assert_int_equal(rd_opt_out_kind(RD_LIT("")), RD_OPT_OUT_NONE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_body_must_be_one_word),
        cmocka_unit_test(what_twilio_says_goes_before_the_body),
        cmocka_unit_test(a_status_event_is_no_opt_out),
        cmocka_unit_test(kinds_have_names),
    };

    return cmocka_run_group_tests_name("twilio/opt_out", tests, NULL, NULL);
}
