/*
 * explain.h - why a signature was refused: what would have matched, in one sentence.
 *
 * Tries what operators get wrong: scheme, port, prefix, slash, proxy, token, a form
 * changed on its way. For the log, `explain` and `verify`; never on the way of a
 * request, and never for the caller. Costs milliseconds: at most RD_EXPLAIN_BYTES
 * are hashed.
 */
#ifndef RD_GATEWAY_EXPLAIN_H
#define RD_GATEWAY_EXPLAIN_H

#include "gateway/config.h"

#define RD_EXPLAIN_BYTES ((size_t)8 << 20)    /* about 15 ms */

struct rd_explain {
    const struct rd_config *config;             /* public URLs, accounts, proxies */
    const struct rd_http_request *request;
    struct rd_slice account;                    /* AccountSid of the request */
    enum rd_signature_failure why;
    bool at_prompt;      /* `verify`: the URL was given whole, the token by hand */
    /* out */
    unsigned tried;      /* signatures that were compared */
    bool found;          /* the sentence says what would have matched */
};

/* Appends the sentence, without a full stop, to out. Pure; any thread. */
void rd_explain(struct rd_explain *e, struct rd_buf *out);

#endif
