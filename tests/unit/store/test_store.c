/* The store's thread: order, batches, faults, dead epochs, start and stop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/metric.h"
#include "store/store_help.h"

#define MANY 100

static void
fault(const char *point, const char *command)
{
    assert_int_equal(rd_fault_set(rd_slice_str(point), rd_slice_str(command)), 0);
}

/* Returns once the store's thread stands at the point. */
static void
await_stall(const char *point)
{
    while (rd_fault_stalled(rd_slice_str(point)) == 0)
        sched_yield();
}

/* ---- order and batches ------------------------------------------------------------ */

static void
post_numbered(int64_t from, int64_t to)
{
    for (int64_t i = from; i < to; i++) {
        struct rd_store_request *r = kv_of(RD_STORE_kv_incr, "n");

        r->by = 1;
        asker_post(&asker, r);
    }
}

static void
assert_numbered(int64_t from, int64_t to)
{
    asker_wait(&asker, (size_t)(to - from));
    for (int64_t i = from; i < to; i++) {
        struct rd_store_request *r = asker_take(&asker);

        assert_int_equal(r->error, 0);
        assert_int_equal(r->number, i + 1);
        rd_store_request_free(r);
    }
    assert_int_equal(asker.n, 0);
}

static void
test_what_waited_is_one_transaction(void **state)
{
    struct rd_slice done = RD_LIT("store.done");
    long before;

    (void)state;
    fault("store.lookup", "stall");
    asker_post(&asker, rd_store_request_new(RD_STORE_lookup, RD_LIT("k")));
    await_stall("store.lookup");
    post_numbered(0, MANY);
    before = rd_fault_hits(done);
    fault("store.lookup", "release");
    asker_wait(&asker, MANY + 1);
    assert_int_equal(rd_fault_hits(done) - before, 2);    /* the look-up's own, then all */
    rd_store_request_free(asker_take(&asker));
    assert_numbered(0, MANY);
}

static void
test_nothing_is_complete_before_its_commit(void **state)
{
    (void)state;
    fault("store.done", "stall");
    post_numbered(0, 3);
    await_stall("store.done");
    uv_run(&asker.loop, UV_RUN_NOWAIT);
    assert_int_equal(asker.n, 0);
    fault("store.done", "release");
    assert_numbered(0, 3);
}

static void
test_operations_are_counted(void **state)
{
    int64_t before = rd_metric_get(RD_METRIC_store_operations_total, 0);
    int64_t failed = rd_metric_get(RD_METRIC_store_failures_total, 0);

    (void)state;
    post_numbered(0, MANY);
    assert_numbered(0, MANY);
    assert_value(&asker, "absent", NULL);
    assert_int_equal(rd_metric_get(RD_METRIC_store_operations_total, 0) - before, MANY + 1);
    assert_int_equal(rd_metric_get(RD_METRIC_store_failures_total, 0), failed);
    fault("store.commit", "fail=1");
    asker_error(&asker, final_of("k", RD_ROW_DONE, "t", 0, 0));
    assert_int_equal(rd_metric_get(RD_METRIC_store_failures_total, 0), failed + 1);
}

static void
test_who_waits_for_nothing_gets_nothing(void **state)
{
    (void)state;
    rd_store_post(asker.store, final_of("k", RD_ROW_ANSWERED, "t", 0, 0));
    assert_int_equal(row_of(&asker, "k", "t"), RD_ROW_ANSWERED);
    assert_int_equal(asker.n, 0);
}

/* ---- faults --------------------------------------------------------------------------- */

/* Nothing of a failed write is there, and it can be posted again with all that it has. */
static void
test_a_failed_write_leaves_all_as_it_was(void **state)
{
    struct rd_store_request *r = final_of("k", RD_ROW_DONE, "t", 0x1, 0x3), *again;

    (void)state;
    add_effect(r, RD_EFFECT_SET, "a", "1");
    fault("store.commit", "fail=1");
    r = asker_ask(&asker, r);
    assert_int_equal(r->error, RD_E_IO);
    assert_int_equal(row_of(&asker, "k", NULL), RD_ROW_ABSENT);
    assert_value(&asker, "a", NULL);
    again = final_of("k", RD_ROW_DONE, "t", 0x1, 0);
    again->replies = r->replies;
    again->effects = r->effects;
    again->can_send = true;
    r->replies = NULL;
    r->effects = NULL;
    rd_store_request_free(r);
    assert_int_equal(asker_error(&asker, again), 0);
    assert_int_equal(row_of(&asker, "k", "t"), RD_ROW_DONE);
    assert_value(&asker, "a", "1");
    assert_int_equal(outbox_of(&asker, 9), 0x2);
}

static void
test_each_kind_of_write_fails_at_its_own_point(void **state)
{
    (void)state;
    fault("store.early", "fail=1");
    fault("store.lookup", "fail=1");
    assert_int_equal(asker_error(&asker, final_of("k", RD_ROW_ANSWERED, "t", 0, 0)), 0);
    assert_int_equal(asker_error(&asker, early_of("e", "t", 0, 0)), RD_E_IO);
    assert_int_equal(asker_error(&asker, rd_store_request_new(RD_STORE_lookup, RD_LIT("k"))),
                     RD_E_IO);
    assert_int_equal(row_of(&asker, "e", NULL), RD_ROW_ABSENT);
    assert_int_equal(asker_error(&asker, early_of("e", "t", 0, 0)), 0);
}

/* ---- dead epochs ---------------------------------------------------------------------- */

static void
post_from(uint64_t epoch, const char *key)
{
    struct rd_store_request *r = final_of(key, RD_ROW_ANSWERED, "t", 0, 0);

    r->epoch = epoch;
    add_effect(r, RD_EFFECT_SET, key, "x");
    asker_post(&asker, r);
}

static void
bury(uint64_t epoch)
{
    struct rd_store_request *r = rd_store_request_new(RD_STORE_death, RD_LIT(""));

    r->n = epoch;
    asker_post(&asker, r);
}

static void
test_what_comes_after_a_death_is_discarded(void **state)
{
    (void)state;
    fault("store.lookup", "stall");    /* all of it comes in one batch */
    asker_post(&asker, rd_store_request_new(RD_STORE_lookup, RD_LIT("k")));
    await_stall("store.lookup");
    post_from(7, "before");
    bury(7);
    post_from(7, "after");
    post_from(8, "other");
    post_from(0, "nobody");
    fault("store.lookup", "release");
    asker_wait(&asker, 5);
    asker_drop(&asker, 5);
    assert_int_equal(row_of(&asker, "before", "t"), RD_ROW_ANSWERED);
    assert_int_equal(row_of(&asker, "after", NULL), RD_ROW_ABSENT);
    assert_int_equal(row_of(&asker, "other", "t"), RD_ROW_ANSWERED);
    assert_int_equal(row_of(&asker, "nobody", "t"), RD_ROW_ANSWERED);
    assert_value(&asker, "before", "x");
    assert_value(&asker, "after", NULL);
}

static void
test_the_dead_stay_dead(void **state)
{
    (void)state;
    for (uint64_t epoch = 1; epoch <= 20; epoch++)
        bury(epoch);
    asker_wait(&asker, 20);
    asker_drop(&asker, 20);
    for (uint64_t epoch = 1; epoch <= 20; epoch++)
        post_from(epoch, "k");
    assert_int_equal(row_of(&asker, "k", NULL), RD_ROW_ABSENT);
    post_from(21, "k");
    asker_wait(&asker, 1);
    asker_drop(&asker, 1);
    assert_int_equal(row_of(&asker, "k", "t"), RD_ROW_ANSWERED);
}

/* ---- start and stop -------------------------------------------------------------------- */

static void
test_stop_does_what_was_posted_before(void **state)
{
    (void)state;
    post_numbered(0, MANY);
    asker_restart(&asker, 1000, 1000);
    assert_numbered(0, MANY);
}

static void
test_an_unknown_backend_is_refused(void **state)
{
    struct rd_store_spec spec = { .backend = "punch cards" };
    struct rd_store *none = NULL;

    (void)state;
    assert_int_equal(rd_store_start(&spec, &none), RD_E_UNSUPPORTED);
    assert_null(none);
}

static void
test_memory_does_not_survive(void **state)
{
    (void)state;
    asker_error(&asker, final_of("k", RD_ROW_ANSWERED, "t", 0, 0));
    asker_restart(&asker, 100000, 100000);
    assert_int_equal(row_of(&asker, "k", NULL),
                     rd_store_is_durable(asker.store) ? RD_ROW_ANSWERED : RD_ROW_ABSENT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_waited_is_one_transaction),
        cmocka_unit_test(test_nothing_is_complete_before_its_commit),
        cmocka_unit_test(test_operations_are_counted),
        cmocka_unit_test(test_who_waits_for_nothing_gets_nothing),
        cmocka_unit_test(test_a_failed_write_leaves_all_as_it_was),
        cmocka_unit_test(test_each_kind_of_write_fails_at_its_own_point),
        cmocka_unit_test(test_what_comes_after_a_death_is_discarded),
        cmocka_unit_test(test_the_dead_stay_dead),
        cmocka_unit_test(test_stop_does_what_was_posted_before),
        cmocka_unit_test(test_an_unknown_backend_is_refused),
        cmocka_unit_test(test_memory_does_not_survive),
    };

    return EVERY_BACKEND(tests);
}
