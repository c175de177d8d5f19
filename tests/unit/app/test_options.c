/*
 * test_options.c - every configuration key: documented, and tried with a value
 * that it takes and one that it refuses. A row without a case here fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "app/config_help.h"
#include "app/options.h"

/* good and bad: the value as Lua; later: good gives one warning. */
static const struct {
    const char *key, *good, *bad;
    bool later;
} cases[] = {
    { "listen", "{ 'http://127.0.0.1:0', 'https://[::1]:8443' }", "'ftp://127.0.0.1'", false },
    { "public_url", "{ 'https://a.example/x', 'http://b.example:81' }", "'bot.example'", false },
    { "tls.certificate", "'tls-cert.pem', key = 'tls-key.pem'", "1", false },
    { "tls.key", "'tls-key.pem', certificate = 'tls-cert.pem'", "true", false },
    { "account_sid", "'AC1'", "''", false },
    { "auth_token", "{ 'a', 'b' }", "'with blank'", false },
    { "api_key", "'SK1', api_secret = 'x'", "1", true },
    { "api_secret", "'x', api_key = 'SK1'", "{}", true },
    { "accounts", "{ AC2 = { auth_token = 'x' } }", "{ { auth_token = 'x' } }", false },
    { "accounts.*.auth_token", "'x'", "1", false },
    { "accounts.*.api_key", "'SK', auth_token = 'x', api_secret = 'S'", "1, auth_token = 'x'",
      true },
    { "accounts.*.api_secret", "'S', auth_token = 'x', api_key = 'SK'", "'', auth_token = 'x'",
      true },
    { "region", "'ie1'", "1", true },
    { "edge", "'dublin'", "1", true },
    { "from", "'+15550001111'", "1", true },
    { "service", "'MG1'", "1", true },
    { "api_url", "'http://127.0.0.1:1'", "true", true },
    { "routes", "{ { script = 'scripts/main.lua' } }", "{ path = '/' }", false },
    { "routes.*.path", "'/x/*', script = 'scripts/main.lua'", "'x', script = 's.lua'", false },
    { "routes.*.script", "'scripts/main.lua'", "'scripts/none.lua'", false },
    { "routes.*.to", "'+1', script = 'scripts/main.lua'", "1, script = 's'", false },
    { "routes.*.channel", "'sms', script = 'scripts/main.lua'", "1, script = 's'", false },
    { "routes.*.account", "'AC1', script = 'scripts/main.lua'", "1, script = 's'", false },
    { "routes.*.service", "'MG1', script = 'scripts/main.lua'", "1, script = 's'", false },
    { "routes.*.deadline", "'2s', script = 'scripts/main.lua'", "'1h', script = 's'", false },
    { "routes.*.allow", "'+1555*', script = 'scripts/main.lua'", "{}, script = 's'", false },
    { "routes.*.deny", "{ '+1' }, script = 'scripts/main.lua'", "'*1', script = 's'", false },
    { "routes.*.countries", "{'DE', '+41'}, script = 'scripts/main.lua'", "'de', script = 's'",
      false },
    { "routes.*.opt_out_words", "false, script = 'scripts/main.lua'", "1, script = 's'", false },
    { "state", "'/tmp/x'", "false", false },
    { "store", "'memory'", "'redis'", false },
    { "durability", "'off'", "'maybe'", true },
    { "on_store_fault", "'answer'", "503", false },
    { "deadline", "7.5", "'14s'", false },
    { "late_limit", "'1h'", "'2d'", false },
    { "recover", "'1m'", "-1", true },
    { "waiting_reply", "{ body = 'a', media = 'https://x/y' }", "{ text = 'a' }", true },
    { "fallback_reply", "'sorry'", "{}", false },
    { "on_error", "'http500'", "'http'", false },
    { "trusted_proxies", "{ '10.0.0.0/8' }", "8", false },
    { "status_callback", "false", "true", false },
    { "opt_out_words", "{ STOP = { 'halt' } }", "1", false },
    { "timezone", "'Europe/Berlin'", "1", false },
    { "schedule_missed", "'skip'", "'twice'", false },
    { "loop_guard.count", "0", "-1", false },
    { "loop_guard.window", "'10s'", "'10'", false },
    { "http.allow", "{ 'a.example' }", "1", true },
    { "http.allow_private", "true", "'yes'", true },
    { "http.ca", "'ca.pem'", "1", true },
    { "http.timeout", "'10s'", "'10x'", true },
    { "llm.timeout", "60", "0", true },
    { "send.rate", "10", "0", true },
    { "send.retry_unknown", "true", "0", true },
    { "basic_auth.user", "'u', password = 'p'", "1", false },
    { "basic_auth.password", "'p', user = 'u'", "1", false },
    { "front_threads", "2", "0", false },
    { "script_threads", "3", "1.5", false },
    { "admin", "'127.0.0.1:0'", "'0.0.0.0:9464'", false },
    { "log.format", "'json'", "'xml'", false },
    { "log.level", "'debug'", "'loud'", false },
    { "log.lines", "0", "-1", false },
    { "drain_limit", "'20s'", "'2s'", false },
    { "retention", "'7d'", "'1s'", false },
    { "retention_size", "'1GiB'", "'1KiB'", false },
    { "cpu_limit", "'1s'", "'1ms'", false },
    { "slice", "'5ms'", "'2s'", false },
    { "vm_memory", "'128MiB'", "'1B'", false },
    { "handler_memory", "'1MiB'", "'65MiB'", false },
    { "load_limit", "'5s'", "'1h'", false },
    { "max_lost_threads", "8", "0", false },
    { "max_in_flight", "100", "'many'", false },
    { "max_mailbox", "100", "0", false },
    { "max_sender_queue", "5", "0", false },
    { "max_body", "131072", "'1GiB'", false },
    { "max_head", "'32KiB'", "10", false },
    { "max_headers", "50", "1", false },
    { "max_line", "'4KiB'", "1", false },
    { "max_params", "500", "1", false },
    { "handshake_timeout", "'2s'", "'1ms'", false },
    { "request_timeout", "'5s'", "'2m'", false },
    { "idle_timeout", "'30s'", "'2h'", false },
    { "max_connections", "1000", "-1", false },
};

static size_t
case_of(const char *key)
{
    size_t i = 0;

    while (i < sizeof cases / sizeof *cases && strcmp(cases[i].key, key) != 0)
        i++;
    return i;
}

/* "log.level" and 'x' become "log = { level = 'x' }". */
static const char *
table_of(const char *key, const char *value)
{
    static char text[1024];
    const char *dot;
    int closing = 0;

    snprintf(text, sizeof text, "%s", strncmp(key, "auth_token", 10) == 0 ? "" : BASE);
    for (; (dot = strchr(key, '.')) != NULL; key = dot + 1, closing++)
        snprintf(text + strlen(text), sizeof text - strlen(text),
                 *key == '*' ? (strstr(text, "routes") ? "{ " : "AC2 = { ") : "%.*s = { ",
                 (int)(dot - key), key);
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s = %s", key, value);
    while (closing-- > 0)
        strcat(text, " }");
    return text;
}

static size_t
lines(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void
test_every_row_has_a_sentence_a_default_and_a_case(void **state)
{
    (void)state;
    for (const struct rd_option *o = rd_options(); o->row.key != NULL; o++) {
        size_t n = o->row.sentence ? strlen(o->row.sentence) : 0;

        if (n < 15 || o->row.sentence[n - 1] != '.' || o->row.standard == NULL)
            fail_msg("%s: needs a sentence and a default", o->row.key);
        if (o->into != RD_INTO_PLUGIN && case_of(o->row.key) == sizeof cases / sizeof *cases)
            fail_msg("%s: no case in this file", o->row.key);
        assert_ptr_equal(rd_option_find(o->row.key), o);
    }
    assert_null(rd_option_find("no_such_key"));
}

static void
test_every_key_takes_its_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text = table_of(cases[i].key, cases[i].good);

        assert_non_null(rd_option_find(cases[i].key));
        if (strncmp(cases[i].key, "tls", 3) == 0)
            config_help_make_certificate();
        if (config_help_load(text) == NULL)
            fail_msg("%s: %s", text, config_help_errors);
        if (lines(config_help_warnings) != (cases[i].later ? 1 : 0))
            fail_msg("%s: warnings: %s", text, config_help_warnings);
    }
}

static void
test_every_key_refuses_what_is_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text = table_of(cases[i].key, cases[i].bad);
        const char *name = strrchr(cases[i].key, '.');

        name = name ? name + 1 : cases[i].key;
        if (config_help_load(text) != NULL)
            fail_msg("%s was taken", text);
        if (strstr(config_help_errors, "replyd.lua:") != config_help_errors
            && strstr(config_help_errors, "scripts/none.lua: No such file") == NULL)
            fail_msg("%s: no place: %s", text, config_help_errors);
        if (strstr(config_help_errors, name) == NULL && strcmp(name, "script") != 0)
            fail_msg("%s: does not name the key: %s", text, config_help_errors);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, config_help_setup, config_help_teardown)
        T(test_every_row_has_a_sentence_a_default_and_a_case),
        T(test_every_key_takes_its_values),
        T(test_every_key_refuses_what_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
