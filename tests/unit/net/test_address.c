/*
 * test_address.c - where to listen: texts, sockets, and what is printed about them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "net/address.h"

static void
texts_are_understood(void **state)
{
    static const struct {
        const char *text, *host;
        unsigned port;
        bool tls, local, loopback;
    } rows[] = {
        { "https://0.0.0.0:443", "0.0.0.0", 443, true, false, false },
        { "https://bot.example.com", "bot.example.com", 443, true, false, false },
        { "http://127.0.0.1:0/", "127.0.0.1", 0, false, false, true },
        { "http://[::1]:8080", "::1", 8080, false, false, true },
        { "[::]:65535", "::", 65535, false, false, false },
        { "localhost:9090", "localhost", 9090, false, false, true },
        { "127.0.0.1", "127.0.0.1", 80, false, false, true },
        { "unix:/run/replyd/admin.sock", "/run/replyd/admin.sock", 0, false, true, true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rd_address a;

        assert_int_equal(rd_address_parse(rd_slice_str(rows[i].text), &a), 0);
        assert_string_equal(a.host, rows[i].host);
        assert_int_equal(a.port, rows[i].port);
        assert_int_equal(a.tls, rows[i].tls);
        assert_int_equal(a.local, rows[i].local);
        assert_int_equal(rd_address_is_loopback(&a), rows[i].loopback);
    }
}

static void
other_texts_are_not(void **state)
{
    static const char *const rows[] = {
        "", "https://", "http://a:65536", "http://a:", "http://a:x", "http://a:-1", "http://[::1",
        "http://[::1]x", "ftp://a", "http://a/b", "unix:", "http://a b:1", "http://a:123456",
    };
    struct rd_address a;
    char path[200];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rd_address_parse(rd_slice_str(rows[i]), &a) != RD_E_INVALID)
            fail_msg("\"%s\" was taken", rows[i]);
    memset(path, 'a', sizeof path);
    memcpy(path, "unix:", 5);
    assert_int_equal(rd_address_parse(rd_slice_make(path, sizeof path), &a), RD_E_INVALID);
}

static void
a_free_port_is_printed_and_a_taken_one_refused(void **state)
{
    struct rd_address a;
    struct rd_buf text, why;
    int fd, again;

    (void)state;
    rd_buf_init(&text, 200);
    rd_buf_init(&why, 200);
    assert_int_equal(rd_address_parse(RD_LIT("https://127.0.0.1:0"), &a), 0);
    assert_int_equal(rd_address_bind(&a, &fd, &why), 0);
    assert_int_equal(rd_address_print(&a, fd, &text), 0);
    assert_true(rd_slice_starts(rd_buf_slice(&text), RD_LIT("https://127.0.0.1:")));
    assert_int_equal(rd_address_parse(rd_buf_slice(&text), &a), 0);
    assert_true(a.port > 0);
    assert_int_equal(rd_address_bind(&a, &again, &why), RD_E_ADDRESS);
    rd_buf_put_char(&why, '\0');
    assert_non_null(strstr(why.p, "another program listens there"));
    close(fd);
    rd_buf_free(&text);
    rd_buf_free(&why);
}

static void
a_stale_unix_socket_is_replaced_a_live_one_is_not(void **state)
{
    char dir[] = "/tmp/rd-address-XXXXXX";
    struct rd_address a = { .local = true };
    struct rd_buf why;
    struct stat st;
    int fd, again;

    (void)state;
    rd_buf_init(&why, 400);
    assert_non_null(mkdtemp(dir));
    snprintf(a.host, sizeof a.host, "%s/s", dir);
    assert_int_equal(rd_address_bind(&a, &fd, &why), 0);
    assert_int_equal(stat(a.host, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(rd_address_bind(&a, &again, &why), RD_E_ADDRESS);
    close(fd);
    assert_int_equal(rd_address_bind(&a, &fd, &why), 0);
    close(fd);
    unlink(a.host);
    rmdir(dir);
    rd_buf_free(&why);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_understood),
        cmocka_unit_test(other_texts_are_not),
        cmocka_unit_test(a_free_port_is_printed_and_a_taken_one_refused),
        cmocka_unit_test(a_stale_unix_socket_is_replaced_a_live_one_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
