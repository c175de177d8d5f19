/*
 * config.h - reads replyd.lua, flags and environment into a struct rd_config.
 *
 * The same code serves run, check and reload. All or nothing: with one error
 * there is no configuration. Each error and warning is a line of text that
 * begins with file:line where that is known.
 */
#ifndef RD_APP_CONFIG_H
#define RD_APP_CONFIG_H

#include <stddef.h>

#include "base/buf.h"
#include "gateway/config.h"

/* What the command line says; NULL and 0: nothing. Strings must outlive the call only. */
struct rd_config_args {
    const char *file;               /* -c; NULL: ./replyd.lua, if there is one */
    const char *const *listen;      /* --listen, in place of the file's */
    size_t n_listen;
    const char *const *public_urls; /* --public-url, likewise */
    size_t n_public_urls;
    const char *state;              /* --state */
    const char *script;             /* SCRIPT; NULL: scripts/main.lua beside the file */
    bool client;                    /* for a command that only talks to the server: no script, token
                                       or public_url is missed */
};

/* 0, or RD_E_CONFIG with one line for each mistake in errors. Blocking; any thread. */
int rd_config_load(const struct rd_config_args *args, struct rd_config **out,
                   struct rd_buf *errors, struct rd_buf *warnings);

/* Wipes the secrets. NULL is ignored. */
void rd_config_free(struct rd_config *config);

/*
 * Reload: 0 when nothing has changed that is fixed at start (listen, state, store, admin, thread
 * counts), else RD_E_CONFIG and a line for each in errors.
 */
int rd_config_same_at_start(const struct rd_config *now, const struct rd_config *next,
                            struct rd_buf *errors);

/* Value of a plugin's option ("debug.x"); NULL when no plugin has it. */
const struct rd_plugin_value *rd_config_plugin_value(const struct rd_config *config,
                                                     struct rd_slice key);

#endif
