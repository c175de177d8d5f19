/*
 * fold.h - the words of a message: case folding, white space, outer punctuation.
 *
 * One place decides when two texts are "the same word", for msg.word, keywords
 * and opt-out words alike. Folding is one code point to one: ASCII and Latin
 * letters lose their case and keep their accents ("É" becomes "é"); all other
 * characters and invalid bytes stay. A word ends at white space; punctuation at
 * its outside does not belong to it, unless it is all there is ("?").
 */
#ifndef RD_BASE_FOLD_H
#define RD_BASE_FOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

/* The lower-case form of a Latin letter, else the point itself. Never longer in UTF-8. */
uint32_t rd_fold_point(uint32_t point);

/* White space: Unicode's White_Space property. */
bool rd_text_is_blank(uint32_t point);

/* ASCII punctuation and symbols (C's ispunct), typographic and CJK punctuation. */
bool rd_text_is_punct(uint32_t point);

/* s without leading and trailing white space. */
struct rd_slice rd_text_trim(struct rd_slice s);

/* The first word of s without outer punctuation; *rest (may be NULL): what follows it, trimmed. */
struct rd_slice rd_text_word(struct rd_slice s, struct rd_slice *rest);

/* A folded copy of s in the arena; {NULL, 0} over its cap. */
struct rd_slice rd_fold_copy(struct rd_slice s, struct rd_arena *a);

/* A keyword as rd_fold_match wants it: folded, nothing but words, one space between them. */
struct rd_slice rd_fold_key(struct rd_slice s, struct rd_arena *a);

/*
 * Does text begin with the words of key (made by rd_fold_key, not empty)? Case, white space and
 * outer punctuation of the text do not count. *rest (may be NULL): what follows, trimmed.
 */
bool rd_fold_match(struct rd_slice text, struct rd_slice key, struct rd_slice *rest);

#endif
