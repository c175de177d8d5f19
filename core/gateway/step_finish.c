/* step_finish.c - FINISH: one log line for a verified message, counters, release. */
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "gateway/cost.h"
#include "gateway/exchange.h"

enum rd_next rd_step_finish(struct rd_exchange *x);

/* A handler that was too slow is its author's business. */
static enum rd_log_level
finish_level(const struct rd_verdict *v)
{
    switch (v->why) {
    case RD_WHY_deadline:
    case RD_WHY_no_turn:
    case RD_WHY_error_handler:
    case RD_WHY_late_limit:
        return RD_LOG_WARN;
    default:
        return RD_LOG_INFO;
    }
}

static void
finish_log(const struct rd_exchange *x, uint64_t took_ns)
{
    const struct rd_message *m = x->message;
    struct rd_log_line l;

    if (!rd_log_begin(&l, finish_level(&x->verdict),
                      m->kind == RD_KIND_STATUS ? "status" : "message"))
        return;
    rd_log_slice(&l, "sid", m->id);
    if (m->kind == RD_KIND_STATUS)
        rd_log_slice(&l, "status", m->status);
    rd_log_phone(&l, "from", m->from);
    rd_log_uint(&l, "gen", rd_generation_number(x->generation));
    if (x->route != NULL)
        rd_log_slice(&l, "script", x->config->scripts[x->route->script]);
    rd_log_str(&l, "outcome", rd_outcome_name(x->verdict.outcome));
    if (x->account->n_tokens > 1)    /* one is being rotated: is the old one still in use? */
        rd_log_int(&l, "token", x->token + 1);
    if (x->no_script != NULL)
        rd_log_str(&l, "why", x->no_script);
    else if (x->verdict.why != RD_WHY_none)
        rd_log_str(&l, "why", rd_why_name(x->verdict.why));
    rd_log_int(&l, "http", x->verdict.status);
    rd_log_ms(&l, "ms", took_ns);
    if (x->verdict.answer != NULL)
        rd_cost_log(&l, x->verdict.answer);
    if (x->verdict.why != RD_WHY_none || x->verdict.outcome == RD_OUTCOME_merged ||
        rd_outcome_is_failure(x->verdict.outcome))
        rd_log_keep(&l);
    if (x->stream == NULL)
        rd_log_str(&l, "connection", "gone");
    rd_log_end(&l);
}

enum rd_next
rd_step_finish(struct rd_exchange *x)
{
    uint64_t took = rd_clock_ns() - x->request.start_ns;

    if (x->verified) {
        rd_metric_add(RD_METRIC_messages_total,
                      rd_metric_outcome(x->message->kind, x->verdict.outcome), 1);
        rd_metric_observe(RD_METRIC_answer_seconds, took);
        finish_log(x, took);
    }
    rd_exchange_free(x);
    return RD_DONE;
}
