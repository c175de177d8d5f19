/* reply_text.c - see reply_text.h. Pure; called by reply_value.c. */
#include "script/reply_text.h"

#include <string.h>

#include "base/utf8.h"

/* Some text, and no byte below `least`. */
static bool
text_is(struct rd_slice text, unsigned char least)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < least || text.p[i] == 0x7f)
            return false;
    return text.n > 0;
}

bool
rd_reply_is_address(struct rd_slice address)
{
    return text_is(address, ' ');
}

bool
rd_reply_is_url(struct rd_slice url)
{
    return text_is(url, ' ' + 1);
}

bool
rd_reply_is_media(struct rd_slice url)
{
    size_t colon = rd_slice_find(url, ':');
    struct rd_slice scheme = rd_slice_make(url.p, colon), rest = rd_slice_skip(url, colon);

    return rd_reply_is_url(url) && rd_slice_starts(rest, RD_LIT("://")) && rest.n > 3
        && (rd_slice_eq_nocase(scheme, RD_LIT("http"))
            || rd_slice_eq_nocase(scheme, RD_LIT("https")));
}

bool
rd_reply_is_link(struct rd_slice url)
{
    size_t n = 0;

    while (n < url.n && strchr(":/?#", url.p[n]) == NULL)
        n++;
    return rd_reply_is_media(url) || (rd_reply_is_url(url) && (n == url.n || url.p[n] != ':'));
}

bool
rd_reply_is_callback(struct rd_slice url)
{
    return rd_reply_is_media(url) || (rd_reply_is_url(url) && url.p[0] == '/');
}

bool
rd_reply_is_method(struct rd_slice method)
{
    return rd_slice_eq(method, RD_LIT("GET")) || rd_slice_eq(method, RD_LIT("POST"));
}

int
rd_reply_forbidden(struct rd_slice body)
{
    int n = 0;

    while (body.n > 0) {
        size_t bytes = rd_utf8_forbidden(body);

        if (bytes == 0)
            return 0;
        body = rd_slice_skip(body, bytes);
        n++;
    }
    return n;
}
