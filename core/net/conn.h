/*
 * conn.h - one connection: its bytes, its state, its time.
 *
 * Owned by its uv handle and freed only in that handle's close callback. Knows
 * no HTTP: the layer above (rd_conn_user) says which state it is in and is told
 * when bytes came, when they are all written, and when the state's time is over.
 */
#ifndef RD_NET_CONN_H
#define RD_NET_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/check.h"
#include "net/list.h"
#include "net/wheel.h"

#define RD_CONN_MAGIC RD_MAGIC('c', 'o', 'n', 'n')

#define RD_CONN_WRITE_MS 10000      /* for a peer that does not read its answer */
#define RD_CONN_LINGER_MS 1000      /* for what still comes after the last answer */
#define RD_CONN_LINGER_BYTES ((size_t)4 << 20)    /* thrown away in the kernel, never copied */

/*        name        what it waits for */
#define RD_CONN_STATES(X)                                                    \
    X(HANDSHAKE, "the TLS handshake")                                        \
    X(FRESH,     "the first byte of the first request")                      \
    X(READ,      "the rest of a request")                                    \
    X(HELD,      "the answer to a request that is not verified")             \
    X(VERIFIED,  "the answer to a verified request")                         \
    X(WRITE,     "the peer to take its answer")                              \
    X(IDLE,      "the next request")                                         \
    X(LINGER,    "the peer to close after the last answer")                  \
    X(CLOSED,    "its handle to be closed")

#define RD_CONN_ENUM(name, what) RD_CONN_##name,
enum rd_conn_state { RD_CONN_STATES(RD_CONN_ENUM) RD_CONN_STATE_COUNT };
#undef RD_CONN_ENUM

struct rd_conn;
struct rd_hub;
struct rd_link;
struct rd_transport;
struct rd_tls_context;
struct rd_tls_session;
struct rd_memory_link;

/* What the layer above does. Any call may end with the connection CLOSED. */
struct rd_conn_user {
    size_t size;    /* of the struct that begins with a rd_conn */
    char *(*room)(struct rd_conn *c, size_t *n);        /* where the next bytes go; *n 0: not now */
    void (*data)(struct rd_conn *c, size_t n);          /* that many came */
    void (*eof)(struct rd_conn *c);                     /* the peer will send no more */
    void (*written)(struct rd_conn *c);                 /* what had to wait is written */
    void (*timeout)(struct rd_conn *c);                 /* the state's time is over */
    void (*closed)(struct rd_conn *c);                  /* last call; the memory goes later */
};

struct rd_conn {
    uint32_t magic;
    enum rd_conn_state state;
    struct rd_hub *hub;
    const struct rd_link *link;              /* where its raw bytes go: socket | memory */
    const struct rd_transport *transport;    /* what is done to them: plain | tls */
    struct rd_tls_session *tls;
    struct rd_memory_link *memory;
    struct rd_timer timer;
    struct rd_list entry;         /* in the hub's list of trusted or untrusted ones, by age */
    struct rd_list handshake;     /* in the hub's queue of handshakes that have input */
    uint64_t start_ns;            /* where its request's time counts from (monotonic) */
    uint64_t entered;             /* ms on the loop's clock: since when it is in its state */
    size_t unsent;                /* writes that wait for the kernel */
    size_t dropped;               /* bytes thrown away in LINGER */
    bool trusted;                 /* once verified */
    bool eof;                     /* the peer has closed its side */
    bool paused;                  /* its user had no room: reads stopped */
    char peer[46];                /* INET6_ADDRSTRLEN; "unix" for a local socket */
    union {
        uv_handle_t any;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
        uv_idle_t idle;           /* memory: only for its close callback */
    } handle;
};

/* Takes over a connected socket of a listener; NULL when libuv refuses it (fd closed). */
struct rd_conn *rd_conn_open(struct rd_hub *hub, int fd, const char *peer, bool local,
                             struct rd_tls_context *tls);

/* The only place that changes a state; arms its timer. */
void rd_conn_enter(struct rd_conn *c, enum rd_conn_state state);
/* Name of a state ("HELD"), for logs. */
const char *rd_conn_state_name(enum rd_conn_state state);

/* Sends n bytes, as one TLS record if they fit; what the kernel leaves is copied. May close. */
void rd_conn_write(struct rd_conn *c, const char *p, size_t n);
/* The user has room again after it gave none. */
void rd_conn_resume(struct rd_conn *c);
/* Last bytes (close_notify), FIN, then LINGER: whatever comes is dropped for a moment. */
void rd_conn_finish(struct rd_conn *c);
/* At once; tells the user. */
void rd_conn_close(struct rd_conn *c);
/* It carried verified traffic: evicted only when idle for long. */
void rd_conn_trust(struct rd_conn *c);

/* For links and transports: the peer closed its side; an error ended it; its time is over. */
void rd_conn_on_eof(struct rd_conn *c);
void rd_conn_on_error(struct rd_conn *c);
void rd_conn_on_timer(struct rd_timer *t);
/* Makes a connection of the hub with link and transport set; its handle is the link's business. */
struct rd_conn *rd_conn_new(struct rd_hub *hub, const struct rd_link *link, const char *peer,
                            struct rd_tls_context *tls);
/* Frees the memory: called by the link in its close callback. */
void rd_conn_free(struct rd_conn *c);

#endif
