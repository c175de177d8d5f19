/*
 * basic_auth.h - the user name and password that Twilio may be told to send.
 *
 * They stand in the URL that Twilio is given; it sends them only after a 401 that
 * names a realm (twilio-facts section 4), so that each webhook comes twice.
 */
#ifndef RD_GATEWAY_BASIC_AUTH_H
#define RD_GATEWAY_BASIC_AUTH_H

#include "gateway/config.h"

#define RD_BASIC_AUTH_REALM "Basic realm=\"replyd\""

/*
 * No basic_auth is configured, or the request's one Authorization header has it. Time depends on
 * the length of what was sent only.
 */
bool rd_basic_auth_passes(const struct rd_config *c, const struct rd_http_request *r);

#endif
