/* The arena: alignment, the cap, what is reserved, how it grows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/arena.h"

static void
test_what_it_gives_is_apart_and_aligned(void **state)
{
    unsigned char *p[200];
    struct rd_arena a;

    (void)state;
    rd_arena_init(&a, 1 << 20);
    for (size_t i = 1; i < 200; i++) {
        p[i] = rd_arena_alloc(&a, i * 7);
        assert_non_null(p[i]);
        assert_int_equal((uintptr_t)p[i] % _Alignof(max_align_t), 0);
        memset(p[i], (int)i, i * 7);
    }
    for (size_t i = 1; i < 200; i++)
        for (size_t k = 0; k < i * 7; k++)
            assert_int_equal(p[i][k], i);
    assert_in_range(a.used, 7 * 100 * 199, 2 * 7 * 100 * 199);
    rd_arena_free(&a);
    assert_int_equal(a.used, 0);
}

static void
test_the_cap_holds_to_the_byte(void **state)
{
    struct rd_arena a;

    (void)state;
    rd_arena_init(&a, 1024);
    assert_null(rd_arena_alloc(&a, 1025));
    assert_non_null(rd_arena_alloc(&a, 400));
    assert_null(rd_arena_alloc(&a, 624));    /* the rest of the first chunk counts, too */
    assert_non_null(rd_arena_alloc(&a, 1024 - a.used));
    assert_int_equal(a.used, 1024);
    rd_arena_free(&a);
}

static void
test_what_was_reserved_is_all_that_is_used(void **state)
{
    struct rd_arena a;

    (void)state;
    rd_arena_init(&a, 4096);
    rd_arena_reserve(&a, 96);
    assert_non_null(rd_arena_alloc(&a, 90));
    assert_int_equal(a.used, 96);
    assert_non_null(rd_arena_alloc(&a, 1));    /* more of it comes in a small chunk */
    assert_in_range(a.used, 97, 96 + 256);
    rd_arena_free(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_it_gives_is_apart_and_aligned),
        cmocka_unit_test(test_the_cap_holds_to_the_byte),
        cmocka_unit_test(test_what_was_reserved_is_all_that_is_used),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
