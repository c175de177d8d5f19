/*
 * admin_socket.h - the listening socket of the admin listener.
 */
#ifndef RD_APP_ADMIN_SOCKET_H
#define RD_APP_ADMIN_SOCKET_H

#include <sys/un.h>

#include "base/buf.h"
#include "base/slice.h"

struct rd_admin_socket {
    char text[160];                                          /* "unix:PATH" or "http://HOST:PORT" */
    char path[sizeof((struct sockaddr_un *)0)->sun_path];    /* to remove at the end; "" for TCP */
};

/* *fd listens; 0, or RD_E_ADDRESS / RD_E_IO with the reason in why. */
int rd_admin_socket_open(struct rd_admin_socket *s, struct rd_slice address, int *fd,
                         struct rd_buf *why);

/* Removes the file of a unix socket. */
void rd_admin_socket_close(struct rd_admin_socket *s);

#endif
