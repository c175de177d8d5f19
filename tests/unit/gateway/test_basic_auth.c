/* Basic authentication: what Twilio sends after a 401 is taken, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/basic_auth.h"

#define WANTED "dXNlcjpwYTpzcw=="    /* user:pa:ss */

static bool
passes(const char *wanted, const char *a, const char *b)
{
    struct rd_config c = { .basic_auth = rd_slice_str(wanted) };
    struct rd_http_header headers[] = {
        { RD_LIT("Host"), RD_LIT("x") },
        { RD_LIT("authorization"), rd_slice_str(a) },
        { RD_LIT("Authorization"), rd_slice_str(b) },
    };
    struct rd_http_request r = { .headers = headers, .n_headers = b ? 3 : a ? 2 : 1 };

    return rd_basic_auth_passes(&c, &r);
}

static void
the_right_credentials_pass(void **state)
{
    (void)state;
    assert_true(passes(WANTED, "Basic " WANTED, NULL));
    assert_true(passes(WANTED, "basic  " WANTED " ", NULL));
}

static void
without_basic_auth_anything_passes(void **state)
{
    (void)state;
    assert_true(passes(NULL, NULL, NULL));
    assert_true(passes(NULL, "Basic x", NULL));
}

static void
all_else_does_not(void **state)
{
    static const char *const wrong[] = {
        "", "Basic", "Basic ", "Basic  ", WANTED, "Bearer " WANTED, "Digest username=\"user\"",
        "Basic dXNlcjpwYTpzcw=", "Basic dXNlcjpwYTpzcw==dXNlcjpwYTpzcw==", "Basic d",
        "Basic DXNlcjpwYTpzcw==", "Basic dXNlcjpwYTpzcw= ", "Basic" WANTED,
    };

    (void)state;
    assert_false(passes(WANTED, NULL, NULL));
    assert_false(passes(WANTED, "Basic " WANTED, "Basic " WANTED));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (passes(WANTED, wrong[i], NULL))
            fail_msg("\"%s\" passes", wrong[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_credentials_pass),
        cmocka_unit_test(without_basic_auth_anything_passes),
        cmocka_unit_test(all_else_does_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
