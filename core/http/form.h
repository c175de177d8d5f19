/*
 * form.h - application/x-www-form-urlencoded, as Twilio's own libraries decode it.
 *
 * Split on "&" only, empty pairs skipped, first "=" splits, "+" is a space, %XX
 * in any case, bad escapes kept literally, invalid UTF-8 becomes U+FFFD (WHATWG
 * "maximal subpart" rule, as node and python): twilio-facts section 1.
 */
#ifndef RD_HTTP_FORM_H
#define RD_HTTP_FORM_H

#include "base/arena.h"
#include "base/message.h"

/* Decodes form into out (memory in a). 0, RD_E_TOO_BIG for more than max pairs, RD_E_NOMEM over the
 * arena's cap. */
int rd_form_decode(struct rd_slice form, size_t max, struct rd_arena *a, struct rd_params *out);

/* Bytes of an arena that rd_form_decode takes, if all is UTF-8. */
size_t rd_form_room(struct rd_slice form);

/* The reverse: names and values encoded (unreserved A-Za-z0-9-._~, space as "+"), joined by "&". */
struct rd_buf;
void rd_form_encode(const struct rd_params *params, struct rd_buf *out);

#endif
