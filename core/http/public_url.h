/*
 * public_url.h - the URL that Twilio called, from configuration and the target.
 *
 * The public URL comes from the configuration, never from the Host header.
 */
#ifndef RD_HTTP_PUBLIC_URL_H
#define RD_HTTP_PUBLIC_URL_H

#include "base/buf.h"
#include "base/slice.h"

/* A parsed public URL: scheme://host[:port][/prefix], user-info and fragment stripped. */
struct rd_public_url {
    struct rd_slice scheme;    /* "https" or "http" */
    struct rd_slice host;      /* with brackets for IPv6 */
    struct rd_slice port;      /* digits, or empty */
    struct rd_slice prefix;    /* "" or "/a/b", no slash at the end */
};

/* Slices of text; RD_E_INVALID when it is no http(s) URL with a host (query and blanks refused). */
int rd_public_url_parse(struct rd_slice text, struct rd_public_url *out);

/* The path below the prefix ("/" at least); false when the target's path is not below it. */
bool rd_public_url_strip(const struct rd_public_url *u, struct rd_slice path,
                         struct rd_slice *rest);

/*
 * Strings that Twilio may have signed for this target, best first: as configured; port removed, or
 * default port added; for path "/" also without the slash. A target that is not below the prefix
 * gets it back: a proxy has taken it off. Returns how many (at most RD_URL_CANDIDATES; 0: the
 * buffer is full); each is a slice of buf, valid until buf is written again.
 */
#define RD_URL_CANDIDATES 4
size_t rd_public_url_candidates(const struct rd_public_url *u, struct rd_slice target,
                                struct rd_buf *buf, struct rd_slice out[RD_URL_CANDIDATES]);

/*
 * The same for a complete URL as given at a prompt (`replyd verify`): its raw bytes without
 * user-info and fragment, with both forms of the port. No slash is added or removed. 0: no URL.
 */
size_t rd_url_candidates(struct rd_slice url, struct rd_buf *buf,
                         struct rd_slice out[RD_URL_CANDIDATES]);

#endif
