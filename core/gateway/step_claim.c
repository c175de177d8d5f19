/*
 * step_claim.c - CLAIM and DISPATCH: who answers this message, and by when.
 *
 * NEW goes on to DISPATCH; JOIN waits for the verdict of the one that runs;
 * REPLAY has the stored bytes. Deadlines are armed here, with the route's time.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "gateway/compose.h"
#include "gateway/front.h"
#include "gateway/gate.h"
#include "gateway/loop_guard.h"
#include "gateway/marks.h"
#include "gateway/route.h"

#define CLAIM_KEY_MOST 512    /* AccountSid and MessageSid have 34 characters each */

enum rd_next rd_step_claim(struct rd_exchange *x);
enum rd_next rd_step_dispatch(struct rd_exchange *x);

/* (account, MessageSid, "m" | "s" + status): what is answered once. */
static int
claim_key(const struct rd_message *m, struct rd_buf *key)
{
    rd_buf_put_slice(key, m->account);
    rd_buf_put_char(key, '\0');
    rd_buf_put_slice(key, m->id);
    rd_buf_put_char(key, '\0');
    if (m->kind == RD_KIND_MESSAGE)
        return rd_buf_put_char(key, 'm');
    rd_buf_put_char(key, 's');
    return rd_buf_put_slice(key, m->status);
}

static uint64_t
claim_ms_until(uint64_t start_ns, uint64_t after_ms)
{
    uint64_t at = start_ns + after_ms * RD_MS, now = rd_clock_ns();

    return at > now ? (at - now) / RD_MS : 0;
}

static void
claim_on_timer(uv_timer_t *timer)
{
    struct rd_exchange *x = timer->data;
    struct rd_gateway *g = x->front->gateway;

    RD_CHECK(x, RD_EXCHANGE_MAGIC);
    if (x->soft_passed) {
        rd_arbiter_hard(g, x->claim);
        return;
    }
    x->soft_passed = true;
    uv_timer_start(timer, claim_on_timer,
                   claim_ms_until(x->request.start_ns, rd_hard_ms(x->route->deadline_ms)), 0);
    rd_arbiter_soft(g, x->claim, RD_WHY_deadline);
}

static void
claim_arm(struct rd_exchange *x)
{
    uv_update_time(&x->front->loop.uv);
    uv_timer_start(&x->timer, claim_on_timer,
                   claim_ms_until(x->request.start_ns, x->route->deadline_ms), 0);
}

/* Verified, but no script is to see it. */
static enum rd_next
claim_refuse(struct rd_exchange *x, const char *why)
{
    struct rd_answer *empty = rd_compose_empty();
    struct rd_verdict refused = { 200, empty, RD_OUTCOME_refused, RD_WHY_none };
    enum rd_next next = rd_exchange_decide(x, &refused);

    x->no_script = why;
    rd_answer_unref(empty);
    return next;
}

static enum rd_next
claim_order(struct rd_exchange *x, struct rd_slice key)
{
    struct rd_message *m = x->message;
    struct rd_claim_order order = {
        .key = key,
        .hash = rd_hash(key),
        .ticket = x->ticket,
        .message = m,
        .generation = x->generation,
        .script = x->route->script,
        .shard = rd_shard_of(m->account, m->to, m->from),
        .soft_ns = x->request.start_ns + x->route->deadline_ms * RD_MS,
    };
    struct rd_gateway *g = x->front->gateway;
    struct rd_verdict replay;
    enum rd_claimed claimed;

    order.silent = rd_loop_guard_silences(g->loop_guard, x->config, m);
    claimed = rd_arbiter_claim(g, &order, &x->claim, &replay);
    if (claimed == RD_CLAIMED_REPLAY) {
        rd_exchange_decide(x, &replay);
        rd_answer_unref(replay.answer);
        return RD_ANSWER;
    }
    claim_arm(x);
    return claimed == RD_CLAIMED_NEW ? RD_MORE : RD_WAIT;
}

enum rd_next
rd_step_claim(struct rd_exchange *x)
{
    const char *refused;
    struct rd_buf key;
    enum rd_next next;

    x->route = rd_route_find(x->config, x->path, x->message);
    if (x->message->id.n == 0)
        return claim_refuse(x, "no MessageSid");
    if (x->route == NULL)
        return claim_refuse(x, "no route");
    refused = rd_gate_refuses(x->route, x->message);
    if (refused != NULL)
        return claim_refuse(x, refused);
    if (rd_marks_read(x) != 0) {
        x->no_script = "the message is too large";
        return rd_exchange_refuse(x, 413, RD_OUTCOME_refused);
    }
    rd_buf_init(&key, CLAIM_KEY_MOST);
    next = claim_key(x->message, &key) == 0 ? claim_order(x, rd_buf_slice(&key))
                                            : claim_refuse(x, "MessageSid is too long");
    rd_buf_free(&key);
    return next;
}

enum rd_next
rd_step_dispatch(struct rd_exchange *x)
{
    rd_arbiter_start(x->front->gateway, x->claim);
    return RD_WAIT;
}
