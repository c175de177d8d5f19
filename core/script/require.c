/*
 * require.c - modules: pure Lua below the scripts' folder, read at load.
 *
 * Looked for as ROOT/a/b.lua, ROOT/a/b/init.lua and the same below
 * ROOT/lua_modules; names are letters, digits, "_" and "-" with dots between,
 * and what a symbolic link leads out of ROOT to is refused. The text read first
 * is kept in the generation, so that every VM runs the same.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lauxlib.h>

#include "base/buf.h"
#include "base/error.h"
#include "script/generation.h"
#include "script/sandbox.h"
#include "script/slice.h"

#define REQUIRE_FILE ((size_t)16 << 20)    /* bytes of one module */

static char require_loaded_key;     /* its address: registry table name -> value */
static char require_loading_key;    /* its address: registry list of the names under way */

static const char *const require_places[] = {
    "%s/%s.lua", "%s/%s/init.lua", "%s/lua_modules/%s.lua", "%s/lua_modules/%s/init.lua",
};

#define REQUIRE_PLACES (sizeof require_places / sizeof require_places[0])

static void
require_push_table(lua_State *L, const void *key)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, key) == LUA_TTABLE)
        return;
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

/* "lib.prices" -> "lib/prices"; raises for what is no module name. */
static void
require_file_name(lua_State *L, const char *name, char *out, size_t n)
{
    size_t i;

    for (i = 0; name[i] != '\0' && i + 1 < n; i++) {
        char c = name[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '-';
        bool dot = c == '.' && i > 0 && name[i - 1] != '.' && name[i + 1] != '\0';

        if (!word && !dot)
            luaL_error(L, "require: '%s' is no module name (letters, digits, '_', '-', dots "
                          "between)", name);
        out[i] = dot ? '/' : c;
    }
    if (i == 0 || name[i] != '\0')
        luaL_error(L, "require: the name of a module is empty or too long");
    out[i] = '\0';
}

/* The file lies below root, whatever links are on its way. */
static bool
require_is_inside(const char *root, const char *path)
{
    char *r = realpath(root, NULL), *p = realpath(path, NULL);
    size_t n = r != NULL ? strlen(r) : 0;
    bool inside = r != NULL && p != NULL && strncmp(p, r, n) == 0 && (p[n] == '/' || n == 1);

    free(r);
    free(p);
    return inside;
}

static int
require_read(const char *path, struct rd_buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    ssize_t n = -1;
    int error = RD_E_IO;

    if (fd < 0)
        return RD_E_NOT_FOUND;
    if (fstat(fd, &st) != 0 || (size_t)st.st_size > REQUIRE_FILE)
        goto out;
    if (!S_ISREG(st.st_mode)) {
        error = RD_E_NOT_A_FILE;
        goto out;
    }
    if (rd_buf_reserve(out, (size_t)st.st_size + 1) == NULL)
        goto out;
    while ((n = read(fd, out->p + out->n, out->cap - out->n)) > 0) {
        out->n += (size_t)n;
        if (out->n == out->cap)
            break;    /* it grew meanwhile: what was measured is enough */
    }
    error = n < 0 ? RD_E_IO : 0;
out:
    close(fd);
    return error;
}

/* Reads the module into the generation; NULL when the file does not exist. */
static const struct rd_source *
require_fetch(lua_State *L, struct rd_generation *g, const char *path)
{
    const struct rd_source *source = NULL;
    struct rd_buf text;
    int error;

    if (access(path, F_OK) != 0)
        return NULL;
    if (!require_is_inside(g->root.p, path))
        luaL_error(L, "require: %s leads out of %s", path, g->root.p);
    rd_buf_init(&text, REQUIRE_FILE + 1);
    error = require_read(path, &text);
    if (error == 0)
        source = rd_generation_add(g, rd_slice_str(path), rd_buf_slice(&text));
    rd_buf_free(&text);
    if (source == NULL)
        luaL_error(L, "require: %s %s", path,
                   error == RD_E_NOT_A_FILE ? "is not a regular file" : "cannot be read");
    return source;
}

static const struct rd_source *
require_find(lua_State *L, const char *name)
{
    struct rd_generation *g = rd_vm_of(L)->generation;
    char file[PATH_MAX / 2], path[PATH_MAX];
    const struct rd_source *source;

    require_file_name(L, name, file, sizeof file);
    for (size_t i = 0; i < REQUIRE_PLACES && g->root.n > 0; i++) {
        if (snprintf(path, sizeof path, require_places[i], g->root.p, file) >= PATH_MAX)
            luaL_error(L, "require: the path of '%s' is too long", name);
        source = rd_generation_find(g, rd_slice_str(path));
        if (source == NULL && !g->sealed && rd_vm_of(L)->clock->loading)
            source = require_fetch(L, g, path);
        if (source != NULL)
            return source;
    }
    if (!rd_vm_of(L)->clock->loading)
        luaL_error(L, "require: '%s' was not loaded; modules are read when the script is loaded: "
                      "require it at the top of the file", name);
    luaL_error(L, "require: no module '%s' below %s or %s/lua_modules", name,
               g->root.n > 0 ? g->root.p : "the script's folder",
               g->root.n > 0 ? g->root.p : "its");
    return NULL;
}

/* "a -> b -> a" */
static int
require_cycle(lua_State *L, int list, const char *name)
{
    luaL_Buffer b;

    luaL_buffinit(L, &b);
    for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, list); i++) {
        lua_rawgeti(L, list, i);
        luaL_addvalue(&b);
        luaL_addstring(&b, " -> ");
    }
    luaL_addstring(&b, name);
    luaL_pushresult(&b);
    return luaL_error(L, "require: a cycle of modules: %s", lua_tostring(L, -1));
}

static void
require_check_cycle(lua_State *L, int list, const char *name)
{
    for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, list); i++) {
        lua_rawgeti(L, list, i);
        if (strcmp(lua_tostring(L, -1), name) == 0)
            require_cycle(L, list, name);
        lua_pop(L, 1);
    }
}

/* __close of the list of what is being loaded: the last one has ended, or failed. */
static int
require_on_end(lua_State *L)
{
    lua_pushnil(L);
    lua_rawseti(L, 1, (lua_Integer)lua_rawlen(L, 1));
    return 0;
}

static void
require_push_loading(lua_State *L)
{
    require_push_table(L, &require_loading_key);
    if (lua_getmetatable(L, -1)) {
        lua_pop(L, 1);
        return;
    }
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, require_on_end);
    lua_setfield(L, -2, "__close");
    lua_setmetatable(L, -2);
}

/* Runs the module; its value is on the top. */
static void
require_run(lua_State *L, const char *name, const struct rd_source *source)
{
    int list;

    require_push_loading(L);
    list = lua_gettop(L);
    require_check_cycle(L, list, name);
    lua_pushstring(L, name);
    lua_rawseti(L, list, (lua_Integer)lua_rawlen(L, list) + 1);
    lua_toclose(L, list);
    if (rd_env_load(L, source->path, source->text) != LUA_OK)
        lua_error(L);
    lua_pushstring(L, name);
    lua_pushstring(L, source->path.p);
    lua_call(L, 2, 1);
    lua_closeslot(L, list);
    lua_remove(L, list);
}

int
rd_require(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);

    lua_settop(L, 1);
    rd_sandbox_push_globals(L);
    if (lua_getfield(L, 2, name) == LUA_TTABLE && rd_freeze_real(L, 3)) {
        lua_settop(L, 3);    /* "replyd", "string", ... */
        return 1;
    }
    lua_settop(L, 1);
    require_push_table(L, &require_loaded_key);
    if (lua_getfield(L, 2, name) != LUA_TNIL)
        return 1;
    lua_pop(L, 1);
    require_run(L, name, require_find(L, name));
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    lua_pushvalue(L, -1);
    lua_setfield(L, 2, name);
    return 1;
}
