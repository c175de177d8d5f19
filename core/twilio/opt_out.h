/*
 * opt_out.h - is a message an opt-out, a return or a call for help?
 *
 * Either Twilio says so (OptOutType: it has answered already), or the whole
 * body is one word of a list. One word inside a sentence is an ordinary message.
 */
#ifndef RD_TWILIO_OPT_OUT_H
#define RD_TWILIO_OPT_OUT_H

#include "base/message.h"

/* A word that stands for a kind; made by rd_fold_key. */
struct rd_opt_out_word {
    enum rd_opt_out kind;
    struct rd_slice word;
};

struct rd_opt_out_words {
    const struct rd_opt_out_word *at;
    size_t n;
};

/* STOP: stop stopall unsubscribe cancel end quit revoke optout; START: start unstop; HELP: help
 * info. YES is nobody's word. */
extern const struct rd_opt_out_words rd_opt_out_standard;

/* "STOP", "START", "HELP"; NULL for the others. */
const char *rd_opt_out_name(enum rd_opt_out kind);

/* The kind of that name in any case, else RD_OPT_OUT_NONE. */
enum rd_opt_out rd_opt_out_kind(struct rd_slice name);

/* Fills m->opt_out and m->opt_out_by_word from the parameters and the body. */
void rd_opt_out_read(struct rd_message *m, const struct rd_opt_out_words *words);

#endif
