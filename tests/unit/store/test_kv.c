/* Key/value pairs and recorded results: what every backend of the store must do alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "store/store_help.h"
#include "vectors.h"

/* Commits one effect as a handler does. */
static void
commit(enum rd_effect kind, struct rd_slice key, struct rd_slice value, uint64_t ttl_ms)
{
    static unsigned n;
    char row[24];
    struct rd_store_request *r;

    snprintf(row, sizeof row, "commit %u", ++n);
    r = final_of(row, RD_ROW_ANSWERED, "t", 0, 0);
    r->effects = rd_store_effect_new(kind, RD_LIT("bot"), key, value, ttl_ms);
    assert_int_equal(asker_error(&asker, r), 0);
}

static void
set(const char *key, const char *value)
{
    commit(RD_EFFECT_SET, rd_slice_str(key), rd_slice_str(value), 0);
}

/* One incr or cas; `call` names it for the record, "" for none. */
static int64_t
number_of(struct rd_store_request *r)
{
    int64_t n;

    r = asker_ask(&asker, r);
    assert_int_equal(r->error, 0);
    n = r->number;
    rd_store_request_free(r);
    return n;
}

static struct rd_store_request *
incr_of(const char *call, const char *name, int64_t by)
{
    struct rd_store_request *r = rd_store_request_new(RD_STORE_kv_incr, rd_slice_str(call));

    r->space = RD_LIT("bot");
    r->name = rd_slice_str(name);
    r->by = by;
    return r;
}

static struct rd_store_request *
cas_of(const char *call, const char *name, const char *old, const char *value)
{
    struct rd_store_request *r = rd_store_request_new(RD_STORE_kv_cas, rd_slice_str(call));

    r->space = RD_LIT("bot");
    r->name = rd_slice_str(name);
    r->old = rd_slice_str(old);
    r->value = rd_slice_str(value);
    return r;
}

/* ---- set, get, delete ------------------------------------------------------------- */

static void
test_set_get_delete(void **state)
{
    (void)state;
    assert_value(&asker, "k", NULL);
    set("k", "1");
    assert_value(&asker, "k", "1");
    set("k", "a longer one");
    assert_value(&asker, "k", "a longer one");
    commit(RD_EFFECT_DELETE, RD_LIT("k"), RD_LIT(""), 0);
    assert_value(&asker, "k", NULL);
    commit(RD_EFFECT_DELETE, RD_LIT("k"), RD_LIT(""), 0);
    set("k", "2");
    assert_value(&asker, "k", "2");
}

static void
test_empty_and_binary(void **state)
{
    struct rd_slice odd = rd_slice_make("\0\xff=\n", 4);
    struct rd_store_request *r;

    (void)state;
    commit(RD_EFFECT_SET, RD_LIT("none"), (struct rd_slice){ NULL, 0 }, 0);
    assert_value(&asker, "none", "");
    commit(RD_EFFECT_SET, (struct rd_slice){ NULL, 0 }, RD_LIT("x"), 0);
    assert_value(&asker, "", "x");
    commit(RD_EFFECT_SET, odd, odd, 0);
    r = kv_of(RD_STORE_kv_get, "");
    r->name = odd;
    r = asker_ask(&asker, r);
    assert_true(rd_slice_eq(r->result, odd));
    rd_store_request_free(r);
}

static void
test_the_last_of_several_effects_wins(void **state)
{
    struct rd_store_request *r = final_of("row", RD_ROW_ANSWERED, "t", 0, 0);

    (void)state;
    add_effect(r, RD_EFFECT_SET, "a", "1");
    add_effect(r, RD_EFFECT_SET, "b", "1");
    add_effect(r, RD_EFFECT_SET, "a", "2");
    add_effect(r, RD_EFFECT_DELETE, "b", "");
    assert_int_equal(asker_error(&asker, r), 0);
    assert_value(&asker, "a", "2");
    assert_value(&asker, "b", NULL);
}

static void
test_spaces_are_apart(void **state)
{
    struct rd_store_request *r = kv_of(RD_STORE_kv_get, "k");

    (void)state;
    set("k", "1");
    set("tk", "2");
    r->space = RD_LIT("other");
    assert_int_equal(asker_error(&asker, r), RD_E_NOT_FOUND);
    r = kv_of(RD_STORE_kv_get, "tk");    /* "bot" + "tk" is not "bott" + "k" */
    r->space = RD_LIT("bott");
    r->name = RD_LIT("k");
    assert_int_equal(asker_error(&asker, r), RD_E_NOT_FOUND);
}

static int64_t
rank_before(const char *key, int64_t rank)
{
    struct rd_store_request *r = rd_store_request_new(RD_STORE_rank, rd_slice_str(key));
    int64_t before;

    r->space = RD_LIT("bot");
    r->by = rank;
    r = asker_ask(&asker, r);
    assert_int_equal(r->error, 0);
    before = r->number;
    rd_store_request_free(r);
    return before;
}

static void
test_a_rank_never_falls(void **state)
{
    (void)state;
    assert_int_equal(rank_before("m", 3), 0);
    assert_int_equal(rank_before("m", 2), 3);
    assert_int_equal(rank_before("m", 4), 3);
    assert_int_equal(rank_before("m", 4), 4);
    assert_int_equal(rank_before("m", 1), 4);
    assert_int_equal(rank_before("n", 1), 0);
}

static void
test_pairs_die_at_their_time(void **state)
{
    (void)state;
    commit(RD_EFFECT_SET, RD_LIT("long"), RD_LIT("1"), 3600 * 1000);
    commit(RD_EFFECT_SET, RD_LIT("short"), RD_LIT("1"), 1);
    while (asker_error(&asker, kv_of(RD_STORE_kv_get, "short")) == 0)
        ;    /* its time passes meanwhile */
    assert_value(&asker, "short", NULL);
    assert_value(&asker, "long", "1");
    commit(RD_EFFECT_SET, RD_LIT("long"), RD_LIT("2"), 1);
    while (asker_error(&asker, kv_of(RD_STORE_kv_get, "long")) == 0)
        ;
    commit(RD_EFFECT_SET, RD_LIT("long"), RD_LIT("3"), 0);
    assert_value(&asker, "long", "3");
}

static void
test_many_pairs(void **state)
{
    size_t n = scaled(100000, 3000);
    char key[24];

    (void)state;
    for (size_t i = 0; i < n; i++) {
        struct rd_store_request *r = final_of("row", RD_ROW_EARLY, "t", 0, 0);

        snprintf(key, sizeof key, "%zu", i);
        r->op = RD_STORE_early;
        r->request = rd_message_new(64, 0);
        add_effect(r, RD_EFFECT_SET, key, key);
        asker_post(&asker, r);
    }
    asker_wait(&asker, n);
    asker_drop(&asker, n);
    for (size_t i = 0; i < n; i++) {
        snprintf(key, sizeof key, "%zu", i);
        assert_value(&asker, key, key);
    }
    printf("%zu pairs\n", n);
}

/* ---- incr, cas ------------------------------------------------------------------------ */

static void
test_incr(void **state)
{
    (void)state;
    assert_int_equal(number_of(incr_of("", "n", 5)), 5);
    assert_int_equal(number_of(incr_of("", "n", -7)), -2);
    assert_value(&asker, "n", "-2");
    set("n", "40");
    assert_int_equal(number_of(incr_of("", "n", 2)), 42);
}

static void
test_incr_says_so_when_it_cannot(void **state)
{
    (void)state;
    set("max", "9223372036854775807");
    assert_int_equal(asker_error(&asker, incr_of("", "max", 1)), RD_E_TOO_BIG);
    assert_value(&asker, "max", "9223372036854775807");
    assert_int_equal(number_of(incr_of("", "max", -1)), INT64_MAX - 1);
    set("word", "seven");
    assert_int_equal(asker_error(&asker, incr_of("", "word", 1)), RD_E_INVALID);
    assert_value(&asker, "word", "seven");
}

static void
test_cas(void **state)
{
    (void)state;
    assert_int_equal(number_of(cas_of("", "k", "x", "1")), 0);
    assert_value(&asker, "k", NULL);
    assert_int_equal(number_of(cas_of("", "k", "", "1")), 1);    /* absent is the empty one */
    assert_int_equal(number_of(cas_of("", "k", "2", "3")), 0);
    assert_int_equal(number_of(cas_of("", "k", "1", "2")), 1);
    assert_value(&asker, "k", "2");
}

/* A rerun of a message gets what its first run got, and nothing happens a second time. */
static void
test_a_rerun_gets_the_recorded_result(void **state)
{
    (void)state;
    assert_int_equal(number_of(incr_of("SM1 0 0", "n", 1)), 1);
    assert_int_equal(number_of(incr_of("SM2 0 0", "n", 1)), 2);
    assert_int_equal(number_of(incr_of("SM1 0 0", "n", 1)), 1);
    assert_int_equal(number_of(incr_of("SM1 0 1", "n", 1)), 3);
    assert_value(&asker, "n", "3");
    assert_int_equal(number_of(cas_of("SM1 0 2", "k", "", "1")), 1);
    assert_int_equal(number_of(cas_of("SM1 0 3", "k", "", "2")), 0);
    set("k", "9");
    assert_int_equal(number_of(cas_of("SM1 0 2", "k", "", "1")), 1);
    assert_int_equal(number_of(cas_of("SM1 0 3", "k", "9", "2")), 0);
    assert_value(&asker, "k", "9");
}

static void
test_a_refused_incr_is_not_recorded(void **state)
{
    (void)state;
    set("n", "word");
    assert_int_equal(asker_error(&asker, incr_of("SM1 0 0", "n", 1)), RD_E_INVALID);
    set("n", "1");
    assert_int_equal(number_of(incr_of("SM1 0 0", "n", 1)), 2);
}

/* ---- list --------------------------------------------------------------------------------- */

/* Keys with the prefix; each a bit by its last letter, and all must begin with it. */
static unsigned
list(const char *prefix, uint64_t most, int64_t *count)
{
    struct rd_store_request *r = kv_of(RD_STORE_kv_list, prefix);
    unsigned mask = 0;

    r->n = most;
    r = asker_ask(&asker, r);
    assert_int_equal(r->error, 0);
    for (size_t at = 0; at < r->result.n; at += strlen(r->result.p + at) + 1) {
        const char *key = r->result.p + at;

        assert_true(rd_slice_starts(rd_slice_str(key), rd_slice_str(prefix)));
        mask |= 1u << (key[strlen(key) - 1] - 'a');
    }
    *count = r->number;
    rd_store_request_free(r);
    return mask;
}

static void
test_list(void **state)
{
    int64_t n;

    (void)state;
    assert_int_equal(list("", 0, &n), 0);
    assert_int_equal(n, 0);
    set("user.a", "1");
    set("user.b", "1");
    set("use.c", "1");
    set("user.d", "1");
    commit(RD_EFFECT_DELETE, RD_LIT("user.d"), RD_LIT(""), 0);
    assert_int_equal(list("user.", 0, &n), 0x3);
    assert_int_equal(n, 2);
    assert_int_equal(list("us", 0, &n), 0x7);
    assert_int_equal(__builtin_popcount(list("us", 2, &n)), 2);
    assert_int_equal(n, 2);
    assert_int_equal(list("x", 0, &n), 0);
}

static void
test_list_leaves_out_the_dead(void **state)
{
    int64_t n;

    (void)state;
    commit(RD_EFFECT_SET, RD_LIT("a"), RD_LIT("1"), 1);
    commit(RD_EFFECT_SET, RD_LIT("b"), RD_LIT("1"), 0);
    commit(RD_EFFECT_SET, RD_LIT("short"), RD_LIT("1"), 1);
    while (asker_error(&asker, kv_of(RD_STORE_kv_get, "short")) == 0)
        ;
    assert_int_equal(list("", 0, &n), 0x2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_get_delete),
        cmocka_unit_test(test_empty_and_binary),
        cmocka_unit_test(test_the_last_of_several_effects_wins),
        cmocka_unit_test(test_spaces_are_apart),
        cmocka_unit_test(test_a_rank_never_falls),
        cmocka_unit_test(test_pairs_die_at_their_time),
        cmocka_unit_test(test_many_pairs),
        cmocka_unit_test(test_incr),
        cmocka_unit_test(test_incr_says_so_when_it_cannot),
        cmocka_unit_test(test_cas),
        cmocka_unit_test(test_a_rerun_gets_the_recorded_result),
        cmocka_unit_test(test_a_refused_incr_is_not_recorded),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_list_leaves_out_the_dead),
    };

    return EVERY_BACKEND(tests);
}
