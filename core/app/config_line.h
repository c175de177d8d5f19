/*
 * config_line.h - at which line of a Lua file a value of its table stands.
 */
#ifndef RD_APP_CONFIG_LINE_H
#define RD_APP_CONFIG_LINE_H

#include "base/slice.h"

/*
 * Line of the value that path names ("log.level", "routes[2].script") in the table that the source
 * returns; of the nearest enclosing value that is found; 0 when nothing is found. Only for
 * messages: reads tables as they are usually written, and runs nothing.
 */
unsigned rd_config_line(struct rd_slice source, const char *path);

#endif
