/*
 * details.h - what a message may carry beside its text, as rows: which
 * parameter becomes which field of msg, and how it is read.
 *
 * Names: twilio-facts section 2. Rows only say what is where; the parameters
 * themselves stay what Twilio sent (msg.params).
 */
#ifndef RD_TWILIO_DETAILS_H
#define RD_TWILIO_DETAILS_H

#include <stdbool.h>

#include "base/message.h"

enum rd_detail_kind {
    RD_DETAIL_TEXT,       /* as sent */
    RD_DETAIL_INTEGER,    /* decimal digits */
    RD_DETAIL_NUMBER,     /* decimal degrees */
    RD_DETAIL_FLAG,       /* "true" or "false" */
    RD_DETAIL_JSON,       /* JSON in a string; a value of the script's language */
};

/*        table       field           parameter                       kind */
#define RD_DETAILS(X)                                                              \
    X("",         "segments",     "NumSegments",                  INTEGER)         \
    X("",         "profile_name", "ProfileName",                  TEXT)            \
    X("",         "wa_id",        "WaId",                         TEXT)            \
    X("",         "forwarded",    "Forwarded",                    FLAG)            \
    X("location", "latitude",     "Latitude",                     NUMBER)          \
    X("location", "longitude",    "Longitude",                    NUMBER)          \
    X("location", "address",      "Address",                      TEXT)            \
    X("location", "label",        "Label",                        TEXT)            \
    X("button",   "text",         "ButtonText",                   TEXT)            \
    X("button",   "payload",      "ButtonPayload",                TEXT)            \
    X("button",   "type",         "ButtonType",                   TEXT)            \
    X("list",     "id",           "ListId",                       TEXT)            \
    X("list",     "title",        "ListTitle",                    TEXT)            \
    X("referral", "body",         "ReferralBody",                 TEXT)            \
    X("referral", "headline",     "ReferralHeadline",             TEXT)            \
    X("referral", "source_id",    "ReferralSourceId",             TEXT)            \
    X("referral", "source_type",  "ReferralSourceType",           TEXT)            \
    X("referral", "source_url",   "ReferralSourceUrl",            TEXT)            \
    X("referral", "media_id",     "ReferralMediaId",              TEXT)            \
    X("referral", "media_type",   "ReferralMediaContentType",     TEXT)            \
    X("referral", "media_url",    "ReferralMediaUrl",             TEXT)            \
    X("referral", "click_id",     "ReferralCtwaClid",             TEXT)            \
    X("quoted",   "id",           "OriginalRepliedMessageSid",    TEXT)            \
    X("quoted",   "from",         "OriginalRepliedMessageSender", TEXT)            \
    X("flow",     "data",         "FlowData",                     JSON)            \
    X("flow",     "raw",          "FlowData",                     TEXT)            \
    X("flow",     "interactive",  "InteractiveData",              JSON)            \
    X("geo.from", "city",         "FromCity",                     TEXT)            \
    X("geo.from", "state",        "FromState",                    TEXT)            \
    X("geo.from", "zip",          "FromZip",                      TEXT)            \
    X("geo.from", "country",      "FromCountry",                  TEXT)            \
    X("geo.to",   "city",         "ToCity",                       TEXT)            \
    X("geo.to",   "state",        "ToState",                      TEXT)            \
    X("geo.to",   "zip",          "ToZip",                        TEXT)            \
    X("geo.to",   "country",      "ToCountry",                    TEXT)

struct rd_detail {
    const char *table;    /* "" is msg itself, "geo.to" a table in a table */
    const char *name;
    const char *param;
    enum rd_detail_kind kind;
};

/* All rows, those of one table together; the last one has name == NULL. */
extern const struct rd_detail rd_details[];

/* The value of a row: {NULL, 0} when the parameter is absent or empty. */
struct rd_slice rd_detail_get(const struct rd_params *params, const struct rd_detail *d);

/* Value of a flag; false when it is neither "true" nor "false" (any case). */
bool rd_detail_flag(struct rd_slice s, bool *value);

/* A decimal number as Twilio writes degrees ("-0.2197976"); false for anything else. */
bool rd_detail_number(struct rd_slice s, double *value);

/* Decimal digits, at most 18 of them. */
bool rd_detail_integer(struct rd_slice s, long long *value);

#endif
