/* arbiter_hold.c - what every hold of an entry's lock may do; see arbiter_hold.h. */
#include "gateway/arbiter_hold.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/metric.h"
#include "gateway/compose.h"
#include "gateway/front.h"
#include "gateway/schedule_tick.h"
#include "gateway/task.h"

void
rd_hold_take(struct arbiter_hold *h, struct rd_gateway *g, struct rd_claim_ref ref)
{
    *h = (struct arbiter_hold){ .g = g, .hash = ref.hash };
    rd_claims_lock(g->claims, ref.hash);
    h->claim = ref.id ? rd_claims_by_id(g->claims, ref.hash, ref.id) : NULL;
}

static void
arbiter_send_cancel(struct arbiter_hold *h)
{
    struct rd_cancel_mail *mail = rd_malloc(sizeof *mail);

    mail->mail.deliver = rd_inbox_on_cancel;
    mail->run = h->cancel_run;
    if (rd_shards_post(&h->g->shards, h->cancel_shard, &mail->mail, SIZE_MAX) != 0)
        free(mail);
}

/* The first to ask carries the outcome; the others joined it. */
void
rd_hold_release(struct arbiter_hold *h)
{
    rd_claims_unlock(h->g->claims, h->hash);
    if (h->cancel_run != 0)
        arbiter_send_cancel(h);
    for (unsigned i = 0; i < h->n_waiters; i++) {
        struct rd_verdict v = h->verdict;

        if (i > 0 && v.answer != NULL) {
            v.outcome = RD_OUTCOME_join;
            v.why = RD_WHY_none;
        }
        rd_front_deliver(h->g, h->waiters[i].ticket, &v);
    }
    if (h->n_waiters > 1)
        rd_metric_add(RD_METRIC_exchanges_waiting, 0, -(int64_t)(h->n_waiters - 1));
    rd_answer_unref(h->verdict.answer);
    if (h->waiters != h->few)
        free(h->waiters);
}

const struct rd_config *
rd_hold_config(const struct rd_claim *c)
{
    return rd_generation_snapshot(c->generation);
}

void
rd_hold_freeze(struct rd_claim *c, struct rd_answer *answer, enum rd_outcome outcome)
{
    if (c->answer != NULL) {
        rd_answer_unref(answer);
        return;
    }
    c->answer = answer;
    c->outcome = outcome;
    rd_answer_unref(c->if_late);
    c->if_late = NULL;
}

static void
arbiter_move_waiters(struct arbiter_hold *h, const struct rd_verdict *verdict)
{
    struct rd_claim *c = h->claim;

    h->verdict = *verdict;
    if (verdict->answer != NULL)
        rd_answer_ref(verdict->answer);
    h->n_waiters = c->n_waiters;
    h->waiters = c->waiters;
    if (c->waiters == c->first_waiters) {
        memcpy(h->few, c->first_waiters, sizeof h->few);
        h->waiters = h->few;
    }
    c->waiters = c->first_waiters;
    c->cap_waiters = RD_CLAIM_INLINE;
    c->n_waiters = 0;
}

void
rd_hold_settle(struct arbiter_hold *h)
{
    struct rd_claim *c = h->claim;

    if (c->phase == RD_CLAIM_SETTLED)
        return;
    RD_ASSERT(c->answer != NULL);
    c->phase = RD_CLAIM_SETTLED;
    arbiter_move_waiters(h, &(struct rd_verdict){ c->answer->status, c->answer, c->outcome,
                                                    c->why });
}

void
rd_hold_forget(struct arbiter_hold *h, int status, enum rd_outcome outcome)
{
    arbiter_move_waiters(h, &(struct rd_verdict){ status, NULL, outcome, RD_WHY_none });
    rd_claims_remove(h->g->claims, h->claim);
    h->claim = NULL;
}

void
rd_hold_rest(struct arbiter_hold *h)
{
    struct rd_claim *c = h->claim;
    bool written = c->row == RD_ROW_ANSWERED || c->row == RD_ROW_DONE || c->given_up;

    if (c->phase == RD_CLAIM_SETTLED && c->mails == 0 && c->run == 0 && !c->owed && written)
        rd_claims_idle(h->g->claims, c);
}

void
rd_hold_post(struct arbiter_hold *h, struct rd_store_request *r)
{
    struct rd_claim *c = h->claim;
    uint64_t ticket = c->n_waiters ? c->waiters[0].ticket : 0;

    c->mails++;
    r->hash = c->hash;
    r->claim = c->id;
    r->can_send = rd_hold_config(c)->can_send;
    r->completed = rd_hold_on_completion;
    r->reply_to = rd_front_mailbox(h->g, ticket);    /* ticket 0: front 0 */
    rd_store_post(h->g->store, r);
}

struct rd_store_request *
rd_hold_request(struct rd_claim *c, enum rd_store_op op)
{
    struct rd_store_request *r = rd_store_request_new(op, rd_slice_make(c->key, c->key_n));

    if (c->answer != NULL)
        r->answer = rd_answer_ref(c->answer);
    return r;
}

static void
arbiter_take_result(struct rd_store_request *r, struct rd_run_result *result)
{
    if (result == NULL)
        return;
    r->replies = result->replies;
    r->effects = result->effects;
    r->op_wait = result->op_wait;
    r->op_mailbox = result->op_mailbox;
    r->op_done = result->op_done;
    r->discard_outbox = result->discard;
    result->replies = NULL;
    result->effects = NULL;
}

void
rd_hold_post_early(struct arbiter_hold *h, struct rd_run_result *result, uint64_t epoch)
{
    struct rd_store_request *r = rd_hold_request(h->claim, RD_STORE_early);

    r->request = rd_message_ref(h->claim->message);
    r->epoch = epoch;
    arbiter_take_result(r, result);
    rd_hold_post(h, r);
}

void
rd_hold_post_final(struct arbiter_hold *h, enum rd_row_state to, struct rd_run_result *result,
                   uint64_t epoch)
{
    struct rd_store_request *r = rd_hold_request(h->claim, RD_STORE_final);

    r->to = to;
    r->epoch = epoch;
    arbiter_take_result(r, result);
    rd_hold_post(h, r);
}

/* Events wait while half of the places are taken, so that their handlers leave some to messages. */
static size_t
hold_most(const struct rd_claim *c)
{
    size_t most = rd_hold_config(c)->max_in_flight;

    return c->message->kind == RD_KIND_MESSAGE ? most : most - most / 2;
}

int
rd_hold_dispatch(struct arbiter_hold *h)
{
    struct rd_claim *c = h->claim;
    const struct rd_config *config = rd_hold_config(c);
    struct rd_claim_ref ref = { c->hash, c->id };
    struct rd_task *t;
    int error;

    if (atomic_load_explicit(&h->g->in_flight, memory_order_relaxed) >= hold_most(c))
        return RD_E_BUSY;
    t = rd_task_new(h->g, ref, rd_gateway_next_run(h->g), c->message, c->generation, c->script,
                    c->shard);
    t->soft_ns = c->soft_ns;
    c->run = t->run;
    error = rd_shards_post(&h->g->shards, c->shard, &t->mail, config->max_mailbox);
    if (error == 0)
        return 0;
    c->run = 0;
    rd_task_free(t);
    return error;
}

/*
 * A status event is answered once it is recorded; a script that does not listen needs no more. A
 * tick of a schedule is recorded so, too, and nobody waits for its answer.
 */
static void
arbiter_begin_event(struct arbiter_hold *h)
{
    struct rd_claim *c = h->claim;
    struct rd_run_result result = { 0 };

    rd_hold_freeze(c, rd_compose_no_content(), RD_OUTCOME_ok);
    c->owed = true;
    if (c->message->kind == RD_KIND_SCHEDULE)
        result.effects = rd_schedule_effect(c->message);
    else
        c->owed = rd_script_has(c->generation, c->script, RD_HANDLER_STATUS);
    if (c->owed)
        rd_hold_post_early(h, &result, 0);
    else
        rd_hold_post_final(h, RD_ROW_DONE, NULL, 0);
}

/* The answer is recorded like any other: a retry gets it too, whatever happens meanwhile. */
static void
arbiter_begin_silent(struct arbiter_hold *h)
{
    rd_metric_inc(RD_METRIC_loop_guard_total);
    h->claim->why = RD_WHY_loop_guard;
    rd_hold_freeze(h->claim, rd_compose_empty(), RD_OUTCOME_dropped);
    rd_hold_post_final(h, RD_ROW_ANSWERED, NULL, 0);
}

void
rd_hold_begin(struct arbiter_hold *h)
{
    struct rd_claim *c = h->claim;

    c->phase = RD_CLAIM_RUNNING;
    if (c->message->kind != RD_KIND_MESSAGE)
        arbiter_begin_event(h);
    else if (c->silent)
        arbiter_begin_silent(h);
    else if (rd_hold_dispatch(h) != 0)
        rd_hold_forget(h, 503, RD_OUTCOME_overload);
    else if (c->soft_due != RD_WHY_none)
        rd_hold_soften(h, c->soft_due);
}

static enum rd_why
hold_why_late(const struct rd_claim *c)
{
    if (c->if_cut != RD_OUTCOME_cancelled)
        return RD_WHY_error_handler;    /* the handler has failed already */
    return c->begun ? RD_WHY_deadline : RD_WHY_no_turn;
}

void
rd_hold_soften(struct arbiter_hold *h, enum rd_why why)
{
    struct rd_claim *c = h->claim;
    const struct rd_config *config = rd_hold_config(c);
    struct rd_answer *late = c->if_late;

    if (late == NULL)
        late = config->can_send ? config->waiting : config->fallback;
    rd_answer_ref(late);
    if (config->can_send) {
        rd_hold_freeze(c, late, RD_OUTCOME_early);
        rd_hold_post_early(h, NULL, 0);
        return;
    }
    c->why = why;
    if (why == RD_WHY_deadline)
        c->why = hold_why_late(c);
    rd_hold_freeze(c, late, c->if_cut);
    h->cancel_run = c->run;
    h->cancel_shard = c->shard;
    c->run = 0;
    rd_hold_post_final(h, RD_ROW_ANSWERED, NULL, 0);
}
