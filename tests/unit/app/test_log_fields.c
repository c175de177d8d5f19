/* A line of the log is read back, in both formats and behind what the journal adds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "app/log_fields.h"

static char *
fields(const char *line)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *o = rd_log_fields(doc, rd_slice_str(line));
    char *text = o ? yyjson_mut_val_write(o, 0, NULL) : NULL;

    yyjson_mut_doc_free(doc);
    return text;
}

static void
assert_fields(const char *line, const char *json)
{
    char *text = fields(line);

    assert_non_null(text);
    assert_string_equal(text, json);
    free(text);
}

static void
both_formats_are_read(void **state)
{
    (void)state;
    assert_fields("ts=1 level=warn event=x sid=SM1 why=\"a \\\"b\\\" = c\\n\" n=3",
                  "{\"ts\":\"1\",\"level\":\"warn\",\"event\":\"x\",\"sid\":\"SM1\","
                  "\"why\":\"a \\\"b\\\" = c\\n\",\"n\":\"3\"}");
    assert_fields("Nov 24 host replyd[7]: ts=1 event=x last=",
                  "{\"ts\":\"1\",\"event\":\"x\",\"last\":\"\"}");
    assert_fields("{\"ts\":\"1\",\"event\":\"x\",\"n\":3}",
                  "{\"ts\":\"1\",\"event\":\"x\",\"n\":3}");
    assert_fields("host: {\"ts\":\"1\",\"event\":\"x\"} ", "{\"ts\":\"1\",\"event\":\"x\"}");
}

static void
what_is_no_line_of_ours_is_none(void **state)
{
    static const char *const lines[] = { "", "hello", "ts=1 level=warn", "{\"ts\":", "{}",
                                         "GET / HTTP/1.1", "event=x" };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_null(fields(lines[i]));
}

static void
a_cut_line_is_read_as_far_as_it_goes(void **state)
{
    (void)state;
    assert_fields("ts=1 event=x why=\"not ended", "{\"ts\":\"1\",\"event\":\"x\"}");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_formats_are_read),
        cmocka_unit_test(what_is_no_line_of_ours_is_none),
        cmocka_unit_test(a_cut_line_is_read_as_far_as_it_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
