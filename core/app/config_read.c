/*
 * config_read.c - see config_read.h: messages, memory, tables; single values are
 * config_typed.c. Owns nothing: values go into the arena of the configuration.
 * Called by config.c inside its protected call.
 */
#include "app/config_read.h"

#include <lauxlib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/config_line.h"
#include "base/suggest.h"

/* ---- errors and warnings --------------------------------------------------- */

static void
read_put_line(struct rd_config_reader *r, struct rd_buf *out, const char *format, va_list ap)
{
    char text[1024];
    unsigned line = r->is_default ? 0 : rd_config_line(r->source, r->path);
    bool flag = r->path[0] == '-';    /* --listen */

    vsnprintf(text, sizeof text, format, ap);
    if (r->file != NULL && !flag && line > 0)
        rd_buf_printf(out, "%s:%u: ", r->file, line);
    else if (r->file != NULL && !flag)
        rd_buf_printf(out, "%s: ", r->file);
    rd_buf_printf(out, "%s%s%s\n", r->path, r->path[0] ? ": " : "", text);
}

void
rd_config_error(struct rd_config_reader *r, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    read_put_line(r, r->errors, format, ap);
    va_end(ap);
    r->failed = true;
}

void
rd_config_warn(struct rd_config_reader *r, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    read_put_line(r, r->warnings, format, ap);
    va_end(ap);
}

/* A string as one would write it, cut and with everything unprintable replaced. */
static void
read_put_string(struct rd_buf *out, const char *p, size_t n)
{
    rd_buf_put_str(out, "the string \"");
    for (size_t i = 0; i < n && i < 40; i++)
        rd_buf_put_char(out, (unsigned char)p[i] < 0x20 || p[i] == 0x7f ? '?' : p[i]);
    rd_buf_put_str(out, n > 40 ? "...\"" : "\"");
}

void
rd_config_expected(struct rd_config_reader *r, const struct rd_option *o, const char *what)
{
    lua_State *L = r->L;
    bool show = o == NULL || !o->secret;
    struct rd_buf found;
    size_t n;
    const char *p;

    rd_buf_init(&found, 512);
    switch (lua_type(L, -1)) {
    case LUA_TSTRING:
        p = lua_tolstring(L, -1, &n);
        if (show && n > 0)
            read_put_string(&found, p, n);
        else
            rd_buf_put_str(&found, n > 0 ? "a string" : "an empty string");
        break;
    case LUA_TNUMBER:
        if (lua_isinteger(L, -1))
            rd_buf_printf(&found, "the number %lld", (long long)lua_tointeger(L, -1));
        else
            rd_buf_printf(&found, "the number %g", lua_tonumber(L, -1));
        break;
    case LUA_TBOOLEAN:
        rd_buf_put_str(&found, lua_toboolean(L, -1) ? "true" : "false");
        break;
    default:
        rd_buf_printf(&found, "a %s", luaL_typename(L, -1));
    }
    rd_config_error(r, "expected %s, found %.*s", what, RD_PRI(rd_buf_slice(&found)));
    rd_buf_free(&found);
}

/* ---- the path of a value ----------------------------------------------------- */

size_t
rd_config_enter(struct rd_config_reader *r, const char *name)
{
    size_t mark = strlen(r->path);

    snprintf(r->path + mark, sizeof r->path - mark, "%s%s", mark ? "." : "", name);
    return mark;
}

size_t
rd_config_enter_index(struct rd_config_reader *r, size_t index)
{
    size_t mark = strlen(r->path);

    snprintf(r->path + mark, sizeof r->path - mark, "[%zu]", index);
    return mark;
}

void
rd_config_leave(struct rd_config_reader *r, size_t mark)
{
    r->path[mark] = 0;
}

/* ---- memory ------------------------------------------------------------------- */

void *
rd_config_alloc(struct rd_config_reader *r, size_t count, size_t size)
{
    void *p = rd_arena_alloc(&r->config->arena, count * size + 1);

    RD_ASSERT(p != NULL);    /* the Lua state's cap is below the arena's */
    return memset(p, 0, count * size + 1);
}

struct rd_slice
rd_config_keep_text(struct rd_config_reader *r, struct rd_slice text)
{
    char *p = rd_config_alloc(r, text.n, 1);

    if (text.n > 0)
        memcpy(p, text.p, text.n);
    return rd_slice_make(p, text.n);
}

struct rd_slice
rd_config_keep(struct rd_config_reader *r)
{
    size_t n;
    const char *p = lua_tolstring(r->L, -1, &n);

    return rd_config_keep_text(r, rd_slice_make(p, n));
}

bool
rd_config_was_set(const struct rd_config_reader *r, const char *key)
{
    const struct rd_option *o = rd_option_find(key);

    return o != NULL && r->set[o - rd_options()];
}

struct rd_slice
rd_config_resolve(struct rd_config_reader *r, struct rd_slice path)
{
    struct rd_slice folder = r->folder;
    char *p;

    if (path.n > 0 && path.p[0] == '/')
        return rd_config_keep_text(r, path);
    p = rd_config_alloc(r, folder.n + path.n, 1);
    if (folder.n > 0)
        memcpy(p, folder.p, folder.n);
    if (path.n > 0)
        memcpy(p + folder.n, path.p, path.n);
    return rd_slice_make(p, folder.n + path.n);
}

static struct rd_slice
read_slice(lua_State *L)
{
    size_t n;
    const char *p = lua_tolstring(L, -1, &n);

    return rd_slice_make(p, n);
}

/* ---- tables ------------------------------------------------------------------------ */

/* The part of a row's key below prefix up to the next dot; {NULL, 0} when it is not below it. */
static struct rd_slice
read_name_below(const struct rd_option *o, const char *prefix)
{
    size_t n = strlen(prefix);

    if (strncmp(o->row.key, prefix, n) != 0 || o->row.key[n] == '*')
        return rd_slice_str(NULL);
    return rd_slice_make(o->row.key + n, strcspn(o->row.key + n, "."));
}

static void
read_unknown(struct rd_config_reader *r, const char *prefix, struct rd_slice name)
{
    struct rd_suggest s;
    char text[RD_CONFIG_PATH];
    size_t mark;

    rd_suggest_start(&s, name);
    for (const struct rd_option *o = rd_options(); o->row.key != NULL; o++) {
        struct rd_slice known = read_name_below(o, prefix);

        if (rd_slice_eq(known, name))
            return;
        if (known.n > 0)
            rd_suggest_offer(&s, known);
    }
    snprintf(text, sizeof text, "%.*s", RD_PRI(name));
    mark = rd_config_enter(r, text);
    if (s.best.p != NULL)
        rd_config_error(r, "unknown key, did you mean %.*s?", RD_PRI(s.best));
    else
        rd_config_error(r, "unknown key (replyd help config lists all)");
    rd_config_leave(r, mark);
}

static void
read_find_unknown(struct rd_config_reader *r, const char *prefix)
{
    lua_State *L = r->L;

    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (lua_type(L, -2) == LUA_TSTRING) {
            lua_pushvalue(L, -2);
            read_unknown(r, prefix, read_slice(L));
            lua_pop(L, 1);
        } else {
            rd_config_error(r, "a value without a key: write key = value");
        }
    }
}

static void
read_nested(struct rd_config_reader *r, const char *prefix, struct rd_slice name, void *base)
{
    char below[RD_CONFIG_PATH];

    snprintf(below, sizeof below, "%s%.*s.", prefix, RD_PRI(name));
    if (lua_istable(r->L, -1))
        rd_config_read_table(r, below, base);
    else
        rd_config_expected(r, NULL, "a table");
}

/* The row, or the table that it is the first row of. */
static void
read_row_of_table(struct rd_config_reader *r, const struct rd_option *o, const char *prefix,
                  void *base)
{
    struct rd_slice name = read_name_below(o, prefix);
    bool nested = o->row.key[strlen(prefix) + name.n] == '.';
    char text[RD_CONFIG_PATH];
    size_t mark;

    snprintf(text, sizeof text, "%.*s", RD_PRI(name));
    lua_getfield(r->L, -1, text);
    if (!lua_isnil(r->L, -1)) {
        mark = rd_config_enter(r, text);
        if (nested) {
            read_nested(r, prefix, name, base);
        } else {
            r->set[o - rd_options()] = true;
            rd_config_read_value(r, o, base);
        }
        rd_config_leave(r, mark);
    }
    lua_pop(r->L, 1);
}

void
rd_config_read_table(struct rd_config_reader *r, const char *prefix, void *base)
{
    struct rd_slice done = rd_slice_str(NULL);

    luaL_checkstack(r->L, 8, NULL);
    for (const struct rd_option *o = rd_options(); o->row.key != NULL; o++) {
        struct rd_slice name = read_name_below(o, prefix);

        if (name.n == 0 || rd_slice_eq(name, done))
            continue;
        done = name;    /* rows of one table stand together; "accounts.*" follow "accounts" */
        read_row_of_table(r, o, prefix, base);
    }
    read_find_unknown(r, prefix);
}

void
rd_config_read_defaults(struct rd_config_reader *r)
{
    char chunk[256];

    r->is_default = true;
    for (const struct rd_option *o = rd_options(); o->row.key != NULL; o++) {
        if (strchr(o->row.key, '*') != NULL || strcmp(o->row.standard, "nil") == 0)
            continue;
        snprintf(r->path, sizeof r->path, "%s", o->row.key);
        snprintf(chunk, sizeof chunk, "return %s", o->row.standard);
        if (luaL_dostring(r->L, chunk) == LUA_OK)
            rd_config_read_value(r, o, r->config);
        else
            rd_config_error(r, "%s", lua_tostring(r->L, -1));
        lua_pop(r->L, 1);
    }
    r->path[0] = 0;
    r->is_default = false;
}
