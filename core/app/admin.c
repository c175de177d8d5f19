/*
 * admin.c - see admin.h. Owns the HTTP server of the admin listener; its socket is
 * made by admin_socket.c. Called by main's thread only; answers at once.
 */
#include "app/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/admin_socket.h"
#include "base/check.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"
#include "http/server.h"
#include "version.h"

#define ADMIN_MAGIC RD_MAGIC('a', 'd', 'm', 'n')
#define ADMIN_TEXT (1 << 20)    /* bytes of an answer */

/* Requests are small, clients few and on this machine. */
static const struct rd_http_limits admin_limits = {
    .max_body = 4096, .max_head = 16384, .max_headers = 100, .max_line = 4096,
    .handshake_timeout = 5000, .request_timeout = 10000, .idle_timeout = 75000,
    .answer_timeout = 10000, .max_connections = 64,
};

struct rd_admin {
    uint32_t magic;
    struct rd_http_server *server;
    struct rd_admin_calls calls;
    struct rd_admin_socket socket;
};

struct admin_reply {
    int status;
    struct rd_slice type;
    struct rd_buf body;
};

static const struct rd_http_header admin_allow = { RD_LIT("Allow"), RD_LIT("GET, HEAD") };

/* ---- pages ---------------------------------------------------------------------- */

typedef void admin_page_fn(struct rd_admin *a, const struct rd_http_request *r,
                           struct admin_reply *reply);

static void
admin_say(struct admin_reply *reply, int status, const char *text)
{
    reply->status = status;
    rd_buf_printf(&reply->body, "%s\n", text);
}

static void
admin_healthz(struct rd_admin *a, const struct rd_http_request *r, struct admin_reply *reply)
{
    (void)a;
    (void)r;
    admin_say(reply, 200, "ok");
}

static void
admin_readyz(struct rd_admin *a, const struct rd_http_request *r, struct admin_reply *reply)
{
    bool ready = a->calls.ready(a->calls.data);

    (void)r;
    admin_say(reply, ready ? 200 : 503, ready ? "ready" : "not ready");
}

static void
admin_metrics(struct rd_admin *a, const struct rd_http_request *r, struct admin_reply *reply)
{
    (void)a;
    (void)r;
    reply->type = RD_LIT("text/plain; version=0.0.4; charset=utf-8");
    rd_metric_print(&reply->body);
}

static void
admin_info(struct rd_admin *a, const struct rd_http_request *r, struct admin_reply *reply)
{
    struct rd_buf *b = &reply->body;

    (void)r;
    reply->type = RD_LIT("application/json");
    rd_buf_printf(b, "{\"version\":\"%s\",\"commit\":\"%s\",\"pid\":%ld,\"ready\":%s,"
                  "\"generation\":%llu,\"listeners\":[", RD_VERSION, RD_COMMIT, (long)getpid(),
                  a->calls.ready(a->calls.data) ? "true" : "false",
                  (unsigned long long)a->calls.generation(a->calls.data));
    a->calls.listeners(a->calls.data, b);
    rd_buf_put_str(b, "],\"public_urls\":[");
    a->calls.public_urls(a->calls.data, b);
    rd_buf_put_str(b, "]}\n");
}

static void
admin_explain(struct rd_admin *a, const struct rd_http_request *r, struct admin_reply *reply)
{
    reply->type = RD_LIT("application/json");
    a->calls.explain(a->calls.data, rd_slice_skip(r->path, sizeof "/explain/" - 1), &reply->body);
}

#ifdef RD_TEST
static void
admin_fault(struct rd_admin *a, const struct rd_http_request *r, struct admin_reply *reply)
{
    struct rd_slice name = rd_slice_skip(r->path, sizeof "/fault/" - 1);
    int status = 0;

    (void)a;
    if (rd_slice_eq(r->method, RD_LIT("POST")))
        status = rd_fault_set(name, r->body);
    if (rd_fault_hits(name) < 0)
        admin_say(reply, 404, "no such fault point");
    else if (status != 0)
        admin_say(reply, 400, "a command is stall, pass, release or fail=N");
    else
        rd_buf_printf(&reply->body, "hits=%ld stalled=%ld\n", rd_fault_hits(name),
                      rd_fault_stalled(name));
}

/* A log line of main's: after two of them, one read after the other, all older lines are read. */
static void
admin_mark(struct rd_admin *a, const struct rd_http_request *r, struct admin_reply *reply)
{
    struct rd_slice name = rd_slice_skip(r->path, sizeof "/mark/" - 1);

    (void)a;
    rd_log_msg(RD_LOG_ERROR, "mark", "%.*s", RD_PRI(name));
    rd_buf_put_str(&reply->body, "marked\n");
}
#endif

static const struct {
    struct rd_slice path;
    bool prefix;
    admin_page_fn *page;
} admin_pages[] = {
    { RD_LIT("/healthz"), false, admin_healthz },
    { RD_LIT("/readyz"), false, admin_readyz },
    { RD_LIT("/metrics"), false, admin_metrics },
    { RD_LIT("/info"), false, admin_info },
    { RD_LIT("/explain/"), true, admin_explain },
#ifdef RD_TEST
    { RD_LIT("/fault/"), true, admin_fault },
    { RD_LIT("/mark/"), true, admin_mark },
#endif
};

/* ---- requests --------------------------------------------------------------------- */

static void
admin_find_page(struct rd_admin *a, const struct rd_http_request *r, struct admin_reply *reply)
{
    bool post = rd_slice_eq(r->method, RD_LIT("POST"));

    for (size_t i = 0; i < sizeof admin_pages / sizeof *admin_pages; i++) {
        struct rd_slice path = admin_pages[i].path;

        if (!(admin_pages[i].prefix ? rd_slice_starts(r->path, path) : rd_slice_eq(r->path, path)))
            continue;
        if (!rd_slice_eq(r->method, RD_LIT("GET")) && !rd_slice_eq(r->method, RD_LIT("HEAD"))
            && !(post && admin_pages[i].prefix))
            admin_say(reply, 405, "only GET");
        else
            admin_pages[i].page(a, r, reply);
        return;
    }
    admin_say(reply, 404, "not found: /healthz /readyz /metrics /info /explain/SID");
}

static void
admin_on_request(struct rd_http_stream *s, const struct rd_http_request *r, void *data)
{
    struct rd_admin *a = data;
    struct admin_reply reply = { .status = 200, .type = RD_LIT("text/plain; charset=utf-8") };

    RD_CHECK(a, ADMIN_MAGIC);
    rd_buf_init(&reply.body, ADMIN_TEXT);
    admin_find_page(a, r, &reply);
    rd_http_respond(s, &(struct rd_http_response){
        .status = reply.status, .type = reply.type, .body = rd_buf_slice(&reply.body),
        .headers = &admin_allow, .n_headers = reply.status == 405,
    });
    rd_buf_free(&reply.body);
}

/* Every request is answered from inside admin_on_request: there is nothing to forget. */
static void
admin_on_gone(struct rd_http_stream *s, void *data)
{
    (void)s;
    (void)data;
}

/* ---- start and stop ------------------------------------------------------------------ */

int
rd_admin_start(uv_loop_t *loop, struct rd_slice address, const struct rd_admin_calls *calls,
               struct rd_admin **out, struct rd_buf *why)
{
    struct rd_admin *a = rd_calloc(1, sizeof *a);
    struct rd_http_service service = { admin_on_request, admin_on_gone, a, &admin_allow };
    struct rd_http_listen listen = { .fd = -1 };
    int status;

    a->magic = ADMIN_MAGIC;
    a->calls = *calls;
    status = rd_admin_socket_open(&a->socket, address, &listen.fd, why);
    if (status == 0) {
        status = rd_http_server_start(loop, &listen, 1, &admin_limits, &service, &a->server);
        close(listen.fd);    /* the server has its own duplicate */
        if (status != 0)
            rd_buf_printf(why, "admin: %s", rd_error_text(status));
        if (status != 0)
            rd_admin_socket_close(&a->socket);
    }
    if (status != 0) {
        free(a);
        return status;
    }
    rd_http_server_uncounted(a->server);
    *out = a;
    return 0;
}

struct rd_slice
rd_admin_address(const struct rd_admin *admin)
{
    return rd_slice_str(admin->socket.text);
}

void
rd_admin_stop(struct rd_admin *admin)
{
    if (admin == NULL)
        return;
    RD_CHECK(admin, ADMIN_MAGIC);
    rd_http_server_close(admin->server);
    rd_admin_socket_close(&admin->socket);
    admin->magic = RD_DEAD;
    free(admin);
}
