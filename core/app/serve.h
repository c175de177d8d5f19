/*
 * serve.h - `replyd run`: starts all threads, serves until SIGTERM, reloads on
 * SIGHUP.
 */
#ifndef RD_APP_SERVE_H
#define RD_APP_SERVE_H

#include "app/config.h"

/* Returns the process's exit code (RD_EXIT_*). */
int rd_serve(const struct rd_config_args *args);

#endif
