/*
 * utf8.h - UTF-8 as Unicode defines it: decode, validate, repair, count.
 *
 * Overlong forms, surrogates and points above U+10FFFF are invalid. An invalid
 * stretch is cut into "maximal subparts" (Unicode 3.9, table 3-7; the WHATWG rule
 * of node and python), each of which becomes one U+FFFD.
 */
#ifndef RD_BASE_UTF8_H
#define RD_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

#define RD_UTF8_INVALID UINT32_MAX    /* rd_utf8_decode: these bytes are no character */
#define RD_UTF8_REPLACEMENT 0xFFFDu

/* The first code point of s (not empty) or RD_UTF8_INVALID; returns its bytes, at least 1. */
size_t rd_utf8_decode(struct rd_slice s, uint32_t *point);

/*
 * Bytes of the character at the start of s (not empty) that XML 1.0 forbids; 0 when it may stand
 * there. A surrogate written as three bytes (Lua's utf8.char) is one forbidden character.
 */
size_t rd_utf8_forbidden(struct rd_slice s);

/* Writes a code point up to U+10FFFF as 1 to 4 bytes; returns how many. */
size_t rd_utf8_encode(uint32_t point, char out[4]);

/* Bytes at the start of s that are valid UTF-8: s.n when all of it is. */
size_t rd_utf8_valid_prefix(struct rd_slice s);

static inline bool
rd_utf8_is_valid(struct rd_slice s)
{
    return rd_utf8_valid_prefix(s) == s.n;
}

/* s itself when it is valid, else a repaired copy in the arena; {NULL, 0} over the arena's cap. */
struct rd_slice rd_utf8_repair(struct rd_slice s, struct rd_arena *a);

/* UTF-16 code units of s, as Twilio counts a body; an invalid subpart counts as its U+FFFD. */
size_t rd_utf8_units(struct rd_slice s);

#endif
