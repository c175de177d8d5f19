/* Threads with a loop and a mailbox: start, failing start, stop, what is posted around it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "loop/loop.h"

struct owner {
    struct rd_loop loop;
    uv_timer_t timer;
    int setup_result;
    bool was_set_up, was_torn_down, fired;
    pthread_t thread;
    char name[16];
    unsigned n;
};

struct letter {
    struct rd_mail mail;
    struct owner *owner;
};

static int
on_setup(void *arg)
{
    struct owner *o = arg;

    o->was_set_up = true;
    o->thread = pthread_self();
    pthread_getname_np(pthread_self(), o->name, sizeof o->name);
    uv_timer_init(&o->loop.uv, &o->timer);
    o->timer.data = o;
    return o->setup_result;
}

static void
on_teardown(void *arg)
{
    struct owner *o = arg;

    assert_true(pthread_equal(o->thread, pthread_self()));
    o->was_torn_down = true;
    uv_close((uv_handle_t *)&o->timer, NULL);
}

static void
on_letter(struct rd_mail *mail, void *arg)
{
    struct owner *o = arg;

    assert_ptr_equal(((struct letter *)mail)->owner, o);
    assert_true(pthread_equal(o->thread, pthread_self()));
    o->n++;
    free(mail);
}

static int
post(struct owner *o)
{
    struct letter *l = rd_malloc(sizeof *l);
    int error;

    *l = (struct letter){ { NULL, on_letter }, o };
    error = rd_mailbox_post(&o->loop.mailbox, &l->mail);
    if (error != 0)
        free(l);
    return error;
}

/* libuv opens its own few with the first loop. */
static unsigned
open_files(void)
{
    uv_loop_t first;
    DIR *dir;
    unsigned n = 0;

    assert_int_equal(uv_loop_init(&first), 0);
    assert_int_equal(uv_loop_close(&first), 0);
    dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n;
}

static void
test_start_and_stop(void **state)
{
    struct owner o = { 0 };
    unsigned files = open_files();

    (void)state;
    assert_int_equal(rd_loop_start(&o.loop, "a name of 15 ch plus", &o, on_setup, on_teardown), 0);
    assert_true(o.was_set_up);    /* before start returns */
    assert_string_equal(o.name, "a name of 15 ch");
    assert_false(pthread_equal(o.thread, pthread_self()));
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(post(&o), 0);
    rd_loop_stop(&o.loop);
    rd_loop_join(&o.loop);
    assert_true(o.was_torn_down);
    assert_int_equal(o.n, 100);    /* what was posted before is done */
    assert_int_equal(open_files(), files);
}

static void
test_no_mail_is_taken_after_the_end(void **state)
{
    struct owner o = { 0 };
    unsigned taken = 0;

    (void)state;
    assert_int_equal(rd_loop_start(&o.loop, "loop", &o, on_setup, on_teardown), 0);
    rd_loop_stop(&o.loop);
    rd_loop_stop(&o.loop);    /* a second one does nothing */
    while (post(&o) == 0)
        taken++;
    assert_int_equal(post(&o), RD_E_CLOSED);
    rd_loop_join(&o.loop);
    assert_int_equal(o.n, taken);    /* nothing that was taken is lost */
}

static void
on_timer(uv_timer_t *timer)
{
    ((struct owner *)timer->data)->fired = true;
}

static void
on_work(struct rd_mail *mail, void *arg)
{
    struct owner *o = arg;

    free(mail);
    uv_timer_start(&o->timer, on_timer, 5, 0);
}

/* A loop that has work left ends when that is done. */
static void
test_stop_lets_the_work_end(void **state)
{
    struct owner o = { 0 };
    struct rd_mail *mail = rd_malloc(sizeof *mail);

    (void)state;
    assert_int_equal(rd_loop_start(&o.loop, "loop", &o, on_setup, on_teardown), 0);
    mail->deliver = on_work;
    assert_int_equal(rd_mailbox_post(&o.loop.mailbox, mail), 0);
    rd_loop_stop(&o.loop);
    rd_loop_join(&o.loop);
    assert_true(o.fired);
    assert_true(o.was_torn_down);
}

/* A set-up that fails leaves no thread, no file, no memory. */
static void
test_a_set_up_that_fails(void **state)
{
    unsigned files = open_files();

    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        struct owner *o = rd_calloc(1, sizeof *o);

        o->setup_result = RD_E_ADDRESS;
        assert_int_equal(rd_loop_start(&o->loop, "loop", o, on_setup, on_teardown), RD_E_ADDRESS);
        assert_true(o->was_set_up);
        assert_false(o->was_torn_down);
        free(o);
    }
    assert_int_equal(open_files(), files);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start_and_stop),
        cmocka_unit_test(test_no_mail_is_taken_after_the_end),
        cmocka_unit_test(test_stop_lets_the_work_end),
        cmocka_unit_test(test_a_set_up_that_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
