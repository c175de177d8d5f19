/*
 * config_value.h - the readers of option rows whose values are lists, tables or
 * have a grammar of their own. Named in the table of options.c; each reads the
 * value on top of the Lua stack (config_read.h).
 */
#ifndef RD_APP_CONFIG_VALUE_H
#define RD_APP_CONFIG_VALUE_H

#include "app/config_read.h"

typedef void rd_config_reader_fn(struct rd_config_reader *r, const struct rd_option *o, void *base);

/* config_value.c */
rd_config_reader_fn rd_config_read_listen, rd_config_read_public_url, rd_config_read_proxies,
    rd_config_read_admin, rd_config_read_store, rd_config_read_api_url, rd_config_read_reply,
    rd_config_read_waiting_reply, rd_config_read_later;

/* config_route.c */
rd_config_reader_fn rd_config_read_tokens, rd_config_read_accounts, rd_config_read_routes,
    rd_config_read_path, rd_config_read_script, rd_config_read_patterns,
    rd_config_read_countries;

/* config_words.c */
rd_config_reader_fn rd_config_read_opt_out_words, rd_config_read_status_callback;

/* The number of a script in config->scripts; added when it is new. path is relative to the file. */
unsigned rd_config_add_script(struct rd_config_reader *r, struct rd_slice path);

/* Calls fn for the string on top, or for each string of the list on top; else an error. */
void rd_config_each_string(struct rd_config_reader *r, const struct rd_option *o, void *base,
                           const char *what, rd_config_reader_fn *fn);

/* Strings on top: 1, or the length of the list. */
size_t rd_config_count_strings(struct rd_config_reader *r);

/* A loopback address (127.0.0.0/8, ::1). */
bool rd_config_is_loopback(struct rd_slice host);

#endif
