/* outcome.c - names of the rows in outcome.h. No state. */
#include "base/outcome.h"

#include <stddef.h>
#include <string.h>

const char *
rd_outcome_name(enum rd_outcome outcome)
{
    static const char *const names[RD_OUTCOME_COUNT] = {
#define ROW(name, text) [RD_OUTCOME_##name] = #name,
        RD_OUTCOMES(ROW)
#undef ROW
    };

    return (unsigned)outcome < RD_OUTCOME_COUNT ? names[outcome] : "?";
}

const char *
rd_outcome_failure(const char *name)
{
    static const char *const texts[RD_OUTCOME_COUNT] = {
#define ROW(name, text) [RD_OUTCOME_##name] = text,
        RD_OUTCOMES(ROW)
#undef ROW
    };

    for (enum rd_outcome o = RD_OUTCOME_error; rd_outcome_is_failure(o); o++)
        if (strcmp(rd_outcome_name(o), name) == 0)
            return texts[o];
    return NULL;
}
