/*
 * config_rules.h - what must hold between the values of a configuration, and the
 * defaults that depend on other values.
 */
#ifndef RD_APP_CONFIG_RULES_H
#define RD_APP_CONFIG_RULES_H

#include "app/config_read.h"

/* Fills in what is missing, then checks; errors and warnings go to the reader. */
void rd_config_apply_rules(struct rd_config_reader *r);

#endif
