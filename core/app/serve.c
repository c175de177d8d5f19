/*
 * serve.c - `replyd run`: starts everything in order, serves, ends in reverse.
 *
 * Bad configuration: exit 2. An address that cannot be bound or a store that
 * cannot be opened: exit 69. Nothing of the process is begun before that is known.
 */
#include "app/serve.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/command.h"
#include "app/file.h"
#include "app/load.h"
#include "app/process.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "gateway/claims.h"
#include "gateway/compose.h"
#include "gateway/loop_guard.h"
#include "gateway/lua_msg.h"
#include "gateway/schedule.h"
#include "gateway/refusals.h"
#include "store/store.h"

#define SERVE_TEXT ((size_t)1 << 20)             /* bytes of errors or warnings */
#define SERVE_MEMORY_ROWS (UINT64_C(256) << 20)  /* bytes that the memory store keeps at most */

/* ---- messages before there is a log ------------------------------------------------- */

static int
serve_fail(int code, const struct rd_buf *why)
{
    fprintf(stderr, "%.*s\n", RD_PRI(rd_slice_trim(rd_buf_slice(why))));
    return code;
}

void
rd_process_log_lines(enum rd_log_level level, const char *event, const struct rd_buf *text)
{
    struct rd_slice rest = rd_buf_slice(text);

    while (rest.n > 0) {
        size_t n = rd_slice_find(rest, '\n');

        if (n > 0)
            rd_log_msg(level, event, "%.*s", (int)n, rest.p);
        rest = rd_slice_skip(rest, n + 1);
    }
}

/* ---- listeners ------------------------------------------------------------------------ */

int
rd_process_load_tls(const struct rd_config *config, struct rd_tls_context **out,
                    struct rd_buf *why)
{
    if (config->certificate.n > 0)
        return rd_tls_context_load(config->certificate.p, config->key.p, out, why);
    return rd_tls_self_signed(config->state.p, "localhost", out, why);
}

static void
serve_warn_self_signed(const struct rd_process *p, const struct rd_config *config)
{
    bool local = true;

    for (size_t i = 0; i < p->n_listen; i++)
        local = local && rd_address_is_loopback(&p->addresses[i]);
    if (config->certificate.n == 0 && !local)
        rd_log_msg(RD_LOG_WARN, "tls", "self-signed certificate: Twilio will refuse it (error "
                   "11237); set tls = { certificate =, key = }");
}

static int
serve_bind(struct rd_process *p, const struct rd_config *config, struct rd_buf *why)
{
    struct rd_tls_context *tls = NULL;
    int error = 0;

    for (size_t i = 0; i < config->n_listen && error == 0; i++) {
        struct rd_address *a = &p->addresses[i];

        error = rd_address_parse(config->listen[i].text, a);
        if (error == 0)
            error = rd_address_bind(a, &p->listen[i].fd, why);
        if (error == 0 && a->tls && tls == NULL)
            error = rd_process_load_tls(config, &tls, why);
        if (error == 0) {
            p->listen[i].tls = a->tls ? rd_tls_context_ref(tls) : NULL;
            p->n_listen++;
        }
    }
    rd_tls_context_unref(tls);
    return error;
}

void
rd_process_unbind(struct rd_process *p)
{
    for (size_t i = 0; i < p->n_listen; i++) {
        if (p->listen[i].fd >= 0)
            close(p->listen[i].fd);
        p->listen[i].fd = -1;
        rd_tls_context_unref(p->listen[i].tls);
        p->listen[i].tls = NULL;
    }
}

static void
serve_announce(const struct rd_process *p)
{
    struct rd_buf line;

    for (size_t i = 0; i < p->n_listen; i++) {
        rd_buf_init(&line, 1024);
        rd_address_print(&p->addresses[i], p->listen[i].fd, &line);
        printf("listening %.*s\n", RD_PRI(rd_buf_slice(&line)));
        rd_buf_free(&line);
    }
    puts("ready");
    fflush(stdout);
}

/* ---- threads ------------------------------------------------------------------------------ */

static bool
serve_on_known_row(void *arg, struct rd_slice key, enum rd_row_state state)
{
    (void)state;
    rd_claims_filter_add(arg, rd_hash(key));
    return true;
}

static void
serve_on_scanned(struct rd_mail *mail, void *owner)
{
    struct rd_process *p = owner;

    rd_claims_filter_ready(p->gateway.claims);
    rd_store_request_free((struct rd_store_request *)mail);
}

static int
serve_start_store(struct rd_process *p, const struct rd_config *config)
{
    struct rd_store_spec spec = { .backend = "memory", .folder = config->state,
                                  .retention_ms = config->retention_ms };
    struct rd_store_request *scan;
    int error;

    spec.memory_limit = config->retention_size < SERVE_MEMORY_ROWS ? config->retention_size
                                                                   : SERVE_MEMORY_ROWS;
    error = rd_store_start(&spec, &p->gateway.store);
    if (error != 0)
        return error;
    scan = rd_store_request_new(RD_STORE_scan, RD_LIT(""));
    scan->visit = serve_on_known_row;
    scan->visit_arg = p->gateway.claims;
    scan->reply_to = &p->mailbox;
    scan->completed = serve_on_scanned;
    rd_store_post(p->gateway.store, scan);
    return 0;
}

int
rd_process_start_worker(struct rd_process *p, unsigned i, const struct rd_script_host *host)
{
    struct rd_worker_spec spec = { .index = i, .epoch = ++p->last_epoch, .host = host };

    return rd_worker_start(&spec, &p->workers[i]);
}

static int
serve_start_workers(struct rd_process *p)
{
    struct rd_mailbox *mailboxes[RD_WORKERS_MOST];
    int error = 0;

    for (unsigned i = 0; i < rd_process_config(p)->script_threads && error == 0; i++) {
        error = rd_process_start_worker(p, i, &p->worker_host);
        if (error == 0)
            mailboxes[p->n_workers++] = rd_worker_mailbox(p->workers[i]);
    }
    if (error == 0)
        rd_shards_spread(&p->gateway.shards, mailboxes, p->n_workers);
    return error;
}

static int
serve_start_fronts(struct rd_process *p)
{
    unsigned n = rd_process_config(p)->front_threads;
    int error = 0;

    p->fronts = rd_calloc(n, sizeof *p->fronts);
    for (unsigned i = 0; i < n && error == 0; i++) {
        error = rd_front_start(&p->fronts[i], &p->gateway, i, p->listen, p->n_listen,
                               p->generation);
        if (error == 0)
            p->gateway.n_fronts++;
    }
    return error;
}

/* ---- signals ------------------------------------------------------------------------- */

static void
serve_on_hup(uv_signal_t *handle, int signum)
{
    (void)signum;
    rd_process_reload(handle->data);
}

static void
serve_on_term(uv_signal_t *handle, int signum)
{
    (void)signum;
    rd_process_drain(handle->data, RD_EXIT_OK);
}

/* A SIGHUP while everything is being loaded waits and is a reload then; its default is to kill. */
static void
serve_hold_hup(int how)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(how, &set, NULL);
}

static void
serve_signals(struct rd_process *p)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN };

    sigaction(SIGPIPE, &ignore, NULL);
    uv_signal_init(&p->loop, &p->sighup);
    uv_signal_init(&p->loop, &p->sigterm);
    uv_signal_init(&p->loop, &p->sigint);
    p->sighup.data = p->sigterm.data = p->sigint.data = p;
    uv_signal_start(&p->sighup, serve_on_hup, SIGHUP);
    uv_signal_start(&p->sigterm, serve_on_term, SIGTERM);
    uv_signal_start(&p->sigint, serve_on_term, SIGINT);
}

/* ---- from configuration to serving ------------------------------------------------------ */

static void
serve_free_config(void *snapshot)
{
    rd_config_unprepare(snapshot);
    rd_config_free(snapshot);
}

/* The first generation; its configuration was read already and is taken over. */
static int
serve_load(struct rd_process *p, struct rd_config *config, struct rd_buf *why)
{
    int error = rd_config_prepare(config, why);

    if (error == 0)
        p->generation = rd_load_generation(config, &p->worker_host, config, serve_free_config, why);
    if (p->generation == NULL)
        serve_free_config(config);
    return p->generation ? 0 : RD_E_LOAD;
}

static int
serve_start(struct rd_process *p, struct rd_buf *why)
{
    int error = serve_start_workers(p);

    if (error == 0)
        error = rd_watchdog_start(rd_process_on_lost, p, &p->watchdog);
    for (unsigned i = 0; i < p->n_workers && error == 0; i++)
        rd_watchdog_watch(p->watchdog, i, p->workers[i]);
    if (error == 0)
        error = serve_start_fronts(p);
    if (error == 0)
        error = rd_process_start_admin(p, why);
    return error;
}

static int
serve_run(struct rd_process *p)
{
    serve_signals(p);
    serve_warn_self_signed(p, rd_process_config(p));
    atomic_store(&p->state, RD_SERVING);
    rd_process_start_schedule(p);
    serve_hold_hup(SIG_UNBLOCK);
    serve_announce(p);
    uv_run(&p->loop, UV_RUN_DEFAULT);
    return p->exit_code;
}

static void
serve_open(struct rd_process *p)
{
    rd_mem_init();
    p->magic = RD_PROCESS_MAGIC;
    uv_loop_init(&p->loop);
    rd_mailbox_init(&p->mailbox, &p->loop, p);
    uv_timer_init(&p->loop, &p->drain_timer);
    p->drain_timer.data = p;
    p->gateway.magic = RD_GATEWAY_MAGIC;
    p->gateway.claims = rd_claims_new();
    p->gateway.refusals = rd_refusals_new();
    p->gateway.loop_guard = rd_loop_guard_new();
    p->worker_start = (struct rd_inbox_start){ &p->gateway, false, rd_process_on_worker_ended, p };
    p->successor_start = p->worker_start;
    p->successor_start.held = true;
    rd_inbox_host(&p->worker_host, &p->worker_start);
    rd_inbox_host(&p->successor_host, &p->successor_start);
}

/* Reads, binds, loads, starts; an exit code when that fails, else -1. */
static int
serve_begin(struct rd_process *p, struct rd_config *config, struct rd_buf *why)
{
    if (rd_file_make_folder(config->state.p) != 0) {
        rd_buf_printf(why, "state %s: cannot be made: %s\n", config->state.p, strerror(errno));
        serve_free_config(config);
        return RD_EXIT_USAGE;
    }
    if (serve_bind(p, config, why) != 0) {
        serve_free_config(config);
        return RD_EXIT_CANNOT;
    }
    if (serve_load(p, config, why) != 0)
        return RD_EXIT_USAGE;
    rd_log_set(config->log_level, config->log_format);
    rd_log_start(STDERR_FILENO);
    if (serve_start_store(p, config) != 0)
        return RD_EXIT_CANNOT;
    return serve_start(p, why) == 0 ? -1 : RD_EXIT_CANNOT;
}

static int
serve_process(struct rd_process *p, struct rd_config *config, const struct rd_buf *warnings)
{
    struct rd_buf why;
    int code;

    rd_buf_init(&why, SERVE_TEXT);
    serve_open(p);
    code = serve_begin(p, config, &why);
    if (code < 0) {
        rd_process_log_lines(RD_LOG_WARN, "config", warnings);
        code = serve_run(p);
        rd_generation_unref(p->generation);
        if (rd_store_stop(p->gateway.store) != 0) {
            rd_log_stop();
            _exit(RD_EXIT_INTERNAL);    /* its thread may still use everything */
        }
        rd_schedule_free(p->schedule);
        rd_process_unbind(p);
        rd_claims_free(p->gateway.claims);
        rd_refusals_free(p->gateway.refusals);
        rd_loop_guard_free(p->gateway.loop_guard);
        free(p->fronts);
        rd_mailbox_close_handle(&p->mailbox);
        uv_run(&p->loop, UV_RUN_DEFAULT);
        uv_loop_close(&p->loop);
    } else {
        serve_fail(code, &why);
        rd_log_stop();
        _exit(code);    /* threads that have begun may still use everything */
    }
    rd_log_stop();
    rd_buf_free(&why);
    return code;
}

int
rd_serve(const struct rd_config_args *args)
{
    struct rd_process *p = rd_calloc(1, sizeof *p);
    struct rd_config *config;
    struct rd_buf errors, warnings;
    const char *plugin = "";
    int code;

    rd_buf_init(&errors, SERVE_TEXT);
    rd_buf_init(&warnings, SERVE_TEXT);
    p->args = args;
    serve_hold_hup(SIG_BLOCK);
    rd_hash_seed();
    rd_compose_open();
    if (rd_load_open(&plugin) != 0) {
        rd_buf_printf(&errors, "%s\n", plugin);
        code = serve_fail(RD_EXIT_INTERNAL, &errors);
    } else if (rd_config_load(args, &config, &errors, &warnings) != 0)
        code = serve_fail(RD_EXIT_USAGE, &errors);
    else
        code = serve_process(p, config, &warnings);
    if (p->n_workers == 0 || p->ended)    /* else threads that use the plugins are still there */
        rd_load_close();
    rd_compose_close();
    rd_buf_free(&errors);
    rd_buf_free(&warnings);
    free(p);
    return code;
}
