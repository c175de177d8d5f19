/* test_twiml_text.c - TwiML as `replyd text` prints it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/twiml_text.h"
#include "base/error.h"
#include "base/reply.h"
#include "twilio/twiml.h"

static struct rd_buf out;

static const char *
text(const char *xml)
{
    rd_buf_reset(&out);
    if (rd_twiml_text(rd_slice_str(xml), "> ", &out) != 0)
        return "(invalid)";
    rd_buf_put_char(&out, 0);
    return out.p;
}

static void
test_messages_media_redirects(void **state)
{
    (void)state;
    assert_string_equal(text("<?xml version=\"1.0\"?><Response><Message>Hi</Message></Response>"),
                        "Hi");
    assert_string_equal(text("<Response><Message to=\"+1\"><Body>a</Body><Media>https://x/1</Media>"
                             "<Media>https://x/2</Media></Message><Message>b</Message>"
                             "<Redirect method=\"GET\">/next</Redirect></Response>"),
                        "a\n> [media] https://x/1\n> [media] https://x/2\n> b\n> [redirect] /next");
    assert_string_equal(text("<Response/>"), "(no reply)");
    assert_string_equal(text("<Response></Response>"), "(no reply)");
}

static void
test_text_is_decoded_and_harmless(void **state)
{
    (void)state;
    assert_string_equal(text("<Response><Message>&lt;a&gt; &amp;&quot;&apos; &#65;&#x1F600; &x;"
                             "</Message></Response>"), "<a> &\"' A\xf0\x9f\x98\x80 ");
    assert_string_equal(text("<Response><!-- <Message>no</Message> --><Message><![CDATA[<b>]]>"
                             "</Message></Response>"), "<b>");
    assert_string_equal(text("<Response><Message>two\nlines \x1b[31m</Message></Response>"),
                        "two\n> lines [31m");
}

static void
test_what_is_no_twiml(void **state)
{
    static const char xml[] = "<Response><Message to='&'>&#65;<![CDATA[x]]></Message></Response>";

    (void)state;
    assert_string_equal(text("Forbidden"), "(invalid)");
    assert_string_equal(text(""), "(invalid)");
    assert_string_equal(text("<html><body>x</body></html>"), "(invalid)");
    for (size_t n = 0; n < sizeof xml; n++) {    /* every beginning: ASan looks on */
        rd_buf_reset(&out);
        (void)rd_twiml_text(rd_slice_make(xml, n), "", &out);
    }
}

static void
test_our_own_writer_is_read(void **state)
{
    struct rd_reply *r = rd_reply_new(65536);
    struct rd_reply_message *m = rd_reply_add(r);
    struct rd_buf xml;

    (void)state;
    m->body = RD_LIT("1 < 2 & \"x\"");
    m->media[m->n_media++] = RD_LIT("https://x/?a=1&b=2");
    rd_buf_init(&xml, 65536);
    assert_true(rd_twiml_write(r, &xml) >= 0);
    rd_buf_put_char(&xml, 0);
    assert_string_equal(text(xml.p), "1 < 2 & \"x\"\n> [media] https://x/?a=1&b=2");
    rd_buf_free(&xml);
    rd_reply_free(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_media_redirects),
        cmocka_unit_test(test_text_is_decoded_and_harmless),
        cmocka_unit_test(test_what_is_no_twiml),
        cmocka_unit_test(test_our_own_writer_is_read),
    };

    rd_buf_init(&out, 65536);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
