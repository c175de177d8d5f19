/*
 * test_hub.c - the end of a hub's listeners: who has begun to connect is let in, nobody is reset.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/hub.h"

#define REFUSED_MS 20000    /* a SYN is repeated after 1 s, then refused */

static uv_loop_t loop;
static struct rd_hub hub;
static struct sockaddr_storage address;
static socklen_t address_n;
static unsigned empty;

static char *
no_room(struct rd_conn *c, size_t *n)
{
    (void)c;
    *n = 0;
    return NULL;
}

static void
nothing(struct rd_conn *c)
{
    (void)c;
}

static const struct rd_conn_user user = {
    .size = sizeof(struct rd_conn), .room = no_room, .eof = rd_conn_close, .written = nothing,
    .timeout = rd_conn_close, .closed = nothing,
};

static void
on_empty(struct rd_hub *h)
{
    (void)h;
    empty++;
}

static void
open_hub(int family)
{
    static const struct rd_hub_limits limits = { 1000, 1000, 1000, 1000, 0 };
    struct rd_hub_listen listen_on = { .fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0) };
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_un un = { .sun_family = AF_UNIX };    /* no path: autobind, abstract */

    if (family == AF_INET)
        assert_int_equal(bind(listen_on.fd, (struct sockaddr *)&in, sizeof in), 0);
    else
        assert_int_equal(bind(listen_on.fd, (struct sockaddr *)&un, sizeof(sa_family_t)), 0);
    assert_int_equal(listen(listen_on.fd, 16), 0);
    address_n = sizeof address;
    getsockname(listen_on.fd, (struct sockaddr *)&address, &address_n);
    assert_int_equal(rd_hub_init(&hub, &loop, &user, NULL, &listen_on, 1, &limits), 0);
    close(listen_on.fd);
    hub.empty = on_empty;
    hub.uncounted = true;
}

/* A socket that connects; its errno so far (EINPROGRESS: nobody has answered). */
static int
begin(int *fd)
{
    *fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    return connect(*fd, (struct sockaddr *)&address, address_n) == 0 ? 0 : errno;
}

static int
error_of(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLOUT };
    int error = 0;
    socklen_t n = sizeof error;

    assert_int_equal(poll(&p, 1, REFUSED_MS), 1);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n), 0);
    return error;
}

static int
setup(void **state)
{
    (void)state;
    empty = 0;
    return uv_loop_init(&loop);
}

static int
teardown(void **state)
{
    (void)state;
    rd_hub_close(&hub);
    uv_run(&loop, UV_RUN_DEFAULT);
    rd_hub_free(&hub);
    return uv_loop_close(&loop);
}

static void
drain_with_a_client_before_and_one_after(int at_once)
{
    int before, after, error = begin(&before);

    assert_true(error == 0 || error == EINPROGRESS);
    if (error != 0)
        assert_int_equal(error_of(before), 0);
    rd_hub_drain(&hub);
    assert_int_equal(hub.n, 1);
    assert_int_equal(begin(&after), at_once);
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(empty, 0);
    shutdown(before, SHUT_WR);
    while (empty == 0)
        uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(hub.n, 0);
    if (at_once == EINPROGRESS)
        assert_int_equal(error_of(after), ECONNREFUSED);    /* never a connection that is reset */
    close(before);
    close(after);
}

static void
a_drain_lets_in_who_came_and_answers_no_other_syn(void **state)
{
    (void)state;
    open_hub(AF_INET);
    drain_with_a_client_before_and_one_after(EINPROGRESS);
}

static void
a_drain_of_a_unix_socket_refuses_at_once(void **state)
{
    (void)state;
    open_hub(AF_UNIX);
    drain_with_a_client_before_and_one_after(ECONNREFUSED);
}

static void
what_only_this_machine_reaches_is_known(void **state)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    (void)state;
    open_hub(AF_INET);
    assert_true(rd_listener_is_loopback(hub.listeners[0].fd));
    assert_false(rd_listener_is_local(hub.listeners[0].fd));
    assert_false(rd_listener_is_loopback(fd));    /* 0.0.0.0, as before bind() */
    close(fd);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_drain_lets_in_who_came_and_answers_no_other_syn),
        TEST(a_drain_of_a_unix_socket_refuses_at_once),
        TEST(what_only_this_machine_reaches_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
