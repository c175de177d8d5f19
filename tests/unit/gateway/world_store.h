/* world_store.h - what the files of world.h share; no test includes this. */
#ifndef RD_TESTS_WORLD_STORE_H
#define RD_TESTS_WORLD_STORE_H

#include "gateway/world.h"

/* Delivers what lies in the script thread's mailbox. */
void world_pump(void);
void world_verdict(struct world_ticket *t, const struct rd_verdict *verdict);
unsigned world_key_of(const struct rd_message *m);
struct world_run *world_new_run(struct rd_task *t);
void world_append(struct rd_store_request **list, struct rd_store_request *r);
unsigned world_replies(const struct rd_store_reply *reply);
/* The mask of a request's effects, and whose they are; NULL when it has none. */
struct world_run *world_effects(const struct rd_store_request *r, unsigned *mask);
struct rd_slice world_key(unsigned key, char out[8]);

#endif
