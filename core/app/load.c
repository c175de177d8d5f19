/* load.c - see load.h. Blocking; called by the loader thread and by commands. */
#include "app/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/config.h"
#include "app/file.h"
#include "base/error.h"
#include "base/mem.h"
#include "gateway/lua_msg.h"
#include "gateway/lua_text.h"

static int
load_read(struct rd_slice path, struct rd_buf *text, struct rd_buf *error)
{
    char *name = strndup(path.p, path.n);
    int status;

    rd_buf_init(text, RD_LOAD_SCRIPT);
    status = name ? rd_file_read(name, text) : RD_E_NOMEM;
    if (status != 0)
        rd_buf_printf(error, "%.*s: %s\n", RD_PRI(path),
                      status == RD_E_IO ? strerror(errno) : rd_error_text(status));
    free(name);
    return status;
}

/* Adds the STOP and START words of a route; HELP words may be keywords. */
static size_t
load_reserve(const struct rd_opt_out_words *words, struct rd_slice *out, size_t n)
{
    for (size_t i = 0; i < words->n; i++)
        if (words->at[i].kind != RD_OPT_OUT_HELP)
            out[n++] = words->at[i].word;
    return n;
}

/* What no keyword of a script may be, by the routes that lead to it; malloc'd. */
static void
load_reserved(const struct rd_config *c, unsigned script, struct rd_script_source *to)
{
    const struct rd_opt_out_words *general = c->opt_out_words;
    struct rd_slice *out = NULL;
    size_t n = 0;

    if (general == NULL)
        general = &rd_opt_out_standard;
    for (size_t i = 0; i < c->n_routes; i++) {
        const struct rd_opt_out_words *words = c->routes[i].opt_out_words;

        if (c->routes[i].script != script)
            continue;
        if (words == NULL)
            words = general;
        out = rd_realloc(out, (n + words->n + 1) * sizeof *out);
        n = load_reserve(words, out, n);
    }
    to->reserved = out;
    to->n_reserved = n;
}

struct rd_generation *
rd_load_generation(const struct rd_config *config, const struct rd_script_host *host,
                   void *snapshot, void (*snapshot_free)(void *snapshot), struct rd_buf *error)
{
    size_t n = config->n_scripts;
    struct rd_script_source *sources = rd_calloc(n + 1, sizeof *sources);
    struct rd_buf *texts = rd_calloc(n + 1, sizeof *texts);
    struct rd_generation *g = NULL;
    int status = 0;

    for (size_t i = 0; i < n && status == 0; i++) {
        status = load_read(config->scripts[i], &texts[i], error);
        sources[i] = (struct rd_script_source){ .path = config->scripts[i],
                                                .text = rd_buf_slice(&texts[i]) };
        load_reserved(config, (unsigned)i, &sources[i]);
    }
    if (status == 0)
        g = rd_generation_load(&(struct rd_generation_spec){
            .scripts = sources, .n_scripts = n, .root = config->script_root,
            .limits = config->script, .n_workers = config->script_threads, .host = host,
            .snapshot = snapshot, .snapshot_free = snapshot_free,
        }, error);
    for (size_t i = 0; i < n; i++) {
        rd_buf_free(&texts[i]);
        free((void *)(uintptr_t)sources[i].reserved);
    }
    free(texts);
    free(sources);
    return g;
}

static const struct rd_plugin_value *
load_option(void *config, const char *key)
{
    return config ? rd_config_plugin_value(config, rd_slice_str(key)) : NULL;
}

static int64_t
load_option_number(void *config, const char *key)
{
    const struct rd_plugin_value *v = load_option(config, key);

    return v ? v->number : 0;
}

static const char *
load_option_text(void *config, const char *key)
{
    const struct rd_plugin_value *v = load_option(config, key);

    return v ? v->text.p : NULL;
}

int
rd_load_open(const char **why)
{
    rd_lua_msg_register();
    rd_lua_text_register();
    rd_script_set_options(load_option_number, load_option_text);
    return rd_script_init(why);
}

void
rd_load_close(void)
{
    rd_script_exit();
}
