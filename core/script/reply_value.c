/*
 * reply_value.c - the table "The answer is the return value" of the Lua API.
 *
 * Raw access only: a reply value is data, no code of the script runs here. An
 * error frees the half-made reply first, since Lua's errors jump.
 */
#include "script/reply_value.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "base/metric.h"
#include "base/suggest.h"
#include "script/docs.h"
#include "script/reply_text.h"
#include "script/run.h"
#include "script/script.h"

#define REPLY_TEXT ((size_t)64 * 1000)                  /* Twilio error 11750: 64 kB of TwiML */
#define REPLY_ARENA (REPLY_TEXT + (size_t)16 * 1024)    /* and the structs */

static char reply_redirect_key;    /* its address: metatable of replyd.redirect's values */

/* A conversion under way. */
struct reply_in {
    lua_State *L;
    struct rd_reply *reply;
    size_t text;             /* bytes so far */
    const char *where;       /* for errors: "file:line: "; NULL: see at_handler */
    bool at_handler;         /* errors are the handler's, which has returned; else the caller's */
};

/* Which function returned what is wrong: nobody knows the line of a return any more. */
static void
reply_push_where(lua_State *L)
{
    rd_run_push_returned(L);
    lua_pushstring(L, lua_rawlen(L, -1) > 0 ? ": " : "");
    lua_concat(L, 2);
}

/* The half-made reply is the run's until it is whole: Lua's errors jump past us. */
static void
reply_keep(struct reply_in *in, struct rd_reply *reply)
{
    struct rd_run *run = rd_run_of(in->L);
    struct rd_reply **at = run != NULL ? &run->half_made : &in->reply;

    rd_reply_free(*at);
    *at = reply;
    in->reply = reply;
}

static int
reply_error(struct reply_in *in, const char *format, ...)
{
    lua_State *L = in->L;
    va_list ap;

    reply_keep(in, NULL);
    if (in->where != NULL)
        lua_pushstring(L, in->where);
    else if (in->at_handler)
        reply_push_where(L);
    else
        luaL_where(L, 1);
    va_start(ap, format);
    lua_pushvfstring(L, format, ap);
    va_end(ap);
    lua_concat(L, 2);
    return lua_error(L);
}

/* "a function", for messages; what it pushes goes when the error is raised. */
static const char *
reply_type(lua_State *L, int index)
{
    if (lua_islightuserdata(L, index) && lua_touserdata(L, index) == NULL)
        return "json.null";
    return lua_pushfstring(L, "a %s", luaL_typename(L, index));
}

/* A copy of a string or number; the number in the table stays what it is. */
static struct rd_slice
reply_text(struct reply_in *in, int index)
{
    size_t n;
    const char *p;
    struct rd_slice s;

    lua_pushvalue(in->L, index);
    p = lua_tolstring(in->L, -1, &n);
    in->text += n;
    s = in->text <= REPLY_TEXT ? rd_arena_copy(&in->reply->arena, rd_slice_make(p, n))
                               : rd_slice_make(NULL, 0);
    if (s.p == NULL)
        reply_error(in, "the answer is longer than 64 kB");
    lua_pop(in->L, 1);
    return s;
}

/* Messages that the handler published before. */
static size_t
reply_n_said(const struct reply_in *in)
{
    const struct rd_run *run = rd_run_of(in->L);

    return run != NULL ? run->root->n_said : 0;
}

static struct rd_reply_message *
reply_add(struct reply_in *in)
{
    struct rd_reply_message *m = NULL;

    if (reply_n_said(in) + in->reply->n >= RD_REPLY_MESSAGES)
        reply_error(in, "more than %d messages in one answer", RD_REPLY_MESSAGES);
    m = rd_reply_add(in->reply);
    if (m == NULL)
        reply_error(in, "the answer is longer than 64 kB");
    return m;
}

/* A body as Twilio will see it; {NULL, 0} when nothing of it may stand in XML. */
static struct rd_slice
reply_body(struct reply_in *in, int index)
{
    struct rd_slice body = reply_text(in, index);
    int removed = rd_reply_forbidden(body);

    if (removed == 0)
        return body;
    rd_metric_add(RD_METRIC_xml_repairs_total, 0, removed);
    return rd_slice_make(NULL, 0);
}

/* ---- one message ----------------------------------------------------------- */

static void
reply_medium(struct reply_in *in, struct rd_reply_message *m, int index)
{
    struct rd_slice url;

    if (lua_type(in->L, index) != LUA_TSTRING || lua_rawlen(in->L, index) == 0)
        reply_error(in, "'media' must be a URL or a list of URLs, not %s",
                    lua_type(in->L, index) == LUA_TSTRING ? "an empty string"
                                                          : reply_type(in->L, index));
    if (m->n_media >= RD_REPLY_MEDIA)
        reply_error(in, "more than %d media in one message", RD_REPLY_MEDIA);
    url = reply_text(in, index);
    if (!rd_reply_is_media(url))
        reply_error(in, "'media' must be http:// or https:// URLs without blanks");
    m->media[m->n_media++] = url;
}

static void
reply_media(struct reply_in *in, struct rd_reply_message *m, int index)
{
    lua_State *L = in->L;
    lua_Integer count;

    if (!lua_istable(L, index)) {
        reply_medium(in, m, index);
        return;
    }
    count = (lua_Integer)lua_rawlen(L, index);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, index, i);
        reply_medium(in, m, lua_gettop(L));
        lua_pop(L, 1);
    }
}

static const struct {
    const char *key;
    size_t offset;
    bool (*is)(struct rd_slice text);    /* NULL: any text, also a number */
    const char *must;
} reply_attributes[] = {
#define ATTRIBUTE(name, is, must) { #name, offsetof(struct rd_reply_message, name), is, must }
    ATTRIBUTE(to, rd_reply_is_address, "an address without control characters"),
    ATTRIBUTE(from, rd_reply_is_address, "an address without control characters"),
    ATTRIBUTE(action, rd_reply_is_link,
              "an http:// or https:// URL, or a relative one, without blanks"),
    ATTRIBUTE(method, rd_reply_is_method, "\"GET\" or \"POST\""),
    ATTRIBUTE(status_callback, rd_reply_is_callback,
              "an http:// or https:// URL, or a path from /, without blanks"),
    ATTRIBUTE(tag, NULL, NULL),
#undef ATTRIBUTE
};

#define REPLY_ATTRIBUTES (sizeof reply_attributes / sizeof reply_attributes[0])

static void
reply_unknown_key(struct reply_in *in, const char *key)
{
    struct rd_suggest s;

    rd_suggest_start(&s, rd_slice_str(key));
    rd_suggest_offer(&s, RD_LIT("body"));
    rd_suggest_offer(&s, RD_LIT("media"));
    for (size_t i = 0; i < REPLY_ATTRIBUTES; i++)
        rd_suggest_offer(&s, rd_slice_str(reply_attributes[i].key));
    if (strcmp(key, "text") == 0 || strcmp(key, "message") == 0)    /* as others call it */
        s.best = RD_LIT("body");
    if (s.best.p != NULL)
        reply_error(in, "a message has no '%s': did you mean '%s'?", key, s.best.p);
    reply_error(in, "a message has no '%s'", key);
}

static void
reply_attribute(struct reply_in *in, struct rd_reply_message *m, const char *key, int index)
{
    struct rd_slice text;

    for (size_t i = 0; i < REPLY_ATTRIBUTES; i++) {
        if (strcmp(key, reply_attributes[i].key) != 0)
            continue;
        if (reply_attributes[i].is != NULL ? lua_type(in->L, index) != LUA_TSTRING
                                           : !lua_isstring(in->L, index))
            reply_error(in, "'%s' must be a string, not %s", key, reply_type(in->L, index));
        text = reply_text(in, index);
        if (reply_attributes[i].is != NULL && !reply_attributes[i].is(text))
            reply_error(in, "'%s' must be %s", key, reply_attributes[i].must);
        *(struct rd_slice *)(void *)((char *)m + reply_attributes[i].offset) = text;
        return;
    }
    reply_unknown_key(in, key);
}

static void
reply_field(struct reply_in *in, struct rd_reply_message *m, const char *key, int index)
{
    if (strcmp(key, "body") == 0) {
        if (!lua_isstring(in->L, index))
            reply_error(in, "'body' must be a string, not %s", reply_type(in->L, index));
        m->body = reply_body(in, index);
    } else if (strcmp(key, "media") == 0) {
        reply_media(in, m, index);
    } else {
        reply_attribute(in, m, key, index);
    }
}

/* A table with names: { body=, media=, ... }; nothing to say when both are empty. */
static void
reply_message(struct reply_in *in, int index)
{
    lua_State *L = in->L;
    struct rd_reply_message *m = reply_add(in);
    bool spoke = false;

    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        if (lua_type(L, -2) != LUA_TSTRING)
            reply_error(in, "a table is a list or a message, not both: it has names and %s as keys",
                        reply_type(L, -2));
        spoke |= strcmp(lua_tostring(L, -2), "body") == 0;
        reply_field(in, m, lua_tostring(L, -2), lua_gettop(L));
        lua_pop(L, 1);
    }
    if (!spoke && m->n_media == 0)
        reply_error(in, "a message needs 'body' or 'media'");
    if (m->body.n == 0 && m->n_media == 0)
        in->reply->n--;
}

/* ---- lists and the rest ---------------------------------------------------- */

static bool
reply_is_redirect(lua_State *L, int index)
{
    bool same;

    if (!lua_istable(L, index) || !lua_getmetatable(L, index))
        return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &reply_redirect_key);
    same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

static void
reply_redirect(struct reply_in *in, int index)
{
    lua_rawgeti(in->L, index, 1);
    in->reply->redirect = reply_text(in, lua_gettop(in->L));
    lua_rawgeti(in->L, index, 2);
    if (!lua_isnil(in->L, -1))
        in->reply->redirect_method = reply_text(in, lua_gettop(in->L));
    lua_pop(in->L, 2);
}

static void
reply_plain(struct reply_in *in, int index)
{
    struct rd_reply_message *m = reply_add(in);

    m->body = reply_body(in, index);
    if (m->body.n == 0)
        in->reply->n--;
}

/* An element of a list, or the whole value. */
static void
reply_item(struct reply_in *in, int index)
{
    lua_State *L = in->L;
    int type = lua_type(L, index);

    if (type == LUA_TNIL || (type == LUA_TBOOLEAN && !lua_toboolean(L, index)) ||
        (type == LUA_TSTRING && lua_rawlen(L, index) == 0))
        return;
    if (in->reply->redirect.p != NULL)
        reply_error(in, "a redirect can only be the last of a list");
    if (rd_run_of(L) != NULL && rd_run_of(L)->root->said_redirect)
        reply_error(in, "nothing can follow a redirect: it can only be the last reply");
    if (reply_is_redirect(L, index))
        reply_redirect(in, index);
    else if (type == LUA_TSTRING || type == LUA_TNUMBER)
        reply_plain(in, index);
    else if (type == LUA_TTABLE)
        reply_message(in, index);
    else
        reply_error(in, "cannot answer with %s: a reply is a string, a message table or a list",
                    reply_type(L, index));
}

static int
reply_compare(const void *a, const void *b)
{
    lua_Integer x = *(const lua_Integer *)a, y = *(const lua_Integer *)b;

    return (x > y) - (x < y);
}

/* A table whose first key is a number is a list; holes are skipped, order is by number. */
static void
reply_list(struct reply_in *in, int index)
{
    lua_Integer keys[4 * RD_REPLY_MESSAGES] = { 0 };
    size_t n = 0;
    lua_State *L = in->L;

    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        if (!lua_isinteger(L, -2))
            reply_error(in, "a table is a list or a message, not both: it has numbers and %s "
                            "as keys", reply_type(L, -2));
        if (lua_isboolean(L, -1) && !lua_toboolean(L, -1))
            continue;
        if (n == sizeof keys / sizeof keys[0])
            reply_error(in, "more than %d messages in one answer", RD_REPLY_MESSAGES);
        else
            keys[n++] = lua_tointeger(L, -2);
    }
    qsort(keys, n, sizeof keys[0], reply_compare);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, index, keys[i]);
        if (lua_istable(L, -1) && !reply_is_redirect(L, lua_gettop(L)) && lua_rawlen(L, -1) > 0)
            reply_error(in, "a list of messages holds a list (at %d)", (int)keys[i]);
        reply_item(in, lua_gettop(L));
        lua_pop(L, 1);
    }
}

/* True when the table is a list; an empty one is an empty list. */
static bool
reply_is_list(lua_State *L, int index)
{
    bool list;

    lua_pushnil(L);
    if (lua_next(L, index) == 0)
        return true;
    list = lua_type(L, -2) == LUA_TNUMBER;
    lua_pop(L, 2);
    return list;
}

/* The value at index as a reply; NULL when there is nothing to say. */
static struct rd_reply *
reply_value(struct reply_in *in, int index)
{
    lua_State *L = in->L;
    int type = lua_type(L, index);
    struct rd_run *run = rd_run_of(L);
    struct rd_reply *reply;

    if (type == LUA_TNIL || type == LUA_TNONE)
        return NULL;
    luaL_checkstack(L, 12, "too many values");
    index = lua_absindex(L, index);
    reply_keep(in, rd_reply_new(REPLY_ARENA));
    if (type == LUA_TTABLE && !reply_is_redirect(L, index) && reply_is_list(L, index))
        reply_list(in, index);
    else
        reply_item(in, index);
    if (rd_reply_is_empty(in->reply))
        reply_keep(in, NULL);
    reply = in->reply;
    if (run != NULL)
        run->half_made = NULL;
    return reply;
}

struct rd_reply *
rd_reply_from_lua(lua_State *L, int index)
{
    struct reply_in in = { .L = L };

    return reply_value(&in, index);
}

void
rd_reply_said(lua_State *L, const struct rd_reply *reply)
{
    struct rd_run *root = rd_run_of(L)->root;

    root->n_said = (uint16_t)(root->n_said + reply->n);
    root->said_redirect |= reply->redirect.p != NULL;
}

void
rd_reply_check(lua_State *L, int index, const char *where)
{
    struct reply_in in = { .L = L, .where = where };

    rd_reply_free(reply_value(&in, index));
}

struct rd_reply *
rd_reply_from_results(lua_State *L, int n)
{
    struct reply_in in = { .L = L, .at_handler = true };

    if (n >= 2 && !lua_toboolean(L, 1) && !lua_isnil(L, 2)) {
        rd_run_of(L)->raises_value = true;
        lua_pushvalue(L, 2);
        lua_error(L);
    }
    return n > 0 ? reply_value(&in, 1) : NULL;
}

/* ---- replyd.redirect ------------------------------------------------------- */

static int
reply_new_redirect(lua_State *L)
{
    const char *method = NULL;
    struct rd_slice url;

    url.p = luaL_checklstring(L, 1, &url.n);
    luaL_argcheck(L, url.n > 0, 1, "an empty URL");
    luaL_argcheck(L, rd_reply_is_url(url), 1, "a URL has no blanks");
    luaL_argcheck(L, rd_reply_is_link(url), 1,
                  "a URL begins with http:// or https://, or is relative");
    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
        lua_getfield(L, 2, "method");
        method = lua_tostring(L, -1);
        luaL_argcheck(L, lua_isnil(L, -1) || (method != NULL && (strcmp(method, "GET") == 0 ||
                      strcmp(method, "POST") == 0)), 2, "'method' is \"GET\" or \"POST\"");
    }
    lua_createtable(L, 2, 0);
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, 1);
    lua_pushstring(L, method);
    lua_rawseti(L, -2, 2);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &reply_redirect_key) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &reply_redirect_key);
    }
    lua_setmetatable(L, -2);
    return 1;
}

const struct rd_lua_fn rd_lua_reply_rows[] = {
    { "redirect", reply_new_redirect, "redirect(url [, {method=}])",
      "A reply value that sends Twilio to another URL for its instructions; in a list only last." },
    { NULL, NULL, NULL, NULL },
};
