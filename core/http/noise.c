/*
 * noise.c - see noise.h. Called by stream.c for each response. What is refused for its signature
 * or for its sender is told by those who refuse it, with the reason.
 */
#include "http/noise.h"

#include "base/clock.h"
#include "base/log.h"

static bool
noise_is(int status)
{
    return status / 100 == 4 && status != 401 && status != 403 && status != 429;
}

void
rd_http_noise_add(struct rd_http_noise *n, int status, const struct rd_http_request *r,
                  const char *peer)
{
    uint64_t second = rd_clock_ns() / RD_SECOND;
    struct rd_log_line l;

    if (!noise_is(status))
        return;
    if (n->second == second) {
        n->skipped++;
        return;
    }
    n->second = second;
    if (!rd_log_begin(&l, RD_LOG_INFO, "refused"))
        return;
    rd_log_int(&l, "http", status);
    if (r->method.n > 0) {
        rd_log_slice(&l, "method", r->method);
        rd_log_slice(&l, "path", r->path);
    }
    rd_log_str(&l, "peer", peer);
    if (n->skipped > 0)
        rd_log_uint(&l, "skipped", n->skipped);
    n->skipped = 0;
    rd_log_end(&l);
}
