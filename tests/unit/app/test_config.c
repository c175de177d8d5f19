/* test_config.c - replyd.lua, flags and environment: what they become, and what mistakes say. */
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

#include "app/config_help.h"
#include "base/clock.h"
#include "base/error.h"

/* A function: the slice may come from a call, which a macro would make twice. */
static void
assert_slice(struct rd_slice s, const char *text)
{
    assert_int_equal(s.n, strlen(text));
    if (s.n > 0)
        assert_memory_equal(s.p, text, s.n);
}

static void
expect(const char *text, const char *error)
{
    if (config_help_load(text) != NULL)
        fail_msg("%s was taken", text);
    if (strcmp(config_help_errors, error) != 0)
        fail_msg("%s\n  says:     %s  expected: %s", text, config_help_errors, error);
}

static struct rd_config *
load(const char *text)
{
    struct rd_config *c = config_help_load(text);

    if (c == NULL)
        fail_msg("%s: %s", text, config_help_errors);
    return c;
}

static void
test_defaults_are_those_of_the_table(void **state)
{
    struct rd_config *c = load(BASE);

    (void)state;
    assert_slice(c->path, "replyd.lua");
    assert_int_equal(c->n_listen, 1);
    assert_slice(c->listen[0].host, "127.0.0.1");
    assert_true(c->listen[0].tls);
    assert_int_equal(c->listen[0].port, 8443);
    assert_int_equal(c->n_public_urls, 0);
    assert_int_equal(c->deadline_ms, 8000);
    assert_int_equal(c->late_limit_ms, 300000);
    assert_int_equal(c->recover_ms, 600000);
    assert_int_equal(c->drain_limit_ms, 12000);
    assert_int_equal(c->retention_size, UINT64_C(4) << 30);
    assert_int_equal(c->script.slice_ns, 2 * RD_MS);
    assert_int_equal(c->script.cpu_limit_ns, 500 * RD_MS);
    assert_int_equal(c->script.load_limit_ns, 2 * RD_SECOND);
    assert_int_equal(c->script.vm_memory, 64 << 20);
    assert_int_equal(c->script.handler_memory, 32 << 20);
    assert_int_equal(c->script.log_lines, 100);
    assert_int_equal(c->http.max_body, 65536);
    assert_int_equal(c->http.max_head, 16384);
    assert_int_equal(c->http.max_line, 8192);
    assert_int_equal(c->http.idle_timeout, 75000);
    assert_int_equal(c->http.answer_timeout, 9000);
    assert_int_equal(c->max_in_flight, 10000);
    assert_int_equal(c->front_threads, 1);
    assert_true(c->script_threads >= 1);
    assert_int_equal(c->on_error, RD_ON_ERROR_TWIML);
    assert_int_equal(c->on_store_fault, RD_ON_STORE_FAULT_503);
    assert_int_equal(c->log_level, RD_LOG_INFO);
    assert_int_equal(c->log_format, RD_LOG_LOGFMT);
    assert_slice(c->store, "memory");
    assert_slice(c->script_root, "scripts");
    assert_slice(c->scripts[0], "scripts/main.lua");
    assert_int_equal(c->n_routes, 1);
    assert_true(c->routes[0].subtree);
    assert_slice(c->routes[0].path, "/");
    assert_int_equal(c->routes[0].deadline_ms, 8000);
    assert_null(c->waiting_reply);
    assert_string_equal(config_help_warnings, "");
}

static void
test_errors_say_place_key_expectation_and_finding(void **state)
{
    (void)state;
    expect(BASE "\n deadline = '20s'",
           "replyd.lua:2: deadline: expected a duration (\"8s\", or a number of seconds) from 1s to"
           " 13.5s, found the string \"20s\"\n");
    expect(BASE "\n\n log = { level = 'loud' }",
           "replyd.lua:3: log.level: expected one of \"trace\", \"debug\", \"info\", \"warn\","
           " \"error\", found the string \"loud\"\n");
    expect(BASE "max_body = {}", "replyd.lua:1: max_body: expected a size (\"64KiB\", or a number"
           " of bytes) from 1KiB to 16MiB, found a table\n");
    expect(BASE "\nlog = 1", "replyd.lua:2: log: expected a table, found the number 1\n");
    expect(BASE "\nroutes = {\n { script = 'scripts/main.lua' },\n { path = 1,\n script = 'x' } }",
           "replyd.lua:4: routes[2].path: expected a string, found the number 1\n");
    expect("'x'", "replyd.lua: a value without a key: write key = value\n");
}

static void
test_unknown_keys_get_a_suggestion(void **state)
{
    (void)state;
    expect(BASE "\ndeadlin = 1", "replyd.lua:2: deadlin: unknown key, did you mean deadline?\n");
    expect(BASE "waiting_replay = ''",
           "replyd.lua:1: waiting_replay: unknown key, did you mean waiting_reply?\n");
    expect(BASE "log = { levle = 'info' }",
           "replyd.lua:1: log.levle: unknown key, did you mean level?\n");
    expect(BASE "routes = { { pat = '/', script = 'scripts/main.lua' } }",
           "replyd.lua:1: routes[1].pat: unknown key, did you mean path?\n");
    expect(BASE "colour = 1",
           "replyd.lua:1: colour: unknown key (replyd help config lists all)\n");
}

static void
test_all_mistakes_are_told_at_once(void **state)
{
    (void)state;
    assert_null(config_help_load(BASE "deadline = 1000, max_body = true, colour = 1"));
    assert_non_null(strstr(config_help_errors, "deadline: "));
    assert_non_null(strstr(config_help_errors, "max_body: "));
    assert_non_null(strstr(config_help_errors, "colour: "));
}

static void
test_secrets_are_not_shown(void **state)
{
    (void)state;
    assert_null(config_help_load("auth_token = 'my secret'"));
    assert_non_null(strstr(config_help_errors, "auth_token: the token has a blank"));
    assert_null(strstr(config_help_errors, "secret'"));
    assert_null(config_help_load(BASE "api_key = 'SK', api_secret = 77"));
    assert_null(config_help_load("accounts = { AC1 = { auth_token = { 'hush', 'hush hush' } } }"));
    assert_null(strstr(config_help_errors, "hush"));
}

static void
test_the_environment_is_empty_but_env_and_file(void **state)
{
    struct rd_config *c;

    (void)state;
    setenv("TOKEN", "t1", 1);
    setenv("EMPTY", "", 1);
    config_help_write("secret", "t2\r\n");
    c = load("auth_token = { env 'TOKEN', file 'secret' }");
    assert_int_equal(c->accounts[0].n_tokens, 2);
    assert_slice(c->accounts[0].tokens[0], "t1");
    assert_slice(c->accounts[0].tokens[1], "t2");
    expect("\nauth_token = env 'NOPE'",
           "replyd.lua:2: env \"NOPE\": the environment variable is not set\n");
    expect("auth_token = env 'EMPTY'",
           "replyd.lua:1: env \"EMPTY\": the environment variable is empty\n");
    expect("\nauth_token = file 'nope'",
           "replyd.lua:2: file \"nope\": No such file or directory\n");
    config_help_write("secret", "\n");
    expect("auth_token = file 'secret'", "replyd.lua:1: file \"secret\": is empty\n");
    expect("auth_token = os.getenv('TOKEN')",
           "replyd.lua:1: attempt to index a nil value (global 'os')\n");
}

static void
test_files_that_are_no_configuration(void **state)
{
    (void)state;
    config_help_write("replyd.lua", "return {\n a = \n}");
    expect(NULL, "replyd.lua:3: unexpected symbol near '}'\n");
    config_help_write("replyd.lua", "x = 1");
    expect(NULL, "replyd.lua: must return a table, returns nothing\n");
    config_help_write("replyd.lua", "while true do end");
    expect(NULL, "replyd.lua:1: the configuration takes more than 250 ms of CPU time\n");
    config_help_write("replyd.lua", "local s = 'x' while true do s = s .. s end");
    expect(NULL, "replyd.lua: the configuration needs more than 16 MiB of memory\n");
    config_help_write("replyd.lua", "\x1bLua");
    assert_null(config_help_load(NULL));
    config_help_args.file = "nope.lua";
    expect(NULL, "nope.lua: No such file or directory\n");
    config_help_args.file = "scripts";
    expect(NULL, "scripts: not a regular file\n");
}

static void
test_keys_of_later_versions_warn_once(void **state)
{
    (void)state;
    load(BASE "\nhttp = { allow_private = true, timeout = '3s' },\n send = { rate = 3 },"
              " store = 'sqlite', durability = 'full'");
    assert_string_equal(config_help_warnings,
                        "replyd.lua:3: store: \"sqlite\": not in this version, \"memory\" is used\n"
                        "replyd.lua:3: durability: not in this version, ignored\n"
                        "replyd.lua:2: http: not in this version, ignored\n"
                        "replyd.lua:3: send: not in this version, ignored\n");
}

static void
test_an_api_key_warns_once_for_all_accounts(void **state)
{
    (void)state;
    load(BASE "\napi_key = 'SK1',\napi_secret = 's1'");
    assert_string_equal(config_help_warnings,
                        "replyd.lua:2: api_key: not in this version, ignored\n");
    load("accounts = {\n AC1 = { auth_token = 'a', api_key = 'SK1', api_secret = 's1' },\n"
         " AC2 = { auth_token = 'b', api_key = 'SK2', api_secret = 's2' } }");
    assert_non_null(strstr(config_help_warnings, ".api_key: not in this version, ignored\n"));
    assert_ptr_equal(strchr(config_help_warnings, '\n'), strrchr(config_help_warnings, '\n'));
}

static void
test_listeners(void **state)
{
    struct rd_config *c = load(BASE "listen = { 'http://localhost:0', 'https://[::1]', "
                                    "'http://127.0.0.1:8080/' }");

    (void)state;
    assert_int_equal(c->n_listen, 3);
    assert_slice(c->listen[0].host, "127.0.0.1");
    assert_int_equal(c->listen[0].port, 0);
    assert_false(c->listen[0].tls);
    assert_slice(c->listen[1].host, "::1");
    assert_int_equal(c->listen[1].port, 443);
    assert_true(c->listen[1].tls);
    assert_int_equal(c->listen[2].port, 8080);
    for (size_t i = 0; i < 9; i++) {
        static const char *const bad[] = {
            "http://", "http://host:1", "http://1.2.3.4:99999", "http://1.2.3.4:x",
            "http://1.2.3.4:", "https://[::1", "http://1.2.3.4/x", "1.2.3.4:80", "http://::1:80",
        };
        char text[128];

        snprintf(text, sizeof text, BASE "listen = '%s'", bad[i]);
        if (config_help_load(text) != NULL)
            fail_msg("%s was taken", text);
    }
    expect(BASE "listen = { 'http://127.0.0.1:8080', 'https://localhost:8080' }",
           "replyd.lua:1: listen[2]: the list has that address and port already\n");
    expect(BASE "listen = {}", "replyd.lua:1: listen: expected a URL or a list of URLs, found an"
                               " empty or too long list\n");
}

static void
test_a_public_listener_needs_a_public_url(void **state)
{
    struct rd_config *c;

    (void)state;
    expect(BASE "listen = 'https://0.0.0.0:443'",
           "replyd.lua: public_url: needed, because a listener is not on loopback: the URL that"
           " Twilio calls (https://bot.example.com)\n");
    c = load(BASE "listen = 'https://0.0.0.0:443', public_url = 'https://bot.example.com/t'");
    assert_slice(c->public_urls[0].host, "bot.example.com");
    assert_slice(c->public_urls[0].prefix, "/t");
}

static void
test_accounts(void **state)
{
    struct rd_config *c = load("account_sid = 'AC1', auth_token = 'a', accounts = {"
                               " AC2 = { auth_token = { 'b', 'c' }, api_key = 'SK',"
                               " api_secret = 's' } }");

    (void)state;
    assert_int_equal(c->n_accounts, 2);
    assert_slice(c->accounts[0].sid, "AC2");
    assert_slice(c->accounts[0].tokens[1], "c");
    assert_slice(c->accounts[0].api_secret, "s");
    assert_slice(c->accounts[1].sid, "AC1");
    assert_slice(c->accounts[1].tokens[0], "a");
    expect("", "replyd.lua: no auth_token: write auth_token = env \"TWILIO_AUTH_TOKEN\"\n");
    expect("account_sid = 'AC1'", "replyd.lua:1: account_sid: no auth_token for this account"
                                  " (TWILIO_AUTH_TOKEN)\n");
    expect("account_sid = 'AC1', auth_token = 'a', accounts = { AC1 = { auth_token = 'b' } }",
           "replyd.lua:1: account_sid: stands in accounts, too\n");
    expect("accounts = { AC1 = { api_key = 'x' } }", "replyd.lua:1: accounts.AC1: no auth_token:"
           " webhooks of this account could not be verified\n");
    expect(BASE "api_key = 'SK'",
           "replyd.lua:1: api_key: api_key and api_secret belong together\n");
    expect("accounts = { AC1 = { auth_token = 'a', api_secret = 's' } }",
           "replyd.lua:1: accounts.AC1: api_key and api_secret belong together\n");
}

static void
test_routes(void **state)
{
    struct rd_config *c;

    (void)state;
    config_help_write("scripts/b.lua", "return function() end");
    c = load(BASE "routes = { { path = '/a', to = '+1', script = 'scripts/b.lua', deadline = 3 },"
                  " { path = '/x/*', script = 'scripts/main.lua' },"
                  " { script = 'scripts/b.lua' } }");
    assert_int_equal(c->n_scripts, 2);
    assert_slice(c->routes[0].path, "/a");
    assert_slice(c->routes[0].to, "+1");
    assert_int_equal(c->routes[0].deadline_ms, 3000);
    assert_false(c->routes[0].subtree);
    assert_slice(c->routes[1].path, "/x/");
    assert_true(c->routes[1].subtree);
    assert_int_equal(c->routes[1].script, 1);
    assert_int_equal(c->routes[2].script, 0);
    assert_slice(c->routes[2].path, "/");
    assert_string_equal(config_help_warnings, "");
    expect(BASE "routes = { { path = '/' } }",
           "replyd.lua:1: routes[1]: no script: which Lua file answers?\n");
    config_help_args.script = "scripts/main.lua";
    assert_null(config_help_load(BASE "routes = { { script = 'scripts/b.lua' } }"));
}

static void
test_routes_that_can_never_match_are_a_warning(void **state)
{
    (void)state;
    load(BASE "routes = {\n { path = '/a/*', script = 'scripts/main.lua' },\n"
              " { path = '/a/b', channel = 'sms', script = 'scripts/main.lua' },\n"
              " { path = '/b', channel = 'sms', script = 'scripts/main.lua' },\n"
              " { path = '/b', script = 'scripts/main.lua' } }");
    assert_string_equal(config_help_warnings,
                        "replyd.lua:3: routes[2]: can never match: routes[1] comes first\n");
}

static void
test_deadlines_fit_together(void **state)
{
    (void)state;
    assert_int_equal(load(BASE "deadline = '13.5s'")->drain_limit_ms, 14500);
    assert_non_null(strstr(config_help_warnings, "deadline: above 9 s"));
    assert_int_equal(load(BASE "deadline = '13.5s'")->http.answer_timeout, 14500);
    expect(BASE "deadline = '8s', drain_limit = '8s'",
           "replyd.lua:1: drain_limit: must not be below the hard deadline, 9 s\n");
    expect(BASE "late_limit = '2s'",
           "replyd.lua:1: late_limit: must not be below the deadline, 8 s\n");
    expect(BASE "vm_memory = '8MiB', handler_memory = '9MiB'",
           "replyd.lua:1: handler_memory: must not be above vm_memory\n");
    assert_int_equal(load(BASE "vm_memory = '8MiB'")->script.handler_memory, 4 << 20);
}

static void
test_stand_in_replies(void **state)
{
    struct rd_config *c = load(BASE "waiting_reply = 'one moment', fallback_reply = {"
                                    " body = 'sorry', media = { 'https://x/1', 'https://x/2' } }");

    (void)state;
    assert_int_equal(c->waiting_reply->n, 1);
    assert_slice(c->waiting_reply->messages[0].body, "one moment");
    assert_int_equal(c->fallback_reply->messages[0].n_media, 2);
    assert_slice(c->fallback_reply->messages[0].media[1], "https://x/2");
    assert_null(config_help_load(BASE "waiting_reply = { 'a', 'b' }"));
    assert_null(config_help_load(BASE "waiting_reply = ''"));
    assert_null(config_help_load(BASE "waiting_reply = { body = 1 }"));
}

static void
test_without_a_file_environment_and_flags_suffice(void **state)
{
    const char *listen[] = { "http://127.0.0.1:0", "https://0.0.0.0:1" };
    const char *urls[] = { "https://bot.example.com" };
    struct rd_config *c;

    (void)state;
    config_help_args.file = NULL;
    expect(NULL, "no auth token: set TWILIO_AUTH_TOKEN, or write a replyd.lua"
                 " (replyd help config)\n");
    setenv("TWILIO_AUTH_TOKEN", "tok", 1);
    setenv("TWILIO_ACCOUNT_SID", "AC9", 1);
    config_help_args.script = "scripts/main.lua";
    config_help_args.state = "st";
    config_help_args.listen = listen;
    config_help_args.n_listen = 2;
    expect(NULL, "public_url: needed, because a listener is not on loopback: the URL that Twilio"
                 " calls (https://bot.example.com)\n");
    config_help_args.public_urls = urls;
    config_help_args.n_public_urls = 1;
    c = load(NULL);
    assert_slice(c->path, "");
    assert_slice(c->accounts[0].sid, "AC9");
    assert_slice(c->accounts[0].tokens[0], "tok");
    assert_int_equal(c->n_listen, 2);
    assert_slice(c->state, "st");
    assert_slice(c->admin, "unix:st/admin.sock");
    listen[0] = "nonsense";
    expect(NULL, "--listen[1]: expected http:// or https://, an IP address or localhost, and a"
                 " port unless it is 80 or 443 (\"https://0.0.0.0:443\"),"
                 " found the string \"nonsense\"\n");
}

static void
test_scripts_and_files_are_beside_the_configuration(void **state)
{
    struct rd_config *c;

    (void)state;
    config_help_write("etc/replyd.lua", "return { auth_token = file 'tok', state = 'st' }");
    config_help_write("etc/tok", "x\n");
    config_help_write("etc/scripts/main.lua", "return function() end");
    config_help_args.file = "etc/replyd.lua";
    c = load(NULL);
    assert_slice(c->scripts[0], "etc/scripts/main.lua");
    assert_slice(c->script_root, "etc/scripts");
    assert_slice(c->state, "etc/st");
    config_help_args.script = "scripts/main.lua";    /* but what a person types is here */
    assert_slice(load(NULL)->scripts[0], "scripts/main.lua");
    config_help_write("bot.lua", "return function() end");
    config_help_args.script = "bot.lua";
    assert_slice(load(NULL)->script_root, ".");
    config_help_args.script = "none.lua";
    expect(NULL, "etc/replyd.lua: none.lua: No such file or directory\n");
    config_help_args.script = NULL;
    unlink("etc/scripts/main.lua");
    expect(NULL, "etc/replyd.lua: etc/scripts/main.lua: No such file or directory; name the script:"
                 " replyd run SCRIPT, replyd check SCRIPT\n");
}

static void
test_the_state_folder(void **state)
{
    (void)state;
    if (geteuid() == 0)
        assert_slice(load(BASE)->state, "/var/lib/replyd");
    else
        assert_slice(load(BASE)->state, "/home/somebody/.local/state/replyd");
    setenv("XDG_STATE_HOME", "/xdg", 1);
    if (geteuid() != 0)
        assert_slice(load(BASE)->state, "/xdg/replyd");
    setenv("STATE_DIRECTORY", "/one:/two", 1);
    assert_slice(load(BASE)->state, "/one");
    assert_slice(load(BASE "admin = false")->admin, "");
    assert_slice(load(BASE "admin = '127.0.0.1:9'")->admin, "127.0.0.1:9");
    assert_slice(load(BASE "admin = 'unix:/run/x'")->admin, "unix:/run/x");
}

static void
test_what_is_fixed_at_start(void **state)
{
    struct rd_config_args args = { .file = "other.lua" };
    struct rd_config *next;
    struct rd_buf errors, warnings;

    (void)state;
    rd_buf_init(&errors, 4096);
    rd_buf_init(&warnings, 4096);
    config_help_write("other.lua", "return { auth_token = 'x', deadline = 9 }");
    assert_int_equal(rd_config_load(&args, &next, &errors, &warnings), 0);
    assert_int_equal(rd_config_same_at_start(load(BASE), next, &errors), 0);
    rd_config_free(next);
    config_help_write("other.lua", "return { auth_token = 'x', front_threads = 3, script_threads ="
                                   " 250, listen = 'http://127.0.0.1:1', state = '/tmp' }");
    assert_int_equal(rd_config_load(&args, &next, &errors, &warnings), 0);
    assert_int_equal(rd_config_same_at_start(load(BASE), next, &errors), RD_E_CONFIG);
    rd_buf_put_char(&errors, 0);
    assert_string_equal(errors.p, "other.lua: listen: changed, which needs a restart\n"
                                  "other.lua: state: changed, which needs a restart\n"
                                  "other.lua: admin: changed, which needs a restart\n"
                                  "other.lua: front_threads: changed, which needs a restart\n"
                                  "other.lua: script_threads: changed, which needs a restart\n");
    rd_config_free(next);
    rd_buf_free(&errors);
    rd_buf_free(&warnings);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, config_help_setup, config_help_teardown)
        T(test_defaults_are_those_of_the_table),
        T(test_errors_say_place_key_expectation_and_finding),
        T(test_unknown_keys_get_a_suggestion),
        T(test_all_mistakes_are_told_at_once),
        T(test_secrets_are_not_shown),
        T(test_the_environment_is_empty_but_env_and_file),
        T(test_files_that_are_no_configuration),
        T(test_keys_of_later_versions_warn_once),
        T(test_an_api_key_warns_once_for_all_accounts),
        T(test_listeners),
        T(test_a_public_listener_needs_a_public_url),
        T(test_accounts),
        T(test_routes),
        T(test_routes_that_can_never_match_are_a_warning),
        T(test_deadlines_fit_together),
        T(test_stand_in_replies),
        T(test_without_a_file_environment_and_flags_suffice),
        T(test_scripts_and_files_are_beside_the_configuration),
        T(test_the_state_folder),
        T(test_what_is_fixed_at_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
