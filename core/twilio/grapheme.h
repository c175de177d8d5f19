/*
 * grapheme.h - what a reader sees as one character: extended grapheme clusters.
 *
 * Not the newest Unicode but the rule of Twilio's segment calculator (Unicode
 * 10.0 with the habits of its library, twilio-facts section 6), since pieces and
 * counts must be those that Twilio shows.
 */
#ifndef RD_TWILIO_GRAPHEME_H
#define RD_TWILIO_GRAPHEME_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum rd_grapheme_class {
    RD_GRAPHEME_OTHER, RD_GRAPHEME_CR, RD_GRAPHEME_LF, RD_GRAPHEME_CONTROL, RD_GRAPHEME_EXTEND,
    RD_GRAPHEME_REGIONAL, RD_GRAPHEME_SPACING, RD_GRAPHEME_PREPEND, RD_GRAPHEME_L, RD_GRAPHEME_V,
    RD_GRAPHEME_T, RD_GRAPHEME_LV, RD_GRAPHEME_LVT, RD_GRAPHEME_E_BASE, RD_GRAPHEME_E_MODIFIER,
    RD_GRAPHEME_ZWJ, RD_GRAPHEME_GLUE, RD_GRAPHEME_E_BASE_GAZ
};

struct rd_grapheme_range {
    uint32_t first, last;
    enum rd_grapheme_class cls;
};

/* Sorted; in grapheme_table.c. */
extern const struct rd_grapheme_range rd_grapheme_ranges[];
extern const size_t rd_grapheme_n_ranges;

/* The class of a code point. */
enum rd_grapheme_class rd_grapheme_class(uint32_t point);

/*
 * Bytes of the first cluster of s, at least 1 unless s is empty. Invalid bytes count as the U+FFFD
 * that stands for them. "\r\n" is one cluster here; Twilio counts it as two.
 */
size_t rd_grapheme_next(struct rd_slice s);

#endif
