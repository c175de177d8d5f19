/* arbiter.c - events of the front threads; see arbiter.h. */
#include "gateway/arbiter.h"

#include "base/metric.h"
#include "gateway/arbiter_hold.h"

static void
arbiter_ask_store(struct arbiter_hold *h)
{
    rd_hold_post(h, rd_hold_request(h->claim, RD_STORE_lookup));
}

/* A message that nobody is answering. True: it may run now; else the store is asked first. */
static bool
arbiter_admit(struct arbiter_hold *h, const struct rd_claim_order *order)
{
    struct rd_claims *claims = h->g->claims;
    struct rd_claim *c = rd_claims_add(claims, order->hash, order->key);

    h->claim = c;
    c->message = rd_message_ref(order->message);
    c->generation = rd_generation_ref(order->generation);
    c->script = order->script;
    c->shard = order->shard;
    c->soft_ns = order->soft_ns;
    c->if_cut = RD_OUTCOME_cancelled;
    c->silent = order->silent;
    if (order->ticket != 0)
        rd_claim_add_waiter(c, order->ticket, order->message->is_fallback);
    if (rd_claims_may_know(claims, order->hash) ||
        atomic_load_explicit(&h->g->store_faulty, memory_order_relaxed)) {
        arbiter_ask_store(h);
        return false;
    }
    return true;    /* LOOKUP until dispatched: a deadline in between must not freeze it */
}

static enum rd_claimed
arbiter_join(struct rd_claim *c, const struct rd_claim_order *order, struct rd_verdict *replay)
{
    if (c->phase == RD_CLAIM_SETTLED) {
        *replay = (struct rd_verdict){ c->answer->status, rd_answer_ref(c->answer),
                                       RD_OUTCOME_replay, RD_WHY_none };
        return RD_CLAIMED_REPLAY;
    }
    if (order->ticket == 0)
        return RD_CLAIMED_WAIT;
    rd_claim_add_waiter(c, order->ticket, order->message->is_fallback);
    rd_metric_add(RD_METRIC_exchanges_waiting, 0, 1);
    return RD_CLAIMED_WAIT;
}

enum rd_claimed
rd_arbiter_claim(struct rd_gateway *g, const struct rd_claim_order *order, struct rd_claim_ref *ref,
                 struct rd_verdict *replay)
{
    struct arbiter_hold h;
    enum rd_claimed claimed;

    rd_hold_take(&h, g, (struct rd_claim_ref){ order->hash, 0 });
    h.claim = rd_claims_find(g->claims, order->hash, order->key);
    if (h.claim != NULL)
        claimed = arbiter_join(h.claim, order, replay);
    else
        claimed = arbiter_admit(&h, order) ? RD_CLAIMED_NEW : RD_CLAIMED_WAIT;
    *ref = (struct rd_claim_ref){ order->hash, h.claim->id };
    rd_hold_release(&h);
    return claimed;
}

void
rd_arbiter_start(struct rd_gateway *g, struct rd_claim_ref ref)
{
    struct arbiter_hold h;

    rd_hold_take(&h, g, ref);
    if (h.claim != NULL && h.claim->phase == RD_CLAIM_LOOKUP && h.claim->mails == 0)
        rd_hold_begin(&h);
    rd_hold_release(&h);
}

void
rd_arbiter_soft(struct rd_gateway *g, struct rd_claim_ref ref, enum rd_why why)
{
    struct arbiter_hold h;

    rd_hold_take(&h, g, ref);
    if (h.claim != NULL && h.claim->answer == NULL) {
        if (h.claim->phase == RD_CLAIM_LOOKUP)
            h.claim->soft_due = why;    /* nothing may be frozen while the row is unknown */
        else
            rd_hold_soften(&h, why);
    }
    rd_hold_release(&h);
}

void
rd_arbiter_hard(struct rd_gateway *g, struct rd_claim_ref ref)
{
    struct arbiter_hold h;

    rd_hold_take(&h, g, ref);
    if (h.claim != NULL && h.claim->phase == RD_CLAIM_LOOKUP)
        rd_hold_forget(&h, 503, RD_OUTCOME_http503);
    else if (h.claim != NULL && h.claim->phase == RD_CLAIM_RUNNING) {
        RD_ASSERT(h.claim->answer != NULL && h.claim->mails > 0);
        rd_metric_inc(RD_METRIC_answered_unrecorded_total);
        rd_hold_settle(&h);
    }
    rd_hold_release(&h);
}
