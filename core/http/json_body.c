/* json_body.c - see json_body.h. Pure; called from gateway (DECODE) and app (`verify`). */
#include "http/json_body.h"

#include <stdlib.h>
#include <yyjson.h>

#include "base/error.h"
#include "base/utf8.h"

bool
rd_json_body_is(struct rd_slice content_type)
{
    const struct rd_slice suffix = RD_LIT("+json");
    struct rd_slice type = rd_slice_trim(
        rd_slice_make(content_type.p, rd_slice_find(content_type, ';')));

    return rd_slice_eq_nocase(type, RD_LIT("application/json"))
        || (type.n > suffix.n
            && rd_slice_eq_nocase(rd_slice_skip(type, type.n - suffix.n), suffix));
}

/* Lists and objects as compact JSON. */
static struct rd_slice
json_text(yyjson_val *value, struct rd_arena *a)
{
    struct rd_slice copy = { NULL, 0 };
    size_t n;
    char *text = yyjson_val_write(value, 0, &n);

    if (text != NULL)
        copy = rd_arena_copy(a, rd_slice_make(text, n));
    free(text);
    return copy;
}

static struct rd_slice
json_value(yyjson_val *value, struct rd_arena *a)
{
    if (yyjson_is_str(value))
        return rd_arena_copy(a, rd_slice_make(yyjson_get_str(value), yyjson_get_len(value)));
    if (yyjson_is_raw(value))    /* a number */
        return rd_arena_copy(a, rd_slice_make(yyjson_get_raw(value), yyjson_get_len(value)));
    if (yyjson_is_null(value))
        return RD_LIT("");
    return json_text(value, a);
}

static int
json_members(yyjson_val *object, size_t max, struct rd_arena *a, struct rd_params *out)
{
    size_t i, n = yyjson_obj_size(object);
    yyjson_val *name, *value;

    if (n > max)
        return RD_E_TOO_BIG;
    out->at = n > 0 ? rd_arena_alloc(a, n * sizeof *out->at) : NULL;
    if (n > 0 && out->at == NULL)
        return RD_E_NOMEM;
    yyjson_obj_foreach(object, i, n, name, value) {
        struct rd_param *p = &out->at[out->n];

        p->name = json_value(name, a);
        p->value = json_value(value, a);
        if (p->name.p == NULL || p->value.p == NULL)
            return RD_E_NOMEM;
        out->n++;
    }
    return 0;
}

int
rd_json_body_decode(struct rd_slice body, size_t max, struct rd_arena *a, struct rd_params *out)
{
    struct rd_slice text = rd_utf8_repair(body, a);
    yyjson_doc *doc;
    int error = 0;

    *out = (struct rd_params){ NULL, 0 };
    if (text.n == 0)
        return body.n == 0 ? 0 : RD_E_NOMEM;
    doc = yyjson_read(text.p, text.n, YYJSON_READ_NUMBER_AS_RAW);
    if (yyjson_is_obj(yyjson_doc_get_root(doc)))
        error = json_members(yyjson_doc_get_root(doc), max, a, out);
    yyjson_doc_free(doc);
    return error;
}
