/* vectors.c - see vectors.h. Called from unit tests only. */
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static uint64_t random_state;

static char *
vectors_read(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    char *text = NULL;

    if (f == NULL)
        fail_msg("%s: cannot be read", path);
    fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    text = malloc(*n + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, *n, f), *n);
    text[*n] = '\0';
    fclose(f);
    return text;
}

/* The number of a \\uXXXX escape at p, or 0. */
static unsigned
vectors_escape(const char *p)
{
    unsigned value = 0;

    return p[0] == '\\' && p[1] == 'u' && sscanf(p + 2, "%4x", &value) == 1 ? value : 0;
}

/*
 * Some cases hold half a surrogate pair, which no JSON reader takes: such an escape becomes the
 * three bytes that a careless encoder would make of it. Returns the new length.
 */
static size_t
vectors_free_surrogates(char *text, size_t n)
{
    size_t to = 0;

    for (size_t i = 0; i < n;) {
        unsigned u = vectors_escape(text + i), take = text[i] == '\\' ? 2 : 1;

        if (u >= 0xD800 && u < 0xDC00 && (vectors_escape(text + i + 6) & 0xFC00) == 0xDC00) {
            take = 12;
        } else if (u >= 0xD800 && u < 0xE000) {
            text[to++] = (char)0xED;
            text[to++] = (char)(0x80 | (u >> 6 & 0x3F));
            text[to++] = (char)(0x80 | (u & 0x3F));
            i += 6;
            continue;
        }
        memmove(text + to, text + i, take);
        to += take;
        i += take;
    }
    return to;
}

yyjson_doc *
vectors_load(const char *name)
{
    char path[1024];
    yyjson_read_err error;
    yyjson_doc *doc;
    char *text;
    size_t n;

    snprintf(path, sizeof path, "%s/vectors/%s", TESTS_DIR, name);
    text = vectors_read(path, &n);
    n = vectors_free_surrogates(text, n);
    doc = yyjson_read_opts(text, n, YYJSON_READ_ALLOW_INVALID_UNICODE, NULL, &error);
    if (doc == NULL)
        fail_msg("%s: %s at byte %zu", path, error.msg, error.pos);
    free(text);
    return doc;
}

yyjson_val *
vectors_list(yyjson_doc *doc, const char *key)
{
    yyjson_val *list = yyjson_obj_get(yyjson_doc_get_root(doc), key);

    assert_true(yyjson_arr_size(list) > 0);
    print_message("%zu %s\n", yyjson_arr_size(list), key);
    return list;
}

static struct rd_slice
vectors_text(yyjson_val *v)
{
    return rd_slice_make(yyjson_get_str(v), yyjson_get_len(v));
}

struct rd_slice
vectors_slice(yyjson_val *object, const char *key)
{
    return vectors_text(yyjson_obj_get(object, key));
}

struct rd_params
vectors_params(yyjson_val *pairs, struct rd_arena *a)
{
    size_t n = yyjson_arr_size(pairs), i, max;
    struct rd_params params = { rd_arena_alloc(a, (n + 1) * sizeof *params.at), n };
    yyjson_val *pair;

    assert_non_null(params.at);
    yyjson_arr_foreach(pairs, i, max, pair) {
        params.at[i].name = vectors_text(yyjson_arr_get(pair, 0));
        params.at[i].value = vectors_text(yyjson_arr_get(pair, 1));
    }
    return params;
}

size_t
scaled(size_t full, size_t least)
{
    const char *scale = getenv("REPLYD_SCALE");
    double n = (double)full * (scale ? atof(scale) : 0.01);
    size_t count = n > (double)least ? (size_t)n : least;

    print_message("%zu rounds\n", count);
    return count;
}

void
random_start(void)
{
    const char *seed = getenv("REPLYD_SEED");

    random_state = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
    print_message("REPLYD_SEED=%llu\n", (unsigned long long)random_state);
}

/* splitmix64 */
uint32_t
random_below(uint32_t n)
{
    uint64_t z = random_state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return (uint32_t)((z ^ z >> 31) % n);
}
