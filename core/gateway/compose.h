/*
 * compose.h - replies become the bytes of an answer: limits, then TwiML.
 *
 * Total once the limits are kept; called where an answer is about to be frozen.
 */
#ifndef RD_GATEWAY_COMPOSE_H
#define RD_GATEWAY_COMPOSE_H

#include "base/answer.h"
#include "base/reply.h"
#include "gateway/limits.h"

/*
 * The answer (HTTP 200) for a reply, NULL for nothing to say. Changes the reply where a body is
 * split. NULL when it is beyond Twilio's limits: note->error says how.
 */
struct rd_answer *rd_compose(struct rd_reply *reply, const struct rd_reply_key *keys, size_t n_keys,
                             struct rd_limits_note *note);

/* The key of a reply by what it says. */
struct rd_reply_key rd_compose_key(const struct rd_reply *reply, uint64_t path, uint32_t ordinal,
                                   bool special);

/* <Response/> with status 200, and the bodiless 204: a new reference of one constant object. */
struct rd_answer *rd_compose_empty(void);
struct rd_answer *rd_compose_no_content(void);

/* Makes the two constants; before threads start. Frees them; after they ended. */
void rd_compose_open(void);
void rd_compose_close(void);

#endif
