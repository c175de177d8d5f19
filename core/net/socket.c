/*
 * socket.c - the link over TCP and unix sockets, by libuv streams.
 *
 * Owns the uv handle, with which the connection's memory goes. Called by conn.c
 * through rd_link_socket, and by accept.c for new sockets.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "net/hub.h"
#include "net/tls.h"
#include "net/transport.h"

#define SOCKET_DROP 65536    /* thrown away by one call of recv() */
#define SOCKET_DROP_ROUNDS 16

struct socket_write {
    uv_write_t req;
    struct rd_conn *conn;
    char bytes[];
};

static struct rd_conn *
socket_conn(uv_handle_t *handle)
{
    struct rd_conn *c = handle->data;

    RD_CHECK(c, RD_CONN_MAGIC);
    return c;
}

static int
socket_fd(const struct rd_conn *c)
{
    uv_os_fd_t fd = -1;

    (void)uv_fileno(&c->handle.any, &fd);
    return fd;
}

/*
 * What comes after the last answer is not copied: the kernel throws it away.
 * MSG_TRUNC on TCP is documented in tcp(7); unix sockets just read nothing.
 */
static void
socket_drop(struct rd_conn *c)
{
    if (c->handle.any.type != UV_TCP)
        return;
    for (int i = 0; i < SOCKET_DROP_ROUNDS && c->dropped <= RD_CONN_LINGER_BYTES; i++) {
        ssize_t n = recv(socket_fd(c), NULL, SOCKET_DROP, MSG_TRUNC | MSG_DONTWAIT);

        if (n <= 0)
            break;
        c->dropped += (size_t)n;
    }
}

static void
socket_on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct rd_conn *c = socket_conn(handle);
    size_t n = 0;

    (void)suggested;
    if (c->state == RD_CONN_LINGER)
        socket_drop(c);
    buf->base = rd_conn_room(c, &n);
    buf->len = n;
}

static void
socket_on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct rd_conn *c = socket_conn((uv_handle_t *)stream);

    (void)buf;
    if (n > 0) {
        rd_conn_received(c, (size_t)n);
    } else if (n == UV_ENOBUFS) {
        c->paused = true;
        uv_read_stop(stream);
    } else if (n == UV_EOF) {
        rd_conn_on_eof(c);
    } else if (n < 0) {
        rd_conn_on_error(c);
    } else {
        rd_conn_received(c, 0);    /* nothing after all: the room may be given back */
    }
}

static void
socket_read(struct rd_conn *c, bool on)
{
    if (!on)
        uv_read_stop(&c->handle.stream);
    else if (uv_read_start(&c->handle.stream, socket_on_alloc, socket_on_read) != 0)
        rd_conn_on_error(c);
}

static void
socket_on_written(uv_write_t *req, int status)
{
    struct socket_write *w = (struct socket_write *)(void *)req;
    struct rd_conn *c = w->conn;

    free(w);
    RD_CHECK(c, RD_CONN_MAGIC);
    c->unsent--;
    if (c->state == RD_CONN_CLOSED)
        return;
    if (status != 0)
        rd_conn_on_error(c);
    else if (c->unsent == 0)
        c->hub->user->written(c);
}

static int
socket_write_later(struct rd_conn *c, const char *p, size_t n)
{
    struct socket_write *w = malloc(sizeof *w + n);
    uv_buf_t buf;

    if (w == NULL)
        return RD_E_NOMEM;
    w->conn = c;
    memcpy(w->bytes, p, n);
    buf = uv_buf_init(w->bytes, (unsigned)n);
    if (uv_write(&w->req, &c->handle.stream, &buf, 1, socket_on_written) != 0) {
        free(w);
        return RD_E_IO;
    }
    c->unsent++;
    return 0;
}

static int
socket_write(struct rd_conn *c, const char *p, size_t n)
{
    uv_buf_t buf = uv_buf_init((char *)(uintptr_t)p, (unsigned)n);
    int done = uv_try_write(&c->handle.stream, &buf, 1);

    if (done == UV_EAGAIN)
        done = 0;
    if (done < 0)
        return RD_E_IO;
    if ((size_t)done == n)
        return 0;
    return socket_write_later(c, p + done, n - (size_t)done);
}

/*
 * A client with Nagle that spoke last in a handshake (a resumed TLS 1.2 one) sends its request only
 * after the ACK that the kernel would delay for 40 ms.
 */
static void
socket_acknowledge(struct rd_conn *c)
{
    int one = 1;

    (void)setsockopt(socket_fd(c), IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
}

static void
socket_fin(struct rd_conn *c)
{
    (void)shutdown(socket_fd(c), SHUT_WR);    /* fails when the peer has reset: the read tells */
}

static void
socket_on_closed(uv_handle_t *handle)
{
    rd_conn_free(socket_conn(handle));
}

static void
socket_close(struct rd_conn *c)
{
    uv_close(&c->handle.any, socket_on_closed);
}

const struct rd_link rd_link_socket = {
    .name = "socket", .read = socket_read, .write = socket_write,
    .acknowledge = socket_acknowledge, .fin = socket_fin, .close = socket_close,
};

static int
socket_adopt(struct rd_conn *c, int fd, bool local)
{
    int one = 1;

    if (local) {
        RD_ASSERT(uv_pipe_init(c->hub->loop, &c->handle.pipe, 0) == 0);
        c->handle.any.data = c;
        return uv_pipe_open(&c->handle.pipe, fd);
    }
    RD_ASSERT(uv_tcp_init(c->hub->loop, &c->handle.tcp) == 0);
    c->handle.any.data = c;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return uv_tcp_open(&c->handle.tcp, fd);
}

struct rd_conn *
rd_conn_open(struct rd_hub *hub, int fd, const char *peer, bool local,
             struct rd_tls_context *tls)
{
    struct rd_conn *c = rd_conn_new(hub, &rd_link_socket, peer, tls);
    int error = socket_adopt(c, fd, local);

    if (error != 0)
        close(fd);
    else if (tls != NULL)
        error = rd_tls_attach(c, tls);
    if (error != 0) {
        rd_conn_enter(c, RD_CONN_FRESH);
        rd_conn_close(c);
        return NULL;
    }
    rd_conn_enter(c, tls ? RD_CONN_HANDSHAKE : RD_CONN_FRESH);
    socket_read(c, true);
    return c;
}
