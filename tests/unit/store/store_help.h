/*
 * store_help.h - a running store and somebody who asks it, for the tests of store/.
 *
 * The asker is the test's own thread: a uv loop with a mailbox. A test runs once
 * for every backend; nothing in it knows which.
 */
#ifndef RD_TESTS_STORE_HELP_H
#define RD_TESTS_STORE_HELP_H

#include <cmocka.h>

#include "store/request_help.h"

struct asker {
    struct rd_store *store;
    struct rd_store_spec spec;
    uv_loop_t loop;
    struct rd_mailbox mailbox;
    struct rd_store_request *first, **tail;    /* came back, oldest first */
    size_t n;
};

/* Opens `backend` with an hour of retention and much memory. */
void asker_open(struct asker *a, const char *backend);
void asker_close(struct asker *a);
/* Ends the store and starts it again with other limits; memory forgets, others do not. */
void asker_restart(struct asker *a, uint64_t retention_ms, uint64_t memory_limit);

void asker_post(struct asker *a, struct rd_store_request *r);
/* Waits until n requests have come back. */
void asker_wait(struct asker *a, size_t n);
/* The oldest that came back, the caller's; NULL when there is none. */
struct rd_store_request *asker_take(struct asker *a);
/* Frees the next n. */
void asker_drop(struct asker *a, size_t n);
/* Posts one and waits for just that one. */
struct rd_store_request *asker_ask(struct asker *a, struct rd_store_request *r);
/* The same, for its number or error alone. */
int asker_error(struct asker *a, struct rd_store_request *r);

/* ---- what is there ----------------------------------------------------------- */

/* State of a row, and its answer's text compared with `text` unless that is NULL. */
enum rd_row_state row_of(struct asker *a, const char *key, const char *text);
/* The next outbox rows, n at most, as a mask; none may come twice. */
unsigned outbox_of(struct asker *a, unsigned n);
/* The value of a key is just this; NULL: absent. */
void assert_value(struct asker *a, const char *name, const char *value);

/* Runs the tests of a file once for each backend; main returns what this returns. */
#define EVERY_BACKEND(tests)                                                             \
    every_backend((tests), sizeof(tests) / sizeof(tests)[0])
int every_backend(const struct CMUnitTest *tests, size_t n);
/* The store of the test that runs. */
extern struct asker asker;

#endif
