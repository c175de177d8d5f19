/*
 * config_help.h - loads a configuration given as text, in a folder of its own
 * that has scripts/main.lua in it. Used by the tests of app/.
 */
#ifndef CONFIG_HELP_H
#define CONFIG_HELP_H

#include "app/config.h"

/* Goes to a new temporary folder and empties the process's environment. */
int config_help_setup(void **state);
int config_help_teardown(void **state);

/* Writes a file, making its folder. */
void config_help_write(const char *path, const char *text);

/* Makes tls-cert.pem and tls-key.pem, which belong together. */
void config_help_make_certificate(void);

/* Loads "return { <text> }" (NULL: what is there) and frees the former one. NULL on errors. */
struct rd_config *config_help_load(const char *text);

extern struct rd_config_args config_help_args;    /* file and script may be changed by a test */
extern const char *config_help_errors, *config_help_warnings;    /* of the last load */

#define BASE "auth_token = 'tok', "

#endif
