/*
 * transport.h - what lies between a connection and its bytes, as two tables.
 *
 * A link moves raw bytes: a socket, or memory (tests and fuzzing: a whole
 * server without a socket). A transport gives them their meaning: plain or TLS.
 */
#ifndef RD_NET_TRANSPORT_H
#define RD_NET_TRANSPORT_H

#include <stddef.h>

#include "net/conn.h"

struct rd_link {
    const char *name;
    void (*read)(struct rd_conn *c, bool on);
    /* All of it, now or later (then it is copied and c->unsent counts it); 0 or an error. */
    int (*write)(struct rd_conn *c, const char *p, size_t n);
    /* What was received is acknowledged now: the peer may wait for that (may be NULL). */
    void (*acknowledge)(struct rd_conn *c);
    /* No more writes; only called when nothing is unsent. */
    void (*fin)(struct rd_conn *c);
    /* Ends with rd_conn_free, later. */
    void (*close)(struct rd_conn *c);
};

struct rd_transport {
    const char *name;
    /* Where the link may put its next bytes; *n 0: not now. */
    char *(*room)(struct rd_conn *c, size_t *n);
    void (*received)(struct rd_conn *c, size_t n);
    /* The user has room again: hands over what the transport kept. */
    void (*resume)(struct rd_conn *c);
    int (*write)(struct rd_conn *c, const char *p, size_t n);
    /* Last words before the FIN. */
    void (*finish)(struct rd_conn *c);
    void (*free)(struct rd_conn *c);
};

extern const struct rd_link rd_link_socket, rd_link_memory;
extern const struct rd_transport rd_transport_plain, rd_transport_tls;

/* Gives the link's next bytes a place; LINGER: the place is scratch. */
char *rd_conn_room(struct rd_conn *c, size_t *n);
/* n bytes are in that place. */
void rd_conn_received(struct rd_conn *c, size_t n);

#endif
