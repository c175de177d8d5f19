/*
 * store.c - the store's thread: requests in order, many in one transaction.
 *
 * Owns the backend, the list of dead epochs and the batch under way. Knows no
 * backend by name but through rd_store_backends.
 */
#include "store/store.h"

#include <stdlib.h>
#include <uv.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"
#include "loop/loop.h"

#define STORE_MAGIC RD_MAGIC('s', 't', 'o', 'r')
#define STORE_EXPIRE_MS 1000    /* how often old rows are looked for */
#define STORE_STOP_S 5          /* a disk that hangs longer at the end is not waited for */

struct store_epoch {
    struct store_epoch *next;
    uint64_t epoch;
};

struct rd_store {
    uint32_t magic;
    struct rd_loop loop;
    const struct rd_store_backend *backend;
    struct rd_store_spec spec;
    void *self;
    uv_timer_t expire;
    struct store_epoch *dead;                  /* a few: lost threads */
    bool open;                                 /* a transaction is open */
    struct rd_store_request *done, **done_tail;    /* wait for its commit */
};

static bool
store_is_dead(const struct rd_store *s, uint64_t epoch)
{
    if (epoch == 0)
        return false;
    for (const struct store_epoch *e = s->dead; e != NULL; e = e->next)
        if (e->epoch == epoch)
            return true;
    return false;
}

static void
store_bury(struct rd_store *s, uint64_t epoch)
{
    struct store_epoch *e = rd_malloc(sizeof *e);

    e->epoch = epoch;
    e->next = s->dead;
    s->dead = e;
}

#ifdef RD_TEST
/* The fault point of an operation, so that a test may stall or fail just that one. */
static int
store_fault(const struct rd_store_request *r)
{
    switch (r->op) {
    case RD_STORE_lookup:
        return rd_fault(RD_FAULT_store_lookup);
    case RD_STORE_early:
        return rd_fault(RD_FAULT_store_early);
    case RD_STORE_final:
        return rd_fault(RD_FAULT_store_commit);
    default:
        return 0;
    }
}
#else
#define store_fault(r) 0
#endif

static int
store_run(struct rd_store *s, struct rd_store_request *r)
{
    int error = store_fault(r);

    if (error == 0 && !s->open) {
        error = s->backend->begin(s->self);
        s->open = error == 0;
    }
    if (error == 0 && s->backend->op[r->op] != NULL)
        error = s->backend->op[r->op](s->self, r);
    return error;
}

static void
store_on_mail(struct rd_mail *mail, void *owner)
{
    struct rd_store *s = owner;
    struct rd_store_request *r = (struct rd_store_request *)mail;

    RD_CHECK(r, RD_STORE_REQUEST_MAGIC);
    if (r->op == RD_STORE_death)
        store_bury(s, r->n);
    else if (store_is_dead(s, r->epoch)) {
        rd_store_request_free(r);    /* the run that sent it was given to a successor */
        return;
    } else
        r->error = store_run(s, r);
    *s->done_tail = r;
    s->done_tail = (struct rd_store_request **)&r->mail.next;
    r->mail.next = NULL;
}

static void
store_complete(struct rd_store_request *r)
{
    rd_metric_inc(RD_METRIC_store_operations_total);
    if (r->error != 0 && r->error != RD_E_NOT_FOUND)    /* nothing there is no failure */
        rd_metric_inc(RD_METRIC_store_failures_total);
    if (r->reply_to == NULL) {
        rd_store_request_free(r);
        return;
    }
    r->mail.deliver = r->completed;
    if (rd_mailbox_post(r->reply_to, &r->mail) != 0)
        rd_store_request_free(r);    /* who asked is gone */
}

static void
store_on_batch_end(void *owner)
{
    struct rd_store *s = owner;
    struct rd_store_request *r = s->done, *next;
    int error = s->open ? s->backend->commit(s->self) : 0;

    s->open = false;
    s->done = NULL;
    s->done_tail = &s->done;
    if (r != NULL)
        (void)rd_fault(RD_FAULT_store_done);
    for (; r != NULL; r = next) {
        next = (struct rd_store_request *)r->mail.next;
        if (r->error == 0 && error != 0 && r->op != RD_STORE_death)
            r->error = error;
        store_complete(r);
    }
}

static void
store_on_expire(uv_timer_t *timer)
{
    struct rd_store *s = timer->data;
    struct rd_store_request *r = rd_store_request_new(RD_STORE_expire, RD_LIT(""));

    if (s->backend->begin(s->self) == 0 && s->backend->op[RD_STORE_expire](s->self, r) == 0)
        s->backend->commit(s->self);
    rd_metric_set(RD_METRIC_store_rows, 0, r->number);
    rd_store_request_free(r);
}

static int
store_setup(void *owner)
{
    struct rd_store *s = owner;
    int error = s->backend->open(&s->spec, &s->self);

    if (error != 0)
        return error;
    s->done_tail = &s->done;
    s->loop.mailbox.batch_end = store_on_batch_end;
    uv_timer_init(&s->loop.uv, &s->expire);
    s->expire.data = s;
    uv_timer_start(&s->expire, store_on_expire, STORE_EXPIRE_MS, STORE_EXPIRE_MS);
    uv_unref((uv_handle_t *)&s->expire);
    return 0;
}

static void
store_teardown(void *owner)
{
    struct rd_store *s = owner;
    struct store_epoch *next;

    store_on_batch_end(s);
    uv_close((uv_handle_t *)&s->expire, NULL);
    s->backend->close(s->self);
    for (struct store_epoch *e = s->dead; e != NULL; e = next) {
        next = e->next;
        free(e);
    }
}

static const struct rd_store_backend *
store_backend(const char *name)
{
    for (size_t i = 0; rd_store_backends[i] != NULL; i++)
        if (strcmp(rd_store_backends[i]->name, name) == 0)
            return rd_store_backends[i];
    return NULL;
}

int
rd_store_start(const struct rd_store_spec *spec, struct rd_store **out)
{
    struct rd_store *s = rd_calloc(1, sizeof *s);
    int error;

    s->magic = STORE_MAGIC;
    s->spec = *spec;
    s->backend = store_backend(spec->backend);
    error = s->backend ? rd_loop_start(&s->loop, "store", s, store_setup, store_teardown)
                       : RD_E_UNSUPPORTED;
    if (error != 0) {
        rd_log_msg(RD_LOG_ERROR, "store", "cannot open store \"%s\": %s", spec->backend,
                   rd_error_text(error));
        free(s);
        return error;
    }
    *out = s;
    return 0;
}

int
rd_store_stop(struct rd_store *s)
{
    RD_CHECK(s, STORE_MAGIC);
    rd_loop_stop(&s->loop);
    if (rd_loop_join_within(&s->loop, STORE_STOP_S) != 0) {
        rd_log_msg(RD_LOG_ERROR, "store", "the store has not ended for %d s; leaving it behind",
                   STORE_STOP_S);
        return RD_E_TIMEOUT;
    }
    s->magic = RD_DEAD;
    free(s);
    return 0;
}

void
rd_store_post(struct rd_store *s, struct rd_store_request *r)
{
    RD_CHECK(s, STORE_MAGIC);
    RD_CHECK(r, RD_STORE_REQUEST_MAGIC);
    r->mail.deliver = store_on_mail;
    if (rd_mailbox_post(&s->loop.mailbox, &r->mail) != 0)
        rd_store_request_free(r);
}

bool
rd_store_is_durable(const struct rd_store *s)
{
    RD_CHECK(s, STORE_MAGIC);
    return s->backend->durable;
}
