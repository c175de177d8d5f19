/* config_help.c - see config_help.h. */
#include "app/config_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/file.h"
#include "net/tls.h"

struct rd_config_args config_help_args;
const char *config_help_errors, *config_help_warnings;

static struct rd_config *last;
static struct rd_buf errors, warnings;
static char folder[PATH_MAX];

void
config_help_write(const char *path, const char *text)
{
    char parent[PATH_MAX];
    FILE *f;

    snprintf(parent, sizeof parent, "%s", path);
    if (strrchr(parent, '/') != NULL) {
        *strrchr(parent, '/') = 0;
        assert_int_equal(rd_file_make_folder(parent), 0);
    }
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    chmod(path, 0600);
}

void
config_help_make_certificate(void)
{
    struct rd_tls_context *tls = NULL;
    struct rd_buf why;

    rd_buf_init(&why, 4096);
    assert_int_equal(rd_tls_self_signed(".", "localhost", &tls, &why), 0);
    rd_tls_context_unref(tls);
    rd_buf_free(&why);
}

int
config_help_setup(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    snprintf(folder, sizeof folder, "%s/replyd-config-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    clearenv();
    setenv("PATH", "/usr/bin:/bin", 1);
    setenv("HOME", "/home/somebody", 1);
    if (errors.limit == 0) {
        rd_buf_init(&errors, 1 << 20);
        rd_buf_init(&warnings, 1 << 20);
    }
    config_help_args = (struct rd_config_args){ .file = "replyd.lua" };
    config_help_write("scripts/main.lua", "return function() end\n");
    return 0;
}

int
config_help_teardown(void **state)
{
    char command[PATH_MAX + 16];

    (void)state;
    rd_config_free(last);
    last = NULL;
    rd_buf_free(&errors);
    rd_buf_free(&warnings);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return chdir("/") == 0 ? system(command) : -1;
}

struct rd_config *
config_help_load(const char *text)
{
    char file[16384];

    if (text != NULL) {
        snprintf(file, sizeof file, "return { %s }\n", text);
        config_help_write("replyd.lua", file);
    }
    rd_config_free(last);
    rd_buf_reset(&errors);
    rd_buf_reset(&warnings);
    (void)rd_config_load(&config_help_args, &last, &errors, &warnings);
    rd_buf_put_char(&errors, 0);
    rd_buf_put_char(&warnings, 0);
    config_help_errors = errors.p;
    config_help_warnings = warnings.p;
    assert_true((last == NULL) == (errors.n > 1));
    return last;
}
