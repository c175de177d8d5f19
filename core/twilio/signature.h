/*
 * signature.h - X-Twilio-Signature: made and checked.
 *
 * signature = base64(HMAC-SHA1(token, URL + parameters)), parameters as name and
 * value without any separator, sorted by the bytes of the names; the values of
 * a repeated name sorted, equal ones once. A webhook whose body is no form is
 * signed by URL alone, whose bodySHA256 then vouches for the body
 * (twilio-facts section 1). Pure: no I/O, no log, no clock.
 */
#ifndef RD_TWILIO_SIGNATURE_H
#define RD_TWILIO_SIGNATURE_H

#include "base/message.h"
#include "base/metric.h"
#include "base/slice.h"
#include "twilio/sha1.h"

#define RD_SIGNATURE_TEXT 28    /* base64 of 20 bytes */

/* An auth token, ready to sign: the HMAC's inner and outer pads are hashed already. Secret. */
struct rd_token {
    struct rd_sha1 inner, outer;
};

/* Takes the bytes of text as they are (a stray newline is part of the token). */
void rd_token_init(struct rd_token *t, struct rd_slice text);
void rd_token_wipe(struct rd_token *t);

/* What a signature covers, by method and Content-Type. */
enum rd_signature_mode {
    RD_SIGNED_URL,     /* GET, HEAD: the URL alone; a body is not covered and must not be used */
    RD_SIGNED_FORM,    /* form POST: URL and parameters */
    RD_SIGNED_BODY     /* any other body: URL with bodySHA256 */
};

/* An absent Content-Type counts as a form. */
enum rd_signature_mode rd_signature_mode(struct rd_slice method, struct rd_slice content_type);

struct rd_signature_input {
    enum rd_signature_mode mode;
    const struct rd_slice *headers;    /* every X-Twilio-Signature header, as it came */
    size_t n_headers;
    const struct rd_slice *urls;       /* what may be signed (http/public_url), best first */
    size_t n_urls;
    const struct rd_params *params;    /* RD_SIGNED_FORM: every parameter of the body */
    struct rd_slice body;              /* RD_SIGNED_BODY: the raw body */
    const struct rd_token *tokens;     /* the account's; two while one is rotated */
    size_t n_tokens;
};

/*
 * The index of the token that matches, or RD_E_FORBIDDEN with the reason in *failure (for the log
 * only: the caller must not learn it), or RD_E_NOMEM (only above 64 parameters). Time depends on
 * lengths and on which candidate is right, never on how much of a wrong signature is.
 */
int rd_signature_check(const struct rd_signature_input *in, enum rd_signature_failure *failure);

/* Signs as Twilio does; params may be NULL. out: 28 characters and a NUL. 0 or RD_E_NOMEM. */
int rd_signature_make(const struct rd_token *t, struct rd_slice url, const struct rd_params *params,
                      char out[RD_SIGNATURE_TEXT + 1]);

/* A text for the log, never NULL. */
const char *rd_signature_failure_text(enum rd_signature_failure failure);

#endif
