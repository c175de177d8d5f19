/*
 * config.c - see config.h. Puts the parts together: file, defaults, flags, rules.
 * Called by the commands at start and by the loader at a reload.
 */
#include "app/config.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/config_lua.h"
#include "app/config_read.h"
#include "app/config_rules.h"
#include "app/file.h"
#include "base/error.h"
#include "base/mem.h"

#define CONFIG_FILE (1 << 20)       /* bytes of replyd.lua */
#define CONFIG_ARENA (64 << 20)     /* above anything that the file's Lua state can hold */
#define CONFIG_DEFAULT "replyd.lua"

/* ---- flags ---------------------------------------------------------------------- */

static void
config_push_list(lua_State *L, const char *const *list, size_t n)
{
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        lua_pushstring(L, list[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void
config_read_flag(struct rd_config_reader *r, const char *flag, const char *key,
                 const char *const *list, size_t n)
{
    if (n == 0)
        return;
    snprintf(r->path, sizeof r->path, "%s", flag);
    config_push_list(r->L, list, n);
    rd_config_read_value(r, rd_option_find(key), r->config);
    lua_pop(r->L, 1);
    r->path[0] = 0;
}

/* ---- loading -------------------------------------------------------------------- */

/* Everything that needs Lua. */
static void
config_read_all(struct rd_config_reader *r)
{
    rd_config_read_defaults(r);
    if (r->file != NULL) {
        rd_config_run_file(r);
        rd_config_read_table(r, "", r->config);
        lua_pop(r->L, 1);
    }
    config_read_flag(r, "--listen", "listen", r->args->listen, r->args->n_listen);
    config_read_flag(r, "--public-url", "public_url", r->args->public_urls,
                     r->args->n_public_urls);
}

/* Which file there is to read: the named one, or replyd.lua when it exists. */
static int
config_open_file(struct rd_config_reader *r, struct rd_buf *source)
{
    const char *path = r->args->file;
    const char *slash;
    int status;

    if (path == NULL && access(CONFIG_DEFAULT, F_OK) != 0)
        return 0;
    path = path ? path : CONFIG_DEFAULT;
    slash = strrchr(path, '/');
    r->folder = rd_slice_make(path, slash ? (size_t)(slash - path) + 1 : 0);
    status = rd_file_read(path, source);
    if (status != 0) {
        rd_buf_printf(r->errors, "%s: %s\n", path,
                      status == RD_E_IO ? strerror(errno) : rd_error_text(status));
        return status;
    }
    r->file = path;
    r->source = rd_buf_slice(source);
    return 0;
}

static struct rd_config *
config_new(void)
{
    struct rd_config *c = rd_calloc(1, sizeof *c);

    c->magic = RD_CONFIG_MAGIC;
    c->recover_ms = 10 * 60 * 1000;    /* until its key is in use: the documented default */
    rd_arena_init(&c->arena, CONFIG_ARENA);
    return c;
}

int
rd_config_load(const struct rd_config_args *args, struct rd_config **out,
               struct rd_buf *errors, struct rd_buf *warnings)
{
    struct rd_config_reader *r = rd_calloc(1, sizeof *r);
    struct rd_buf source;

    rd_buf_init(&source, CONFIG_FILE);
    r->config = config_new();
    r->args = args;
    r->errors = errors;
    r->warnings = warnings;
    r->failed = config_open_file(r, &source) != 0;
    if (!r->failed)
        rd_config_with_lua(r, config_read_all);
    if (!r->failed || r->config->n_listen > 0)
        rd_config_apply_rules(r);
    if (r->file != NULL)
        r->config->path = rd_config_keep_text(r, rd_slice_str(r->file));
    *out = r->failed ? NULL : r->config;
    if (r->failed)
        rd_config_free(r->config);
    rd_memzero(source.p, source.cap);
    rd_buf_free(&source);
    free(r);
    return *out ? 0 : RD_E_CONFIG;
}

static void
config_wipe(struct rd_slice s)
{
    if (s.n > 0)
        rd_memzero((char *)(uintptr_t)s.p, s.n);    /* it is a copy in our arena */
}

void
rd_config_free(struct rd_config *config)
{
    if (config == NULL)
        return;
    RD_CHECK(config, RD_CONFIG_MAGIC);
    for (size_t i = 0; i < config->n_accounts; i++) {
        struct rd_account *a = &config->accounts[i];

        for (size_t k = 0; k < a->n_tokens; k++)
            config_wipe(a->tokens[k]);
        config_wipe(a->api_secret);
    }
    config_wipe(config->basic_password);
    config_wipe(config->basic_auth);
    rd_reply_free(config->waiting_reply);
    rd_reply_free(config->fallback_reply);
    rd_arena_free(&config->arena);
    config->magic = RD_DEAD;
    free(config);
}

/* ---- reload ------------------------------------------------------------------------ */

static bool
config_same_listen(const struct rd_config *a, const struct rd_config *b)
{
    if (a->n_listen != b->n_listen)
        return false;
    for (size_t i = 0; i < a->n_listen; i++)
        if (!rd_slice_eq(a->listen[i].text, b->listen[i].text))
            return false;
    return true;
}

int
rd_config_same_at_start(const struct rd_config *now, const struct rd_config *next,
                        struct rd_buf *errors)
{
    const struct {
        const char *key;
        bool same;
    } fixed[] = {
        { "listen", config_same_listen(now, next) },
        { "state", rd_slice_eq(now->state, next->state) },
        { "store", rd_slice_eq(now->store, next->store) },
        { "admin", rd_slice_eq(now->admin, next->admin) },
        { "front_threads", now->front_threads == next->front_threads },
        { "script_threads", now->script_threads == next->script_threads },
    };
    int status = 0;

    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (!fixed[i].same) {
            rd_buf_printf(errors, "%.*s%s%s: changed, which needs a restart\n", RD_PRI(next->path),
                          next->path.n ? ": " : "", fixed[i].key);
            status = RD_E_CONFIG;
        }
    return status;
}

const struct rd_plugin_value *
rd_config_plugin_value(const struct rd_config *config, struct rd_slice key)
{
    for (size_t i = 0; i < config->n_plugin_values; i++)
        if (rd_slice_eq(config->plugin_values[i].key, key))
            return &config->plugin_values[i];
    return NULL;
}
