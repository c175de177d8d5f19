/*
 * conn.c - see conn.h. States, time limits, reading, writing, the way to the end.
 *
 * Called by the layer above and by links; knows neither sockets nor TLS.
 */
#include "net/conn.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/metric.h"
#include "net/hub.h"
#include "net/tls.h"
#include "net/transport.h"

#define CONN_LINGER_ROOM 512    /* the kernel throws the most away: see socket.c */

#define CONN_NAME(name, what) #name,
static const char *const conn_names[RD_CONN_STATE_COUNT] = { RD_CONN_STATES(CONN_NAME) };
#undef CONN_NAME

const char *
rd_conn_state_name(enum rd_conn_state state)
{
    return (unsigned)state < RD_CONN_STATE_COUNT ? conn_names[state] : "?";
}

/* When a request's time is over, on the loop's clock: it counts from start_ns. */
static uint64_t
conn_after_start(const struct rd_conn *c, uint64_t limit)
{
    uint64_t age = (rd_clock_ns() - c->start_ns) / RD_MS, now = uv_now(c->hub->loop);

    return age < limit ? now + (limit - age) : now;
}

static uint64_t
conn_deadline(const struct rd_conn *c, enum rd_conn_state state)
{
    const struct rd_hub_limits *l = &c->hub->limits;
    uint64_t now = uv_now(c->hub->loop);

    switch (state) {
    case RD_CONN_HANDSHAKE: return conn_after_start(c, l->handshake);
    case RD_CONN_FRESH: return c->hub->draining ? now + RD_HUB_DRAIN_IDLE_MS
                                                : conn_after_start(c, l->request);
    case RD_CONN_READ: return conn_after_start(c, l->request);
    case RD_CONN_HELD: return conn_after_start(c, l->answer);
    case RD_CONN_WRITE: return now + RD_CONN_WRITE_MS;
    case RD_CONN_IDLE: return now + (c->hub->draining ? RD_HUB_DRAIN_IDLE_MS : l->idle);
    case RD_CONN_LINGER: return now + RD_CONN_LINGER_MS;
    case RD_CONN_VERIFIED:
    case RD_CONN_CLOSED:
    case RD_CONN_STATE_COUNT: break;
    }
    return RD_WHEEL_NEVER;
}

void
rd_conn_enter(struct rd_conn *c, enum rd_conn_state state)
{
    RD_CHECK(c, RD_CONN_MAGIC);
    RD_ASSERT(c->state != RD_CONN_CLOSED);
    c->state = state;
    c->entered = uv_now(c->hub->loop);
    rd_wheel_set(&c->hub->wheel, &c->timer, conn_deadline(c, state));
}

struct rd_conn *
rd_conn_new(struct rd_hub *hub, const struct rd_link *link, const char *peer,
            struct rd_tls_context *tls)
{
    struct rd_conn *c = rd_calloc(1, hub->user->size);

    c->magic = RD_CONN_MAGIC;
    c->hub = hub;
    c->link = link;
    c->transport = tls ? &rd_transport_tls : &rd_transport_plain;
    c->start_ns = rd_clock_ns();
    rd_timer_init(&c->timer);
    rd_list_init(&c->entry);
    rd_list_init(&c->handshake);
    memcpy(c->peer, peer, strnlen(peer, sizeof c->peer - 1));
    rd_hub_add(hub, c);
    return c;
}

void
rd_conn_free(struct rd_conn *c)
{
    struct rd_hub *hub = c->hub;

    RD_CHECK(c, RD_CONN_MAGIC);
    RD_ASSERT(c->state == RD_CONN_CLOSED);
    c->magic = RD_DEAD;
    free(c);
    rd_hub_gone(hub);
}

void
rd_conn_close(struct rd_conn *c)
{
    RD_CHECK(c, RD_CONN_MAGIC);
    if (c->state == RD_CONN_CLOSED)
        return;
    c->hub->user->closed(c);
    rd_conn_enter(c, RD_CONN_CLOSED);
    rd_wheel_remove(&c->timer);
    rd_list_remove(&c->handshake);
    c->transport->free(c);
    c->link->close(c);
    rd_hub_remove(c->hub, c);
}

void
rd_conn_on_error(struct rd_conn *c)
{
    rd_conn_close(c);
}

/* ---- reading -------------------------------------------------------------- */

char *
rd_conn_room(struct rd_conn *c, size_t *n)
{
    if (c->state == RD_CONN_LINGER) {
        *n = CONN_LINGER_ROOM;
        return c->hub->in;
    }
    return c->transport->room(c, n);
}

void
rd_conn_received(struct rd_conn *c, size_t n)
{
    if (c->state != RD_CONN_LINGER) {
        c->transport->received(c, n);
        return;
    }
    c->dropped += n;
    if (c->dropped > RD_CONN_LINGER_BYTES)
        rd_conn_close(c);
}

void
rd_conn_resume(struct rd_conn *c)
{
    if (!c->paused || c->state == RD_CONN_CLOSED)
        return;
    c->paused = false;
    c->transport->resume(c);
    if (c->state != RD_CONN_CLOSED && !c->paused && !c->eof)
        c->link->read(c, true);
}

void
rd_conn_on_eof(struct rd_conn *c)
{
    if (c->eof || c->state == RD_CONN_CLOSED)
        return;
    c->eof = true;
    if (c->state == RD_CONN_HANDSHAKE && !rd_list_empty(&c->handshake))
        return;    /* there is input still; the handshake tells */
    if (c->state == RD_CONN_LINGER || c->state == RD_CONN_HANDSHAKE)
        rd_conn_close(c);
    else
        c->hub->user->eof(c);
}

/* ---- writing -------------------------------------------------------------- */

void
rd_conn_write(struct rd_conn *c, const char *p, size_t n)
{
    RD_CHECK(c, RD_CONN_MAGIC);
    if (c->state != RD_CONN_CLOSED && c->transport->write(c, p, n) != 0)
        rd_conn_close(c);
}

void
rd_conn_finish(struct rd_conn *c)
{
    if (c->state == RD_CONN_CLOSED)
        return;
    c->transport->finish(c);
    if (c->unsent > 0 || c->eof) {    /* a peer that stopped reading, or is gone anyway */
        rd_conn_close(c);
        return;
    }
    c->link->fin(c);
    rd_conn_enter(c, RD_CONN_LINGER);
    if (c->paused) {
        c->paused = false;
        c->link->read(c, true);
    }
}

/* ---- the hub's view ------------------------------------------------------- */

void
rd_conn_trust(struct rd_conn *c)
{
    if (c->trusted)
        return;
    c->trusted = true;
    rd_list_remove(&c->entry);
    rd_list_append(&c->hub->trusted, &c->entry);
}

void
rd_conn_on_timer(struct rd_timer *t)
{
    struct rd_conn *c = RD_LIST_OWNER(t, struct rd_conn, timer);

    RD_CHECK(c, RD_CONN_MAGIC);
    if (c->state == RD_CONN_HANDSHAKE)
        rd_metric_inc(RD_METRIC_tls_failures_total);
    if (c->state == RD_CONN_HANDSHAKE || c->state == RD_CONN_LINGER
        || c->state == RD_CONN_WRITE)
        rd_conn_close(c);
    else
        c->hub->user->timeout(c);
}

/* ---- plain ---------------------------------------------------------------- */

static char *
plain_room(struct rd_conn *c, size_t *n)
{
    return c->hub->user->room(c, n);
}

static void
plain_received(struct rd_conn *c, size_t n)
{
    c->hub->user->data(c, n);
}

static int
plain_write(struct rd_conn *c, const char *p, size_t n)
{
    return c->link->write(c, p, n);
}

static void
plain_nothing(struct rd_conn *c)
{
    (void)c;
}

const struct rd_transport rd_transport_plain = {
    .name = "plain", .room = plain_room, .received = plain_received, .resume = plain_nothing,
    .write = plain_write, .finish = plain_nothing, .free = plain_nothing,
};
