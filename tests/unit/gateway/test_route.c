/* From a path and a message to a row of `routes`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/route.h"

static struct rd_config config;

static void
use_routes(struct rd_route *routes, size_t n)
{
    config = (struct rd_config){ .routes = routes, .n_routes = n };
}

static int
find(const char *path, const struct rd_message *m)
{
    const struct rd_route *r = rd_route_find(&config, rd_slice_str(path), m);

    return r ? (int)(r - config.routes) : -1;
}

static void
test_one_route_takes_everything(void **state)
{
    struct rd_route all = { 0 };
    struct rd_message m = { .to = RD_LIT("+15550001") };

    (void)state;
    use_routes(&all, 1);
    assert_int_equal(find("/", &m), 0);
    assert_int_equal(find("/any/where", &m), 0);
    assert_true(rd_route_any(&config, RD_LIT("/x")));
}

static void
test_without_routes_there_is_nothing(void **state)
{
    struct rd_message m = { 0 };

    (void)state;
    use_routes(NULL, 0);
    assert_int_equal(find("/", &m), -1);
    assert_false(rd_route_any(&config, RD_LIT("/")));
}

static void
test_paths_are_exact_unless_a_subtree(void **state)
{
    struct rd_route routes[] = {
        { .path = RD_LIT("/bot/"), .subtree = true },
        { .path = RD_LIT("/sms") },
    };
    struct rd_message m = { 0 };

    (void)state;
    use_routes(routes, 2);
    assert_int_equal(find("/bot/", &m), 0);
    assert_int_equal(find("/bot/a/b", &m), 0);
    assert_int_equal(find("/bot", &m), -1);
    assert_int_equal(find("/sms", &m), 1);
    assert_int_equal(find("/sms/", &m), -1);
    assert_int_equal(find("/sm", &m), -1);
    assert_true(rd_route_any(&config, RD_LIT("/sms")));
    assert_false(rd_route_any(&config, RD_LIT("/smsx")));
}

static void
test_the_first_that_wants_the_message(void **state)
{
    struct rd_route routes[] = {
        { .to = RD_LIT("+15550001"), .channel = RD_LIT("sms") },
        { .to = RD_LIT("+15550001") },
        { .account = RD_LIT("AC1") },
        { .service = RD_LIT("MG1") },
    };
    struct rd_message m = { .to = RD_LIT("+15550001"), .channel = RD_LIT("sms") };

    (void)state;
    use_routes(routes, 4);
    assert_int_equal(find("/", &m), 0);
    m.channel = RD_LIT("mms");
    assert_int_equal(find("/", &m), 1);
    m.to = RD_LIT("+15550002");
    assert_int_equal(find("/", &m), -1);
    m.service = RD_LIT("MG1");
    assert_int_equal(find("/", &m), 3);
    m.account = RD_LIT("AC1");
    assert_int_equal(find("/", &m), 2);
    m.account = RD_LIT("AC10");
    assert_int_equal(find("/", &m), 3);
    assert_true(rd_route_any(&config, RD_LIT("/")));    /* some message may come there */
}

static void
assert_path(const char *path, const char *expected)
{
    struct rd_slice rest = rd_route_path(&config, rd_slice_str(path));

    if (!rd_slice_eq(rest, rd_slice_str(expected)))
        fail_msg("%s gives %.*s, not %s", path, RD_PRI(rest), expected);
}

static void
test_the_path_below_a_public_url(void **state)
{
    struct rd_public_url urls[2];

    (void)state;
    use_routes(NULL, 0);
    assert_path("/hook/x", "/hook/x");
    assert_int_equal(rd_public_url_parse(RD_LIT("https://a.example/hook"), &urls[0]), 0);
    assert_int_equal(rd_public_url_parse(RD_LIT("https://b.example/other"), &urls[1]), 0);
    config.public_urls = urls;
    config.n_public_urls = 2;
    assert_path("/hook/x", "/x");
    assert_path("/hook", "/");
    assert_path("/other/y", "/y");
    assert_true(rd_route_is_below(&config, RD_LIT("/other")));
    assert_path("/x", "/x");    /* a proxy has taken the prefix off */
    assert_path("/hooks", "/hooks");
    assert_false(rd_route_is_below(&config, RD_LIT("/hooks")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_route_takes_everything),
        cmocka_unit_test(test_without_routes_there_is_nothing),
        cmocka_unit_test(test_paths_are_exact_unless_a_subtree),
        cmocka_unit_test(test_the_first_that_wants_the_message),
        cmocka_unit_test(test_the_path_below_a_public_url),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
