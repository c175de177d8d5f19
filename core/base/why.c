/* why.c - names of the rows in why.h. No state. */
#include "base/why.h"

const char *
rd_why_name(enum rd_why why)
{
    static const char *const names[RD_WHY_COUNT] = {
        [RD_WHY_none] = "?",
#define ROW(name, text) [RD_WHY_##name] = #name,
        RD_WHYS(ROW)
#undef ROW
    };

    return (unsigned)why < RD_WHY_COUNT ? names[why] : "?";
}
