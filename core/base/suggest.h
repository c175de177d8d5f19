/*
 * suggest.h - "did you mean": the known name that is nearest to what was typed.
 */
#ifndef RD_BASE_SUGGEST_H
#define RD_BASE_SUGGEST_H

#include "base/slice.h"

struct rd_suggest {
    struct rd_slice typed;
    struct rd_slice best;    /* {NULL, 0} until a name is near enough */
    size_t distance;         /* of best */
};

void rd_suggest_start(struct rd_suggest *s, struct rd_slice typed);

/* Looks at one more known name, which must outlive s. */
void rd_suggest_offer(struct rd_suggest *s, struct rd_slice known);

#endif
