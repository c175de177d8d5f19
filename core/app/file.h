/*
 * file.h - whole small files: configuration, secrets, scripts.
 */
#ifndef RD_APP_FILE_H
#define RD_APP_FILE_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Appends the file to out, whose limit is the largest size. 0, RD_E_TOO_BIG, RD_E_NOT_A_FILE for
 * what is not a regular file (a pipe could block for ever), or RD_E_IO with errno set.
 */
int rd_file_read(const char *path, struct rd_buf *out);

/* The same for a command's argument, which may be a pipe or a device: waits for its end. */
int rd_file_read_stream(const char *path, struct rd_buf *out);

/* Somebody other than owner and group may read it (false when it cannot be looked at). */
bool rd_file_is_world_readable(const char *path);

/* A folder in which anybody may make and remove files. */
bool rd_file_is_world_writable(const char *path);

/* Makes a folder (0700) and those above it (0755) unless they exist; 0, or RD_E_IO and errno. */
int rd_file_make_folder(const char *path);

#endif
