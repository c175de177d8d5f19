/* basic_auth.c - see basic_auth.h. Pure; called by VERIFY. */
#include "gateway/basic_auth.h"

/* Looks at every byte of what was sent, wherever it differs. */
static bool
basic_equal(struct rd_slice sent, struct rd_slice wanted)
{
    volatile unsigned char difference = sent.n != wanted.n;

    for (size_t i = 0; i < sent.n; i++)
        difference |= (unsigned char)(sent.p[i] ^ wanted.p[i % wanted.n]);
    return difference == 0;
}

bool
rd_basic_auth_passes(const struct rd_config *c, const struct rd_http_request *r)
{
    const struct rd_slice scheme = RD_LIT("Basic ");
    size_t count;
    struct rd_slice sent = rd_http_header_get(r, RD_LIT("authorization"), &count);

    if (c->basic_auth.n == 0)
        return true;
    if (count != 1 || sent.n <= scheme.n
        || !rd_slice_eq_nocase(rd_slice_make(sent.p, scheme.n), scheme))
        return false;
    return basic_equal(rd_slice_trim(rd_slice_skip(sent, scheme.n)), c->basic_auth);
}
