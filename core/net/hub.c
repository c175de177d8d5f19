/*
 * hub.c - see hub.h. The lists of connections: counting, eviction, drain, end.
 *
 * Accepting is in accept.c. Called by http/server.c and by conn.c.
 */
#include "net/hub.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/metric.h"
#include "net/tls.h"
#include "net/transport.h"

#define HUB_OUT_LIMIT ((size_t)64 << 20)    /* ciphertext of one answer */
#define HUB_OUT_KEEP ((size_t)256 << 10)    /* memory kept after a large one */

static void
hub_check_empty(struct rd_hub *hub)
{
    bool ending = hub->closing ? hub->handles == 0 : hub->draining && !hub->listening;

    if (ending && hub->alive == 0 && hub->empty != NULL)
        hub->empty(hub);    /* the hub may be gone now */
}

static void
hub_on_handle_closed(uv_handle_t *handle)
{
    struct rd_hub *hub = handle->data;

    RD_CHECK(hub, RD_HUB_MAGIC);
    hub->handles--;
    hub_check_empty(hub);
}

static void
hub_on_wheel_closed(uv_handle_t *handle)
{
    struct rd_hub *hub = RD_LIST_OWNER(handle->data, struct rd_hub, wheel);

    RD_CHECK(hub, RD_HUB_MAGIC);
    hub->handles--;
    hub_check_empty(hub);
}

/* ---- limits --------------------------------------------------------------- */

static size_t
hub_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT_MAX)
        return INT_MAX;
    return (size_t)limit.rlim_cur;
}

void
rd_hub_set_limits(struct rd_hub *hub, const struct rd_hub_limits *limits)
{
    size_t fds = hub_descriptors();

    RD_CHECK(hub, RD_HUB_MAGIC);
    hub->limits = *limits;
    fds -= fds / 4 < RD_HUB_RESERVE_FDS ? fds / 4 : RD_HUB_RESERVE_FDS;
    hub->fd_limit = (int)fds;
    hub->max = limits->max_connections > 0 ? limits->max_connections : fds;
    hub->now_max = hub->max;
}

void
rd_hub_set_tls(struct rd_hub *hub, size_t listener, struct rd_tls_context *tls)
{
    RD_CHECK(hub, RD_HUB_MAGIC);
    RD_ASSERT(listener < hub->n_listeners);
    rd_tls_context_unref(hub->listeners[listener].tls);
    hub->listeners[listener].tls = rd_tls_context_ref(tls);
}

/* ---- handshakes, a few in each turn of the loop --------------------------- */

static void
hub_on_turn(uv_idle_t *handle)
{
    struct rd_hub *hub = handle->data;
    uint64_t start = rd_clock_ns();

    RD_CHECK(hub, RD_HUB_MAGIC);
    do {
        struct rd_conn *c;

        if (rd_list_empty(&hub->handshakes)) {
            uv_idle_stop(handle);
            return;
        }
        c = RD_LIST_OWNER(hub->handshakes.next, struct rd_conn, handshake);
        rd_list_remove(&c->handshake);
        rd_tls_handshake(c);
    } while (rd_clock_ns() - start < RD_HUB_HANDSHAKE_NS);
}

void
rd_hub_want_handshake(struct rd_hub *hub, struct rd_conn *c)
{
    if (!rd_list_empty(&c->handshake))
        return;
    rd_list_append(&hub->handshakes, &c->handshake);
    uv_idle_start(&hub->turn, hub_on_turn);
}

/* ---- connections ---------------------------------------------------------- */

void
rd_hub_add(struct rd_hub *hub, struct rd_conn *c)
{
    RD_CHECK(hub, RD_HUB_MAGIC);
    rd_list_append(&hub->untrusted, &c->entry);
    hub->n++;
    hub->alive++;
    if (hub->uncounted)
        return;
    rd_metric_add(RD_METRIC_connections, 0, 1);
    rd_metric_inc(RD_METRIC_connections_total);
}

void
rd_hub_remove(struct rd_hub *hub, struct rd_conn *c)
{
    rd_list_remove(&c->entry);
    hub->n--;
    if (hub->n < hub->now_max / 2)
        hub->now_max = hub->max;    /* descriptors are there again */
    if (!hub->uncounted)
        rd_metric_add(RD_METRIC_connections, 0, -1);
    if (hub->paused && !hub->draining)
        rd_hub_accept_start(hub);
}

void
rd_hub_gone(struct rd_hub *hub)
{
    hub->alive--;
    if (hub->out.cap > HUB_OUT_KEEP)
        rd_buf_free(&hub->out);
    hub_check_empty(hub);
}

/* ---- start and end -------------------------------------------------------- */

static void
hub_handles(struct rd_hub *hub)
{
    rd_wheel_init(&hub->wheel, hub->loop, rd_conn_on_timer);
    uv_timer_init(hub->loop, &hub->resume);
    uv_idle_init(hub->loop, &hub->turn);
    hub->resume.data = hub->turn.data = hub;
    hub->handles = 3;
}

static int
hub_listener(struct rd_hub *hub, const struct rd_hub_listen *from)
{
    struct rd_hub_listener *l = &hub->listeners[hub->n_listeners];

    l->hub = hub;
    l->fd = fcntl(from->fd, F_DUPFD_CLOEXEC, 0);
    if (l->fd < 0)
        return RD_E_IO;
    if (uv_poll_init(hub->loop, &l->poll, l->fd) != 0) {
        close(l->fd);
        return RD_E_IO;
    }
    l->poll.data = l;
    l->open = true;
    l->local = rd_listener_is_local(l->fd);
    l->tls = rd_tls_context_ref(from->tls);
    hub->handles++;
    hub->n_listeners++;
    return 0;
}

int
rd_hub_init(struct rd_hub *hub, uv_loop_t *loop, const struct rd_conn_user *user, void *owner,
            const struct rd_hub_listen *listeners, size_t n, const struct rd_hub_limits *limits)
{
    int error = 0;

    *hub = (struct rd_hub){ .magic = RD_HUB_MAGIC, .loop = loop, .user = user, .owner = owner };
    rd_list_init(&hub->untrusted);
    rd_list_init(&hub->trusted);
    rd_list_init(&hub->handshakes);
    rd_hub_set_limits(hub, limits);
    hub->in = rd_malloc(RD_HUB_SCRATCH);
    rd_buf_init(&hub->out, HUB_OUT_LIMIT);
    hub->listeners = rd_calloc(n ? n : 1, sizeof *hub->listeners);
    hub_handles(hub);
    for (size_t i = 0; i < n && error == 0; i++)
        error = hub_listener(hub, &listeners[i]);
    hub->listening = hub->n_listeners > 0;
    if (error == 0)
        rd_hub_accept_start(hub);
    return error;
}

static void
hub_on_listener_closed(uv_handle_t *handle)
{
    struct rd_hub_listener *l = handle->data;
    struct rd_hub *hub = l->hub;

    RD_CHECK(hub, RD_HUB_MAGIC);
    hub->handles--;
    hub_check_empty(hub);
}

static void
hub_close_listeners(struct rd_hub *hub)
{
    hub->listening = false;
    for (size_t i = 0; i < hub->n_listeners; i++) {
        struct rd_hub_listener *l = &hub->listeners[i];

        if (!l->open)
            continue;
        l->open = false;
        uv_close((uv_handle_t *)&l->poll, hub_on_listener_closed);
        close(l->fd);    /* libuv has taken it out of its poll set */
        rd_tls_context_unref(l->tls);
        l->tls = NULL;
    }
}

static void
hub_each(struct rd_list *conns, void (*visit)(struct rd_conn *c))
{
    struct rd_list todo;

    rd_list_init(&todo);
    rd_list_take(&todo, conns);
    while (!rd_list_empty(&todo)) {
        struct rd_conn *c = RD_LIST_OWNER(todo.next, struct rd_conn, entry);

        rd_list_remove(&c->entry);
        rd_list_append(conns, &c->entry);
        visit(c);
    }
}

/* The short limit of idle connections begins now. */
static void
hub_drain_idle(struct rd_conn *c)
{
    if (c->state == RD_CONN_IDLE || c->state == RD_CONN_FRESH)
        rd_conn_enter(c, c->state);
}

static void
hub_on_last_accept(uv_timer_t *timer)
{
    struct rd_hub *hub = timer->data;

    rd_hub_accept_all(hub);
    hub_close_listeners(hub);
    hub_check_empty(hub);
}

/* How long a client may take to end its TCP handshake with one of the listeners. */
static uint64_t
hub_last_ms(const struct rd_hub *hub)
{
    for (size_t i = 0; i < hub->n_listeners; i++)
        if (!hub->listeners[i].local && !rd_listener_is_loopback(hub->listeners[i].fd))
            return RD_HUB_LAST_MS;
    return RD_HUB_LAST_LOCAL_MS;
}

void
rd_hub_drain(struct rd_hub *hub)
{
    RD_CHECK(hub, RD_HUB_MAGIC);
    if (hub->draining || hub->closing)
        return;
    for (size_t i = 0; i < hub->n_listeners; i++)
        rd_listener_deafen(hub->listeners[i].fd);
    hub->draining = true;
    rd_hub_accept_all(hub);
    rd_hub_accept_stop(hub);
    if (hub->listening)
        uv_timer_start(&hub->resume, hub_on_last_accept, hub_last_ms(hub), 0);
    hub_each(&hub->untrusted, hub_drain_idle);
    hub_each(&hub->trusted, hub_drain_idle);
    hub_check_empty(hub);
}

void
rd_hub_close(struct rd_hub *hub)
{
    RD_CHECK(hub, RD_HUB_MAGIC);
    if (hub->closing)
        return;
    hub->draining = hub->closing = true;
    rd_hub_accept_stop(hub);
    hub_close_listeners(hub);
    hub_each(&hub->untrusted, rd_conn_close);
    hub_each(&hub->trusted, rd_conn_close);
    rd_wheel_close(&hub->wheel, hub_on_wheel_closed);
    uv_close((uv_handle_t *)&hub->resume, hub_on_handle_closed);
    uv_close((uv_handle_t *)&hub->turn, hub_on_handle_closed);
}

void
rd_hub_free(struct rd_hub *hub)
{
    RD_CHECK(hub, RD_HUB_MAGIC);
    RD_ASSERT(hub->closing && hub->alive == 0 && hub->handles == 0);
    free(hub->listeners);
    free(hub->in);
    rd_buf_free(&hub->out);
    hub->magic = RD_DEAD;
}
