/*
 * noise.h - one log line a second for requests that are refused before anybody looks at them:
 * scanners, wrong paths, bodies over the limit.
 */
#ifndef RD_HTTP_NOISE_H
#define RD_HTTP_NOISE_H

#include "http/server.h"

/* Of one server; its thread. */
struct rd_http_noise {
    uint64_t second;     /* in which the last line was written */
    uint64_t skipped;    /* refusals without a line since */
};

/* An answer with this status goes out; r->method is empty when the request was not understood. */
void rd_http_noise_add(struct rd_http_noise *n, int status, const struct rd_http_request *r,
                       const char *peer);

#endif
