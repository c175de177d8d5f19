/*
 * unknown.h - names in a script that nothing has: typing errors that would else
 * wait for the message that reaches them.
 */
#ifndef RD_APP_UNKNOWN_H
#define RD_APP_UNKNOWN_H

#include "base/buf.h"
#include "base/slice.h"
#include "script/script.h"

/*
 * A line in warnings for each global that is read and does not exist, each field that a library
 * does not have, and each global that is assigned. Nothing when the source does not compile.
 */
void rd_unknown_find(const struct rd_generation *g, struct rd_slice path, struct rd_slice source,
                     struct rd_buf *warnings);

#endif
