/* recent.c - see recent.h. */
#include "store/recent.h"

struct recent_entry {
    uint64_t at_ms, what;
};

size_t
rd_recent_add(struct rd_slice old, const struct rd_recent *r, uint64_t now_ms,
              uint64_t window_ms, struct rd_buf *out)
{
    struct recent_entry e = { now_ms, r->what };
    size_t n = old.n / sizeof e, same = 1;

    for (size_t i = n >= r->most ? n - r->most + 1 : 0; i < n; i++) {
        struct recent_entry was;

        memcpy(&was, old.p + i * sizeof was, sizeof was);
        if (was.at_ms + window_ms <= now_ms)
            continue;
        same += was.what == r->what;
        rd_buf_put(out, &was, sizeof was);
    }
    return rd_buf_put(out, &e, sizeof e) == 0 ? same : 0;
}
