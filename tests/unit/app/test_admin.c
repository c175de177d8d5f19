/* test_admin.c - the admin listener on a loop of its own, asked by the commands' client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/admin.h"
#include "app/client.h"
#include "base/error.h"

static uv_loop_t loop;
static uv_async_t stop;
static pthread_t thread;
static struct rd_admin *admin;
static struct rd_client_answer answer;
static char socket_path[64];
static atomic_bool ready;

static bool
on_ready(void *data)
{
    (void)data;
    return atomic_load(&ready);
}

static uint64_t
on_generation(void *data)
{
    (void)data;
    return 7;
}

static void
on_list(void *data, struct rd_buf *json)
{
    rd_buf_printf(json, "\"%s\"", (const char *)data);
}

static void
on_explain(void *data, struct rd_slice sid, struct rd_buf *json)
{
    (void)data;
    rd_buf_printf(json, "{\"sid\":\"%.*s\"}\n", RD_PRI(sid));
}

static void
on_stop(uv_async_t *handle)
{
    uv_close((uv_handle_t *)handle, NULL);
    rd_admin_stop(admin);
}

static void *
run(void *unused)
{
    (void)unused;
    uv_run(&loop, UV_RUN_DEFAULT);
    return NULL;
}

static int
setup(void **state)
{
    static char url[] = "http://127.0.0.1:1";
    struct rd_admin_calls calls = { on_ready, on_generation, on_list, on_list, on_explain, url };
    char folder[] = "/tmp/replyd-admin-XXXXXX", address[80];
    struct rd_buf why;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(socket_path, sizeof socket_path, "%s/a", folder);
    snprintf(address, sizeof address, "unix:%s", socket_path);
    atomic_store(&ready, true);
    rd_buf_init(&why, 4096);
    uv_loop_init(&loop);
    uv_async_init(&loop, &stop, on_stop);
    assert_int_equal(rd_admin_start(&loop, rd_slice_str(address), &calls, &admin, &why), 0);
    return pthread_create(&thread, NULL, run, NULL);
}

static int
teardown(void **state)
{
    (void)state;
    uv_async_send(&stop);
    pthread_join(thread, NULL);
    rd_client_free(&answer);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(access(socket_path, F_OK), -1);
    *strrchr(socket_path, '/') = 0;
    return rmdir(socket_path);
}

/* The answer's body, and its status. */
static const char *
ask(const char *method, const char *path, const char *body, int *status)
{
    char text[1024], why[256];
    struct rd_client_request r = { .unix_path = socket_path };
    size_t body_at;

    snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n"
             "Connection: close\r\n\r\n%s", method, path, strlen(body), body);
    r.text = rd_slice_str(text);
    rd_client_free(&answer);
    if (rd_client_call(&r, &answer, why, sizeof why) != 0)
        fail_msg("%s", why);
    *status = answer.status;
    body_at = (size_t)(answer.body.p - answer.raw.p);
    rd_buf_put_char(&answer.raw, 0);
    return answer.raw.p + body_at;
}

static void
test_pages(void **state)
{
    int status;

    (void)state;
    assert_string_equal(ask("GET", "/healthz", "", &status), "ok\n");
    assert_string_equal(ask("GET", "/readyz", "", &status), "ready\n");
    assert_int_equal(status, 200);
    atomic_store(&ready, false);
    ask("GET", "/readyz", "", &status);
    assert_int_equal(status, 503);
    assert_non_null(strstr(ask("GET", "/metrics", "", &status), "# TYPE replyd_claims gauge\n"));
    assert_non_null(strstr(answer.raw.p, "Content-Type: text/plain; version=0.0.4"));
    assert_string_equal(ask("GET", "/explain/SM1", "", &status), "{\"sid\":\"SM1\"}\n");
    assert_non_null(strstr(ask("GET", "/info", "", &status), "\"generation\":7,"
                           "\"listeners\":[\"http://127.0.0.1:1\"],\"public_urls\":["));
}

static void
test_what_is_no_page(void **state)
{
    int status;

    (void)state;
    ask("GET", "/", "", &status);
    assert_int_equal(status, 404);
    ask("GET", "/metricsx", "", &status);
    assert_int_equal(status, 404);
}

static void
test_a_405_names_the_methods_that_are_answered(void **state)
{
    int status;

    (void)state;
    ask("POST", "/metrics", "", &status);
    assert_int_equal(status, 405);
    assert_non_null(strstr(answer.raw.p, "\r\nAllow: GET, HEAD\r\n"));
    ask("CONNECT", "x:443", "", &status);    /* refused before there is a page */
    assert_int_equal(status, 405);
    assert_non_null(strstr(answer.raw.p, "\r\nAllow: GET, HEAD\r\n"));
}

static void
test_fault_points(void **state)
{
    int status;

    (void)state;
    assert_string_equal(ask("GET", "/fault/recover", "", &status), "hits=0 stalled=0\n");
    assert_string_equal(ask("POST", "/fault/recover", "fail=0", &status), "hits=0 stalled=0\n");
    ask("POST", "/fault/recover", "nonsense", &status);
    assert_int_equal(status, 400);
    ask("GET", "/fault/nonsense", "", &status);
    assert_int_equal(status, 404);
}

static void
test_the_client_says_why_it_failed(void **state)
{
    struct rd_client_request r = { .unix_path = "/nonexistent/socket", .text = RD_LIT("x") };
    struct rd_client_answer none;
    char why[256];

    (void)state;
    assert_int_equal(rd_client_call(&r, &none, why, sizeof why), RD_E_IO);
    assert_string_equal(why, "/nonexistent/socket: No such file or directory");
    rd_client_free(&none);
    r = (struct rd_client_request){ .host = "127.0.0.1", .port = "1", .text = RD_LIT("x") };
    assert_int_equal(rd_client_call(&r, &none, why, sizeof why), RD_E_IO);
    assert_string_equal(why, "127.0.0.1 port 1: connection refused; is replyd running?");
    rd_client_free(&none);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_no_page, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_405_names_the_methods_that_are_answered, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_fault_points, setup, teardown),
        cmocka_unit_test(test_the_client_says_why_it_failed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
