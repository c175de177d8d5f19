/* address.c - see address.h. Owns nothing but the sockets it hands out; called by main and app. */
#include "net/address.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"

#define ADDRESS_BACKLOG 4096    /* the kernel cuts it to net.core.somaxconn */

/* ---- text ----------------------------------------------------------------- */

static int
address_port(struct rd_slice digits, uint16_t *port)
{
    unsigned long value = 0;

    if (digits.n == 0 || digits.n > 5)
        return RD_E_INVALID;
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9')
            return RD_E_INVALID;
        value = value * 10 + (unsigned long)(digits.p[i] - '0');
    }
    *port = (uint16_t)value;
    return value <= 65535 ? 0 : RD_E_INVALID;
}

static int
address_host(struct rd_slice host, struct rd_address *out)
{
    if (host.n == 0 || host.n >= sizeof out->host || memchr(host.p, '\0', host.n)
        || (!out->local && (memchr(host.p, '/', host.n) || memchr(host.p, ' ', host.n))))
        return RD_E_INVALID;
    memcpy(out->host, host.p, host.n);
    out->host[host.n] = '\0';
    return 0;
}

/* HOST[:PORT] or [ADDRESS][:PORT] */
static int
address_authority(struct rd_slice s, struct rd_address *out)
{
    struct rd_slice host, rest;
    size_t end;

    if (s.n > 0 && s.p[0] == '[') {
        end = rd_slice_find(s, ']');
        if (end == s.n)
            return RD_E_INVALID;
        host = rd_slice_make(s.p + 1, end - 1);
        rest = rd_slice_skip(s, end + 1);
    } else {
        end = rd_slice_find(s, ':');
        host = rd_slice_make(s.p, end);
        rest = rd_slice_skip(s, end);
    }
    if (address_host(host, out) != 0)
        return RD_E_INVALID;
    if (rest.n == 0)
        return 0;
    return rest.p[0] == ':' ? address_port(rd_slice_skip(rest, 1), &out->port) : RD_E_INVALID;
}

int
rd_address_parse(struct rd_slice text, struct rd_address *out)
{
    *out = (struct rd_address){ .port = 80 };
    if (rd_slice_starts(text, RD_LIT("unix:"))) {
        out->local = true;
        out->port = 0;
        return address_host(rd_slice_skip(text, 5), out);
    }
    if (rd_slice_starts(text, RD_LIT("https://"))) {
        out->tls = true;
        out->port = 443;
        text = rd_slice_skip(text, 8);
    } else if (rd_slice_starts(text, RD_LIT("http://"))) {
        text = rd_slice_skip(text, 7);
    }
    if (text.n > 0 && text.p[text.n - 1] == '/')
        text.n--;
    return address_authority(text, out);
}

bool
rd_address_is_loopback(const struct rd_address *a)
{
    return a->local || strncmp(a->host, "127.", 4) == 0 || strcmp(a->host, "::1") == 0
        || strcmp(a->host, "localhost") == 0;
}

/* ---- sockets -------------------------------------------------------------- */

static int
address_failed(const struct rd_address *a, int error, struct rd_buf *why)
{
    const char *hint = "";

    if (error == EADDRINUSE)
        hint = "; another program listens there";
    else if (error == EACCES && !a->local)
        hint = "; ports below 1024 need root or CAP_NET_BIND_SERVICE";
    else if (error == EADDRNOTAVAIL)
        hint = "; this machine does not have that address";
    if (a->local)
        rd_buf_printf(why, "cannot listen on unix:%s: %s%s", a->host, strerror(error), hint);
    else
        rd_buf_printf(why, "cannot listen on %s port %u: %s%s", a->host, a->port,
                      strerror(error), hint);
    return RD_E_ADDRESS;
}

/* A socket file that nobody listens on is left from a crash. */
static void
address_remove_stale(const struct sockaddr_un *un)
{
    struct stat st;
    int fd;

    if (lstat(un->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)un, sizeof *un) != 0 && errno == ECONNREFUSED)
        unlink(un->sun_path);
    close(fd);
}

static int
address_listen(int fd, const struct sockaddr *sa, socklen_t n)
{
    int one = 1;

    if (sa->sa_family != AF_UNIX)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (sa->sa_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bind(fd, sa, n) != 0 || listen(fd, ADDRESS_BACKLOG) != 0)
        return errno;
    return 0;
}

static int
address_bind_one(const struct rd_address *a, const struct sockaddr *sa, socklen_t n, int *fd,
                 struct rd_buf *why)
{
    int error;

    *fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return address_failed(a, errno, why);
    error = address_listen(*fd, sa, n);
    if (error != 0) {
        close(*fd);
        *fd = -1;
        return address_failed(a, error, why);
    }
    return 0;
}

/* Only our own user may talk to a unix socket. */
static int
address_bind_unix(const struct rd_address *a, int *fd, struct rd_buf *why)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    mode_t mask;
    int error;

    memcpy(un.sun_path, a->host, sizeof un.sun_path);
    un.sun_path[sizeof un.sun_path - 1] = '\0';
    address_remove_stale(&un);
    mask = umask(0177);
    error = address_bind_one(a, (struct sockaddr *)&un, sizeof un, fd, why);
    umask(mask);
    return error;
}

int
rd_address_bind(const struct rd_address *a, int *fd, struct rd_buf *why)
{
    struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                              .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    char port[8];
    int error;

    *fd = -1;
    if (a->local)
        return address_bind_unix(a, fd, why);
    snprintf(port, sizeof port, "%u", a->port);
    error = getaddrinfo(a->host, port, &hints, &found);
    if (error != 0) {
        rd_buf_printf(why, "cannot listen on %s: %s", a->host, gai_strerror(error));
        return RD_E_ADDRESS;
    }
    error = address_bind_one(a, found->ai_addr, found->ai_addrlen, fd, why);
    freeaddrinfo(found);
    return error;
}

static unsigned
address_bound_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } a = { 0 };
    socklen_t n = sizeof a;

    if (getsockname(fd, &a.any, &n) != 0)
        return 0;
    return ntohs(a.any.sa_family == AF_INET6 ? a.in6.sin6_port : a.in.sin_port);
}

int
rd_address_print(const struct rd_address *a, int fd, struct rd_buf *out)
{
    bool v6 = strchr(a->host, ':') != NULL;

    if (a->local)
        return rd_buf_printf(out, "unix:%s", a->host);
    return rd_buf_printf(out, "http%s://%s%s%s:%u", a->tls ? "s" : "", v6 ? "[" : "", a->host,
                         v6 ? "]" : "", address_bound_port(fd));
}
