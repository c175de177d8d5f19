/*
 * accept.c - new connections of a hub: accepted in batches, evicting or pausing at the limits.
 *
 * Owns nothing. accept() is called by ourselves on a polled socket, because
 * libuv's own answer to EMFILE is to accept and close what is waiting.
 */
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "net/hub.h"
#include "net/tls.h"

#define ACCEPT_LOG_MS 1000    /* at most one line in so long */
#define ACCEPT_LEAST 4    /* connections even when descriptors run low */
#define ACCEPT_DRAIN_MOST 4096    /* taken from the backlog at a drain */

static void
accept_on_resume(uv_timer_t *timer)
{
    rd_hub_accept_start(timer->data);
}

static void
accept_pause(struct rd_hub *hub, const char *why)
{
    uint64_t now = uv_now(hub->loop);

    if (hub->paused)
        return;
    rd_hub_accept_stop(hub);
    hub->paused = true;
    uv_timer_start(&hub->resume, accept_on_resume, RD_HUB_PAUSE_MS, 0);
    rd_metric_inc(RD_METRIC_accept_pauses_total);
    if (hub->logged_ms != 0 && now - hub->logged_ms < ACCEPT_LOG_MS)
        return;
    hub->logged_ms = now;
    rd_log_msg(RD_LOG_WARN, "accept-paused", "%s; %zu connections of at most %zu", why, hub->n,
               hub->now_max);
}

/* ---- making room ---------------------------------------------------------- */

static bool
accept_may_evict(const struct rd_conn *c, uint64_t now_ns)
{
    if (c->state == RD_CONN_LINGER)
        return true;
    if (c->trusted)
        return c->state == RD_CONN_IDLE
               && uv_now(c->hub->loop) - c->entered >= RD_HUB_EVICT_IDLE_MS;
    if (c->state == RD_CONN_HELD || c->state == RD_CONN_VERIFIED)
        return false;
    return (now_ns - c->start_ns) / RD_MS >= RD_HUB_EVICT_AFTER_MS;
}

static struct rd_conn *
accept_victim(struct rd_list *conns)
{
    uint64_t now = rd_clock_ns();

    for (struct rd_list *e = conns->next; e != conns; e = e->next) {
        struct rd_conn *c = RD_LIST_OWNER(e, struct rd_conn, entry);

        if (accept_may_evict(c, now))
            return c;
    }
    return NULL;
}

/* A connection that can be evicted when it is older. */
static bool
accept_has_young(struct rd_hub *hub)
{
    for (struct rd_list *e = hub->untrusted.next; e != &hub->untrusted; e = e->next) {
        enum rd_conn_state state = RD_LIST_OWNER(e, struct rd_conn, entry)->state;

        if (state != RD_CONN_HELD && state != RD_CONN_VERIFIED)
            return true;
    }
    return false;
}

/* Trusted ones go only when they are idle and there is nobody else. */
static bool
accept_make_room(struct rd_hub *hub)
{
    struct rd_conn *c = accept_victim(&hub->untrusted);

    if (c == NULL && !accept_has_young(hub))
        c = accept_victim(&hub->trusted);
    if (c == NULL)
        return false;
    rd_metric_inc(RD_METRIC_connections_evicted_total);
    rd_conn_close(c);
    return true;
}

/* ---- accepting ------------------------------------------------------------ */

static void
accept_peer_name(const struct sockaddr_storage *a, char *out, size_t n)
{
    if (a->ss_family == AF_UNIX || uv_ip_name((const struct sockaddr *)a, out, n) != 0)
        snprintf(out, n, "%s", "unix");
}

/*
 * The kernel gives out the lowest free number, so a high one tells that the whole process has few
 * left: no more connections than now (until half of them have ended).
 */
static void
accept_low(struct rd_hub *hub)
{
    hub->now_max = hub->n > ACCEPT_LEAST ? hub->n : ACCEPT_LEAST;
}

/* 1: accepted (or one that failed on its own); 0: none is waiting; -1: no descriptors. */
static int
accept_one(struct rd_hub_listener *l)
{
    struct sockaddr_storage a = { .ss_family = AF_UNIX };
    socklen_t len = sizeof a;
    char peer[sizeof ((struct rd_conn *)NULL)->peer];
    int fd = accept4(l->fd, (struct sockaddr *)&a, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINVAL)
            return 0;    /* EINVAL: a unix socket after its shutdown() */
        return errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM ? -1 : 1;
    }
    if (fd >= l->hub->fd_limit)
        accept_low(l->hub);
    accept_peer_name(&a, peer, sizeof peer);
    (void)rd_conn_open(l->hub, fd, peer, l->local, l->tls);
    return 1;
}

static void
accept_on_readable(uv_poll_t *handle, int status, int events)
{
    struct rd_hub_listener *l = handle->data;
    struct rd_hub *hub = l->hub;
    int got = 1;

    (void)status;
    (void)events;
    RD_CHECK(hub, RD_HUB_MAGIC);
    for (int i = 0; i < RD_HUB_ACCEPT_BATCH && got == 1; i++) {
        if (hub->n >= hub->now_max && !accept_make_room(hub)) {
            accept_pause(hub, "the limit is reached");
            return;
        }
        got = accept_one(l);
    }
    if (got < 0)
        accept_pause(hub, strerror(errno));
}

void
rd_hub_accept_start(struct rd_hub *hub)
{
    RD_CHECK(hub, RD_HUB_MAGIC);
    hub->paused = false;
    uv_timer_stop(&hub->resume);
    for (size_t i = 0; i < hub->n_listeners; i++)
        if (hub->listeners[i].open)
            uv_poll_start(&hub->listeners[i].poll, UV_READABLE, accept_on_readable);
}

void
rd_hub_accept_stop(struct rd_hub *hub)
{
    hub->paused = false;
    uv_timer_stop(&hub->resume);
    for (size_t i = 0; i < hub->n_listeners; i++)
        if (hub->listeners[i].open)
            uv_poll_stop(&hub->listeners[i].poll);
}

void
rd_hub_accept_all(struct rd_hub *hub)
{
    for (size_t i = 0; i < hub->n_listeners; i++)
        for (int k = 0; k < ACCEPT_DRAIN_MOST && hub->listeners[i].open
                        && accept_one(&hub->listeners[i]) == 1; k++)
            continue;
}

/*
 * Whoever is connected between the last accept() and close() gets a RST. So first the kernel is
 * told to drop SYNs (their sender repeats them, and then finds a successor or is refused), or to
 * refuse, on a unix socket; handshakes that have begun still come to their end. See socket(7),
 * SO_ATTACH_FILTER; a TCP socket's filter sees the TCP header. Byte 13 are its flags, 2 is SYN.
 */
void
rd_listener_deafen(int fd)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    struct sock_fprog drop_syn = { sizeof code / sizeof code[0], code };

    if (rd_listener_is_local(fd))
        (void)shutdown(fd, SHUT_RD);
    else    /* a kernel without filters leaves the small gap open */
        (void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &drop_syn, sizeof drop_syn);
}

static bool
listener_address(int fd, struct sockaddr_storage *a)
{
    socklen_t len = sizeof *a;

    memset(a, 0, sizeof *a);
    return getsockname(fd, (struct sockaddr *)a, &len) == 0;
}

bool
rd_listener_is_local(int fd)
{
    struct sockaddr_storage a;

    return listener_address(fd, &a) && a.ss_family == AF_UNIX;
}

bool
rd_listener_is_loopback(int fd)
{
    struct sockaddr_storage a;

    if (!listener_address(fd, &a))
        return false;
    if (a.ss_family == AF_INET)
        return ntohl(((struct sockaddr_in *)&a)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    return a.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)&a)->sin6_addr);
}
