/* front.c - see front.h. Owns the loop, the server and the exchanges of one front thread. */
#include "gateway/front.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/metric.h"
#include "net/tls.h"

#define FRONT_RETRY_MS 50    /* failed store writes and full mailboxes are tried again this often */

struct front_retry {
    struct front_retry *next;
    void (*fn)(struct rd_front *f, void *arg);
    void *arg;
};

struct front_verdict {
    struct rd_mail mail;
    uint64_t ticket;
    struct rd_verdict verdict;
};

struct front_install {
    struct rd_mail mail;
    struct rd_generation *generation;
    struct rd_tls_context *tls;
    void (*done)(void *arg);
    void *arg;
};

static _Thread_local struct rd_front *front_here;

struct rd_front *
rd_front_current(void)
{
    return front_here;
}

/* ---- requests -------------------------------------------------------------- */

static void
front_on_request(struct rd_http_stream *s, const struct rd_http_request *r, void *data)
{
    struct rd_front *f = data;

    RD_CHECK(f, RD_FRONT_MAGIC);
    rd_exchange_run(rd_exchange_new(f, s, r));
}

static void
front_check_drained(struct rd_front *f)
{
    void (*drained)(void *arg) = f->drained;

    if (!f->draining || !f->server_gone || f->open > 0 || f->held > 0 || drained == NULL)
        return;
    f->drained = NULL;
    drained(f->drained_arg);
}

void
rd_front_hold(struct rd_front *f)
{
    f->held++;
}

void
rd_front_release(struct rd_front *f)
{
    f->held--;
    front_check_drained(f);
}

/* The message goes on without its connection: a retry finds the answer. */
static void
front_on_gone(struct rd_http_stream *s, void *data)
{
    struct rd_exchange *x = rd_http_stream_user(s);

    (void)data;
    RD_CHECK(x, RD_EXCHANGE_MAGIC);
    x->stream = NULL;
    if (x->claim.id == 0)
        rd_exchange_free(x);
}

/* ---- verdicts -------------------------------------------------------------- */

static void
front_settle(struct rd_front *f, uint64_t ticket, const struct rd_verdict *verdict)
{
    uint32_t slot = rd_ticket_slot(ticket);
    struct rd_exchange *x = slot < f->n_slots ? f->slots[slot] : NULL;

    if (x == NULL || x->ticket != ticket || x->magic != RD_EXCHANGE_MAGIC || x->decided)
        return;
    rd_exchange_decide(x, verdict);
    if (x->running)
        return;    /* its driver sees the verdict */
    x->step = RD_STEP_send;
    rd_exchange_run(x);
    front_check_drained(f);
}

static void
front_on_verdict(struct rd_mail *mail, void *owner)
{
    struct front_verdict *v = (struct front_verdict *)mail;

    front_settle(owner, v->ticket, &v->verdict);
    rd_answer_unref(v->verdict.answer);
    free(v);
}

void
rd_front_deliver(struct rd_gateway *g, uint64_t ticket, const struct rd_verdict *verdict)
{
    struct rd_front *f = g->fronts[rd_ticket_front(ticket)];
    struct front_verdict *v;

    if (f == front_here) {
        front_settle(f, ticket, verdict);
        return;
    }
    v = rd_malloc(sizeof *v);
    v->mail.deliver = front_on_verdict;
    v->ticket = ticket;
    v->verdict = *verdict;
    if (verdict->answer != NULL)
        rd_answer_ref(verdict->answer);
    if (rd_mailbox_post(&f->loop.mailbox, &v->mail) != 0) {
        rd_answer_unref(v->verdict.answer);
        free(v);
    }
}

struct rd_mailbox *
rd_front_mailbox(struct rd_gateway *g, uint64_t ticket)
{
    return &g->fronts[rd_ticket_front(ticket)]->loop.mailbox;
}

/* ---- trying again ------------------------------------------------------------ */

static void
front_on_retry(uv_timer_t *timer)
{
    struct rd_front *f = timer->data;
    struct front_retry *retry = f->retries, *next;

    f->retries = NULL;
    for (; retry != NULL; retry = next) {
        next = retry->next;
        retry->fn(f, retry->arg);
        free(retry);
    }
    if (f->retries == NULL)
        uv_timer_stop(&f->retry_timer);
}

void
rd_front_retry(struct rd_front *f, void (*fn)(struct rd_front *f, void *arg), void *arg)
{
    struct front_retry *retry = rd_malloc(sizeof *retry);

    RD_ASSERT(f == front_here);
    *retry = (struct front_retry){ f->retries, fn, arg };
    f->retries = retry;
    if (!uv_is_active((uv_handle_t *)&f->retry_timer))
        uv_timer_start(&f->retry_timer, front_on_retry, FRONT_RETRY_MS, FRONT_RETRY_MS);
}

/* ---- life ---------------------------------------------------------------------- */

static int
front_setup(void *owner)
{
    struct rd_front *f = owner;
    const struct rd_config *config = rd_generation_snapshot(f->generation);
    struct rd_http_service service = { front_on_request, front_on_gone, f, NULL };

    front_here = f;
    rd_buf_init(&f->urls, 64 * 1024);
    uv_timer_init(&f->loop.uv, &f->retry_timer);
    f->retry_timer.data = f;
    return rd_http_server_start(&f->loop.uv, f->listen, f->n_listen, &config->http, &service,
                                &f->server);
}

static void
front_teardown(void *owner)
{
    struct rd_front *f = owner;

    for (uint32_t i = 0; i < f->n_slots; i++)
        uv_close((uv_handle_t *)&f->slots[i]->timer, NULL);
}

int
rd_front_start(struct rd_front *f, struct rd_gateway *g, unsigned index,
               const struct rd_http_listen *listen, size_t n_listen,
               struct rd_generation *generation)
{
    char name[16];
    int error;

    *f = (struct rd_front){ .magic = RD_FRONT_MAGIC, .index = index, .gateway = g,
                            .listen = listen, .n_listen = n_listen };
    f->generation = rd_generation_ref(generation);
    snprintf(name, sizeof name, "front%u", index);
    g->fronts[index] = f;
    error = rd_loop_start(&f->loop, name, f, front_setup, front_teardown);
    if (error != 0) {
        g->fronts[index] = NULL;
        rd_generation_unref(f->generation);
    }
    return error;
}

static void
front_on_install(struct rd_mail *mail, void *owner)
{
    struct rd_front *f = owner;
    struct front_install *in = (struct front_install *)mail;
    const struct rd_config *config = rd_generation_snapshot(in->generation);

    rd_generation_unref(f->generation);
    f->generation = in->generation;
    rd_http_server_set_limits(f->server, &config->http);
    for (size_t i = 0; in->tls != NULL && i < f->n_listen; i++)
        if (f->listen[i].tls != NULL)
            rd_http_server_set_tls(f->server, i, in->tls);
    rd_tls_context_unref(in->tls);
    in->done(in->arg);
    free(in);
}

void
rd_front_install(struct rd_front *f, struct rd_generation *generation,
                 struct rd_tls_context *tls, void (*done)(void *arg), void *arg)
{
    struct front_install *in = rd_malloc(sizeof *in);

    *in = (struct front_install){ { NULL, front_on_install }, rd_generation_ref(generation),
                                  rd_tls_context_ref(tls), done, arg };
    RD_ASSERT(rd_mailbox_post(&f->loop.mailbox, &in->mail) == 0);
}

static void
front_on_server_gone(void *arg)
{
    struct rd_front *f = arg;

    f->server_gone = true;
    front_check_drained(f);
}

static void
front_on_drain(struct rd_mail *mail, void *owner)
{
    struct rd_front *f = owner;
    struct front_install *in = (struct front_install *)mail;

    f->draining = true;
    f->drained = in->done;
    f->drained_arg = in->arg;
    free(in);
    rd_http_server_drain(f->server, front_on_server_gone, f);
}

void
rd_front_drain(struct rd_front *f, void (*drained)(void *arg), void *arg)
{
    struct front_install *in = rd_malloc(sizeof *in);

    *in = (struct front_install){ { NULL, front_on_drain }, NULL, NULL, drained, arg };
    RD_ASSERT(rd_mailbox_post(&f->loop.mailbox, &in->mail) == 0);
}

static void
front_on_hurry(struct rd_mail *mail, void *owner)
{
    struct rd_front *f = owner;

    free(mail);
    for (uint32_t i = 0; i < f->n_slots; i++) {
        struct rd_exchange *x = f->slots[i];

        if (x->magic == RD_EXCHANGE_MAGIC && x->claim.id != 0 && !x->decided)
            rd_arbiter_soft(f->gateway, x->claim, RD_WHY_drain);
    }
}

void
rd_front_hurry(struct rd_front *f)
{
    struct rd_mail *mail = rd_malloc(sizeof *mail);

    mail->deliver = front_on_hurry;
    if (rd_mailbox_post(&f->loop.mailbox, mail) != 0)
        free(mail);
}

static void
front_on_stop(struct rd_mail *mail, void *owner)
{
    struct rd_front *f = owner;
    struct front_retry *next;

    free(mail);
    rd_http_server_close(f->server);
    for (uint32_t i = 0; i < f->n_slots; i++)
        uv_timer_stop(&f->slots[i]->timer);
    uv_close((uv_handle_t *)&f->retry_timer, NULL);
    for (struct front_retry *r = f->retries; r != NULL; r = next) {
        next = r->next;
        r->fn(f, r->arg);    /* a last time: nothing that was promised is left lying */
        free(r);
    }
    f->retries = NULL;
}

void
rd_front_stop(struct rd_front *f)
{
    struct rd_mail *mail = rd_malloc(sizeof *mail);

    mail->deliver = front_on_stop;
    RD_ASSERT(rd_mailbox_post(&f->loop.mailbox, mail) == 0);
    rd_loop_stop(&f->loop);
    rd_loop_join(&f->loop);
    for (uint32_t i = 0; i < f->n_slots; i++) {
        if (f->slots[i]->magic == RD_EXCHANGE_MAGIC)
            rd_exchange_free(f->slots[i]);
    }
    for (uint32_t i = 0; i < f->n_slots; i++)
        free(f->slots[i]);
    free(f->slots);
    rd_buf_free(&f->urls);
    rd_generation_unref(f->generation);
    f->magic = RD_DEAD;
}
