/* wheel.c - see wheel.h. Owns the slots; called by hub.c and conn.c. */
#include "net/wheel.h"

static void wheel_on_timer(uv_timer_t *handle);

void
rd_wheel_init(struct rd_wheel *w, uv_loop_t *loop, void (*fire)(struct rd_timer *t))
{
    uv_timer_init(loop, &w->timer);
    w->timer.data = w;
    w->fire = fire;
    w->tick = uv_now(loop) / RD_WHEEL_TICK;
    w->armed = RD_WHEEL_NEVER;
    for (size_t i = 0; i < RD_WHEEL_SLOTS; i++)
        rd_list_init(&w->slots[i]);
}

void
rd_wheel_close(struct rd_wheel *w, uv_close_cb on_close)
{
    uv_close((uv_handle_t *)&w->timer, on_close);
}

void
rd_timer_init(struct rd_timer *t)
{
    rd_list_init(&t->entry);
    t->deadline = RD_WHEEL_NEVER;
    t->slot = RD_WHEEL_NEVER;
}

static void
wheel_arm(struct rd_wheel *w, uint64_t tick)
{
    uint64_t now = uv_now(w->timer.loop), at = tick * RD_WHEEL_TICK;

    w->armed = tick;
    uv_timer_start(&w->timer, wheel_on_timer, at > now ? at - now : 0, 0);
}

/* A tick is served when all of it is over, so that nothing fires early. */
static void
wheel_insert(struct rd_wheel *w, struct rd_timer *t)
{
    uint64_t tick = t->deadline / RD_WHEEL_TICK + 1, last = w->tick + RD_WHEEL_SLOTS - 1;

    if (tick <= w->tick)
        tick = w->tick + 1;
    if (tick > last)
        tick = last;
    t->slot = tick;
    rd_list_append(&w->slots[tick % RD_WHEEL_SLOTS], &t->entry);
    if (tick < w->armed)
        wheel_arm(w, tick);
}

void
rd_wheel_set(struct rd_wheel *w, struct rd_timer *t, uint64_t deadline)
{
    t->deadline = deadline;
    if (!rd_list_empty(&t->entry)) {
        if (deadline / RD_WHEEL_TICK + 1 >= t->slot)
            return;
        rd_list_remove(&t->entry);
    }
    if (deadline == RD_WHEEL_NEVER)
        return;
    if (w->armed == RD_WHEEL_NEVER)
        w->tick = uv_now(w->timer.loop) / RD_WHEEL_TICK;    /* the wheel stood still */
    wheel_insert(w, t);
}

void
rd_wheel_remove(struct rd_timer *t)
{
    rd_list_remove(&t->entry);
    t->deadline = RD_WHEEL_NEVER;
}

static void
wheel_serve(struct rd_wheel *w, struct rd_list *due, uint64_t now)
{
    while (!rd_list_empty(due)) {
        struct rd_timer *t = RD_LIST_OWNER(due->next, struct rd_timer, entry);

        rd_list_remove(&t->entry);
        if (t->deadline <= now)
            w->fire(t);
        else if (t->deadline != RD_WHEEL_NEVER)
            wheel_insert(w, t);
    }
}

static void
wheel_on_timer(uv_timer_t *handle)
{
    struct rd_wheel *w = handle->data;
    uint64_t now = uv_now(handle->loop), end = now / RD_WHEEL_TICK;
    struct rd_list due;

    w->armed = 0;    /* what is inserted meanwhile need not arm the timer */
    if (end - w->tick > RD_WHEEL_SLOTS)
        w->tick = end - RD_WHEEL_SLOTS;    /* the loop was stuck for longer than a round */
    while (w->tick < end) {
        w->tick++;
        rd_list_init(&due);
        rd_list_take(&due, &w->slots[w->tick % RD_WHEEL_SLOTS]);
        wheel_serve(w, &due, now);
    }
    w->armed = RD_WHEEL_NEVER;
    for (uint64_t i = 1; i < RD_WHEEL_SLOTS; i++) {
        if (!rd_list_empty(&w->slots[(w->tick + i) % RD_WHEEL_SLOTS])) {
            wheel_arm(w, w->tick + i);
            break;
        }
    }
}
