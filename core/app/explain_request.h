/*
 * explain_request.h - a request as it came over the wire, kept in a file: would this
 * configuration accept it, and if not, what would have matched?
 */
#ifndef RD_APP_EXPLAIN_REQUEST_H
#define RD_APP_EXPLAIN_REQUEST_H

#include <yyjson.h>

#include "gateway/config.h"

/* The text begins like a request: "POST /sms HTTP/1.1". */
bool rd_explain_request_is(struct rd_slice text);

/*
 * {"method":, "path":, "account":, "why": sentence, "tried": n} as a new object of doc; NULL when
 * the head does not end. c is prepared (rd_config_prepare). Lines may end with LF alone.
 */
yyjson_mut_val *rd_explain_request(yyjson_mut_doc *doc, const struct rd_config *c,
                                   struct rd_slice text);

#endif
