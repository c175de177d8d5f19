/*
 * log_sink.h - where log lines go: a file, terminal, pipe or socket that may be
 * slow or full. Used by log.c only.
 */
#ifndef RD_BASE_LOG_SINK_H
#define RD_BASE_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

struct rd_log_sink {
    int fd;
    bool opened;
    bool own;       /* a description of our own that does not block: closed with the sink */
    bool socket;
};

/* Prepares fd. The description is shared with other processes, so its flags are left alone. */
void rd_log_sink_open(struct rd_log_sink *s, int fd);
void rd_log_sink_close(struct rd_log_sink *s);

/*
 * Writes n bytes, waiting for room until give_up(arg), a monotonic time that is asked again and
 * again; returns the bytes written.
 */
size_t rd_log_sink_write_until(struct rd_log_sink *s, const char *p, size_t n,
                               uint64_t (*give_up)(void *arg), void *arg);

/* The same with a fixed end. */
size_t rd_log_sink_write(struct rd_log_sink *s, const char *p, size_t n, uint64_t until);

/* log_line.c: ends a line (cut mark, newline) without sending it. */
void rd_log_line_close(struct rd_log_line *l);

/* log.c: queues one finished line, or writes it when there is no log thread. */
void rd_log_send(const char *line, size_t n);

#endif
