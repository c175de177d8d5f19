/*
 * refusals.h - requests whose signature was refused: explained in the log, and kept a
 * while for `replyd explain`.
 *
 * VERIFY copies the request and goes on. The search for what would have matched runs on
 * libuv's thread pool, for one request a second and a few at first: whoever
 * forges gets no more of our time than that. Nothing of it reaches the caller.
 */
#ifndef RD_GATEWAY_REFUSALS_H
#define RD_GATEWAY_REFUSALS_H

#include "gateway/exchange.h"

#define RD_REFUSALS_KEPT 64            /* requests */
#define RD_REFUSALS_BYTES 24576        /* of one request; a larger one is not kept */

struct rd_refusals;

struct rd_refusals *rd_refusals_new(void);
/* After the last front has ended. */
void rd_refusals_free(struct rd_refusals *r);

/* (front's thread) A request was refused; x ends soon. */
void rd_refusals_add(struct rd_refusals *r, struct rd_exchange *x, enum rd_signature_failure why);

/*
 * The kept requests with this MessageSid, explained by this configuration, as a JSON list:
 * [{"at":seconds,"method":...,"path":...,"peer":...,"account":...,"reason":...,"why":sentence,
 * "tried":n}]. Blocks for some milliseconds for each (main).
 */
void rd_refusals_print(struct rd_refusals *r, const struct rd_config *c, struct rd_slice sid,
                       struct rd_buf *json);

#endif
