/* admin_socket.c - see admin_socket.h. Called by admin.c at start and stop. */
#include "app/admin_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define ADMIN_BACKLOG 64

static int
admin_fail(struct rd_buf *why, int error, const char *where)
{
    rd_buf_printf(why, "admin %s: %s", where, strerror(errno));
    return error;
}

/* Somebody accepts connections there. */
static bool
admin_is_alive(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool alive = fd >= 0 && (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0
                             || errno == EAGAIN);

    if (fd >= 0)
        close(fd);
    return alive;
}

/* Only the user himself may connect. The mask is the process's, but at start nobody makes files. */
static int
admin_bind_private(int fd, const struct sockaddr_un *address)
{
    mode_t old = umask(0177);
    int failed = bind(fd, (const struct sockaddr *)address, sizeof *address);

    umask(old);
    return failed;
}

static int
admin_open_unix(struct rd_admin_socket *s, struct rd_slice path, int *fd, struct rd_buf *why)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct stat st;

    if (path.n == 0 || path.n >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return admin_fail(why, RD_E_ADDRESS, s->text);
    }
    memcpy(address.sun_path, path.p, path.n);
    if (admin_is_alive(&address)) {
        rd_buf_printf(why, "admin %s: another replyd listens there", s->text);
        return RD_E_ADDRESS;
    }
    if (lstat(address.sun_path, &st) == 0 && S_ISSOCK(st.st_mode))
        unlink(address.sun_path);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0 || admin_bind_private(*fd, &address) != 0 || listen(*fd, ADMIN_BACKLOG) != 0)
        return admin_fail(why, RD_E_ADDRESS, s->text);
    memcpy(s->path, address.sun_path, sizeof s->path);
    return 0;
}

/* HOST:PORT or [HOST]:PORT; the configuration has checked it. */
static socklen_t
admin_parse(struct rd_slice text, struct sockaddr_storage *address)
{
    struct sockaddr_in *v4 = (void *)address;
    struct sockaddr_in6 *v6 = (void *)address;
    char host[64];
    size_t colon = text.n, skip = text.n > 0 && text.p[0] == '[';
    uint16_t port;

    while (colon > 0 && text.p[colon - 1] != ':')
        colon--;
    if (colon < 2 + 2 * skip || colon > sizeof host)
        return 0;
    snprintf(host, sizeof host, "%.*s", (int)(colon - 1 - 2 * skip), text.p + skip);
    port = htons((uint16_t)atoi(text.p + colon));
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = port;
        return sizeof *v4;
    }
    v6->sin6_family = AF_INET6;
    v6->sin6_port = port;
    return inet_pton(AF_INET6, host, &v6->sin6_addr) == 1 ? sizeof *v6 : 0;
}

/* The address with the port that the kernel gave. */
static void
admin_print_address(struct rd_admin_socket *s, int fd)
{
    struct sockaddr_storage address = { 0 };
    socklen_t n = sizeof address;
    const struct sockaddr_in *v4 = (void *)&address;
    const struct sockaddr_in6 *v6 = (void *)&address;
    char host[INET6_ADDRSTRLEN] = "";

    memset(&address, 0, sizeof address);
    if (getsockname(fd, (struct sockaddr *)&address, &n) != 0)
        return;
    if (address.ss_family == AF_INET) {
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        snprintf(s->text, sizeof s->text, "http://%s:%u", host, ntohs(v4->sin_port));
    } else {
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        snprintf(s->text, sizeof s->text, "http://[%s]:%u", host, ntohs(v6->sin6_port));
    }
}

static int
admin_open_tcp(struct rd_admin_socket *s, struct rd_slice text, int *fd, struct rd_buf *why)
{
    struct sockaddr_storage address;
    socklen_t n;
    char copy[64];
    int one = 1;

    snprintf(copy, sizeof copy, "%.*s", RD_PRI(text));
    n = admin_parse(rd_slice_str(copy), &address);
    errno = EINVAL;
    if (n == 0)
        return admin_fail(why, RD_E_ADDRESS, s->text);
    *fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0)
        return admin_fail(why, RD_E_IO, s->text);
    setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(*fd, (struct sockaddr *)&address, n) != 0 || listen(*fd, ADMIN_BACKLOG) != 0)
        return admin_fail(why, RD_E_ADDRESS, s->text);
    admin_print_address(s, *fd);
    return 0;
}

int
rd_admin_socket_open(struct rd_admin_socket *s, struct rd_slice address, int *fd,
                     struct rd_buf *why)
{
    const struct rd_slice prefix = RD_LIT("unix:");
    int status;

    *s = (struct rd_admin_socket){ .text = "" };
    *fd = -1;
    snprintf(s->text, sizeof s->text, "%.*s", RD_PRI(address));
    if (rd_slice_starts(address, prefix))
        status = admin_open_unix(s, rd_slice_skip(address, prefix.n), fd, why);
    else
        status = admin_open_tcp(s, address, fd, why);
    if (status != 0 && *fd >= 0) {
        close(*fd);
        *fd = -1;
    }
    return status;
}

void
rd_admin_socket_close(struct rd_admin_socket *s)
{
    if (s->path[0])
        unlink(s->path);
    s->path[0] = 0;
}
