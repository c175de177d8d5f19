/*
 * text_auth.h - whom `replyd text` gives user and password.
 */
#ifndef RD_APP_TEXT_AUTH_H
#define RD_APP_TEXT_AUTH_H

#include "base/buf.h"
#include "gateway/config.h"
#include "http/public_url.h"

/*
 * Appends the Authorization header: of the user:password that url itself names, as Twilio has them;
 * else of the configuration's basic_auth (c may be NULL), if `to` is one of its own listeners or
 * public URLs. Nothing for anybody else: a password is not shown to a host that was never given
 * it. url is empty when none was given: `to` is then the configuration's own listener.
 */
int rd_text_auth_put(const struct rd_config *c, struct rd_slice url,
                     const struct rd_public_url *to, struct rd_buf *out);

/* The URL goes to this machine. */
bool rd_text_is_loopback(const struct rd_public_url *to);

#endif
