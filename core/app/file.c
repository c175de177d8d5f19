/* file.c - see file.h. Blocking; called at start, by commands and by the loader. */
#include "app/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define FILE_STEP 16384

static int
file_read_all(int fd, struct rd_buf *out)
{
    ssize_t n;

    do {
        size_t room = out->limit - out->n < FILE_STEP ? out->limit - out->n + 1 : FILE_STEP;
        char step[FILE_STEP + 1];

        n = read(fd, step, room);    /* one byte above the limit tells that there is more */
        if (n > 0 && rd_buf_put(out, step, (size_t)n) != 0)
            return out->error;
    } while (n > 0 || (n < 0 && errno == EINTR));
    return n == 0 ? 0 : RD_E_IO;
}

/* Closes fd, keeps the errno of what was done with it. */
static int
file_close(int fd, int status)
{
    int saved = errno;

    close(fd);
    errno = saved;
    return status;
}

int
rd_file_read(const char *path, struct rd_buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);    /* a pipe's end is not waited for */
    struct stat st;

    if (fd < 0)
        return errno == ENXIO ? RD_E_NOT_A_FILE : RD_E_IO;    /* a socket cannot be opened */
    if (fstat(fd, &st) != 0)
        return file_close(fd, RD_E_IO);
    if (!S_ISREG(st.st_mode))
        return file_close(fd, RD_E_NOT_A_FILE);
    return file_close(fd, file_read_all(fd, out));
}

int
rd_file_read_stream(const char *path, struct rd_buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    return fd < 0 ? RD_E_IO : file_close(fd, file_read_all(fd, out));
}

bool
rd_file_is_world_readable(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && (st.st_mode & S_IROTH) != 0;
}

bool
rd_file_is_world_writable(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && (st.st_mode & S_IWOTH) != 0;
}

static int
file_make_one(const char *path, mode_t mode)
{
    struct stat st;

    if (mkdir(path, mode) == 0)
        return 0;
    if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return 0;
    if (errno == EEXIST)
        errno = ENOTDIR;
    return RD_E_IO;
}

int
rd_file_make_folder(const char *path)
{
    char part[PATH_MAX];
    int n = snprintf(part, sizeof part, "%s", path);

    if (n <= 0 || (size_t)n >= sizeof part) {
        errno = ENAMETOOLONG;
        return RD_E_IO;
    }
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (file_make_one(part, 0755) != 0)
            return RD_E_IO;
        *slash = '/';
    }
    return file_make_one(part, 0700);
}
