/*
 * histogram.c - see histogram.h. Values below 128 have a bucket each; above, every
 * power of two is cut into 64. Called by main.c alone.
 */
#include "histogram.h"

#include <math.h>

#define HISTOGRAM_EXACT 128
#define HISTOGRAM_STEPS 64

static int
histogram_index(uint64_t us)
{
    int shift;

    if (us < HISTOGRAM_EXACT)
        return (int)us;
    shift = 63 - __builtin_clzll(us) - 6;
    return shift * HISTOGRAM_STEPS + (int)(us >> shift);
}

/* The largest value of a bucket. */
static uint64_t
histogram_value(int index)
{
    int shift;

    if (index < HISTOGRAM_EXACT)
        return (uint64_t)index;
    shift = index / HISTOGRAM_STEPS - 1;
    return ((uint64_t)(index - shift * HISTOGRAM_STEPS + 1) << shift) - 1;
}

void
rd_histogram_add(struct rd_histogram *h, uint64_t us)
{
    h->buckets[histogram_index(us)]++;
    h->n++;
    if (us > h->max)
        h->max = us;
}

uint64_t
rd_histogram_at(const struct rd_histogram *h, double p)
{
    uint64_t wanted = (uint64_t)ceil((double)h->n * p), seen = 0;

    for (int i = 0; i < RD_HISTOGRAM_SIZE && h->n > 0; i++) {
        seen += h->buckets[i];
        if (seen >= wanted && seen > 0)
            return histogram_value(i) < h->max ? histogram_value(i) : h->max;
    }
    return h->max;
}
