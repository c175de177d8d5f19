/*
 * sha1.h - SHA-1 (FIPS 180-4), by the processor's own instructions where it has them.
 *
 * Only for signatures, which Twilio makes with it. On other processors mbedTLS does the work; both
 * take a time that depends on lengths alone.
 */
#ifndef RD_TWILIO_SHA1_H
#define RD_TWILIO_SHA1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RD_SHA1_BLOCK 64
#define RD_SHA1_HASH 20

/* May be copied: what was hashed so far, e.g. the pad of an HMAC's key. */
struct rd_sha1 {
    uint32_t state[5];
    uint64_t n;                            /* bytes so far */
    unsigned char block[RD_SHA1_BLOCK];    /* the last n % 64 of them */
};

void rd_sha1_init(struct rd_sha1 *s);
void rd_sha1_update(struct rd_sha1 *s, const void *p, size_t n);
/* Ends it; s may not be used again. */
void rd_sha1_final(struct rd_sha1 *s, unsigned char hash[RD_SHA1_HASH]);

/* For tests: off leaves the processor's instructions alone. Returns whether they are used now. */
bool rd_sha1_use_instructions(bool on);

#endif
