/* Mail between threads: order, batches, limits, closing while others post. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "loop/mailbox.h"
#include "vectors.h"

#define POSTERS 4

struct letter {
    struct rd_mail mail;
    unsigned from;
    size_t n;
};

/* Who owns the mailbox: counts what comes, in order. */
struct owner {
    uv_loop_t loop;
    struct rd_mailbox box;
    size_t next[POSTERS];    /* number expected from each */
    size_t n, batches, batch, batch_most;
    size_t again;            /* so many are posted from inside */
};

static struct owner owner;

static struct letter *
letter_of(unsigned from, size_t n);

static void
on_letter(struct rd_mail *mail, void *arg)
{
    struct letter *l = (struct letter *)mail;

    assert_ptr_equal(arg, &owner);
    assert_int_equal(l->n, owner.next[l->from]++);
    owner.n++;
    owner.batch++;
    if (owner.again > 0) {
        owner.again--;
        l->n++;
        assert_int_equal(rd_mailbox_post(&owner.box, &l->mail), 0);
        return;
    }
    free(l);
}

static void
on_batch_end(void *arg)
{
    assert_ptr_equal(arg, &owner);
    owner.batches++;
    if (owner.batch > owner.batch_most)
        owner.batch_most = owner.batch;
    owner.batch = 0;
}

static struct letter *
letter_of(unsigned from, size_t n)
{
    struct letter *l = rd_malloc(sizeof *l);

    *l = (struct letter){ { NULL, on_letter }, from, n };
    return l;
}

static void
post(size_t n)
{
    assert_int_equal(rd_mailbox_post(&owner.box, &letter_of(0, n)->mail), 0);
}

static int
setup(void **state)
{
    (void)state;
    owner = (struct owner){ 0 };
    assert_int_equal(uv_loop_init(&owner.loop), 0);
    assert_int_equal(rd_mailbox_init(&owner.box, &owner.loop, &owner), 0);
    owner.box.batch_end = on_batch_end;
    return 0;
}

static size_t
free_letters(struct rd_mail *rest)
{
    struct rd_mail *next;
    size_t n = 0;

    for (; rest != NULL; rest = next, n++) {
        next = rest->next;
        free(rest);
    }
    return n;
}

static int
teardown(void **state)
{
    (void)state;
    free_letters(rd_mailbox_close(&owner.box));
    rd_mailbox_close_handle(&owner.box);
    uv_run(&owner.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&owner.loop), 0);
    return 0;
}

static void
test_mail_comes_in_order_as_one_batch(void **state)
{
    (void)state;
    for (size_t i = 0; i < 10; i++)
        post(i);
    assert_int_equal(rd_mailbox_count(&owner.box), 10);
    uv_run(&owner.loop, UV_RUN_ONCE);
    assert_int_equal(owner.n, 10);
    assert_int_equal(owner.batches, 1);
    assert_int_equal(rd_mailbox_count(&owner.box), 0);
    post(10);
    uv_run(&owner.loop, UV_RUN_ONCE);
    assert_int_equal(owner.n, 11);
    assert_int_equal(owner.batches, 2);
}

/* What is posted during a batch waits for the next: the loop has its turn between. */
static void
test_mail_posted_inside_comes_with_the_next_batch(void **state)
{
    (void)state;
    owner.again = 5;
    post(0);
    for (size_t i = 1; i <= 6; i++) {
        uv_run(&owner.loop, UV_RUN_ONCE);
        assert_int_equal(owner.n, i);
    }
    assert_int_equal(owner.batches, 6);
    assert_int_equal(owner.batch_most, 1);
}

static void
test_a_limit_refuses_and_the_poster_keeps_the_mail(void **state)
{
    struct letter *l = letter_of(0, 3);

    (void)state;
    assert_int_equal(rd_mailbox_post_limited(&owner.box, &l->mail, 0), RD_E_BUSY);
    for (size_t i = 0; i < 3; i++)
        post(i);
    assert_int_equal(rd_mailbox_post_limited(&owner.box, &l->mail, 3), RD_E_BUSY);
    assert_int_equal(rd_mailbox_post_limited(&owner.box, &l->mail, 4), 0);
    uv_run(&owner.loop, UV_RUN_ONCE);
    assert_int_equal(owner.n, 4);
}

static void
test_close_gives_back_what_was_not_delivered(void **state)
{
    struct letter *l = letter_of(0, 5);
    struct rd_mail *rest;
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < 5; i++)
        post(i);
    rest = rd_mailbox_close(&owner.box);
    for (struct rd_mail *m = rest; m != NULL; m = m->next)
        assert_int_equal(((struct letter *)m)->n, n++);
    assert_int_equal(free_letters(rest), 5);
    assert_int_equal(rd_mailbox_count(&owner.box), 0);
    assert_int_equal(rd_mailbox_post(&owner.box, &l->mail), RD_E_CLOSED);
    assert_int_equal(rd_mailbox_post_limited(&owner.box, &l->mail, 10), RD_E_CLOSED);
    free(l);
    uv_run(&owner.loop, UV_RUN_NOWAIT);
    assert_int_equal(owner.n, 0);
}

/* ---- several threads ------------------------------------------------------------------- */

struct poster {
    pthread_t thread;
    unsigned index;
    size_t most;
    size_t posted;    /* taken by the mailbox */
    size_t busy;
    size_t limit;
};

static atomic_size_t n_posted;

static void *
poster_main(void *arg)
{
    struct poster *p = arg;
    int error = 0;

    while (p->posted < p->most && error != RD_E_CLOSED) {
        struct letter *l = letter_of(p->index, p->posted);

        error = rd_mailbox_post_limited(&owner.box, &l->mail, p->limit);
        if (error == 0) {
            p->posted++;
            atomic_fetch_add(&n_posted, 1);
            continue;
        }
        p->busy += error == RD_E_BUSY;
        free(l);
    }
    return NULL;
}

static void
start_posters(struct poster p[POSTERS], size_t most, size_t limit)
{
    atomic_store(&n_posted, 0);
    for (unsigned i = 0; i < POSTERS; i++) {
        p[i] = (struct poster){ .index = i, .most = most, .limit = limit };
        assert_int_equal(pthread_create(&p[i].thread, NULL, poster_main, &p[i]), 0);
    }
}

static size_t
join_posters(struct poster p[POSTERS])
{
    size_t n = 0;

    for (unsigned i = 0; i < POSTERS; i++) {
        pthread_join(p[i].thread, NULL);
        n += p[i].posted;
    }
    return n;
}

static void
test_several_posters_lose_nothing(void **state)
{
    struct poster p[POSTERS];
    size_t each = scaled(400000, 20000);

    (void)state;
    start_posters(p, each, 1000);
    while (owner.n < POSTERS * each)
        uv_run(&owner.loop, UV_RUN_ONCE);
    assert_int_equal(join_posters(p), POSTERS * each);
    assert_true(owner.batch_most <= 1000);
    printf("%zu mails in %zu batches\n", owner.n, owner.batches);
}

/* Each mail is delivered, or given back by close, or stays its poster's: never two of them. */
static void
test_closing_while_others_post(void **state)
{
    size_t rounds = scaled(20000, 200), all = 0;

    (void)state;
    for (size_t i = 0; i < rounds; i++) {
        struct poster p[POSTERS];
        struct rd_mail *rest;

        start_posters(p, 1000, i % 2 ? 10 : SIZE_MAX);
        while (atomic_load(&n_posted) < i % 50)
            uv_run(&owner.loop, UV_RUN_NOWAIT);
        rest = rd_mailbox_close(&owner.box);
        assert_int_equal(join_posters(p), owner.n + free_letters(rest));
        all += owner.n;
        teardown(NULL);
        setup(NULL);
    }
    printf("closed %zu times, after %zu mails\n", rounds, all);
}

#define IN(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN(test_mail_comes_in_order_as_one_batch),
        IN(test_mail_posted_inside_comes_with_the_next_batch),
        IN(test_a_limit_refuses_and_the_poster_keeps_the_mail),
        IN(test_close_gives_back_what_was_not_delivered),
        IN(test_several_posters_lose_nothing),
        IN(test_closing_while_others_post),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
