/*
 * json.h - what the two halves of replyd.json share.
 */
#ifndef RD_JSON_H
#define RD_JSON_H

#include <stdint.h>

#include "replyd.h"

#define JSON_DEPTH 200    /* of nesting, both ways: the C stack is finite */

/* The table at index is marked as an array. */
int rd_json_is_array(lua_State *L, int index);

/* replyd.json.encode */
int rd_json_encode(lua_State *L);

#endif
