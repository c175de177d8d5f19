/*
 * metric.h - every counter that replyd has, once.
 *
 * Rows are printed by the admin listener in Prometheus' text format. A metric
 * with labels has one series for each row of its label table; the series number
 * is that row's enum value (for two labels: first * count of second + second).
 */
#ifndef RD_BASE_METRIC_H
#define RD_BASE_METRIC_H

#include <stdint.h>

#include "base/buf.h"
#include "base/message.h"
#include "base/outcome.h"

/* Why a signature was refused; the caller never learns which. */
#define RD_SIGNATURE_FAILURES(X)                                             \
    X(missing,   "no X-Twilio-Signature header")                             \
    X(repeated,  "more than one X-Twilio-Signature header")                  \
    X(malformed, "not 28 characters of base64")                              \
    X(no_token,  "no token is configured for the account")                   \
    X(mismatch,  "no public URL and token give this signature")

#define RD_SIGNATURE_ENUM(name, text) RD_SIGNATURE_##name,
enum rd_signature_failure { RD_SIGNATURE_FAILURES(RD_SIGNATURE_ENUM) RD_SIGNATURE_COUNT };
#undef RD_SIGNATURE_ENUM

/* Label tables that belong to no other module. */
#define RD_METRIC_KINDS(X) X(message) X(status) X(schedule)    /* enum rd_message_kind */
#define RD_STATUS_CLASSES(X) X(1xx) X(2xx) X(3xx) X(4xx) X(5xx)    /* rd_metric_status() */
#define RD_RELOAD_RESULTS(X) X(ok) X(failed)                   /* RD_RELOAD_* */
#define RD_OUTBOX_STATES(X) X(waiting) X(sending) X(unknown)   /* RD_OUTBOX_*; unknown: no answer */

#define RD_RELOAD_ENUM(name) RD_RELOAD_##name,
enum rd_reload_result { RD_RELOAD_RESULTS(RD_RELOAD_ENUM) RD_RELOAD_COUNT };
#undef RD_RELOAD_ENUM

#define RD_OUTBOX_ENUM(name) RD_OUTBOX_##name,
enum rd_outbox_state { RD_OUTBOX_STATES(RD_OUTBOX_ENUM) RD_OUTBOX_COUNT };
#undef RD_OUTBOX_ENUM

/*        id                  type       labels     help  (exported name: replyd_<id>) */
#define RD_METRICS(X)                                                                            \
    X(messages_total, COUNTER, OUTCOME, "Verified requests, and late replies, by outcome.")      \
    X(handler_failures_total, COUNTER, OUTCOME, "Failed handlers, also behind their answer.")    \
    X(answer_seconds, HISTOGRAM, NONE, "Time from accept or first byte to the answer.")          \
    X(signature_failures_total, COUNTER, SIGNATURE, "Requests answered 403, by reason.")         \
    X(http_responses_total, COUNTER, STATUS, "HTTP responses by status class.")                  \
    X(http_rejects_total, COUNTER, NONE, "Requests refused by the HTTP layer (4xx and close).")  \
    X(answered_unrecorded_total, COUNTER, NONE, "Answers sent before the store confirmed them.") \
    X(effects_dropped_total, COUNTER, NONE, "Results of runs that had been replaced.")           \
    X(undeliverable_total, COUNTER, NONE, "Replies that came too late and could not be sent.")   \
    X(late_limit_total, COUNTER, NONE, "Handlers, or what they spawned, ended at late_limit.")   \
    X(status_late_total, COUNTER, NONE, "Status events not shown: a later state was seen.")       \
    X(exchanges, GAUGE, NONE, "HTTP exchanges that wait for their answer.")                      \
    X(exchanges_waiting, GAUGE, NONE, "Requests that joined a running message.")                 \
    X(claims, GAUGE, NONE, "Entries in the claims table.")                                       \
    X(loop_guard_total, COUNTER, NONE, "Messages not answered: two bots seemed to talk.")        \
    X(connections, GAUGE, NONE, "Open connections.")                                             \
    X(connections_total, COUNTER, NONE, "Connections accepted.")                                 \
    X(connections_evicted_total, COUNTER, NONE, "Unverified connections closed to make room.")   \
    X(accept_pauses_total, COUNTER, NONE, "Times accept() paused at a limit.")                   \
    X(tls_handshakes_total, COUNTER, NONE, "Completed TLS handshakes.")                          \
    X(tls_failures_total, COUNTER, NONE, "TLS handshakes that failed or timed out.")             \
    X(generations, GAUGE, NONE, "Script generations alive.")                                     \
    X(generations_leaked_total, COUNTER, NONE, "Generations that lost threads keep in memory.")  \
    X(reloads_total, COUNTER, RESULT, "Reloads by result.")                                      \
    X(runs, GAUGE, NONE, "Handlers running or waiting.")                                         \
    X(vm_bytes, GAUGE, NONE, "Memory of all Lua VMs, bytes.")                                    \
    X(vm_rebuilds_total, COUNTER, NONE, "VMs that stayed nearly full and got a successor.")        \
    X(preemptions_total, COUNTER, NONE, "Slices that were over and made way.")                   \
    X(script_threads_lost_total, COUNTER, NONE, "Script threads that did not come back.")        \
    X(store_operations_total, COUNTER, NONE, "Operations that the store has done.")              \
    X(store_failures_total, COUNTER, NONE, "Store commits that failed.")                         \
    X(store_rows, GAUGE, NONE, "Message rows that the store remembers.")                         \
    X(outbox, GAUGE, OUTBOX, "Replies waiting in the outbox, by state.")                         \
    X(log_dropped_total, COUNTER, NONE, "Log lines dropped because the sink was slow.")          \
    X(xml_repairs_total, COUNTER, NONE, "Characters removed because XML forbids them.")

#define RD_METRIC_ENUM(id, type, labels, help) RD_METRIC_##id,
enum rd_metric { RD_METRICS(RD_METRIC_ENUM) RD_METRIC_COUNT };
#undef RD_METRIC_ENUM

/* Counters and gauges; any thread. Series 0 is the only one of a metric without labels. */
void rd_metric_add(enum rd_metric metric, unsigned series, int64_t n);
void rd_metric_set(enum rd_metric metric, unsigned series, int64_t value);
int64_t rd_metric_get(enum rd_metric metric, unsigned series);

/* Histograms. */
void rd_metric_observe(enum rd_metric metric, uint64_t ns);

static inline void
rd_metric_inc(enum rd_metric metric)
{
    rd_metric_add(metric, 0, 1);
}

/* Series of messages_total. */
static inline unsigned
rd_metric_outcome(enum rd_message_kind kind, enum rd_outcome outcome)
{
    return (unsigned)kind * RD_OUTCOME_COUNT + (unsigned)outcome;
}

/* Series of http_responses_total. */
static inline unsigned
rd_metric_status(int status)
{
    return status >= 100 && status < 600 ? (unsigned)status / 100 - 1 : 4;
}

/* One row of the table, for `replyd help metrics`; type is Prometheus' word. */
struct rd_metric_row {
    const char *name, *type, *help;
    const char *labels;    /* "kind, outcome"; "" for none */
};

/* Rows in the order of enum rd_metric. */
const struct rd_metric_row *rd_metric_row(enum rd_metric metric);

/* All metrics in Prometheus' text format (exposition format 0.0.4). */
void rd_metric_print(struct rd_buf *out);

#endif
