/*
 * secret.h - where a computation with secret bytes says its result aloud.
 *
 * tests/unit/twilio/test_constant_time marks a token as undefined memory and runs
 * under valgrind, which then objects to each branch and each address that
 * depends on it. The one bit that the caller may learn is marked defined here.
 */
#ifndef RD_BASE_SECRET_H
#define RD_BASE_SECRET_H

#include <stddef.h>

#if defined(RD_TEST) && defined(__has_include)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define RD_SECRET_CHECKED 1
#endif
#endif

/* From here on the n bytes at p are secret no more. */
static inline void
rd_secret_reveal(const volatile void *p, size_t n)
{
#ifdef RD_SECRET_CHECKED
    VALGRIND_MAKE_MEM_DEFINED(p, n);
#else
    (void)p;
    (void)n;
#endif
}

#endif
