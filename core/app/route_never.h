/*
 * route_never.h - routes that no message can ever take.
 */
#ifndef RD_APP_ROUTE_NEVER_H
#define RD_APP_ROUTE_NEVER_H

#include "gateway/config.h"

/* Why the route can never match, appended to why (nothing when it can); false when it can. */
bool rd_route_never(const struct rd_config *c, size_t route, struct rd_buf *why);

#endif
