/*
 * twiml.h - a reply as the XML document that Twilio reads.
 *
 * A total function: every rd_reply gives a well-formed document, in one
 * canonical form. What XML 1.0 forbids is left out, invalid UTF-8 becomes U+FFFD.
 * What Twilio would refuse for other reasons (more than 10 messages, long
 * bodies) is not looked at: that is gateway/limits.
 */
#ifndef RD_TWILIO_TWIML_H
#define RD_TWILIO_TWIML_H

#include "base/buf.h"
#include "base/reply.h"

#define RD_TWIML_CONTENT_TYPE "text/xml; charset=utf-8"
#define RD_TWIML_EMPTY "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>"

/*
 * Appends the document to out; r may be NULL (nothing to say). Returns how many characters had to
 * be left out because XML forbids them (for xml_repairs_total), or the error of out.
 */
int rd_twiml_write(const struct rd_reply *r, struct rd_buf *out);

#endif
