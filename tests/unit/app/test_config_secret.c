/* Secrets and keys in files: who may read them, and whether they can be used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/config_help.h"

static void
load(const char *text)
{
    if (config_help_load(text) == NULL)
        fail_msg("%s", config_help_errors);
}

static void
test_a_file_that_all_can_read_is_a_warning(void **state)
{
    (void)state;
    config_help_write("secret", "t\n");
    chmod("secret", 0644);
    load("\nauth_token = file 'secret'");
    assert_string_equal(config_help_warnings, "replyd.lua:2: secret: anybody on this machine can"
                                              " read it (chmod 600)\n");
    config_help_make_certificate();
    chmod("tls-key.pem", 0604);
    load(BASE "\ntls = {\n certificate = 'tls-cert.pem',\n key = 'tls-key.pem' }");
    assert_string_equal(config_help_warnings, "replyd.lua:4: tls.key: tls-key.pem: anybody on this"
                                              " machine can read it (chmod 600)\n");
}

static void
test_a_certificate_that_cannot_be_used_is_refused(void **state)
{
    (void)state;
    assert_null(config_help_load(BASE "\ntls = { certificate = 'no.pem', key = 'k.pem' }"));
    assert_string_equal(config_help_errors,
                        "replyd.lua:2: tls: no.pem: No such file or directory\n");
    config_help_make_certificate();
    assert_null(config_help_load(BASE "\ntls = { certificate = 'tls-key.pem',\n"
                                      "key = 'tls-cert.pem' }"));
    assert_non_null(strstr(config_help_errors, "replyd.lua:2: tls: tls-key.pem: "));
    config_help_args.client = true;
    load(BASE "tls = { certificate = 'no.pem', key = 'k.pem' }");
    config_help_args.client = false;
}

static void
test_a_secret_written_in_a_file_that_all_can_read_is_a_warning(void **state)
{
    (void)state;
    config_help_write("replyd.lua", "return {\n auth_token = 'secret' }");
    load(NULL);
    assert_string_equal(config_help_warnings, "");
    chmod("replyd.lua", 0644);
    load(NULL);
    assert_string_equal(config_help_warnings, "replyd.lua:2: auth_token: replyd.lua: anybody on"
                                              " this machine can read it (chmod 600)\n");
    setenv("SECRET", "secret", 1);
    config_help_write("replyd.lua", "return { auth_token = env 'SECRET' } -- secret");
    chmod("replyd.lua", 0644);
    load(NULL);
    assert_string_equal(config_help_warnings, "");
}

static void
test_a_state_folder_that_all_can_write_into_is_a_warning(void **state)
{
    (void)state;
    mkdir("st", 0700);
    load(BASE "\nstate = 'st'");
    assert_string_equal(config_help_warnings, "");
    chmod("st", 0777);
    load(BASE "\nstate = 'st'");
    assert_string_equal(config_help_warnings, "replyd.lua:2: state: st: anybody on this machine"
                                              " can write into it (chmod 700)\n");
}

#define T(test) cmocka_unit_test_setup_teardown(test, config_help_setup, config_help_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_a_file_that_all_can_read_is_a_warning),
        T(test_a_certificate_that_cannot_be_used_is_refused),
        T(test_a_secret_written_in_a_file_that_all_can_read_is_a_warning),
        T(test_a_state_folder_that_all_can_write_into_is_a_warning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
