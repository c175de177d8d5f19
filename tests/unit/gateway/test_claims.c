/* The table of claims, its list of idle entries and its filter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/metric.h"
#include "gateway/claims.h"
#include "vectors.h"

static struct rd_claims *claims;
static int64_t gauge;

static int
setup(void **state)
{
    (void)state;
    gauge = rd_metric_get(RD_METRIC_claims, 0);
    claims = rd_claims_new();
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    rd_claims_free(claims);
    assert_int_equal(rd_metric_get(RD_METRIC_claims, 0), gauge);
    return 0;
}

static struct rd_slice
key_of(size_t n, char text[24])
{
    return rd_slice_make(text, (size_t)snprintf(text, 24, "key %zu", n));
}

static struct rd_claim *
add(size_t n)
{
    char text[24];
    struct rd_slice key = key_of(n, text);

    return rd_claims_add(claims, rd_hash(key), key);
}

static struct rd_claim *
find(size_t n)
{
    char text[24];
    struct rd_slice key = key_of(n, text);

    return rd_claims_find(claims, rd_hash(key), key);
}

static void
test_an_entry_is_found_by_key_and_by_id(void **state)
{
    struct rd_claim *a = add(1), *b = add(2);

    (void)state;
    assert_int_equal(a->phase, RD_CLAIM_LOOKUP);
    assert_ptr_equal(find(1), a);
    assert_ptr_equal(find(2), b);
    assert_null(find(3));
    assert_int_not_equal(a->id, b->id);
    assert_ptr_equal(rd_claims_by_id(claims, a->hash, a->id), a);
    assert_null(rd_claims_by_id(claims, a->hash, b->id + 1));
    assert_int_equal(rd_metric_get(RD_METRIC_claims, 0) - gauge, 2);
}

/* Mail for the entry that was there before finds nobody. */
static void
test_an_id_is_never_used_again(void **state)
{
    struct rd_claim *a = add(1);
    uint64_t id = a->id, hash = a->hash;

    (void)state;
    rd_claims_remove(claims, a);
    assert_null(find(1));
    a = add(1);
    assert_null(rd_claims_by_id(claims, hash, id));
    assert_ptr_equal(find(1), a);
}

/* Two keys of one hash are two messages. */
static void
test_equal_hashes(void **state)
{
    struct rd_claim *a = rd_claims_add(claims, 42, RD_LIT("a"));
    struct rd_claim *b = rd_claims_add(claims, 42, RD_LIT("b"));

    (void)state;
    assert_ptr_equal(rd_claims_find(claims, 42, RD_LIT("a")), a);
    assert_ptr_equal(rd_claims_find(claims, 42, RD_LIT("b")), b);
    assert_null(rd_claims_find(claims, 42, RD_LIT("c")));
    assert_ptr_equal(rd_claims_by_id(claims, 42, a->id), a);
    rd_claims_remove(claims, b);
    assert_ptr_equal(rd_claims_find(claims, 42, RD_LIT("a")), a);
}

static void
test_many(void **state)
{
    size_t n = scaled(1000000, 50000);

    (void)state;
    for (size_t i = 0; i < n; i++)
        assert_non_null(add(i));
    for (size_t i = 0; i < n; i += 3)
        rd_claims_remove(claims, find(i));
    for (size_t i = 0; i < n; i++)
        assert_int_equal(find(i) == NULL, i % 3 == 0);
    printf("%zu entries\n", n);
}

static void
test_waiters_grow(void **state)
{
    struct rd_claim *a = add(1);

    (void)state;
    for (uint64_t i = 0; i < 1000; i++)
        rd_claim_add_waiter(a, i + 1, i % 3 == 0);
    assert_int_equal(a->n_waiters, 1000);
    for (uint64_t i = 0; i < 1000; i++) {
        assert_int_equal(a->waiters[i].ticket, i + 1);
        assert_int_equal(a->waiters[i].is_fallback, i % 3 == 0);
    }
}

/* ---- idle entries --------------------------------------------------------------------- */

/* The oldest are forgotten when there are many; the filter knows them from then on. */
static void
test_idle_entries_are_forgotten_in_turn(void **state)
{
    const size_t most = 20000;
    size_t kept = 0;
    char text[24];

    (void)state;
    rd_claims_filter_ready(claims);
    for (size_t i = 0; i < most; i++) {
        struct rd_claim *c = add(i);

        c->message = rd_message_new(16, 0);
        rd_claims_idle(claims, c);
        assert_null(c->message);
        rd_claims_idle(claims, c);    /* a second time does nothing */
    }
    for (size_t i = 0; i < most; i++)
        if (find(i) != NULL)
            kept++;
        else
            assert_true(rd_claims_may_know(claims, rd_hash(key_of(i, text))));
    assert_in_range(kept, 8000, 8192);
    assert_non_null(find(most - 1));
    assert_null(find(0));
    assert_int_equal(rd_metric_get(RD_METRIC_claims, 0) - gauge, kept);
}

/* ---- the filter -------------------------------------------------------------------------- */

static void
test_until_it_is_ready_everything_may_be_known(void **state)
{
    (void)state;
    assert_true(rd_claims_may_know(claims, 1));
    rd_claims_filter_add(claims, 1);
    rd_claims_filter_ready(claims);
    assert_true(rd_claims_may_know(claims, 1));
    assert_false(rd_claims_may_know(claims, 2));
}

static void
test_the_filter_forgets_nothing_and_guesses_little(void **state)
{
    const size_t n = 400000;
    size_t wrong = 0;
    char text[24];

    (void)state;
    rd_claims_filter_ready(claims);
    for (size_t i = 0; i < n; i++)
        rd_claims_filter_add(claims, rd_hash(key_of(i, text)));
    for (size_t i = 0; i < n; i++)
        assert_true(rd_claims_may_know(claims, rd_hash(key_of(i, text))));
    for (size_t i = n; i < 2 * n; i++)
        wrong += rd_claims_may_know(claims, rd_hash(key_of(i, text)));
    printf("%zu of %zu unknown keys may be known\n", wrong, n);
    assert_true(wrong < n / 100);
}

/* ---- threads ------------------------------------------------------------------------------- */

static void *
thread_main(void *arg)
{
    size_t from = *(size_t *)arg;
    char text[24];

    for (size_t i = from; i < from + 5000; i++) {
        struct rd_slice key = key_of(i % 7500, text);
        uint64_t hash = rd_hash(key);
        struct rd_claim *c;

        rd_claims_may_know(claims, hash);
        rd_claims_lock(claims, hash);
        c = rd_claims_find(claims, hash, key);
        if (c == NULL)
            rd_claims_add(claims, hash, key);
        else if (i % 2)
            rd_claims_idle(claims, c);
        else if (!c->may_forget)
            rd_claims_remove(claims, c);
        rd_claims_unlock(claims, hash);
        rd_claims_filter_add(claims, hash);
    }
    return NULL;
}

static void
test_threads_share_it(void **state)
{
    pthread_t thread[4];
    size_t from[4] = { 0, 2500, 5000, 0 };

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, thread_main, &from[i]), 0);
    rd_claims_filter_ready(claims);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
}

#define IN(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN(test_an_entry_is_found_by_key_and_by_id),
        IN(test_an_id_is_never_used_again),
        IN(test_equal_hashes),
        IN(test_many),
        IN(test_waiters_grow),
        IN(test_idle_entries_are_forgotten_in_turn),
        IN(test_until_it_is_ready_everything_may_be_known),
        IN(test_the_filter_forgets_nothing_and_guesses_little),
        IN(test_threads_share_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
