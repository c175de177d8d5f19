/*
 * vectors.h - what the unit tests share: the JSON files of tests/vectors, random
 * bytes that can be repeated, and counts that follow REPLYD_SCALE.
 */
#ifndef RD_TESTS_VECTORS_H
#define RD_TESTS_VECTORS_H

#include <stdint.h>
#include <yyjson.h>

#include "base/message.h"
#include "base/slice.h"

/* tests/vectors/NAME; fails the test when it cannot be read. Free with yyjson_doc_free. */
yyjson_doc *vectors_load(const char *name);

/* The array at `key`, which must not be empty; prints its size. */
yyjson_val *vectors_list(yyjson_doc *doc, const char *key);

/* A string member as a slice; {NULL, 0} when it is absent or null. */
struct rd_slice vectors_slice(yyjson_val *object, const char *key);

/* A list of [name, value] pairs as parameters in the arena. */
struct rd_params vectors_params(yyjson_val *pairs, struct rd_arena *a);

/* full * REPLYD_SCALE (default 0.01), but never below least. */
size_t scaled(size_t full, size_t least);

/* Starts the random numbers with REPLYD_SEED or a fresh seed, and prints it. */
void random_start(void);
uint32_t random_below(uint32_t n);

#endif
