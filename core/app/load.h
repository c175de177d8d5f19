/*
 * load.h - from a configuration to a generation: reads the script files, builds
 * the VMs. The same for run, reload and check.
 */
#ifndef RD_APP_LOAD_H
#define RD_APP_LOAD_H

#include "gateway/config.h"
#include "script/script.h"

/*
 * Loads the plugins, registers what scripts see: once, before any other thread. Configurations are
 * where plugins' option values come from. 0, or an error with its reason in *why (static text).
 */
int rd_load_open(const char **why);
void rd_load_close(void);

#define RD_LOAD_SCRIPT (1 << 20)    /* bytes of one script file */

/*
 * Builds the generation on the calling thread. `snapshot` (with snapshot_free) becomes the
 * generation's, or stays the caller's when it fails: NULL, and file:line and reason in error. The
 * VMs are config->script_threads; host may be NULL.
 */
struct rd_generation *rd_load_generation(const struct rd_config *config,
                                         const struct rd_script_host *host, void *snapshot,
                                         void (*snapshot_free)(void *snapshot),
                                         struct rd_buf *error);

#endif
