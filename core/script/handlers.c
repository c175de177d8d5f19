/*
 * handlers.c - see handlers.h: the table of handlers, checked at load.
 *
 * The first VM of a generation fills struct rd_gen_script; the others must
 * return the same handlers, since keywords are numbered once.
 */
#include "script/handlers.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "base/check.h"
#include "base/fold.h"
#include "base/mem.h"
#include "base/suggest.h"
#include "script/duration.h"
#include "script/generation.h"
#include "script/reply_value.h"

#define HANDLERS_LINE 200             /* bytes of a cron line: it is part of keys in the store */
#define HANDLERS_WHY 512              /* bytes of the reason why a cron line is none */
#define HANDLERS_DEBOUNCE_MS 13000    /* the window must be shorter than any deadline */

/* The reading of one script. */
struct handlers_in {
    lua_State *L;
    struct rd_vm *vm;
    struct rd_vm_script *refs;
    struct rd_gen_script *script;    /* filled anew, then compared */
    int chunk, table;                /* on the stack */
};

/* ---- where ----------------------------------------------------------------- */

static bool
handlers_is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Line on which a key is written as `key =` or `["key"]`; 0 when it is not found. */
static int
handlers_key_line(const struct handlers_in *in, const char *key)
{
    const struct rd_source *s = rd_generation_find(in->vm->generation, in->script->path);
    size_t n = strlen(key);
    int line = 1;

    for (size_t i = 0; n > 0 && i + n < s->text.n; i++) {
        const char *p = s->text.p + i;
        size_t after = i + n;

        line += *p == '\n';
        if (memcmp(p, key, n) != 0 || (i > 0 && handlers_is_name(p[-1])))
            continue;
        if (i > 0 && (p[-1] == '"' || p[-1] == '\'') && s->text.p[after] == p[-1])
            after++;
        after += strspn(s->text.p + after, " \t]");
        if (s->text.p[after] == '=' && s->text.p[after + 1] != '=')
            return line;
    }
    return 0;
}

/* Last line of the chunk that does something: normally its return. */
static int
handlers_last_line(const struct handlers_in *in)
{
    lua_State *L = in->L;
    lua_Integer last = 1;
    lua_Debug ar;

    lua_pushvalue(L, in->chunk);
    lua_getinfo(L, ">L", &ar);
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1))
        if (lua_tointeger(L, -2) > last)
            last = lua_tointeger(L, -2);
    lua_pop(L, 1);
    return (int)last;
}

static int
handlers_error(struct handlers_in *in, const char *key, const char *format, ...)
{
    int line = key != NULL ? handlers_key_line(in, key) : 0;
    va_list ap;

    lua_pushfstring(in->L, "%s:%d: ", in->script->path.p,
                    line > 0 ? line : handlers_last_line(in));
    va_start(ap, format);
    lua_pushvfstring(in->L, format, ap);
    va_end(ap);
    lua_concat(in->L, 2);
    return lua_error(in->L);
}

/* ---- the keys of the table ------------------------------------------------- */

/* The value is on the top in all of these; they leave the stack as it is. */

static int
handlers_function(struct handlers_in *in, const char *key)
{
    if (!lua_isfunction(in->L, -1))
        handlers_error(in, key, "'%s' must be a function, not %s", key, luaL_typename(in->L, -1));
    lua_pushvalue(in->L, -1);
    return luaL_ref(in->L, LUA_REGISTRYINDEX);
}

static void
handlers_message(struct handlers_in *in, const char *key)
{
    in->refs->message = handlers_function(in, key);
    in->script->message = true;
}

static void
handlers_status(struct handlers_in *in, const char *key)
{
    in->refs->status = handlers_function(in, key);
    in->script->status = true;
}

static void
handlers_opt_out(struct handlers_in *in, const char *key)
{
    in->refs->opt_out = handlers_function(in, key);
    in->script->opt_out = true;
}

static void
handlers_on_error(struct handlers_in *in, const char *key)
{
    in->refs->error = handlers_function(in, key);
    in->script->error = true;
}

static void
handlers_concurrency(struct handlers_in *in, const char *key)
{
    static const char *const names[] = { "queue", "latest", "drop" };
    const char *is = lua_type(in->L, -1) == LUA_TSTRING ? lua_tostring(in->L, -1) : "";

    for (unsigned i = 0; i < 3; i++)
        if (strcmp(is, names[i]) == 0) {
            in->script->concurrency = (enum rd_concurrency)i;
            return;
        }
    handlers_error(in, key, "'concurrency' is \"queue\", \"latest\" or \"drop\"");
}

static void
handlers_debounce(struct handlers_in *in, const char *key)
{
    lua_State *L = in->L;
    uint64_t ms = HANDLERS_DEBOUNCE_MS + 1;

    if (lua_isboolean(L, -1) && !lua_toboolean(L, -1))
        return;
    if (lua_type(L, -1) == LUA_TNUMBER || lua_type(L, -1) == LUA_TSTRING)
        if (!rd_lua_to_duration(L, -1, &ms))
            ms = HANDLERS_DEBOUNCE_MS + 1;
    if (ms > HANDLERS_DEBOUNCE_MS)
        handlers_error(in, key, "'debounce' is a duration such as \"1s\", at most 13s");
    in->script->debounce_ms = ms;
}

static void
handlers_keywords(struct handlers_in *in, const char *key)
{
    if (!lua_istable(in->L, -1))
        handlers_error(in, key, "'keywords' must be a table, not %s", luaL_typename(in->L, -1));
    lua_pushvalue(in->L, -1);    /* read when the whole table is known */
    lua_setfield(in->L, LUA_REGISTRYINDEX, "replyd.keywords");
}

static void handlers_schedule(struct handlers_in *in, const char *key);

static const struct {
    const char *key;
    void (*read)(struct handlers_in *in, const char *key);
} handlers_keys[] = {
    { "message", handlers_message },     { "status", handlers_status },
    { "keywords", handlers_keywords },   { "opt_out", handlers_opt_out },
    { "error", handlers_on_error },      { "schedule", handlers_schedule },
    { "concurrency", handlers_concurrency }, { "debounce", handlers_debounce },
};

#define HANDLERS_KEYS (sizeof handlers_keys / sizeof handlers_keys[0])

static void
handlers_unknown(struct handlers_in *in, const char *key)
{
    struct rd_suggest s;

    rd_suggest_start(&s, rd_slice_str(key));
    for (size_t i = 0; i < HANDLERS_KEYS; i++)
        rd_suggest_offer(&s, rd_slice_str(handlers_keys[i].key));
    if (s.best.p != NULL)
        handlers_error(in, key, "unknown handler '%s': did you mean '%s'?", key, s.best.p);
    handlers_error(in, key, "unknown handler '%s'", key);
}

static void
handlers_entry(struct handlers_in *in)
{
    const char *key;

    if (lua_type(in->L, -2) != LUA_TSTRING)
        handlers_error(in, NULL, "the table of handlers has %s as a key: its keys are names",
                       luaL_typename(in->L, -2));
    key = lua_tostring(in->L, -2);
    for (size_t i = 0; i < HANDLERS_KEYS; i++)
        if (strcmp(key, handlers_keys[i].key) == 0) {
            handlers_keys[i].read(in, key);
            return;
        }
    handlers_unknown(in, key);
}

/* ---- keywords -------------------------------------------------------------- */

/* One keyword as it is collected: its folded key, and its value's reference. */
struct handlers_keyword {
    struct rd_slice key;
    int ref;
};

static int
handlers_compare(const void *a, const void *b)
{
    return rd_slice_cmp(((const struct handlers_keyword *)a)->key,
                        ((const struct handlers_keyword *)b)->key);
}

/* The key is at -2, the value at -1. */
static struct handlers_keyword
handlers_keyword(struct handlers_in *in)
{
    lua_State *L = in->L;
    struct handlers_keyword k = { { NULL, 0 }, LUA_NOREF };
    size_t n;
    const char *p;

    if (lua_type(L, -2) != LUA_TSTRING)
        handlers_error(in, "keywords", "a keyword is a text and has a value: "
                       "keywords = { hours = function(msg) ... end }, not a list or a key that "
                       "is a %s", luaL_typename(L, -2));
    p = lua_tolstring(L, -2, &n);
    k.key = rd_fold_key(rd_slice_make(p, n), &in->vm->generation->arena);
    if (k.key.n == 0)
        handlers_error(in, p, "keyword \"%s\" has no word in it", p);
    for (size_t i = 0; i < in->script->n_reserved; i++)
        if (rd_slice_eq(k.key, in->script->reserved[i]))
            handlers_error(in, p, "keyword \"%s\" is an opt-out word: such a message goes to "
                                  "opt_out, see opt_out_words", p);
    if (!lua_isfunction(L, -1)) {
        int line = handlers_key_line(in, p);
        const char *where = lua_pushfstring(L, "%s:%d: keyword \"%s\": ", in->script->path.p,
                                            line > 0 ? line : 1, p);

        rd_reply_check(L, -2, where);
        lua_pop(L, 1);
    }
    lua_pushvalue(L, -1);
    k.ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return k;
}

static size_t
handlers_count(lua_State *L)
{
    size_t n = 0;

    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1))
        n++;
    return n;
}

/* Puts the sorted keywords where they belong; two equal ones are an error. */
static void
handlers_keep_keywords(struct handlers_in *in, const struct handlers_keyword *list, size_t n)
{
    struct rd_gen_script *s = in->script;

    s->keywords = rd_arena_alloc(&in->vm->generation->arena, (n + 1) * sizeof *s->keywords);
    if (s->keywords == NULL) {
        luaL_error(in->L, "the keywords are larger than 64 MiB");
        return;
    }
    in->refs->keywords = rd_calloc(n, sizeof *in->refs->keywords);
    s->n_keywords = (unsigned)n;
    for (size_t i = 0; i < n; i++) {
        s->keywords[i] = list[i].key;
        in->refs->keywords[i] = list[i].ref;
        if (i == 0 || !rd_slice_eq(list[i].key, list[i - 1].key))
            continue;
        lua_pushlstring(in->L, list[i].key.p, list[i].key.n);
        handlers_error(in, "keywords", "keyword \"%s\" is there twice (case and outer "
                                       "punctuation do not count)", lua_tostring(in->L, -1));
    }
}

static void
handlers_read_keywords(struct handlers_in *in)
{
    lua_State *L = in->L;
    struct handlers_keyword *list;
    size_t n = 0;

    if (lua_getfield(L, LUA_REGISTRYINDEX, "replyd.keywords") != LUA_TTABLE) {
        lua_pop(L, 1);
        return;
    }
    list = lua_newuserdatauv(L, (handlers_count(L) + 1) * sizeof *list, 0);
    lua_insert(L, -2);    /* the table on the top again */
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1))
        list[n++] = handlers_keyword(in);
    qsort(list, n, sizeof *list, handlers_compare);
    handlers_keep_keywords(in, list, n);
    lua_pushnil(L);
    lua_setfield(L, LUA_REGISTRYINDEX, "replyd.keywords");
}

/* ---- schedule -------------------------------------------------------------- */

/* The line is at -2, the function at -1. */
static struct handlers_keyword
handlers_row(struct handlers_in *in, const char *key)
{
    lua_State *L = in->L;
    struct handlers_keyword row;
    size_t n;
    const char *p;

    if (lua_type(L, -2) != LUA_TSTRING)
        handlers_error(in, key, "the keys of 'schedule' are cron lines: \"0 9 * * *\"");
    p = lua_tolstring(L, -2, &n);
    if (n > HANDLERS_LINE)
        handlers_error(in, p, "schedule: a cron line is at most %d bytes long, this one %d",
                       HANDLERS_LINE, (int)n);
    if (!lua_isfunction(L, -1))
        handlers_error(in, key, "schedule[\"%s\"] must be a function, not %s", p,
                       luaL_typename(L, -1));
    row.key = rd_arena_copy(&in->vm->generation->arena, rd_slice_make(p, n));
    lua_pushvalue(L, -1);
    row.ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return row;
}

static void
handlers_entry_read(struct handlers_in *in, const struct handlers_keyword *row,
                    struct rd_script_entry *entry)
{
    struct rd_buf why;
    int error;

    rd_buf_init(&why, HANDLERS_WHY);
    entry->line = row->key;
    error = row->key.p == NULL ? 0 : rd_cron_parse(row->key, &entry->cron, &why);
    lua_pushlstring(in->L, why.p != NULL ? why.p : "", why.n);
    rd_buf_free(&why);
    if (error != 0)
        handlers_error(in, row->key.p, "schedule: %s", lua_tostring(in->L, -1));
    lua_pop(in->L, 1);
}

static void
handlers_schedule(struct handlers_in *in, const char *key)
{
    lua_State *L = in->L;
    struct rd_gen_script *s = in->script;
    struct handlers_keyword *list;
    size_t n = 0;

    if (!lua_istable(L, -1))
        handlers_error(in, key, "'schedule' must be a table of cron lines, not %s",
                       luaL_typename(L, -1));
    list = lua_newuserdatauv(L, (handlers_count(L) + 1) * sizeof *list, 0);
    lua_insert(L, -2);    /* the table on the top again */
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1))
        list[n++] = handlers_row(in, key);
    qsort(list, n, sizeof *list, handlers_compare);
    s->entries = rd_arena_alloc(&in->vm->generation->arena, (n + 1) * sizeof *s->entries);
    if (s->entries == NULL)
        luaL_error(L, "the scripts are larger than 64 MiB");
    RD_ASSERT(s->entries != NULL);    /* luaL_error does not return */
    in->refs->entries = rd_calloc(n + 1, sizeof *in->refs->entries);
    for (size_t i = 0; i < n; i++) {
        in->refs->entries[i] = list[i].ref;
        handlers_entry_read(in, &list[i], &s->entries[i]);
    }
    s->n_entries = (unsigned)n;
    lua_remove(L, -2);
}

/* ---- the whole ------------------------------------------------------------- */

static bool
handlers_same(const struct rd_gen_script *a, const struct rd_gen_script *b)
{
    if (a->message != b->message || a->status != b->status || a->opt_out != b->opt_out ||
        a->error != b->error || a->n_keywords != b->n_keywords ||
        a->concurrency != b->concurrency || a->debounce_ms != b->debounce_ms ||
        a->n_entries != b->n_entries)
        return false;
    for (unsigned i = 0; i < a->n_entries; i++)
        if (!rd_slice_eq(a->entries[i].line, b->entries[i].line))
            return false;
    for (unsigned i = 0; i < a->n_keywords; i++)
        if (!rd_slice_eq(a->keywords[i], b->keywords[i]))
            return false;
    return true;
}

static void
handlers_table(struct handlers_in *in)
{
    lua_State *L = in->L;

    if (lua_isfunction(L, in->table)) {
        lua_pushvalue(L, in->table);
        handlers_message(in, "message");
        lua_pop(L, 1);
        return;
    }
    if (!lua_istable(L, in->table))
        handlers_error(in, NULL, "the file returned %s: a script returns a function or a table of "
                                 "handlers", lua_isnil(L, in->table) ? "nothing"
                                 : luaL_typename(L, in->table));
    for (lua_pushnil(L); lua_next(L, in->table) != 0; lua_pop(L, 1))
        handlers_entry(in);
    handlers_read_keywords(in);
}

/* A script that answers to nothing is a mistake: often it names a function that is not there. */
static void
handlers_refuse_none(struct handlers_in *in)
{
    static const char *const names[] = { "message", "keywords", "status", "opt_out", "schedule" };
    const struct rd_gen_script *s = in->script;
    const char *written = NULL;

    if (s->message || s->status || s->opt_out || s->n_keywords > 0 || s->n_entries > 0)
        return;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && written == NULL; i++)
        if (handlers_key_line(in, names[i]) > 0)
            written = names[i];
    handlers_error(in, written, "the table that the file returned offers no handler: a script "
                                "needs message, keywords, status, opt_out or schedule (a name that "
                                "is misspelt is nil, and what is set to nil is missing)");
}

void
rd_handlers_read(lua_State *L, struct rd_vm *vm, unsigned i)
{
    struct rd_gen_script *known = &vm->generation->scripts[i];
    struct rd_gen_script fresh = { .path = known->path, .read = true,
                                   .reserved = known->reserved, .n_reserved = known->n_reserved };
    struct handlers_in in = {
        .L = L, .vm = vm, .refs = &vm->scripts[i], .script = &fresh,
        .chunk = lua_gettop(L) - 1, .table = lua_gettop(L),
    };

    luaL_checkstack(L, 20, "too many values");
    *in.refs = (struct rd_vm_script){ LUA_NOREF, LUA_NOREF, LUA_NOREF, LUA_NOREF,
                                      NULL, NULL };
    handlers_table(&in);
    handlers_refuse_none(&in);
    if (known->read && !handlers_same(known, &fresh))
        handlers_error(&in, NULL, "the file returns other handlers each time it is loaded");
    fresh.reserved = NULL;
    fresh.n_reserved = 0;
    if (!known->read)
        *known = fresh;
}
