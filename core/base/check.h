/*
 * check.h - assertions that stay in release builds, and magic numbers.
 *
 * Every struct that crosses a callback or a thread begins with a magic number;
 * RD_CHECK at each entry turns a stale pointer into one clear line and an
 * abort, instead of into the next release's bug report.
 */
#ifndef RD_BASE_CHECK_H
#define RD_BASE_CHECK_H

#include <stdint.h>

/* Says what failed and where on standard error, then aborts. */
_Noreturn void rd_check_failed(const char *what, const char *file, int line);

#define RD_ASSERT(cond)                                                      \
    ((cond) ? (void)0 : rd_check_failed(#cond, __FILE__, __LINE__))

/* The object is not NULL and carries its magic number. */
#define RD_CHECK(obj, value)                                                 \
    RD_ASSERT((obj) != NULL && (obj)->magic == (value))

/* Four readable bytes as a magic number: RD_MAGIC('e','x','c','h'). */
#define RD_MAGIC(a, b, c, d)                                                 \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

/* What a freed object's magic becomes. */
#define RD_DEAD RD_MAGIC('d', 'e', 'a', 'd')

#endif
