/* clock.c - see clock.h. Called from anywhere. */
#include "base/clock.h"

#include <time.h>

#ifdef RD_TEST
#include <pthread.h>
#include <stdlib.h>

static pthread_once_t clock_once = PTHREAD_ONCE_INIT;
static double clock_shift;    /* seconds that a test has put the wall clock forward */

static double clock_real(void);

static void
clock_read_shift(void)
{
    const char *start = getenv("REPLYD_TEST_CLOCK");

    if (start != NULL)
        clock_shift = atof(start) - clock_real();
}
#endif

static uint64_t
clock_read(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * RD_SECOND + (uint64_t)t.tv_nsec;
}

uint64_t
rd_clock_ns(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

uint64_t
rd_clock_ms(void)
{
    return clock_read(CLOCK_MONOTONIC) / RD_MS;
}

static double
clock_real(void)
{
    return (double)clock_read(CLOCK_REALTIME) / 1e9;
}

double
rd_clock_wall(void)
{
#ifdef RD_TEST
    pthread_once(&clock_once, clock_read_shift);
    return clock_real() + clock_shift;
#else
    return clock_real();
#endif
}

uint64_t
rd_clock_cpu_ns(void)
{
    return clock_read(CLOCK_THREAD_CPUTIME_ID);
}
