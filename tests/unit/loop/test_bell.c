/* Bells: rung at once, put off to the end of a turn, rung by a signal, outliving their mailbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdlib.h>

#include "base/mem.h"
#include "loop/mailbox.h"

#define BELLS 12    /* more than a thread's list holds */

static bool
is_rung(const struct rd_bell *b)
{
    struct pollfd p = { .fd = b->fd, .events = POLLIN };

    assert_true(poll(&p, 1, 0) >= 0);
    return p.revents == POLLIN;
}

static void
ring(struct rd_bell *b)
{
    rd_bell_ring(rd_bell_want(b));
}

static int
end_turns(void **state)
{
    (void)state;
    rd_bell_put_off_end();
    return 0;
}

static void
test_a_thread_without_a_loop_rings_at_once(void **state)
{
    struct rd_bell *b = rd_bell_new();

    (void)state;
    assert_false(is_rung(b));
    ring(b);
    assert_true(is_rung(b));
    assert_null(rd_bell_want(b));    /* awake */
    rd_bell_quiet(b);
    assert_false(is_rung(b));
    assert_null(rd_bell_want(b));    /* until its owner says that it sleeps */
    atomic_store(&b->awake, false);
    ring(b);
    assert_true(is_rung(b));
    rd_bell_unref(b);
}

static void
test_a_turn_rings_once_at_its_end(void **state)
{
    struct rd_bell *b = rd_bell_new();

    (void)state;
    rd_bell_put_off();
    ring(b);
    ring(b);
    assert_false(is_rung(b));
    assert_int_equal(b->refs, 2);
    rd_bell_ring_now();
    assert_true(is_rung(b));
    assert_int_equal(b->refs, 1);
    rd_bell_quiet(b);
    rd_bell_ring_now();
    assert_false(is_rung(b));
    rd_bell_unref(b);
}

static void
test_many_mails_do_not_wait_for_the_end(void **state)
{
    struct rd_bell *b = rd_bell_new();

    (void)state;
    rd_bell_put_off();
    for (unsigned i = 0; i < RD_BELL_MAILS; i++)
        ring(b);
    assert_false(is_rung(b));
    ring(b);
    assert_true(is_rung(b));
    rd_bell_ring_now();
    assert_int_equal(b->refs, 1);
    rd_bell_unref(b);
}

static void
test_more_receivers_than_the_list_holds(void **state)
{
    struct rd_bell *b[BELLS];
    unsigned rung = 0;

    (void)state;
    rd_bell_put_off();
    for (unsigned i = 0; i < BELLS; i++) {
        b[i] = rd_bell_new();
        ring(b[i]);
        rung += is_rung(b[i]);
    }
    assert_in_range(rung, 1, BELLS - 1);
    rd_bell_ring_now();
    for (unsigned i = 0; i < BELLS; i++) {
        assert_true(is_rung(b[i]));
        assert_int_equal(b[i]->refs, 1);
        rd_bell_unref(b[i]);
    }
}

static void
on_signal(int number)
{
    (void)number;
    rd_bell_on_signal();
}

static void
test_a_signal_rings_what_was_put_off(void **state)
{
    struct rd_bell *b = rd_bell_new();

    (void)state;
    signal(SIGUSR1, on_signal);
    rd_bell_put_off();
    ring(b);
    assert_false(is_rung(b));
    assert_int_equal(raise(SIGUSR1), 0);
    assert_true(is_rung(b));
    rd_bell_quiet(b);
    rd_bell_ring_now();    /* its owner is awake already */
    assert_false(is_rung(b));
    assert_int_equal(b->refs, 1);
    rd_bell_unref(b);
}

static void
on_mail(struct rd_mail *mail, void *owner)
{
    (void)mail, (void)owner;
}

/* The poster's turn ends after the mailbox is closed and its memory reused. */
static void
test_a_mailbox_may_go_before_it_is_rung(void **state)
{
    struct rd_mailbox *box = rd_malloc(sizeof *box);
    struct rd_mail mail = { NULL, on_mail };
    uv_loop_t loop;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(rd_mailbox_init(box, &loop, NULL), 0);
    rd_bell_put_off();
    assert_int_equal(rd_mailbox_post(box, &mail), 0);
    assert_ptr_equal(rd_mailbox_close(box), &mail);
    rd_mailbox_close_handle(box);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    free(box);
    rd_bell_ring_now();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_a_thread_without_a_loop_rings_at_once, end_turns),
        cmocka_unit_test_teardown(test_a_turn_rings_once_at_its_end, end_turns),
        cmocka_unit_test_teardown(test_many_mails_do_not_wait_for_the_end, end_turns),
        cmocka_unit_test_teardown(test_more_receivers_than_the_list_holds, end_turns),
        cmocka_unit_test_teardown(test_a_signal_rings_what_was_put_off, end_turns),
        cmocka_unit_test_teardown(test_a_mailbox_may_go_before_it_is_rung, end_turns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
