/*
 * test_limits.c - every limit of a request: the last size that passes, the first that does not,
 * and how much is read before the connection ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "pipe.h"

#define HEAD "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

static struct pipe pipe_;
static struct pipe *const p = &pipe_;
static struct rd_buf b;

static int
setup(void **state)
{
    (void)state;
    pipe_start(p);
    rd_buf_init(&b, 8 << 20);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    rd_buf_free(&b);
    pipe_stop(p);
    return 0;
}

static void
put(const char *text, size_t n)
{
    while (n-- > 0)
        rd_buf_put_str(&b, text);
    assert_int_equal(b.error, 0);
}

/* Sends b in pieces as a socket would; the status of the only response. */
static int
status_of(size_t *unread)
{
    struct rd_slice got, rest = rd_buf_slice(&b);
    int status = 0;

    pipe_open(p);
    while (rest.n > 0 && p->link.conn != NULL && !p->link.finished) {
        size_t n = rest.n < 4096 ? rest.n : 4096;

        pipe_feed(p, rd_slice_make(rest.p, n));
        rest = rd_slice_skip(rest, n);
    }
    got = pipe_taken(p);
    if (got.n > 12)
        status = (got.p[9] - '0') * 100 + (got.p[10] - '0') * 10 + got.p[11] - '0';
    assert_true(status == 0 || p->link.finished == (status != 200));
    assert_int_equal(p->requests, status == 200);
    if (unread != NULL)
        *unread = rest.n;
    pipe_close(p);
    rd_buf_reset(&b);
    return status;
}

static void
the_request_line_has_a_limit(void **state)
{
    (void)state;
    put("GET /", 1);
    put("a", 8192 - 5 - 9);
    put(" HTTP/1.1\r\nHost: a\r\n\r\n", 1);
    assert_int_equal(status_of(NULL), 200);
    put("GET /", 1);
    put("a", 8192 - 5 - 9 + 1);
    put(" HTTP/1.1\r\nHost: a\r\n\r\n", 1);
    assert_int_equal(status_of(NULL), 414);
}

static void
each_header_line_has_a_limit(void **state)
{
    (void)state;
    put("GET / HTTP/1.1\r\nHost: a\r\nX: ", 1);
    put("a", 8192 - 3);
    put("\r\nY: b\r\n\r\n", 1);
    assert_int_equal(status_of(NULL), 200);
    put("GET / HTTP/1.1\r\nHost: a\r\nX: ", 1);
    put("a", 8192 - 3 + 1);
    put("\r\n\r\n", 1);
    assert_int_equal(status_of(NULL), 431);
    put("GET / HTTP/1.1\r\nHost: a\r\n", 1);
    put("x", 8192 + 1);
    put(": y\r\n\r\n", 1);
    assert_int_equal(status_of(NULL), 431);
}

static void
the_head_has_a_limit(void **state)
{
    size_t unread;

    (void)state;
    put("GET / HTTP/1.1\r\nHost: a\r\nX: ", 1);
    put("a", 8180);
    put("\r\nY: ", 1);
    put("a", 16384 - b.n - 4);
    put("\r\n\r\n", 1);
    assert_int_equal(b.n, 16384);
    assert_int_equal(status_of(NULL), 200);
    put("GET / HTTP/1.1\r\nHost: a\r\nX: ", 1);
    put("a", 8180);
    put("\r\nY: ", 1);
    put("a", 16384 - b.n - 3);
    put("\r\n\r\n", 1);
    assert_int_equal(status_of(NULL), 431);
    put("GET / HTTP/1.1\r\nHost: a\r\nX: ", 1);
    put("a", 1 << 20);
    assert_int_equal(status_of(&unread), 431);
    assert_true((1 << 20) - unread <= 16384 + 65536);
}

static void
headers_are_counted(void **state)
{
    (void)state;
    put("GET / HTTP/1.1\r\nHost: a\r\n", 1);
    put("A: b\r\n", 99);
    put("\r\n", 1);
    assert_int_equal(status_of(NULL), 200);
    put("GET / HTTP/1.1\r\nHost: a\r\n", 1);
    put("A: b\r\n", 100);
    put("\r\n", 1);
    assert_int_equal(status_of(NULL), 431);
    put("GET / HTTP/1.1\r\nHost: a\r\n", 1);
    put("A:\r\n", 20000);
    put("\r\n", 1);
    assert_int_equal(status_of(NULL), 431);
}

static void
a_body_has_a_limit_before_it_is_read(void **state)
{
    size_t unread;

    (void)state;
    put(HEAD "Content-Length: 65536\r\n\r\n", 1);
    put("x", 65536);
    assert_int_equal(status_of(NULL), 200);
    put(HEAD "Content-Length: 65537\r\n\r\n", 1);
    assert_int_equal(status_of(NULL), 413);
    put(HEAD "Content-Length: 100000000000\r\n\r\n", 1);
    put("x", 100000);
    assert_int_equal(status_of(&unread), 413);
    assert_true(unread >= 100000 - 4096);
}

static void
chunks_together_have_the_same_limit(void **state)
{
    size_t all, unread;

    (void)state;
    put(CHUNKED "8000\r\n", 1);
    put("x", 0x8000);
    put("\r\n8000\r\n", 1);
    put("x", 0x8000);
    put("\r\n0\r\n\r\n", 1);
    assert_int_equal(status_of(NULL), 200);
    put(CHUNKED "8000\r\n", 1);
    put("x", 0x8000);
    put("\r\n8001\r\n", 1);
    assert_int_equal(status_of(NULL), 413);
    put(CHUNKED, 1);
    for (int i = 0; i < 2048; i++) {
        put("400\r\n", 1);
        put("x", 1024);
        put("\r\n", 1);
    }
    all = b.n;
    assert_int_equal(status_of(&unread), 413);
    assert_true(all - unread <= 65536 + 65536);
}

static void
extensions_trailers_and_tiny_chunks_are_bounded(void **state)
{
    size_t all, unread;

    (void)state;
    put(CHUNKED "1;e=", 1);
    put("x", 16000);
    put("\r\ny\r\n0\r\n\r\n", 1);
    assert_int_equal(status_of(NULL), 200);
    put(CHUNKED "1;e=", 1);
    put("x", 1 << 20);
    all = b.n;
    assert_int_equal(status_of(&unread), 413);
    assert_true(all - unread <= 16384 + 65536);
    put(CHUNKED "1\r\ny\r\n0\r\n", 1);
    put("T: u\r\n", 98);
    put("\r\n", 1);
    assert_int_equal(status_of(NULL), 200);
    put(CHUNKED "1\r\ny\r\n0\r\n", 1);
    put("T: u\r\n", 20000);
    assert_int_equal(status_of(NULL), 431);
    put(CHUNKED, 1);
    put("1\r\ny\r\n", 10000);
    put("0\r\n\r\n", 1);
    assert_int_equal(status_of(NULL), 413);
}

static void
empty_lines_are_bounded(void **state)
{
    (void)state;
    put("\r\n", 100);
    put("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1);
    assert_int_equal(status_of(NULL), 200);
    put("\r\n", 100000);
    assert_int_equal(status_of(NULL), 431);
}

static void
a_lower_limit_counts_at_once_and_never_wraps(void **state)
{
    (void)state;
    pipe_open(p);
    pipe_feed(p, RD_LIT(CHUNKED "a\r\n0123456789\r\n"));
    pipe_limits.max_body = 5;
    rd_http_server_set_limits(p->server, &pipe_limits);
    pipe_feed(p, RD_LIT("1\r\n"));
    assert_int_equal(pipe_count(pipe_taken(p), "HTTP/1.1 413 "), 1);
    pipe_close(p);
}

#define WITH_PIPE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PIPE(the_request_line_has_a_limit),
        WITH_PIPE(each_header_line_has_a_limit),
        WITH_PIPE(the_head_has_a_limit),
        WITH_PIPE(headers_are_counted),
        WITH_PIPE(a_body_has_a_limit_before_it_is_read),
        WITH_PIPE(chunks_together_have_the_same_limit),
        WITH_PIPE(extensions_trailers_and_tiny_chunks_are_bounded),
        WITH_PIPE(empty_lines_are_bounded),
        WITH_PIPE(a_lower_limit_counts_at_once_and_never_wraps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
