/*
 * lua_msg.c - msg and ev, as Lua tables whose fields are made when first read (lua_event.c).
 *
 * Methods act on the message of the running handler: one kept from another
 * handler raises, as do its fields that were not read before.
 * Called on script threads.
 */
#include "gateway/lua_msg.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "gateway/inbox.h"
#include "gateway/lua_event.h"
#include "gateway/lua_fields.h"
#include "gateway/lua_params.h"
#include "script/script.h"

#define LUA_MSG_META "replyd.msg"

/* Registry-like key in a msg table: the serial of its run. Its address is the key. */
static const char lua_msg_run_key;

/* The fields that a handler reads are made when it does, and kept in the table. */
#define LUA_MSG_FEW 3

int
rd_lua_msg_push(lua_State *L, void *order)
{
    struct rd_task *t = order;

    RD_CHECK(t, RD_TASK_MAGIC);
    if (t->message->kind == RD_KIND_SCHEDULE)
        return 0;    /* nobody has said anything */
    lua_createtable(L, 0, 1 + LUA_MSG_FEW);
    lua_pushinteger(L, (lua_Integer)t->run);
    lua_rawsetp(L, -2, &lua_msg_run_key);
    luaL_setmetatable(L, LUA_MSG_META);
    return 1;
}

/* ---- the running message -------------------------------------------------------------- */

/* Of the table at index 1; 0: it is none of ours. */
static uint64_t
msg_serial(lua_State *L)
{
    lua_Integer serial = 0;

    if (lua_istable(L, 1)) {
        lua_rawgetp(L, 1, &lua_msg_run_key);
        serial = lua_tointeger(L, -1);
        lua_pop(L, 1);
    }
    return (uint64_t)serial;
}

/* The task of the handler that runs, if it is that of this run; else NULL. */
static struct rd_task *
msg_running(lua_State *L, uint64_t serial)
{
    struct rd_run *run = rd_run_of(L);
    struct rd_task *t = run ? rd_run_order_of(run) : NULL;

    return t != NULL && t->run == serial ? t : NULL;
}

/* The task of the handler that runs, if the table at index 1 is its message; raises otherwise. */
static struct rd_task *
msg_task(lua_State *L, const char *method)
{
    uint64_t serial = msg_serial(L);
    struct rd_task *t = msg_running(L, serial);

    if (serial == 0)
        luaL_error(L, "msg:%s: call it with a colon on the message itself", method);
    if (t == NULL || t->ended)
        luaL_error(L, "msg:%s: the handler of this message has ended", method);
    return t;
}

/* ---- waiting for a commit ---------------------------------------------------------------- */

/*
 * Said once the engine has taken the op over: one that it refuses leaves nothing behind. Owners:
 * the engine, until release(); the store's mail, from its posting until it comes back.
 */
struct commit_op {
    struct rd_op op;
    lua_State *L;               /* until start() */
    struct rd_task *task;
    struct rd_reply *reply;     /* until it is published; NULL: msg:finish */
    enum rd_published how;
    int owners;
    bool cancelled;
};

static void
commit_unref(struct commit_op *c)
{
    if (--c->owners > 0)
        return;
    rd_reply_free(c->reply);
    free(c);
}

static void
commit_on_done(struct rd_mail *mail, void *owner)
{
    struct rd_store_request *r = (struct rd_store_request *)mail;
    struct commit_op *c = r->op_wait;

    (void)owner;
    if (!c->cancelled)
        rd_op_done(&c->op, r->error);
    commit_unref(c);
    rd_store_request_free(r);
}

static enum rd_published
msg_publish(lua_State *L, struct rd_task *t, struct rd_reply *reply, struct commit_op *c)
{
    rd_reply_said(L, reply);
    return rd_inbox_reply(t, reply, rd_run_of(L), c, commit_on_done);
}

static int
commit_start(struct rd_op *op, uv_loop_t *loop)
{
    struct commit_op *c = (struct commit_op *)op;
    struct rd_reply *reply = c->reply;

    (void)loop;
    c->reply = NULL;
    if (reply != NULL)
        c->how = msg_publish(c->L, c->task, reply, c);
    else
        c->how = rd_inbox_finish(c->task, c, commit_on_done);
    if (c->how != RD_PUBLISHED_COMMIT)
        return 1;    /* there is nothing to wait for */
    c->owners++;
    return 0;
}

static void
commit_cancel(struct rd_op *op)
{
    ((struct commit_op *)op)->cancelled = true;
}

static int
msg_said(lua_State *L, enum rd_published how, const char *name)
{
    if (how == RD_PUBLISHED_STALE)
        return luaL_error(L, "%s: the message was answered without this handler", name);
    return 0;
}

static int
commit_push(struct rd_op *op, lua_State *L)
{
    const struct commit_op *c = (const struct commit_op *)op;

    if (c->how != RD_PUBLISHED_COMMIT)
        return msg_said(L, c->how, op->cls->name);
    if (op->status != 0)
        return luaL_error(L, "the store could not record the answer");
    return 0;
}

static void
commit_release(struct rd_op *op)
{
    commit_unref((struct commit_op *)op);
}

static const struct rd_op_class reply_class = { "msg:reply", commit_start, commit_cancel,
                                                commit_push, commit_release, NULL };
static const struct rd_op_class finish_class = { "msg:finish", commit_start, commit_cancel,
                                                 commit_push, commit_release, NULL };

/* Publishes the reply (NULL: finishes) and waits while the store records that. */
static int
commit_await(lua_State *L, struct rd_task *t, struct rd_reply *reply)
{
    struct commit_op *c = rd_calloc(1, sizeof *c);

    c->op.cls = reply != NULL ? &reply_class : &finish_class;
    c->L = L;
    c->task = t;
    c->reply = reply;
    c->owners = 1;
    return rd_op_await(L, &c->op);
}

/* ---- methods -------------------------------------------------------------------------------- */

static int
msg_reply(lua_State *L)
{
    struct rd_task *t = msg_task(L, "reply");
    struct rd_reply *reply = rd_reply_from_lua(L, 2);

    if (rd_reply_is_empty(reply) || t->mute) {
        rd_reply_free(reply);
        return 0;
    }
    if (rd_op_may_wait(L) || rd_inbox_is_late(t))
        return commit_await(L, t, reply);
    /* in time, it needs no wait; one that the deadline has just overtaken is recorded unseen */
    return msg_said(L, msg_publish(L, t, reply, NULL), "msg:reply");
}

static int
msg_finish(lua_State *L)
{
    return commit_await(L, msg_task(L, "finish"), NULL);
}

static int
msg_time_left(lua_State *L)
{
    lua_pushnumber(L, rd_inbox_time_left(msg_task(L, "time_left")));
    return 1;
}

static const struct rd_lua_fn msg_functions[] = {
    { "reply", msg_reply, "msg:reply(value)",
      "Adds a reply now, in order: part of the answer while there is time; undeliverable after." },
    { "finish", msg_finish, "msg:finish()",
      "Answers Twilio now with the replies so far; what follows is late (up to late_limit)." },
    { "time_left", msg_time_left, "msg:time_left()",
      "Seconds until the deadline; after msg:finish() until late_limit." },
    { NULL, NULL, NULL, NULL },
};

/* Documentation only: lua_event.c has them. */
static const struct rd_lua_fn msg_fields[] = {
    { "id", NULL, "msg.id, msg.account, msg.service",
      "MessageSid, AccountSid, MessagingServiceSid (nil without one)." },
    { "from", NULL, "msg.from, msg.to, msg.phone",
      "Addresses as Twilio sends them; phone is from without prefix if that is E.164." },
    { "channel", NULL, "msg.channel",
      "\"sms\", \"mms\", \"whatsapp\", \"rcs\", \"messenger\" or another prefix." },
    { "body", NULL, "msg.body, msg.text, msg.word, msg.args",
      "As sent; trimmed; its first word, folded, without outer punctuation; the rest after the "
      "word or the matched keyword." },
    { "media", NULL, "msg.media", "List of { url=, type= }; empty when there is none." },
    { "parts", NULL, "msg.parts",
      "With debounce: the messages of the burst, each with its own id, body, media, params and so "
      "on; a message alone is its only part. Else nil." },
    { "params", NULL, "msg.params",
      "Every parameter: params.Body is the first, params:all(name) all, pairs() in wire order." },
    { "location", NULL, "msg.location",
      "{ latitude=, longitude=, address=, label= } of a location message, else nil." },
    { "button", NULL, "msg.button, msg.list",
      "{ text=, payload=, type= } of the button, { id=, title= } of the list entry that was "
      "chosen, else nil." },
    { "referral", NULL, "msg.referral",
      "The advertisement that led here: { body=, headline=, source_id=, source_type=, "
      "source_url=, media_id=, media_type=, media_url=, click_id= }, else nil." },
    { "quoted", NULL, "msg.quoted",
      "{ id=, from= } of the message that this one replies to, else nil." },
    { "flow", NULL, "msg.flow",
      "{ data=, raw=, interactive= } of a WhatsApp flow: FlowData decoded and as sent, "
      "InteractiveData decoded; else nil." },
    { "geo", NULL, "msg.geo",
      "{ from = {city=, state=, zip=, country=}, to = {...} }; what Twilio does not know is nil." },
    { "segments", NULL, "msg.segments, msg.profile_name, msg.wa_id, msg.forwarded",
      "NumSegments as a number, WhatsApp's ProfileName and WaId, true for a forwarded message; "
      "nil without." },
    { "fallback", NULL, "msg.fallback",
      "{ code=, url= } when Twilio called us as the fallback URL, else nil." },
    { "received_at", NULL, "msg.received_at, msg.generation, msg.attempt",
      "Seconds since 1970; number of the script generation; 1 unless an earlier run was cut off." },
    { "kind", NULL, "ev.kind, ev.by",
      "Of an opt-out, beside all of msg: \"STOP\", \"START\" or \"HELP\"; \"twilio\" when Twilio "
      "has answered it, \"word\" when the body is one of opt_out_words." },
    { "status", NULL, "ev.status, ev.error_code, ev.error_text, ev.final, ev.done_at, ev.tag",
      "Of a status event, beside id, account, from, to, channel and params; error_text is "
      "Twilio's or from the built-in table, done_at the carrier's YYMMDDhhmm, tag that of the "
      "reply." },
    { NULL, NULL, NULL, NULL },
};

void
rd_lua_msg_register(void)
{
    rd_script_register("msg", msg_functions);
    rd_script_register("msg", msg_fields);
}

/* ---- metatables ----------------------------------------------------------------------- */

/* Offers each "msg.name" and "ev.name" of a row's signature. */
static void
msg_offer(struct rd_suggest *s, struct rd_slice signature)
{
    while (signature.n > 0) {
        struct rd_slice name = signature;

        name.n = strcspn(name.p, ",(");    /* of a literal: a NUL ends it */
        signature = rd_slice_skip(signature, name.n + 1);
        name = rd_slice_trim(name);
        rd_suggest_offer(s, rd_slice_skip(name, strcspn(name.p, ".:") + 1));
    }
}

/*
 * An absent field is nil; one of a later version, or whose name is a letter off from one that we
 * know, is a mistake.
 */
static void
msg_refuse_mistake(lua_State *L, struct rd_slice name)
{
    struct rd_suggest s;

    rd_lua_refuse_later(L, "msg", name.p);
    rd_suggest_start(&s, name);
    for (const struct rd_lua_fn *f = msg_functions; f->name != NULL; f++)
        rd_suggest_offer(&s, rd_slice_str(f->name));
    for (const struct rd_lua_fn *f = msg_fields; f->name != NULL; f++)
        msg_offer(&s, rd_slice_str(f->signature));
    if (s.best.p != NULL && (s.distance == 0 || (s.distance == 1 && name.n > 3)))
        luaL_error(L, "msg has no '%s': did you mean '%s'?", name.p,
                   lua_pushlstring(L, s.best.p, s.best.n));
}

/* A field that was not read before; what it is stays in the table. */
static int
msg_make(lua_State *L, size_t field)
{
    const struct rd_task *t = msg_running(L, msg_serial(L));

    if (t == NULL)
        luaL_error(L, "msg.%s: the handler of this message has ended: keep what you need of it, "
                      "not the message", rd_lua_event_name(field));
    else
        rd_lua_event_push(L, t, field);
    if (lua_isnil(L, -1))
        return 1;
    lua_pushvalue(L, 2);
    lua_pushvalue(L, -2);
    lua_rawset(L, 1);
    return 1;
}

/* What is not in the table yet. Upvalue: names of fields with their numbers, and methods. */
static int
msg_index(lua_State *L)
{
    lua_pushvalue(L, 2);
    switch (lua_rawget(L, lua_upvalueindex(1))) {
    case LUA_TFUNCTION:
        return 1;
    case LUA_TNUMBER:
        return msg_make(L, (size_t)lua_tointeger(L, -1));
    default:
        if (lua_type(L, 2) == LUA_TSTRING)
            msg_refuse_mistake(L, rd_slice_str(lua_tostring(L, 2)));
        return 1;    /* nil */
    }
}

/* pairs(msg): the fields that a script knows; params among them. */
static int
msg_next(lua_State *L)
{
    lua_settop(L, 2);
    do {
        if (!lua_next(L, 1))
            return 0;
        if (lua_type(L, -2) == LUA_TSTRING)
            return 2;
        lua_pop(L, 1);
    } while (true);
}

static int
msg_pairs(lua_State *L)
{
    for (size_t i = 0; rd_lua_event_name(i) != NULL; i++) {
        lua_getfield(L, 1, rd_lua_event_name(i));    /* made if it was not yet */
        lua_pop(L, 1);
    }
    lua_pushcfunction(L, msg_next);
    lua_pushvalue(L, 1);
    return 2;
}

static void
msg_push_names(lua_State *L)
{
    lua_newtable(L);
    for (size_t i = 0; rd_lua_event_name(i) != NULL; i++) {
        lua_pushinteger(L, (lua_Integer)i);
        lua_setfield(L, -2, rd_lua_event_name(i));
    }
    for (const struct rd_lua_fn *f = msg_functions; f->name != NULL; f++) {
        lua_pushcfunction(L, f->call);
        lua_setfield(L, -2, f->name);
    }
}

void
rd_lua_msg_open(lua_State *L, void *data)
{
    (void)data;
    msg_push_names(L);
    lua_pushcclosure(L, msg_index, 1);
    rd_lua_metatable(L, LUA_MSG_META, msg_pairs);
    rd_lua_params_open(L);
    rd_lua_event_open(L);
    rd_lua_fields_open(L);
}
