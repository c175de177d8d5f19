/* serve_admin.c - what the admin listener tells of the process. Called by serve.c on main. */
#include "app/process.h"

#include "base/log.h"

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

/* "http://127.0.0.1:43211","https://...": nothing in it that JSON would escape. */
static void
admin_listeners(void *process, struct rd_buf *json)
{
    const struct rd_process *p = process;

    for (size_t i = 0; i < p->n_listen; i++) {
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

int
rd_process_start_admin(struct rd_process *p, struct rd_buf *why)
{
    const struct rd_admin_calls calls = {
        .ready = admin_is_ready, .generation = admin_generation, .listeners = admin_listeners,
        .public_urls = admin_public_urls, .data = p,
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
