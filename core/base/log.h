/*
 * log.h - log lines: built on the caller's stack, written by the log thread.
 *
 * rd_log_end puts the line into a bounded ring of the calling thread; when the
 * ring is full the line is counted and dropped (replyd_log_dropped_total), so a
 * blocked pipe never blocks anybody. Before rd_log_start and after rd_log_stop
 * lines are written directly. Secrets and bodies are never logged.
 *
 *     struct rd_log_line l;
 *     if (rd_log_begin(&l, RD_LOG_INFO, "message")) {
 *         rd_log_slice(&l, "sid", m->id);
 *         rd_log_phone(&l, "from", m->from);
 *         rd_log_uint(&l, "ms", ms);
 *         rd_log_end(&l);
 *     }
 */
#ifndef RD_BASE_LOG_H
#define RD_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define RD_LOG_LEVELS(X) \
    X(TRACE, "trace") X(DEBUG, "debug") X(INFO, "info") X(WARN, "warn") X(ERROR, "error")
#define RD_LOG_ENUM(name, text) RD_LOG_##name,
enum rd_log_level { RD_LOG_LEVELS(RD_LOG_ENUM) RD_LOG_LEVEL_COUNT };
#undef RD_LOG_ENUM

enum rd_log_format { RD_LOG_LOGFMT, RD_LOG_JSON };

#define RD_LOG_LINE 4096    /* longest line in bytes; what does not fit is cut and marked */

#define RD_LOG_NAME 64      /* longest name of a field by rd_log_field */

struct rd_log_line {
    size_t n;
    enum rd_log_level level;
    bool cut, kept;
    char text[RD_LOG_LINE];
};

/* Starts and stops the log thread (writes to fd, normally 2). Stop flushes for at most 1 s. */
int rd_log_start(int fd);
void rd_log_stop(void);

/* May be changed at any time (reload). */
void rd_log_set(enum rd_log_level least, enum rd_log_format format);

/* False when the level is off: build nothing. Else the line has ts, level and event. */
bool rd_log_begin(struct rd_log_line *l, enum rd_log_level level, const char *event);
void rd_log_slice(struct rd_log_line *l, const char *key, struct rd_slice value);
void rd_log_str(struct rd_log_line *l, const char *key, const char *value);
void rd_log_int(struct rd_log_line *l, const char *key, int64_t value);
void rd_log_uint(struct rd_log_line *l, const char *key, uint64_t value);
/* Milliseconds with one decimal from nanoseconds. */
void rd_log_ms(struct rd_log_line *l, const char *key, uint64_t ns);
/* An address with all but its last 4 characters masked. */
void rd_log_phone(struct rd_log_line *l, const char *key, struct rd_slice value);
/*
 * A name that outsiders may have chosen, at most RD_LOG_NAME bytes of it. What is no letter, digit,
 * '.', '-' or '_' becomes "_"; "_" stands before a name that the line has or may get from us.
 */
void rd_log_field(struct rd_log_line *l, struct rd_slice name, struct rd_slice value);
/* `replyd explain` is to know this line for a while, as it does every warning. */
void rd_log_keep(struct rd_log_line *l);
void rd_log_end(struct rd_log_line *l);

/* A whole line: event and a printf-formatted `msg`. */
void rd_log_msg(enum rd_log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Lines dropped so far by all threads. */
uint64_t rd_log_dropped(void);

#endif
