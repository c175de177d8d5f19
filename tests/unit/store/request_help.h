/*
 * request_help.h - requests to the store in one line each, for the tests of store/ and gateway/.
 *
 * A reply is a number below 32, a set of replies a mask.
 */
#ifndef RD_TESTS_REQUEST_HELP_H
#define RD_TESTS_REQUEST_HELP_H

#include "store/store.h"

/* The key of reply number n. */
struct rd_reply_key reply_key(uint32_t n);
/* An answer "text" that holds the replies of mask (bit n: reply n). */
struct rd_answer *answer_of(const char *text, unsigned mask);
/* Adds the replies of mask to a request. */
void add_replies(struct rd_store_request *r, unsigned mask);
void add_effect(struct rd_store_request *r, enum rd_effect kind, const char *key,
                const char *value);
/* early with its answer, a message and replies. */
struct rd_store_request *early_of(const char *key, const char *text, unsigned in, unsigned replies);
struct rd_store_request *final_of(const char *key, enum rd_row_state to, const char *text,
                                  unsigned in, unsigned replies);
struct rd_store_request *kv_of(enum rd_store_op op, const char *name);

#endif
