/* world_store.c - the store of world.h: real rows, done one by one when the test says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "gateway/world_store.h"

#include "base/error.h"
#include "base/hash.h"
#include "store/request_help.h"

void
world_append(struct rd_store_request **list, struct rd_store_request *r)
{
    while (*list != NULL)
        list = (struct rd_store_request **)&(*list)->mail.next;
    r->mail.next = NULL;
    *list = r;
}

static struct rd_store_request *
store_pop(struct rd_store_request **list)
{
    struct rd_store_request *r = *list;

    assert_non_null(r);
    *list = (struct rd_store_request *)r->mail.next;
    return r;
}

static unsigned
store_count(const struct rd_store_request *r)
{
    unsigned n = 0;

    for (; r != NULL; r = (const struct rd_store_request *)r->mail.next)
        n++;
    return n;
}

unsigned
world_n_posted(void)
{
    return store_count(world.posted);
}

unsigned
world_n_done(void)
{
    return store_count(world.done);
}

static bool
store_is_dead(uint64_t epoch)
{
    for (unsigned i = 0; i < world.n_dead; i++)
        if (world.dead[i] == epoch)
            return epoch != 0;
    return false;
}

unsigned
world_replies(const struct rd_store_reply *reply)
{
    unsigned mask = 0;

    for (; reply != NULL; reply = reply->next)
        mask |= 1u << reply->key.ordinal;
    return mask;
}

struct world_run *
world_effects(const struct rd_store_request *r, unsigned *mask)
{
    struct world_run *run = NULL;

    *mask = 0;
    for (const struct rd_store_effect *e = r->effects; e != NULL; e = e->next) {
        unsigned at, bit;

        if (!rd_slice_eq(e->space, RD_LIT("bot")))
            continue;    /* the gateway's own: what is kept of an opt-out */
        assert_int_equal(sscanf(e->key.p, "%u.%u", &at, &bit), 2);
        run = &world.runs[at];
        *mask |= 1u << bit;
    }
    return run;
}

/* No effect happens twice, none of a run whose end was dropped happens at its end. */
static void
store_note_effects(const struct rd_store_request *r, unsigned replies)
{
    unsigned mask;
    struct world_run *run = world_effects(r, &mask);

    if (run == NULL || r->dropped)
        return;
    assert_int_equal(run->applied & mask, 0);
    run->applied |= mask;
    if (r->op == RD_STORE_final)
        assert_int_equal(replies, run->replies);    /* all that it said came with its end */
}

static void
store_note(const struct rd_store_request *r, unsigned key, unsigned replies)
{
    if (r->error != 0 || (r->op != RD_STORE_early && r->op != RD_STORE_final))
        return;
    world.undeliverable[key] += r->undeliverable;
    store_note_effects(r, replies);
    if (r->op == RD_STORE_final && !r->dropped) {
        world.n_finals[key]++;
        world.committed[key] = replies;
    }
}

static void
store_do(struct rd_store_request *r)
{
    bool of_world = r->key.n == 2 && r->key.p[0] == 'k';    /* else the gateway's own */
    unsigned key = of_world ? (unsigned)(r->key.p[1] - '0') : 0;
    unsigned replies = world_replies(r->replies);

    if (r->op == RD_STORE_death)
        world.dead[world.n_dead++] = r->n;
    else
        r->error = world.backend->op[r->op](world.self, r);
    if (of_world)
        store_note(r, key, replies);
}

void
world_store(bool ok)
{
    struct rd_store_request *r = store_pop(&world.posted);

    if (store_is_dead(r->epoch)) {
        rd_store_request_free(r);
        return;
    }
    if (ok)
        store_do(r);
    else
        r->error = RD_E_IO;
    world_append(&world.done, r);
}

void
world_complete(void)
{
    world_complete_behind(0);
}

void
world_complete_behind(unsigned older)
{
    struct rd_store_request **at = &world.done, *r;

    while (older-- > 0)
        at = (struct rd_store_request **)&(*at)->mail.next;
    r = store_pop(at);

    if (r->reply_to == NULL)
        rd_store_request_free(r);
    else
        r->completed(&r->mail, r->reply_to == &world.front.loop.mailbox ? &world.front
                                                                        : r->reply_to->owner);
    world_pump();
}

void
world_settle(void)
{
    do {
        while (world.posted != NULL)
            world_store(true);
        while (world.done != NULL)
            world_complete();
        world_tick();
    } while (world.posted != NULL || world.done != NULL);
}

void
world_store_fails(void)
{
    while (world.done != NULL)
        world_complete();
    world_store(false);
    world_complete();
}

enum rd_row_state
world_row(unsigned key)
{
    char text[8];
    struct rd_store_request *r = rd_store_request_new(RD_STORE_lookup, world_key(key, text));
    enum rd_row_state row;

    assert_int_equal(world.backend->op[RD_STORE_lookup](world.self, r), 0);
    row = r->row;
    rd_store_request_free(r);
    return row;
}

unsigned
world_outbox(void)
{
    unsigned mask = 0;
    int error = 0;

    while (error == 0) {
        struct rd_store_request *r = rd_store_request_new(RD_STORE_outbox_take, RD_LIT(""));

        error = world.backend->op[RD_STORE_outbox_take](world.self, r);
        if (error == 0) {
            assert_int_equal(mask & world_replies(r->replies), 0);
            mask |= world_replies(r->replies);
        }
        rd_store_request_free(r);
    }
    return mask;
}
