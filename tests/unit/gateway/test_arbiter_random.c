/*
 * Random orders of everything that may happen to a message, with what must hold after each
 * step and at the end: one answer for a message, every request answered once, replies delivered
 * once or counted, effects at most once, nothing left over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "gateway/world.h"
#include "gateway/world_doubles.h"
#include "vectors.h"

#define KEYS 2
#define STEPS_MOST 60

/* What happened that excuses something at the end. */
static struct {
    bool gave_up;        /* a failed write is not repeated for ever */
    bool unread;         /* handlers ran beside rows that could not be read */
} excuse;

static unsigned
random_world(void)
{
    struct rd_config *c = &world.config;

    memset(&excuse, 0, sizeof excuse);
    c->can_send = random_below(2) != 0;
    c->on_error = random_below(3) == 0 ? RD_ON_ERROR_HTTP500 : RD_ON_ERROR_TWIML;
    c->late_limit_ms = random_below(4) == 0 ? 0 : WORLD_FOREVER;
    c->max_in_flight = random_below(4) == 0 ? 1 : 1000;
    excuse.gave_up = c->late_limit_ms == 0;
    if (random_below(8) == 0) {
        c->on_store_fault = RD_ON_STORE_FAULT_ANSWER;
        excuse.unread = true;
    }
    if (random_below(2) == 0) {
        rd_claims_free(world.g.claims);
        world.g.claims = rd_claims_new();    /* every message is looked up first */
    }
    return random_below(4) == 0 ? ASK_STATUS : 0;
}

/* ---- what must hold after each step ---------------------------------------------------- */

/* All answers of a message are the same, but for counted ones. */
static void
check_answers(void)
{
    const struct world_ticket *first[KEYS] = { NULL };

    for (unsigned i = 0; i < world.n_tickets; i++) {
        const struct world_ticket *t = &world.tickets[i];

        if (!t->answered || t->status >= 500)
            continue;
        if (world_row(t->key) == RD_ROW_ABSENT)
            assert_true(world_count(RD_METRIC_answered_unrecorded_total) > 0);
        if (first[t->key] == NULL)
            first[t->key] = t;
        if (strcmp(t->text, first[t->key]->text) == 0 && t->status == first[t->key]->status)
            continue;
        assert_true(excuse.unread || excuse.gave_up);
        assert_true(world_count(RD_METRIC_answered_unrecorded_total) > 0);
    }
}

static void
check_entries(void)
{
    for (unsigned key = 0; key < KEYS; key++) {
        const struct rd_claim *c = world_claim(key);

        if (c == NULL)
            continue;
        assert_int_equal(c->magic, RD_CLAIM_MAGIC);
        assert_true(c->phase != RD_CLAIM_LOOKUP || (c->answer == NULL && c->run == 0));
        assert_true(c->phase != RD_CLAIM_RUNNING || c->answer == NULL || c->mails > 0);
        assert_true(c->phase != RD_CLAIM_RUNNING || c->answer != NULL || c->run != 0);
        assert_true(c->phase != RD_CLAIM_SETTLED || (c->answer != NULL && c->n_waiters == 0));
        assert_true(!c->may_forget || (c->mails == 0 && c->run == 0 && !c->owed));
    }
}

static void
check_finals(void)
{
    for (unsigned key = 0; key < KEYS; key++)
        assert_true(world.n_finals[key] <= 1);
}

/* ---- steps --------------------------------------------------------------------------------- */

static struct world_run *
random_run(enum world_state state)
{
    unsigned at = world.n_runs ? random_below(world.n_runs) : 0;

    for (unsigned i = 0; i < world.n_runs; i++) {
        struct world_run *r = &world.runs[(at + i) % world.n_runs];

        if (r->state == state)
            return r;
    }
    return NULL;
}

static struct world_ticket *
random_waiting(void)
{
    unsigned at = world.n_tickets ? random_below(world.n_tickets) : 0;

    for (unsigned i = 0; i < world.n_tickets; i++) {
        struct world_ticket *t = &world.tickets[(at + i) % world.n_tickets];

        if (!t->answered)
            return t;
    }
    return NULL;
}

static void
step_ask(unsigned kind)
{
    unsigned flags = kind;

    if (world.n_tickets == WORLD_TICKETS)
        return;
    if (random_below(8) == 0)
        flags |= ASK_FALLBACK;
    if (random_below(4) == 0)
        flags |= ASK_UNSTARTED;
    world_ask(random_below(KEYS), flags);
}

static bool
step_start(void)
{
    for (unsigned i = 0; i < world.n_tickets; i++)
        if (world.tickets[i].unstarted) {
            world_start(&world.tickets[i]);
            return true;
        }
    return false;
}

static void
step_deadline(void)
{
    struct world_ticket *t = random_waiting();

    if (t == NULL)
        return;
    if (!t->softened || random_below(4) == 0)
        world_soft(t);    /* a drain may be in a hurry after the deadline, too */
    else
        world_hard(t);
}

/* What a reply says depends on the run, sometimes: reruns may say other things. */
static unsigned
some_replies(const struct world_run *r)
{
    return (random_below(8) | random_below(2) * 8) << r->key * 8 & ~r->published;
}

/* While it waits for a commit, a coroutine beside may act, but the handler does not end. */
static void
run_acts(struct world_run *r)
{
    unsigned what = random_below(r->state == RUN_WAITING ? 3 : 8);
    unsigned replies = some_replies(r);

    if (r->cancelled) {
        assert_int_equal(world_publish(r, replies), RD_PUBLISHED_STALE);
        assert_int_equal(world_finish(r), RD_PUBLISHED_STALE);
        assert_false(world_end(r, 0));
    } else if (what == 7)
        assert_true(world_refuse(r, RD_OUTCOME_cancelled));
    else if (what < 2 && replies != 0)
        world_publish(r, replies);
    else if (what < 3)
        world_finish(r);
    else if (what < 6)
        world_end(r, replies);
    else
        world_fail(r);
}

static void
step_run(void)
{
    struct world_run *r = random_run(RUN_RUNNING);

    if (r == NULL && random_below(8) == 0)
        r = random_run(RUN_WAITING);
    if (r != NULL)
        run_acts(r);
}

/* Whatever a run of a lost thread tries, nothing comes of it. */
static void
step_zombie(void)
{
    struct world_run *r = random_run(RUN_LOST);
    unsigned posted = world_n_posted();

    if (r == NULL)
        return;
    assert_int_equal(world_publish(r, 0x10u << r->key * 8), RD_PUBLISHED_STALE);
    assert_int_equal(world_finish(r), RD_PUBLISHED_STALE);
    if (random_below(2) == 0)
        assert_false(world_end(r, 0x20u << r->key * 8));
    assert_int_equal(world_n_posted(), posted);
}

/* The thread is lost with all that it has; one of them was running. */
static void
step_lose(void)
{
    struct world_run *stuck = random_run(RUN_RUNNING), *again[WORLD_RUNS], *failing = NULL;
    unsigned n = world.n_runs, n_again = 0;

    if (stuck == NULL || n > WORLD_RUNS / 2)
        return;
    for (unsigned i = 0; i < n; i++) {
        struct world_run *r = &world.runs[i], *next;
        bool in_mailbox = r->state == RUN_QUEUED && random_below(2) == 0;

        if (r->task == NULL || r->state == RUN_LOST || in_mailbox)
            continue;
        next = world_take(r);
        if (next != NULL)
            again[n_again++] = next;
        if (r == stuck)
            failing = next;
    }
    world_bury();
    if (random_below(2) == 0)
        world_settle();
    for (unsigned i = 0; i < n_again; i++)
        if (again[i] == failing)
            world_fail(failing);
}

static void
step_begin(void)
{
    struct world_run *r = random_run(RUN_QUEUED);

    if (r != NULL && random_below(16) == 0)
        world_refuse(r, RD_OUTCOME_dropped);
    else if (r != NULL)
        world_begin(r);
}

static void
step_store(void)
{
    if (world.posted != NULL)
        world_store(random_below(5) != 0);
}

static void
step_complete(void)
{
    if (world.done != NULL)
        world_complete_behind(random_below(world_n_done()));    /* fronts keep no order */
}

/* Some time after everything has come to rest, only the store knows. */
static void
step_forget(void)
{
    for (unsigned key = 0; key < WORLD_KEYS; key++) {
        const struct rd_claim *c = world_claim(key);

        if (c != NULL && !c->may_forget)
            return;
    }
    if (world.posted == NULL && world.done == NULL && world.retries == NULL)
        world_forget_idle();
}

static void
step(unsigned kind)
{
    unsigned what = random_below(64);

    if (what < 10)
        step_ask(kind);
    else if (what < 14)
        step_start();
    else if (what < 20)
        step_deadline();
    else if (what < 28)
        step_begin();
    else if (what < 40)
        step_run();
    else if (what < 48)
        step_store();
    else if (what < 56)
        step_complete();
    else if (what < 59)
        step_zombie();
    else if (what < 60)
        step_lose();
    else if (what < 62)
        step_forget();
    else
        world_tick();
}

/* ---- the end ------------------------------------------------------------------------------- */

/* The store works again, and everything that waits comes to its end. */
static void
finish_all(void)
{
    struct world_run *r;
    bool more = true;

    while (more) {
        more = step_start();
        world_settle();
        if ((r = random_run(RUN_QUEUED)) != NULL) {
            more = true;
            if (world_begin(r))
                world_end(r, some_replies(r));
        }
        if ((r = random_run(RUN_RUNNING)) != NULL) {
            more = true;
            world_end(r, some_replies(r));
        }
    }
    world_settle();
    while (random_run(RUN_LOST) != NULL && random_below(4) != 0)
        step_zombie();
}

static void
check_replies(unsigned key, unsigned outbox)
{
    unsigned wire = 0, lost;

    for (unsigned i = 0; i < world.n_tickets; i++)
        if (world.tickets[i].key == key && world.tickets[i].status == 200)
            wire |= world.tickets[i].mask;
    lost = world.committed[key] & ~wire & ~outbox;
    if (world.config.can_send)
        assert_int_equal(lost, 0);
    else
        assert_true(world.undeliverable[key] >= (unsigned)__builtin_popcount(lost));
}

/* What a run did happens with its end, or not at all. */
static void
check_effects(void)
{
    for (unsigned i = 0; i < world.n_runs; i++) {
        const struct world_run *r = &world.runs[i];
        unsigned last = r->n_effects ? 1u << (r->n_effects - 1) : 0;

        if (r->dropped)
            assert_int_equal(r->applied & last, 0);
        if (!r->ended || r->forgotten || excuse.gave_up || excuse.unread)
            continue;
        assert_int_not_equal(r->applied & last, 0);
        assert_int_equal(r->pending & ~r->applied, 0);
    }
}

static void
check_end(unsigned kind)
{
    unsigned outbox = world_outbox();    /* each of a key at most once, or it fails */
    int64_t undeliverable = 0;

    for (unsigned i = 0; i < world.n_tickets; i++)
        assert_true(world.tickets[i].answered);
    for (unsigned key = 0; key < KEYS; key++) {
        const struct rd_claim *c = world_claim(key);

        assert_at_rest(key);
        undeliverable += world.undeliverable[key];
        if (c != NULL && !excuse.gave_up)
            assert_true(world_row(key) == RD_ROW_ANSWERED || world_row(key) == RD_ROW_DONE);
        if (!excuse.gave_up && !excuse.unread && kind == 0)
            check_replies(key, outbox);
    }
    check_effects();
    assert_int_equal(world_count(RD_METRIC_undeliverable_total), undeliverable);
    assert_int_equal(world_count(RD_METRIC_exchanges_waiting), 0);
}

static void
test_random_orders(void **state)
{
    size_t rounds = scaled(10000, 1000), steps = 0;

    (void)state;
    random_start();
    rd_log_set(RD_LOG_ERROR, RD_LOG_LOGFMT);
    for (size_t i = 0; i < rounds; i++) {
        unsigned kind;

        world_open();
        kind = random_world();
        for (unsigned n = 10 + random_below(STEPS_MOST); n > 0; n--, steps++) {
            step(kind);
            check_answers();
            check_entries();
            check_finals();
        }
        finish_all();
        check_answers();
        check_entries();
        check_end(kind);
        world_close();
    }
    printf("%zu random orders of %zu events\n", rounds, steps);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_orders),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
