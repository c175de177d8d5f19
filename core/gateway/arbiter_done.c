/*
 * arbiter_done.c - what the store says: completions, on a front thread.
 *
 * A write that failed is tried again until the late limit; the requests that
 * wait do not wait for that.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"
#include "gateway/arbiter_hold.h"
#include "gateway/front.h"
#include "gateway/loop_guard.h"

/* ---- look-ups ---------------------------------------------------------------- */

static void
done_found(struct arbiter_hold *h, struct rd_store_request *r)
{
    struct rd_claim *c = h->claim;

    c->row = r->row;
    rd_hold_freeze(c, r->row_answer, RD_OUTCOME_replay);
    r->row_answer = NULL;
    rd_hold_settle(h);
    rd_claims_idle(h->g->claims, c);    /* an EARLY row too: nobody runs it any more */
}

static void
done_lookup(struct arbiter_hold *h, struct rd_store_request *r)
{
    struct rd_claim *c = h->claim;

    if (r->error != 0 && rd_hold_config(c)->on_store_fault == RD_ON_STORE_FAULT_503 &&
        c->message->kind != RD_KIND_SCHEDULE)    /* nobody would ask again */
        rd_hold_forget(h, 503, RD_OUTCOME_http503);
    else if (r->error == 0 && r->row != RD_ROW_ABSENT)
        done_found(h, r);
    else
        rd_hold_begin(h);
}

/* ---- status events ----------------------------------------------------------- */

static void done_pay(struct arbiter_hold *h);

static void
done_pay_again(struct rd_front *f, void *arg)
{
    struct rd_claim_ref *ref = arg;
    struct arbiter_hold h;

    rd_hold_take(&h, f->gateway, *ref);
    free(ref);
    if (h.claim != NULL)
        done_pay(&h);
    rd_hold_release(&h);
}

/* A status event is recorded, or will never be: now its handler runs, once. */
static void
done_pay(struct arbiter_hold *h)
{
    struct rd_claim *c = h->claim;
    struct rd_claim_ref *ref;

    if (!c->owed)
        return;
    c->owed = rd_hold_dispatch(h) != 0;
    if (!c->owed)
        return;
    ref = rd_malloc(sizeof *ref);    /* overloaded: it was acknowledged, so it waits */
    *ref = (struct rd_claim_ref){ c->hash, c->id };
    rd_front_retry(rd_front_current(), done_pay_again, ref);
}

/* ---- writes ------------------------------------------------------------------- */

static void
done_post_again(struct rd_front *f, void *arg)
{
    struct rd_store_request *r = arg;

    rd_store_post(f->gateway->store, r);    /* its claim still counts it */
}

/* The same write again; an early one's replies and effects went back to the script. */
static void
done_repeat(struct arbiter_hold *h, struct rd_store_request *r)
{
    struct rd_claim *c = h->claim;
    struct rd_store_request *again = rd_hold_request(c, r->op);

    again->to = r->to;
    again->epoch = 0;    /* the front posts it: no later death of the thread may discard it */
    if (r->op == RD_STORE_early)
        again->request = rd_message_ref(r->request);
    else {
        again->replies = r->replies;
        again->effects = r->effects;
        again->discard_outbox = r->discard_outbox;
        r->replies = NULL;
        r->effects = NULL;
    }
    again->hash = c->hash;
    again->claim = c->id;
    again->can_send = r->can_send;
    again->completed = rd_hold_on_completion;
    again->reply_to = r->reply_to;
    c->mails++;
    rd_front_retry(rd_front_current(), done_post_again, again);
}

static void
done_give_up(struct arbiter_hold *h)
{
    h->claim->given_up = true;
    rd_log_msg(RD_LOG_ERROR, "store", "a message's row could not be written until late_limit");
    done_pay(h);
}

static void
done_failed(struct arbiter_hold *h, struct rd_store_request *r)
{
    struct rd_claim *c = h->claim;
    uint64_t now = rd_clock_ms();

    atomic_store_explicit(&h->g->store_faulty, true, memory_order_relaxed);
    if (c->message->kind == RD_KIND_STATUS && c->phase != RD_CLAIM_SETTLED) {
        rd_hold_forget(h, 503, RD_OUTCOME_http503);
        return;
    }
    if (c->phase != RD_CLAIM_SETTLED)
        rd_metric_inc(RD_METRIC_answered_unrecorded_total);
    rd_hold_settle(h);
    if (c->retry_until_ms == 0)
        c->retry_until_ms = now + rd_hold_config(c)->late_limit_ms;
    if (now < c->retry_until_ms)
        done_repeat(h, r);
    else
        done_give_up(h);
}

static void
done_log_undeliverable(const struct rd_claim *c, unsigned n)
{
    struct rd_log_line l;

    rd_metric_add(RD_METRIC_undeliverable_total, 0, n);
    rd_metric_add(RD_METRIC_messages_total,
                  rd_metric_outcome(c->message->kind, RD_OUTCOME_undeliverable), 1);
    if (!rd_log_begin(&l, RD_LOG_WARN, "late"))
        return;
    rd_log_slice(&l, "sid", c->message->id);
    rd_log_str(&l, "outcome", rd_outcome_name(RD_OUTCOME_undeliverable));
    rd_log_uint(&l, "replies", n);
    rd_log_str(&l, "why",
               "Twilio had its answer, at msg:finish or the deadline; late replies come with"
               " outgoing sends, not in this version");
    rd_log_end(&l);
}

static void
done_written(struct arbiter_hold *h, struct rd_store_request *r)
{
    struct rd_claim *c = h->claim;

    atomic_store_explicit(&h->g->store_faulty, false, memory_order_relaxed);
    if (r->row > c->row)    /* an older completion may come later, by another front */
        c->row = r->row;
    c->retry_until_ms = 0;
    if (!rd_answer_eq(r->row_answer, c->answer))    /* only after a look-up that failed */
        rd_metric_inc(RD_METRIC_answered_unrecorded_total);
    if (r->dropped)
        rd_metric_inc(RD_METRIC_effects_dropped_total);
    if (r->number > 0)
        rd_loop_guard_note(h->g->loop_guard, rd_hold_config(c), c->message, r->number);
    if (r->undeliverable > 0)
        done_log_undeliverable(c, r->undeliverable);
    if (c->phase != RD_CLAIM_SETTLED)
        rd_hold_settle(h);
    done_pay(h);
}

static void
done_entry(struct arbiter_hold *h, struct rd_store_request *r)
{
    h->claim->mails--;
    if (r->op == RD_STORE_lookup) {
        done_lookup(h, r);
        return;
    }
    if (r->error != 0)
        done_failed(h, r);
    else
        done_written(h, r);
    if (h->claim != NULL)
        rd_hold_rest(h);
}

/* A script may wait for this commit: the request is its mail now. */
static void
done_pass_on(struct rd_store_request *r)
{
    r->mail.deliver = r->op_done;
    if (r->op_mailbox == NULL || rd_mailbox_post(r->op_mailbox, &r->mail) != 0)
        rd_store_request_free(r);
}

void
rd_hold_on_completion(struct rd_mail *mail, void *owner)
{
    struct rd_store_request *r = (struct rd_store_request *)mail;
    struct rd_front *f = owner;
    struct arbiter_hold h;

    RD_CHECK(r, RD_STORE_REQUEST_MAGIC);
    (void)rd_fault(RD_FAULT_front_settle);
    rd_hold_take(&h, f->gateway, (struct rd_claim_ref){ r->hash, r->claim });
    if (h.claim != NULL)
        done_entry(&h, r);
    rd_hold_release(&h);
    done_pass_on(r);
}
