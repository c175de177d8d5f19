/*
 * log_sink.c - see log_sink.h. Called by the log thread, and by others while
 * there is none. Knows nothing of lines.
 */
#include "base/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#define SINK_POLL_MS 50    /* how often a full sink looks at its end time */

void
rd_log_sink_open(struct rd_log_sink *s, int fd)
{
    char path[32];
    struct stat st;
    int own;

    *s = (struct rd_log_sink){ .fd = fd, .opened = true };
    if (fstat(fd, &st) != 0)
        return;
    s->socket = S_ISSOCK(st.st_mode);
    if (!S_ISFIFO(st.st_mode))
        return;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    own = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (own >= 0) {
        s->fd = own;
        s->own = true;
    }
}

void
rd_log_sink_close(struct rd_log_sink *s)
{
    if (s->own)
        close(s->fd);
    *s = (struct rd_log_sink){ .fd = STDERR_FILENO };
}

/* One attempt: bytes written, 0 when there is no room, -1 when the sink is broken. */
static ssize_t
sink_try(struct rd_log_sink *s, const char *p, size_t n)
{
    ssize_t r;

    if (!s->own && !s->socket && n > PIPE_BUF)
        n = PIPE_BUF;    /* a pipe that poll() calls writable takes this much without blocking */
    r = s->socket ? send(s->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL) : write(s->fd, p, n);
    if (r >= 0)
        return r;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -1;
}

size_t
rd_log_sink_write_until(struct rd_log_sink *s, const char *p, size_t n,
                        uint64_t (*give_up)(void *arg), void *arg)
{
    struct pollfd room = { .fd = s->fd, .events = POLLOUT };
    size_t done = 0;

    while (done < n) {
        int ready = poll(&room, 1, SINK_POLL_MS);
        ssize_t r = ready > 0 ? sink_try(s, p + done, n - done) : 0;

        if (r < 0 || (r == 0 && rd_clock_ns() >= give_up(arg)))
            break;
        done += (size_t)r;
    }
    return done;
}

static uint64_t
sink_fixed_end(void *until)
{
    return *(uint64_t *)until;
}

size_t
rd_log_sink_write(struct rd_log_sink *s, const char *p, size_t n, uint64_t until)
{
    return rd_log_sink_write_until(s, p, n, sink_fixed_end, &until);
}
