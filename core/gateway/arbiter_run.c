/* arbiter_run.c - events of the script threads, and of main when one is lost; see arbiter.h. */
#include <stdlib.h>

#include "base/metric.h"
#include "gateway/arbiter_hold.h"
#include "gateway/compose.h"

/* Takes the lock if the run is still the current one of its message. */
static bool
arbiter_take_run(struct arbiter_hold *h, struct rd_gateway *g, struct rd_claim_ref ref,
                 uint64_t run)
{
    rd_hold_take(h, g, ref);
    return h->claim != NULL && h->claim->run == run;
}

bool
rd_arbiter_begins(struct rd_gateway *g, struct rd_claim_ref ref, uint64_t run)
{
    struct arbiter_hold h;
    bool current = arbiter_take_run(&h, g, ref, run);

    if (current)
        h.claim->begun = true;
    rd_hold_release(&h);
    return current;
}

bool
rd_arbiter_answered(struct rd_gateway *g, struct rd_claim_ref ref, uint64_t run)
{
    struct arbiter_hold h;
    bool answered = arbiter_take_run(&h, g, ref, run) && h.claim->answer != NULL;

    rd_hold_release(&h);
    return answered;
}

enum rd_published
rd_arbiter_publish(struct rd_gateway *g, struct rd_claim_ref ref, uint64_t run, uint64_t epoch,
                   struct rd_run_result *result)
{
    struct arbiter_hold h;
    enum rd_published how = RD_PUBLISHED_STALE;

    if (arbiter_take_run(&h, g, ref, run) && h.claim->answer == NULL) {
        struct rd_answer *before = h.claim->if_late;

        h.claim->if_late = result->answer;
        result->answer = before;    /* freed with the result */
        how = RD_PUBLISHED_IN_TIME;
    } else if (h.claim != NULL && h.claim->run == run) {
        rd_hold_post_early(&h, result, epoch);
        how = RD_PUBLISHED_COMMIT;
    }
    rd_hold_release(&h);
    rd_run_result_free(result);
    return how;
}

enum rd_published
rd_arbiter_finish(struct rd_gateway *g, struct rd_claim_ref ref, uint64_t run, uint64_t epoch,
                  struct rd_run_result *result)
{
    struct arbiter_hold h;
    enum rd_published how = RD_PUBLISHED_STALE;

    if (arbiter_take_run(&h, g, ref, run)) {
        how = RD_PUBLISHED_NOT_NEEDED;
        if (h.claim->answer == NULL) {
            rd_hold_freeze(h.claim, result->answer, RD_OUTCOME_early);
            result->answer = NULL;
            rd_hold_post_early(&h, result, epoch);
            how = RD_PUBLISHED_COMMIT;
        }
    }
    rd_hold_release(&h);
    rd_run_result_free(result);
    return how;
}

static void
arbiter_unpublish(struct rd_claim *c)
{
    rd_answer_unref(c->if_late);
    c->if_late = NULL;
}

void
rd_arbiter_failed(struct rd_gateway *g, struct rd_claim_ref ref, uint64_t run,
                  enum rd_outcome outcome)
{
    struct arbiter_hold h;

    if (arbiter_take_run(&h, g, ref, run)) {
        arbiter_unpublish(h.claim);
        h.claim->if_cut = outcome;
    }
    rd_hold_release(&h);
}

static bool
arbiter_waits_fallback(const struct rd_claim *c)
{
    for (unsigned i = 0; i < c->n_waiters; i++)
        if (c->waiters[i].is_fallback)
            return true;
    return false;
}

static void
arbiter_end(struct arbiter_hold *h, uint64_t epoch, struct rd_run_result *result)
{
    struct rd_claim *c = h->claim;
    bool first = c->answer == NULL;

    c->run = 0;
    if (first && result->failed && !result->joined &&
        rd_hold_config(c)->on_error == RD_ON_ERROR_HTTP500 && !arbiter_waits_fallback(c)) {
        rd_hold_forget(h, 500, result->outcome);
        return;
    }
    if (first) {
        c->why = result->why;
        rd_hold_freeze(c, result->answer, result->outcome);
        result->answer = NULL;
    }
    rd_hold_post_final(h, first ? RD_ROW_ANSWERED : RD_ROW_DONE, result, epoch);
}

bool
rd_arbiter_end(struct rd_gateway *g, struct rd_claim_ref ref, uint64_t run, uint64_t epoch,
               struct rd_run_result *result)
{
    struct arbiter_hold h;
    bool current = arbiter_take_run(&h, g, ref, run);

    if (current)
        arbiter_end(&h, epoch, result);
    else
        rd_metric_inc(RD_METRIC_effects_dropped_total);
    rd_hold_release(&h);
    rd_run_result_free(result);
    return current;
}

bool
rd_arbiter_refuse(struct rd_gateway *g, struct rd_claim_ref ref, uint64_t run, uint64_t epoch,
                  enum rd_outcome outcome, enum rd_why why)
{
    struct rd_run_result result = { .discard = true };
    struct arbiter_hold h;
    bool current = arbiter_take_run(&h, g, ref, run);

    if (current) {
        bool first = h.claim->answer == NULL;

        h.claim->run = 0;
        if (first)
            h.claim->why = why;
        rd_hold_freeze(h.claim, rd_compose_empty(), outcome);
        rd_hold_post_final(&h, first ? RD_ROW_ANSWERED : RD_ROW_DONE, &result, epoch);
    }
    rd_hold_release(&h);
    return current;
}

void
rd_run_result_free(struct rd_run_result *result)
{
    struct rd_store_reply *reply;
    struct rd_store_effect *effect;

    rd_answer_unref(result->answer);
    result->answer = NULL;
    while ((reply = result->replies) != NULL) {
        result->replies = reply->next;
        rd_reply_free(reply->reply);
        free(reply);
    }
    while ((effect = result->effects) != NULL) {
        result->effects = effect->next;
        free(effect);
    }
}

uint64_t
rd_arbiter_take(struct rd_gateway *g, struct rd_claim_ref ref, uint64_t run)
{
    struct arbiter_hold h;
    uint64_t next = 0;

    if (arbiter_take_run(&h, g, ref, run)) {
        next = rd_gateway_next_run(g);
        h.claim->run = next;
        arbiter_unpublish(h.claim);    /* each run starts with no published replies */
        h.claim->if_cut = RD_OUTCOME_cancelled;
        h.claim->begun = false;
    }
    rd_hold_release(&h);
    return next;
}
