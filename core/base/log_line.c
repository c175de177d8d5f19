/*
 * log_line.c - see log.h: how one line is written, as logfmt or JSON. Works on
 * the caller's stack, allocates nothing; sending the line is log.c.
 *
 * Outsiders choose what stands in values: control characters (C1 too), quotes
 * and bytes that are no UTF-8 are escaped, so that a line stays one line and a
 * terminal stays quiet.
 */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/log_recent.h"
#include "base/log_sink.h"

#define LINE_TAIL 32                          /* room for closing quote, cut mark and newline */
#define LINE_MOST (RD_LOG_LINE - LINE_TAIL)
#define LINE_STAMP 24                         /* 2026-11-24T12:34:56.789Z */

static const char *const line_levels[] = {
#define LINE_LEVEL(name, text) text,
    RD_LOG_LEVELS(LINE_LEVEL)
#undef LINE_LEVEL
};

static atomic_int line_least = RD_LOG_INFO;
static atomic_int line_format = RD_LOG_LOGFMT;

void
rd_log_set(enum rd_log_level least, enum rd_log_format format)
{
    atomic_store(&line_least, (int)least);
    atomic_store(&line_format, (int)format);
}

/* ---- bytes ----------------------------------------------------------------- */

static bool
line_is_json(const struct rd_log_line *l)
{
    return l->text[0] == '{';
}

static void
line_put(struct rd_log_line *l, const char *p, size_t n)
{
    if (l->n + n > LINE_MOST) {
        l->cut = true;
        return;
    }
    memcpy(l->text + l->n, p, n);
    l->n += n;
}

static void
line_put_str(struct rd_log_line *l, const char *s)
{
    line_put(l, s, strlen(s));
}

static void
line_put_uint(struct rd_log_line *l, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    line_put(l, digits + at, sizeof digits - at);
}

/* ---- values that need quotes -------------------------------------------------- */

/* Length of the well-formed UTF-8 sequence at p, 0 when it is none or a C1 control character. */
static size_t
line_utf8(const unsigned char *p, size_t n)
{
    size_t len = p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

    if (len == 0 || len > n || (p[0] == 0xc2 && p[1] < 0xa0))
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f)
        || (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return len;
}

static void
line_put_escape(struct rd_log_line *l, unsigned char c)
{
    char text[8];

    if (c == '"' || c == '\\') {
        text[0] = '\\';
        text[1] = (char)c;
        line_put(l, text, 2);
    } else if (c == '\n' || c == '\t' || c == '\r') {
        line_put(l, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r", 2);
    } else {
        snprintf(text, sizeof text, "\\u%04x", c < 0x80 ? c : 0xfffdu);
        line_put(l, text, 6);
    }
}

static bool
line_is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void
line_put_quoted(struct rd_log_line *l, const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t i = 0;

    if (n > RD_LOG_LINE)
        n = RD_LOG_LINE;    /* more than there is room for: it is cut, and the rest not looked at */
    line_put(l, "\"", 1);
    while (i < n && !l->cut) {
        size_t run = i, len = 0;

        while (run < n && line_is_plain(p[run]))
            run++;
        if (run > i && run - i > LINE_MOST - l->n)
            run = i + (LINE_MOST - l->n);       /* cut inside plain text: as much as fits */
        line_put(l, text + i, run - i);
        i = run;
        if (i < n && line_is_plain(p[i]))
            l->cut = true;
        else if (i < n && (len = line_utf8(p + i, n - i)) > 0)
            line_put(l, text + i, len);
        else if (i < n)
            line_put_escape(l, p[i]);
        i += len ? len : 1;
    }
    l->text[l->n++] = '"';    /* from the tail's room */
}

/* logfmt: bare words need no quotes. */
static bool
line_is_bare(const char *p, size_t n)
{
    if (n == 0 || n >= 256)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!line_is_plain((unsigned char)p[i]) || p[i] == ' ' || p[i] == '=')
            return false;
    return true;
}

/* ---- fields ------------------------------------------------------------------- */

/* False when there is no room for the key and some of its value. */
static bool
line_key(struct rd_log_line *l, const char *key)
{
    size_t n = strlen(key);

    if (l->cut || l->n + n + 32 > LINE_MOST) {
        l->cut = true;
        return false;
    }
    if (line_is_json(l)) {
        line_put(l, ",\"", 2);
        line_put(l, key, n);
        line_put(l, "\":", 2);
    } else {
        line_put(l, " ", 1);
        line_put(l, key, n);
        line_put(l, "=", 1);
    }
    return true;
}

void
rd_log_slice(struct rd_log_line *l, const char *key, struct rd_slice value)
{
    if (!line_key(l, key))
        return;
    if (!line_is_json(l) && line_is_bare(value.p, value.n) && value.n <= LINE_MOST - l->n)
        line_put(l, value.p, value.n);
    else
        line_put_quoted(l, value.p, value.n);
}

void
rd_log_str(struct rd_log_line *l, const char *key, const char *value)
{
    rd_log_slice(l, key, rd_slice_str(value));
}

void
rd_log_uint(struct rd_log_line *l, const char *key, uint64_t value)
{
    if (line_key(l, key))
        line_put_uint(l, value);
}

void
rd_log_int(struct rd_log_line *l, const char *key, int64_t value)
{
    if (!line_key(l, key))
        return;
    if (value < 0)
        line_put(l, "-", 1);
    line_put_uint(l, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void
rd_log_ms(struct rd_log_line *l, const char *key, uint64_t ns)
{
    uint64_t tenths = (ns + RD_MS / 20) / (RD_MS / 10);
    char rest[2] = { '.', (char)('0' + tenths % 10) };

    if (!line_key(l, key))
        return;
    line_put_uint(l, tenths / 10);
    line_put(l, rest, 2);
}

void
rd_log_phone(struct rd_log_line *l, const char *key, struct rd_slice value)
{
    char masked[64];
    size_t colon = rd_slice_find(value, ':');
    struct rd_slice prefix = colon < value.n ? rd_slice_make(value.p, colon + 1) : RD_LIT("");
    struct rd_slice rest = rd_slice_skip(value, prefix.n);
    size_t keep = rest.n > 4 ? 4 : 0;
    size_t n = 0;

    if (value.n == 0) {
        rd_log_slice(l, key, value);
        return;
    }
    if (prefix.n > sizeof masked - 8)
        prefix = RD_LIT("");
    if (prefix.n > 0)
        memcpy(masked, prefix.p, prefix.n);
    memset(masked + prefix.n, '*', 4);
    n = prefix.n + 4;
    memcpy(masked + n, rest.p + rest.n - keep, keep);
    rd_log_slice(l, key, rd_slice_make(masked, n + keep));
}

/* ---- names that outsiders choose ------------------------------------------------ */

/* Whether the line has a field of this name: one outside of all quotes. */
static bool
line_has(const struct rd_log_line *l, struct rd_slice name)
{
    const char *end = line_is_json(l) ? "\":" : "=";
    bool json = line_is_json(l), quoted = false;

    for (size_t i = 0; i + name.n + 2 < l->n; i++) {
        const char *p = l->text + i;

        if (quoted && *p == '\\') {
            i++;
            continue;
        }
        if (*p == '"')
            quoted = !quoted;
        if ((json ? *p == '"' && quoted : *p == ' ' && !quoted)
            && memcmp(p + 1, name.p, name.n) == 0
            && memcmp(p + 1 + name.n, end, strlen(end)) == 0)
            return true;
    }
    return false;
}

static bool
line_is_ours(struct rd_slice name)
{
    static const char *const ours[] = { "ts", "level", "event", "sid", "gen", "script", "msg",
                                        "cut" };

    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (rd_slice_eq(name, rd_slice_str(ours[i])))
            return true;
    return false;
}

static bool
line_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

void
rd_log_field(struct rd_log_line *l, struct rd_slice name, struct rd_slice value)
{
    char room[2 * RD_LOG_NAME + 1], *key = room + RD_LOG_NAME;    /* names grow to the left */
    size_t n = name.n < RD_LOG_NAME ? name.n : RD_LOG_NAME;

    for (size_t i = 0; i < n; i++) {
        char c = name.p[i];

        key[i] = line_is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-' ? c : '_';
    }
    key[n] = '\0';
    if (n == 0 || !line_is_letter(key[0]))
        *--key = '_';
    while (key > room && (line_is_ours(rd_slice_str(key)) || line_has(l, rd_slice_str(key))))
        *--key = '_';
    rd_log_slice(l, key, value);
}

/* ---- whole lines -------------------------------------------------------------- */

/* The time as text; only the milliseconds are written anew within a second. */
static const char *
line_stamp(void)
{
    static _Thread_local char text[64];
    static _Thread_local time_t second = (time_t)-1;
    static _Thread_local unsigned ms;
    struct timespec t;
    struct tm tm;
    unsigned now;

    clock_gettime(CLOCK_REALTIME, &t);
    now = (unsigned)(t.tv_nsec / 1000000);
    if (t.tv_sec == second && now == ms)
        return text;
    if (t.tv_sec != second) {
        gmtime_r(&t.tv_sec, &tm);
        snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.000Z", tm.tm_year + 1900,
                 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        second = t.tv_sec;
    }
    ms = now;
    text[20] = (char)('0' + now / 100);
    text[21] = (char)('0' + now / 10 % 10);
    text[22] = (char)('0' + now % 10);
    return text;
}

bool
rd_log_begin(struct rd_log_line *l, enum rd_log_level level, const char *event)
{
    bool json;

    if ((int)level < atomic_load_explicit(&line_least, memory_order_relaxed))
        return false;
    json = atomic_load_explicit(&line_format, memory_order_relaxed) == RD_LOG_JSON;
    l->n = 0;
    l->level = level;
    l->cut = l->kept = false;
    line_put_str(l, json ? "{\"ts\":\"" : "ts=");
    line_put(l, line_stamp(), LINE_STAMP);
    line_put_str(l, json ? "\",\"level\":\"" : " level=");
    line_put_str(l, line_levels[level]);
    line_put_str(l, json ? "\"" : "");
    rd_log_str(l, "event", event);
    return true;
}

void
rd_log_line_close(struct rd_log_line *l)
{
    const char *mark = !l->cut ? "" : line_is_json(l) ? ",\"cut\":true" : " cut=true";
    const char *end = line_is_json(l) ? "}\n" : "\n";

    memcpy(l->text + l->n, mark, strlen(mark));
    l->n += strlen(mark);
    memcpy(l->text + l->n, end, strlen(end));
    l->n += strlen(end);
}

void
rd_log_keep(struct rd_log_line *l)
{
    l->kept = true;
}

void
rd_log_end(struct rd_log_line *l)
{
    rd_log_line_close(l);
    if (l->level >= RD_LOG_WARN || l->kept)
        rd_log_recent_keep(rd_slice_make(l->text, l->n), l->level >= RD_LOG_WARN);
    rd_log_send(l->text, l->n);
}

void
rd_log_msg(enum rd_log_level level, const char *event, const char *format, ...)
{
    struct rd_log_line l;
    char text[2048];
    va_list ap;
    int n;

    if (!rd_log_begin(&l, level, event))
        return;
    va_start(ap, format);
    n = vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (n >= (int)sizeof text)
        n = sizeof text - 1;
    if (n >= 0)
        rd_log_slice(&l, "msg", rd_slice_make(text, (size_t)n));
    rd_log_end(&l);
}
