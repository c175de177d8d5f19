/*
 * naive.h - the rules of forms and signatures once more, as plainly as they can be
 * written: every byte on its own, every step a copy. Nothing is shared with core.
 */
#ifndef RD_TESTS_NAIVE_H
#define RD_TESTS_NAIVE_H

#include <stddef.h>

struct naive_text {
    unsigned char *p;
    size_t n;
};

struct naive_pair {
    struct naive_text name, value;
};

/* Decodes a form; returns the pairs (free with naive_free) and their number. */
struct naive_pair *naive_form(const char *form, size_t n, size_t *count);
void naive_free(struct naive_pair *pairs, size_t count);

/* The signature over url and pairs (sorted in place; NULL and 0: none). */
void naive_signature(const char *token, size_t token_n, const char *url, size_t url_n,
                     struct naive_pair *pairs, size_t count, char out[29]);

#endif
