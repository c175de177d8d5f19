/*
 * form.c - fuzz target: any bytes as a form.
 *
 * The pairs are those of the naive decoder, all of them valid UTF-8, and they come
 * back when they are encoded and decoded again. Run: tests/fuzz/run form.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/utf8.h"
#include "http/form.h"
#include "naive.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);

static void
form_is_naive(const struct rd_params *params, const char *p, size_t n)
{
    size_t count;
    struct naive_pair *pairs = naive_form(p, n, &count);

    RD_ASSERT(params->n == count);
    for (size_t i = 0; i < count; i++) {
        struct naive_text name = pairs[i].name, value = pairs[i].value;

        RD_ASSERT(rd_slice_eq(params->at[i].name, rd_slice_make((char *)name.p, name.n)));
        RD_ASSERT(rd_slice_eq(params->at[i].value, rd_slice_make((char *)value.p, value.n)));
        RD_ASSERT(rd_utf8_is_valid(params->at[i].name) && rd_utf8_is_valid(params->at[i].value));
    }
    naive_free(pairs, count);
}

static void
form_comes_back(const struct rd_params *params, struct rd_arena *a)
{
    struct rd_params again;
    struct rd_buf b;

    rd_buf_init(&b, 1 << 24);
    rd_form_encode(params, &b);
    RD_ASSERT(rd_form_decode(rd_buf_slice(&b), params->n, a, &again) == 0);
    RD_ASSERT(again.n == params->n);
    for (size_t i = 0; i < again.n; i++)
        RD_ASSERT(rd_slice_eq(again.at[i].name, params->at[i].name)
                  && rd_slice_eq(again.at[i].value, params->at[i].value));
    rd_buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
    struct rd_params params;
    struct rd_arena a;

    rd_arena_init(&a, 1 << 24);
    RD_ASSERT(rd_form_decode(rd_slice_make((const char *)data, n), SIZE_MAX, &a, &params) == 0);
    form_is_naive(&params, (const char *)data, n);
    form_comes_back(&params, &a);
    rd_arena_free(&a);
    return 0;
}
