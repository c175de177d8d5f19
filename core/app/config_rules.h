/*
 * config_rules.h - what must hold between the values of a configuration, and the
 * defaults that depend on other values.
 */
#ifndef RD_APP_CONFIG_RULES_H
#define RD_APP_CONFIG_RULES_H

#include "app/config_read.h"

/* Fills in what is missing, then checks; errors and warnings go to the reader. */
void rd_config_apply_rules(struct rd_config_reader *r);

/* An earlier route takes everything that this one would: it can never match. -1: no such route. */
int rd_config_shadowed_by(const struct rd_config *config, size_t route);

#endif
