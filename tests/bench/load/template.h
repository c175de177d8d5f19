/*
 * template.h - messages before they are signed: every request gets its own SID.
 *
 * A replayed MessageSid would be answered from memory, cheaper than a message. So
 * the file (messages.py) holds requests with holes, filled and signed at sending:
 * HMAC-SHA1 of 600 bytes costs 0.5 us here, a tenth of what sending costs.
 */
#ifndef RD_BENCH_TEMPLATE_H
#define RD_BENCH_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RD_TEMPLATE_REQUEST 4096    /* bytes of the longest request */

struct rd_template;

struct rd_template_file {
    struct rd_template *at;
    size_t n;
};

/* Reads the file, takes the auth token; ends the process with a message when it cannot. */
struct rd_template_file rd_template_read(const char *path, const char *token);

/*
 * Fills request with template number's bytes (number modulo their count) and signs it. The SID
 * depends on number and on a seed of this process: no two requests of a run have the same.
 * Returns the length.
 */
size_t rd_template_fill(struct rd_template_file *f, uint64_t number,
                        char request[RD_TEMPLATE_REQUEST]);

/* Is body the answer to request number? It must hold the message's own text and token. */
bool rd_template_answers(struct rd_template_file *f, uint64_t number, const char *body, size_t n);

#endif
