/*
 * log_fields.h - a line of replyd's own log, read back.
 */
#ifndef RD_APP_LOG_FIELDS_H
#define RD_APP_LOG_FIELDS_H

#include <yyjson.h>

#include "base/slice.h"

/*
 * The fields of a logfmt or JSON line as a new object of doc, values as strings or as JSON had
 * them; NULL when it is no line of ours (it has no event).
 */
yyjson_mut_val *rd_log_fields(yyjson_mut_doc *doc, struct rd_slice line);

#endif
