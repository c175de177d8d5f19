/* lua_text.c - see lua_text.h. Called on script threads and by the loader. */
#include "gateway/lua_text.h"

#include <lauxlib.h>
#include <lua.h>

#include "gateway/limits.h"
#include "script/script.h"
#include "twilio/segments.h"

#define TEXT_MOST ((size_t)256 * 1024)    /* no slice ends inside of C: about 10 ms */

static struct rd_slice
text_check(lua_State *L)
{
    size_t n;
    const char *p = luaL_checklstring(L, 1, &n);

    luaL_argcheck(L, n <= TEXT_MOST, 1, "longer than 256 KiB");
    return rd_slice_make(p, n);
}

static int
text_segments(lua_State *L)
{
    struct rd_segments s = rd_segments_count(text_check(L));

    lua_createtable(L, 0, 4);
    lua_pushinteger(L, (lua_Integer)s.count);
    lua_setfield(L, -2, "count");
    lua_pushstring(L, rd_segments_encoding(&s));
    lua_setfield(L, -2, "encoding");
    lua_pushinteger(L, (lua_Integer)s.units);
    lua_setfield(L, -2, "units");
    if (s.ucs2) {
        lua_pushlstring(L, s.forced_by.p, s.forced_by.n);
        lua_setfield(L, -2, "forced_by");
    }
    return 1;
}

static int
text_split(lua_State *L)
{
    struct rd_slice text = text_check(L);
    lua_Integer most = luaL_optinteger(L, 2, RD_LIMITS_UNITS), i = 0;

    luaL_argcheck(L, most >= 1, 2, "a piece has at least one unit");
    lua_newtable(L);
    while (text.n > 0) {
        size_t n = rd_segments_head(text, (size_t)most);

        rd_lua_steps(L, 4);
        lua_pushlstring(L, text.p, n);
        lua_rawseti(L, -2, ++i);
        text = rd_slice_skip(text, n);
    }
    return 1;
}

static int
text_smarten(lua_State *L)
{
    struct rd_slice text = text_check(L), piece;
    luaL_Buffer b;

    luaL_buffinitsize(L, &b, text.n);
    while (text.n > 0) {
        rd_lua_steps(L, 1);
        text = rd_slice_skip(text, rd_segments_smarten(text, &piece));
        luaL_addlstring(&b, piece.p, piece.n);
    }
    luaL_pushresult(&b);
    return 1;
}

static const struct rd_lua_fn text_rows[] = {
    { "segments", text_segments, "text.segments(s)",
      "{ count=, encoding=\"GSM-7\"|\"UCS-2\", units=, forced_by= }: what s costs as SMS, as "
      "Twilio counts; forced_by is the first character that is not GSM-7. s is at most 256 KiB." },
    { "split", text_split, "text.split(s [, n])",
      "List of pieces of at most n UTF-16 units (default 1600) that give s again when joined; "
      "split behind a word if there is one, never inside a character. s is at most 256 KiB." },
    { "smarten", text_smarten, "text.smarten(s)",
      "s with what looks like GSM-7 written in GSM-7, as Twilio's Smart Encoding does: curly "
      "quotes become straight ones. s is at most 256 KiB." },
    { NULL, NULL, NULL, NULL },
};

void
rd_lua_text_register(void)
{
    rd_script_register("text", text_rows);
}
