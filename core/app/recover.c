/*
 * recover.c - a script thread that did not come back gets a successor.
 *
 * The order matters (design section 6): shards point to the successor's open
 * mailbox, then the old one is closed; messages are taken from the dead run by
 * run; the store acknowledges that the old epoch is dead; only then does the
 * successor begin.
 */
#include <stdio.h>
#include <stdlib.h>

#include "app/command.h"
#include "app/process.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "gateway/inbox.h"
#include "gateway/task.h"
#include "store/store.h"

struct recovery {
    struct rd_mail mail;
    struct rd_process *process;
    struct rd_worker *dead;
    struct rd_mailbox *successor;
    struct rd_task *tasks, *stuck;    /* of the dead worker's table */
    struct rd_mail *rest;             /* of its mailbox */
};

/* ---- the store has acknowledged the death ------------------------------------------- */

static void
recover_on_death(struct rd_mail *mail, void *owner)
{
    struct rd_store_request *r = (struct rd_store_request *)mail;
    struct recovery *rec = r->visit_arg;
    struct rd_task *t, *next;
    struct rd_mail *m, *next_mail;

    (void)owner;
    for (t = rec->tasks; t != NULL; t = next) {
        next = t->next;
        if (t == rec->stuck)
            rd_inbox_give_lost(rec->successor, t);
        else
            rd_inbox_give(rec->successor, t);
    }
    for (m = rec->rest; m != NULL; m = next_mail) {
        next_mail = m->next;
        if (rd_process_is_reload_mail(m))
            RD_ASSERT(rd_mailbox_post(rec->successor, m) == 0);
        else
            rd_inbox_give_mail(rec->successor, m);
    }
    rd_inbox_release(rec->successor);
    rd_log_msg(RD_LOG_WARN, "recovered", "script thread %u has a successor",
               rd_worker_index(rec->dead));
    rd_store_request_free(r);
    free(rec);
}

static void
recover_tell_store(struct recovery *rec)
{
    struct rd_store_request *r = rd_store_request_new(RD_STORE_death, RD_LIT(""));

    r->n = rd_worker_epoch(rec->dead);
    r->visit_arg = rec;
    r->reply_to = &rec->process->mailbox;
    r->completed = recover_on_death;
    rd_store_post(rec->process->gateway.store, r);
}

/* ---- the successor ---------------------------------------------------------------------- */

/* Every generation that a message needs gets a VM on the successor, built from memory. */
static void
recover_rebuild(struct recovery *rec, unsigned index)
{
    struct rd_generation *g;
    struct rd_buf why;

    rd_buf_init(&why, (size_t)64 * 1024);
    rd_generation_rebuild(rec->process->generation, index, &why);
    rd_process_rebuild_reload(rec->process, index, &why);
    for (struct rd_task *t = rec->tasks; t != NULL; t = t->next)
        rd_generation_rebuild(t->generation, index, &why);
    for (struct rd_mail *m = rec->rest; m != NULL; m = m->next)
        if ((g = rd_inbox_mail_generation(m)) != NULL)
            rd_generation_rebuild(g, index, &why);
    rd_process_log_lines(RD_LOG_ERROR, "recover", &why);
    rd_buf_free(&why);
}

/* Which message it was, for who must find the call; where in the script only that thread knows. */
static void
recover_log(const struct recovery *rec)
{
    const struct rd_task *t = rec->stuck;
    struct rd_log_line l;
    char text[80];

    if (!rd_log_begin(&l, RD_LOG_ERROR, "lost_thread"))
        return;
    if (t != NULL) {
        rd_log_slice(&l, "sid", t->message->id);
        rd_log_uint(&l, "gen", rd_generation_number(t->generation));
        rd_log_slice(&l, "script", t->config->scripts[t->script]);
    }
    snprintf(text, sizeof text, "script thread %u did not come back from a C function",
             rd_worker_index(rec->dead));
    rd_log_str(&l, "msg", text);
    rd_log_end(&l);
}

static void
recover_worker(struct recovery *rec)
{
    struct rd_process *p = rec->process;
    unsigned index = rd_worker_index(rec->dead);
    struct rd_mailbox *old = rd_worker_mailbox(rec->dead);

    (void)rd_fault(RD_FAULT_recover);
    rd_worker_declare_dead(rec->dead);
    RD_ASSERT(rd_process_start_worker(p, index, &p->successor_host) == 0);
    rec->successor = rd_worker_mailbox(p->workers[index]);
    rd_shards_move(&p->gateway.shards, old, rec->successor);
    rec->rest = rd_mailbox_close(old);
    rec->tasks = rd_inbox_take_all(rec->dead, &rec->stuck);
    recover_log(rec);
    recover_rebuild(rec, index);
    rd_watchdog_watch(p->watchdog, index, p->workers[index]);
    recover_tell_store(rec);
}

static void
recover_on_mail(struct rd_mail *mail, void *owner)
{
    struct recovery *rec = (struct recovery *)mail;
    struct rd_process *p = owner;

    if (p->workers[rd_worker_index(rec->dead)] != rec->dead) {
        free(rec);    /* it was replaced already */
        return;
    }
    p->n_lost++;
    recover_worker(rec);
    if (p->n_lost >= rd_process_config(p)->max_lost_threads) {
        rd_log_msg(RD_LOG_ERROR, "lost_thread", "max_lost_threads reached: draining, then exit %d",
                   RD_EXIT_INTERNAL);
        rd_process_drain(p, RD_EXIT_INTERNAL);
    }
}

void
rd_process_on_lost(struct rd_worker *w, void *process)
{
    struct rd_process *p = process;
    struct recovery *rec = rd_calloc(1, sizeof *rec);

    rec->mail.deliver = recover_on_mail;
    rec->process = p;
    rec->dead = w;
    if (rd_mailbox_post(&p->mailbox, &rec->mail) != 0)
        free(rec);
}
