/*
 * memory.h - a connection without a socket: bytes are fed in and collected by its owner.
 *
 * For unit tests, fuzzing and benchmarks of the whole server pipeline. The rd_memory_link is the
 * caller's and outlives its connection.
 */
#ifndef RD_NET_MEMORY_H
#define RD_NET_MEMORY_H

#include "base/buf.h"
#include "net/hub.h"

struct rd_memory_link {
    struct rd_conn *conn;    /* NULL when it is closed */
    struct rd_buf in;        /* fed, but not read yet */
    struct rd_buf out;       /* what the connection has sent */
    struct rd_buf waiting;   /* sent while blocked */
    bool reading, delivering;
    bool ended;              /* the peer's FIN is behind what is in `in` */
    bool finished;           /* our FIN has been sent */
    bool blocked;            /* the peer takes nothing */
};

/* A new connection of the hub. */
void rd_memory_open(struct rd_memory_link *m, struct rd_hub *hub, struct rd_tls_context *tls);
/* Bytes from the peer; delivered at once as far as the connection reads. */
void rd_memory_feed(struct rd_memory_link *m, struct rd_slice bytes);
/* The peer's FIN behind what was fed. */
void rd_memory_end(struct rd_memory_link *m);
/* The peer takes nothing from now on, or all again. */
void rd_memory_block(struct rd_memory_link *m, bool blocked);
/* Frees the buffers; the connection must be closed. */
void rd_memory_free(struct rd_memory_link *m);

#endif
