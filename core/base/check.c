/* check.c - what happens when an assertion fails. Called from anywhere; no state. */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

void
rd_check_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "replyd: %s:%d: assertion failed: %s\n", file, line, what);
    abort();
}
