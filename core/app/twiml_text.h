/*
 * twiml_text.h - a TwiML document as a person reads it.
 */
#ifndef RD_APP_TWIML_TEXT_H
#define RD_APP_TWIML_TEXT_H

#include "base/buf.h"
#include "base/slice.h"

/*
 * Appends each message's text, its media and what else stands in the document, a line each with
 * `indent` before every line but the first. 0, or RD_E_INVALID when xml is no <Response>.
 */
int rd_twiml_text(struct rd_slice xml, const char *indent, struct rd_buf *out);

#endif
