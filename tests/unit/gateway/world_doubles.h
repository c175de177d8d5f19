/*
 * world_doubles.h - fronts, script threads, generations and the store's thread as
 * the arbiter sees them, played on the test's own thread; see world.h.
 *
 * Definitions, not declarations: included by the one file of each test program
 * that plays a world. In a library they would take the place of the real ones in
 * other tests. With WORLD_REAL_INBOX the script threads are the test's own.
 */
#ifndef RD_TESTS_WORLD_DOUBLES_H
#define RD_TESTS_WORLD_DOUBLES_H

#include <stdlib.h>

#include "base/mem.h"
#include "gateway/inbox.h"
#include "gateway/world_store.h"

/* ---- generations ------------------------------------------------------------------ */

struct rd_generation *
rd_generation_ref(struct rd_generation *g)
{
    g->refs++;
    return g;
}

void
rd_generation_unref(struct rd_generation *g)
{
    assert_true(g->refs > 1);    /* the test's own stays */
    g->refs--;
}

void *
rd_generation_snapshot(const struct rd_generation *g)
{
    return g->config;
}

bool
rd_script_has(const struct rd_generation *g, unsigned script, enum rd_handler handler)
{
    (void)script;
    return handler != RD_HANDLER_STATUS || g->has_status;
}

unsigned
rd_script_entry_count(const struct rd_generation *g, unsigned script)
{
    (void)script;
    return g->n_entries;
}

const struct rd_script_entry *
rd_script_entry_at(const struct rd_generation *g, unsigned script, unsigned i)
{
    (void)script;
    assert_true(i < g->n_entries);
    return &g->entries[i];
}

int
rd_script_entry_find(const struct rd_generation *g, unsigned script, struct rd_slice line)
{
    (void)script;
    for (unsigned i = 0; i < g->n_entries; i++)
        if (rd_slice_eq(g->entries[i].line, line))
            return (int)i;
    return -1;
}

uint64_t
rd_generation_number(const struct rd_generation *g)
{
    (void)g;
    return 1;
}

/* ---- fronts --------------------------------------------------------------------------- */

struct rd_front *
rd_front_current(void)
{
    return &world.front;
}

struct rd_mailbox *
rd_front_mailbox(struct rd_gateway *g, uint64_t ticket)
{
    (void)g;
    (void)ticket;
    return &world.front.loop.mailbox;
}

/* A verdict comes to a ticket once, whatever happens. */
void
rd_front_deliver(struct rd_gateway *g, uint64_t ticket, const struct rd_verdict *verdict)
{
    assert_ptr_equal(g, &world.g);
    assert_in_range(ticket, 1, world.n_tickets);
    world_verdict(&world.tickets[ticket - 1], verdict);
}

struct front_retry {
    struct front_retry *next;
    void (*fn)(struct rd_front *f, void *arg);
    void *arg;
};

void
rd_front_retry(struct rd_front *f, void (*fn)(struct rd_front *f, void *arg), void *arg)
{
    struct front_retry *retry = rd_malloc(sizeof *retry);

    assert_ptr_equal(f, &world.front);
    *retry = (struct front_retry){ world.retries, fn, arg };
    world.retries = retry;
    world.n_retries++;
}

void
world_tick(void)
{
    struct front_retry *retry = world.retries, *next;

    world.retries = NULL;
    world.n_retries = 0;
    for (; retry != NULL; retry = next) {
        next = retry->next;
        retry->fn(&world.front, retry->arg);
        free(retry);
    }
    world_pump();
}

/* ---- script threads ------------------------------------------------------------------- */

void
world_pump(void)
{
    while (rd_mailbox_count(&world.script) > 0)
        uv_run(&world.loop, UV_RUN_NOWAIT);
}

struct world_run *
world_new_run(struct rd_task *t)
{
    struct world_run *r = &world.runs[world.n_runs++];

    assert_true(world.n_runs <= WORLD_RUNS);
    *r = (struct world_run){ .key = world_key_of(t->message), .run = t->run,
                             .epoch = world.epoch, .claim = t->claim, .task = t };
    return r;
}

#ifndef WORLD_REAL_INBOX
void
rd_inbox_on_task(struct rd_mail *mail, void *owner)
{
    assert_ptr_equal(owner, &world);
    world_new_run((struct rd_task *)mail);
}

void
rd_inbox_on_cancel(struct rd_mail *mail, void *owner)
{
    uint64_t run = ((struct rd_cancel_mail *)mail)->run;

    assert_ptr_equal(owner, &world);
    for (unsigned i = 0; i < world.n_runs; i++)
        if (world.runs[i].run == run)
            world.runs[i].cancelled = true;
    free(mail);
}
#endif

/* ---- the store's thread ----------------------------------------------------------------- */

void
rd_store_post(struct rd_store *s, struct rd_store_request *r)
{
    (void)s;
    world_append(&world.posted, r);
}

#endif
