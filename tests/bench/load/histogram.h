/*
 * histogram.h - latencies in microseconds, log-linear: 1.6 % wide buckets, no allocation.
 */
#ifndef RD_BENCH_HISTOGRAM_H
#define RD_BENCH_HISTOGRAM_H

#include <stdint.h>

#define RD_HISTOGRAM_SIZE (64 * 64)

struct rd_histogram {
    uint64_t buckets[RD_HISTOGRAM_SIZE];
    uint64_t n, max;
};

void rd_histogram_add(struct rd_histogram *h, uint64_t us);

/* The value below which the share p (0 to 1) of all values lies; 0 when there are none. */
uint64_t rd_histogram_at(const struct rd_histogram *h, double p);

#endif
