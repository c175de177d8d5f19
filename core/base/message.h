/*
 * message.h - one webhook as everybody sees it: parameters and what they mean.
 *
 * Made on a front thread, filled by http/form and twilio/fields, immutable once
 * verified; then shared by reference count. All slices point into its arena.
 */
#ifndef RD_BASE_MESSAGE_H
#define RD_BASE_MESSAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/slice.h"

#define RD_MESSAGE_MAGIC RD_MAGIC('m', 's', 'g', '1')

enum rd_message_kind {
    RD_KIND_MESSAGE,    /* somebody texted us */
    RD_KIND_STATUS,     /* delivery status of something that we sent */
    RD_KIND_SCHEDULE,   /* no webhook: a scheduled handler is due (gateway/schedule.h) */
    RD_KIND_COUNT
};

/* Somebody wants no more messages, wants them again, or wants help (twilio/opt_out). */
enum rd_opt_out {
    RD_OPT_OUT_NONE,     /* an ordinary message */
    RD_OPT_OUT_STOP,
    RD_OPT_OUT_START,
    RD_OPT_OUT_HELP,
    RD_OPT_OUT_OTHER,    /* Twilio says an OptOutType that is not known */
};

/* One decoded parameter. */
struct rd_param {
    struct rd_slice name, value;
};

/* The one multimap: verified, and handed to the script. Wire order, repeats kept. */
struct rd_params {
    struct rd_param *at;
    size_t n;
};

/* One medium of a message (MediaUrl{N}, MediaContentType{N}). */
struct rd_media {
    struct rd_slice url, type;
};

struct rd_message {
    uint32_t magic;
    atomic_uint refs;
    struct rd_arena arena;       /* the message itself is in it */

    struct rd_params params;
    enum rd_message_kind kind;
    enum rd_opt_out opt_out;     /* what the route makes of it (gateway/marks) */
    bool opt_out_by_word;        /* the body says so, not Twilio */
    bool is_fallback;            /* a fallback call: it has ErrorCode and ErrorUrl */
    struct rd_slice id;          /* MessageSid; empty when Twilio sent none */
    struct rd_slice account;     /* AccountSid */
    struct rd_slice service;     /* MessagingServiceSid */
    struct rd_slice from, to;    /* addresses as sent */
    struct rd_slice phone;       /* from without prefix when that is E.164, else empty */
    struct rd_slice channel;     /* "sms", "mms", "whatsapp", ... or an unknown prefix */
    struct rd_slice body;        /* as sent */
    struct rd_slice text;        /* body trimmed */
    struct rd_slice word;        /* first word of text, folded, outer punctuation removed */
    struct rd_slice args;        /* trimmed rest after the first word */
    struct rd_slice status;      /* kind STATUS: MessageStatus */
    struct rd_media *media;
    size_t n_media;

    /* what the route makes of it (gateway/marks) */
    struct rd_slice callback;    /* status_callback of replies that have none of their own */
    struct rd_slice tag;         /* kind STATUS: tag of the reply that it is about */

    /* the messages that it was joined from (gateway/burst), in order; references */
    struct rd_message **parts;
    size_t n_parts;              /* 0: nobody joined anything */

    double received_at;          /* seconds since 1970 */
    uint64_t start_ns;           /* monotonic: where the deadlines count from */
};

/*
 * A message with one reference and an arena of at most limit bytes; room of them, if that is not
 * much, come in one block with it.
 */
struct rd_message *rd_message_new(size_t limit, size_t room);
struct rd_message *rd_message_ref(struct rd_message *m);
/* Gives a reference back; frees the message at zero. NULL is ignored. */
void rd_message_unref(struct rd_message *m);

/* First value of a parameter; {NULL, 0} when it is absent. */
struct rd_slice rd_params_get(const struct rd_params *params, struct rd_slice name);

#endif
