/*
 * config_typed.c - see config_read.h: checks one value against the type, range and
 * words of its row, and puts it where the row says. Called for each key by
 * config_read.c.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "app/config_read.h"
#include "app/units.h"
#include "base/clock.h"

struct typed {
    int64_t number;
    bool ok;
};

static void
typed_put_number(struct rd_buf *out, enum rd_option_type type, int64_t n)
{
    if (type == RD_OPTION_DURATION)
        rd_units_put_duration(out, n);
    else if (type == RD_OPTION_SIZE)
        rd_units_put_size(out, n);
    else
        rd_buf_printf(out, "%" PRId64, n);
}

/* What a row takes, in words. */
static void
typed_expected(struct rd_config_reader *r, const struct rd_option *o)
{
    static const char *const kinds[] = {
        [RD_OPTION_BOOL] = "true or false", [RD_OPTION_INT] = "a whole number",
        [RD_OPTION_SIZE] = "a size (\"64KiB\", or a number of bytes)",
        [RD_OPTION_DURATION] = "a duration (\"8s\", or a number of seconds)",
        [RD_OPTION_STRING] = "a string", [RD_OPTION_VALUE] = "a value",
    };
    struct rd_buf what;

    rd_buf_init(&what, 512);
    rd_buf_put_str(&what, o->words ? "one of " : kinds[o->row.type]);
    for (const char *w = o->words; w != NULL && *w; w += strcspn(w, "|"), w += *w == '|')
        rd_buf_printf(&what, "%s\"%.*s\"", w == o->words ? "" : ", ", (int)strcspn(w, "|"), w);
    if (o->row.least != o->row.most) {
        rd_buf_put_str(&what, " from ");
        typed_put_number(&what, o->row.type, o->row.least);
        rd_buf_put_str(&what, " to ");
        typed_put_number(&what, o->row.type, o->row.most);
    }
    rd_buf_put_char(&what, 0);
    rd_config_expected(r, o, what.p);
    rd_buf_free(&what);
}

static struct rd_slice
typed_slice(lua_State *L)
{
    size_t n;
    const char *p = lua_tolstring(L, -1, &n);

    return rd_slice_make(p, n);
}

/* Durations are seconds when they are numbers; 0.5 is half a second. */
static struct typed
typed_duration(lua_State *L)
{
    struct typed v = { 0, false };
    double ms;

    if (lua_type(L, -1) == LUA_TSTRING) {
        v.ok = rd_units_duration(typed_slice(L), &v.number) == 0;
    } else if (lua_type(L, -1) == LUA_TNUMBER) {
        ms = lua_tonumber(L, -1) * 1000;
        v.ok = fabs(ms) < 1e15;
        v.number = v.ok ? (int64_t)llround(ms) : 0;
    }
    return v;
}

static struct typed
typed_integer(lua_State *L, bool size)
{
    struct typed v = { 0, false };
    int is_integer = 0;

    if (lua_type(L, -1) == LUA_TNUMBER) {
        v.number = lua_tointegerx(L, -1, &is_integer);
        v.ok = is_integer;
    } else if (size && lua_type(L, -1) == LUA_TSTRING) {
        v.ok = rd_units_size(typed_slice(L), &v.number) == 0;
    }
    return v;
}

/* The number of a word in "a|b|c". */
static struct typed
typed_word(struct rd_slice text, const char *words)
{
    struct typed v = { 0, false };
    size_t n;

    for (const char *w = words; !v.ok && *w; w += n + (w[n] == '|'), v.number += !v.ok) {
        n = strcspn(w, "|");
        v.ok = rd_slice_eq(text, rd_slice_make(w, n));
    }
    return v;
}

static struct typed
typed_string(lua_State *L, const struct rd_option *o)
{
    struct typed v = { 0, false };
    struct rd_slice text;

    if (lua_type(L, -1) != LUA_TSTRING)
        return v;
    text = typed_slice(L);
    if (o->words != NULL)
        return typed_word(text, o->words);
    v.ok = text.n > 0 && memchr(text.p, 0, text.n) == NULL;
    return v;
}

static struct typed
typed_check(lua_State *L, const struct rd_option *o)
{
    struct typed v = { 0, true };

    switch (o->row.type) {
    case RD_OPTION_BOOL:
        return (struct typed){ lua_toboolean(L, -1), lua_isboolean(L, -1) };
    case RD_OPTION_INT:
    case RD_OPTION_SIZE:
        v = typed_integer(L, o->row.type == RD_OPTION_SIZE);
        break;
    case RD_OPTION_DURATION:
        v = typed_duration(L);
        break;
    case RD_OPTION_STRING:
        return typed_string(L, o);
    case RD_OPTION_VALUE:
        return v;
    }
    if (o->row.least != o->row.most && (v.number < o->row.least || v.number > o->row.most))
        v.ok = false;
    return v;
}

/* A plugin's value, also a second time (its default first). */
static void
typed_into_plugin(struct rd_config_reader *r, const struct rd_option *o, int64_t number)
{
    struct rd_config *c = r->config;
    struct rd_slice key = rd_slice_str(o->row.key);
    struct rd_plugin_value *v = NULL;

    for (size_t i = 0; i < c->n_plugin_values; i++)
        if (rd_slice_eq(c->plugin_values[i].key, key))
            v = &c->plugin_values[i];
    if (v == NULL) {
        if (c->plugin_values == NULL)
            c->plugin_values = rd_config_alloc(r, RD_CONFIG_ROWS, sizeof *c->plugin_values);
        v = &c->plugin_values[c->n_plugin_values++];
    }
    v->key = key;
    v->number = number;
    v->text = o->row.type == RD_OPTION_STRING ? rd_config_keep(r) : rd_slice_str(NULL);
}

/*
 * One warning for each key that a later version will use: "http", not http.ca and http.allow; and
 * for all accounts together.
 */
static void
typed_warn_later(struct rd_config_reader *r, const struct rd_option *o)
{
    bool many = strchr(o->row.key, '*') != NULL;
    const char *name = many ? o->row.key : r->path;
    char full[RD_CONFIG_PATH];

    if (r->is_default)
        return;
    memcpy(full, r->path, sizeof full);
    if (!many)
        r->path[strcspn(r->path, ".")] = 0;
    for (size_t i = 0; i < r->n_later; i++)
        if (strcmp(r->later[i], name) == 0)
            goto out;
    if (r->n_later < RD_CONFIG_ROWS)
        r->later[r->n_later++] = rd_config_keep_text(r, rd_slice_str(name)).p;
    rd_config_warn(r, "not in this version, ignored");
out:
    memcpy(r->path, full, sizeof full);
}

static void
typed_store(struct rd_config_reader *r, const struct rd_option *o, int64_t n, void *base)
{
    char *to = (char *)(o->main_account ? (void *)&r->main : base) + o->offset;

    switch (o->into) {
    case RD_INTO_SLICE: *(struct rd_slice *)(void *)to = rd_config_keep(r); break;
    case RD_INTO_KEPT:
        *(struct rd_slice *)(void *)to = rd_config_keep(r);
        typed_warn_later(r, o);
        break;
    case RD_INTO_U64: *(uint64_t *)(void *)to = (uint64_t)n; break;
    case RD_INTO_NS: *(uint64_t *)(void *)to = (uint64_t)n * RD_MS; break;
    case RD_INTO_SIZE: *(size_t *)(void *)to = (size_t)n; break;
    case RD_INTO_UINT: *(unsigned *)(void *)to = (unsigned)n; break;
    case RD_INTO_ENUM: *(unsigned *)(void *)to = (unsigned)n; break;
    case RD_INTO_READ: o->read(r, o, to); break;
    case RD_INTO_PLUGIN: typed_into_plugin(r, o, n); break;
    case RD_INTO_NOTHING: typed_warn_later(r, o); break;
    }
}

void
rd_config_read_value(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    struct typed v = typed_check(r->L, o);

    if (v.ok)
        typed_store(r, o, v.number, base);
    else
        typed_expected(r, o);
}
