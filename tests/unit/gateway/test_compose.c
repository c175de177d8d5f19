/* Replies become the bytes of an answer; keys say which reply is which. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/compose.h"
#include "gateway/cost.h"

static struct rd_limits_note note;

static int
setup(void **state)
{
    (void)state;
    rd_compose_open();
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    rd_compose_close();
    return 0;
}

static struct rd_reply *
reply_of(const char *body)
{
    struct rd_reply *r = rd_reply_new(1 << 16);

    rd_reply_add(r)->body = rd_slice_str(body);
    return r;
}

/* Any thread may answer with it, so none writes to it. */
static void *
note_nothing(void *reply)
{
    struct rd_answer *empty = rd_compose_empty();

    for (int i = 0; i < 1000; i++)
        rd_cost_note(empty, reply, RD_LIT("sms"));
    rd_answer_unref(empty);
    return NULL;
}

static void
test_the_empty_answer_is_every_threads(void **state)
{
    struct rd_reply *nothing = rd_reply_new(1 << 10);
    pthread_t threads[2];

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, note_nothing, nothing), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    rd_reply_free(nothing);
}

static void
test_empty_answers_are_two_constants(void **state)
{
    struct rd_answer *a = rd_compose_empty(), *b = rd_compose_empty();
    struct rd_answer *c = rd_compose_no_content(), *d = rd_compose(NULL, NULL, 0, &note);
    struct rd_reply *nothing = rd_reply_new(16);
    struct rd_answer *e = rd_compose(nothing, NULL, 0, &note);

    (void)state;
    assert_ptr_equal(a, b);
    assert_ptr_equal(a, d);
    assert_ptr_equal(a, e);
    assert_int_equal(a->status, 200);
    assert_non_null(strstr(a->bytes.p, "<Response/>"));
    assert_int_equal(c->status, 204);
    assert_int_equal(c->bytes.n, 0);
    assert_int_equal(c->n_keys, 0);
    rd_reply_free(nothing);
    rd_answer_unref(a);
    rd_answer_unref(b);
    rd_answer_unref(c);
    rd_answer_unref(d);
    rd_answer_unref(e);
}

static void
test_an_answer_has_its_bytes_and_keys(void **state)
{
    struct rd_reply *r = reply_of("a < b");
    struct rd_reply_key keys[] = { rd_compose_key(r, 0, 0, false), rd_compose_key(r, 0, 1, false) };
    struct rd_reply_key other = rd_compose_key(r, 0, 2, false);
    struct rd_answer *a = rd_compose(r, keys, 2, &note);

    (void)state;
    assert_non_null(a);
    assert_int_equal(a->status, 200);
    assert_non_null(strstr(a->bytes.p, "<Message>a &lt; b</Message>"));
    assert_true(rd_answer_has(a, &keys[0]));
    assert_true(rd_answer_has(a, &keys[1]));
    assert_false(rd_answer_has(a, &other));
    rd_reply_free(r);    /* the answer has copies */
    assert_non_null(strstr(a->bytes.p, "a &lt; b"));
    rd_answer_unref(a);
}

static void
test_beyond_the_limits_it_says_why(void **state)
{
    struct rd_reply *r = reply_of("x");

    (void)state;
    for (unsigned i = 0; i < RD_REPLY_MESSAGES; i++)
        rd_reply_add(r)->body = RD_LIT("x");
    assert_null(rd_compose(r, NULL, 0, &note));
    assert_true(note.error[0] != '\0');
    rd_reply_free(r);
}

/* ---- keys -------------------------------------------------------------------------------- */

static bool
same(const struct rd_reply_key *a, struct rd_reply_key b)
{
    return rd_reply_key_eq(a, &b);
}

static void
test_a_key_is_place_and_content(void **state)
{
    struct rd_reply *r = reply_of("hello"), *again = reply_of("hello"), *other = reply_of("hallo");
    struct rd_reply_key key = rd_compose_key(r, 1, 2, false);

    (void)state;
    assert_true(same(&key, rd_compose_key(again, 1, 2, false)));
    assert_false(same(&key, rd_compose_key(other, 1, 2, false)));
    assert_false(same(&key, rd_compose_key(r, 0, 2, false)));
    assert_false(same(&key, rd_compose_key(r, 1, 3, false)));
    assert_false(same(&key, rd_compose_key(r, 1, 2, true)));
    assert_false(same(&key, rd_compose_key(NULL, 1, 2, false)));
    rd_reply_free(r);
    rd_reply_free(again);
    rd_reply_free(other);
}

#define VARIANTS 8

/* The same text with one thing more. */
static struct rd_reply *
variant(unsigned i)
{
    struct rd_reply *r = reply_of("hello");
    struct rd_slice x = RD_LIT("x");
    struct rd_reply_message *m = &r->messages[0];
    struct rd_slice *field[VARIANTS] = { NULL, &m->to, &m->from, &m->action, &m->status_callback,
                                         &r->redirect };

    if (i == 6)
        m->media[m->n_media++] = x;
    else if (i == 7)
        rd_reply_add(r)->body = x;
    else if (i > 0)
        *field[i] = x;
    return r;
}

/* Whatever Twilio would do differently makes another reply. */
static void
test_everything_that_is_sent_counts(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VARIANTS; i++)
        for (unsigned j = 0; j < i; j++) {
            struct rd_reply *a = variant(i), *b = variant(j);
            struct rd_reply_key key = rd_compose_key(a, 0, 0, false);

            assert_false(same(&key, rd_compose_key(b, 0, 0, false)));
            rd_reply_free(a);
            rd_reply_free(b);
        }
}

/* What is said where: "ab" and "c" are not "a" and "bc". */
static void
test_parts_do_not_run_together(void **state)
{
    struct rd_reply *a = reply_of("ab"), *b = reply_of("a");
    struct rd_reply_key key;

    (void)state;
    a->messages[0].to = RD_LIT("c");
    b->messages[0].to = RD_LIT("bc");
    key = rd_compose_key(a, 0, 0, false);
    assert_false(same(&key, rd_compose_key(b, 0, 0, false)));
    a->messages[0].from = a->messages[0].to;
    a->messages[0].to = (struct rd_slice){ NULL, 0 };
    assert_false(same(&key, rd_compose_key(a, 0, 0, false)));
    rd_reply_free(a);
    rd_reply_free(b);
}

#define IN(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN(test_the_empty_answer_is_every_threads),
        IN(test_empty_answers_are_two_constants),
        IN(test_an_answer_has_its_bytes_and_keys),
        IN(test_beyond_the_limits_it_says_why),
        cmocka_unit_test(test_a_key_is_place_and_content),
        cmocka_unit_test(test_everything_that_is_sent_counts),
        cmocka_unit_test(test_parts_do_not_run_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
