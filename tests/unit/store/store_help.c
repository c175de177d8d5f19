/* store_help.c - see store_help.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store_help.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"

/* ---- asking ------------------------------------------------------------------ */

static void
asker_on_completed(struct rd_mail *mail, void *owner)
{
    struct asker *a = owner;
    struct rd_store_request *r = (struct rd_store_request *)mail;

    mail->next = NULL;
    *a->tail = r;
    a->tail = (struct rd_store_request **)&r->mail.next;
    a->n++;
}

void
asker_open(struct asker *a, const char *backend)
{
    *a = (struct asker){ .spec = { .backend = backend, .retention_ms = 3600 * 1000,
                                   .memory_limit = UINT64_C(1) << 30 } };
    a->tail = &a->first;
    assert_int_equal(uv_loop_init(&a->loop), 0);
    assert_int_equal(rd_mailbox_init(&a->mailbox, &a->loop, a), 0);
    assert_int_equal(rd_store_start(&a->spec, &a->store), 0);
}

void
asker_close(struct asker *a)
{
    struct rd_mail *rest, *next;

    assert_int_equal(rd_store_stop(a->store), 0);
    for (rest = rd_mailbox_close(&a->mailbox); rest != NULL; rest = next) {
        next = rest->next;
        rest->deliver(rest, a);
    }
    asker_drop(a, a->n);
    rd_mailbox_close_handle(&a->mailbox);
    uv_run(&a->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&a->loop), 0);
}

void
asker_restart(struct asker *a, uint64_t retention_ms, uint64_t memory_limit)
{
    assert_int_equal(rd_store_stop(a->store), 0);
    a->spec.retention_ms = retention_ms;
    a->spec.memory_limit = memory_limit;
    assert_int_equal(rd_store_start(&a->spec, &a->store), 0);
}

void
asker_post(struct asker *a, struct rd_store_request *r)
{
    r->reply_to = &a->mailbox;
    r->completed = asker_on_completed;
    rd_store_post(a->store, r);
}

void
asker_wait(struct asker *a, size_t n)
{
    while (a->n < n)
        uv_run(&a->loop, UV_RUN_ONCE);
}

struct rd_store_request *
asker_take(struct asker *a)
{
    struct rd_store_request *r = a->first;

    if (r == NULL)
        return NULL;
    a->first = (struct rd_store_request *)r->mail.next;
    if (a->first == NULL)
        a->tail = &a->first;
    a->n--;
    return r;
}

void
asker_drop(struct asker *a, size_t n)
{
    for (; n > 0; n--)
        rd_store_request_free(asker_take(a));
}

struct rd_store_request *
asker_ask(struct asker *a, struct rd_store_request *r)
{
    assert_int_equal(a->n, 0);
    asker_post(a, r);
    asker_wait(a, 1);
    assert_ptr_equal(a->first, r);
    return asker_take(a);
}

int
asker_error(struct asker *a, struct rd_store_request *r)
{
    int error;

    r = asker_ask(a, r);
    error = r->error;
    rd_store_request_free(r);
    return error;
}

/* ---- what is there ----------------------------------------------------------- */

enum rd_row_state
row_of(struct asker *a, const char *key, const char *text)
{
    struct rd_store_request *r =
        asker_ask(a, rd_store_request_new(RD_STORE_lookup, rd_slice_str(key)));
    enum rd_row_state state = r->row;

    assert_int_equal(r->error, 0);
    assert_int_equal(r->row_answer == NULL, state == RD_ROW_ABSENT);
    if (text != NULL)
        assert_true(rd_slice_eq(r->row_answer->bytes, rd_slice_str(text)));
    rd_store_request_free(r);
    return state;
}

unsigned
outbox_of(struct asker *a, unsigned n)
{
    unsigned mask = 0;

    for (; n > 0; n--) {
        struct rd_store_request *r =
            asker_ask(a, rd_store_request_new(RD_STORE_outbox_take, RD_LIT("")));

        if (r->error != 0) {
            assert_int_equal(r->error, RD_E_NOT_FOUND);
            n = 1;
        } else {
            unsigned bit = 1u << r->replies->key.ordinal;

            assert_int_equal(mask & bit, 0);
            assert_null(r->replies->next);
            mask |= bit;
        }
        rd_store_request_free(r);
    }
    return mask;
}

void
assert_value(struct asker *a, const char *name, const char *value)
{
    struct rd_store_request *r = asker_ask(a, kv_of(RD_STORE_kv_get, name));

    assert_int_equal(r->error, value ? 0 : RD_E_NOT_FOUND);
    if (value != NULL)
        assert_true(rd_slice_eq(r->result, rd_slice_str(value)));
    rd_store_request_free(r);
}

/* ---- backends ------------------------------------------------------------------- */

struct asker asker;
static const char *backend;

static int
backend_setup(void **state)
{
    (void)state;
    asker_open(&asker, backend);
    return 0;
}

static int
backend_teardown(void **state)
{
    (void)state;
    asker_close(&asker);
    return 0;
}

int
every_backend(const struct CMUnitTest *tests, size_t n)
{
    struct CMUnitTest *all = rd_malloc(n * sizeof *all);
    int failed = 0;

    memcpy(all, tests, n * sizeof *all);
    for (size_t i = 0; i < n; i++) {
        all[i].setup_func = backend_setup;
        all[i].teardown_func = backend_teardown;
    }
    for (size_t i = 0; rd_store_backends[i] != NULL; i++) {
        backend = rd_store_backends[i]->name;
        failed += _cmocka_run_group_tests(backend, all, n, NULL, NULL);
    }
    free(all);
    return failed;
}
