/* tls_session.c - TLS is not there yet: contexts cannot be made, connections not attached. */
#include "base/error.h"
#include "net/tls.h"
#include "net/transport.h"

const struct rd_transport rd_transport_tls = { .name = "tls" };

struct rd_tls_context *
rd_tls_context_ref(struct rd_tls_context *t)
{
    return t;
}

void
rd_tls_context_unref(struct rd_tls_context *t)
{
    (void)t;
}

int
rd_tls_attach(struct rd_conn *c, struct rd_tls_context *t)
{
    (void)c;
    (void)t;
    return RD_E_UNSUPPORTED;
}

void
rd_tls_handshake(struct rd_conn *c)
{
    (void)c;
}

int
rd_tls_self_signed(const char *dir, const char *hostname, struct rd_tls_context **out,
                   struct rd_buf *why)
{
    (void)dir;
    (void)hostname;
    *out = NULL;
    rd_buf_put_str(why, "no TLS yet");
    return RD_E_UNSUPPORTED;
}
