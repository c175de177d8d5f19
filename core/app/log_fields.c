/* log_fields.c - see log_fields.h. Pure; called by `explain`. */
#include "app/log_fields.h"

#include <string.h>

/* Where the line begins: behind what syslog or the journal has put before it. */
static struct rd_slice
fields_start(struct rd_slice line, const char *mark)
{
    const char *at = line.n ? memmem(line.p, line.n, mark, strlen(mark)) : NULL;

    return at ? rd_slice_skip(line, (size_t)(at - line.p)) : rd_slice_make(NULL, 0);
}

static yyjson_mut_val *
fields_of_json(yyjson_mut_doc *doc, struct rd_slice line)
{
    yyjson_doc *parsed = line.n ? yyjson_read(line.p, line.n, YYJSON_READ_STOP_WHEN_DONE) : NULL;
    yyjson_val *root = yyjson_doc_get_root(parsed);
    yyjson_mut_val *copy = yyjson_is_obj(root) ? yyjson_val_mut_copy(doc, root) : NULL;

    yyjson_doc_free(parsed);
    return copy;
}

/* Length of "..." with its quotes; 0 when it does not end. Escapes are those of JSON. */
static size_t
fields_quoted(struct rd_slice s)
{
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] == '"')
            return i + 1;
        if (s.p[i] == '\\')
            i++;
    }
    return 0;
}

static void
fields_add(yyjson_mut_doc *doc, yyjson_mut_val *o, struct rd_slice key, yyjson_mut_val *value)
{
    if (value != NULL)
        yyjson_mut_obj_add(o, yyjson_mut_strncpy(doc, key.p, key.n), value);
}

static yyjson_mut_val *
fields_of_logfmt(yyjson_mut_doc *doc, struct rd_slice rest)
{
    yyjson_mut_val *o = yyjson_mut_obj(doc);

    while (rest.n > 0) {
        size_t equals = rd_slice_find(rest, '='), n;
        struct rd_slice key = rd_slice_make(rest.p, equals);
        struct rd_slice value = rd_slice_skip(rest, equals + 1);
        yyjson_doc *parsed;

        n = value.n > 0 && value.p[0] == '"' ? fields_quoted(value) : rd_slice_find(value, ' ');
        if (n == 0 && value.n > 0 && value.p[0] == '"')
            break;    /* cut off */
        if (n > 0 && value.p[0] == '"') {
            parsed = yyjson_read(value.p, n, 0);
            fields_add(doc, o, key, yyjson_val_mut_copy(doc, yyjson_doc_get_root(parsed)));
            yyjson_doc_free(parsed);
        } else {
            fields_add(doc, o, key, yyjson_mut_strncpy(doc, value.p ? value.p : "", n));
        }
        rest = rd_slice_skip(value, n + 1);
    }
    return o;
}

yyjson_mut_val *
rd_log_fields(yyjson_mut_doc *doc, struct rd_slice line)
{
    yyjson_mut_val *o = fields_of_json(doc, fields_start(line, "{\"ts\":"));
    struct rd_slice logfmt = fields_start(line, "ts=");

    if (o == NULL && logfmt.n > 0)
        o = fields_of_logfmt(doc, logfmt);
    return o != NULL && yyjson_mut_obj_get(o, "event") != NULL ? o : NULL;
}
