/*
 * lua_text.h - replyd.text: segments, split and smarten, as Twilio counts.
 */
#ifndef RD_GATEWAY_LUA_TEXT_H
#define RD_GATEWAY_LUA_TEXT_H

/* Registers the rows; before any VM. */
void rd_lua_text_register(void);

#endif
