/*
 * lua_msg.c - msg and ev, as Lua tables whose fields are set at once.
 *
 * params and the fields of lua_fields are made when first read. Methods act on
 * the message of the running handler: one kept from another handler raises.
 * Called on script threads.
 */
#include "gateway/lua_msg.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "gateway/inbox.h"
#include "gateway/lua_fields.h"
#include "gateway/lua_params.h"
#include "script/script.h"
#include "twilio/opt_out.h"
#include "twilio/status.h"

#define LUA_MSG_META "replyd.msg"

/* Registry-like key in a msg table: the serial of its run. Its address is the key. */
static const char lua_msg_run_key;

/* ---- fields ------------------------------------------------------------------------ */

/* Absent fields are nil. */
static void
msg_set(lua_State *L, const char *name, struct rd_slice value)
{
    if (value.p == NULL)
        return;
    lua_pushlstring(L, value.p, value.n);
    lua_setfield(L, -2, name);
}

/* A message without a Body is one whose text is empty: scripts need not ask. */
static void
msg_set_words(lua_State *L, const char *name, struct rd_slice value)
{
    msg_set(L, name, value.p != NULL ? value : RD_LIT(""));
}

static void
msg_set_media(lua_State *L, const struct rd_message *m)
{
    lua_createtable(L, (int)m->n_media, 0);
    for (size_t i = 0; i < m->n_media; i++) {
        lua_createtable(L, 0, 2);
        msg_set(L, "url", m->media[i].url);
        msg_set(L, "type", m->media[i].type);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "media");
}

static void
msg_set_fallback(lua_State *L, const struct rd_message *m)
{
    if (!m->is_fallback)
        return;
    lua_createtable(L, 0, 2);
    msg_set(L, "code", m->fallback_code);
    msg_set(L, "url", m->fallback_url);
    lua_setfield(L, -2, "fallback");
}

static void
msg_set_text(lua_State *L, const struct rd_task *t)
{
    const struct rd_message *m = t->message;

    msg_set(L, "phone", m->phone);
    msg_set_words(L, "body", m->body);
    msg_set_words(L, "text", m->text);
    msg_set_words(L, "word", m->word);
    msg_set_words(L, "args", t->args);
    msg_set_media(L, m);
    msg_set_fallback(L, m);
    lua_pushnumber(L, m->received_at);
    lua_setfield(L, -2, "received_at");
    lua_pushinteger(L, (lua_Integer)t->attempt);
    lua_setfield(L, -2, "attempt");
}

/* Twilio's own text where it sends one, else ours. */
static void
msg_set_error(lua_State *L, const struct rd_message *m)
{
    struct rd_slice code = rd_params_get(&m->params, RD_LIT("ErrorCode"));
    struct rd_slice text = rd_params_get(&m->params, RD_LIT("ErrorMessage"));

    if (code.n == 0)
        return;
    if (text.n == 0)
        text = rd_slice_str(rd_status_error_text(code));
    msg_set(L, "error_code", code);
    msg_set(L, "error_text", text);
}

static void
msg_set_status(lua_State *L, const struct rd_message *m)
{
    msg_set(L, "status", m->status);
    msg_set_error(L, m);
    msg_set(L, "tag", m->tag);
    msg_set(L, "done_at", rd_params_get(&m->params, RD_LIT("RawDlrDoneDate")));
    lua_pushboolean(L, rd_status_is_final(m->status));
    lua_setfield(L, -2, "final");
}

static void
msg_set_opt_out(lua_State *L, const struct rd_message *m)
{
    const char *kind = rd_opt_out_name(m->opt_out);

    msg_set(L, "kind", kind != NULL ? rd_slice_str(kind)
                                    : rd_params_get(&m->params, RD_LIT("OptOutType")));
    msg_set(L, "by", m->opt_out_by_word ? RD_LIT("word") : RD_LIT("twilio"));
}

int
rd_lua_msg_push(lua_State *L, void *order)
{
    struct rd_task *t = order;
    const struct rd_message *m = t->message;

    RD_CHECK(t, RD_TASK_MAGIC);
    if (m->kind == RD_KIND_SCHEDULE)
        return 0;    /* nobody has said anything */
    lua_createtable(L, 0, 20);
    msg_set(L, "id", m->id);
    msg_set(L, "account", m->account);
    msg_set(L, "service", m->service.n ? m->service : rd_slice_make(NULL, 0));
    msg_set(L, "from", m->from);
    msg_set(L, "to", m->to);
    msg_set(L, "channel", m->channel);
    if (m->kind == RD_KIND_STATUS)
        msg_set_status(L, m);
    else
        msg_set_text(L, t);
    if (t->handler == RD_HANDLER_OPT_OUT)
        msg_set_opt_out(L, m);
    lua_pushinteger(L, (lua_Integer)rd_generation_number(t->generation));
    lua_setfield(L, -2, "generation");
    lua_pushinteger(L, (lua_Integer)t->run);
    lua_rawsetp(L, -2, &lua_msg_run_key);
    luaL_setmetatable(L, LUA_MSG_META);
    return 1;
}

/* ---- the running message -------------------------------------------------------------- */

/* The task of the handler that runs, if the table at index 1 is its message; raises otherwise. */
static struct rd_task *
msg_task(lua_State *L, const char *method)
{
    struct rd_run *run = rd_run_of(L);
    struct rd_task *t = run ? rd_run_order_of(run) : NULL;
    lua_Integer serial = 0;

    if (lua_istable(L, 1)) {
        lua_rawgetp(L, 1, &lua_msg_run_key);
        serial = lua_tointeger(L, -1);
        lua_pop(L, 1);
    }
    if (serial == 0)
        luaL_error(L, "msg:%s: call it with a colon on the message itself", method);
    if (t == NULL || (uint64_t)serial != t->run || t->ended)
        luaL_error(L, "msg:%s: the handler of this message has ended", method);
    return t;
}

/* ---- waiting for a commit ---------------------------------------------------------------- */

/* Two owners: the engine, until release(); the store's mail, until it comes. */
struct commit_op {
    struct rd_op op;
    int owners;
    bool cancelled;
};

static int
commit_start(struct rd_op *op, uv_loop_t *loop)
{
    (void)op;
    (void)loop;
    return 0;    /* the request is under way already */
}

static void
commit_cancel(struct rd_op *op)
{
    ((struct commit_op *)op)->cancelled = true;
}

static int
commit_push(struct rd_op *op, lua_State *L)
{
    if (op->status != 0)
        return luaL_error(L, "the store could not record the answer");
    return 0;
}

static void
commit_unref(struct commit_op *c)
{
    if (--c->owners == 0)
        free(c);
}

static void
commit_release(struct rd_op *op)
{
    commit_unref((struct commit_op *)op);
}

static const struct rd_op_class commit_class = { "commit", commit_start, commit_cancel,
                                                 commit_push, commit_release };

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

static struct commit_op *
commit_new(void)
{
    struct commit_op *c = rd_calloc(1, sizeof *c);

    c->op.cls = &commit_class;
    c->owners = 2;
    return c;
}

static int
msg_await(lua_State *L, struct commit_op *c, enum rd_published how, const char *method)
{
    if (how == RD_PUBLISHED_COMMIT)
        return rd_op_await(L, &c->op);
    free(c);
    if (how == RD_PUBLISHED_STALE)
        return luaL_error(L, "msg:%s: the message was answered without this handler", method);
    return 0;
}

/* ---- methods -------------------------------------------------------------------------------- */

static int
msg_reply(lua_State *L)
{
    struct rd_task *t = msg_task(L, "reply");
    struct rd_reply *reply = rd_reply_from_lua(L, 2);
    struct commit_op *c;

    if (rd_reply_is_empty(reply) || t->mute) {
        rd_reply_free(reply);
        return 0;
    }
    rd_reply_said(L, reply);
    c = commit_new();
    return msg_await(L, c, rd_inbox_reply(t, reply, rd_run_of(L), c, commit_on_done), "reply");
}

static int
msg_finish(lua_State *L)
{
    struct rd_task *t = msg_task(L, "finish");
    struct commit_op *c = commit_new();

    return msg_await(L, c, rd_inbox_finish(t, c, commit_on_done), "finish");
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

/* Documentation only: rd_lua_msg_push sets them. */
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

/* Pushes a field that is made when it is first read; false: the message has no such field. */
static bool
msg_make(lua_State *L, const char *name)
{
    const struct rd_task *t;

    if (strcmp(name, "params") == 0) {
        rd_lua_params_push(L, &msg_task(L, name)->message->params);
        return true;
    }
    if (!rd_lua_field_is(name))
        return false;
    t = msg_task(L, name);
    if (t->message->kind == RD_KIND_STATUS)
        return false;
    rd_lua_field_push(L, t->message, name);
    return true;
}

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

/* An absent field is nil; one whose name is a letter off from one that we know is a mistake. */
static void
msg_refuse_misspelt(lua_State *L, struct rd_slice name)
{
    struct rd_suggest s;

    rd_suggest_start(&s, name);
    for (const struct rd_lua_fn *f = msg_functions; f->name != NULL; f++)
        rd_suggest_offer(&s, rd_slice_str(f->name));
    for (const struct rd_lua_fn *f = msg_fields; f->name != NULL; f++)
        msg_offer(&s, rd_slice_str(f->signature));
    if (s.best.p != NULL && s.distance == 1 && name.n > 3)
        luaL_error(L, "msg has no '%s': did you mean '%s'?", name.p,
                   lua_pushlstring(L, s.best.p, s.best.n));
}

/* Reached only for fields that are not set: those made when read, methods, absent ones. */
static int
msg_index(lua_State *L)
{
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";

    if (msg_make(L, name)) {
        lua_pushvalue(L, 2);
        lua_pushvalue(L, -2);
        lua_rawset(L, 1);
        return 1;
    }
    for (const struct rd_lua_fn *f = msg_functions; f->name != NULL; f++)
        if (strcmp(name, f->name) == 0) {
            lua_pushcfunction(L, f->call);
            return 1;
        }
    msg_refuse_misspelt(L, rd_slice_str(name));
    lua_pushnil(L);
    return 1;
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
    lua_getfield(L, 1, "params");    /* made if they were not yet */
    lua_pop(L, 1);
    for (size_t i = 0; rd_lua_field_name(i) != NULL; i++) {
        lua_getfield(L, 1, rd_lua_field_name(i));
        lua_pop(L, 1);
    }
    lua_pushcfunction(L, msg_next);
    lua_pushvalue(L, 1);
    return 2;
}

void
rd_lua_msg_open(lua_State *L, void *data)
{
    (void)data;
    rd_lua_metatable(L, LUA_MSG_META, msg_index, msg_pairs);
    rd_lua_params_open(L);
    rd_lua_fields_open(L);
}
