/* serve_admin.c - what the admin listener tells of the process. Called by serve.c on main. */
#include "app/process.h"

#include <stdlib.h>
#include <yyjson.h>

#include "base/log.h"
#include "base/log_recent.h"
#include "base/utf8.h"
#include "gateway/refusals.h"

static bool
admin_is_ready(void *process)
{
    return atomic_load(&((struct rd_process *)process)->state) == RD_SERVING;
}

static uint64_t
admin_generation(void *process)
{
    return rd_generation_number(((struct rd_process *)process)->generation);
}

/* "http://127.0.0.1:43211","https://...": nothing that JSON would escape. None while ending. */
static void
admin_listeners(void *process, struct rd_buf *json)
{
    const struct rd_process *p = process;

    for (size_t i = 0; i < p->n_listen && p->listen[i].fd >= 0; i++) {
        rd_buf_put_str(json, i ? ",\"" : "\"");
        rd_address_print(&p->addresses[i], p->listen[i].fd, json);
        rd_buf_put_char(json, '"');
    }
}

static void
admin_public_urls(void *process, struct rd_buf *json)
{
    const struct rd_config *c = rd_process_config(process);

    for (size_t i = 0; i < c->n_public_urls; i++) {
        const struct rd_public_url *u = &c->public_urls[i];

        rd_buf_printf(json, "%s\"%.*s://%.*s%s%.*s%.*s\"", i ? "," : "", RD_PRI(u->scheme),
                      RD_PRI(u->host), u->port.n ? ":" : "", RD_PRI(u->port), RD_PRI(u->prefix));
    }
}

/* The lines as a list of JSON strings; they are UTF-8 or get U+FFFD. */
static void
admin_put_lines(struct rd_slice lines, struct rd_buf *json)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *list = yyjson_mut_arr(doc);
    struct rd_arena a;
    size_t size = 0;
    char *text;

    rd_arena_init(&a, 16 * RD_LOG_RECENT);
    while (lines.n > 0) {
        struct rd_slice line = rd_slice_make(lines.p, rd_slice_find(lines, '\n'));
        struct rd_slice clean = rd_utf8_repair(line, &a);

        yyjson_mut_arr_add_strncpy(doc, list, clean.p ? clean.p : "", clean.n);
        lines = rd_slice_skip(lines, line.n + 1);
    }
    yyjson_mut_doc_set_root(doc, list);
    text = yyjson_mut_write(doc, 0, &size);
    if (text != NULL)
        rd_buf_put(json, text, size);
    free(text);
    yyjson_mut_doc_free(doc);
    rd_arena_free(&a);
}

static void
admin_explain_sid(void *process, struct rd_slice sid, struct rd_buf *json)
{
    struct rd_process *p = process;
    struct rd_buf lines;

    rd_buf_init(&lines, 2 * RD_LOG_RECENT);
    if (sid.n > 0)
        rd_log_recent_find(sid, &lines);
    rd_buf_put_str(json, "{\"refused\":");
    rd_refusals_print(p->gateway.refusals, rd_process_config(p), sid, json);
    rd_buf_put_str(json, ",\"lines\":");
    admin_put_lines(rd_buf_slice(&lines), json);
    rd_buf_put_str(json, "}\n");
    rd_buf_free(&lines);
}

int
rd_process_start_admin(struct rd_process *p, struct rd_buf *why)
{
    const struct rd_admin_calls calls = {
        .ready = admin_is_ready, .generation = admin_generation, .listeners = admin_listeners,
        .public_urls = admin_public_urls, .explain = admin_explain_sid, .data = p,
    };
    struct rd_slice address = rd_process_config(p)->admin;
    struct rd_log_line l;
    int error = address.n ? rd_admin_start(&p->loop, address, &calls, &p->admin, why) : 0;

    if (error == 0 && p->admin != NULL && rd_log_begin(&l, RD_LOG_INFO, "admin")) {
        rd_log_slice(&l, "listening", rd_admin_address(p->admin));
        rd_log_end(&l);
    }
    return error;
}
