/*
 * inbox_pick.c - which handler a message gets: status, opt-out, keyword or
 * message, in the order of the Lua API. Called on the script thread by inbox.c.
 */
#include "base/buf.h"
#include "gateway/inbox_table.h"
#include "twilio/opt_out.h"

#define PICK_KEY 1024    /* account, our address and theirs */

/* A space that no script can name. */
#define PICK_SPACE RD_LIT("\001opt_out")

static bool
pick_is(struct rd_task *t, enum rd_handler handler)
{
    t->handler = handler;
    return rd_script_has(t->generation, t->script, handler);
}

static bool
pick_keyword(struct rd_task *t, struct rd_slice payload, struct rd_slice text)
{
    struct rd_slice after;

    t->keyword = rd_script_keyword(t->generation, t->script, payload, text, &after);
    if (t->keyword < 0)
        return false;
    t->handler = RD_HANDLER_KEYWORD;
    t->args = after;    /* what is after the keyword, not after the first word */
    return true;
}

/* A button is no word that somebody typed: its payload counts before the title in the body. */
static bool
pick_opt_out(struct rd_task *t, struct rd_slice payload)
{
    const struct rd_message *m = t->message;
    bool help = m->opt_out == RD_OPT_OUT_HELP && m->opt_out_by_word;

    if (m->opt_out_by_word && payload.n > 0 && pick_keyword(t, payload, RD_LIT("")))
        return true;
    if (help && pick_keyword(t, payload, m->text))
        return true;
    t->mute = !help;
    return pick_is(t, RD_HANDLER_OPT_OUT) || (help && pick_is(t, RD_HANDLER_MESSAGE));
}

/* A reload may have taken the entry away. */
static bool
pick_entry(struct rd_task *t)
{
    t->handler = RD_HANDLER_SCHEDULE;
    t->keyword = rd_script_entry_find(t->generation, t->script, t->message->from);
    return t->keyword >= 0;
}

bool
rd_inbox_pick(struct rd_task *t)
{
    const struct rd_message *m = t->message;
    struct rd_slice payload = rd_params_get(&m->params, RD_LIT("ButtonPayload"));

    t->args = m->args;
    if (m->kind == RD_KIND_SCHEDULE)
        return pick_entry(t);
    if (m->kind == RD_KIND_STATUS)
        return pick_is(t, RD_HANDLER_STATUS);
    if (m->opt_out != RD_OPT_OUT_NONE)
        return pick_opt_out(t, payload);
    if (m->n_parts > 0)
        return pick_is(t, RD_HANDLER_MESSAGE);    /* none of it is a keyword (debounce.c) */
    return pick_keyword(t, payload, m->text) || pick_is(t, RD_HANDLER_MESSAGE);
}

/* ---- what is kept of an opt-out ---------------------------------------------------- */

struct rd_store_effect *
rd_inbox_opt_out_effect(const struct rd_task *t)
{
    const struct rd_message *m = t->message;
    bool stop = m->opt_out == RD_OPT_OUT_STOP;
    struct rd_store_effect *effect = NULL;
    struct rd_buf key;

    if (!stop && m->opt_out != RD_OPT_OUT_START)
        return NULL;
    rd_buf_init(&key, PICK_KEY);
    rd_buf_put_slice(&key, m->account);
    rd_buf_put_char(&key, '\0');
    rd_buf_put_slice(&key, m->service.n > 0 ? m->service : m->to);
    rd_buf_put_char(&key, '\0');
    if (rd_buf_put_slice(&key, m->from) == 0)
        effect = rd_store_effect_new(stop ? RD_EFFECT_SET : RD_EFFECT_DELETE, PICK_SPACE,
                                     rd_buf_slice(&key), stop ? RD_LIT("STOP") : RD_LIT(""), 0);
    rd_buf_free(&key);
    return effect;
}
