/*
 * config_secret.h - secrets that stand in the configuration file itself.
 */
#ifndef RD_APP_CONFIG_SECRET_H
#define RD_APP_CONFIG_SECRET_H

#include "app/config_read.h"

/* Warns, once, of a secret written in a file that anybody on this machine can read. */
void rd_config_warn_secrets(struct rd_config_reader *r);

#endif
