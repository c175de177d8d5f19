/*
 * gate.h - may this sender reach the script? allow, deny and countries of a route.
 *
 * They decide after the route is found, before anything of a script runs: whom a
 * route refuses is not passed on to the next one.
 */
#ifndef RD_GATEWAY_GATE_H
#define RD_GATEWAY_GATE_H

#include "base/message.h"
#include "gateway/config.h"

/*
 * The key that refuses this message's sender ("allow", "deny", "countries"), for the log; NULL:
 * none does. Status events come from Twilio, not from a sender: never refused.
 */
const char *rd_gate_refuses(const struct rd_route *route, const struct rd_message *m);

#endif
