/*
 * reply.h - what a handler answered, with no Lua in it.
 *
 * Made by script/ from a handler's return value, read by twilio/twiml. One
 * owner at a time; all slices point into its arena.
 */
#ifndef RD_BASE_REPLY_H
#define RD_BASE_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/slice.h"

#define RD_REPLY_MAGIC RD_MAGIC('r', 'p', 'l', 'y')

#define RD_REPLY_MESSAGES 10    /* Twilio error 14109: more than 10 to one inbound message */
#define RD_REPLY_MEDIA 10       /* <Message>: at most 10 <Media> */
#define RD_REPLY_MEDIA_ROOM 11  /* one more than Twilio takes: too many can be told from enough */

/* One <Message>; absent attributes have p == NULL. */
struct rd_reply_message {
    struct rd_slice body;
    bool nouns;                       /* write <Body> even without media (text alone otherwise) */
    struct rd_slice media[RD_REPLY_MEDIA_ROOM];
    size_t n_media;
    struct rd_slice to, from, action, method, status_callback;
    struct rd_slice tag;              /* comes back with the status event; not in the TwiML */
};

struct rd_reply {
    uint32_t magic;
    struct rd_arena arena;
    struct rd_reply_message *messages;
    size_t n, cap;
    struct rd_slice redirect, redirect_method;    /* redirect.p == NULL: none; always last */
};

/* An empty reply whose texts may take limit bytes. */
struct rd_reply *rd_reply_new(size_t limit);
/* NULL is ignored. */
void rd_reply_free(struct rd_reply *r);
/* A new, empty message at the end; NULL over the cap. Pointers to older ones become invalid. */
struct rd_reply_message *rd_reply_add(struct rd_reply *r);
/* Nothing to say: no message and no redirect. NULL counts as empty. */
bool rd_reply_is_empty(const struct rd_reply *r);
/* A deep copy. NULL over the cap. */
struct rd_reply *rd_reply_copy(const struct rd_reply *r);
/* Moves the messages and redirect of `from` (deep copies) behind those of r; 0 or RD_E_TOO_BIG. */
int rd_reply_append(struct rd_reply *r, const struct rd_reply *from);

#endif
