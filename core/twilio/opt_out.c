/* opt_out.c - see opt_out.h. Pure; called by gateway for each message, by app for its words. */
#include "twilio/opt_out.h"

#include "base/fold.h"

#define STOP(word) { RD_OPT_OUT_STOP, { word, sizeof(word) - 1 } }
#define START(word) { RD_OPT_OUT_START, { word, sizeof(word) - 1 } }
#define HELP(word) { RD_OPT_OUT_HELP, { word, sizeof(word) - 1 } }

static const struct rd_opt_out_word opt_out_standard[] = {
    STOP("stop"), STOP("stopall"), STOP("unsubscribe"), STOP("cancel"), STOP("end"), STOP("quit"),
    STOP("revoke"), STOP("optout"), START("start"), START("unstop"), HELP("help"), HELP("info"),
};

const struct rd_opt_out_words rd_opt_out_standard = {
    opt_out_standard, sizeof opt_out_standard / sizeof opt_out_standard[0]
};

const char *
rd_opt_out_name(enum rd_opt_out kind)
{
    switch (kind) {
    case RD_OPT_OUT_STOP: return "STOP";
    case RD_OPT_OUT_START: return "START";
    case RD_OPT_OUT_HELP: return "HELP";
    case RD_OPT_OUT_NONE:
    case RD_OPT_OUT_OTHER: break;
    }
    return NULL;
}

enum rd_opt_out
rd_opt_out_kind(struct rd_slice name)
{
    for (enum rd_opt_out kind = RD_OPT_OUT_STOP; kind <= RD_OPT_OUT_HELP; kind++)
        if (rd_slice_eq_nocase(name, rd_slice_str(rd_opt_out_name(kind))))
            return kind;
    return RD_OPT_OUT_NONE;
}

static enum rd_opt_out
opt_out_of_word(struct rd_slice text, const struct rd_opt_out_words *words)
{
    struct rd_slice rest;

    for (size_t i = 0; i < words->n; i++)
        if (rd_fold_match(text, words->at[i].word, &rest) && rest.n == 0)
            return words->at[i].kind;
    return RD_OPT_OUT_NONE;
}

void
rd_opt_out_read(struct rd_message *m, const struct rd_opt_out_words *words)
{
    struct rd_slice type = rd_params_get(&m->params, RD_LIT("OptOutType"));

    RD_CHECK(m, RD_MESSAGE_MAGIC);
    m->opt_out = RD_OPT_OUT_NONE;
    m->opt_out_by_word = false;
    if (m->kind != RD_KIND_MESSAGE)
        return;
    if (type.n > 0) {
        m->opt_out = rd_opt_out_kind(type);
        if (m->opt_out == RD_OPT_OUT_NONE)
            m->opt_out = RD_OPT_OUT_OTHER;    /* a new one: Twilio has answered it all the same */
        return;
    }
    m->opt_out = opt_out_of_word(m->text, words);
    m->opt_out_by_word = m->opt_out != RD_OPT_OUT_NONE;
}
