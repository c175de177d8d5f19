/*
 * names.c - which names scripts can read, of a generation that no worker has yet: for `check`.
 *
 * Looks, and makes nothing: no string, no table.
 */
#include "script/generation.h"
#include "script/sandbox.h"

/* Pushes table[name] of the table on the top; false: there is none, nothing is pushed. */
static bool
names_push_field(lua_State *L, struct rd_slice name, struct rd_slice *meant)
{
    struct rd_suggest s;

    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1))
        if (lua_type(L, -2) == LUA_TSTRING &&
            rd_slice_eq(rd_slice_str(lua_tostring(L, -2)), name)) {
            lua_remove(L, -2);
            return true;
        }
    rd_suggest_start(&s, name);
    rd_freeze_offer(L, -1, &s);
    *meant = s.best;
    return false;
}

bool
rd_script_knows(const struct rd_generation *g, const struct rd_slice *names, size_t n,
                struct rd_slice *meant)
{
    lua_State *L = atomic_load(&g->vms[0])->L;
    int top = lua_gettop(L);
    bool known = true;

    *meant = rd_slice_make(NULL, 0);
    rd_sandbox_push_globals(L);
    if (rd_slice_eq(names[0], RD_LIT("_G"))) {    /* each file's own, alike */
        names++;
        n--;
    }
    for (size_t i = 0; i < n && known; i++) {
        if (i > 0 && !rd_freeze_real(L, lua_gettop(L)))
            break;    /* not ours to say */
        known = names_push_field(L, names[i], meant);
    }
    lua_settop(L, top);
    return known;
}
