/* Conversations to script threads: the hash, the table, posting while a thread is replaced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "loop/shard.h"
#include "vectors.h"

#define BOXES 3

static uv_loop_t loop;
static struct rd_mailbox boxes[BOXES];
static struct rd_mailbox *const all[BOXES] = { &boxes[0], &boxes[1], &boxes[2] };
static struct rd_shards table;
static size_t delivered;

static void
on_mail(struct rd_mail *mail, void *owner)
{
    (void)owner;
    delivered++;
    free(mail);
}

static struct rd_mail *
mail_of(void)
{
    struct rd_mail *mail = rd_malloc(sizeof *mail);

    mail->deliver = on_mail;
    return mail;
}

static int
setup(void **state)
{
    (void)state;
    delivered = 0;
    assert_int_equal(uv_loop_init(&loop), 0);
    for (unsigned i = 0; i < BOXES; i++)
        assert_int_equal(rd_mailbox_init(&boxes[i], &loop, NULL), 0);
    rd_shards_spread(&table, all, BOXES);
    return 0;
}

static size_t
close_box(struct rd_mailbox *box)
{
    struct rd_mail *rest = rd_mailbox_close(box), *next;
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
    for (unsigned i = 0; i < BOXES; i++) {
        close_box(&boxes[i]);
        rd_mailbox_close_handle(&boxes[i]);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    return 0;
}

static void
test_a_conversation_has_one_shard(void **state)
{
    struct rd_slice account = RD_LIT("AC0"), us = RD_LIT("+15550001"), them = RD_LIT("+15550002");
    uint8_t shard = rd_shard_of(account, us, them);

    (void)state;
    assert_int_equal(rd_shard_of(account, us, them), shard);
    /* the same in every process: computed by hand from FNV-1a */
    assert_int_equal(rd_shard_of(RD_LIT(""), RD_LIT(""), RD_LIT("")), 0xba);
    /* where one part ends and the next begins counts */
    assert_int_not_equal(rd_shard_of(RD_LIT("ab"), RD_LIT("c"), RD_LIT("")),
                         rd_shard_of(RD_LIT("a"), RD_LIT("bc"), RD_LIT("")));
    assert_int_not_equal(rd_shard_of(account, us, them), rd_shard_of(account, them, us));
}

/* Neighbouring numbers are what conversations look like. */
static void
test_conversations_are_spread(void **state)
{
    unsigned n[RD_SHARDS] = { 0 }, least = UINT32_MAX, most = 0;
    char them[16];

    (void)state;
    for (unsigned i = 0; i < 256 * 100; i++) {
        snprintf(them, sizeof them, "+1555%07u", i);
        n[rd_shard_of(RD_LIT("AC0"), RD_LIT("+15550001"), rd_slice_str(them))]++;
    }
    for (unsigned i = 0; i < RD_SHARDS; i++) {
        least = n[i] < least ? n[i] : least;
        most = n[i] > most ? n[i] : most;
    }
    printf("%u to %u of 100 conversations in a shard\n", least, most);
    assert_true(least >= 50 && most <= 160);
}

static void
test_move_points_all_of_one_thread_to_its_successor(void **state)
{
    unsigned n = 0;

    (void)state;
    for (unsigned i = 0; i < RD_SHARDS; i++)
        n += table.at[i] == &boxes[1];
    assert_in_range(n, RD_SHARDS / BOXES, RD_SHARDS / BOXES + 1);
    rd_shards_move(&table, &boxes[1], &boxes[2]);
    for (unsigned i = 0; i < RD_SHARDS; i++)
        assert_ptr_equal(table.at[i], i % BOXES == 0 ? &boxes[0] : &boxes[2]);
}

static void
test_post_goes_to_the_shards_mailbox(void **state)
{
    struct rd_mail *mail = mail_of();

    (void)state;
    for (unsigned i = 0; i < RD_SHARDS; i++)
        assert_int_equal(rd_shards_post(&table, (uint8_t)i, mail_of(), 1000), 0);
    for (unsigned i = 0; i < BOXES; i++)
        assert_in_range(rd_mailbox_count(&boxes[i]), RD_SHARDS / BOXES, RD_SHARDS / BOXES + 1);
    assert_int_equal(rd_shards_post(&table, 0, mail, RD_SHARDS / BOXES), RD_E_BUSY);
    free(mail);
}

static void
test_post_to_a_shard_that_nobody_serves(void **state)
{
    struct rd_mail *mail = mail_of();

    (void)state;
    close_box(&boxes[0]);
    assert_int_equal(rd_shards_post(&table, 0, mail, 1000), RD_E_CLOSED);
    free(mail);
    assert_int_equal(rd_shards_post(&table, 1, mail_of(), 1000), 0);
}

/* ---- while a thread is replaced --------------------------------------------------------- */

static void *
poster_main(void *arg)
{
    size_t *n = arg;

    while (*n < 2000) {
        if (rd_shards_post(&table, (uint8_t)*n, mail_of(), SIZE_MAX) != 0)
            abort();    /* a successor is there before the old mailbox closes */
        ++*n;
    }
    return NULL;
}

/* Successor first, then close: no post fails, and no mail is lost. */
static void
test_posting_while_threads_are_replaced(void **state)
{
    size_t rounds = scaled(5000, 100), moved = 0;

    (void)state;
    for (size_t i = 0; i < rounds; i++) {
        pthread_t thread[2];
        size_t n[2] = { 0, 0 }, rest = 0;

        for (unsigned t = 0; t < 2; t++)
            assert_int_equal(pthread_create(&thread[t], NULL, poster_main, &n[t]), 0);
        for (unsigned b = 0; b + 1 < BOXES; b++) {
            while (rd_mailbox_count(&boxes[b]) < 100)
                ;    /* both threads are at it */
            rd_shards_move(&table, &boxes[b], &boxes[b + 1]);
            rest += close_box(&boxes[b]);
        }
        for (unsigned t = 0; t < 2; t++)
            pthread_join(thread[t], NULL);
        moved += rest;
        assert_int_equal(rest + close_box(&boxes[BOXES - 1]), 4000);
        teardown(NULL);
        setup(NULL);
    }
    printf("%zu threads replaced, %zu mails moved\n", rounds * (BOXES - 1), moved);
}

#define IN(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_conversation_has_one_shard),
        cmocka_unit_test(test_conversations_are_spread),
        IN(test_move_points_all_of_one_thread_to_its_successor),
        IN(test_post_goes_to_the_shards_mailbox),
        IN(test_post_to_a_shard_that_nobody_serves),
        IN(test_posting_while_threads_are_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
