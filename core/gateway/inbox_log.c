/* inbox_log.c - what the log says of a handler that nobody waits for; see inbox_table.h. */
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "gateway/inbox_table.h"

/* What FINISH does for a webhook. */
void
rd_inbox_log_entry(const struct rd_task *t, enum rd_outcome outcome, enum rd_why why)
{
    struct rd_log_line l;

    if (outcome == RD_OUTCOME_empty)
        outcome = RD_OUTCOME_ok;    /* nobody waits for what it says */
    rd_metric_add(RD_METRIC_messages_total, rd_metric_outcome(RD_KIND_SCHEDULE, outcome), 1);
    if (!rd_log_begin(&l, why == RD_WHY_late_limit || why == RD_WHY_queue_full ? RD_LOG_WARN
                                                                               : RD_LOG_INFO,
                      "schedule"))
        return;
    rd_log_slice(&l, "script", t->config->scripts[t->script]);
    rd_log_slice(&l, "entry", t->message->from);
    rd_log_uint(&l, "gen", rd_generation_number(t->generation));
    rd_log_str(&l, "outcome", rd_outcome_name(outcome));
    if (why != RD_WHY_none)
        rd_log_str(&l, "why", rd_why_name(why));
    if (t->started_ns != 0)
        rd_log_ms(&l, "ms", rd_clock_ns() - t->started_ns);
    rd_log_end(&l);
}

void
rd_inbox_log_late_limit(const struct rd_task *t)
{
    bool is_entry = t->message->kind == RD_KIND_SCHEDULE;
    struct rd_log_line l;

    rd_metric_inc(RD_METRIC_late_limit_total);
    if (!rd_log_begin(&l, RD_LOG_WARN, "late_limit"))
        return;
    rd_log_slice(&l, is_entry ? "entry" : "sid", is_entry ? t->message->from : t->message->id);
    rd_log_uint(&l, "gen", rd_generation_number(t->generation));
    rd_log_slice(&l, "script", t->config->scripts[t->script]);
    rd_log_str(&l, "what", t->ended ? "spawned" : "handler");
    rd_log_ms(&l, "ms", rd_clock_ns() - t->started_ns);
    rd_log_str(&l, "why", t->ended
        ? "what the handler had spawned still ran and was ended: give what it waits for a"
          " replyd.timeout, or raise late_limit"
        : "the handler still ran and was ended: give what it waits for a replyd.timeout, or raise"
          " late_limit");
    rd_log_end(&l);
}
