/* test_fault.c - the commands that tests give to fault points. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>

#include "base/error.h"
#include "base/fault.h"

static const struct rd_slice point = RD_LIT("store.commit");

static void
test_a_point_without_command_passes_and_counts(void **state)
{
    long before = rd_fault_hits(point);

    (void)state;
    assert_int_equal(rd_fault(RD_FAULT_store_commit), 0);
    assert_int_equal(rd_fault_hits(point), before + 1);
    assert_int_equal(rd_fault_stalled(point), 0);
}

static void
test_fail_counts_down(void **state)
{
    (void)state;
    assert_int_equal(rd_fault_set(point, RD_LIT("fail=2\n")), 0);
    assert_int_equal(rd_fault(RD_FAULT_store_commit), RD_E_IO);
    assert_int_equal(rd_fault(RD_FAULT_store_early), 0);
    assert_int_equal(rd_fault(RD_FAULT_store_commit), RD_E_IO);
    assert_int_equal(rd_fault(RD_FAULT_store_commit), 0);
}

static void
test_unknown_names_and_commands_are_refused(void **state)
{
    (void)state;
    assert_int_equal(rd_fault_set(RD_LIT("store"), RD_LIT("stall")), RD_E_NOT_FOUND);
    assert_int_equal(rd_fault_hits(RD_LIT("store")), -1);
    assert_int_equal(rd_fault_stalled(RD_LIT("")), -1);
    assert_int_equal(rd_fault_set(point, RD_LIT("")), RD_E_INVALID);
    assert_int_equal(rd_fault_set(point, RD_LIT("fail=")), RD_E_INVALID);
    assert_int_equal(rd_fault_set(point, RD_LIT("fail=-1")), RD_E_INVALID);
    assert_int_equal(rd_fault_set(point, RD_LIT("fail=99999999999")), RD_E_INVALID);
}

static void *
reach(void *unused)
{
    (void)unused;
    return (void *)(intptr_t)rd_fault(RD_FAULT_store_commit);
}

static void
wait_stalled(long n)
{
    while (rd_fault_stalled(point) != n)
        sched_yield();
}

static void
test_stall_pass_release(void **state)
{
    pthread_t threads[3];
    void *status;

    (void)state;
    assert_int_equal(rd_fault_set(point, RD_LIT("stall")), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, reach, NULL), 0);
    wait_stalled(3);
    assert_int_equal(rd_fault_set(point, RD_LIT("pass")), 0);
    wait_stalled(2);
    assert_int_equal(rd_fault_set(point, RD_LIT("fail=2")), 0);
    assert_int_equal(rd_fault_set(point, RD_LIT("release")), 0);
    for (int i = 0, failed = 0; i < 3; i++) {
        pthread_join(threads[i], &status);
        failed += (intptr_t)status == RD_E_IO;
        assert_true(i < 2 || failed == 2);
    }
    assert_int_equal(rd_fault(RD_FAULT_store_commit), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_point_without_command_passes_and_counts),
        cmocka_unit_test(test_fail_counts_down),
        cmocka_unit_test(test_unknown_names_and_commands_are_refused),
        cmocka_unit_test(test_stall_pass_release),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
