/*
 * hash.h - SipHash-2-4 with a key that is random in each process, so that
 * nobody outside can make keys collide (Aumasson and Bernstein, 2012).
 */
#ifndef RD_BASE_HASH_H
#define RD_BASE_HASH_H

#include <stdint.h>

#include "base/slice.h"

/* Draws the process's key; once, before threads start. Aborts if the kernel has no randomness. */
void rd_hash_seed(void);

/* 64-bit hash of the bytes; differs between processes. */
uint64_t rd_hash(struct rd_slice s);

/* 64 random bits of the kernel. */
uint64_t rd_random64(void);

/* 64-bit FNV-1a: the same in every process and version; not for tables that an outsider fills. */
uint64_t rd_hash_stable(uint64_t seed, struct rd_slice s);

#endif
