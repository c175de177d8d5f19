/*
 * metric.c - see metric.h. Owns the numbers: one atomic for each series, any
 * thread. Printing reads them one by one, so sums may be a moment apart.
 */
#include "base/metric.h"

#include <inttypes.h>
#include <stdatomic.h>

#include "base/check.h"
#include "base/clock.h"

#define METRIC_SERIES (RD_KIND_COUNT * RD_OUTCOME_COUNT)    /* most that a metric has */
#define METRIC_PREFIX "replyd_"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* ---- label tables ------------------------------------------------------------ */

#define METRIC_TEXT(name) #name,
#define METRIC_TEXT2(name, text) #name,
static const char *const metric_kinds[] = { RD_METRIC_KINDS(METRIC_TEXT) NULL };
static const char *const metric_outcomes[] = { RD_OUTCOMES(METRIC_TEXT2) NULL };
static const char *const metric_signature[] = { RD_SIGNATURE_FAILURES(METRIC_TEXT2) NULL };
static const char *const metric_classes[] = { RD_STATUS_CLASSES(METRIC_TEXT) NULL };
static const char *const metric_results[] = { RD_RELOAD_RESULTS(METRIC_TEXT) NULL };
static const char *const metric_outbox[] = { RD_OUTBOX_STATES(METRIC_TEXT) NULL };

/* Names and values of up to two labels; the second one varies fastest. */
struct metric_labels {
    struct {
        const char *name;
        const char *const *values;
    } at[2];
};

#define METRIC_NAMES_NONE ""
#define METRIC_NAMES_OUTCOME "kind, outcome"
#define METRIC_NAMES_SIGNATURE "reason"
#define METRIC_NAMES_STATUS "class"
#define METRIC_NAMES_RESULT "result"
#define METRIC_NAMES_OUTBOX "state"

enum { METRIC_NONE, METRIC_OUTCOME, METRIC_SIGNATURE, METRIC_STATUS, METRIC_RESULT, METRIC_OUTBOX };

static const struct metric_labels metric_labels[] = {
    [METRIC_NONE] = { { { NULL, NULL }, { NULL, NULL } } },
    [METRIC_OUTCOME] = { { { "kind", metric_kinds }, { "outcome", metric_outcomes } } },
    [METRIC_SIGNATURE] = { { { "reason", metric_signature }, { NULL, NULL } } },
    [METRIC_STATUS] = { { { "class", metric_classes }, { NULL, NULL } } },
    [METRIC_RESULT] = { { { "result", metric_results }, { NULL, NULL } } },
    [METRIC_OUTBOX] = { { { "state", metric_outbox }, { NULL, NULL } } },
};

#define METRIC_WORD_COUNTER "counter"
#define METRIC_WORD_GAUGE "gauge"
#define METRIC_WORD_HISTOGRAM "histogram"

static const struct {
    struct rd_metric_row row;
    enum metric_type type;
    const struct metric_labels *labels;
} metrics[] = {
#define METRIC_ROW(id, type, labels, help)                                              \
    { { METRIC_PREFIX #id, METRIC_WORD_##type, help, METRIC_NAMES_##labels }, METRIC_##type, \
      &metric_labels[METRIC_##labels] },
    RD_METRICS(METRIC_ROW)
};

/* ---- numbers ------------------------------------------------------------------ */

/* Upper bounds in milliseconds: from a busy handler's 1 ms to Twilio's 15 s. */
static const struct {
    uint64_t ns;
    const char *text;
} metric_bounds[] = {
    { 1 * RD_MS, "0.001" },     { 2500 * RD_MS / 1000, "0.0025" }, { 5 * RD_MS, "0.005" },
    { 10 * RD_MS, "0.01" },     { 25 * RD_MS, "0.025" },           { 50 * RD_MS, "0.05" },
    { 100 * RD_MS, "0.1" },     { 250 * RD_MS, "0.25" },           { 500 * RD_MS, "0.5" },
    { 1000 * RD_MS, "1" },      { 2500 * RD_MS, "2.5" },           { 5000 * RD_MS, "5" },
    { 8000 * RD_MS, "8" },      { 10000 * RD_MS, "10" },           { 15000 * RD_MS, "15" },
};
#define METRIC_BOUNDS (sizeof metric_bounds / sizeof *metric_bounds)

/* A histogram's series: one for each bound, then what is above all, then the sum in ns. */
#define METRIC_SUM (METRIC_BOUNDS + 1)

/* Each metric on cache lines of its own: threads count different ones at the same time. */
static struct {
    _Alignas(64) _Atomic(int64_t) at[METRIC_SERIES];
} metric_values[RD_METRIC_COUNT];

_Static_assert(METRIC_SUM < METRIC_SERIES, "a histogram fits into the series of a metric");

void
rd_metric_add(enum rd_metric metric, unsigned series, int64_t n)
{
    RD_ASSERT((unsigned)metric < RD_METRIC_COUNT && series < METRIC_SERIES);
    atomic_fetch_add_explicit(&metric_values[metric].at[series], n, memory_order_relaxed);
}

void
rd_metric_set(enum rd_metric metric, unsigned series, int64_t value)
{
    RD_ASSERT((unsigned)metric < RD_METRIC_COUNT && series < METRIC_SERIES);
    atomic_store_explicit(&metric_values[metric].at[series], value, memory_order_relaxed);
}

int64_t
rd_metric_get(enum rd_metric metric, unsigned series)
{
    RD_ASSERT((unsigned)metric < RD_METRIC_COUNT && series < METRIC_SERIES);
    return atomic_load_explicit(&metric_values[metric].at[series], memory_order_relaxed);
}

void
rd_metric_observe(enum rd_metric metric, uint64_t ns)
{
    unsigned bucket = 0;

    while (bucket < METRIC_BOUNDS && ns > metric_bounds[bucket].ns)
        bucket++;
    rd_metric_add(metric, bucket, 1);
    rd_metric_add(metric, METRIC_SUM, (int64_t)ns);
}

/* ---- text ---------------------------------------------------------------------- */

const struct rd_metric_row *
rd_metric_row(enum rd_metric metric)
{
    RD_ASSERT((unsigned)metric < RD_METRIC_COUNT);
    return &metrics[metric].row;
}

static void
metric_print_histogram(struct rd_buf *out, enum rd_metric metric)
{
    const char *name = metrics[metric].row.name;
    uint64_t count = 0, sum = (uint64_t)rd_metric_get(metric, METRIC_SUM);

    for (unsigned i = 0; i <= METRIC_BOUNDS; i++) {
        count += (uint64_t)rd_metric_get(metric, i);
        rd_buf_printf(out, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", name,
                      i < METRIC_BOUNDS ? metric_bounds[i].text : "+Inf", count);
    }
    rd_buf_printf(out, "%s_sum %" PRIu64 ".%09" PRIu64 "\n", name, sum / RD_SECOND,
                  sum % RD_SECOND);
    rd_buf_printf(out, "%s_count %" PRIu64 "\n", name, count);
}

static void
metric_print_series(struct rd_buf *out, enum rd_metric metric)
{
    const struct metric_labels *l = metrics[metric].labels;
    const char *name = metrics[metric].row.name;
    unsigned series = 0;

    if (l->at[0].name == NULL) {
        rd_buf_printf(out, "%s %" PRId64 "\n", name, rd_metric_get(metric, 0));
        return;
    }
    for (size_t i = 0; l->at[0].values[i] != NULL; i++) {
        if (l->at[1].name == NULL) {
            rd_buf_printf(out, "%s{%s=\"%s\"} %" PRId64 "\n", name, l->at[0].name,
                          l->at[0].values[i], rd_metric_get(metric, series++));
            continue;
        }
        for (size_t j = 0; l->at[1].values[j] != NULL; j++)
            rd_buf_printf(out, "%s{%s=\"%s\",%s=\"%s\"} %" PRId64 "\n", name, l->at[0].name,
                          l->at[0].values[i], l->at[1].name, l->at[1].values[j],
                          rd_metric_get(metric, series++));
    }
}

void
rd_metric_print(struct rd_buf *out)
{
    for (enum rd_metric m = 0; m < RD_METRIC_COUNT; m++) {
        const struct rd_metric_row *row = rd_metric_row(m);

        rd_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name,
                      row->type);
        if (metrics[m].type == METRIC_HISTOGRAM)
            metric_print_histogram(out, m);
        else
            metric_print_series(out, m);
    }
}
