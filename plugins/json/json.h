/*
 * json.h - what the two halves of replyd.json share.
 */
#ifndef RD_JSON_H
#define RD_JSON_H

#include <stdint.h>

#include "replyd.h"

#define JSON_DEPTH 200    /* of nesting, both ways: the C stack is finite */
#define JSON_STEP 256     /* bytes that are copied in one of rd_lua_steps' units */

/* The table at index is marked as an array. */
int rd_json_is_array(lua_State *L, int index);

/* What the encoder keeps in the registry. */
void rd_json_open_encoder(lua_State *L);

/* replyd.json.encode */
int rd_json_encode(lua_State *L);

#endif
