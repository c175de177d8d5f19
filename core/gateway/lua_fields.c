/* lua_fields.c - see lua_fields.h. Called on script threads, inside a handler. */
#include "gateway/lua_fields.h"

#include <string.h>

#include <lauxlib.h>

#include "twilio/details.h"

/* A table is empty-handed when its fields are absent: then it is nil, but for these. */
#define FIELDS_ALWAYS "geo"

/* Its address: replyd.json.decode in the registry of a VM. */
static const char fields_decode_key;

static const char *const fields_names[] = {
    "segments", "profile_name", "wa_id", "forwarded", "location", "button", "list", "referral",
    "quoted", "flow", "geo", NULL,
};

const char *
rd_lua_field_name(size_t i)
{
    return fields_names[i];
}

/* ---- one value ------------------------------------------------------------------- */

void
rd_lua_fields_open(lua_State *L)
{
    int top = lua_gettop(L);

    if (lua_getfield(L, top, "json") == LUA_TTABLE) {
        lua_getfield(L, -1, "decode");
        lua_rawsetp(L, LUA_REGISTRYINDEX, &fields_decode_key);
    }
    lua_settop(L, top);
}

/* replyd.json.decode(s): its value, or nil when it is no JSON or the plugin is not there. */
static void
fields_push_json(lua_State *L, struct rd_slice s)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &fields_decode_key) != LUA_TFUNCTION)
        return;
    lua_pushlstring(L, s.p, s.n);
    lua_call(L, 1, 1);
}

/* A parameter that is not what its row says is left out: msg.params has it. */
static void
fields_push(lua_State *L, struct rd_slice s, enum rd_detail_kind kind)
{
    long long integer;
    double number;
    bool flag;

    lua_pushnil(L);
    switch (kind) {
    case RD_DETAIL_TEXT:
        lua_pushlstring(L, s.p, s.n);
        break;
    case RD_DETAIL_INTEGER:
        if (rd_detail_integer(s, &integer))
            lua_pushinteger(L, integer);
        break;
    case RD_DETAIL_NUMBER:
        if (rd_detail_number(s, &number))
            lua_pushnumber(L, number);
        break;
    case RD_DETAIL_FLAG:
        if (rd_detail_flag(s, &flag))
            lua_pushboolean(L, flag);
        break;
    case RD_DETAIL_JSON:
        fields_push_json(L, s);
        break;
    }
}

/* ---- tables ------------------------------------------------------------------------ */

/* Sets the present fields of a table in the one on the top; how many. */
static unsigned
fields_fill(lua_State *L, const struct rd_message *m, const char *table)
{
    unsigned n = 0;

    for (const struct rd_detail *d = rd_details; d->name != NULL; d++) {
        struct rd_slice value;
        int top = lua_gettop(L);

        if (strcmp(d->table, table) != 0)
            continue;
        value = rd_detail_get(&m->params, d);
        if (value.p == NULL)
            continue;
        fields_push(L, value, d->kind);
        lua_setfield(L, top, d->name);
        lua_settop(L, top);
        n++;
    }
    return n;
}

static void
fields_push_geo(lua_State *L, const struct rd_message *m)
{
    static const char *const sides[][2] = { { "geo.from", "from" }, { "geo.to", "to" } };

    lua_createtable(L, 0, 2);
    for (size_t i = 0; i < 2; i++) {
        lua_newtable(L);
        fields_fill(L, m, sides[i][0]);
        lua_setfield(L, -2, sides[i][1]);
    }
}

static void
fields_push_single(lua_State *L, const struct rd_message *m, const struct rd_detail *d)
{
    struct rd_slice value = rd_detail_get(&m->params, d);

    if (value.p == NULL)
        lua_pushnil(L);
    else
        fields_push(L, value, d->kind);
}

int
rd_lua_field_push(lua_State *L, const struct rd_message *m, const char *name)
{
    luaL_checkstack(L, 8, "too many values");
    for (const struct rd_detail *d = rd_details; d->table[0] == '\0'; d++)
        if (strcmp(d->name, name) == 0) {
            fields_push_single(L, m, d);
            return 1;
        }
    if (strcmp(name, FIELDS_ALWAYS) == 0) {
        fields_push_geo(L, m);
        return 1;
    }
    lua_newtable(L);
    if (fields_fill(L, m, name) == 0)
        lua_pushnil(L);
    return 1;
}
