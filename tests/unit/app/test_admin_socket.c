/* test_admin_socket.c - who may connect, and what becomes of a socket that is left over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/admin_socket.h"
#include "base/error.h"

static struct rd_buf why;
static char address[64];

static int
setup(void **state)
{
    char folder[] = "/tmp/replyd-admin-XXXXXX";

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(address, sizeof address, "unix:%s/a.sock", folder);
    rd_buf_init(&why, 4096);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    unlink(address + 5);
    *strrchr(address, '/') = 0;
    rd_buf_free(&why);
    return rmdir(address + 5);
}

static void
test_a_unix_socket_is_private_and_goes_away(void **state)
{
    struct rd_admin_socket s;
    struct stat st;
    int fd;

    (void)state;
    assert_int_equal(rd_admin_socket_open(&s, rd_slice_str(address), &fd, &why), 0);
    assert_int_equal(stat(address + 5, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_string_equal(s.text, address);
    close(fd);
    rd_admin_socket_close(&s);
    assert_int_equal(stat(address + 5, &st), -1);
}

static void
test_a_stale_socket_is_replaced_a_live_one_is_not(void **state)
{
    struct rd_admin_socket s, other;
    int fd, second;

    (void)state;
    assert_int_equal(rd_admin_socket_open(&s, rd_slice_str(address), &fd, &why), 0);
    assert_int_equal(rd_admin_socket_open(&other, rd_slice_str(address), &second, &why),
                     RD_E_ADDRESS);
    assert_non_null(memmem(why.p, why.n, "another replyd", 14));
    close(fd);    /* as after a crash: the file stays */
    assert_int_equal(rd_admin_socket_open(&other, rd_slice_str(address), &second, &why), 0);
    close(second);
    rd_admin_socket_close(&other);
}

static void
test_what_is_no_socket_is_left_alone(void **state)
{
    struct rd_admin_socket s;
    FILE *f = fopen(address + 5, "w");
    struct stat st;
    int fd;

    (void)state;
    fclose(f);
    assert_int_equal(rd_admin_socket_open(&s, rd_slice_str(address), &fd, &why), RD_E_ADDRESS);
    assert_int_equal(fd, -1);
    assert_int_equal(stat(address + 5, &st), 0);
}

static void
test_loopback_addresses(void **state)
{
    struct rd_admin_socket s;
    int fd;

    (void)state;
    assert_int_equal(rd_admin_socket_open(&s, RD_LIT("127.0.0.1:0"), &fd, &why), 0);
    assert_memory_equal(s.text, "http://127.0.0.1:", 17);
    assert_true(atoi(s.text + 17) > 0);
    close(fd);
    if (rd_admin_socket_open(&s, RD_LIT("[::1]:0"), &fd, &why) == 0) {    /* there is IPv6 */
        assert_memory_equal(s.text, "http://[::1]:", 13);
        close(fd);
    }
    assert_int_equal(rd_admin_socket_open(&s, RD_LIT("nonsense"), &fd, &why), RD_E_ADDRESS);
    assert_int_equal(rd_admin_socket_open(&s, RD_LIT(":80"), &fd, &why), RD_E_ADDRESS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(test_a_unix_socket_is_private_and_goes_away),
        T(test_a_stale_socket_is_replaced_a_live_one_is_not),
        T(test_what_is_no_socket_is_left_alone),
        T(test_loopback_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
