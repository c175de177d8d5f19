/*
 * reload.c - SIGHUP: a new generation, or the old one serves on.
 *
 * A short-lived loader thread reads the configuration and builds all VMs; any
 * failure frees all of it and says file:line. Workers acknowledge the new
 * generation; only then fronts switch. One reload at a time; further SIGHUPs
 * coalesce; with 8 generations alive a SIGHUP waits.
 */
#include <pthread.h>
#include <stdlib.h>

#include "app/load.h"
#include "app/process.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/metric.h"

#define RELOAD_GENERATIONS 8      /* alive at most, the new one included */
#define RELOAD_WAIT_MS 50         /* how often a waiting SIGHUP looks again */
#define RELOAD_STACK ((size_t)1024 * 1024)
#define RELOAD_TEXT ((size_t)1 << 20)

enum reload_result { RELOAD_OK, RELOAD_FAILED };    /* rows of the metric's label `result` */

struct rd_reload {
    struct rd_mail mail;
    struct rd_process *process;
    pthread_t loader;
    uint64_t begun_ns;
    struct rd_generation *generation;    /* NULL: it failed */
    struct rd_tls_context *tls;
    struct rd_buf errors, warnings;
    bool installing;                     /* the loader's thread has ended */
    unsigned waits;                      /* acknowledgements still to come */
    uv_timer_t wait;                     /* while too many generations are alive */
};

struct reload_install {
    struct rd_mail mail;
    struct rd_reload *reload;
};

/* ---- the loader's thread ---------------------------------------------------------- */

static void
reload_free_config(void *snapshot)
{
    rd_config_unprepare(snapshot);
    rd_config_free(snapshot);
}

static int
reload_check(struct rd_reload *r, struct rd_config *config)
{
    int error = rd_config_same_at_start(rd_process_config(r->process), config, &r->errors);

    if (error == 0)
        error = rd_config_prepare(config, &r->errors);
    for (size_t i = 0; i < config->n_listen && error == 0 && r->tls == NULL; i++)
        if (config->listen[i].tls)
            error = rd_process_load_tls(config, &r->tls, &r->errors);
    return error;
}

static void
reload_build(struct rd_reload *r)
{
    struct rd_config *config;

    if (rd_fault(RD_FAULT_reload_build) != 0 ||
        rd_config_load(r->process->args, &config, &r->errors, &r->warnings) != 0)
        return;
    if (reload_check(r, config) == 0)
        r->generation = rd_load_generation(config, &r->process->worker_host, config,
                                           reload_free_config, &r->errors);
    if (r->generation == NULL)
        reload_free_config(config);
}

static void reload_on_built(struct rd_mail *mail, void *owner);

static void *
reload_main(void *arg)
{
    struct rd_reload *r = arg;

    pthread_setname_np(pthread_self(), "loader");
    reload_build(r);
    r->mail.deliver = reload_on_built;
    RD_ASSERT(rd_mailbox_post(&r->process->mailbox, &r->mail) == 0);
    return NULL;
}

/* ---- main ------------------------------------------------------------------------------ */

static void
reload_on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void
reload_end(struct rd_reload *r, enum reload_result result)
{
    struct rd_process *p = r->process;

    rd_metric_add(RD_METRIC_reloads_total, result, 1);
    rd_tls_context_unref(r->tls);
    rd_buf_free(&r->errors);
    rd_buf_free(&r->warnings);
    p->reload = NULL;
    uv_close((uv_handle_t *)&r->wait, reload_on_closed);
    if (p->reload_again) {
        p->reload_again = false;
        rd_process_reload(p);
    }
    rd_process_end(p);
}

static void
reload_fail(struct rd_reload *r)
{
    rd_process_log_lines(RD_LOG_ERROR, "reload", &r->errors);
    rd_log_msg(RD_LOG_ERROR, "reload", "failed: generation %llu serves on",
               (unsigned long long)rd_generation_number(r->process->generation));
    reload_end(r, RELOAD_FAILED);
}

static void
reload_succeed(struct rd_reload *r)
{
    struct rd_process *p = r->process;
    const struct rd_config *config = rd_generation_snapshot(r->generation);

    rd_generation_unref(p->generation);
    p->generation = r->generation;
    if (atomic_load(&p->state) == RD_SERVING)
        rd_process_start_schedule(p);
    rd_log_set(config->log_level, config->log_format);
    rd_process_log_lines(RD_LOG_WARN, "config", &r->warnings);
    rd_log_msg(RD_LOG_INFO, "reload", "generation %llu serves after %llu ms",
               (unsigned long long)rd_generation_number(p->generation),
               (unsigned long long)((rd_clock_ns() - r->begun_ns) / RD_MS));
    reload_end(r, RELOAD_OK);
}

/* ---- installing: workers, then fronts ---------------------------------------------------- */

static void
reload_on_front_done(struct rd_mail *mail, void *owner)
{
    struct rd_reload *r = ((struct reload_install *)mail)->reload;

    (void)owner;
    free(mail);
    if (--r->waits == 0)
        reload_succeed(r);
}

/* The thread has ended (drain): nobody is left to acknowledge. */
static void
reload_on_gone(struct reload_install *in)
{
    struct rd_reload *r = in->reload;

    free(in);
    if (--r->waits == 0) {
        rd_generation_unref(r->generation);
        reload_end(r, RELOAD_FAILED);
    }
}

static void
reload_post(struct rd_reload *r, struct rd_mailbox *to,
            void (*deliver)(struct rd_mail *mail, void *owner))
{
    struct reload_install *in = rd_malloc(sizeof *in);

    *in = (struct reload_install){ { NULL, deliver }, r };
    if (rd_mailbox_post(to, &in->mail) != 0)
        reload_on_gone(in);
}

/* Front's thread. */
static void
reload_on_front(void *arg)
{
    struct rd_reload *r = arg;

    reload_post(r, &r->process->mailbox, reload_on_front_done);
}

static void
reload_switch(struct rd_reload *r)
{
    struct rd_gateway *g = &r->process->gateway;

    r->waits = g->n_fronts;
    for (unsigned i = 0; i < g->n_fronts; i++)
        rd_front_install(g->fronts[i], r->generation, r->tls, reload_on_front, r);
}

static void
reload_on_worker_done(struct rd_mail *mail, void *owner)
{
    struct rd_reload *r = ((struct reload_install *)mail)->reload;

    (void)owner;
    free(mail);
    if (--r->waits == 0)
        reload_switch(r);
}

/* Worker's thread: its VM of the new generation is now its own. */
static void
reload_on_worker(struct rd_mail *mail, void *owner)
{
    struct rd_reload *r = ((struct reload_install *)mail)->reload;

    (void)owner;
    (void)rd_fault(RD_FAULT_reload_install);
    mail->deliver = reload_on_worker_done;
    RD_ASSERT(rd_mailbox_post(&r->process->mailbox, mail) == 0);
}

bool
rd_process_is_reload_mail(const struct rd_mail *mail)
{
    return mail->deliver == reload_on_worker;
}

void
rd_process_rebuild_reload(struct rd_process *p, unsigned index, struct rd_buf *why)
{
    if (p->reload != NULL && p->reload->installing)
        rd_generation_rebuild(p->reload->generation, index, why);
}

static void
reload_install(struct rd_reload *r)
{
    struct rd_process *p = r->process;

    r->installing = true;
    for (unsigned i = 0; i < p->n_workers; i++)    /* one may have been lost while it loaded */
        rd_process_rebuild_reload(p, i, &r->errors);
    r->waits = p->n_workers;
    for (unsigned i = 0; i < p->n_workers; i++)
        reload_post(r, rd_worker_mailbox(p->workers[i]), reload_on_worker);
}

static void
reload_on_built(struct rd_mail *mail, void *owner)
{
    struct rd_reload *r = (struct rd_reload *)mail;
    struct rd_process *p = owner;

    pthread_join(r->loader, NULL);
    if (r->generation == NULL)
        reload_fail(r);
    else if (atomic_load(&p->state) != RD_SERVING) {
        rd_generation_unref(r->generation);
        reload_end(r, RELOAD_FAILED);
    } else
        reload_install(r);
}

/* ---- SIGHUP ---------------------------------------------------------------------------------- */

static void
reload_start_loader(struct rd_reload *r)
{
    pthread_attr_t attr;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, RELOAD_STACK);
    RD_ASSERT(pthread_create(&r->loader, &attr, reload_main, r) == 0);
    pthread_attr_destroy(&attr);
}

static void
reload_on_wait(uv_timer_t *timer)
{
    struct rd_reload *r = timer->data;

    if (rd_generations_alive() >= RELOAD_GENERATIONS + rd_generations_leaked() &&
        atomic_load(&r->process->state) == RD_SERVING)
        return;
    uv_timer_stop(timer);
    reload_start_loader(r);
}

void
rd_process_reload(struct rd_process *p)
{
    struct rd_reload *r;

    if (atomic_load(&p->state) != RD_SERVING)
        return;
    if (p->reload != NULL) {
        p->reload_again = true;
        return;
    }
    r = rd_calloc(1, sizeof *r);
    r->process = p;
    r->begun_ns = rd_clock_ns();
    rd_buf_init(&r->errors, RELOAD_TEXT);
    rd_buf_init(&r->warnings, RELOAD_TEXT);
    uv_timer_init(&p->loop, &r->wait);
    r->wait.data = r;
    p->reload = r;
    if (rd_generations_alive() >= RELOAD_GENERATIONS + rd_generations_leaked()) {
        rd_log_msg(RD_LOG_WARN, "reload", "waits: %u generations are still in use",
                   rd_generations_alive());
        uv_timer_start(&r->wait, reload_on_wait, RELOAD_WAIT_MS, RELOAD_WAIT_MS);
    } else
        reload_start_loader(r);
}
