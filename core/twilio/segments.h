/*
 * segments.h - how many SMS segments a text is, as Twilio's calculator counts.
 *
 * GSM-7: 160 septets in one segment, 153 in each of several; one character
 * outside its alphabet, or one that is made of several, makes it UCS-2: 70 and 67
 * UTF-16 units. A character that a reader sees is never divided
 * (twilio-facts section 6; npm sms-segments-calculator 1.3.0).
 */
#ifndef RD_TWILIO_SEGMENTS_H
#define RD_TWILIO_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct rd_segments {
    size_t count;              /* an empty text is one segment */
    size_t units;              /* septets (an extension character has two) or UTF-16 units */
    bool ucs2;
    struct rd_slice forced_by; /* the first character that is not GSM-7; {NULL, 0}: none */
};

/* Invalid UTF-8 counts as the U+FFFD that stands for it. */
struct rd_segments rd_segments_count(struct rd_slice text);

/* "GSM-7" or "UCS-2". */
const char *rd_segments_encoding(const struct rd_segments *s);

/* Septets of a code point in GSM-7: 1 or 2, or 0 when it has none. */
unsigned rd_segments_septets(uint32_t point);

/* Bytes of the first piece of a text of at most `most` UTF-16 units: all of it, or up to a word's
 * end, or up to a character's, or, when one character is longer, up to a code point's. */
size_t rd_segments_head(struct rd_slice text, size_t most);

/* What Twilio's Smart Encoding writes for the first code point of text (not empty), in GSM-7 where
 * something looks like it, else the same bytes. Returns the bytes that it stands for. */
size_t rd_segments_smarten(struct rd_slice text, struct rd_slice *out);

#endif
