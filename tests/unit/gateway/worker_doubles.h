/*
 * worker_doubles.h - script threads and runs as inbox sees them, played on the test's own thread.
 *
 * Definitions, like world_doubles.h: a run does nothing but what the test lets it do. There are
 * two threads: the second waits, held, to be the successor of the first.
 */
#ifndef RD_TESTS_WORKER_DOUBLES_H
#define RD_TESTS_WORKER_DOUBLES_H

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "gateway/inbox.h"
#include "gateway/lua_msg.h"
#include "gateway/world.h"
#define WORLD_REAL_INBOX
#include "gateway/world_doubles.h"

#define RUNS_MOST 16
#define EPOCH 7

/* ---- script threads and runs, as inbox sees them ---------------------------------------- */

struct rd_worker {
    struct rd_mailbox box;
    void *data;
    uint64_t epoch;
    void *running;
};

struct rd_run {
    struct rd_run_order order;
    bool over;
    int cancelled;    /* outcome, -1: not */
};

static struct rd_worker workers[2];
static struct rd_run runs[RUNS_MOST];
static unsigned n_runs, n_ended;
static struct rd_script_host host;
static struct rd_inbox_start starts[2];
static int keyword;
static bool spawned;    /* what handlers spawn goes on after their end */
static enum rd_concurrency concurrency;
static uint64_t debounce_ms;

uv_loop_t *
rd_worker_loop(struct rd_worker *w)
{
    (void)w;
    return &world.loop;
}

void
rd_worker_set_data(struct rd_worker *w, void *data)
{
    w->data = data;
}

void *
rd_worker_data(const struct rd_worker *w)
{
    return w->data;
}

uint64_t
rd_worker_epoch(const struct rd_worker *w)
{
    return w->epoch;
}

struct rd_mailbox *
rd_worker_mailbox(struct rd_worker *w)
{
    return &w->box;
}

void *
rd_worker_running_order(const struct rd_worker *w)
{
    return w->running;
}

struct rd_run *
rd_run_start(struct rd_worker *w, const struct rd_run_order *order)
{
    struct rd_run *r = &runs[n_runs++];

    (void)w;
    assert_true(n_runs <= RUNS_MOST);
    *r = (struct rd_run){ *order, false, -1 };
    return r;
}

void
rd_run_cancel(struct rd_run *r, enum rd_outcome why)
{
    assert_false(r->over);
    r->cancelled = (int)why;
}

uint64_t
rd_run_path(struct rd_run *run, uint32_t *ordinal)
{
    *ordinal = 0;
    return (uint64_t)(run - runs) + 1;
}

enum rd_concurrency
rd_script_concurrency(const struct rd_generation *gen, unsigned script)
{
    (void)gen;
    (void)script;
    return concurrency;
}

uint64_t
rd_script_debounce(const struct rd_generation *gen, unsigned script)
{
    (void)gen;
    (void)script;
    return debounce_ms;
}

int
rd_script_keyword(const struct rd_generation *gen, unsigned script, struct rd_slice payload,
                  struct rd_slice text, struct rd_slice *args)
{
    (void)gen;
    (void)script;
    (void)payload;
    (void)text;
    *args = RD_LIT("the rest");
    return keyword;
}

int
rd_lua_msg_push(lua_State *L, void *order)
{
    (void)L;
    (void)order;
    return 0;
}

void
rd_lua_msg_open(lua_State *L, void *data)
{
    (void)L;
    (void)data;
}

static void
on_ended(void *arg)
{
    (void)arg;
    n_ended++;
}

static void
open_worker(unsigned i, bool held)
{
    workers[i] = (struct rd_worker){ .epoch = EPOCH + i };
    assert_int_equal(rd_mailbox_init(&workers[i].box, &world.loop, &workers[i]), 0);
    starts[i] = (struct rd_inbox_start){ &world.g, held, on_ended, NULL };
    rd_inbox_host(&host, &starts[i]);
    assert_int_equal(host.worker_setup(&workers[i], &starts[i]), 0);
}

static struct rd_slice no_scripts[] = { RD_LIT("bot.lua") };

static int
setup(void **state)
{
    (void)state;
    world_open();
    world.epoch = EPOCH;
    n_runs = n_ended = 0;
    keyword = -1;
    spawned = false;
    concurrency = RD_CONCURRENCY_QUEUE;
    debounce_ms = 0;
    open_worker(0, false);
    open_worker(1, true);
    rd_shards_spread(&world.g.shards, (struct rd_mailbox *[]){ &workers[0].box }, 1);
    world.config.max_sender_queue = 20;
    world.config.scripts = no_scripts;
    world.config.n_scripts = 1;
    world.config.fallback_reply = rd_reply_new(1 << 16);
    rd_reply_add(world.config.fallback_reply)->body = RD_LIT("fallback");
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        rd_inbox_host(&host, &starts[i]);
        host.worker_teardown(&workers[i], &starts[i]);
        if (!workers[i].box.closed)
            assert_null(rd_mailbox_close(&workers[i].box));
        rd_mailbox_close_handle(&workers[i].box);
    }
    assert_int_equal(n_ended, 2);
    world_close();
    rd_reply_free(world.config.fallback_reply);
    return 0;
}

/* ---- help --------------------------------------------------------------------------------- */

static void
pump(void)
{
    do
        uv_run(&world.loop, UV_RUN_NOWAIT);
    while (rd_mailbox_count(&workers[0].box) > 0 || rd_mailbox_count(&workers[1].box) > 0);
}

__attribute__((unused)) static struct world_ticket *
ask(unsigned key, unsigned flags)
{
    struct world_ticket *t = world_ask(key, flags);

    pump();
    return t;
}

static void
settle_all(void)
{
    world_settle();
    pump();
    world_settle();
}

__attribute__((unused)) static struct rd_reply *
reply_of(const char *body)
{
    struct rd_reply *r = rd_reply_new(1 << 16);

    rd_reply_add(r)->body = rd_slice_str(body);
    return r;
}

static struct rd_task *
task_of(unsigned i)
{
    assert_true(i < n_runs);
    return runs[i].order.order;
}

static void
end_run(unsigned i, enum rd_outcome outcome, struct rd_reply *reply)
{
    struct rd_run_end end = { .outcome = outcome, .reply = reply, .goes_on = spawned };

    assert_true(i < n_runs);
    assert_false(runs[i].over);
    host.run_ended(&runs[i], runs[i].order.order, &end);
    if (spawned)
        return;    /* the test calls run_gone */
    runs[i].over = true;
    host.run_gone(&runs[i], runs[i].order.order);
}

__attribute__((unused)) static void
on_op_done(struct rd_mail *mail, void *owner)
{
    (void)owner;
    rd_store_request_free((struct rd_store_request *)mail);
}

/* The answer's TwiML has just these bodies, in order. */
__attribute__((unused)) static void
assert_bodies(const struct world_ticket *t, const char *const *bodies, size_t n)
{
    const char *at = t->full;

    assert_true(t->answered);
    assert_int_equal(t->status, 200);
    for (size_t i = 0; i < n; i++) {
        char message[64];

        snprintf(message, sizeof message, "<Message>%s</Message>", bodies[i]);
        at = strstr(at, message);
        assert_non_null(at);
        at += strlen(message);
    }
    assert_null(strstr(at, "<Message>"));
}

#define BODIES(t, ...)                                                                   \
    assert_bodies((t), (const char *const[]){ __VA_ARGS__ },                             \
                  sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

#endif
