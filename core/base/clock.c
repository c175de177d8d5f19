/* clock.c - see clock.h. No state; called from anywhere. */
#include "base/clock.h"

#include <time.h>

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

double
rd_clock_wall(void)
{
    return (double)clock_read(CLOCK_REALTIME) / 1e9;
}

uint64_t
rd_clock_cpu_ns(void)
{
    return clock_read(CLOCK_THREAD_CPUTIME_ID);
}
