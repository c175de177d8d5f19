/*
 * config_read.h - checks a Lua table against the option rows and stores it.
 *
 * Inside the configuration only. All functions work on the value on top of the
 * Lua stack and leave the stack as they found it; all run inside one protected
 * call, so that running out of the state's memory is an error like any other.
 */
#ifndef RD_APP_CONFIG_READ_H
#define RD_APP_CONFIG_READ_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#include "app/config.h"
#include "app/options.h"

#define RD_CONFIG_ROWS 256     /* most option rows, plugins' included */
#define RD_CONFIG_PATH 256     /* longest "routes[1].path" in an error */

struct rd_config_reader {
    lua_State *L;
    struct rd_config *config;
    const struct rd_config_args *args;
    struct rd_buf *errors, *warnings;
    const char *file;                /* as shown; NULL: none */
    struct rd_slice source;          /* its text, for line numbers */
    struct rd_slice folder;          /* where relative paths begin: "" or with a slash at the end */
    struct rd_account main;          /* account_sid, auth_token, api_key, api_secret */
    char path[RD_CONFIG_PATH];       /* of the value being read: "routes[1].deadline" */
    bool failed;
    bool is_default;                 /* a row's default is being read: no line, no warning */
    bool set[RD_CONFIG_ROWS];        /* by row: given by the file */
    const char *later[RD_CONFIG_ROWS];    /* keys that have had their warning */
    size_t n_later;
};

/* One line about the value at r->path. */
void rd_config_error(struct rd_config_reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void rd_config_warn(struct rd_config_reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "expected X, found Y": Y is the value on top of the stack, its text only when it is no secret. */
void rd_config_expected(struct rd_config_reader *r, const struct rd_option *o, const char *what);

/* Appends ".name" or "[index]" to r->path; gives what rd_config_leave needs to take it off. */
size_t rd_config_enter(struct rd_config_reader *r, const char *name);
size_t rd_config_enter_index(struct rd_config_reader *r, size_t index);
void rd_config_leave(struct rd_config_reader *r, size_t mark);

/* The table on top: keys that have a row below prefix ("" or "routes.*."); others are errors. */
void rd_config_read_table(struct rd_config_reader *r, const char *prefix, void *base);

/* The value on top, for one row. */
void rd_config_read_value(struct rd_config_reader *r, const struct rd_option *o, void *base);

/* Reads each row's default into the configuration. */
void rd_config_read_defaults(struct rd_config_reader *r);

/* The string on top, copied into the configuration's arena. */
struct rd_slice rd_config_keep(struct rd_config_reader *r);
struct rd_slice rd_config_keep_text(struct rd_config_reader *r, struct rd_slice text);

/* Zeroed memory in the configuration's arena. */
void *rd_config_alloc(struct rd_config_reader *r, size_t count, size_t size);

/* The file has set this key. */
bool rd_config_was_set(const struct rd_config_reader *r, const char *key);

/* path below the folder of the configuration file unless it is absolute; in the arena. */
struct rd_slice rd_config_resolve(struct rd_config_reader *r, struct rd_slice path);

#endif
