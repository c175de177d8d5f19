/*
 * json.c - fuzz target: any bytes for replyd.json.decode, and as the body of a webhook.
 *
 * Either a value or nil and an error with a position inside the text; a value
 * that is encoded, decoded and encoded again is the same text, plain and pretty. A
 * body's members are valid UTF-8, keep to the limits, and are the same in less memory.
 * Run: tests/fuzz/run json.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

#include "base/check.h"
#include "base/error.h"
#include "base/utf8.h"
#include "http/json_body.h"
#include "replyd.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);

extern const struct rd_plugin rd_plugin_json;

static lua_State *json_vm;

/* Pushes a function of the plugin. */
static void
json_push(const char *name)
{
    for (const struct rd_lua_fn *f = rd_plugin_json.functions; f->name != NULL; f++)
        if (strcmp(f->name, name) == 0) {
            lua_pushcfunction(json_vm, f->call);
            return;
        }
    abort();
}

/* The value at index as JSON on the top. */
static bool
json_encode(int index, bool pretty)
{
    json_push("encode");
    lua_pushvalue(json_vm, index);
    lua_createtable(json_vm, 0, 1);
    lua_pushboolean(json_vm, pretty);
    lua_setfield(json_vm, -2, "pretty");
    return lua_pcall(json_vm, 2, 1, 0) == LUA_OK;
}

/* Only a pretty text has its names sorted; the other one has them in another order at times. */
static void
json_round(bool pretty)
{
    size_t n, m;
    const char *first, *second;

    lua_settop(json_vm, 1);
    RD_ASSERT(json_encode(1, pretty));
    first = lua_tolstring(json_vm, 2, &n);
    json_push("decode");
    lua_pushlstring(json_vm, first, n);
    RD_ASSERT(lua_pcall(json_vm, 1, 1, 0) == LUA_OK);
    RD_ASSERT(json_encode(3, pretty));
    second = lua_tolstring(json_vm, 4, &m);
    RD_ASSERT(n == m && (!pretty || memcmp(first, second, n) == 0));
}

/* The table that the plugin fills when it is opened is not needed here. */
static void
json_open(void)
{
    json_vm = luaL_newstate();
    RD_ASSERT(json_vm != NULL);
    luaL_requiref(json_vm, LUA_TABLIBNAME, luaopen_table, 0);
    lua_newtable(json_vm);
    RD_ASSERT(rd_plugin_json.vm_open(json_vm) == 0);
}

static int
body_decode(struct rd_slice body, size_t max, size_t limit, struct rd_arena *a,
            struct rd_params *params)
{
    rd_arena_init(a, limit);
    return rd_json_body_decode(body, max, a, params);
}

/* As step DECODE does it: with room for whatever the body may hold. */
static void
body_check(struct rd_slice body)
{
    struct rd_params params, few;
    struct rd_arena a, b;
    int error;

    RD_ASSERT(body_decode(body, SIZE_MAX, body.n * 40 + 4096, &a, &params) == 0);
    for (size_t i = 0; i < params.n; i++)
        RD_ASSERT(rd_utf8_is_valid(params.at[i].name) && rd_utf8_is_valid(params.at[i].value));
    RD_ASSERT(params.n * 4 <= body.n);    /* "":0 and a comma, or a brace */
    error = body_decode(body, params.n / 2, SIZE_MAX, &b, &few);
    RD_ASSERT(error == (params.n > 0 ? RD_E_TOO_BIG : 0));
    rd_arena_free(&b);
    error = body_decode(body, SIZE_MAX, body.n, &b, &few);
    RD_ASSERT(error == RD_E_NOMEM || (error == 0 && few.n == params.n));
    rd_arena_free(&b);
    rd_arena_free(&a);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
    body_check(rd_slice_make((const char *)data, n));
    if (json_vm == NULL)
        json_open();
    lua_settop(json_vm, 0);
    json_push("decode");
    lua_pushlstring(json_vm, (const char *)data, n);
    RD_ASSERT(lua_pcall(json_vm, 1, 2, 0) == LUA_OK);
    if (!lua_isnil(json_vm, 1)) {
        json_round(false);
        json_round(true);
    } else {
        RD_ASSERT(lua_isstring(json_vm, 2) || lua_istable(json_vm, 2));
    }
    lua_settop(json_vm, 0);
    return 0;
}
