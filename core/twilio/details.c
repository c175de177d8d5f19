/* details.c - see details.h. Pure; called by gateway when a script asks for a field. */
#include "twilio/details.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DETAILS_NUMBER 40    /* longer than any coordinate */
#define DETAILS_DIGITS 18

#define DETAILS_ROW(table, name, param, kind) { table, name, param, RD_DETAIL_##kind },
const struct rd_detail rd_details[] = { RD_DETAILS(DETAILS_ROW) { NULL, NULL, NULL, 0 } };
#undef DETAILS_ROW

struct rd_slice
rd_detail_get(const struct rd_params *params, const struct rd_detail *d)
{
    struct rd_slice value = rd_params_get(params, rd_slice_str(d->param));

    return value.n > 0 ? value : rd_slice_make(NULL, 0);
}

static bool
details_is(struct rd_slice s, const char *word)
{
    return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

bool
rd_detail_flag(struct rd_slice s, bool *value)
{
    *value = details_is(s, "true");
    return *value || details_is(s, "false");
}

static bool
details_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* [-+] digits [. digits] [E [-+] digits]: strtod alone would take "nan", "0x1" and blanks too. */
bool
rd_detail_number(struct rd_slice s, double *value)
{
    char text[DETAILS_NUMBER + 1], *end;

    if (s.n == 0 || s.n > DETAILS_NUMBER || s.p[0] == '.')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!details_is_digit(s.p[i]) && (s.p[i] == '\0' || strchr("+-.eE", s.p[i]) == NULL))
            return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    *value = strtod(text, &end);
    return *end == '\0' && *value > -1e300 && *value < 1e300;
}

bool
rd_detail_integer(struct rd_slice s, long long *value)
{
    *value = 0;
    if (s.n == 0 || s.n > DETAILS_DIGITS)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!details_is_digit(s.p[i]))
            return false;
        *value = *value * 10 + (s.p[i] - '0');
    }
    return true;
}
