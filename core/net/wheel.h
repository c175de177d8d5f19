/*
 * wheel.h - coarse timers for thousands of connections, on one uv timer.
 *
 * A deadline that moves later costs one store: the entry stays in its slot and
 * is sorted in again when that slot comes up. Timers fire up to one tick late,
 * never early. One loop's thread only.
 */
#ifndef RD_NET_WHEEL_H
#define RD_NET_WHEEL_H

#include <stdint.h>
#include <uv.h>

#include "net/list.h"

#define RD_WHEEL_TICK 50       /* milliseconds in a slot: precise enough for limits of seconds */
#define RD_WHEEL_SLOTS 512     /* 25.6 s; what is later is sorted in again */
#define RD_WHEEL_NEVER UINT64_MAX

struct rd_timer {
    struct rd_list entry;
    uint64_t deadline;    /* ms on the loop's clock, or RD_WHEEL_NEVER */
    uint64_t slot;        /* the tick that its slot stands for; valid while it is in one */
};

struct rd_wheel {
    uv_timer_t timer;
    void (*fire)(struct rd_timer *t);
    uint64_t tick;        /* the last one that was served */
    uint64_t armed;       /* the tick that the uv timer is set for; RD_WHEEL_NEVER: stopped */
    struct rd_list slots[RD_WHEEL_SLOTS];
};

void rd_wheel_init(struct rd_wheel *w, uv_loop_t *loop, void (*fire)(struct rd_timer *t));
/* Closes the uv handle; on_close may be NULL. */
void rd_wheel_close(struct rd_wheel *w, uv_close_cb on_close);

void rd_timer_init(struct rd_timer *t);
/* Sets the deadline (ms on the loop's clock); RD_WHEEL_NEVER: none. */
void rd_wheel_set(struct rd_wheel *w, struct rd_timer *t, uint64_t deadline);
/* Takes the timer out, before its memory goes. */
void rd_wheel_remove(struct rd_timer *t);

#endif
