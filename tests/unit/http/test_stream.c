/*
 * test_stream.c - one connection's requests, over memory: cut anywhere, pipelined, held, timed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "pipe.h"
#include "vectors.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static struct pipe pipe_;
static struct pipe *const p = &pipe_;

static int
setup(void **state)
{
    (void)state;
    pipe_start(p);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    pipe_close(p);
    pipe_stop(p);
    return 0;
}

/* The bytes of a case of http-cases.json. */
static void
case_bytes(yyjson_val *c, struct rd_buf *out)
{
    yyjson_val *part, *parts = yyjson_obj_get(c, "parts");
    struct rd_slice bytes = vectors_slice(c, "bytes");
    size_t i, n;

    rd_buf_reset(out);
    if (bytes.p != NULL)
        rd_buf_put_slice(out, bytes);
    yyjson_arr_foreach(parts, i, n, part) {
        struct rd_slice text = rd_slice_str(yyjson_get_str(yyjson_arr_get(part, 0)));

        for (uint64_t k = yyjson_get_uint(yyjson_arr_get(part, 1)); k > 0; k--)
            rd_buf_put_slice(out, text);
    }
    assert_int_equal(out->error, 0);
}

/* What the server sends for bytes that come in pieces cut before `cut` (0: all at once). */
static void
answer_to(struct rd_slice bytes, size_t cut, struct rd_buf *out)
{
    pipe_open(p);
    pipe_feed(p, rd_slice_make(bytes.p, cut));
    pipe_feed(p, rd_slice_skip(bytes, cut));
    rd_buf_reset(out);
    rd_buf_put_slice(out, pipe_taken(p));
    pipe_close(p);
}

static void
answer_bytewise(struct rd_slice bytes, struct rd_buf *out)
{
    pipe_open(p);
    for (size_t i = 0; i < bytes.n; i++)
        pipe_feed(p, rd_slice_make(bytes.p + i, 1));
    rd_buf_reset(out);
    rd_buf_put_slice(out, pipe_taken(p));
    pipe_close(p);
}

static bool
same(const struct rd_buf *a, const struct rd_buf *b)
{
    return rd_slice_eq(rd_buf_slice(a), rd_buf_slice(b));
}

/* "100 Continue" is sent only when the body is not there yet: it may come or not. */
static void
without_interim(struct rd_buf *b)
{
    if (rd_slice_starts(rd_buf_slice(b), RD_LIT("HTTP/1.1 100 Continue\r\n\r\n")))
        rd_buf_consume(b, 25);
}

static void
an_answer_does_not_depend_on_how_the_request_is_cut(void **state)
{
    yyjson_doc *doc = vectors_load("http-cases.json");
    struct rd_buf bytes, whole, cut;
    size_t i, n, cuts = 0, cases = 0;
    yyjson_val *c;

    (void)state;
    rd_buf_init(&bytes, 4 << 20);
    rd_buf_init(&whole, 4 << 20);
    rd_buf_init(&cut, 4 << 20);
    yyjson_arr_foreach(vectors_list(doc, "cases"), i, n, c) {
        case_bytes(c, &bytes);
        if (bytes.n > 16384)
            continue;    /* limits: they have tests of their own */
        cases++;
        answer_to(rd_buf_slice(&bytes), 0, &whole);
        without_interim(&whole);
        for (size_t k = 1; k < bytes.n; k++, cuts++) {
            answer_to(rd_buf_slice(&bytes), k, &cut);
            without_interim(&cut);
            if (!same(&whole, &cut))
                fail_msg("%s cut at %zu: %.*s\nnot %.*s", yyjson_get_str(yyjson_obj_get(c, "name")),
                         k, RD_PRI(rd_buf_slice(&cut)), RD_PRI(rd_buf_slice(&whole)));
        }
        answer_bytewise(rd_buf_slice(&bytes), &cut);
        without_interim(&cut);
        assert_true(same(&whole, &cut));
    }
    print_message("%zu cases, %zu cuts\n", cases, cuts);
    assert_true(cases > 150);
    rd_buf_free(&bytes);
    rd_buf_free(&whole);
    rd_buf_free(&cut);
    yyjson_doc_free(doc);
    pipe_open(p);
}

/* ---- pipelining ----------------------------------------------------------- */

static void
pipelined(struct rd_buf *b, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        rd_buf_printf(b, "POST /n%zu HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n%04zu", i, i);
}

static void
answers_in_order(struct rd_slice got, size_t n)
{
    char text[80];

    for (size_t i = 0; i < n; i++) {
        const char *at;

        snprintf(text, sizeof text, "POST /n%zu /n%zu ?", i, i);
        at = memmem(got.p, got.n, text, strlen(text));
        if (at == NULL)
            fail_msg("no answer to %zu in its place", i);
        got = rd_slice_skip(got, (size_t)(at - got.p));
    }
}

static void
a_thousand_pipelined_requests_are_answered_in_order(void **state)
{
    struct rd_buf b;
    struct rd_slice got;

    (void)state;
    rd_buf_init(&b, 1 << 20);
    pipelined(&b, 0, 1000);
    pipe_open(p);
    pipe_feed(p, rd_buf_slice(&b));
    got = pipe_taken(p);
    assert_int_equal(p->requests, 1000);
    assert_int_equal(pipe_count(got, "HTTP/1.1 200 OK\r\n"), 1000);
    answers_in_order(got, 1000);
    rd_buf_free(&b);
}

static void
those_before_an_invalid_one_are_answered(void **state)
{
    struct rd_buf b;
    struct rd_slice got;

    (void)state;
    rd_buf_init(&b, 1 << 20);
    pipelined(&b, 0, 499);
    rd_buf_put_str(&b, "GET /bad HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    pipelined(&b, 500, 1000);
    pipe_open(p);
    pipe_feed(p, rd_buf_slice(&b));
    got = pipe_taken(p);
    assert_int_equal(p->requests, 499);
    answers_in_order(got, 499);
    assert_int_equal(pipe_count(got, "HTTP/1.1 400 Bad Request\r\n"), 1);
    assert_true(p->link.finished);
    rd_buf_free(&b);
}

static void
a_held_request_holds_those_behind_it_and_bounds_what_is_read_ahead(void **state)
{
    struct rd_buf b;

    (void)state;
    rd_buf_init(&b, 1 << 20);
    pipelined(&b, 0, 1000);
    p->mode = PIPE_HOLD;
    pipe_open(p);
    pipe_feed(p, rd_buf_slice(&b));
    assert_int_equal(p->requests, 1);
    assert_true(b.n - p->link.in.n <= 2 * RD_INPUT_FIRST);
    assert_false(p->link.reading);
    for (size_t i = 1; i <= 1000; i++) {
        assert_int_equal(p->requests, i);
        pipe_answer(p, "x");
    }
    assert_int_equal(pipe_count(pipe_taken(p), "HTTP/1.1 200 OK\r\n"), 1000);
    rd_buf_free(&b);
}

/* ---- half-close, HEAD, versions, expectations ------------------------------ */

static void
a_client_that_half_closed_gets_all_its_answers(void **state)
{
    (void)state;
    p->mode = PIPE_HOLD;
    pipe_open(p);
    pipe_feed(p, RD_LIT(GET("/1") GET("/2")));
    rd_memory_end(&p->link);
    pipe_answer(p, "one");
    pipe_answer(p, "two");
    assert_null(p->link.conn);
    assert_int_equal(pipe_count(pipe_taken(p), "HTTP/1.1 200 OK\r\n"), 2);
    assert_int_equal(p->gones, 0);
}

static void
head_gets_the_length_and_no_body(void **state)
{
    struct rd_slice got;

    (void)state;
    pipe_open(p);
    pipe_feed(p, RD_LIT("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n"));
    got = pipe_taken(p);
    assert_int_equal(pipe_count(got, "Content-Length: 34\r\n"), 1);
    assert_memory_equal(got.p + got.n - 4, "\r\n\r\n", 4);
}

static void
http_1_0_closes_unless_it_asks_to_stay(void **state)
{
    (void)state;
    pipe_open(p);
    pipe_feed(p, RD_LIT("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    assert_int_equal(pipe_count(pipe_taken(p), "Connection: keep-alive\r\n"), 1);
    assert_false(p->link.finished);
    pipe_feed(p, RD_LIT("GET / HTTP/1.0\r\n\r\n"));
    assert_int_equal(pipe_count(pipe_taken(p), "Connection: close\r\n"), 1);
    assert_true(p->link.finished);
}

static void
a_body_that_waits_is_asked_for(void **state)
{
    (void)state;
    pipe_open(p);
    pipe_feed(p, RD_LIT("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n"
                        "Content-Length: 2\r\n\r\n"));
    assert_true(rd_slice_eq(pipe_taken(p), RD_LIT("HTTP/1.1 100 Continue\r\n\r\n")));
    pipe_feed(p, RD_LIT("h"));
    assert_int_equal(pipe_taken(p).n, 0);
    pipe_feed(p, RD_LIT("i"));
    assert_int_equal(pipe_count(pipe_taken(p), "body 2 hi"), 1);
    pipe_feed(p, RD_LIT("GET / HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\n\r\n"));
    assert_int_equal(pipe_count(pipe_taken(p), "HTTP/1.1 417 "), 1);
    assert_true(p->link.finished);
}

/* ---- time ----------------------------------------------------------------- */

static void
half_a_request_gets_408_and_silence_nothing(void **state)
{
    struct rd_slice got;

    (void)state;
    pipe_limits.request_timeout = 60;
    pipe_open(p);
    pipe_feed(p, RD_LIT("GET / HT"));
    while (!p->link.finished)
        uv_run(&p->loop, UV_RUN_ONCE);
    got = pipe_taken(p);
    assert_int_equal(pipe_count(got, "HTTP/1.1 408 Request Timeout\r\n"), 1);
    rd_memory_end(&p->link);
    pipe_close(p);
    pipe_open(p);
    while (!p->link.finished)
        uv_run(&p->loop, UV_RUN_ONCE);
    assert_int_equal(pipe_taken(p).n, 0);
}

static void
a_trickle_does_not_extend_the_time_of_a_request(void **state)
{
    uint64_t start = rd_clock_ms();

    (void)state;
    pipe_limits.request_timeout = 200;
    pipe_open(p);
    pipe_feed(p, RD_LIT("GET / HTTP/1.1\r\nHost: a\r\nX: "));
    while (!p->link.finished) {
        uv_run(&p->loop, UV_RUN_NOWAIT);
        uv_update_time(&p->loop);
        if (rd_clock_ms() % 5 == 0 && p->link.conn->state == RD_CONN_READ && p->link.out.n == 0
            && p->server->hub.n == 1)
            pipe_feed(p, RD_LIT("x"));
        if (rd_clock_ms() - start > 20000)
            fail_msg("never over");
    }
    assert_true(pipe_count(pipe_taken(p), "HTTP/1.1 4") == 1);
}

static void
an_unanswered_request_is_408_and_gone_unless_verified(void **state)
{
    (void)state;
    p->mode = PIPE_HOLD;
    pipe_limits.answer_timeout = 60;
    pipe_open(p);
    pipe_feed(p, RD_LIT(GET("/")));
    while (p->held != NULL)
        uv_run(&p->loop, UV_RUN_ONCE);
    assert_int_equal(p->gones, 1);
    assert_int_equal(pipe_count(pipe_taken(p), "HTTP/1.1 408 "), 1);
    pipe_close(p);
    p->verify = true;
    pipe_open(p);
    pipe_feed(p, RD_LIT(GET("/")));
    assert_int_equal(p->link.conn->state, RD_CONN_VERIFIED);
    assert_true(p->link.conn->timer.deadline == RD_WHEEL_NEVER);
    pipe_answer(p, "late");
    assert_int_equal(pipe_count(pipe_taken(p), "HTTP/1.1 200 "), 1);
}

static void
an_idle_connection_ends_and_a_new_request_starts_its_own_time(void **state)
{
    uint64_t first;

    (void)state;
    pipe_limits.idle_timeout = 60;
    pipe_open(p);
    pipe_feed(p, RD_LIT(GET("/")));
    first = p->start_ns;
    pipe_feed(p, RD_LIT(GET("/") GET("/")));
    assert_true(p->start_ns > first);
    assert_int_equal(p->link.conn->state, RD_CONN_IDLE);
    assert_null(((struct rd_http_stream *)(void *)p->link.conn)->parser.in);
    pipe_taken(p);
    while (!p->link.finished)
        uv_run(&p->loop, UV_RUN_ONCE);
    assert_int_equal(pipe_taken(p).n, 0);
}

static void
empty_lines_do_not_begin_a_request(void **state)
{
    (void)state;
    pipe_open(p);
    pipe_feed(p, RD_LIT(GET("/") "\r\n"));
    assert_int_equal(p->link.conn->state, RD_CONN_IDLE);
}

static void
a_peer_that_takes_nothing_is_closed_in_time(void **state)
{
    (void)state;
    pipe_open(p);
    rd_memory_block(&p->link, true);
    pipe_feed(p, RD_LIT(GET("/1") GET("/2")));
    assert_int_equal(p->requests, 1);
    assert_int_equal(p->link.conn->state, RD_CONN_WRITE);
    rd_memory_block(&p->link, false);
    assert_int_equal(p->requests, 2);
    assert_int_equal(p->link.conn->state, RD_CONN_IDLE);
    rd_memory_block(&p->link, true);
    pipe_feed(p, RD_LIT(GET("/3")));
    rd_conn_on_timer(&p->link.conn->timer);    /* as the wheel does after RD_CONN_WRITE_MS */
    assert_null(p->link.conn);
}

/* ---- the end -------------------------------------------------------------- */

static void
on_drained(void *arg)
{
    ((struct pipe *)arg)->drained++;
}

static void
a_drain_answers_what_was_begun_and_then_is_over(void **state)
{
    (void)state;
    p->mode = PIPE_HOLD;
    pipe_open(p);
    pipe_feed(p, RD_LIT(GET("/1")));
    rd_http_server_drain(p->server, on_drained, p);
    uv_run(&p->loop, UV_RUN_NOWAIT);
    assert_int_equal(p->drained, 0);
    pipe_answer(p, "last");
    assert_int_equal(pipe_count(pipe_taken(p), "Connection: close\r\n"), 1);
    rd_memory_end(&p->link);
    uv_run(&p->loop, UV_RUN_NOWAIT);
    assert_int_equal(p->drained, 1);
}

static void
closing_the_server_takes_the_held_request_back(void **state)
{
    (void)state;
    p->mode = PIPE_HOLD;
    pipe_open(p);
    pipe_feed(p, RD_LIT(GET("/1")));
    rd_conn_close(p->link.conn);
    assert_int_equal(p->gones, 1);
    assert_null(p->held);
}

#define WITH_PIPE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PIPE(an_answer_does_not_depend_on_how_the_request_is_cut),
        WITH_PIPE(a_thousand_pipelined_requests_are_answered_in_order),
        WITH_PIPE(those_before_an_invalid_one_are_answered),
        WITH_PIPE(a_held_request_holds_those_behind_it_and_bounds_what_is_read_ahead),
        WITH_PIPE(a_client_that_half_closed_gets_all_its_answers),
        WITH_PIPE(head_gets_the_length_and_no_body),
        WITH_PIPE(http_1_0_closes_unless_it_asks_to_stay),
        WITH_PIPE(a_body_that_waits_is_asked_for),
        WITH_PIPE(half_a_request_gets_408_and_silence_nothing),
        WITH_PIPE(a_trickle_does_not_extend_the_time_of_a_request),
        WITH_PIPE(an_unanswered_request_is_408_and_gone_unless_verified),
        WITH_PIPE(an_idle_connection_ends_and_a_new_request_starts_its_own_time),
        WITH_PIPE(empty_lines_do_not_begin_a_request),
        WITH_PIPE(a_peer_that_takes_nothing_is_closed_in_time),
        WITH_PIPE(a_drain_answers_what_was_begun_and_then_is_over),
        WITH_PIPE(closing_the_server_takes_the_held_request_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
