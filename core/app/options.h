/*
 * options.h - every configuration key, once: type, default, range, sentence, and
 * where its value goes.
 *
 * A key of a nested table is written with a dot ("log.format"); "*" stands for
 * any account or route. Plugins' own keys stand behind the core's. The table is
 * read by the configuration (config_read.c) and printed by `replyd help config`.
 */
#ifndef RD_APP_OPTIONS_H
#define RD_APP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "replyd.h"

struct rd_config_reader;

/* What becomes of a value that has passed the checks of its type. */
enum rd_option_into {
    RD_INTO_SLICE,     /* struct rd_slice */
    RD_INTO_U64,       /* uint64_t, the type's unit */
    RD_INTO_NS,        /* uint64_t nanoseconds, from a duration */
    RD_INTO_SIZE,      /* size_t */
    RD_INTO_UINT,      /* unsigned */
    RD_INTO_ENUM,      /* enum: number of the word */
    RD_INTO_READ,      /* read() does all, type checks too */
    RD_INTO_PLUGIN,    /* the list of plugins' values */
    RD_INTO_KEPT,      /* struct rd_slice, kept; its capability comes later: one warning */
    RD_INTO_NOTHING,   /* its capability comes later: checked, one warning, ignored */
};

struct rd_option {
    struct rd_option_row row;    /* row.key is the full key */
    enum rd_option_into into;
    size_t offset;               /* in struct rd_config, rd_account or rd_route */
    const char *words;           /* the strings that are allowed, "fast|full"; NULL: any */
    bool secret;                 /* its value is never shown */
    bool main_account;           /* offset is in the account that account_sid names */
    /* Reads the value on top of the Lua stack; base is the struct that offset is for. */
    void (*read)(struct rd_config_reader *r, const struct rd_option *o, void *base);
};

/* All rows, the core's in the order of the help; ends with a row without key. */
const struct rd_option *rd_options(void);

/* The row of a full key, NULL when there is none. */
const struct rd_option *rd_option_find(const char *key);

#endif
