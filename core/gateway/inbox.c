/* inbox.c - messages on their script thread, from mail to end; see inbox.h. */
#include "gateway/inbox.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"
#include "gateway/conversation.h"
#include "gateway/loop_guard.h"
#include "gateway/lua_msg.h"

#define INBOX_LATE_TICK_MS 100    /* how exactly the late limit (minutes) is kept */

/* ---- the table ------------------------------------------------------------------ */

static struct rd_task **
inbox_bucket(struct rd_inbox *in, uint64_t run)
{
    return &in->by_run[run & (INBOX_BUCKETS - 1)];
}

void
rd_inbox_link(struct rd_inbox *in, struct rd_task *t)
{
    pthread_mutex_lock(&in->lock);
    t->inbox = in;
    t->prev = in->last;
    t->next = NULL;
    *(in->last ? &in->last->next : &in->first) = t;
    in->last = t;
    t->next_same = *inbox_bucket(in, t->run);
    *inbox_bucket(in, t->run) = t;
    pthread_mutex_unlock(&in->lock);
}

void
rd_inbox_unlink(struct rd_inbox *in, struct rd_task *t)
{
    struct rd_task **at = inbox_bucket(in, t->run);

    pthread_mutex_lock(&in->lock);
    *(t->prev ? &t->prev->next : &in->first) = t->next;
    *(t->next ? &t->next->prev : &in->last) = t->prev;
    while (*at != t)
        at = &(*at)->next_same;
    *at = t->next_same;
    pthread_mutex_unlock(&in->lock);
}

struct rd_task *
rd_inbox_find(struct rd_inbox *in, uint64_t run)
{
    struct rd_task *t = *inbox_bucket(in, run);

    while (t != NULL && t->run != run)
        t = t->next_same;
    return t;
}

/* ---- the late limit ---------------------------------------------------------------- */

static void
inbox_on_late(uv_timer_t *timer)
{
    struct rd_inbox *in = timer->data;
    uint64_t now = rd_clock_ns();
    struct rd_task *t;

    RD_CHECK(in, RD_INBOX_MAGIC);
    while ((t = in->late) != NULL && t->late_ns <= now) {
        rd_inbox_unwatch_late(t);
        if (t->handle == NULL)
            continue;
        t->cut = RD_WHY_late_limit;
        rd_inbox_log_late_limit(t);
        rd_run_cancel(t->handle, RD_OUTCOME_cancelled);
    }
    if (in->late == NULL) {
        uv_timer_stop(timer);
        in->late_running = false;
    }
}

/* Behind the last one whose time is over before it: mostly at the end. */
static void
inbox_insert_late(struct rd_inbox *in, struct rd_task *t)
{
    struct rd_task *before = in->late_last;

    while (before != NULL && before->late_ns > t->late_ns)
        before = before->prev_late;
    t->prev_late = before;
    t->next_late = before ? before->next_late : in->late;
    *(before ? &before->next_late : &in->late) = t;
    *(t->next_late ? &t->next_late->prev_late : &in->late_last) = t;
}

void
rd_inbox_watch_late(struct rd_task *t)
{
    struct rd_inbox *in = t->inbox;
    uint64_t start = t->started_ns ? t->started_ns : rd_clock_ns();

    if (t->watched)
        return;
    t->watched = true;
    t->late_ns = start + t->config->late_limit_ms * RD_MS;
    inbox_insert_late(in, t);
    if (!in->late_running)
        uv_timer_start(&in->late_timer, inbox_on_late, INBOX_LATE_TICK_MS, INBOX_LATE_TICK_MS);
    in->late_running = true;
}

void
rd_inbox_unwatch_late(struct rd_task *t)
{
    struct rd_inbox *in = t->inbox;

    if (!t->watched)
        return;
    t->watched = false;
    *(t->prev_late ? &t->prev_late->next_late : &in->late) = t->next_late;
    *(t->next_late ? &t->next_late->prev_late : &in->late_last) = t->prev_late;
}

/* ---- begin and end -------------------------------------------------------------------- */

void
rd_inbox_forget(struct rd_task *t)
{
    rd_conversation_leave(t);
    rd_inbox_unwatch_late(t);
    rd_inbox_unlink(t->inbox, t);
    rd_task_free(t);
}

static void
inbox_commit(struct rd_task *t, struct rd_run_end *end)
{
    struct rd_run_result result = { 0 };

    (void)rd_fault(RD_FAULT_script_end);
    rd_inbox_result(t, end, &result);
    if (result.outcome == RD_OUTCOME_cancelled)    /* else its thread was told to end */
        result.why = t->cut != RD_WHY_none ? t->cut : RD_WHY_drain;
    result.joined = t->message->n_parts > 0;
    if (t->message->kind == RD_KIND_SCHEDULE)
        rd_inbox_log_entry(t, result.outcome, result.why);
    else
        rd_loop_guard_count(t->config, t->message, &result);
    rd_arbiter_end(t->gateway, t->claim, t->run, rd_worker_epoch(t->inbox->worker), &result);
}

void
rd_inbox_end(struct rd_task *t, struct rd_run_end *end)
{
    inbox_commit(t, end);
    rd_inbox_forget(t);
}

/* What its `error` handler says is all that will be said. */
static void
inbox_on_run_failed(struct rd_run *run, void *order, enum rd_outcome outcome)
{
    struct rd_task *t = order;

    (void)run;
    RD_CHECK(t, RD_TASK_MAGIC);
    rd_task_drop_replies(t);
    rd_arbiter_failed(t->gateway, t->claim, t->run, outcome);
}

static void
inbox_on_run_ended(struct rd_run *run, void *order, struct rd_run_end *end)
{
    struct rd_task *t = order;

    (void)run;
    RD_CHECK(t, RD_TASK_MAGIC);
    t->ended = true;
    inbox_commit(t, end);
    rd_conversation_leave(t);
    if (end->goes_on)
        rd_inbox_watch_late(t);
}

static void
inbox_on_run_gone(struct rd_run *run, void *order)
{
    struct rd_task *t = order;

    (void)run;
    RD_CHECK(t, RD_TASK_MAGIC);
    t->handle = NULL;
    rd_inbox_forget(t);
}

static struct rd_slice
inbox_param(void *order, struct rd_slice name)
{
    return rd_params_get(&((struct rd_task *)order)->message->params, name);
}

static uint64_t
inbox_deadline(void *order)
{
    const struct rd_task *t = order;

    return t->watched ? t->late_ns : t->soft_ns;
}

void
rd_inbox_run(struct rd_inbox *in, struct rd_task *t)
{
    struct rd_run_order order = {
        .generation = t->generation,
        .script = t->script,
        .handler = t->handler,
        .keyword = t->keyword,
        .push_event = rd_lua_msg_push,
        .param = inbox_param,
        .deadline_ns = inbox_deadline,
        .id = t->message->id,
        .order = t,
    };

    t->started_ns = rd_clock_ns();
    if (t->mute)
        rd_inbox_finish(t, NULL, NULL);    /* nothing that the handler says will be sent */
    if (t->message->kind != RD_KIND_MESSAGE || t->finished)
        rd_inbox_watch_late(t);    /* Twilio has its answer: nothing else bounds it */
    t->handle = rd_run_start(in->worker, &order);
}

void
rd_inbox_turn(struct rd_task *t)
{
    struct rd_run_end nothing = { .outcome = RD_OUTCOME_empty };

    (void)rd_fault(RD_FAULT_script_start);
    if (!rd_arbiter_begins(t->gateway, t->claim, t->run))
        rd_inbox_forget(t);    /* cancelled while it was queued */
    else if (!rd_inbox_pick(t))
        rd_inbox_end(t, &nothing);
    else if (t->message->kind == RD_KIND_STATUS)
        rd_inbox_ask_rank(t->inbox, t);
    else
        rd_inbox_run(t->inbox, t);
}

void
rd_inbox_begin(struct rd_inbox *in, struct rd_task *t)
{
    if (t->message->kind == RD_KIND_STATUS)
        rd_inbox_turn(t);
    else
        rd_conversation_enter(in, t);
}

/* ---- mail -------------------------------------------------------------------------------- */

void
rd_inbox_on_task(struct rd_mail *mail, void *owner)
{
    struct rd_task *t = (struct rd_task *)mail;
    struct rd_inbox *in = rd_worker_data(owner);

    RD_CHECK(t, RD_TASK_MAGIC);
    RD_CHECK(in, RD_INBOX_MAGIC);
    rd_inbox_link(in, t);
    if (!in->held) {
        rd_inbox_begin(in, t);
        return;
    }
    mail->next = NULL;
    *in->waiting_tail = mail;
    in->waiting_tail = &mail->next;
}

void
rd_inbox_on_cancel(struct rd_mail *mail, void *owner)
{
    struct rd_cancel_mail *cancel = (struct rd_cancel_mail *)mail;
    struct rd_inbox *in = rd_worker_data(owner);
    struct rd_task *t;

    RD_CHECK(in, RD_INBOX_MAGIC);
    t = rd_inbox_find(in, cancel->run);
    if (t != NULL && t->handle != NULL)
        rd_run_cancel(t->handle, RD_OUTCOME_cancelled);
    else if (t != NULL && rd_conversation_waits(t))
        rd_inbox_forget(t);
    free(cancel);
}

/* ---- life ----------------------------------------------------------------------------------- */

static int
inbox_setup(struct rd_worker *w, void *data)
{
    struct rd_inbox_start *start = data;
    struct rd_inbox *in = rd_calloc(1, sizeof *in);

    in->magic = RD_INBOX_MAGIC;
    pthread_mutex_init(&in->lock, NULL);
    in->gateway = start->gateway;
    in->held = start->held;
    in->worker = w;
    in->waiting_tail = &in->waiting;
    uv_timer_init(rd_worker_loop(w), &in->late_timer);
    in->late_timer.data = in;
    uv_timer_init(rd_worker_loop(w), &in->window_timer);
    in->window_timer.data = in;
    in->n_timers = 2;
    rd_worker_set_data(w, in);
    return 0;
}

static void
inbox_on_closed(uv_handle_t *handle)
{
    struct rd_inbox *in = handle->data;

    if (--in->n_timers > 0)
        return;
    rd_conversations_drop(in);
    pthread_mutex_destroy(&in->lock);
    in->magic = RD_DEAD;
    free(in);
}

static void
inbox_teardown(struct rd_worker *w, void *data)
{
    struct rd_inbox *in = rd_worker_data(w);
    const struct rd_inbox_start *start = data;

    uv_close((uv_handle_t *)&in->late_timer, inbox_on_closed);
    uv_close((uv_handle_t *)&in->window_timer, inbox_on_closed);
    if (start->ended != NULL)
        start->ended(start->arg);
}

void
rd_inbox_host(struct rd_script_host *host, struct rd_inbox_start *start)
{
    *host = (struct rd_script_host){
        .run_failed = inbox_on_run_failed,
        .run_ended = inbox_on_run_ended,
        .run_gone = inbox_on_run_gone,
        .worker_setup = inbox_setup,
        .worker_teardown = inbox_teardown,
        .vm_open = rd_lua_msg_open,
        .data = start,
    };
}
