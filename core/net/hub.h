/*
 * hub.h - all connections of one server on one loop: accepted, counted, bounded.
 *
 * Owns listeners, timers, shared buffers and the lists of connections. When it
 * is full it closes the oldest connection that has proved nothing, or stops
 * accepting until one ends. One loop's thread only.
 */
#ifndef RD_NET_HUB_H
#define RD_NET_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "net/conn.h"

#define RD_HUB_MAGIC RD_MAGIC('h', 'u', 'b', '1')

#define RD_HUB_RESERVE_FDS 32       /* kept for files, stores, the admin listener; or a quarter */
#define RD_HUB_ACCEPT_BATCH 64      /* accepted in one turn of the loop */
#define RD_HUB_SCRATCH 18432        /* one read from a TLS socket: a full record and a bit */
#define RD_HUB_EVICT_AFTER_MS 500   /* time that a new connection has before it can be evicted */
#define RD_HUB_EVICT_IDLE_MS 2000   /* a trusted one that is idle for so long may go too */
#define RD_HUB_PAUSE_MS 100         /* accept() is tried again after so long at the latest */
#define RD_HUB_HANDSHAKE_NS 2000000 /* handshakes in one turn of the loop: others wait so long */
#define RD_HUB_DRAIN_IDLE_MS 1000   /* idle connections while draining */
#define RD_HUB_LAST_MS 200          /* for TCP handshakes that have begun when the drain begins */
#define RD_HUB_LAST_LOCAL_MS 5      /* the same where no network is between */

struct rd_hub_limits {
    uint64_t handshake, request, answer, idle;    /* ms: see http/server.h */
    size_t max_connections;                       /* 0: from RLIMIT_NOFILE */
};

struct rd_hub_listener {
    struct rd_hub *hub;
    uv_poll_t poll;
    int fd;
    bool open;                       /* its uv handle is not closed */
    bool local;
    struct rd_tls_context *tls;      /* one reference; NULL: plain */
};

struct rd_hub {
    uint32_t magic;
    uv_loop_t *loop;
    const struct rd_conn_user *user;
    void *owner;                          /* the server */
    struct rd_hub_limits limits;
    size_t max;                           /* connections at most, by the limits */
    size_t now_max;                       /* the same, or fewer while descriptors run low */
    int fd_limit;                         /* descriptors from here on are the reserve */

    struct rd_hub_listener *listeners;
    size_t n_listeners;
    struct rd_wheel wheel;
    uv_timer_t resume;                    /* while accept() pauses; the last accept() of a drain */
    uv_idle_t turn;                       /* runs while handshakes wait */
    unsigned handles;                     /* own uv handles that are not closed yet */

    struct rd_list untrusted, trusted;    /* connections, oldest first */
    struct rd_list handshakes;
    size_t n;                             /* connections that are open */
    size_t alive;                         /* connections whose memory is not freed yet */
    bool paused, draining, closing;
    bool listening;                       /* listeners are open */
    bool uncounted;                       /* its connections are not in the metrics */
    uint64_t logged_ms;                   /* when it last complained */

    char *in;                             /* RD_HUB_SCRATCH bytes: ciphertext, what is dropped */
    struct rd_buf out;                    /* ciphertext of one write */
    void (*empty)(struct rd_hub *hub);    /* draining or closing, and nothing is left */
};

struct rd_hub_listen {
    int fd;                               /* duplicated */
    struct rd_tls_context *tls;           /* a reference is taken */
};

/* Accepts on the listeners from now on. 0 or an error (nothing left behind but closing handles). */
int rd_hub_init(struct rd_hub *hub, uv_loop_t *loop, const struct rd_conn_user *user, void *owner,
                const struct rd_hub_listen *listeners, size_t n,
                const struct rd_hub_limits *limits);
void rd_hub_set_limits(struct rd_hub *hub, const struct rd_hub_limits *limits);
void rd_hub_set_tls(struct rd_hub *hub, size_t listener, struct rd_tls_context *tls);
/* Accepts what has begun to connect, then closes listeners and idle connections; then empty(). */
void rd_hub_drain(struct rd_hub *hub);
/* Closes all; empty() when every handle of it is closed: then its memory may go. */
void rd_hub_close(struct rd_hub *hub);
/* Frees what rd_hub_init allocated; after empty() of rd_hub_close. */
void rd_hub_free(struct rd_hub *hub);

/* For conn.c and tls_session.c */
void rd_hub_add(struct rd_hub *hub, struct rd_conn *c);
void rd_hub_remove(struct rd_hub *hub, struct rd_conn *c);    /* it is CLOSED: no longer counted */
void rd_hub_gone(struct rd_hub *hub);                           /* its memory is freed */
void rd_hub_want_handshake(struct rd_hub *hub, struct rd_conn *c);

/* In accept.c */
void rd_hub_accept_start(struct rd_hub *hub);
void rd_hub_accept_stop(struct rd_hub *hub);
/* All that is waiting, past the limit if need be. */
void rd_hub_accept_all(struct rd_hub *hub);
/* No new connection comes to the listener; those that have begun still do. Any thread. */
void rd_listener_deafen(int fd);
/* A listening unix socket. */
bool rd_listener_is_local(int fd);
/* A TCP socket that only this machine can reach. */
bool rd_listener_is_loopback(int fd);

#endif
