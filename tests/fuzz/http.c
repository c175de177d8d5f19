/*
 * http.c - fuzz target: any bytes as what a client sends, cut in two anywhere.
 *
 * The answers are the same as for the bytes in one piece, every response is complete, and
 * the server is as empty afterwards as before. Run: tests/fuzz/run http.
 */
#include <string.h>

#include "base/check.h"
#include "pipe.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);

static struct pipe pipe_;

static void
http_answer(struct rd_slice bytes, size_t cut, struct rd_buf *out)
{
    static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct rd_slice got;

    pipe_open(&pipe_);
    pipe_feed(&pipe_, rd_slice_make(bytes.p, cut));
    pipe_feed(&pipe_, rd_slice_skip(bytes, cut));
    if (pipe_.link.conn != NULL)
        rd_memory_end(&pipe_.link);
    RD_ASSERT(pipe_.link.conn == NULL || pipe_.link.conn->state == RD_CONN_LINGER);
    got = pipe_taken(&pipe_);
    rd_buf_reset(out);
    while (got.n > 0) {    /* without the 100s, which depend on what was there already */
        const char *at = memmem(got.p, got.n, interim, sizeof interim - 1);
        size_t before = at ? (size_t)(at - got.p) : got.n;

        rd_buf_put(out, got.p, before);
        got = rd_slice_skip(got, before + sizeof interim - 1);
    }
    pipe_close(&pipe_);
    RD_ASSERT(pipe_.gones == 0 && pipe_.server->hub.n == 0);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
    struct rd_slice bytes = rd_slice_make((const char *)data, n);
    struct rd_buf whole, cut;

    if (pipe_.server == NULL)
        pipe_start(&pipe_);
    if (n < 2)
        return 0;
    rd_buf_init(&whole, 64 << 20);
    rd_buf_init(&cut, 64 << 20);
    bytes = rd_slice_skip(bytes, 2);
    http_answer(bytes, 0, &whole);
    http_answer(bytes, bytes.n ? (data[0] * 256u + data[1]) % bytes.n : 0, &cut);
    RD_ASSERT(whole.error == 0 && rd_slice_eq(rd_buf_slice(&whole), rd_buf_slice(&cut)));
    rd_buf_free(&whole);
    rd_buf_free(&cut);
    return 0;
}
