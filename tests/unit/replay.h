/*
 * replay.h - runs a fuzz target over its corpus, as a unit test.
 */
#ifndef RD_TESTS_REPLAY_H
#define RD_TESTS_REPLAY_H

#include <stddef.h>

/* Every file of tests/fuzz/corpus/NAME, and every beginning of it; fails without files. */
void replay_corpus(const char *name, int (*target)(const unsigned char *, size_t));

#endif
