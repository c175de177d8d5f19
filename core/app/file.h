/*
 * file.h - whole small files: configuration, secrets, scripts.
 */
#ifndef RD_APP_FILE_H
#define RD_APP_FILE_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Appends the file to out, whose limit is the largest size. 0, RD_E_TOO_BIG, or RD_E_IO with errno
 * set (EISDIR for a folder).
 */
int rd_file_read(const char *path, struct rd_buf *out);

/* Somebody other than owner and group may read it (false when it cannot be looked at). */
bool rd_file_is_world_readable(const char *path);

/* Makes a folder (0700) and those above it (0755) unless they exist; 0, or RD_E_IO and errno. */
int rd_file_make_folder(const char *path);

#endif
