/* world.c - see world.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "gateway/world_store.h"

#include "base/error.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/metric.h"
#include "gateway/compose.h"
#include "store/request_help.h"

struct world world;
static int64_t metrics[RD_METRIC_COUNT];

/* ---- life ------------------------------------------------------------------------ */

static struct rd_answer *
answer_for(unsigned mask)
{
    char text[24];

    snprintf(text, sizeof text, "%08x", mask);
    return answer_of(text, mask);
}

void
world_open(void)
{
    static const struct rd_store_spec spec = { .backend = "memory", .retention_ms = WORLD_FOREVER,
                                               .memory_limit = 1u << 30 };

    world = (struct world){ .epoch = 1, .generation = { .refs = 1, .has_status = true } };
    rd_compose_open();
    world.config = (struct rd_config){ .late_limit_ms = WORLD_FOREVER, .max_in_flight = 1000,
                                       .max_mailbox = 1000, .waiting = answer_for(0),
                                       .fallback = answer_for(FALLBACK_BIT) };
    world.generation.config = &world.config;
    world.front.gateway = &world.g;
    world.g = (struct rd_gateway){ .magic = RD_GATEWAY_MAGIC, .claims = rd_claims_new(),
                                   .fronts = { &world.front }, .n_fronts = 1 };
    rd_claims_filter_ready(world.g.claims);
    assert_int_equal(uv_loop_init(&world.loop), 0);
    assert_int_equal(rd_mailbox_init(&world.script, &world.loop, &world), 0);
    rd_shards_spread(&world.g.shards, (struct rd_mailbox *[]){ &world.script }, 1);
    world.backend = rd_store_backends[0];
    assert_int_equal(world.backend->open(&spec, &world.self), 0);
    for (unsigned i = 0; i < RD_METRIC_COUNT; i++)
        metrics[i] = rd_metric_get((enum rd_metric)i, 0);
}

int64_t
world_count(enum rd_metric metric)
{
    return rd_metric_get(metric, 0) - metrics[metric];
}

/* Runs that a test left behind: nobody waits for them any more. */
static void
world_end_runs(void)
{
    for (unsigned i = 0; i < world.n_runs; i++)
        if (world.runs[i].task != NULL)
            rd_task_free(world.runs[i].task);
}

void
world_close(void)
{
    world_settle();
    world_end_runs();
    assert_int_equal(world.g.in_flight, 0);
    assert_int_equal(world_count(RD_METRIC_runs), 0);
    assert_null(rd_mailbox_close(&world.script));
    rd_mailbox_close_handle(&world.script);
    uv_run(&world.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&world.loop), 0);
    rd_claims_free(world.g.claims);
    assert_int_equal(world_count(RD_METRIC_claims), 0);
    assert_int_equal(world.generation.refs, 1);
    world.backend->close(world.self);
    rd_answer_unref(world.config.waiting);
    rd_answer_unref(world.config.fallback);
    rd_compose_close();
}

int
world_setup(void **state)
{
    (void)state;
    world_open();
    return 0;
}

int
world_teardown(void **state)
{
    (void)state;
    world_close();
    return 0;
}

/* ---- requests ------------------------------------------------------------------ */

struct rd_slice
world_key(unsigned key, char out[8])
{
    return rd_slice_make(out, (size_t)snprintf(out, 8, "k%u", key & 7));
}

unsigned
world_key_of(const struct rd_message *m)
{
    return (unsigned)(uintptr_t)m->start_ns;
}

void
world_verdict(struct world_ticket *t, const struct rd_verdict *verdict)
{
    assert_false(t->answered);
    t->answered = true;
    t->status = verdict->status;
    t->outcome = verdict->outcome;
    t->why = verdict->why;
    t->mask = 0;
    if (verdict->answer == NULL)
        return;
    snprintf(t->text, sizeof t->text, "%.*s", (int)verdict->answer->bytes.n,
             verdict->answer->bytes.p);
    snprintf(t->full, sizeof t->full, "%.*s", (int)verdict->answer->bytes.n,
             verdict->answer->bytes.p);
    for (size_t i = 0; i < verdict->answer->n_keys; i++)
        t->mask |= 1u << (verdict->answer->keys[i].ordinal & 31);
}

static struct rd_message *
message_of(unsigned key, unsigned flags)
{
    struct rd_message *m = rd_message_new(64, 0);

    m->kind = flags & ASK_STATUS ? RD_KIND_STATUS : RD_KIND_MESSAGE;
    m->is_fallback = flags & ASK_FALLBACK;
    m->opt_out = flags & ASK_STOP ? RD_OPT_OUT_STOP : RD_OPT_OUT_NONE;
    m->from = world.one_sender ? RD_LIT("one") : rd_slice_make(&"0123456789"[key], 1);
    m->body = m->text = rd_slice_make(&"0123456789"[key], 1);
    m->start_ns = key;    /* a double's way to know it again */
    return m;
}

struct world_ticket *
world_ask(unsigned key, unsigned flags)
{
    struct world_ticket *t = &world.tickets[world.n_tickets++];
    struct rd_message *m = message_of(key, flags);
    char text[8];
    struct rd_claim_order order = {
        .key = world_key(key, text), .ticket = world.n_tickets, .message = m,
        .generation = &world.generation,
    };
    struct rd_verdict replay;
    enum rd_claimed claimed;

    assert_true(world.n_tickets <= WORLD_TICKETS);
    order.hash = rd_hash(order.key);
    t->key = key;
    claimed = rd_arbiter_claim(&world.g, &order, &t->ref, &replay);
    if (claimed == RD_CLAIMED_REPLAY) {
        world_verdict(t, &replay);
        rd_answer_unref(replay.answer);
    }
    rd_message_unref(m);
    t->unstarted = claimed == RD_CLAIMED_NEW;
    if (t->unstarted && !(flags & ASK_UNSTARTED))
        world_start(t);
    return t;
}

void
world_start(struct world_ticket *t)
{
    t->unstarted = false;
    rd_arbiter_start(&world.g, t->ref);
    world_pump();
}

void
world_soft(struct world_ticket *t)
{
    t->softened = true;
    rd_arbiter_soft(&world.g, t->ref, RD_WHY_deadline);
    world_pump();
}

void
world_hard(struct world_ticket *t)
{
    rd_arbiter_hard(&world.g, t->ref);
    world_pump();
    assert_true(t->answered);    /* whatever the store does */
}

/* ---- runs ------------------------------------------------------------------------- */

struct world_run *
world_run(enum world_state state)
{
    assert_true(world.n_runs > 0);
    assert_int_equal(world.runs[world.n_runs - 1].state, state);
    return &world.runs[world.n_runs - 1];
}

static void
run_over(struct world_run *r)
{
    r->state = RUN_OVER;
    if (r->task != NULL)
        rd_task_free(r->task);
    r->task = NULL;
}

bool
world_begin(struct world_run *r)
{
    assert_int_equal(r->state, RUN_QUEUED);
    if (!rd_arbiter_begins(&world.g, r->claim, r->run)) {
        run_over(r);
        return false;
    }
    r->state = RUN_RUNNING;
    return true;
}

static void
run_on_commit(struct rd_mail *mail, void *owner)
{
    struct rd_store_request *request = (struct rd_store_request *)mail;
    struct world_run *r = request->op_wait;

    (void)owner;
    unsigned effects;

    r->commit_error = request->error;
    world_effects(request, &effects);
    if (request->error != 0)
        r->pending |= effects;    /* they go with the next commit */
    if (--r->n_commits == 0 && r->state == RUN_WAITING)
        r->state = RUN_RUNNING;
    rd_store_request_free(request);
}

static struct rd_store_reply *
replies_of(unsigned mask)
{
    struct rd_store_request *r = rd_store_request_new(RD_STORE_final, RD_LIT(""));
    struct rd_store_reply *replies;

    add_replies(r, mask);
    replies = r->replies;
    r->replies = NULL;
    rd_store_request_free(r);
    return replies;
}

/* One more effect, and all that wait. */
static struct rd_store_effect *
effects_of(struct world_run *r)
{
    struct rd_store_effect *effects = NULL, *e;
    char name[24];

    r->pending |= 1u << r->n_effects++;
    assert_true(r->n_effects < 32);
    for (unsigned bit = 0; bit < r->n_effects; bit++)
        if (r->pending >> bit & 1) {
            int n = snprintf(name, sizeof name, "%u.%u", (unsigned)(r - world.runs), bit);

            e = rd_store_effect_new(RD_EFFECT_SET, RD_LIT("bot"),
                                    rd_slice_make(name, (size_t)n + 1), RD_LIT("x"), 0);
            e->next = effects;
            effects = e;
        }
    return effects;
}

static struct rd_run_result
result_of(struct world_run *r, unsigned in, unsigned replies)
{
    return (struct rd_run_result){
        .answer = answer_for(in), .replies = replies_of(replies), .outcome = RD_OUTCOME_ok,
        .effects = effects_of(r),
        .op_mailbox = &world.script, .op_wait = r, .op_done = run_on_commit,
    };
}

static enum rd_published
run_published(struct world_run *r, enum rd_published how)
{
    if (how != RD_PUBLISHED_COMMIT)
        return how;
    r->pending = 0;    /* unless it fails */
    r->n_commits++;
    r->state = RUN_WAITING;
    return how;
}

enum rd_published
world_publish(struct world_run *r, unsigned replies)
{
    struct rd_run_result result;

    r->published |= replies;
    result = result_of(r, r->published | (world.config.can_send ? 0 : FALLBACK_BIT), replies);
    return run_published(r, rd_arbiter_publish(&world.g, r->claim, r->run, r->epoch, &result));
}

enum rd_published
world_finish(struct world_run *r)
{
    struct rd_run_result result = result_of(r, r->published, 0);

    return run_published(r, rd_arbiter_finish(&world.g, r->claim, r->run, r->epoch, &result));
}

static bool
run_end(struct world_run *r, struct rd_run_result *result)
{
    bool current;

    r->replies = world_replies(result->replies);
    result->op_mailbox = NULL;
    result->op_wait = NULL;
    result->op_done = NULL;
    current = rd_arbiter_end(&world.g, r->claim, r->run, r->epoch, result);
    r->ended = current;
    r->dropped = !current;
    r->forgotten = world_claim(r->key) == NULL;
    run_over(r);
    world_pump();
    return current;
}

bool
world_end(struct world_run *r, unsigned replies)
{
    struct rd_run_result result = result_of(r, r->published | replies, r->published | replies);

    return run_end(r, &result);
}

bool
world_fail(struct world_run *r)
{
    struct rd_run_result result;

    r->pending = 0;    /* of a failed run nothing happens */
    result = result_of(r, ERROR_BIT >> r->key, ERROR_BIT >> r->key);
    result.failed = true;
    result.outcome = RD_OUTCOME_error;
    return run_end(r, &result);
}

bool
world_refuse(struct world_run *r, enum rd_outcome outcome)
{
    bool current = rd_arbiter_refuse(&world.g, r->claim, r->run, r->epoch, outcome, RD_WHY_rule);

    run_over(r);
    world_pump();
    return current;
}

void
world_answer(struct world_run *r, unsigned replies)
{
    assert_true(world_begin(r));
    assert_true(world_end(r, replies));
}

struct world_run *
world_take(struct world_run *r)
{
    uint64_t run = rd_arbiter_take(&world.g, r->claim, r->run);
    struct rd_task *old = r->task;
    struct world_run *next = NULL;

    if (run != 0)
        next = world_new_run(rd_task_new(&world.g, r->claim, run, old->message,
                                         &world.generation, old->script, old->shard));
    r->state = RUN_LOST;
    r->task = NULL;
    rd_task_free(old);
    return next;
}

static void
world_on_death(struct rd_mail *mail, void *owner)
{
    (void)owner;
    rd_store_request_free((struct rd_store_request *)mail);
}

void
world_bury(void)
{
    struct rd_store_request *r = rd_store_request_new(RD_STORE_death, RD_LIT(""));

    r->n = world.epoch;
    r->reply_to = &world.script;
    r->completed = world_on_death;
    rd_store_post(NULL, r);
    world.epoch++;
    for (unsigned i = 0; i < world.n_runs; i++)
        if (world.runs[i].state == RUN_QUEUED)
            world.runs[i].epoch = world.epoch;
}

/* ---- what must be --------------------------------------------------------------- */

struct rd_claim *
world_claim(unsigned key)
{
    char text[8];
    struct rd_slice k = world_key(key, text);

    return rd_claims_find(world.g.claims, rd_hash(k), k);
}

void
assert_at_rest(unsigned key)
{
    const struct rd_claim *c = world_claim(key);

    if (c != NULL && !c->may_forget)
        print_message("phase %d, run %d, mails %u, row %d, owed %d, given up %d\n", c->phase,
                      (int)c->run, c->mails, c->row, c->owed, c->given_up);
    assert_true(c == NULL || c->may_forget);
}

void
world_forget_idle(void)
{
    char text[8];

    for (unsigned key = 0; key < WORLD_KEYS; key++)
        assert_at_rest(key);
    rd_claims_free(world.g.claims);
    world.g.claims = rd_claims_new();
    for (unsigned key = 0; key < WORLD_KEYS; key++)
        if (world_row(key) != RD_ROW_ABSENT)
            rd_claims_filter_add(world.g.claims, rd_hash(world_key(key, text)));
    rd_claims_filter_ready(world.g.claims);
}

void
assert_waits(const struct world_ticket *t)
{
    assert_false(t->answered);
}

void
assert_answer(const struct world_ticket *t, unsigned mask)
{
    char text[24];

    snprintf(text, sizeof text, "%08x", mask);
    assert_true(t->answered);
    assert_int_equal(t->status, 200);
    assert_int_equal(t->mask, mask);
    assert_string_equal(t->text, text);
}

void
assert_status(const struct world_ticket *t, int status)
{
    assert_true(t->answered);
    assert_int_equal(t->status, status);
    assert_int_equal(t->mask, 0);
    assert_string_equal(t->text, "");
}
