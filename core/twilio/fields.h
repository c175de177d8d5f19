/*
 * fields.h - what the parameters of a webhook mean: the typed fields of rd_message.
 *
 * Names and rules: twilio-facts sections 2 and 3. Parameters that have no field
 * (location, buttons, geo, ...) are read from m->params by whoever needs them.
 */
#ifndef RD_TWILIO_FIELDS_H
#define RD_TWILIO_FIELDS_H

#include "base/message.h"

/*
 * Fills the typed fields from m->params; an absent parameter leaves {NULL, 0}. Unknown channels and
 * statuses pass through. 0, or RD_E_NOMEM over the cap of the message's arena.
 */
int rd_fields_read(struct rd_message *m);

/*
 * The same for the body alone: body, text, word and args. The body outlives the message; 0, or
 * RD_E_NOMEM.
 */
int rd_fields_read_body(struct rd_message *m, struct rd_slice body);

/* The letters before the ":" of an address ("whatsapp" of "whatsapp:+1555"), or empty. */
struct rd_slice rd_address_channel(struct rd_slice address);

/* The address without its channel prefix if that is E.164 ("+" and 2 to 15 digits), else empty. */
struct rd_slice rd_address_phone(struct rd_slice address);

#endif
