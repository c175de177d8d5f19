/*
 * inbox_status.c - a status event that comes late is not shown to the script.
 *
 * The store keeps the highest rank that each script has seen of each message.
 * It is raised here, on the message's own script thread, so that the order of
 * the answers is the order of the handlers. A status that is not known has rank
 * 0 and goes the same way, lest it overtake.
 */
#include "base/buf.h"
#include "base/error.h"
#include "base/metric.h"
#include "gateway/inbox_table.h"
#include "twilio/status.h"

#define STATUS_KEY 2048    /* path of the script, account, MessageSid */

/* A space that no script can name. */
#define STATUS_SPACE RD_LIT("\001status")

/* Seen or not known: the handler runs. The mail of a task that was taken away finds nobody. */
static void
status_on_rank(struct rd_mail *mail, void *owner)
{
    struct rd_store_request *r = (struct rd_store_request *)mail;
    struct rd_inbox *in = rd_worker_data(owner);
    struct rd_run_end nothing = { .outcome = RD_OUTCOME_empty };
    struct rd_task *t;

    RD_CHECK(in, RD_INBOX_MAGIC);
    RD_CHECK(r, RD_STORE_REQUEST_MAGIC);
    t = rd_inbox_find(in, r->claim);
    if (t != NULL && (r->error != 0 || r->by == 0 || r->number <= r->by)) {
        rd_inbox_run(in, t);
    } else if (t != NULL) {
        rd_metric_inc(RD_METRIC_status_late_total);
        rd_inbox_end(t, &nothing);
    }
    rd_store_request_free(r);
}

static int
status_key(const struct rd_task *t, struct rd_buf *key)
{
    rd_buf_put_slice(key, t->config->scripts[t->script]);
    rd_buf_put_char(key, '\0');
    rd_buf_put_slice(key, t->message->account);
    rd_buf_put_char(key, '\0');
    return rd_buf_put_slice(key, t->message->id);
}

void
rd_inbox_ask_rank(struct rd_inbox *in, struct rd_task *t)
{
    int rank = rd_status_rank(t->message->status);
    struct rd_store_request *r = NULL;
    struct rd_buf key;

    rd_buf_init(&key, STATUS_KEY);
    if (status_key(t, &key) == 0)
        r = rd_store_request_new(RD_STORE_rank, rd_buf_slice(&key));
    rd_buf_free(&key);
    if (r == NULL) {
        rd_inbox_run(in, t);    /* seen twice rather than not at all */
        return;
    }
    r->space = STATUS_SPACE;
    r->by = rank;
    r->n = t->config->retention_ms;
    r->claim = t->run;
    r->reply_to = rd_worker_mailbox(in->worker);
    r->completed = status_on_rank;
    rd_store_post(in->gateway->store, r);
}
