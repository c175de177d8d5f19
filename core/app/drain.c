/*
 * drain.c - SIGTERM: answer everything that was accepted, then end in order.
 *
 * Fronts drain; at drain_limit open requests act as at their deadline. Handlers
 * that go on behind their answer have until drain_limit, too; then script threads
 * cancel what is left; the store flushes and closes last (serve.c). A
 * second SIGTERM jumps to the store.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/command.h"
#include "app/process.h"
#include "base/mem.h"
#include "base/metric.h"
#include "store/store.h"

#define DRAIN_WORKERS_MS 3000    /* a script thread that does not end within this is left behind */
#define DRAIN_LOADER_MS 3000     /* nor one that loads, after the last script thread */
#define DRAIN_LOOK_MS 20         /* how often is looked whether a handler still runs */
#define DRAIN_HURRY_MS 1500      /* after drain_limit: the hard deadline's distance and a little */

/* ---- the last part: everything has been answered -------------------------------------- */

/* Without libuv's handlers the signals that asked for the end would kill; it is near anyway. */
static void
drain_ignore_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);    /* the other threads never take them */
}

static void
drain_close_handles(struct rd_process *p)
{
    drain_ignore_signals();
    rd_admin_stop(p->admin);
    uv_close((uv_handle_t *)&p->sighup, NULL);
    uv_close((uv_handle_t *)&p->sigterm, NULL);
    uv_close((uv_handle_t *)&p->sigint, NULL);
    uv_close((uv_handle_t *)&p->drain_timer, NULL);
    if (p->schedule != NULL)
        uv_close((uv_handle_t *)&p->schedule_timer, NULL);
    for (struct rd_mail *m = rd_mailbox_close(&p->mailbox), *next; m != NULL; m = next) {
        next = m->next;
        m->deliver(m, p);
    }
    uv_stop(&p->loop);
}

/* The store is flushed, the process ends without waiting for anybody else. */
static void
drain_leave(struct rd_process *p, const char *why)
{
    rd_log_msg(RD_LOG_WARN, "drain", "%s", why);
    if (rd_store_stop(p->gateway.store) != 0)
        p->exit_code = RD_EXIT_INTERNAL;
    rd_log_stop();
    _exit(p->exit_code);
}

static void
drain_on_loader_late(uv_timer_t *timer)
{
    drain_leave(timer->data, "a reload did not end: its thread is left behind");
}

void
rd_process_end(struct rd_process *p)
{
    if (!p->ended)
        return;
    if (p->reload == NULL)
        drain_close_handles(p);
    else
        uv_timer_start(&p->drain_timer, drain_on_loader_late, DRAIN_LOADER_MS, 0);
}

static void
drain_end_workers(struct rd_process *p)
{
    uv_timer_stop(&p->drain_timer);
    rd_watchdog_stop(p->watchdog);
    for (unsigned i = 0; i < p->n_workers; i++)
        rd_worker_join(p->workers[i]);
    p->ended = true;
    rd_process_end(p);
}

static void
drain_on_worker_mail(struct rd_mail *mail, void *owner)
{
    struct rd_process *p = owner;

    free(mail);
    if (--p->workers_left == 0)
        drain_end_workers(p);
}

void
rd_process_on_worker_ended(void *process)
{
    struct rd_process *p = process;
    struct rd_mail *mail = rd_malloc(sizeof *mail);

    mail->deliver = drain_on_worker_mail;
    if (rd_mailbox_post(&p->mailbox, mail) != 0)
        free(mail);
}

static void
drain_on_workers_late(uv_timer_t *timer)
{
    drain_leave(timer->data, "a script thread is stuck in C and did not end: left behind");
}

static void
drain_cancel_workers(struct rd_process *p)
{
    atomic_store(&p->state, RD_STOPPING);
    for (unsigned i = 0; i < p->gateway.n_fronts; i++)
        rd_front_stop(p->gateway.fronts[i]);
    p->workers_left = p->n_workers;
    uv_timer_start(&p->drain_timer, drain_on_workers_late, DRAIN_WORKERS_MS, 0);
    for (unsigned i = 0; i < p->n_workers; i++)
        rd_worker_stop(p->workers[i]);
}

static void
drain_on_look(uv_timer_t *timer)
{
    struct rd_process *p = timer->data;
    int64_t runs = rd_metric_get(RD_METRIC_runs, 0);

    if (runs > 0 && uv_now(&p->loop) < p->drain_until_ms)
        return;
    if (runs > 0)
        rd_log_msg(RD_LOG_WARN, "drain", "drain_limit reached: handlers that still run are ended:"
                   " %lld", (long long)runs);
    drain_cancel_workers(p);
}

/* Everything is answered; a handler may have something to do after its answer. */
static void
drain_stop_workers(struct rd_process *p)
{
    uv_timer_start(&p->drain_timer, drain_on_look, DRAIN_LOOK_MS, DRAIN_LOOK_MS);
    drain_on_look(&p->drain_timer);
}

/* ---- fronts ------------------------------------------------------------------------------- */

static void
drain_on_front_mail(struct rd_mail *mail, void *owner)
{
    struct rd_process *p = owner;

    free(mail);
    if (--p->fronts_left == 0)
        drain_stop_workers(p);
}

/* Front's thread. */
static void
drain_on_front(void *arg)
{
    struct rd_process *p = arg;
    struct rd_mail *mail = rd_malloc(sizeof *mail);

    mail->deliver = drain_on_front_mail;
    RD_ASSERT(rd_mailbox_post(&p->mailbox, mail) == 0);
}

/* Answered, but a client does not close: its connection is closed for it. */
static void
drain_on_still_open(uv_timer_t *timer)
{
    struct rd_process *p = timer->data;

    if (p->fronts_left > 0) {
        p->fronts_left = 0;
        drain_stop_workers(p);
    }
}

static void
drain_on_limit(uv_timer_t *timer)
{
    struct rd_process *p = timer->data;

    rd_log_msg(RD_LOG_WARN, "drain", "drain_limit reached: open requests are answered now");
    uv_timer_start(timer, drain_on_still_open, DRAIN_HURRY_MS, 0);
    for (unsigned i = 0; i < p->gateway.n_fronts; i++)
        rd_front_hurry(p->gateway.fronts[i]);
}

void
rd_process_drain(struct rd_process *p, int exit_code)
{
    enum rd_process_state state = atomic_load(&p->state);

    if (exit_code != RD_EXIT_OK)
        p->exit_code = exit_code;
    if (state == RD_DRAINING && exit_code == RD_EXIT_OK) {
        drain_leave(p, "a second signal: ending without the answers that are still open");
        return;
    }
    if (state != RD_SERVING)
        return;
    atomic_store(&p->state, RD_DRAINING);
    rd_process_stop_schedule(p);
    rd_log_msg(RD_LOG_INFO, "drain", "answering what was accepted, then ending");
    rd_process_unbind(p);    /* else nobody would accept what comes after the fronts have closed */
    p->fronts_left = p->gateway.n_fronts;
    uv_update_time(&p->loop);
    p->drain_until_ms = uv_now(&p->loop) + rd_process_config(p)->drain_limit_ms;
    uv_timer_start(&p->drain_timer, drain_on_limit, rd_process_config(p)->drain_limit_ms, 0);
    for (unsigned i = 0; i < p->gateway.n_fronts; i++)
        rd_front_drain(p->gateway.fronts[i], drain_on_front, p);
}
