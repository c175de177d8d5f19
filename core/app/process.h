/*
 * process.h - the serving process: everything that main owns.
 *
 * serve.c starts and ends it, reload.c swaps its generation (SIGHUP), recover.c
 * replaces a lost script thread, drain.c ends it (SIGTERM). All of these run on
 * the main thread; others post to its mailbox.
 */
#ifndef RD_APP_PROCESS_H
#define RD_APP_PROCESS_H

#include <stdatomic.h>
#include <uv.h>

#include "app/admin.h"
#include "app/config.h"
#include "app/watchdog.h"
#include "gateway/front.h"
#include "gateway/gateway.h"
#include "gateway/inbox.h"
#include "net/address.h"
#include "net/tls.h"

#define RD_PROCESS_MAGIC RD_MAGIC('p', 'r', 'o', 'c')
#define RD_LISTENERS_MOST 16
#define RD_WORKERS_MOST 256

enum rd_process_state { RD_STARTING, RD_SERVING, RD_DRAINING, RD_STOPPING };

struct rd_process {
    uint32_t magic;
    const struct rd_config_args *args;
    _Atomic enum rd_process_state state;
    uv_loop_t loop;
    struct rd_mailbox mailbox;
    uv_signal_t sighup, sigterm, sigint;

    struct rd_gateway gateway;
    struct rd_front *fronts;                     /* gateway.n_fronts of them */
    struct rd_http_listen listen[RD_LISTENERS_MOST];
    struct rd_address addresses[RD_LISTENERS_MOST];
    size_t n_listen;
    struct rd_generation *generation;            /* current; a reference */

    struct rd_inbox_start worker_start, successor_start;
    struct rd_script_host worker_host, successor_host;
    struct rd_worker *workers[RD_WORKERS_MOST];
    unsigned n_workers;
    uint64_t last_epoch;
    unsigned n_lost;

    struct rd_watchdog *watchdog;
    struct rd_admin *admin;
    struct rd_reload *reload;                    /* the one under way; NULL: none */
    bool reload_again;                           /* SIGHUPs came meanwhile */

    struct rd_schedule *schedule;
    uv_timer_t schedule_timer;                   /* runs while there is an entry */

    uv_timer_t drain_timer;
    uint64_t drain_until_ms;                     /* drain_limit, in the loop's time */
    unsigned fronts_left, workers_left;          /* still to end */
    bool ended;                                  /* all threads but a loader are gone */
    int exit_code;
};

static inline const struct rd_config *
rd_process_config(const struct rd_process *p)
{
    return rd_generation_snapshot(p->generation);
}

/* Logs each line of text as one line of that event. */
void rd_process_log_lines(enum rd_log_level level, const char *event, const struct rd_buf *text);

/* serve.c: a script thread for slot i; 0 or an error. */
int rd_process_start_worker(struct rd_process *p, unsigned i, const struct rd_script_host *host);
/* serve.c: closes main's own descriptors of the listeners; fronts have theirs. */
void rd_process_unbind(struct rd_process *p);
/* serve.c: the configured certificate, or the self-signed one; 0 or an error with its text. */
int rd_process_load_tls(const struct rd_config *config, struct rd_tls_context **out,
                        struct rd_buf *why);

/* serve_admin.c: the admin listener, unless there is none; 0 or an error with its text. */
int rd_process_start_admin(struct rd_process *p, struct rd_buf *why);

/* serve_schedule.c: the entries of the current generation count from now on; or none, for good. */
void rd_process_start_schedule(struct rd_process *p);
void rd_process_stop_schedule(struct rd_process *p);

/* reload.c: SIGHUP. */
void rd_process_reload(struct rd_process *p);
/* reload.c: a worker was lost: its VM of the generation that is being installed is built again. */
void rd_process_rebuild_reload(struct rd_process *p, unsigned index, struct rd_buf *why);
/* reload.c: the mail is a reload's, so a successor must get it. */
bool rd_process_is_reload_mail(const struct rd_mail *mail);

/* recover.c: the watchdog's verdict; its thread. */
void rd_process_on_lost(struct rd_worker *w, void *process);

/* drain.c: SIGTERM; a second call jumps to the store. */
void rd_process_drain(struct rd_process *p, int exit_code);
/* drain.c: closes main's handles, once neither threads nor a reload are left. */
void rd_process_end(struct rd_process *p);
/* drain.c: rd_inbox_start.ended; script thread. */
void rd_process_on_worker_ended(void *process);

#endif
