/*
 * explain_variants.h - what explain.c tries: one list for each thing that may be
 * wrong. Each entry says how unlikely it is (cost) and, for the sentence, what it
 * supposes. The first entry of a list is what was received, at cost 0.
 */
#ifndef RD_GATEWAY_EXPLAIN_VARIANTS_H
#define RD_GATEWAY_EXPLAIN_VARIANTS_H

#include "gateway/explain.h"

#define RD_EXPLAIN_BASES 160
#define RD_EXPLAIN_TARGETS 16
#define RD_EXPLAIN_FORMS 16
#define RD_EXPLAIN_TOKENS 64

/* Scheme, host, port, prefix. */
struct rd_explain_base {
    struct rd_public_url url;
    unsigned cost;
    bool forwarded;         /* X-Forwarded-* of a peer that is not trusted says so */
    bool is_no_setting;     /* no public_url would make it so: the path was changed on its way */
};

/* Path and query. */
struct rd_explain_target {
    struct rd_slice text;
    unsigned cost;
    const char *note;       /* "with a slash at its end" */
};

/* What of the request is signed besides the URL. */
struct rd_explain_form {
    enum rd_signature_mode mode;
    struct rd_params params;
    unsigned cost;
    const char *clause;     /* "the values had no blanks around them" */
};

struct rd_explain_token {
    const struct rd_token *key;
    struct rd_slice sid;    /* whose it is; empty: any account's */
    unsigned cost;
};

struct rd_explain_variants {
    struct rd_arena arena;
    struct rd_explain_base bases[RD_EXPLAIN_BASES];
    struct rd_explain_target targets[RD_EXPLAIN_TARGETS];
    struct rd_explain_form forms[RD_EXPLAIN_FORMS];
    struct rd_explain_token tokens[RD_EXPLAIN_TOKENS];
    struct rd_explain_base spare;    /* written for one that is not added */
    size_t n_bases, n_targets, n_forms, n_tokens;
};

/* Lists that are full or whose memory is spent are cut short. */
void rd_explain_variants_make(struct rd_explain_variants *v, const struct rd_explain *e);
void rd_explain_variants_free(struct rd_explain_variants *v);

/* explain_forms.c: the forms of v. */
void rd_explain_forms_make(struct rd_explain_variants *v, const struct rd_http_request *r);

#endif
