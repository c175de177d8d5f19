/*
 * env.c - the environment of one file: shared globals to read, none to write.
 *
 * A file cannot make globals, so nothing leaks from one message into another by
 * a forgotten `local`. What it may read is a copy of the globals with its own
 * `load` and `_G`.
 */
#include <string.h>

#include <lauxlib.h>

#include "script/sandbox.h"
#include "script/script.h"

static int
env_on_assign(lua_State *L)
{
    const char *name = luaL_tolstring(L, 2, NULL);

    rd_sandbox_push_globals(L);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) != LUA_TNIL)
        return luaL_error(L, "'%s' is read-only: write 'local %s' for one of your own", name, name);
    if (lua_isfunction(L, 3))
        return luaL_error(L, "assignment to undeclared global '%s': write 'local function %s'",
                          name, name);
    return luaL_error(L, "assignment to undeclared global '%s': write 'local %s'; this version "
                         "keeps nothing from one message to the next", name, name);
}

/* load(chunk [, name [, mode [, env]]]): text only; the environment is the file's by default. */
static int
env_load(lua_State *L)
{
    const char *mode = luaL_optstring(L, 3, "t");

    if (mode[0] == 'b' && mode[1] == '\0')
        return luaL_error(L, "load: only text chunks can be loaded");
    if (lua_gettop(L) < 4) {
        lua_settop(L, 3);
        lua_pushvalue(L, lua_upvalueindex(2));
    }
    lua_settop(L, 4);
    lua_pushliteral(L, "t");
    lua_replace(L, 3);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 4, LUA_MULTRET);
    return lua_gettop(L);
}

/* The globals that this environment reads are on the top: a copy of the shared ones. */
static void
env_copy_globals(lua_State *L)
{
    int from;

    rd_sandbox_push_globals(L);
    from = lua_gettop(L);
    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, from) != 0;) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -4);
    }
    lua_remove(L, from);
}

static void
env_push(lua_State *L)
{
    int env, globals;

    lua_newtable(L);
    env = lua_gettop(L);
    env_copy_globals(L);
    globals = lua_gettop(L);
    lua_getfield(L, globals, "load");
    lua_pushvalue(L, env);
    lua_pushcclosure(L, env_load, 2);
    lua_setfield(L, globals, "load");
    lua_pushvalue(L, env);
    lua_setfield(L, globals, "_G");
    lua_createtable(L, 0, 5);
    lua_pushvalue(L, globals);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, env_on_assign);
    lua_setfield(L, -2, "__newindex");
    rd_freeze_mark(L, globals);
    rd_freeze_protect(L);
    lua_setmetatable(L, env);
    lua_settop(L, env);
}

struct rd_slice
rd_script_text(struct rd_slice file)
{
    if (rd_slice_starts(file, RD_LIT("\xEF\xBB\xBF")))
        file = rd_slice_skip(file, 3);
    if (rd_slice_starts(file, RD_LIT("#")))
        file = rd_slice_skip(file, rd_slice_find(file, '\n'));    /* the lines keep their numbers */
    return file;
}

/* Some errors of the parser have no place; the file is known. */
static void
env_name_file(lua_State *L, struct rd_slice path)
{
    const char *why = lua_tostring(L, -1);

    if (why == NULL || strncmp(why, path.p, path.n) == 0)
        return;
    lua_pushfstring(L, "%s: %s", path.p, why);
    lua_remove(L, -2);
}

int
rd_env_load(lua_State *L, struct rd_slice path, struct rd_slice text)
{
    int status;

    text = rd_script_text(text);
    lua_pushfstring(L, "@%s", path.p);
    status = luaL_loadbufferx(L, text.p, text.n, lua_tostring(L, -1), "t");
    lua_remove(L, -2);
    if (status != LUA_OK) {
        if (status == LUA_ERRSYNTAX)
            env_name_file(L, path);
        return status;
    }
    env_push(L);
    lua_setupvalue(L, -2, 1);
    return LUA_OK;
}
