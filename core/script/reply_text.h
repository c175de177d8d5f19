/*
 * reply_text.h - what Twilio takes as a URL, an address, a method or a body.
 *
 * Knows no Lua; says no more than yes or no. Private to script/.
 */
#ifndef RD_SCRIPT_REPLY_TEXT_H
#define RD_SCRIPT_REPLY_TEXT_H

#include <stdbool.h>

#include "base/slice.h"

/* Not empty, without control characters. */
bool rd_reply_is_address(struct rd_slice address);
/* Also a relative one: not empty, without blanks and control characters. */
bool rd_reply_is_url(struct rd_slice url);
/* A whole URL of http or https. */
bool rd_reply_is_media(struct rd_slice url);
/* The same, or relative: no other scheme. */
bool rd_reply_is_link(struct rd_slice url);
/* A whole URL of http or https, or a path from "/". */
bool rd_reply_is_callback(struct rd_slice url);
/* "GET" or "POST". */
bool rd_reply_is_method(struct rd_slice method);

/* Characters of a body that consists of nothing but what XML forbids; else 0. */
int rd_reply_forbidden(struct rd_slice body);

#endif
