/* What the message says that a burst becomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/burst.h"

static struct rd_media pictures[2] = {
    { RD_LIT("https://example.com/1"), RD_LIT("image/png") },
    { RD_LIT("https://example.com/2"), RD_LIT("image/gif") },
};

static struct rd_message *
message(const char *id, const char *body, size_t n_media)
{
    struct rd_message *m = rd_message_new(256, 0);

    m->id = rd_slice_str(id);
    m->body = m->text = rd_slice_str(body);
    m->from = RD_LIT("+15550000001");
    m->media = pictures;
    m->n_media = n_media;
    return m;
}

/* Gives both references away. */
static struct rd_message *
join(struct rd_message *before, struct rd_message *last)
{
    struct rd_message *m = rd_burst_join(before, last);

    rd_message_unref(before);
    rd_message_unref(last);
    assert_non_null(m);
    return m;
}

static void
assert_slice(struct rd_slice is, const char *want)
{
    assert_int_equal(is.n, strlen(want));
    assert_memory_equal(is.p, want, is.n);
}

static void
test_bodies_are_joined_and_the_rest_is_the_lasts(void **state)
{
    struct rd_message *m = join(message("SM1", " Hello, ", 0), message("SM2", "are you open", 0));

    (void)state;
    m = join(m, message("SM3", "today? ", 0));
    assert_slice(m->id, "SM3");
    assert_slice(m->from, "+15550000001");
    assert_slice(m->body, " Hello, \nare you open\ntoday? ");
    assert_slice(m->text, "Hello, \nare you open\ntoday?");
    assert_slice(m->word, "hello");
    assert_slice(m->args, "are you open\ntoday?");
    assert_int_equal(m->n_parts, 3);
    assert_slice(m->parts[0]->id, "SM1");
    assert_slice(m->parts[1]->body, "are you open");
    assert_slice(m->parts[2]->id, "SM3");
    rd_message_unref(m);
}

static void
test_media_are_all_of_them(void **state)
{
    struct rd_message *m = join(message("MM1", "", 2), message("SM2", "two of them", 0));

    (void)state;
    m = join(m, message("MM3", "", 1));
    assert_slice(m->body, "two of them");
    assert_int_equal(m->n_media, 3);
    assert_slice(m->media[1].url, "https://example.com/2");
    assert_slice(m->media[2].url, "https://example.com/1");
    assert_slice(m->media[2].type, "image/png");
    rd_message_unref(m);
}

static void
test_nothing_said_is_nothing_joined(void **state)
{
    struct rd_message *m = join(message("SM1", "", 0), message("SM2", "", 0));

    (void)state;
    assert_int_equal(m->body.n, 0);
    assert_int_equal(m->text.n, 0);
    assert_int_equal(m->n_parts, 2);
    rd_message_unref(m);
}

static void
test_there_is_a_most_of_parts_whatever_their_size(void **state)
{
    static char large[64 * 1024];
    struct rd_message *m, *one;

    (void)state;
    memset(large, 'x', sizeof large - 1);
    m = message("SM1", large, 2);
    for (unsigned i = 1; i < RD_BURST_PARTS; i++)
        m = join(m, message("SM2", large, 2));
    one = message("SM3", "one too many", 0);
    assert_null(rd_burst_join(m, one));
    assert_int_equal(m->n_parts, RD_BURST_PARTS);
    assert_int_equal(m->n_media, 2 * RD_BURST_PARTS);
    assert_int_equal(m->body.n, RD_BURST_PARTS * sizeof large - 1);
    rd_message_unref(one);
    rd_message_unref(m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies_are_joined_and_the_rest_is_the_lasts),
        cmocka_unit_test(test_media_are_all_of_them),
        cmocka_unit_test(test_nothing_said_is_nothing_joined),
        cmocka_unit_test(test_there_is_a_most_of_parts_whatever_their_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
