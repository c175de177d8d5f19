/*
 * json.c - replyd.json: values of Lua as JSON texts and back.
 *
 * Strict RFC 8259 in both directions; integers stay integers. Reading is
 * yyjson's, whose document lives in a userdata until the Lua value is built;
 * writing is encode.c.
 */
#include "json.h"

#include <stddef.h>

#include <lauxlib.h>
#include <yyjson.h>

static char json_array_key;    /* its address: metatable that marks an array */
static char json_box_key;      /* its address: metatable of a document under way */

/* ---- arrays -------------------------------------------------------------------------- */

int
rd_json_is_array(lua_State *L, int index)
{
    int same;

    if (!lua_getmetatable(L, index))
        return 0;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &json_array_key);
    same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

static void
json_mark_array(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &json_array_key);
    lua_setmetatable(L, -2);
}

static int
json_array(lua_State *L)
{
    if (lua_isnoneornil(L, 1)) {
        lua_settop(L, 0);
        lua_newtable(L);
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    if (lua_getmetatable(L, 1)) {
        lua_pop(L, 1);
        luaL_argcheck(L, rd_json_is_array(L, 1), 1, "the table has a metatable of its own");
        return 1;
    }
    json_mark_array(L);
    return 1;
}

/* ---- reading --------------------------------------------------------------------------- */

/* A document under way. Its memory is the VM's: charged to the handler, and counted. */
struct json_box {
    yyjson_doc *doc;
    lua_Alloc alloc;
    void *ud;
    lua_State *L;    /* of the reading; NULL after it */
};

/* Before each block its size, which Lua's allocator wants to know. */
union json_head {
    size_t size;
    max_align_t align;
};

static void *
json_alloc_try(struct json_box *box, union json_head *h, size_t old, size_t n)
{
    return box->alloc(box->ud, h, h != NULL ? old : 0, n);
}

/* As Lua does it: what is refused is asked for again when all garbage is gone. */
static void *
json_resize(void *ctx, void *p, size_t old_size, size_t n)
{
    struct json_box *box = ctx;
    union json_head *h = p != NULL ? (union json_head *)p - 1 : NULL, *fresh;
    size_t old = h != NULL ? h->size : 0, size = n + sizeof *h;

    (void)old_size;
    fresh = json_alloc_try(box, h, old, size);
    if (fresh == NULL && box->L != NULL) {
        lua_gc(box->L, LUA_GCCOLLECT);
        fresh = json_alloc_try(box, h, old, size);
    }
    if (fresh == NULL)
        return NULL;
    fresh->size = size;
    return fresh + 1;
}

static void *
json_alloc(void *ctx, size_t n)
{
    return json_resize(ctx, NULL, 0, n);
}

static void
json_free(void *ctx, void *p)
{
    struct json_box *box = ctx;
    union json_head *h = p;

    if (h != NULL)
        box->alloc(box->ud, h - 1, h[-1].size, 0);
}

static struct json_box *
json_box_new(lua_State *L)
{
    struct json_box *box = lua_newuserdatauv(L, sizeof *box, 0);

    box->doc = NULL;
    box->alloc = lua_getallocf(L, &box->ud);
    box->L = L;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &json_box_key);
    lua_setmetatable(L, -2);
    return box;
}

static void
json_box_empty(struct json_box *box)
{
    yyjson_doc_free(box->doc);
    box->doc = NULL;
}

static int
json_box_close(lua_State *L)
{
    json_box_empty(lua_touserdata(L, 1));
    return 0;
}

static void json_push(lua_State *L, yyjson_val *v);

static void
json_push_array(lua_State *L, yyjson_val *v)
{
    yyjson_arr_iter it = yyjson_arr_iter_with(v);
    size_t n = yyjson_arr_size(v);
    yyjson_val *item;
    lua_Integer i = 1;

    lua_createtable(L, n < 1 << 20 ? (int)n : 1 << 20, 0);
    while ((item = yyjson_arr_iter_next(&it)) != NULL) {
        json_push(L, item);
        lua_rawseti(L, -2, i++);
    }
    json_mark_array(L);
}

static void
json_push_object(lua_State *L, yyjson_val *v)
{
    yyjson_obj_iter it = yyjson_obj_iter_with(v);
    size_t n = yyjson_obj_size(v);
    yyjson_val *key;

    lua_createtable(L, 0, n < 1 << 20 ? (int)n : 1 << 20);
    while ((key = yyjson_obj_iter_next(&it)) != NULL) {
        lua_pushlstring(L, yyjson_get_str(key), yyjson_get_len(key));
        json_push(L, yyjson_obj_iter_get_val(key));
        lua_rawset(L, -3);
    }
}

static void
json_push(lua_State *L, yyjson_val *v)
{
    luaL_checkstack(L, 6, "json.decode");
    rd_lua_steps(L, 2 + yyjson_get_len(v) / JSON_STEP);
    switch (yyjson_get_tag(v)) {
    case YYJSON_TYPE_STR | YYJSON_SUBTYPE_NONE:
    case YYJSON_TYPE_STR | YYJSON_SUBTYPE_NOESC:
        lua_pushlstring(L, yyjson_get_str(v), yyjson_get_len(v));
        break;
    case YYJSON_TYPE_ARR | YYJSON_SUBTYPE_NONE:
        json_push_array(L, v);
        break;
    case YYJSON_TYPE_OBJ | YYJSON_SUBTYPE_NONE:
        json_push_object(L, v);
        break;
    case YYJSON_TYPE_BOOL | YYJSON_SUBTYPE_TRUE:
    case YYJSON_TYPE_BOOL | YYJSON_SUBTYPE_FALSE:
        lua_pushboolean(L, yyjson_get_bool(v));
        break;
    case YYJSON_TYPE_NUM | YYJSON_SUBTYPE_SINT:
        lua_pushinteger(L, yyjson_get_sint(v));
        break;
    case YYJSON_TYPE_NUM | YYJSON_SUBTYPE_UINT:
        if (yyjson_get_uint(v) <= INT64_MAX)
            lua_pushinteger(L, (lua_Integer)yyjson_get_uint(v));
        else
            lua_pushnumber(L, (lua_Number)yyjson_get_uint(v));
        break;
    case YYJSON_TYPE_NUM | YYJSON_SUBTYPE_REAL:
        lua_pushnumber(L, yyjson_get_real(v));
        break;
    default:
        lua_pushlightuserdata(L, NULL);
    }
}

/* Position of the bracket that nests too deep, n when there is none; the text may be no JSON. */
static size_t
json_too_deep(const char *text, size_t n)
{
    int depth = 0, quoted = 0;

    for (size_t i = 0; i < n; i++) {
        char c = text[i];

        if (quoted) {
            i += c == '\\';
            quoted = c != '"';
        } else if (c == '"') {
            quoted = 1;
        } else if (c == '[' || c == '{') {
            if (++depth > JSON_DEPTH)
                return i;
        } else if (c == ']' || c == '}') {
            depth--;
        }
    }
    return n;
}

static int
json_refuse(lua_State *L, const char *what, size_t at)
{
    lua_pushnil(L);
    rd_lua_push_error(L, "json", (int64_t)at + 1, "%s at byte %zu", what, at + 1);
    return 2;
}

/* The document of a text that is not empty; NULL: *error says why. */
static yyjson_doc *
json_read(lua_State *L, struct json_box *box, const char *text, size_t n, yyjson_read_err *error)
{
    yyjson_alc alc = { json_alloc, json_resize, json_free, box };

    /* without YYJSON_READ_INSITU the text is not written to */
    box->doc = yyjson_read_opts((char *)(uintptr_t)text, n, YYJSON_READ_NOFLAG, &alc, error);
    box->L = NULL;
    rd_lua_steps(L, n / 16);
    if (box->doc == NULL && error->code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
        luaL_error(L, "not enough memory");
    return box->doc;
}

static int
json_decode(lua_State *L)
{
    size_t n;
    const char *text = luaL_checklstring(L, 1, &n);
    size_t deep = json_too_deep(text, n);
    struct json_box *box = json_box_new(L);
    yyjson_read_err error;

    if (n == 0)
        return json_refuse(L, "the text is empty", 0);
    if (deep < n)
        return json_refuse(L, "nested deeper than 200", deep);
    if (json_read(L, box, text, n, &error) == NULL)
        return json_refuse(L, error.msg, error.pos);
    json_push(L, yyjson_doc_get_root(box->doc));
    json_box_empty(box);
    return 1;
}

/* ---- the plugin --------------------------------------------------------------------------- */

static int
json_vm_open(lua_State *L)
{
    lua_createtable(L, 0, 2);
    lua_pushliteral(L, "array");
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &json_array_key);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, json_box_close);
    lua_setfield(L, -2, "__gc");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &json_box_key);
    rd_json_open_encoder(L);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    return 0;
}

static const struct rd_lua_fn json_functions[] = {
    { "encode", rd_json_encode, "json.encode(v [, {pretty=}])",
      "A value as JSON (RFC 8259). Tables 1..n are arrays, an empty one is an object unless marked "
      "with json.array; raises for what JSON cannot hold, or is nested deeper than 200." },
    { "decode", json_decode, "json.decode(s)",
      "The value of a JSON text; nil and an error with the byte position as its code when it is "
      "none, or nested deeper than 200. Integers stay integers, null is json.null." },
    { "null", NULL, "json.null", "The value that stands for null." },
    { "array", json_array, "json.array([t])", "Marks a table as an array, also when it is empty." },
    { NULL, NULL, NULL, NULL },
};

const struct rd_plugin rd_plugin_json = {
    .abi = RD_PLUGIN_ABI,
    .name = "json",
    .sentence = "JSON texts to values of Lua and back.",
    .functions = json_functions,
    .vm_open = json_vm_open,
};
