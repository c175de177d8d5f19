/*
 * config_words.c - see config_value.h: opt-out words and status_callback. Called
 * through the table of options.c.
 */
#include "app/config_value.h"

#include "base/fold.h"

#define WORDS_EXPECTED "{ STOP = {...}, START = {...}, HELP = {...} } or false"

/* Words as they are collected; the list has room for all of them. */
struct words_in {
    struct rd_opt_out_word *at;
    size_t n;
    enum rd_opt_out kind;
};

static struct rd_slice
words_top(lua_State *L)
{
    size_t n;
    const char *p = lua_tolstring(L, -1, &n);

    return rd_slice_make(p, n);
}

static void
words_one(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    struct words_in *in = base;
    struct rd_slice word = rd_fold_key(words_top(r->L), &r->config->arena);

    (void)o;
    if (word.p == NULL || rd_text_trim(word).n == 0)
        rd_config_error(r, "there is no word in it");
    else if (rd_slice_eq(word, RD_LIT("yes")))
        rd_config_error(r, "\"yes\" answers a question; it is never a command");
    else
        in->at[in->n++] = (struct rd_opt_out_word){ in->kind, word };
}

/* The words of one kind: those in the table at the top, else the standard ones. */
static void
words_kind(struct rd_config_reader *r, const struct rd_option *o, struct words_in *in)
{
    const struct rd_opt_out_words *standard = &rd_opt_out_standard;
    size_t mark;

    if (lua_getfield(r->L, -1, rd_opt_out_name(in->kind)) == LUA_TNIL) {
        for (size_t i = 0; i < standard->n; i++)
            if (standard->at[i].kind == in->kind)
                in->at[in->n++] = standard->at[i];
    } else {
        mark = rd_config_enter(r, rd_opt_out_name(in->kind));
        if (!lua_istable(r->L, -1) || lua_rawlen(r->L, -1) > 0)
            rd_config_each_string(r, o, in, "a word or a list of words", words_one);
        rd_config_leave(r, mark);
    }
    lua_pop(r->L, 1);
}

/* The key at -2 is a kind as it is written: "STOP". */
static bool
words_is_kind(lua_State *L)
{
    struct rd_slice key;
    enum rd_opt_out kind;

    if (lua_type(L, -2) != LUA_TSTRING)
        return false;
    lua_pushvalue(L, -2);
    key = words_top(L);
    lua_pop(L, 1);
    kind = rd_opt_out_kind(key);
    return kind != RD_OPT_OUT_NONE && rd_slice_eq(key, rd_slice_str(rd_opt_out_name(kind)));
}

/* Room for all words of the table, or 0 when its keys are not kinds. */
static size_t
words_count(lua_State *L)
{
    size_t n = rd_opt_out_standard.n;

    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
        if (!words_is_kind(L)) {
            lua_pop(L, 2);
            return 0;
        }
        n += lua_istable(L, -1) ? lua_rawlen(L, -1) : 1;
    }
    return n;
}

void
rd_config_read_opt_out_words(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    struct rd_opt_out_words *words = rd_config_alloc(r, 1, sizeof *words);
    struct words_in in = { .kind = RD_OPT_OUT_STOP };
    size_t n = lua_istable(r->L, -1) ? words_count(r->L) : 0;

    if (n > 0) {
        in.at = rd_config_alloc(r, n, sizeof *in.at);
        for (; in.kind <= RD_OPT_OUT_HELP; in.kind++)
            words_kind(r, o, &in);
    } else if (!lua_isboolean(r->L, -1) || lua_toboolean(r->L, -1)) {
        rd_config_expected(r, o, WORDS_EXPECTED);
    }
    *words = (struct rd_opt_out_words){ in.at, in.n };
    *(const struct rd_opt_out_words **)base = words;
}

void
rd_config_read_status_callback(struct rd_config_reader *r, const struct rd_option *o, void *base)
{
    struct rd_slice *to = base, text = words_top(r->L);

    if (lua_isboolean(r->L, -1) && !lua_toboolean(r->L, -1))
        *to = RD_LIT("");
    else if (lua_type(r->L, -1) == LUA_TSTRING && (rd_slice_starts(text, RD_LIT("https://")) ||
                                                   rd_slice_starts(text, RD_LIT("http://"))))
        *to = rd_config_keep(r);
    else
        rd_config_expected(r, o, "a URL or false");
}
