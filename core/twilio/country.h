/*
 * country.h - the country that a telephone number belongs to, by its prefix.
 *
 * E.164 country codes, and within +1, +7, +44 and a few others the longer prefixes
 * that tell countries apart. A number tells where it was issued, not where its
 * owner is.
 */
#ifndef RD_TWILIO_COUNTRY_H
#define RD_TWILIO_COUNTRY_H

#include <stdbool.h>

#include "base/slice.h"

/* code: two letters of ISO 3166, upper case. */
bool rd_country_is_known(struct rd_slice code);

/* phone: E.164, "+" and digits. Countries that share their prefix all have the number. */
bool rd_country_has(struct rd_slice code, struct rd_slice phone);

#endif
