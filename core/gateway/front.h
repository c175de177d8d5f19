/*
 * front.h - a front thread: its loop, its HTTP server, its exchanges.
 *
 * Never runs Lua, never touches the disk, never waits for a lock held during
 * work. Main starts it, hands it new generations, and drains it.
 */
#ifndef RD_GATEWAY_FRONT_H
#define RD_GATEWAY_FRONT_H

#include "gateway/config.h"
#include "gateway/exchange.h"
#include "gateway/gateway.h"
#include "loop/loop.h"

#define RD_FRONT_MAGIC RD_MAGIC('f', 'r', 'o', 'n')

struct rd_front {
    uint32_t magic;
    unsigned index;
    struct rd_loop loop;
    struct rd_gateway *gateway;
    struct rd_http_server *server;
    const struct rd_http_listen *listen;    /* until started */
    size_t n_listen;
    struct rd_generation *generation;       /* current; a reference */
    struct rd_exchange **slots;             /* exchanges are allocated once and used again */
    uint32_t n_slots, cap_slots;
    struct rd_exchange *free_slots;
    uint32_t open;                          /* exchanges in use */
    uint32_t held;                          /* work under way that needs the loop */
    uv_timer_t retry_timer;
    struct front_retry *retries;            /* what is tried again at the next tick */
    struct rd_buf urls;                     /* scratch of VERIFY */
    bool draining, server_gone;
    void (*drained)(void *arg);             /* called once on the front's thread */
    void *drained_arg;
};

/* Starts the thread and serves at once; 0 or an error. Takes a reference of the generation. */
int rd_front_start(struct rd_front *f, struct rd_gateway *g, unsigned index,
                   const struct rd_http_listen *listen, size_t n_listen,
                   struct rd_generation *generation);
/*
 * From now on new requests get this generation, new TLS connections this certificate (NULL: as
 * before); done(arg) is called on the front's thread. Any thread.
 */
void rd_front_install(struct rd_front *f, struct rd_generation *generation,
                      struct rd_tls_context *tls, void (*done)(void *arg), void *arg);
/* SIGTERM: see http/server.h; drained(arg) once the last exchange has ended. Any thread. */
void rd_front_drain(struct rd_front *f, void (*drained)(void *arg), void *arg);
/* drain_limit: every open exchange acts as if its soft deadline were now. Any thread. */
void rd_front_hurry(struct rd_front *f);
/* Closes what is left, ends the thread, joins it. Main. */
void rd_front_stop(struct rd_front *f);

/* A verdict for a ticket, from any thread; dropped when that is gone. Takes its own reference. */
void rd_front_deliver(struct rd_gateway *g, uint64_t ticket, const struct rd_verdict *verdict);
/* (front's thread) Calls fn(g, arg) again after a short while. */
void rd_front_retry(struct rd_front *f, void (*fn)(struct rd_front *f, void *arg), void *arg);
/* (front's thread) Work on another thread will come back: the front is not drained before. */
void rd_front_hold(struct rd_front *f);
void rd_front_release(struct rd_front *f);
/* The front whose thread is running, or NULL. */
struct rd_front *rd_front_current(void);
/* Where completions for a ticket's message go. */
struct rd_mailbox *rd_front_mailbox(struct rd_gateway *g, uint64_t ticket);

#endif
