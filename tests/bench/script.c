/*
 * script.c - the engine alone, without gateway and network.
 *
 * script run FILE BODY   one handler with that msg.body; prints its answer (guard.py counts it)
 * script start N         N trivial handlers: CPU time of start and finish of one, beside the same
 *                        function in a bare lua_newthread and lua_resume
 */
#include <inttypes.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "script/script.h"

#define FIELDS 18    /* of a msg table */

static const char trivial[] = "return function(msg) return msg.body end";

static struct {
    struct rd_generation *generation;
    const char *body;
    unsigned long left, running;
    uint64_t begun_ns, took_ns;
    char *text;
    sem_t done;
} bench;

/* ---- a host that answers nobody ------------------------------------------------------ */

/* A table as gateway's msg has them: 18 fields, of which the body is one. */
static int
push_event(lua_State *L, void *order)
{
    char name[16];

    (void)order;
    lua_createtable(L, 0, FIELDS);
    lua_pushstring(L, bench.body);
    lua_setfield(L, -2, "body");
    for (int i = 1; i < FIELDS; i++) {
        snprintf(name, sizeof name, "field_%d", i);
        lua_pushstring(L, name);
        lua_setfield(L, -2, name);
    }
    return 1;
}

static void
start_one(struct rd_worker *w)
{
    struct rd_run_order order = { .generation = bench.generation, .push_event = push_event,
                                  .id = RD_LIT("SM1"), .order = w };

    bench.left--;
    bench.running++;
    rd_run_start(w, &order);
}

static void
on_ended(struct rd_run *run, void *order, struct rd_run_end *end)
{
    (void)run;
    rd_metric_add(RD_METRIC_messages_total, rd_metric_outcome(RD_KIND_MESSAGE, end->outcome), 1);
    bench.running--;
    if (bench.left > 0) {
        start_one(order);
    } else if (bench.running == 0) {
        bench.took_ns = rd_clock_cpu_ns() - bench.begun_ns;
        if (end->reply != NULL && end->reply->n > 0)
            bench.text = strndup(end->reply->messages[0].body.p, end->reply->messages[0].body.n);
        sem_post(&bench.done);
    }
    rd_reply_free(end->reply);
}

static const struct rd_script_host host = { .run_ended = on_ended };

static void
on_begin(struct rd_mail *mail, void *owner)
{
    (void)mail;
    bench.begun_ns = rd_clock_cpu_ns();
    for (int i = 0; i < 64 && bench.left > 0; i++)
        start_one(owner);
}

/* Runs n handlers of a script, 64 at once; 0 when all went well. */
static int
engine(struct rd_slice source, const char *body, unsigned long n)
{
    struct rd_script_source script = { .path = RD_LIT("bench.lua"), .text = source };
    struct rd_generation_spec spec = {
        .scripts = &script, .n_scripts = 1, .n_workers = 1, .host = &host,
        .limits = { .slice_ns = 2 * RD_MS, .cpu_limit_ns = 3600 * RD_SECOND,
                    .load_limit_ns = 60 * RD_SECOND, .vm_memory = (size_t)64 << 20,
                    .handler_memory = (size_t)32 << 20, .log_lines = 100 },
    };
    struct rd_worker_spec worker = { .epoch = 1, .host = &host };
    static struct rd_mail begin = { .deliver = on_begin };
    struct rd_worker *w;
    const char *why;
    struct rd_buf error;

    rd_buf_init(&error, 4096);
    if (rd_script_init(&why) != 0 || (bench.generation = rd_generation_load(&spec, &error)) == NULL)
        return fprintf(stderr, "%.*s\n", (int)error.n, error.p), 1;
    bench.body = body;
    bench.left = n;
    sem_init(&bench.done, 0, 0);
    if (rd_worker_start(&worker, &w) != 0 || rd_mailbox_post(rd_worker_mailbox(w), &begin) != 0)
        return 1;
    while (sem_wait(&bench.done) != 0)
        ;
    rd_generation_unref(bench.generation);
    rd_worker_stop(w);
    rd_worker_join(w);
    rd_buf_free(&error);
    return 0;
}

/* ---- the same in bare Lua -------------------------------------------------------------- */

static uint64_t
bare(unsigned long n)
{
    lua_State *L = luaL_newstate(), *co;
    uint64_t begun;
    int results;

    luaL_openlibs(L);
    if (luaL_dostring(L, trivial) != LUA_OK)
        abort();
    begun = rd_clock_cpu_ns();
    for (; n > 0; n--) {
        co = lua_newthread(L);
        lua_pushvalue(L, 1);
        lua_xmove(L, co, 1);
        push_event(co, NULL);
        if (lua_resume(co, L, 1, &results) != LUA_OK)
            abort();
        lua_settop(L, 1);
    }
    begun = rd_clock_cpu_ns() - begun;
    lua_close(L);
    return begun;
}

/* ---- commands ------------------------------------------------------------------------------ */

static int
run(const char *path, const char *body)
{
    static char text[1 << 16];
    FILE *f = fopen(path, "r");
    size_t n = f != NULL ? fread(text, 1, sizeof text - 1, f) : 0;

    if (f == NULL || engine(rd_slice_make(text, n), body, 1) != 0)
        return 1;
    fclose(f);
    printf("%s\n", bench.text != NULL ? bench.text : "(nothing)");
    return 0;
}

static int
start(unsigned long n)
{
    uint64_t lua_ns;

    if (engine(rd_slice_str(trivial), "hello", n) != 0)
        return 1;
    lua_ns = bare(n);
    printf("{\"engine_ns\": %.0f, \"bare_ns\": %.0f}\n", (double)bench.took_ns / (double)n,
           (double)lua_ns / (double)n);
    return 0;
}

int
main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "run") == 0)
        return run(argv[2], argv[3]);
    if (argc == 3 && strcmp(argv[1], "start") == 0)
        return start(strtoul(argv[2], NULL, 10));
    fprintf(stderr, "usage: script run FILE BODY | start N\n");
    return 2;
}
