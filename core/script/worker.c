/*
 * worker.c - start and end of a script thread, and the registry of workers.
 *
 * The registry answers one question from any thread: which mailbox serves this
 * worker index now. Its lock is held for a few lines only.
 */
#include "script/worker.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/metric.h"
#include "script/generation.h"
#include "script/plugin.h"

struct worker_stop {
    struct rd_mail mail;
};

static pthread_mutex_t worker_lock = PTHREAD_MUTEX_INITIALIZER;
static struct rd_worker *worker_registry;
static _Thread_local struct rd_worker *worker_own;

static void
worker_register(struct rd_worker *w)
{
    pthread_mutex_lock(&worker_lock);
    w->next = worker_registry;
    worker_registry = w;
    pthread_mutex_unlock(&worker_lock);
}

static void
worker_unregister(struct rd_worker *w)
{
    struct rd_worker **at;

    pthread_mutex_lock(&worker_lock);
    for (at = &worker_registry; *at != NULL && *at != w; at = &(*at)->next)
        ;
    if (*at == w)
        *at = w->next;
    pthread_mutex_unlock(&worker_lock);
}

int
rd_worker_post(unsigned index, struct rd_mail *mail)
{
    int error = RD_E_CLOSED;

    pthread_mutex_lock(&worker_lock);
    for (struct rd_worker *w = worker_registry; w != NULL && error != 0; w = w->next)
        if (w->index == index && !rd_worker_is_dead(w))
            error = rd_mailbox_post(&w->loop.mailbox, mail);
    pthread_mutex_unlock(&worker_lock);
    return error;
}

static int
worker_on_setup(void *owner)
{
    struct rd_worker *w = owner;
    int error;

    worker_own = w;
    rd_slice_own(&w->clock);
    w->tid = (pid_t)syscall(SYS_gettid);
    error = rd_sched_open(w);
    if (error == 0)
        error = rd_plugins_thread_start(&w->loop.uv);
    if (error == 0 && w->host->worker_setup != NULL)
        error = w->host->worker_setup(w, w->host->data);
    return error;
}

/* A loader finds it until here: it is waited for. */
static void
worker_on_teardown(void *owner)
{
    worker_unregister(owner);
    rd_slice_own(NULL);
    worker_own = NULL;
}

int
rd_worker_start(const struct rd_worker_spec *spec, struct rd_worker **out)
{
    struct rd_worker *w = rd_calloc(1, sizeof *w);
    char name[16];
    int error;

    rd_slice_init();
    w->magic = RD_WORKER_MAGIC;
    w->index = spec->index;
    w->epoch = spec->epoch;
    w->host = spec->host;
    snprintf(name, sizeof name, "script-%u", spec->index);
    error = rd_loop_start(&w->loop, name, w, worker_on_setup, worker_on_teardown);
    if (error != 0) {
        free(w);
        return error;
    }
    worker_register(w);
    *out = w;
    return 0;
}

static void
worker_on_stop(struct rd_mail *mail, void *owner)
{
    struct rd_worker *w = owner;

    RD_CHECK(w, RD_WORKER_MAGIC);
    free(mail);
    w->stopping = true;
    for (struct rd_run *run = w->runs; run != NULL; run = run->next)
        rd_run_cancel(run, RD_OUTCOME_cancelled);
}

/*
 * The end has three steps, each after a turn of the loop: no run is left, so
 * the loop is asked to end; its mailbox is closed, and what was in it has run;
 * then everything is closed.
 */
void
rd_worker_turn(struct rd_worker *w)
{
    if (!w->stopping || w->n_runs > 0 || w->n_rebuilds > 0 ||
        uv_is_closing((uv_handle_t *)&w->check))
        return;
    if (!w->stopped) {
        w->stopped = true;
        rd_loop_stop(&w->loop);
        return;
    }
    if (!w->loop.mailbox.closed)
        return;
    if (w->host->worker_teardown != NULL)
        w->host->worker_teardown(w, w->host->data);
    rd_plugins_thread_stop(&w->loop.uv);
    rd_sched_close(w);
}

void
rd_worker_stop(struct rd_worker *w)
{
    struct worker_stop *stop = rd_malloc(sizeof *stop);

    RD_CHECK(w, RD_WORKER_MAGIC);
    stop->mail.deliver = worker_on_stop;
    if (rd_mailbox_post(&w->loop.mailbox, &stop->mail) != 0)
        free(stop);
}

void
rd_worker_join(struct rd_worker *w)
{
    struct rd_run *run, *next;

    RD_CHECK(w, RD_WORKER_MAGIC);
    rd_loop_join(&w->loop);
    for (run = w->spare; run != NULL; run = next) {
        next = run->queue_next;
        free(run);
    }
    w->magic = RD_DEAD;
    free(w);
}

void
rd_worker_declare_dead(struct rd_worker *w)
{
    RD_CHECK(w, RD_WORKER_MAGIC);
    if (atomic_exchange(&w->clock.dead, true))
        return;
    worker_unregister(w);
    rd_generations_lose(w->index);
    pthread_detach(w->loop.thread);
    rd_metric_inc(RD_METRIC_script_threads_lost_total);
}

bool
rd_worker_is_dead(const struct rd_worker *w)
{
    return atomic_load(&w->clock.dead);
}

struct rd_mailbox *
rd_worker_mailbox(struct rd_worker *w)
{
    RD_CHECK(w, RD_WORKER_MAGIC);
    return &w->loop.mailbox;
}

uv_loop_t *
rd_worker_loop(struct rd_worker *w)
{
    return &w->loop.uv;
}

unsigned
rd_worker_index(const struct rd_worker *w)
{
    return w->index;
}

uint64_t
rd_worker_epoch(const struct rd_worker *w)
{
    return w->epoch;
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

struct rd_worker *
rd_worker_current(void)
{
    return worker_own;
}

void *
rd_worker_running_order(const struct rd_worker *w)
{
    return atomic_load_explicit(&w->clock.order, memory_order_acquire);
}
