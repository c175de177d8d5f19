/*
 * admin.h - the admin listener: health, metrics, and in test builds the fault
 * points. A unix socket or a loopback address, on main's loop.
 *
 *     GET /healthz         200 as long as main's loop turns
 *     GET /readyz          200 while serving, 503 while starting or draining
 *     GET /metrics         Prometheus text
 *     GET /info            JSON: version, pid, generation, listeners, public_urls
 *     GET /explain/SID     JSON: refused requests of a message, and its lines of the log
 *     GET, POST /fault/X   test builds: "hits=N stalled=N"; a command (base/fault.h)
 *     POST /mark/X         test builds: writes a log line, so that a test knows how far it has read
 */
#ifndef RD_APP_ADMIN_H
#define RD_APP_ADMIN_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/slice.h"

struct rd_admin;

/* All called on the loop; listeners and public_urls append "a","b" (JSON strings), explain JSON. */
struct rd_admin_calls {
    bool (*ready)(void *data);
    uint64_t (*generation)(void *data);
    void (*listeners)(void *data, struct rd_buf *json);
    void (*public_urls)(void *data, struct rd_buf *json);
    void (*explain)(void *data, struct rd_slice sid, struct rd_buf *json);
    void *data;
};

/*
 * Binds address ("unix:PATH", "127.0.0.1:0", "[::1]:9464") and serves on loop. A stale socket file
 * is replaced, one that somebody answers on is not. 0, or RD_E_ADDRESS / RD_E_IO and the reason in
 * why.
 */
int rd_admin_start(uv_loop_t *loop, struct rd_slice address, const struct rd_admin_calls *calls,
                   struct rd_admin **out, struct rd_buf *why);

/* Where it listens, as "unix:PATH" or "http://127.0.0.1:9464" with the real port. */
struct rd_slice rd_admin_address(const struct rd_admin *admin);

/* Removes the socket file, closes handles (the loop must turn on), frees. NULL is ignored. */
void rd_admin_stop(struct rd_admin *admin);

#endif
