/*
 * steps.c - the driver of the step table.
 *
 * Owns nothing. The steps live in the files named after them (step_route.c,
 * step_verify.c, ...), one each.
 */
#include "gateway/steps.h"

#include "base/check.h"
#include "base/log.h"
#include "gateway/exchange.h"

#define STEP_DECL(name, text) enum rd_next rd_step_##name(struct rd_exchange *x);
RD_STEPS(STEP_DECL)
#undef STEP_DECL

static const struct {
    const char *name;
    enum rd_next (*run)(struct rd_exchange *);
} steps[RD_STEP_COUNT] = {
#define STEP_ROW(name, text) { #name, rd_step_##name },
    RD_STEPS(STEP_ROW)
#undef STEP_ROW
};

static void
steps_trace(const struct rd_exchange *x)
{
    struct rd_log_line l;

    if (!rd_log_begin(&l, RD_LOG_TRACE, "step"))
        return;
    rd_log_str(&l, "step", steps[x->step].name);
    rd_log_uint(&l, "ticket", x->ticket);
    rd_log_end(&l);
}

/* The verdict may come while a step is still on the stack: then WAIT is already over. */
static enum rd_next
steps_settle(const struct rd_exchange *x, enum rd_next next)
{
    return next == RD_WAIT && x->decided && x->step < RD_STEP_send ? RD_ANSWER : next;
}

void
rd_exchange_run(struct rd_exchange *x)
{
    enum rd_next next;

    do {
        RD_CHECK(x, RD_EXCHANGE_MAGIC);    /* a stale pointer stops here, not in the next release */
        steps_trace(x);
        x->running = true;
        next = steps[x->step].run(x);
        if (next == RD_DONE)
            return;
        x->running = false;
        next = steps_settle(x, next);
        if (next == RD_MORE)
            x->step++;
        else if (next == RD_ANSWER)
            x->step = RD_STEP_send;
    } while (next == RD_MORE || next == RD_ANSWER);
}
