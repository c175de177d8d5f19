/*
 * percent.h - %XX decoding, as forms and query strings need it.
 */
#ifndef RD_BASE_PERCENT_H
#define RD_BASE_PERCENT_H

#include <stddef.h>

#include "base/slice.h"

/* Decodes one form name or value into to (room for s.n bytes): "+" is a space, %XX in any case, bad
 * escapes stay as they are. Returns the bytes written. */
size_t rd_percent_decode(struct rd_slice s, char *to);

#endif
