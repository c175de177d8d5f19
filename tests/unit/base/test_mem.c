/* Memory that was freed in the middle of others' goes back to the system, now and then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"

#define BLOCKS 100000
#define SIZE ((size_t)1000)
#define KEPT 100    /* of so many one stays */

/* Bytes of memory that the process has now. */
static size_t
resident(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    unsigned long all, has;

    assert_non_null(f);
    assert_int_equal(fscanf(f, "%lu %lu", &all, &has), 2);
    fclose(f);
    return has * (size_t)sysconf(_SC_PAGESIZE);
}

static void
pages_between_blocks_that_stay_are_given_back(void **state)
{
    static char *blocks[BLOCKS];
    size_t full, scattered;
    uint64_t start;

    (void)state;
    rd_mem_init();
    for (size_t i = 0; i < BLOCKS; i++)
        *(blocks[i] = rd_malloc(SIZE)) = 'x';
    for (size_t i = 0; i < BLOCKS; i++)
        if (i % KEPT != 0)
            free(blocks[i]);
    full = resident();
    start = rd_clock_ns();
    assert_true(rd_mem_give_back());
    scattered = resident();
    assert_true(!rd_mem_give_back() || rd_clock_ns() - start >= 250 * RD_MS);
    printf("%zu KiB, then %zu\n", full / 1024, scattered / 1024);
#if !defined __SANITIZE_ADDRESS__ && !defined RD_TSAN    /* they have their own malloc */
    assert_true(full > BLOCKS * SIZE && scattered < full / 3);
#endif
    for (size_t i = 0; i < BLOCKS; i += KEPT)
        free(blocks[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_between_blocks_that_stay_are_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
