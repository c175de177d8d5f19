/*
 * memory.c - the link "memory": see memory.h.
 *
 * Owns nothing but the idle handle through whose close callback the connection
 * is freed. Called by tests and fuzzers, and by conn.c through rd_link_memory.
 */
#include "net/memory.h"

#include "base/error.h"
#include "net/tls.h"
#include "net/transport.h"

#define MEMORY_LIMIT ((size_t)64 << 20)

static void
memory_on_closed(uv_handle_t *handle)
{
    rd_conn_free(handle->data);
}

static void
memory_deliver_some(struct rd_memory_link *m)
{
    size_t room = 0;
    char *to = rd_conn_room(m->conn, &room);

    if (room == 0) {
        m->reading = false;
        m->conn->paused = true;
        return;
    }
    room = room < m->in.n ? room : m->in.n;
    memcpy(to, m->in.p, room);
    rd_buf_consume(&m->in, room);
    rd_conn_received(m->conn, room);
}

/* Not from within itself: a user that resumes while it is given bytes gets the rest afterwards. */
static void
memory_deliver(struct rd_memory_link *m)
{
    if (m->delivering)
        return;
    m->delivering = true;
    while (m->conn != NULL && m->reading && m->in.n > 0)
        memory_deliver_some(m);
    if (m->conn != NULL && m->reading && m->ended)
        rd_conn_on_eof(m->conn);
    m->delivering = false;
}

static void
memory_read(struct rd_conn *c, bool on)
{
    c->memory->reading = on;
    if (on)
        memory_deliver(c->memory);
}

static int
memory_write(struct rd_conn *c, const char *p, size_t n)
{
    struct rd_memory_link *m = c->memory;

    if (!m->blocked)
        return rd_buf_put(&m->out, p, n);
    if (m->waiting.n == 0)
        c->unsent++;
    return rd_buf_put(&m->waiting, p, n);
}

static void
memory_fin(struct rd_conn *c)
{
    c->memory->finished = true;
}

static void
memory_close(struct rd_conn *c)
{
    c->memory->conn = NULL;
    c->memory->finished = true;
    uv_close(&c->handle.any, memory_on_closed);
}

const struct rd_link rd_link_memory = {
    .name = "memory", .read = memory_read, .write = memory_write, .fin = memory_fin,
    .close = memory_close,
};

void
rd_memory_open(struct rd_memory_link *m, struct rd_hub *hub, struct rd_tls_context *tls)
{
    struct rd_conn *c = rd_conn_new(hub, &rd_link_memory, "memory", tls);

    *m = (struct rd_memory_link){ .conn = c };
    rd_buf_init(&m->in, MEMORY_LIMIT);
    rd_buf_init(&m->out, MEMORY_LIMIT);
    rd_buf_init(&m->waiting, MEMORY_LIMIT);
    c->memory = m;
    RD_ASSERT(uv_idle_init(hub->loop, &c->handle.idle) == 0);
    c->handle.any.data = c;
    RD_ASSERT(tls == NULL || rd_tls_attach(c, tls) == 0);
    rd_conn_enter(c, tls ? RD_CONN_HANDSHAKE : RD_CONN_FRESH);
    m->reading = true;
}

void
rd_memory_feed(struct rd_memory_link *m, struct rd_slice bytes)
{
    RD_ASSERT(rd_buf_put_slice(&m->in, bytes) == 0);
    memory_deliver(m);
}

void
rd_memory_end(struct rd_memory_link *m)
{
    m->ended = true;
    memory_deliver(m);
}

void
rd_memory_block(struct rd_memory_link *m, bool blocked)
{
    m->blocked = blocked;
    if (blocked || m->waiting.n == 0)
        return;
    RD_ASSERT(rd_buf_put_slice(&m->out, rd_buf_slice(&m->waiting)) == 0);
    rd_buf_reset(&m->waiting);
    if (m->conn == NULL)
        return;
    m->conn->unsent = 0;
    m->conn->hub->user->written(m->conn);
}

void
rd_memory_free(struct rd_memory_link *m)
{
    RD_ASSERT(m->conn == NULL);
    rd_buf_free(&m->in);
    rd_buf_free(&m->out);
    rd_buf_free(&m->waiting);
}
