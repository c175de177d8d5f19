/*
 * encode.c - values of Lua as JSON. Strings must be UTF-8; keys are sorted when
 * the text is for people (pretty), else in the table's order.
 */
#include "json.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

static char encode_sort_key;    /* its address: table.sort */

/* ---- the text: kept in a userdata, since values need the stack ----------------------- */

struct encode_text {
    char *p;
    size_t n, cap;
};

struct encoder {
    lua_State *L;
    int box;                  /* index of the userdata that owns the bytes */
    struct encode_text t;     /* p is the userdata's block */
    int pretty, depth;
};

static char *
encode_reserve(struct encoder *e, size_t n)
{
    size_t cap = e->t.cap;
    char *p;

    if (n <= cap - e->t.n)
        return e->t.p + e->t.n;
    while (n > cap - e->t.n)
        cap *= 2;
    p = lua_newuserdatauv(e->L, cap, 0);    /* the VM's memory: charged to the handler */
    memcpy(p, e->t.p, e->t.n);
    lua_replace(e->L, e->box);
    e->t.p = p;
    e->t.cap = cap;
    return p + e->t.n;
}

static void
encode_put(struct encoder *e, const char *p, size_t n)
{
    rd_lua_steps(e->L, 1 + n / JSON_STEP);
    memcpy(encode_reserve(e, n), p, n);
    e->t.n += n;
}

static void
encode_char(struct encoder *e, char c)
{
    encode_put(e, &c, 1);
}

static void
encode_line(struct encoder *e)
{
    if (!e->pretty)
        return;
    encode_char(e, '\n');
    for (int i = 0; i < e->depth; i++)
        encode_put(e, "  ", 2);
}

#define JSON_FLOAT 10    /* steps of one attempt at a text: half a microsecond */

/* ---- strings and numbers ---------------------------------------------------------------- */

/* Bytes of the UTF-8 character at p, 0 when it is none. */
static size_t
encode_utf8(const unsigned char *p, size_t n)
{
    size_t len = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3
                 : p[0] < 0xF5 ? 4 : 0;

    if (len == 0 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
        (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
        return 0;    /* overlong, surrogate, above U+10FFFF */
    return len;
}

static void
encode_escape(struct encoder *e, unsigned char c)
{
    static const char shorts[] = "\b" "b" "\t" "t" "\n" "n" "\f" "f" "\r" "r" "\"" "\"" "\\" "\\";
    char text[8];

    for (size_t i = 0; i + 1 < sizeof shorts; i += 2)
        if ((unsigned char)shorts[i] == c) {
            encode_char(e, '\\');
            encode_char(e, shorts[i + 1]);
            return;
        }
    snprintf(text, sizeof text, "\\u%04x", c);
    encode_put(e, text, 6);
}

static void
encode_string(struct encoder *e, int index)
{
    size_t n, len, plain;
    const char *s = lua_tolstring(e->L, index, &n);
    const unsigned char *p = (const unsigned char *)s;

    encode_char(e, '"');
    for (size_t i = 0; i < n; i += len) {
        for (plain = i; plain < n && p[plain] >= 0x20 && p[plain] < 0x7F && p[plain] != '"' &&
                        p[plain] != '\\'; plain++)
            ;
        encode_put(e, s + i, plain - i);
        i = plain;
        len = i < n ? encode_utf8(p + i, n - i) : 0;
        if (i < n && len == 0)
            luaL_error(e->L, "json.encode: a string is not UTF-8 at its byte %d", (int)i + 1);
        if (len == 1)
            encode_escape(e, p[i]);
        else
            encode_put(e, s + i, len);
    }
    encode_char(e, '"');
}

/* The shortest text that reads back as the same number; always with a point or exponent. */
static void
encode_float(struct encoder *e, double v)
{
    char text[40];

    if (!isfinite(v))
        luaL_error(e->L, "json.encode: JSON has no %s", isnan(v) ? "NaN" : "infinity");
    for (int digits = 15; digits <= 17; digits++) {
        rd_lua_steps(e->L, JSON_FLOAT);
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    if (strpbrk(text, ".e") == NULL)
        memcpy(text + strlen(text), ".0", sizeof ".0");
    encode_put(e, text, strlen(text));
}

static void
encode_number(struct encoder *e, int index)
{
    char text[24];

    if (!lua_isinteger(e->L, index)) {
        encode_float(e, lua_tonumber(e->L, index));
        return;
    }
    snprintf(text, sizeof text, "%lld", (long long)lua_tointeger(e->L, index));
    encode_put(e, text, strlen(text));
}

/* ---- tables -------------------------------------------------------------------------------- */

static void encode_value(struct encoder *e, int index);

static void
encode_open(struct encoder *e, char c)
{
    if (++e->depth > JSON_DEPTH)
        luaL_error(e->L, "json.encode: nested deeper than %d, or a table holds itself", JSON_DEPTH);
    encode_char(e, c);
}

static void
encode_close(struct encoder *e, char c, int any)
{
    e->depth--;
    if (any)
        encode_line(e);
    encode_char(e, c);
}

static void
encode_array(struct encoder *e, int index, lua_Integer n)
{
    encode_open(e, '[');
    for (lua_Integer i = 1; i <= n; i++) {
        if (i > 1)
            encode_char(e, ',');
        encode_line(e);
        lua_rawgeti(e->L, index, i);
        encode_value(e, lua_gettop(e->L));
        lua_pop(e->L, 1);
    }
    encode_close(e, ']', n > 0);
}

static void
encode_pair(struct encoder *e, int key, int value, int first)
{
    if (!first)
        encode_char(e, ',');
    encode_line(e);
    encode_string(e, key);
    encode_put(e, ": ", e->pretty ? 2 : 1);
    encode_value(e, value);
}

static void
encode_check_key(lua_State *L, int index)
{
    if (lua_type(L, index) != LUA_TSTRING)
        luaL_error(L, "json.encode: a table has a %s as a key; JSON knows lists 1..n and names",
                   luaL_typename(L, index));
}

/* Keys in order of their bytes: the list of them goes through table.sort, which makes way. */
static void
encode_sorted(struct encoder *e, int index, size_t n)
{
    lua_State *L = e->L;
    int list = lua_gettop(L) + 1;
    lua_Integer at = 0;

    lua_createtable(L, (int)n, 0);
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        rd_lua_steps(L, 1);
        encode_check_key(L, -2);
        lua_pushvalue(L, -2);
        lua_rawseti(L, list, ++at);
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &encode_sort_key);
    lua_pushvalue(L, list);
    lua_call(L, 1, 0);
    for (lua_Integer i = 1; i <= at; i++) {
        lua_rawgeti(L, list, i);
        lua_pushvalue(L, -1);
        lua_rawget(L, index);
        encode_pair(e, list + 1, list + 2, i == 1);
        lua_settop(L, list);
    }
    lua_pop(L, 1);
}

static size_t
encode_count(lua_State *L, int index)
{
    size_t n = 0;

    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        rd_lua_steps(L, 1);
        n++;
    }
    return n;
}

static void
encode_object(struct encoder *e, int index)
{
    lua_State *L = e->L;
    size_t n = encode_count(L, index);
    int first = 1;

    encode_open(e, '{');
    if (e->pretty) {
        encode_sorted(e, index, n);
    } else {
        for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
            encode_check_key(L, -2);
            encode_pair(e, lua_gettop(L) - 1, lua_gettop(L), first);
            first = 0;
        }
    }
    encode_close(e, '}', n > 0);
}

/* Length of a table whose keys are 1..n, -1 for any other. */
static lua_Integer
encode_list_length(lua_State *L, int index)
{
    lua_Integer n = 0, length = (lua_Integer)lua_rawlen(L, index);

    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        rd_lua_steps(L, 1);
        if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) < 1 || lua_tointeger(L, -2) > length) {
            lua_pop(L, 2);
            return -1;
        }
        n++;
    }
    return n == length ? n : -1;
}

/*
 * A table with __pairs (msg, msg.params) is what pairs() shows of it; of repeated names the first
 * counts. Pushes a plain copy.
 */
static bool
encode_by_pairs(lua_State *L, int index)
{
    int copy;

    if (luaL_getmetafield(L, index, "__pairs") == LUA_TNIL)
        return false;
    lua_newtable(L);
    copy = lua_gettop(L);
    lua_pushvalue(L, -2);
    lua_pushvalue(L, index);
    lua_call(L, 1, 3);    /* copy, next, state, key */
    for (;;) {
        rd_lua_steps(L, 1);
        lua_pushvalue(L, copy + 1);
        lua_pushvalue(L, copy + 2);
        lua_pushvalue(L, copy + 3);
        lua_call(L, 2, 2);    /* ..., key, value */
        if (lua_isnil(L, -2))
            break;
        lua_pushvalue(L, -2);
        lua_replace(L, copy + 3);
        lua_pushvalue(L, -2);
        if (lua_rawget(L, copy) == LUA_TNIL) {
            lua_pop(L, 1);
            lua_rawset(L, copy);
        }
        lua_settop(L, copy + 3);
    }
    lua_settop(L, copy);
    return true;
}

static void
encode_table(struct encoder *e, int index)
{
    int top = lua_gettop(e->L);
    lua_Integer n;

    if (encode_by_pairs(e->L, index))
        index = lua_gettop(e->L);
    n = encode_list_length(e->L, index);
    if (n > 0 || rd_json_is_array(e->L, index))
        encode_array(e, index, n >= 0 ? n : (lua_Integer)lua_rawlen(e->L, index));
    else
        encode_object(e, index);
    lua_settop(e->L, top);
}

static void
encode_value(struct encoder *e, int index)
{
    lua_State *L = e->L;

    luaL_checkstack(L, 12, "json.encode");
    rd_lua_steps(L, 1);
    switch (lua_type(L, index)) {
    case LUA_TNIL:
        encode_put(e, "null", 4);
        break;
    case LUA_TBOOLEAN:
        encode_put(e, lua_toboolean(L, index) ? "true" : "false", lua_toboolean(L, index) ? 4 : 5);
        break;
    case LUA_TNUMBER:
        encode_number(e, index);
        break;
    case LUA_TSTRING:
        encode_string(e, index);
        break;
    case LUA_TTABLE:
        encode_table(e, index);
        break;
    default:
        if (lua_islightuserdata(L, index) && lua_touserdata(L, index) == NULL)
            encode_put(e, "null", 4);
        else
            luaL_error(L, "json.encode: a %s is nothing that JSON can hold",
                       luaL_typename(L, index));
    }
}

void
rd_json_open_encoder(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, LUA_TABLIBNAME);
    lua_getfield(L, -1, "sort");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &encode_sort_key);
    lua_pop(L, 2);
}

int
rd_json_encode(lua_State *L)
{
    struct encoder e = { .L = L, .box = 3 };

    luaL_checkany(L, 1);
    lua_settop(L, 2);
    if (!lua_isnil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
        lua_getfield(L, 2, "pretty");
        e.pretty = lua_toboolean(L, -1);
        lua_pop(L, 1);
    }
    e.t.cap = 512;
    e.t.p = lua_newuserdatauv(L, e.t.cap, 0);
    encode_value(&e, 1);
    lua_pushlstring(L, e.t.p, e.t.n);
    return 1;
}
