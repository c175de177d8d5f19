/*
 * sched.c - which run gets the next slice. Called by the worker's loop.
 *
 * New and woken runs come first, in order, messages and events by turns; those whose
 * slice was over wait in the low queue, of which the oldest gets every 8th slice at
 * least. Of a handler and its coroutines one is queued at a time. A batch ends
 * soon, so that mails and timers are never far away.
 */
#include "script/worker.h"

#include "base/clock.h"
#include "base/error.h"

#define SCHED_TURN_NS (1 * RD_MS)    /* no new slice in this turn of the loop after that */
#define SCHED_LOW_EVERY 8          /* design section 6 */

static void
queue_push(struct rd_run_queue *q, struct rd_run *run)
{
    run->queue_next = NULL;
    *q->tail = run;
    q->tail = &run->queue_next;
}

static struct rd_run *
queue_pop(struct rd_run_queue *q)
{
    struct rd_run *run = q->head;

    if (run == NULL)
        return NULL;
    q->head = run->queue_next;
    if (q->head == NULL)
        q->tail = &q->head;
    return run;
}

static bool
queue_remove(struct rd_run_queue *q, struct rd_run *run)
{
    for (struct rd_run **at = &q->head; *at != NULL; at = &(*at)->queue_next) {
        if (*at != run)
            continue;
        *at = run->queue_next;
        if (q->tail == &run->queue_next)
            q->tail = at;
        return true;
    }
    return false;
}

static void
sched_push_again(struct rd_worker *w, struct rd_run *run)
{
    bool low = run->state == RD_RUN_LOW && !run->cancelled;

    rd_sched_push(w, low ? &w->low : &w->ready, run);
}

static bool
sched_is_empty(const struct rd_worker *w)
{
    return w->first.head == NULL && w->ready.head == NULL && w->events.head == NULL &&
           w->low.head == NULL;
}

/* Takes a run for its slice; its family's next one lines up behind the others. */
static struct rd_run *
sched_take(struct rd_worker *w, struct rd_run_queue *q)
{
    struct rd_run *run = queue_pop(q), *next;

    if (run == NULL)
        return NULL;
    run->root->queued = NULL;
    next = queue_pop(&run->root->pending);
    if (next != NULL)
        sched_push_again(w, next);
    return run;
}

/* Many messages do not hold an event up, nor many events a message. */
static struct rd_run *
sched_first(struct rd_worker *w)
{
    bool event = w->events.head != NULL && (w->ready.head == NULL || !w->was_event);

    w->was_event = event;
    return sched_take(w, event ? &w->events : &w->ready);
}

static struct rd_run *
sched_next(struct rd_worker *w)
{
    bool first = w->ready.head != NULL || w->events.head != NULL;
    struct rd_run *ends = queue_pop(&w->first);

    if (ends != NULL)
        return ends;
    if (first && (w->low.head == NULL || ++w->slices < SCHED_LOW_EVERY))
        return sched_first(w);
    w->slices = 0;
    return sched_take(w, &w->low);
}

static void
sched_batch(struct rd_worker *w)
{
    uint64_t now = rd_clock_ns(), end = now + SCHED_TURN_NS;
    struct rd_run *run;

    rd_watch_enter();
    rd_slice_mark(&w->clock);
    while (now < end && (run = sched_next(w)) != NULL)
        rd_run_slice(run, &now);
    rd_watch_leave();
    if (sched_is_empty(w) && w->clock.debt_ns == 0)
        uv_idle_stop(&w->idle);
}

static void
sched_on_idle(uv_idle_t *idle)
{
    struct rd_worker *w = idle->data;

    RD_CHECK(w, RD_WORKER_MAGIC);
    if (!sched_is_empty(w))
        sched_batch(w);
    rd_worker_turn(w);    /* after the last run the loop sleeps, before any check */
}

/* The mails that came meanwhile have been read, and there is nothing to run. */
static void
sched_rest(struct rd_worker *w)
{
    w->clock.debt_ns = 0;
    uv_idle_stop(&w->idle);
}

static void
sched_on_check(uv_check_t *check)
{
    struct rd_worker *w = check->data;

    RD_CHECK(w, RD_WORKER_MAGIC);
    if (!sched_is_empty(w))
        sched_batch(w);
    else
        sched_rest(w);
    rd_worker_turn(w);
}

int
rd_sched_open(struct rd_worker *w)
{
    w->first.tail = &w->first.head;
    w->ready.tail = &w->ready.head;
    w->events.tail = &w->events.head;
    w->low.tail = &w->low.head;
    w->held.tail = &w->held.head;
    w->idle.data = w->check.data = w->hold.data = w;
    if (uv_idle_init(&w->loop.uv, &w->idle) != 0 || uv_check_init(&w->loop.uv, &w->check) != 0 ||
        uv_timer_init(&w->loop.uv, &w->hold) != 0)
        return RD_E_IO;
    uv_check_start(&w->check, sched_on_check);
    uv_unref((uv_handle_t *)&w->check);
    return 0;
}

void
rd_sched_close(struct rd_worker *w)
{
    uv_close((uv_handle_t *)&w->idle, NULL);
    uv_close((uv_handle_t *)&w->check, NULL);
    uv_close((uv_handle_t *)&w->hold, NULL);
}

static bool
sched_is_event(const struct rd_run *run)
{
    return run->order.handler == RD_HANDLER_STATUS || run->order.handler == RD_HANDLER_SCHEDULE;
}

void
rd_sched_push(struct rd_worker *w, struct rd_run_queue *queue, struct rd_run *run)
{
    uv_idle_start(&w->idle, sched_on_idle);    /* does nothing when it is active */
    if (run->root->queued != NULL) {
        queue_push(&run->root->pending, run);
        return;
    }
    run->root->queued = run;
    if (queue == &w->ready && sched_is_event(run))
        queue = &w->events;
    queue_push(queue, run);
}

void
rd_sched_put_first(struct rd_worker *w, struct rd_run *run)
{
    if (run->state != RD_RUN_WAITING)
        rd_sched_remove(w, run);
    run->state = RD_RUN_READY;
    queue_push(&w->first, run);
    uv_idle_start(&w->idle, sched_on_idle);
}

void
rd_sched_release(struct rd_worker *w)
{
    struct rd_run *run;

    if (w->n_rebuilds == 0)
        uv_timer_stop(&w->hold);
    while ((run = sched_take(w, &w->held)) != NULL)
        rd_sched_push(w, &w->ready, run);
}

static void
sched_on_hold(uv_timer_t *hold)
{
    struct rd_worker *w = hold->data;

    RD_CHECK(w, RD_WORKER_MAGIC);
    rd_sched_release(w);
}

/* Where it lasts already, it is for another VM: none is held for longer because of that. */
void
rd_sched_hold(struct rd_worker *w, uint64_t ms)
{
    if (!uv_is_active((uv_handle_t *)&w->hold))
        uv_timer_start(&w->hold, sched_on_hold, ms, 0);
}

void
rd_sched_remove(struct rd_worker *w, struct rd_run *run)
{
    struct rd_run *next;

    if (run->root->queued != run) {
        queue_remove(&run->root->pending, run);
        return;
    }
    if (!queue_remove(&w->ready, run) && !queue_remove(&w->events, run) &&
        !queue_remove(&w->low, run))
        queue_remove(&w->held, run);
    run->root->queued = NULL;
    next = queue_pop(&run->root->pending);
    if (next != NULL)
        sched_push_again(w, next);
}
