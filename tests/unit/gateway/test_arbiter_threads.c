/*
 * The arbiter raced by real threads: two fronts, two script threads and the store, which stalls
 * and fails. Handlers end against soft and hard deadlines, retries and fallback calls; never two
 * different answers for one message, every request answered once, every entry at rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/hash.h"
#include "base/mem.h"
#include "gateway/claims.h"
#include "gateway/compose.h"
#include "gateway/front.h"
#include "gateway/task.h"
#include "vectors.h"

#define FRONTS 2
#define SCRIPTS 2
#define ROUND 64       /* messages of a round */
#define REQUESTS 3     /* for each message */

struct rd_generation {
    atomic_int refs;
    struct rd_config config;
};

/* A request; touched on its front's thread only, until the round is over. */
struct request {
    struct rd_mail mail;
    unsigned front, key, step;
    uint64_t ticket;
    bool is_fallback, answered;
    int status;
    char text[32];
    struct rd_claim_ref ref;
};

static struct rd_gateway g;
static struct rd_generation generation;
static struct rd_front fronts[FRONTS];
static struct rd_loop scripts[SCRIPTS];
static struct request requests[ROUND * REQUESTS];
static atomic_uint n_answered, n_steps_left;
static unsigned base_key;    /* keys of this round begin here */
static _Thread_local struct rd_front *here;

/* ---- generations and fronts ----------------------------------------------------------- */

struct rd_generation *
rd_generation_ref(struct rd_generation *gen)
{
    atomic_fetch_add(&gen->refs, 1);
    return gen;
}

void
rd_generation_unref(struct rd_generation *gen)
{
    atomic_fetch_sub(&gen->refs, 1);
}

void *
rd_generation_snapshot(const struct rd_generation *gen)
{
    return (void *)&gen->config;
}

bool
rd_script_has(const struct rd_generation *gen, unsigned script, enum rd_handler handler)
{
    (void)gen;
    (void)script;
    (void)handler;
    return true;
}

struct rd_front *
rd_front_current(void)
{
    return here;
}

struct rd_mailbox *
rd_front_mailbox(struct rd_gateway *gateway, uint64_t ticket)
{
    return &gateway->fronts[rd_ticket_front(ticket)]->loop.mailbox;
}

struct verdict {
    struct rd_mail mail;
    uint64_t ticket;
    struct rd_verdict verdict;
};

static void
settle(uint64_t ticket, const struct rd_verdict *v)
{
    struct request *r = &requests[rd_ticket_slot(ticket)];

    if (r->answered || r->ticket != ticket)
        abort();    /* answered twice */
    r->answered = true;
    r->status = v->status;
    if (v->answer != NULL)
        snprintf(r->text, sizeof r->text, "%.*s", (int)v->answer->bytes.n, v->answer->bytes.p);
    atomic_fetch_add(&n_answered, 1);
}

static void
on_verdict(struct rd_mail *mail, void *owner)
{
    struct verdict *v = (struct verdict *)mail;

    (void)owner;
    settle(v->ticket, &v->verdict);
    rd_answer_unref(v->verdict.answer);
    free(v);
}

void
rd_front_deliver(struct rd_gateway *gateway, uint64_t ticket, const struct rd_verdict *verdict)
{
    struct rd_front *f = gateway->fronts[rd_ticket_front(ticket)];
    struct verdict *v;

    if (f == here) {
        settle(ticket, verdict);
        return;
    }
    v = rd_malloc(sizeof *v);
    *v = (struct verdict){ { NULL, on_verdict }, ticket, *verdict };
    if (verdict->answer != NULL)
        rd_answer_ref(verdict->answer);
    RD_ASSERT(rd_mailbox_post(&f->loop.mailbox, &v->mail) == 0);
}

struct retry {
    struct rd_mail mail;
    void (*fn)(struct rd_front *f, void *arg);
    void *arg;
};

static void
on_retry(struct rd_mail *mail, void *owner)
{
    struct retry *r = (struct retry *)mail;

    r->fn(owner, r->arg);
    free(r);
}

void
rd_front_retry(struct rd_front *f, void (*fn)(struct rd_front *f, void *arg), void *arg)
{
    struct retry *r = rd_malloc(sizeof *r);

    *r = (struct retry){ { NULL, on_retry }, fn, arg };
    RD_ASSERT(rd_mailbox_post(&f->loop.mailbox, &r->mail) == 0);
}

/* ---- script threads --------------------------------------------------------------------- */

static struct rd_answer *
answer_of_run(const struct rd_task *t, const char *what)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%s %llu", what, (unsigned long long)t->run);

    return rd_answer_new(200, rd_slice_make(text, (size_t)n), NULL, 0);
}

static void
on_step(struct rd_mail *mail, void *owner);

static void
again(struct rd_task *t, struct rd_loop *l)
{
    t->mail.deliver = on_step;
    RD_ASSERT(rd_mailbox_post(&l->mailbox, &t->mail) == 0);
}

/* The handler: a few steps that depend on its number, with the loop's turn between them. */
static void
on_step(struct rd_mail *mail, void *owner)
{
    struct rd_task *t = (struct rd_task *)mail;
    struct rd_run_result result = { .answer = answer_of_run(t, "end") };
    unsigned plan = (unsigned)(t->run % 7);

    t->n_replies++;
    if (t->n_replies <= plan / 2) {
        rd_run_result_free(&result);
        again(t, owner);
        return;
    }
    if (plan == 3 && !t->finished) {
        t->finished = true;
        rd_arbiter_finish(&g, t->claim, t->run, 1, &result);
        again(t, owner);
        return;
    }
    if (plan == 5 && !t->finished) {
        t->finished = true;
        rd_arbiter_publish(&g, t->claim, t->run, 1, &result);
        again(t, owner);
        return;
    }
    result.failed = plan == 6;
    rd_arbiter_end(&g, t->claim, t->run, 1, &result);
    rd_task_free(t);
}

void
rd_inbox_on_task(struct rd_mail *mail, void *owner)
{
    struct rd_task *t = (struct rd_task *)mail;

    if (rd_arbiter_begins(&g, t->claim, t->run))
        again(t, owner);
    else
        rd_task_free(t);
}

void
rd_inbox_on_cancel(struct rd_mail *mail, void *owner)
{
    (void)owner;
    free(mail);
}

/* ---- requests ----------------------------------------------------------------------------- */

static struct rd_slice
key_of(unsigned key, char text[24])
{
    return rd_slice_make(text, (size_t)snprintf(text, 24, "message %u", base_key + key));
}

static void
ask(struct request *r)
{
    char text[24];
    struct rd_claim_order order = { .key = key_of(r->key, text), .ticket = r->ticket,
                                    .generation = &generation, .shard = (uint8_t)r->key };
    struct rd_verdict replay;
    enum rd_claimed claimed;

    order.hash = rd_hash(order.key);
    order.message = rd_message_new(64, 0);
    order.message->is_fallback = r->is_fallback;
    claimed = rd_arbiter_claim(&g, &order, &r->ref, &replay);
    if (claimed == RD_CLAIMED_REPLAY) {
        settle(r->ticket, &replay);
        rd_answer_unref(replay.answer);
    } else if (claimed == RD_CLAIMED_NEW)
        rd_arbiter_start(&g, r->ref);
    rd_message_unref(order.message);
}

/* Asks; a few turns of the loop later the soft deadline, then the hard one. */
static void
on_request(struct rd_mail *mail, void *owner)
{
    struct request *r = (struct request *)mail;
    struct rd_front *f = owner;
    unsigned soft = 2 + r->key % 16, hard = soft + 1 + r->key % 3 * 200;

    if (r->step == 0)
        ask(r);
    else if (r->step == soft && !r->answered)
        rd_arbiter_soft(&g, r->ref, RD_WHY_deadline);
    else if (r->step == hard && !r->answered)
        rd_arbiter_hard(&g, r->ref);
    if (r->step++ < hard)
        RD_ASSERT(rd_mailbox_post(&f->loop.mailbox, &r->mail) == 0);
    else
        atomic_fetch_sub(&n_steps_left, 1);
}

static void
start_round(void)
{
    atomic_store(&n_answered, 0);
    atomic_store(&n_steps_left, ROUND * REQUESTS);
    for (unsigned i = 0; i < ROUND * REQUESTS; i++)
        requests[i] = (struct request){ .mail.deliver = on_request, .front = random_below(FRONTS),
                                        .key = i % ROUND, .is_fallback = random_below(3) == 0 };
    for (unsigned i = 0; i < ROUND * REQUESTS; i++) {
        struct request *r = &requests[i];

        r->ticket = rd_ticket_make(r->front, i, 1);
        RD_ASSERT(rd_mailbox_post(&fronts[r->front].loop.mailbox, &r->mail) == 0);
    }
}

/* ---- the store --------------------------------------------------------------------------- */

static const char *const points[] = { "store.commit", "store.early", "store.lookup", "store.done" };

static void
fault(const char *point, const char *command)
{
    assert_int_equal(rd_fault_set(rd_slice_str(point), rd_slice_str(command)), 0);
}

/* Stalls it for a while, or makes it fail a few times. */
static void
disturb_store(void)
{
    const char *point = points[random_below(4)];
    char fail[16];

    for (unsigned n = random_below(500); n > 0; n--)
        sched_yield();
    if (random_below(2) == 0) {
        fault(point, "stall");
        for (unsigned n = random_below(200); n > 0; n--)
            sched_yield();
        fault(point, "release");
        return;
    }
    snprintf(fail, sizeof fail, "fail=%u", random_below(4));
    fault(point, fail);
}

/* ---- what must be -------------------------------------------------------------------------- */

static bool
is_at_rest(unsigned key)
{
    char text[24];
    struct rd_slice k = key_of(key, text);
    uint64_t hash = rd_hash(k);
    const struct rd_claim *c;
    bool rest;

    rd_claims_lock(g.claims, hash);
    c = rd_claims_find(g.claims, hash, k);
    rest = c == NULL || c->may_forget;
    rd_claims_unlock(g.claims, hash);
    return rest;
}

static void
end_round(unsigned counts[6])
{
    while (atomic_load(&n_steps_left) > 0 || atomic_load(&n_answered) < ROUND * REQUESTS)
        disturb_store();
    for (unsigned i = 0; i < 4; i++)
        fault(points[i], "fail=0");
    for (unsigned key = 0; key < ROUND; key++)
        while (!is_at_rest(key) || atomic_load(&g.in_flight) > 0)
            sched_yield();
    for (unsigned i = 0; i < ROUND * REQUESTS; i++)
        counts[requests[i].status / 100]++;
    for (unsigned key = 0; key < ROUND; key++) {
        const struct request *first = NULL;

        for (unsigned i = key; i < ROUND * REQUESTS; i += ROUND) {
            if (requests[i].status != 200)
                continue;
            if (first == NULL)
                first = &requests[i];
            assert_string_equal(requests[i].text, first->text);
        }
    }
}

/* ---- life ------------------------------------------------------------------------------------ */

static int
front_setup(void *owner)
{
    here = owner;
    return 0;
}

static void
open_threads(bool can_send, enum rd_on_error on_error)
{
    static const struct rd_store_spec spec = { .backend = "memory", .retention_ms = 1000000,
                                               .memory_limit = 1u << 30 };
    struct rd_mailbox *boxes[SCRIPTS];

    g = (struct rd_gateway){ .magic = RD_GATEWAY_MAGIC, .claims = rd_claims_new() };
    generation = (struct rd_generation){ .config = {
        .can_send = can_send, .on_error = on_error, .late_limit_ms = 3600000,
        .max_in_flight = 10000, .max_mailbox = 10000,
        .waiting = rd_answer_new(200, RD_LIT("waiting"), NULL, 0),
        .fallback = rd_answer_new(200, RD_LIT("fallback"), NULL, 0),
    } };
    assert_int_equal(rd_store_start(&spec, &g.store), 0);
    for (unsigned i = 0; i < FRONTS; i++) {
        fronts[i] = (struct rd_front){ .magic = RD_FRONT_MAGIC, .index = i, .gateway = &g };
        g.fronts[g.n_fronts++] = &fronts[i];
        assert_int_equal(rd_loop_start(&fronts[i].loop, "front", &fronts[i], front_setup, NULL),
                         0);
    }
    for (unsigned i = 0; i < SCRIPTS; i++) {
        assert_int_equal(rd_loop_start(&scripts[i], "script", &scripts[i], NULL, NULL), 0);
        boxes[i] = &scripts[i].mailbox;
    }
    rd_shards_spread(&g.shards, boxes, SCRIPTS);
    rd_claims_filter_ready(g.claims);
    rd_compose_open();
}

static void
close_threads(void)
{
    for (unsigned i = 0; i < SCRIPTS; i++) {
        rd_loop_stop(&scripts[i]);
        rd_loop_join(&scripts[i]);
    }
    assert_int_equal(rd_store_stop(g.store), 0);
    for (unsigned i = 0; i < FRONTS; i++) {
        rd_loop_stop(&fronts[i].loop);
        rd_loop_join(&fronts[i].loop);
    }
    rd_claims_free(g.claims);
    assert_int_equal(atomic_load(&generation.refs), 0);
    rd_answer_unref(generation.config.waiting);
    rd_answer_unref(generation.config.fallback);
    rd_compose_close();
}

static void
test_races(void **state)
{
    size_t rounds = scaled(10000, 2500) / ROUND + 1;
    unsigned counts[6] = { 0 };

    (void)state;
    random_start();
    for (unsigned way = 0; way < 4; way++) {
        open_threads(way & 1, way & 2 ? RD_ON_ERROR_HTTP500 : RD_ON_ERROR_TWIML);
        for (size_t i = 0; i < rounds; i++, base_key += ROUND) {
            start_round();
            end_round(counts);
        }
        close_threads();
    }
    printf("%zu messages raced: %u answers, %u times 500 or 503\n", rounds * ROUND * 4, counts[2],
           counts[5]);
    assert_true(counts[2] > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_races),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
