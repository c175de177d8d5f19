/*
 * inbox_recover.c - the messages of a lost thread go to its successor; see inbox.h. Called by main,
 * but for deliveries.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/metric.h"
#include "gateway/inbox_table.h"

/* ---- taking ---------------------------------------------------------------------- */

static struct rd_task *
recover_again(struct rd_task *old)
{
    uint64_t run = rd_arbiter_take(old->gateway, old->claim, old->run);
    struct rd_task *t;

    if (run == 0)
        return NULL;    /* it had ended or was cancelled: its mail counts */
    t = rd_task_new(old->gateway, old->claim, run, old->message, old->generation, old->script,
                    old->shard);
    t->soft_ns = old->soft_ns;
    t->attempt = old->attempt;
    t->finished = old->finished;
    t->again = true;
    return t;
}

/*
 * What had started is still known to the lost VM: it stays, and is counted out. A queued one is
 * known to nobody.
 */
static void
recover_drop(struct rd_task *old)
{
    if (old->handle == NULL) {
        rd_task_free(old);
        return;
    }
    atomic_fetch_sub_explicit(&old->gateway->in_flight, 1, memory_order_relaxed);
    rd_metric_add(RD_METRIC_runs, 0, -1);
}

struct rd_task *
rd_inbox_take_all(struct rd_worker *dead, struct rd_task **stuck)
{
    struct rd_inbox *in = rd_worker_data(dead);
    void *running = rd_worker_running_order(dead);
    struct rd_task *first = NULL, **tail = &first, *old, *next, *t;

    *stuck = NULL;
    pthread_mutex_lock(&in->lock);
    for (old = in->first; old != NULL; old = next) {
        next = old->next;
        t = recover_again(old);
        if (t != NULL && old == running)
            *stuck = t;
        if (t != NULL) {
            *tail = t;
            tail = &t->next;
        }
        recover_drop(old);
    }
    in->first = in->last = NULL;
    pthread_mutex_unlock(&in->lock);
    return first;
}

/* ---- giving ---------------------------------------------------------------------- */

static void
recover_post(struct rd_mailbox *to, struct rd_mail *mail)
{
    RD_ASSERT(rd_mailbox_post(to, mail) == 0);    /* main opened it and has not closed it */
}

static void
recover_on_task(struct rd_mail *mail, void *owner)
{
    struct rd_inbox *in = rd_worker_data(owner);
    struct rd_task *t = (struct rd_task *)mail;

    rd_inbox_link(in, t);
    rd_inbox_begin(in, t);
}

void
rd_inbox_give(struct rd_mailbox *successor, struct rd_task *t)
{
    t->mail.deliver = recover_on_task;
    recover_post(successor, &t->mail);
}

static void
recover_on_lost(struct rd_mail *mail, void *owner)
{
    struct rd_inbox *in = rd_worker_data(owner);
    struct rd_task *t = (struct rd_task *)mail;
    struct rd_run_end end = { .outcome = RD_OUTCOME_lost_thread };

    rd_inbox_link(in, t);
    rd_inbox_pick(t);    /* an opt-out gets no fallback_reply */
    rd_inbox_end(t, &end);
}

void
rd_inbox_give_lost(struct rd_mailbox *successor, struct rd_task *t)
{
    t->mail.deliver = recover_on_lost;
    recover_post(successor, &t->mail);
}

void
rd_inbox_give_mail(struct rd_mailbox *successor, struct rd_mail *mail)
{
    if (mail->deliver == rd_inbox_on_task)
        mail->deliver = recover_on_task;
    else if (mail->deliver != rd_inbox_on_cancel)
        return;    /* of the lost thread's own Lua: leaked with it */
    recover_post(successor, mail);
}

struct rd_generation *
rd_inbox_mail_generation(const struct rd_mail *mail)
{
    return mail->deliver == rd_inbox_on_task ? ((const struct rd_task *)mail)->generation : NULL;
}

static void
recover_on_release(struct rd_mail *mail, void *owner)
{
    struct rd_inbox *in = rd_worker_data(owner);
    struct rd_mail *waiting = in->waiting, *next;

    free(mail);
    in->held = false;
    in->waiting = NULL;
    in->waiting_tail = &in->waiting;
    for (; waiting != NULL; waiting = next) {
        next = waiting->next;
        rd_inbox_begin(in, (struct rd_task *)waiting);
    }
}

void
rd_inbox_release(struct rd_mailbox *successor)
{
    struct rd_mail *mail = rd_malloc(sizeof *mail);

    mail->deliver = recover_on_release;
    recover_post(successor, mail);
}
