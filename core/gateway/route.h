/*
 * route.h - from a path and a message to a row of `routes`. Pure; the first
 * match wins. Without rows every path goes to the script of the command line.
 */
#ifndef RD_GATEWAY_ROUTE_H
#define RD_GATEWAY_ROUTE_H

#include "base/message.h"
#include "gateway/config.h"

/* The path is below the prefix of a public URL. */
bool rd_route_is_below(const struct rd_config *c, struct rd_slice path);

/*
 * The path without the prefix of the first public URL that it is below. Below none it stays as it
 * is: a proxy has taken the prefix off.
 */
struct rd_slice rd_route_path(const struct rd_config *c, struct rd_slice path);

/* Some route has this path. */
bool rd_route_any(const struct rd_config *c, struct rd_slice path);

/* The route of a message, or NULL when none matches. */
const struct rd_route *rd_route_find(const struct rd_config *c, struct rd_slice path,
                                     const struct rd_message *m);

#endif
