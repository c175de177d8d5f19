/* outcome.c - names of the rows in outcome.h. No state. */
#include "base/outcome.h"

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
