/*
 * tls_session.c - the transport "tls": one mbedTLS session over memory.
 *
 * Ciphertext comes in the hub's shared buffer and leaves through another, so a
 * session keeps only what it cannot use yet. Handshakes wait in the hub's queue
 * and get a little time in each turn of the loop.
 */
#include "net/tls_session.h"

#include <mbedtls/error.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/metric.h"
#include "loop/bell.h"
#include "net/hub.h"
#include "net/transport.h"

#define TLS_KEEP ((size_t)256 << 10)    /* ciphertext that a session may keep */

struct rd_tls_session {
    mbedtls_ssl_context ssl;
    struct rd_tls_context *context;
    struct rd_slice in;       /* ciphertext that mbedTLS has not taken */
    struct rd_buf kept;       /* the same between calls */
    bool failed;              /* no close_notify any more */
    bool pumping;
};

/* ---- bytes for mbedTLS ---------------------------------------------------- */

static int
tls_on_recv(void *arg, unsigned char *buf, size_t n)
{
    struct rd_tls_session *t = ((struct rd_conn *)arg)->tls;

    if (t->in.n == 0)
        return MBEDTLS_ERR_SSL_WANT_READ;
    n = n < t->in.n ? n : t->in.n;
    memcpy(buf, t->in.p, n);
    t->in = rd_slice_skip(t->in, n);
    return (int)n;
}

static int
tls_on_send(void *arg, const unsigned char *buf, size_t n)
{
    struct rd_conn *c = arg;

    return rd_buf_put(&c->hub->out, buf, n) == 0 ? (int)n : MBEDTLS_ERR_SSL_ALLOC_FAILED;
}

/* What mbedTLS has written goes out in one piece. */
static int
tls_flush(struct rd_conn *c)
{
    struct rd_buf *out = &c->hub->out;
    int error = out->error;

    if (error == 0 && out->n > 0)
        error = c->link->write(c, out->p, out->n);
    rd_buf_reset(out);
    return error;
}

/* Keeps what is left of the input, which lies in the hub's buffer or in kept itself. */
static int
tls_keep(struct rd_tls_session *t)
{
    if (t->kept.n > 0)
        rd_buf_consume(&t->kept, t->kept.n - t->in.n);
    else
        rd_buf_put_slice(&t->kept, t->in);
    if (t->kept.n == 0)
        rd_buf_free(&t->kept);
    t->in = (struct rd_slice){ NULL, 0 };
    return t->kept.error;
}

/* ---- reading -------------------------------------------------------------- */

static void
tls_fail(struct rd_conn *c)
{
    c->tls->failed = true;
    if (tls_flush(c) != 0 || c->state == RD_CONN_CLOSED)
        rd_conn_close(c);
    else
        rd_conn_finish(c);
}

static bool
tls_reads(const struct rd_conn *c)
{
    return c->state != RD_CONN_CLOSED && c->state != RD_CONN_LINGER && !c->tls->failed;
}

/* One piece of plaintext; false when there is no more for now. */
static bool
tls_pump_step(struct rd_conn *c)
{
    struct rd_tls_session *t = c->tls;
    size_t room = 0;
    char *to = c->hub->user->room(c, &room);
    int n;

    if (room == 0) {
        c->paused = true;
        c->link->read(c, false);
        return false;
    }
    n = mbedtls_ssl_read(&t->ssl, (unsigned char *)to, room);
    if (n > 0) {
        c->hub->user->data(c, (size_t)n);
        return tls_reads(c) && (t->in.n > 0 || mbedtls_ssl_check_pending(&t->ssl));
    }
    if (n == MBEDTLS_ERR_SSL_WANT_READ || n == MBEDTLS_ERR_SSL_WANT_WRITE)
        c->hub->user->data(c, 0);    /* the room may be given back */
    else if (n == 0 || n == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
        rd_conn_on_eof(c);
    else
        tls_fail(c);
    return false;
}

static void
tls_pump(struct rd_conn *c)
{
    struct rd_tls_session *t = c->tls;

    if (t->pumping)
        return;
    t->pumping = true;
    while (tls_pump_step(c))
        continue;
    if (c->state == RD_CONN_CLOSED)
        return;    /* the session is gone */
    t->pumping = false;
    if (tls_keep(t) != 0 || tls_flush(c) != 0)
        rd_conn_close(c);
}

/* What comes during a handshake waits for its turn, but not any amount of it. */
static char *
tls_room(struct rd_conn *c, size_t *n)
{
    *n = c->state == RD_CONN_HANDSHAKE && c->tls->kept.n >= RD_HUB_SCRATCH ? 0 : RD_HUB_SCRATCH;
    return c->hub->in;
}

static void
tls_received(struct rd_conn *c, size_t n)
{
    struct rd_tls_session *t = c->tls;

    if (n == 0)
        return;
    if (c->state != RD_CONN_HANDSHAKE && t->kept.n == 0) {
        t->in = rd_slice_make(c->hub->in, n);
        tls_pump(c);
    } else if (rd_buf_put(&t->kept, c->hub->in, n) != 0) {
        rd_conn_close(c);
    } else if (c->state == RD_CONN_HANDSHAKE) {
        rd_hub_want_handshake(c->hub, c);
    } else {
        t->in = rd_buf_slice(&t->kept);
        tls_pump(c);
    }
}

static void
tls_resume(struct rd_conn *c)
{
    struct rd_tls_session *t = c->tls;

    if (t->pumping || c->state == RD_CONN_HANDSHAKE || c->state == RD_CONN_LINGER)
        return;
    t->in = rd_buf_slice(&t->kept);
    if (t->in.n > 0 || mbedtls_ssl_check_pending(&t->ssl))
        tls_pump(c);
}

static void
tls_log_failure(const struct rd_conn *c, int error)
{
    struct rd_log_line l;
    char text[160];

    if (!rd_log_begin(&l, RD_LOG_DEBUG, "tls-failed"))
        return;
    mbedtls_strerror(error, text, sizeof text);
    rd_log_str(&l, "peer", c->peer);
    rd_log_str(&l, "why", text);
    rd_log_end(&l);
}

/* ---- handshake ------------------------------------------------------------ */

static void
tls_established(struct rd_conn *c)
{
    rd_metric_inc(RD_METRIC_tls_handshakes_total);
    rd_conn_enter(c, RD_CONN_FRESH);
    if (c->link->acknowledge != NULL && c->tls->in.n == 0)
        c->link->acknowledge(c);
    if (c->tls->in.n > 0)
        tls_pump(c);
    else if (tls_keep(c->tls) != 0)
        rd_conn_close(c);
    if (c->state != RD_CONN_CLOSED && c->state != RD_CONN_LINGER && c->eof)
        c->hub->user->eof(c);
}

void
rd_tls_handshake(struct rd_conn *c)
{
    struct rd_tls_session *t = c->tls;
    int status;

    RD_ASSERT(c->state == RD_CONN_HANDSHAKE);
    t->in = rd_buf_slice(&t->kept);
    rd_bell_ring_now();    /* a handshake takes as long as many messages */
    status = mbedtls_ssl_handshake(&t->ssl);
    if (status != 0 && status != MBEDTLS_ERR_SSL_WANT_READ) {
        rd_metric_inc(RD_METRIC_tls_failures_total);
        tls_log_failure(c, status);
        tls_fail(c);
        return;
    }
    if (tls_flush(c) != 0) {
        rd_conn_close(c);
        return;
    }
    if (status == 0)
        tls_established(c);
    else if (tls_keep(t) != 0 || c->eof)
        rd_conn_close(c);
    rd_conn_resume(c);
}

/* ---- writing and the end -------------------------------------------------- */

static int
tls_write(struct rd_conn *c, const char *p, size_t n)
{
    while (n > 0) {
        int done = mbedtls_ssl_write(&c->tls->ssl, (const unsigned char *)p, n);

        if (done <= 0) {
            rd_buf_reset(&c->hub->out);
            c->tls->failed = true;
            return RD_E_TLS;
        }
        p += done;
        n -= (size_t)done;
    }
    return tls_flush(c);
}

static void
tls_finish(struct rd_conn *c)
{
    if (c->tls->failed || c->state == RD_CONN_HANDSHAKE)
        return;
    (void)mbedtls_ssl_close_notify(&c->tls->ssl);
    (void)tls_flush(c);    /* the connection ends anyway */
}

static void
tls_free(struct rd_conn *c)
{
    struct rd_tls_session *t = c->tls;

    if (t == NULL)
        return;
    mbedtls_ssl_free(&t->ssl);
    rd_tls_context_unref(t->context);
    rd_buf_free(&t->kept);
    free(t);
    c->tls = NULL;
}

const struct rd_transport rd_transport_tls = {
    .name = "tls", .room = tls_room, .received = tls_received, .resume = tls_resume,
    .write = tls_write, .finish = tls_finish, .free = tls_free,
};

int
rd_tls_attach(struct rd_conn *c, struct rd_tls_context *context)
{
    struct rd_tls_session *t = calloc(1, sizeof *t);

    if (t == NULL)
        return RD_E_NOMEM;
    t->context = rd_tls_context_ref(context);
    c->tls = t;
    rd_buf_init(&t->kept, TLS_KEEP);
    mbedtls_ssl_init(&t->ssl);
    if (mbedtls_ssl_setup(&t->ssl, &context->conf) != 0)
        return RD_E_NOMEM;    /* freed with the connection */
    mbedtls_ssl_set_bio(&t->ssl, c, tls_on_send, tls_on_recv, NULL);
    return 0;
}
