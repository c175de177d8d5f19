/*
 * docs.c - all rows of the Lua API: what each VM gets, and what help prints.
 *
 * The engine's own rows are listed here; the host and the plugins register
 * theirs before the first VM is made.
 */
#include "script/docs.h"

#include <string.h>

#include "base/check.h"
#include "script/script.h"

#define DOCS_TABLES 64    /* the engine's, the host's, one or two per plugin */

struct docs_table {
    const char *name;
    const struct rd_lua_fn *rows;
};

static struct docs_table docs_tables[DOCS_TABLES];
static unsigned docs_n;

void
rd_script_register(const char *table, const struct rd_lua_fn *rows)
{
    for (unsigned i = 0; i < docs_n; i++)
        if (docs_tables[i].rows == rows)
            return;
    RD_ASSERT(docs_n < DOCS_TABLES);
    docs_tables[docs_n++] = (struct docs_table){ table, rows };
}

void
rd_script_each_row(rd_script_row_fn *fn, void *arg)
{
    for (unsigned i = 0; i < docs_n; i++)
        for (const struct rd_lua_fn *row = docs_tables[i].rows; row->name != NULL; row++)
            fn(docs_tables[i].name, row, arg);
}

/* The table to fill is on the top: replyd itself, or its field `name`, made when it is missing. */
static void
docs_push_table(lua_State *L, const char *name)
{
    if (name[0] == '\0') {
        lua_pushvalue(L, -1);
        return;
    }
    if (lua_getfield(L, -1, name) == LUA_TTABLE)
        return;
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, name);
}

/* Rows that describe what is no part of replyd. */
static bool
docs_is_text(const char *table)
{
    return strcmp(table, "msg") == 0 || strcmp(table, "return") == 0;
}

void
rd_docs_fill(lua_State *L)
{
    for (unsigned i = 0; i < docs_n; i++) {
        if (docs_is_text(docs_tables[i].name))
            continue;
        docs_push_table(L, docs_tables[i].name);
        for (const struct rd_lua_fn *row = docs_tables[i].rows; row->name != NULL; row++) {
            if (row->call == NULL)
                continue;
            lua_pushcfunction(L, row->call);
            lua_setfield(L, -2, row->name);
        }
        lua_pop(L, 1);
    }
}
