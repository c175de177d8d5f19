/* lua_event.c - see lua_event.h: the table of fields. Called inside a handler. */
#include "gateway/lua_event.h"

#include <lauxlib.h>

#include "gateway/lua_fields.h"
#include "gateway/lua_params.h"
#include "script/script.h"
#include "twilio/opt_out.h"
#include "twilio/status.h"

#define EVENT_MEDIA_META "replyd.media"

/* ---- values -------------------------------------------------------------------------- */

/* Absent fields are nil. */
static void
event_push(lua_State *L, struct rd_slice value)
{
    if (value.p == NULL)
        lua_pushnil(L);
    else
        lua_pushlstring(L, value.p, value.n);
}

static void
event_set(lua_State *L, const char *name, struct rd_slice value)
{
    event_push(L, value);
    lua_setfield(L, -2, name);
}

/* A message without a Body is one whose text is empty: scripts need not ask. */
static void
event_push_words(lua_State *L, struct rd_slice value)
{
    event_push(L, value.p != NULL ? value : RD_LIT(""));
}

static void
event_push_service(lua_State *L, const struct rd_task *t)
{
    struct rd_slice service = t->message->service;

    event_push(L, service.n > 0 ? service : rd_slice_make(NULL, 0));
}

static void
event_push_args(lua_State *L, const struct rd_task *t)
{
    event_push_words(L, t->args);
}

/* A medium has url and type; what it lacks is nil, or raises. */
static int
event_media_index(lua_State *L)
{
    if (lua_type(L, 2) == LUA_TSTRING)
        rd_lua_refuse_later(L, "media", lua_tostring(L, 2));
    return 0;
}

void
rd_lua_event_open(lua_State *L)
{
    luaL_newmetatable(L, EVENT_MEDIA_META);
    lua_pushcfunction(L, event_media_index);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

static void
event_push_media(lua_State *L, const struct rd_task *t)
{
    const struct rd_message *m = t->message;

    lua_createtable(L, (int)m->n_media, 0);
    for (size_t i = 0; i < m->n_media; i++) {
        lua_createtable(L, 0, 2);
        event_set(L, "url", m->media[i].url);
        event_set(L, "type", m->media[i].type);
        luaL_setmetatable(L, EVENT_MEDIA_META);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void
event_push_fallback(lua_State *L, const struct rd_task *t)
{
    if (!t->message->is_fallback) {
        lua_pushnil(L);
        return;
    }
    lua_createtable(L, 0, 2);
    event_set(L, "code", rd_params_get(&t->message->params, RD_LIT("ErrorCode")));
    event_set(L, "url", rd_params_get(&t->message->params, RD_LIT("ErrorUrl")));
}

static void
event_push_received_at(lua_State *L, const struct rd_task *t)
{
    lua_pushnumber(L, t->message->received_at);
}

static void
event_push_attempt(lua_State *L, const struct rd_task *t)
{
    lua_pushinteger(L, (lua_Integer)t->attempt);
}

static void
event_push_generation(lua_State *L, const struct rd_task *t)
{
    lua_pushinteger(L, (lua_Integer)rd_generation_number(t->generation));
}

static void
event_push_params(lua_State *L, const struct rd_task *t)
{
    rd_lua_params_push(L, &t->message->params);
}

static void event_push_parts(lua_State *L, const struct rd_task *t);

/* ---- status events --------------------------------------------------------------------- */

static struct rd_slice
event_error_code(const struct rd_task *t)
{
    struct rd_slice code = rd_params_get(&t->message->params, RD_LIT("ErrorCode"));

    return code.n > 0 ? code : rd_slice_make(NULL, 0);
}

static void
event_push_error_code(lua_State *L, const struct rd_task *t)
{
    event_push(L, event_error_code(t));
}

/* Twilio's own text where it sends one, else ours. */
static void
event_push_error_text(lua_State *L, const struct rd_task *t)
{
    struct rd_slice code = event_error_code(t);
    struct rd_slice text = rd_params_get(&t->message->params, RD_LIT("ErrorMessage"));

    if (code.n > 0 && text.n == 0)
        text = rd_slice_str(rd_status_error_text(code));
    event_push(L, code.n > 0 ? text : code);
}

static void
event_push_done_at(lua_State *L, const struct rd_task *t)
{
    event_push(L, rd_params_get(&t->message->params, RD_LIT("RawDlrDoneDate")));
}

static void
event_push_final(lua_State *L, const struct rd_task *t)
{
    lua_pushboolean(L, rd_status_is_final(t->message->status));
}

/* ---- opt-outs -------------------------------------------------------------------------- */

static void
event_push_kind(lua_State *L, const struct rd_task *t)
{
    const char *kind = rd_opt_out_name(t->message->opt_out);

    event_push(L, kind != NULL ? rd_slice_str(kind)
                               : rd_params_get(&t->message->params, RD_LIT("OptOutType")));
}

static void
event_push_by(lua_State *L, const struct rd_task *t)
{
    event_push(L, t->message->opt_out_by_word ? RD_LIT("word") : RD_LIT("twilio"));
}

/* ---- the table ------------------------------------------------------------------------- */

#define OF_MESSAGE 1u
#define OF_STATUS 2u
#define OF_OPT_OUT 4u    /* a message, too */
#define OF_ALL (OF_MESSAGE | OF_STATUS)

/* Which events have it; what pushes it, or where in the message it is. */
static const struct event_field {
    const char *name;
    unsigned of;
    void (*push)(lua_State *L, const struct rd_task *t);
    size_t offset;
    bool words;    /* never nil */
} event_fields[] = {
#define FIELD(name, of) { #name, of, event_push_##name, 0, false }
#define SLICE(name, of) { #name, of, NULL, offsetof(struct rd_message, name), false }
#define WORDS(name) { #name, OF_MESSAGE, NULL, offsetof(struct rd_message, name), true }
    SLICE(id, OF_ALL),
    SLICE(account, OF_ALL),
    FIELD(service, OF_ALL),
    SLICE(from, OF_ALL),
    SLICE(to, OF_ALL),
    SLICE(channel, OF_ALL),
    FIELD(generation, OF_ALL),
    FIELD(params, OF_ALL),
    FIELD(parts, OF_MESSAGE),
    SLICE(phone, OF_MESSAGE),
    WORDS(body),
    WORDS(text),
    WORDS(word),
    FIELD(args, OF_MESSAGE),
    FIELD(media, OF_MESSAGE),
    FIELD(fallback, OF_MESSAGE),
    FIELD(received_at, OF_MESSAGE),
    FIELD(attempt, OF_MESSAGE),
    SLICE(status, OF_STATUS),
    FIELD(error_code, OF_STATUS),
    FIELD(error_text, OF_STATUS),
    SLICE(tag, OF_STATUS),
    FIELD(done_at, OF_STATUS),
    FIELD(final, OF_STATUS),
    FIELD(kind, OF_OPT_OUT),
    FIELD(by, OF_OPT_OUT),
#undef WORDS
#undef SLICE
#undef FIELD
};

#define EVENT_FIELDS (sizeof event_fields / sizeof event_fields[0])

const char *
rd_lua_event_name(size_t field)
{
    return field < EVENT_FIELDS ? event_fields[field].name
                                : rd_lua_field_name(field - EVENT_FIELDS);
}

static unsigned
event_is(const struct rd_task *t)
{
    if (t->message->kind == RD_KIND_STATUS)
        return OF_STATUS;
    return t->handler == RD_HANDLER_OPT_OUT ? OF_MESSAGE | OF_OPT_OUT : OF_MESSAGE;
}

static void
event_push_slice(lua_State *L, const struct rd_message *m, const struct event_field *f)
{
    const struct rd_slice *value = (const void *)((const char *)m + f->offset);

    if (f->words)
        event_push_words(L, *value);
    else
        event_push(L, *value);
}

void
rd_lua_event_push(lua_State *L, const struct rd_task *t, size_t field)
{
    const struct event_field *f = &event_fields[field < EVENT_FIELDS ? field : 0];
    unsigned of = field < EVENT_FIELDS ? f->of : OF_MESSAGE;

    if ((of & event_is(t)) == 0)
        lua_pushnil(L);
    else if (field >= EVENT_FIELDS)
        rd_lua_field_push(L, t->message, rd_lua_field_name(field - EVENT_FIELDS));
    else if (f->push != NULL)
        f->push(L, t);
    else
        event_push_slice(L, t->message, f);
}

/* ---- parts of a burst -------------------------------------------------------------------- */

/* All that a message has, but parts. */
static void
event_push_part(lua_State *L, const struct rd_task *t, struct rd_message *m)
{
    struct rd_task part = *t;

    part.message = m;
    part.args = m->args;
    lua_createtable(L, 0, EVENT_FIELDS);
    for (size_t i = 0; i < EVENT_FIELDS; i++)
        if (event_fields[i].push != event_push_parts) {
            rd_lua_event_push(L, &part, i);
            lua_setfield(L, -2, event_fields[i].name);
        }
}

/* One that nothing was joined to is its only part. */
static void
event_push_parts(lua_State *L, const struct rd_task *t)
{
    struct rd_message *m = t->message;
    size_t n = m->n_parts > 0 ? m->n_parts : 1;

    if (m->n_parts == 0 && rd_script_debounce(t->generation, t->script) == 0) {
        lua_pushnil(L);
        return;
    }
    luaL_checkstack(L, 12, "too many values");
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        event_push_part(L, t, m->n_parts > 0 ? m->parts[i] : m);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}
