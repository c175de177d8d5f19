/* What Twilio would refuse is split, cut or told to the author. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/error.h"
#include "base/utf8.h"
#include "gateway/limits.h"
#include "vectors.h"

static struct rd_limits_note note;

static struct rd_reply *
reply_of(struct rd_slice body)
{
    struct rd_reply *r = rd_reply_new(1 << 20);

    rd_reply_add(r)->body = body;
    return r;
}

/* n copies of unit, in the reply's arena. */
static struct rd_slice
repeated(struct rd_reply *r, const char *unit, size_t n)
{
    size_t bytes = strlen(unit);
    char *p = rd_arena_alloc(&r->arena, n * bytes + 1);

    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        memcpy(p + i * bytes, unit, bytes);
    return rd_slice_make(p, n * bytes);
}

/* All pieces joined, in a buffer. */
static void
joined(const struct rd_reply *r, struct rd_buf *b)
{
    rd_buf_init(b, 1 << 20);
    for (size_t i = 0; i < r->n; i++) {
        assert_true(rd_utf8_units(r->messages[i].body) <= RD_LIMITS_UNITS);
        rd_buf_put_slice(b, r->messages[i].body);
    }
}

static void
assert_whole(const struct rd_reply *r, struct rd_slice body)
{
    struct rd_buf b;

    joined(r, &b);
    assert_true(rd_slice_eq(rd_buf_slice(&b), body));
    rd_buf_free(&b);
}

static yyjson_val *
vector_reply(yyjson_doc *doc, const char *name)
{
    yyjson_val *c;
    size_t i, max;

    yyjson_arr_foreach(yyjson_obj_get(yyjson_doc_get_root(doc), "cases"), i, max, c)
        if (yyjson_equals_str(yyjson_obj_get(c, "name"), name))
            return yyjson_arr_get_first(yyjson_obj_get(yyjson_obj_get(c, "reply"), "messages"));
    fail_msg("no vector %s", name);
    return NULL;
}

static void
vectors_at_the_limit_stay_and_beyond_it_are_split(void **state)
{
    yyjson_doc *doc = vectors_load("twiml-vectors.json");
    static const char *const whole[] = {
        "len-160", "len-1600", "len-1600-emoji", "len-1600-amp", "cr-only"};
    struct rd_reply *r;

    (void)state;
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        struct rd_slice body = vectors_slice(vector_reply(doc, whole[i]), "body");

        r = reply_of(body);
        assert_int_equal(rd_limits_apply(r, &note), 0);
        assert_int_equal(r->n, 1);
        assert_ptr_equal(r->messages[0].body.p, body.p);
        assert_int_equal(note.split + note.cut, 0);
        rd_reply_free(r);
    }
    r = reply_of(vectors_slice(vector_reply(doc, "len-1601"), "body"));
    assert_int_equal(rd_limits_apply(r, &note), 0);
    assert_int_equal(r->n, 2);
    assert_int_equal(r->messages[0].body.n, 1600);
    assert_true(rd_slice_eq(r->messages[1].body, RD_LIT("x")));
    assert_int_equal(note.split, 1);
    assert_int_equal(note.cut, 0);
    rd_reply_free(r);
    yyjson_doc_free(doc);
}

static void
eleven_media_are_an_error_and_ten_are_not(void **state)
{
    yyjson_doc *doc = vectors_load("twiml-vectors.json");
    static const struct {
        const char *name;
        int result;
    } rows[] = {{"media-10", 0}, {"media-11", RD_E_INVALID}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        yyjson_val *v = vector_reply(doc, rows[i].name), *url;
        struct rd_reply *r = reply_of(vectors_slice(v, "body"));
        size_t k, max;

        yyjson_arr_foreach(yyjson_obj_get(v, "media"), k, max, url)
            r->messages[0].media[r->messages[0].n_media++] = rd_slice_str(yyjson_get_str(url));
        assert_int_equal(rd_limits_apply(r, &note), rows[i].result);
        assert_string_equal(note.error, rows[i].result == 0 ? "" :
            "message 1 of the reply has more than 10 media, which is all that Twilio takes");
        rd_reply_free(r);
    }
    yyjson_doc_free(doc);
}

static void
a_split_is_behind_a_blank(void **state)
{
    struct rd_reply *r = reply_of(RD_LIT(""));
    struct rd_slice body = repeated(r, "four and twenty blackbirds, ", 100);

    (void)state;
    r->messages[0].body = body;
    assert_int_equal(rd_limits_apply(r, &note), 0);
    assert_int_equal(r->n, 2);
    assert_whole(r, body);
    assert_true(r->messages[0].body.n > 1580);
    assert_true(r->messages[0].body.p[r->messages[0].body.n - 1] == ' ');
    assert_true(r->messages[1].body.p[0] != ' ');
    rd_reply_free(r);
}

static void
a_long_word_is_split_between_whole_characters(void **state)
{
    static const char *const units[] = {
        "\U0001F468\u200D\U0001F469\u200D\U0001F467",
        "\U0001F1E8\U0001F1E6",
        "e\u0301",
        "\U0001F44D\U0001F3FD",
        "\u2764\uFE0F",
    };

    (void)state;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        struct rd_reply *r = reply_of(RD_LIT(""));
        struct rd_slice body = repeated(r, units[i], 3001 / rd_utf8_units(rd_slice_str(units[i])));

        r->messages[0].body = body;
        assert_int_equal(rd_limits_apply(r, &note), 0);
        assert_int_equal(r->n, 2);
        assert_whole(r, body);
        assert_int_equal(r->messages[0].body.n % strlen(units[i]), 0);
        rd_reply_free(r);
    }
}

static void
marks_without_end_are_split_all_the_same(void **state)
{
    struct rd_reply *r = reply_of(RD_LIT(""));
    struct rd_slice body = repeated(r, "\u0301", 4000);

    (void)state;
    r->messages[0].body = body;
    assert_int_equal(rd_limits_apply(r, &note), 0);
    assert_int_equal(r->n, 3);
    assert_whole(r, body);
    rd_reply_free(r);
}

static void
blanks_make_no_message_of_their_own(void **state)
{
    struct rd_reply *r = reply_of(RD_LIT("   "));
    struct rd_slice blanks = repeated(r, " ", 4000);
    char *p = (char *)(uintptr_t)blanks.p;

    (void)state;
    assert_int_equal(rd_limits_apply(r, &note), 0);
    assert_true(rd_slice_eq(r->messages[0].body, RD_LIT("   ")));
    r->messages[0].body = blanks;
    assert_int_equal(rd_limits_apply(r, &note), 0);
    assert_int_equal(r->n, 1);
    assert_int_equal(r->messages[0].body.n, 1600);
    memset(p, 'x', 1600);
    r->messages[0].body = blanks;
    assert_int_equal(rd_limits_apply(r, &note), 0);
    assert_int_equal(r->n, 1);
    rd_reply_free(r);
}

static void
ten_messages_are_never_passed(void **state)
{
    struct rd_reply *r = reply_of(RD_LIT(""));
    struct rd_slice body = repeated(r, "word ", 4000);    /* 20,000 units: 13 pieces */
    struct rd_buf b;

    (void)state;
    r->messages[0].body = body;
    assert_int_equal(rd_limits_apply(r, &note), 0);
    assert_int_equal(r->n, 10);
    assert_int_equal(note.split, 1);
    assert_int_equal(note.cut, 1);
    joined(r, &b);
    assert_true(b.n > 15900 && memcmp(b.p + b.n - 7, "word\u2026", 7) == 0);
    assert_memory_equal(b.p, body.p, b.n - 3);
    rd_buf_free(&b);
    rd_reply_free(r);
}

static void
a_split_leaves_room_for_the_messages_behind_it(void **state)
{
    struct rd_reply *r = reply_of(RD_LIT(""));

    (void)state;
    r->messages[0].body = repeated(r, "word ", 1000);     /* 4 pieces, but 3 are free */
    for (int i = 1; i < 8; i++)
        rd_reply_add(r)->body = RD_LIT("another");
    r->messages[7].body = repeated(r, "end ", 500);       /* 2 pieces, but nothing is free now */
    assert_int_equal(rd_limits_apply(r, &note), 0);
    assert_int_equal(r->n, 10);
    assert_int_equal(note.split, 1);
    assert_int_equal(note.cut, 2);
    for (int i = 3; i < 9; i++)
        assert_true(rd_slice_eq(r->messages[i].body, RD_LIT("another")));
    assert_true(memcmp(r->messages[2].body.p + r->messages[2].body.n - 3, "\u2026", 3) == 0);
    assert_true(memcmp(r->messages[9].body.p + r->messages[9].body.n - 6, "end\u2026", 6) == 0);
    rd_reply_free(r);
}

static void
media_stay_with_the_first_piece_and_action_with_the_last(void **state)
{
    struct rd_reply *r = reply_of(RD_LIT(""));
    struct rd_reply_message *m = &r->messages[0];

    (void)state;
    m->body = repeated(r, "word ", 400);
    m->media[m->n_media++] = RD_LIT("https://e.com/1.png");
    m->to = m->from = m->status_callback = m->tag = RD_LIT("all");
    m->action = m->method = RD_LIT("last");
    r->redirect = RD_LIT("/next");
    assert_int_equal(rd_limits_apply(r, &note), 0);
    assert_int_equal(r->n, 2);
    for (int i = 0; i < 2; i++) {
        m = &r->messages[i];
        assert_int_equal(m->n_media, i == 0);
        assert_int_equal(m->action.n + m->method.n, i == 0 ? 0 : 8);
        assert_int_equal(m->to.n + m->from.n + m->status_callback.n + m->tag.n, 12);
    }
    assert_true(rd_slice_eq(r->redirect, RD_LIT("/next")));
    rd_reply_free(r);
}

static void
eleven_messages_are_the_authors_error(void **state)
{
    struct rd_reply *r = reply_of(RD_LIT("1"));

    (void)state;
    while (r->n < 10)
        rd_reply_add(r)->body = RD_LIT("more");
    assert_int_equal(rd_limits_apply(r, &note), 0);
    rd_reply_add(r)->body = RD_LIT("11");
    assert_int_equal(rd_limits_apply(r, &note), RD_E_INVALID);
    assert_string_equal(note.error, "the reply has 11 messages, Twilio takes at most 10");
    rd_reply_free(r);
}

static void
more_than_64_kb_of_twiml_are_the_authors_error(void **state)
{
    struct rd_reply *r = reply_of(RD_LIT("x"));

    (void)state;
    r->messages[0].action = repeated(r, "a", 65000);
    assert_int_equal(rd_limits_apply(r, &note), 0);
    r->messages[0].action = repeated(r, "a", 65536);
    assert_int_equal(rd_limits_apply(r, &note), RD_E_INVALID);
    assert_string_equal(
        note.error, "the reply is more than 65536 bytes of TwiML, which is all that Twilio takes");
    r->messages[0].action = repeated(r, "&", 14000);
    assert_int_equal(rd_limits_apply(r, &note), RD_E_INVALID);
    rd_reply_free(r);
}

static void
an_empty_reply_stays_empty_and_a_full_arena_is_an_error(void **state)
{
    struct rd_reply *r = rd_reply_new(2048);
    char *text = test_malloc(5000);

    (void)state;
    assert_int_equal(rd_limits_apply(r, &note), 0);
    assert_true(rd_reply_is_empty(r));
    memset(text, 'x', 5000);
    rd_reply_add(r)->body = rd_slice_make(text, 5000);
    assert_int_equal(rd_limits_apply(r, &note), RD_E_TOO_BIG);
    rd_reply_free(r);
    test_free(text);
}

/* Pieces are within the limits and lose nothing but what is marked as cut, whatever the text. */
static void
random_bodies_keep_their_text(void **state)
{
    static const char *const units[] = {
        "word ", "x", " ", "\n", "\U0001F44D", "e\u0301", "\U0001F1E8", "\u200D", "\xFF", "\r\n"};
    size_t rounds = scaled(10000, 200);

    (void)state;
    for (size_t i = 0; i < rounds; i++) {
        struct rd_reply *r = rd_reply_new(1 << 20);
        struct rd_buf text, b;
        size_t n = random_below(6000), spread = 1 + random_below(10);

        rd_buf_init(&text, 1 << 20);
        while (n-- > 0)
            rd_buf_put_str(&text, units[random_below((uint32_t)spread)]);
        rd_reply_add(r)->body = rd_buf_slice(&text);
        assert_int_equal(rd_limits_apply(r, &note), 0);
        assert_true(r->n >= 1 && r->n <= 10);
        joined(r, &b);
        assert_memory_equal(text.p, b.p, note.cut ? b.n - 3 : b.n);
        if (!note.cut)
            while (b.n < text.n)
                assert_non_null(strchr(" \r\n", text.p[b.n++]));
        rd_buf_free(&b);
        rd_buf_free(&text);
        rd_reply_free(r);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_at_the_limit_stay_and_beyond_it_are_split),
        cmocka_unit_test(eleven_media_are_an_error_and_ten_are_not),
        cmocka_unit_test(a_split_is_behind_a_blank),
        cmocka_unit_test(a_long_word_is_split_between_whole_characters),
        cmocka_unit_test(marks_without_end_are_split_all_the_same),
        cmocka_unit_test(blanks_make_no_message_of_their_own),
        cmocka_unit_test(ten_messages_are_never_passed),
        cmocka_unit_test(a_split_leaves_room_for_the_messages_behind_it),
        cmocka_unit_test(media_stay_with_the_first_piece_and_action_with_the_last),
        cmocka_unit_test(eleven_messages_are_the_authors_error),
        cmocka_unit_test(more_than_64_kb_of_twiml_are_the_authors_error),
        cmocka_unit_test(an_empty_reply_stays_empty_and_a_full_arena_is_an_error),
        cmocka_unit_test(random_bodies_keep_their_text),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
