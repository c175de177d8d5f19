/* test_metric.c - the numbers, and the text that Prometheus reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metric.h"

static struct rd_buf out;

static const char *
print(void)
{
    rd_buf_reset(&out);
    rd_metric_print(&out);
    rd_buf_put_char(&out, 0);
    assert_int_equal(out.error, 0);
    return out.p;
}

static void
test_every_row_is_documented(void **state)
{
    (void)state;
    for (enum rd_metric m = 0; m < RD_METRIC_COUNT; m++) {
        const struct rd_metric_row *row = rd_metric_row(m);

        assert_true(strncmp(row->name, "replyd_", 7) == 0);
        assert_true(strlen(row->help) > 10 && row->help[strlen(row->help) - 1] == '.');
        assert_non_null(strstr(print(), row->name));
    }
}

static void
test_series_have_the_names_of_their_rows(void **state)
{
    (void)state;
    rd_metric_add(RD_METRIC_messages_total,
                  rd_metric_outcome(RD_KIND_STATUS, RD_OUTCOME_lost_thread), 3);
    rd_metric_add(RD_METRIC_http_responses_total, rd_metric_status(403), 2);
    rd_metric_add(RD_METRIC_signature_failures_total, RD_SIGNATURE_no_token, 1);
    rd_metric_add(RD_METRIC_reloads_total, RD_RELOAD_failed, 1);
    rd_metric_set(RD_METRIC_vm_bytes, 0, -5);
    assert_int_equal(rd_metric_get(RD_METRIC_vm_bytes, 0), -5);
    print();
    assert_non_null(strstr(out.p,
                           "\nreplyd_messages_total{kind=\"status\",outcome=\"lost_thread\"} 3\n"));
    assert_non_null(strstr(out.p, "\nreplyd_messages_total{kind=\"message\",outcome=\"ok\"} 0\n"));
    assert_non_null(strstr(out.p, "\nreplyd_http_responses_total{class=\"4xx\"} 2\n"));
    assert_non_null(strstr(out.p, "\nreplyd_signature_failures_total{reason=\"no_token\"} 1\n"));
    assert_non_null(strstr(out.p, "\nreplyd_reloads_total{result=\"failed\"} 1\n"));
    assert_non_null(strstr(out.p, "\nreplyd_outbox{state=\"unknown\"} 0\n"));
    assert_non_null(strstr(out.p, "\n# TYPE replyd_vm_bytes gauge\nreplyd_vm_bytes -5\n"));
}

static void
test_a_histogram_counts_cumulatively(void **state)
{
    (void)state;
    rd_metric_observe(RD_METRIC_answer_seconds, RD_MS);    /* on the bound: in its bucket */
    rd_metric_observe(RD_METRIC_answer_seconds, 3 * RD_MS);
    rd_metric_observe(RD_METRIC_answer_seconds, 20 * RD_SECOND);
    print();
    assert_non_null(strstr(out.p, "\nreplyd_answer_seconds_bucket{le=\"0.001\"} 1\n"));
    assert_non_null(strstr(out.p, "\nreplyd_answer_seconds_bucket{le=\"0.005\"} 2\n"));
    assert_non_null(strstr(out.p, "\nreplyd_answer_seconds_bucket{le=\"15\"} 2\n"));
    assert_non_null(strstr(out.p, "\nreplyd_answer_seconds_bucket{le=\"+Inf\"} 3\n"));
    assert_non_null(strstr(out.p, "\nreplyd_answer_seconds_sum 20.004000000\n"));
    assert_non_null(strstr(out.p, "\nreplyd_answer_seconds_count 3\n"));
}

static void *
add_many(void *unused)
{
    (void)unused;
    for (int i = 0; i < 10000; i++)
        rd_metric_inc(RD_METRIC_claims);
    return NULL;
}

static void
test_threads_lose_nothing(void **state)
{
    pthread_t threads[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(rd_metric_get(RD_METRIC_claims, 0), 40000);
}

/* Needs promtool; where it is missing, .ci/run fails and others skip. */
static void
test_promtool_is_content(void **state)
{
    const char *tier = getenv("REPLYD_TIER");
    FILE *f;

    (void)state;
    if (system("promtool --version >/dev/null 2>&1") != 0 && (!tier || strcmp(tier, "ci") != 0))
        skip();
    f = popen("promtool check metrics >&2", "w");
    assert_non_null(f);
    fputs(print(), f);
    assert_int_equal(pclose(f), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_is_documented),
        cmocka_unit_test(test_series_have_the_names_of_their_rows),
        cmocka_unit_test(test_a_histogram_counts_cumulatively),
        cmocka_unit_test(test_threads_lose_nothing),
        cmocka_unit_test(test_promtool_is_content),
    };

    rd_buf_init(&out, 1 << 20);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
