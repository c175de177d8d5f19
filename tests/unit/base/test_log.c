/* test_log.c - lines: what they look like, and that a blocked sink never blocks a writer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"

#define THREADS 4
#define LINES 2000

static int pipe_fd[2];
static char text[4 * 1024 * 1024];

static int
setup(void **state)
{
    (void)state;
    rd_log_set(RD_LOG_INFO, RD_LOG_LOGFMT);
    return pipe(pipe_fd);
}

static int
teardown(void **state)
{
    (void)state;
    rd_log_stop();
    close(pipe_fd[0]);
    close(pipe_fd[1]);
    return 0;
}

/* Stops the log and gives all that it wrote; only for what fits into the pipe. */
static const char *
read_all(void)
{
    ssize_t n;

    rd_log_stop();
    close(pipe_fd[1]);
    n = read(pipe_fd[0], text, sizeof text - 1);
    pipe_fd[1] = open("/dev/null", O_WRONLY);
    assert_true(n >= 0);
    text[n] = 0;
    return text;
}

static void
test_logfmt_quotes_what_needs_it(void **state)
{
    struct rd_log_line l;
    const char *out;

    (void)state;
    assert_int_equal(rd_log_start(pipe_fd[1]), 0);
    assert_true(rd_log_begin(&l, RD_LOG_WARN, "test"));
    rd_log_str(&l, "bare", "SM1-a.b/c");
    rd_log_str(&l, "empty", "");
    rd_log_str(&l, "blank", "a b");
    rd_log_str(&l, "evil", "x\nlevel=error \"\\\x1b[31m\x7f\xc2\x9b");
    rd_log_str(&l, "utf8", "gr\xc3\xbc\xc3\x9f \xff\xe2\x82");
    rd_log_int(&l, "int", INT64_MIN);
    rd_log_uint(&l, "uint", UINT64_MAX);
    rd_log_ms(&l, "ms", 1250 * 1000);
    rd_log_end(&l);
    out = read_all();
    assert_memory_equal(out, "ts=20", 5);
    assert_string_equal(out + strlen("ts=2026-11-24T12:34:56.789Z"),
        " level=warn event=test bare=SM1-a.b/c empty=\"\" blank=\"a b\""
        " evil=\"x\\nlevel=error \\\"\\\\\\u001b[31m\\u007f\\ufffd\\ufffd\""
        " utf8=\"gr\xc3\xbc\xc3\x9f \\ufffd\\ufffd\\ufffd\""
        " int=-9223372036854775808 uint=18446744073709551615 ms=1.3\n");
}

static void
test_json_is_one_object_a_line(void **state)
{
    struct rd_log_line l;

    (void)state;
    rd_log_set(RD_LOG_INFO, RD_LOG_JSON);
    assert_int_equal(rd_log_start(pipe_fd[1]), 0);
    assert_true(rd_log_begin(&l, RD_LOG_INFO, "test"));
    rd_log_str(&l, "s", "a\"b");
    rd_log_int(&l, "n", -7);
    rd_log_end(&l);
    assert_string_equal(read_all() + strlen("{\"ts\":\"2026-11-24T12:34:56.789Z\""),
                        ",\"level\":\"info\",\"event\":\"test\",\"s\":\"a\\\"b\",\"n\":-7}\n");
}

/* A line whose fields somebody else named, and what a reader sees of them. */
static const char *
named(enum rd_log_format format)
{
    static const struct {
        struct rd_slice name;
        const char *value;
    } fields[] = {
        { RD_LIT("k\nts=1 level=error event=fake"), "v" },
        { RD_LIT("sid"), "forged" }, { RD_LIT("cut"), "true" }, { RD_LIT("n"), "again" },
        { RD_LIT("a\"b"), "1" }, { RD_LIT("a b"), "2" }, { RD_LIT("a\0b"), "3" },
        { RD_LIT(""), "none" }, { RD_LIT("1st"), "digit" }, { RD_LIT("said"), "x not=mine" },
        { RD_LIT("not"), "it's" }, { RD_LIT("fine.name-2"), "ok" },
    };
    struct rd_log_line l;

    rd_log_set(RD_LOG_INFO, format);
    assert_int_equal(rd_log_start(pipe_fd[1]), 0);
    assert_true(rd_log_begin(&l, RD_LOG_INFO, "test"));
    rd_log_int(&l, "n", 1);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        rd_log_field(&l, fields[i].name, rd_slice_str(fields[i].value));
    rd_log_end(&l);
    return read_all();
}

static void
test_names_of_outsiders_cannot_forge_lines(void **state)
{
    (void)state;
    assert_string_equal(named(RD_LOG_LOGFMT) + strlen("ts=2026-11-24T12:34:56.789Z"),
        " level=info event=test n=1 k_ts_1_level_error_event_fake=v _sid=forged _cut=true _n=again"
        " a_b=1 _a_b=2 __a_b=3 _=none _1st=digit said=\"x not=mine\" not=it's fine.name-2=ok\n");
}

static void
test_names_of_outsiders_keep_json_whole(void **state)
{
    (void)state;
    assert_string_equal(named(RD_LOG_JSON) + strlen("{\"ts\":\"2026-11-24T12:34:56.789Z\""),
        ",\"level\":\"info\",\"event\":\"test\",\"n\":1,\"k_ts_1_level_error_event_fake\":\"v\""
        ",\"_sid\":\"forged\",\"_cut\":\"true\",\"_n\":\"again\",\"a_b\":\"1\",\"_a_b\":\"2\""
        ",\"__a_b\":\"3\",\"_\":\"none\",\"_1st\":\"digit\",\"said\":\"x not=mine\""
        ",\"not\":\"it's\",\"fine.name-2\":\"ok\"}\n");
}

static void
test_long_names_are_cut(void **state)
{
    struct rd_log_line l;
    char name[500];

    (void)state;
    memset(name, 'x', sizeof name);
    assert_true(rd_log_begin(&l, RD_LOG_INFO, "test"));
    rd_log_field(&l, rd_slice_make(name, sizeof name), RD_LIT("v"));
    assert_memory_equal(l.text + l.n - 3 - RD_LOG_NAME, " xxx", 4);
    assert_memory_equal(l.text + l.n - 3, "x=v", 3);
}

static void
test_levels_below_the_least_are_not_built(void **state)
{
    struct rd_log_line l;

    (void)state;
    assert_false(rd_log_begin(&l, RD_LOG_DEBUG, "x"));
    rd_log_set(RD_LOG_TRACE, RD_LOG_LOGFMT);
    assert_true(rd_log_begin(&l, RD_LOG_TRACE, "x"));
}

static void
test_numbers_are_masked(void **state)
{
    static const struct { const char *in, *out; } cases[] = {
        { "+15551231234", "p=****1234\n" },
        { "whatsapp:+15551231234", "p=whatsapp:****1234\n" },
        { "12345", "p=****2345\n" },
        { "123", "p=****\n" },
        { "", "p=\"\"\n" },
    };
    struct rd_log_line l;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(rd_log_begin(&l, RD_LOG_INFO, "x"));
        l.n = 0;
        rd_log_phone(&l, "p", rd_slice_str(cases[i].in));
        l.text[l.n++] = '\n';
        l.text[l.n] = 0;
        assert_string_equal(l.text + 1, cases[i].out);
    }
}

static void
check_long_line(enum rd_log_format format, size_t blanks, const char *end)
{
    struct rd_log_line l;
    char *big = malloc(2 * RD_LOG_LINE);
    const char *out;

    memset(big, 'a', 2 * RD_LOG_LINE);
    memset(big, ' ', blanks);
    rd_log_set(RD_LOG_INFO, format);
    assert_int_equal(pipe(pipe_fd), 0);
    assert_int_equal(rd_log_start(pipe_fd[1]), 0);
    for (size_t n = RD_LOG_LINE - 200; n < RD_LOG_LINE + 10; n++) {
        assert_true(rd_log_begin(&l, RD_LOG_INFO, "x"));
        rd_log_slice(&l, "big", rd_slice_make(big, n));
        rd_log_slice(&l, "more", rd_slice_make(big, 100));
        assert_true(l.n < RD_LOG_LINE);
    }
    rd_log_end(&l);
    out = read_all();
    assert_true(strlen(out) <= RD_LOG_LINE && strlen(out) > RD_LOG_LINE - 100);
    assert_string_equal(out + strlen(out) - strlen(end), end);
    free(big);
}

static void
test_long_lines_are_cut_and_marked(void **state)
{
    (void)state;
    close(pipe_fd[0]);
    close(pipe_fd[1]);
    check_long_line(RD_LOG_LOGFMT, 1, "\" cut=true\n");
    close(pipe_fd[0]);
    close(pipe_fd[1]);
    check_long_line(RD_LOG_JSON, 0, "\",\"cut\":true}\n");
}

static void *
write_lines(void *arg)
{
    for (int i = 0; i < LINES; i++)
        rd_log_msg(RD_LOG_INFO, "line", "%d %d", *(int *)arg, i);
    return NULL;
}

static void
run_writers(int first_number)
{
    pthread_t threads[THREADS];
    int numbers[THREADS];

    for (int i = 0; i < THREADS; i++) {
        numbers[i] = first_number + i;
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &numbers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* Reads until the pipe's end and counts lines. */
static void *
count_lines(void *arg)
{
    size_t used = 0;
    ssize_t n;
    long lines = 0;

    (void)arg;
    while ((n = read(pipe_fd[0], text + used, sizeof text - 1 - used)) > 0)
        used += (size_t)n;
    text[used] = 0;
    for (size_t i = 0; i < used; i++)
        lines += text[i] == '\n';
    return (void *)lines;
}

/* Every thread's lines arrive whole and in order; those that are missing were counted. */
static void
test_lines_of_many_threads_arrive(void **state)
{
    uint64_t before = rd_log_dropped();
    int next[2 * THREADS] = { 0 };
    pthread_t reader;
    void *lines;
    long seen = 0, reports = 0;

    (void)state;
    assert_int_equal(rd_log_start(pipe_fd[1]), 0);
    assert_int_equal(pthread_create(&reader, NULL, count_lines, NULL), 0);
    run_writers(0);
    run_writers(THREADS);    /* on the rings that the first ones left */
    rd_log_stop();
    close(pipe_fd[1]);
    pthread_join(reader, &lines);
    pipe_fd[1] = open("/dev/null", O_WRONLY);
    for (char *save, *line = strtok_r(text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        int thread, number;
        char *msg = strstr(line, " msg=\"");

        if (strstr(line, "event=log_dropped")) {
            reports++;
            continue;
        }
        assert_non_null(msg);
        assert_int_equal(sscanf(msg, " msg=\"%d %d\"", &thread, &number), 2);
        assert_in_range(thread, 0, 2 * THREADS - 1);
        assert_true(number >= next[thread]);
        next[thread] = number + 1;
        seen++;
    }
    assert_int_equal(seen + reports, (long)lines);
    assert_int_equal(seen + (long)(rd_log_dropped() - before), 2 * THREADS * LINES);
}

static void
test_a_blocked_pipe_costs_counted_lines_only(void **state)
{
    uint64_t before = rd_log_dropped(), slowest = 0, start;
    uint64_t lines = 20000;

    (void)state;
    assert_int_equal(rd_log_start(pipe_fd[1]), 0);    /* nobody reads */
    for (uint64_t i = 0; i < lines; i++) {
        start = rd_clock_ns();
        rd_log_msg(RD_LOG_INFO, "x", "a line of some length, to fill pipe and ring %d", (int)i);
        if (rd_clock_ns() - start > slowest)
            slowest = rd_clock_ns() - start;
    }
    assert_true(slowest < RD_SECOND);
    assert_true(rd_log_dropped() > before);
    start = rd_clock_ns();
    rd_log_stop();
    assert_true(rd_clock_ns() - start < 3 * RD_SECOND);
    assert_true(rd_log_dropped() - before < lines);
}

/* Once the pipe is read again, the log says how many lines are missing. */
static void
test_drops_are_reported_by_a_line(void **state)
{
    uint64_t before = rd_log_dropped();
    ssize_t n;

    (void)state;
    assert_int_equal(rd_log_start(pipe_fd[1]), 0);
    while (rd_log_dropped() == before)
        rd_log_msg(RD_LOG_INFO, "x", "a line of some length, to fill the pipe and the ring");
    do {
        n = read(pipe_fd[0], text, sizeof text - 1);
        assert_true(n > 0);
        text[n] = 0;
    } while (strstr(text, "level=warn event=log_dropped lines=") == NULL);
}

static void
test_a_line_is_cheap(void **state)
{
    int fd = open("/dev/null", O_WRONLY);
    struct rd_log_line l;
    uint64_t start, best = UINT64_MAX;

    (void)state;
    assert_int_equal(rd_log_start(fd), 0);
    for (int round = 0; round < 20; round++) {
        start = rd_clock_cpu_ns();
        for (int i = 0; i < 200; i++) {
            assert_true(rd_log_begin(&l, RD_LOG_INFO, "message"));
            rd_log_slice(&l, "sid", RD_LIT("SM00000000000000000000000000000000"));
            rd_log_uint(&l, "gen", 1);
            rd_log_str(&l, "script", "bot");
            rd_log_str(&l, "outcome", "ok");
            rd_log_phone(&l, "from", RD_LIT("+15551231234"));
            rd_log_ms(&l, "ms", 1234567);
            rd_log_end(&l);
        }
        start = rd_clock_cpu_ns() - start;
        best = start / 200 < best ? start / 200 : best;
    }
    rd_log_stop();
    close(fd);
    print_message("one line: %d ns CPU\n", (int)best);
    assert_true(best < 50000);    /* a gross mistake; the figure is for readers */
}

/* A script may log a text as large as its memory: what is cut off is not even read. */
static void
test_a_line_of_megabytes_is_no_dearer(void **state)
{
    const size_t size = (size_t)32 << 20;
    char *big = malloc(size);
    struct rd_log_line l;
    uint64_t start;

    (void)state;
    memset(big, 'a', size);
    for (unsigned format = RD_LOG_LOGFMT; format <= RD_LOG_JSON; format++) {
        rd_log_set(RD_LOG_INFO, format);
        start = rd_clock_cpu_ns();
        for (int i = 0; i < 100; i++) {
            assert_true(rd_log_begin(&l, RD_LOG_INFO, "x"));
            rd_log_slice(&l, "big", rd_slice_make(big, size));
            assert_true(l.cut);
        }
        assert_true(rd_clock_cpu_ns() - start < RD_SECOND / 10);
    }
    free(big);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(test_logfmt_quotes_what_needs_it),
        T(test_json_is_one_object_a_line),
        T(test_names_of_outsiders_cannot_forge_lines),
        T(test_names_of_outsiders_keep_json_whole),
        T(test_long_names_are_cut),
        T(test_levels_below_the_least_are_not_built),
        T(test_numbers_are_masked),
        T(test_long_lines_are_cut_and_marked),
        T(test_a_line_of_megabytes_is_no_dearer),
        T(test_lines_of_many_threads_arrive),
        T(test_a_blocked_pipe_costs_counted_lines_only),
        T(test_drops_are_reported_by_a_line),
        T(test_a_line_is_cheap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
