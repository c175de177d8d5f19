/* response.c - see response.h. Owns nothing; called by stream.c. */
#include "http/response.h"

#include <stdio.h>
#include <time.h>

#include "base/error.h"

#define RESPONSE_FIXED 256    /* bytes of status line and our own headers, at most */

struct rd_slice
rd_http_reason(int status)
{
    switch (status) {
#define RESPONSE_CASE(code, text) case code: return RD_LIT(text);
        RD_HTTP_STATUSES(RESPONSE_CASE)
#undef RESPONSE_CASE
    default: return RD_LIT("Unknown");
    }
}

static void
response_date(struct rd_http_date *d)
{
    time_t now = time(NULL);
    struct tm tm;

    if (now == d->second)
        return;
    d->second = now;
    gmtime_r(&now, &tm);
    /* not strftime with names: the C locale is never left, but nothing should depend on it */
    snprintf(d->text, sizeof d->text, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
             &"SunMonTueWedThuFriSat"[3 * (tm.tm_wday % 7)], tm.tm_mday,
             &"JanFebMarAprMayJunJulAugSepOctNovDec"[3 * (tm.tm_mon % 12)],
             (tm.tm_year + 1900) % 10000, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Without bounds: the caller has reserved the room. */
static char *
response_put(char *at, struct rd_slice s)
{
    if (s.n > 0)
        memcpy(at, s.p, s.n);
    return at + s.n;
}

static char *
response_number(char *at, size_t value)
{
    char digits[24];
    size_t n = sizeof digits;

    do {
        digits[--n] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return response_put(at, rd_slice_make(digits + n, sizeof digits - n));
}

static size_t
response_size(const struct rd_http_response *r)
{
    size_t n = RESPONSE_FIXED + r->type.n + r->body.n;

    for (size_t i = 0; i < r->n_headers; i++)
        n += r->headers[i].name.n + r->headers[i].value.n + 4;
    return n;
}

/* 1xx, 204 and 304 have no body, and the first two no Content-Length (RFC 9110 8.6). */
static bool
response_has_length(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

static char *
response_headers(char *at, const struct rd_http_response *r,
                 enum rd_http_connection connection)
{
    if (r->type.n > 0) {
        at = response_put(at, RD_LIT("\r\nContent-Type: "));
        at = response_put(at, r->type);
    }
    if (response_has_length(r->status)) {
        at = response_put(at, RD_LIT("\r\nContent-Length: "));
        at = response_number(at, r->body.n);
    }
    if (connection == RD_CONNECTION_CLOSE)
        at = response_put(at, RD_LIT("\r\nConnection: close"));
    else if (connection == RD_CONNECTION_KEEP_ALIVE)
        at = response_put(at, RD_LIT("\r\nConnection: keep-alive"));
    for (size_t i = 0; i < r->n_headers; i++) {
        at = response_put(at, RD_LIT("\r\n"));
        at = response_put(at, r->headers[i].name);
        at = response_put(at, RD_LIT(": "));
        at = response_put(at, r->headers[i].value);
    }
    return response_put(at, RD_LIT("\r\n\r\n"));
}

int
rd_http_response_write(struct rd_buf *b, const struct rd_http_response *r,
                       enum rd_http_connection connection, bool head,
                       struct rd_http_date *date)
{
    char *start = rd_buf_reserve(b, response_size(r)), *at = start;

    if (at == NULL)
        return b->error;
    response_date(date);
    at = response_put(at, RD_LIT("HTTP/1.1 "));
    at = response_number(at, (size_t)r->status);
    at = response_put(at, RD_LIT(" "));
    at = response_put(at, rd_http_reason(r->status));
    at = response_put(at, RD_LIT("\r\nDate: "));
    at = response_put(at, rd_slice_str(date->text));
    at = response_headers(at, r, connection);
    if (!head && response_has_length(r->status))
        at = response_put(at, r->body);
    b->n += (size_t)(at - start);
    return 0;
}

struct rd_http_response
rd_http_refusal(int status, const struct rd_http_header *allow)
{
    static const struct rd_http_header usual = { { "Allow", 5 }, { "GET, POST", 9 } };
    struct rd_http_response r = { .status = status, .type = RD_LIT("text/plain"),
                                  .body = rd_http_reason(status), .close = true };

    if (status == 405) {
        r.headers = allow ? allow : &usual;
        r.n_headers = 1;
    }
    return r;
}
