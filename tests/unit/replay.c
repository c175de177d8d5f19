/* replay.c - see replay.h. Called from tests/unit/fuzz only. */
#include "replay.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define REPLAY_MOST 65536

/* The input has memory of its own size, so that reading past its end is seen. */
static void
replay_bytes(const unsigned char *p, size_t n, int (*target)(const unsigned char *, size_t))
{
    unsigned char *copy = malloc(n > 0 ? n : 1);

    assert_non_null(copy);
    memcpy(copy, p, n);
    target(copy, n);
    free(copy);
}

static void
replay_file(const char *path, int (*target)(const unsigned char *, size_t))
{
    static unsigned char bytes[REPLAY_MOST];
    FILE *f = fopen(path, "rb");
    size_t n;

    if (f == NULL)
        fail_msg("%s: cannot be read", path);
    n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    for (size_t i = 0; i <= n; i++)
        replay_bytes(bytes, i, target);
}

void
replay_corpus(const char *name, int (*target)(const unsigned char *, size_t))
{
    char folder[512], path[1024];
    struct dirent *entry;
    size_t files = 0;
    DIR *d;

    snprintf(folder, sizeof folder, "%s/fuzz/corpus/%s", TESTS_DIR, name);
    d = opendir(folder);
    if (d == NULL)
        fail_msg("%s: cannot be read", folder);
    while ((entry = readdir(d)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        replay_file(path, target);
        files++;
    }
    closedir(d);
    print_message("%zu files\n", files);
    assert_true(files > 0);
}
