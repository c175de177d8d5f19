/*
 * memory.h - the parts of the "memory" backend: rows (memory.c) and key/value
 * pairs (memory_kv.c). Used by these two only, on the store's thread.
 */
#ifndef RD_STORE_MEMORY_H
#define RD_STORE_MEMORY_H

#include "store/store.h"

#define MEMORY_MAGIC RD_MAGIC('m', 'e', 'm', 's')

struct memory_kv {
    struct memory_pair **buckets;
    size_t n, n_buckets;
};

void rd_memory_kv_open(struct memory_kv *kv);
void rd_memory_kv_close(struct memory_kv *kv);
/* The effects of r; its number is that of the last RECENT. */
void rd_memory_kv_apply(struct memory_kv *kv, struct rd_store_request *r);
int rd_memory_kv_get(struct memory_kv *kv, struct rd_store_request *r);
int rd_memory_kv_list(struct memory_kv *kv, struct rd_store_request *r);
int rd_memory_kv_incr(struct memory_kv *kv, struct rd_store_request *r);
int rd_memory_kv_cas(struct memory_kv *kv, struct rd_store_request *r);
int rd_memory_kv_rank(struct memory_kv *kv, struct rd_store_request *r);

#endif
