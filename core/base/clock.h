/*
 * clock.h - time. Deadlines and measurements use the monotonic clock only; the
 * wall clock is for what people and other machines read.
 */
#ifndef RD_BASE_CLOCK_H
#define RD_BASE_CLOCK_H

#include <stdint.h>

#define RD_US UINT64_C(1000)          /* nanoseconds in a microsecond */
#define RD_MS UINT64_C(1000000)       /* nanoseconds in a millisecond */
#define RD_SECOND UINT64_C(1000000000)

/* Nanoseconds on CLOCK_MONOTONIC. */
uint64_t rd_clock_ns(void);

/* Milliseconds on CLOCK_MONOTONIC. */
uint64_t rd_clock_ms(void);

/*
 * Seconds since 1970 with a fraction (CLOCK_REALTIME). In test builds the process begins at
 * $REPLYD_TEST_CLOCK.
 */
double rd_clock_wall(void);

/* CPU nanoseconds that the calling thread has used. */
uint64_t rd_clock_cpu_ns(void);

#endif
