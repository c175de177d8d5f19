/*
 * json_body.h - a JSON body as parameters, so that script and log need not care
 * which of the two Twilio sent.
 */
#ifndef RD_HTTP_JSON_BODY_H
#define RD_HTTP_JSON_BODY_H

#include "base/arena.h"
#include "base/message.h"

/* "application/json" or any "...+json", with or without parameters. */
bool rd_json_body_is(struct rd_slice content_type);

/*
 * The members of the object in body, in order, repeats kept (memory in a): strings decoded, null
 * as "", numbers as they are written, all else as JSON text. A body that is no JSON object has no
 * parameters. Invalid UTF-8 becomes U+FFFD first. 0, RD_E_TOO_BIG for more than max members,
 * RD_E_NOMEM over the arena's cap.
 */
int rd_json_body_decode(struct rd_slice body, size_t max, struct rd_arena *a,
                        struct rd_params *out);

#endif
