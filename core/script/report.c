/*
 * report.c - see report.h: the traceback with source lines, and the log lines.
 */
#include "script/report.h"

#include <string.h>

#include <lauxlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "script/generation.h"
#include "script/sandbox.h"
#include "script/slice.h"
#include "script/worker.h"

#define REPORT_FRAMES 20        /* of a traceback */
#define REPORT_DEEP 10000       /* calls: more may be endless */
#define REPORT_PER_SECOND 20    /* lines of failed handlers that a worker writes */

static void
report_frame(struct rd_buf *b, const struct rd_generation *g, lua_Debug *ar)
{
    struct rd_slice line = { NULL, 0 };

    if (ar->currentline <= 0) {
        rd_buf_printf(b, "\n  [C]: in %s", ar->name != NULL ? ar->name : "?");
        return;
    }
    rd_buf_printf(b, "\n  %s:%d: in ", ar->short_src, ar->currentline);
    if (ar->what[0] == 'm')
        rd_buf_put_str(b, "the file");
    else if (ar->name != NULL)
        rd_buf_printf(b, "'%s'", ar->name);
    else
        rd_buf_printf(b, "the function of line %d", ar->linedefined);
    if (ar->source[0] == '@')
        line = rd_generation_line(g, rd_slice_str(ar->source + 1), ar->currentline);
    if (line.n > 0) {
        rd_buf_put_str(b, ": ");
        rd_buf_put_slice(b, line);
    }
}

static void
report_traceback(struct rd_buf *b, const struct rd_generation *g, lua_State *L)
{
    lua_Debug ar;

    for (int level = 1; level <= REPORT_FRAMES && lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sln", &ar);
        if (ar.what[0] != 'C' || ar.name != NULL)    /* our own outermost functions have no name */
            report_frame(b, g, &ar);
    }
}

/* "attempt to call a nil value (global 'pritn')": names the one that was meant, if it is near. */
static void
report_suggest(struct rd_buf *b, lua_State *L, const char *text)
{
    static const char mark[] = "a nil value (global '";
    const char *at = strstr(text, mark);
    struct rd_suggest s;

    if (at == NULL)
        return;
    at += sizeof mark - 1;
    rd_suggest_start(&s, rd_slice_make(at, strcspn(at, "'")));
    rd_sandbox_push_globals(L);
    rd_freeze_offer(L, -1, &s);
    lua_pop(L, 1);
    if (s.best.p != NULL)
        rd_buf_printf(b, ": did you mean '%.*s'?", RD_PRI(s.best));
}

/* What Lua says of them sends nobody the right way. */
const char *
rd_report_advice(const char *text)
{
    static const struct { const char *end, *advice; } rows[] = {
        { "pattern too complex", ": use simpler patterns one after the other, or shorter texts" },
        { "(global 'io')", ": scripts have no files" },
        { "(global 'dofile')", ": scripts have no files but modules, for require" },
        { "(global 'loadfile')", ": scripts have no files but modules, for require" },
        { "(field 'getenv')", ": scripts do not see the environment" },
        { "(field 'execute')", ": scripts start no programs" },
    };
    size_t n = strlen(text);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t m = strlen(rows[i].end);

        if (n >= m && strcmp(text + n - m, rows[i].end) == 0)
            return rows[i].advice;
    }
    return "";
}

/* Whatever ran out first, CPU time, memory or Lua's stack. */
static void
report_depth(struct rd_buf *b, lua_State *L)
{
    lua_Debug ar;

    if (lua_getstack(L, REPORT_DEEP, &ar))
        rd_buf_printf(b, ": more than %d calls deep, an endless recursion?", REPORT_DEEP);
}

/* Buffers of Lua's own libraries say no more than this, and have no place. */
static bool
report_is_want(const char *text)
{
    return strcmp(text, "not enough memory") == 0;
}

void
rd_report_want(struct rd_run *run)
{
    const char *where = run->vm->where;
    char want[RD_VM_WANT];

    if (run->trace.n == 0)
        rd_buf_printf(&run->trace, "%s%s%s", where, where[0] != '\0' ? ": " : "",
                      rd_vm_want(run->vm, run->charge, want));
}

/* Pushes the error's text; of what has none, what it is: an address says nothing. */
static const char *
report_text(lua_State *L, size_t *n)
{
    if (rd_lua_has_text(L, 1))
        return luaL_tolstring(L, 1, n);
    lua_pushfstring(L, "an error that is a %s%s", luaL_typename(L, 1),
                    lua_istable(L, 1) ? " (give it __tostring, or raise a string)" : "");
    return lua_tolstring(L, -1, n);
}

/* Of `return nil, err`: the handler has ended, so no frame says where it came from. */
static void
report_returned(struct rd_run *run, lua_State *L)
{
    if (!run->raises_value)
        return;
    run->raises_value = false;
    rd_run_push_returned(L);
    rd_buf_printf(&run->trace, "\n  %s", lua_tostring(L, -1));
}

int
rd_report_on_error(lua_State *L)
{
    struct rd_run *run = rd_run_of(L);
    const char *text;
    size_t n;

    if (run->kill_told)
        return 1;    /* of a __close behind it, where the stack is gone already */
    run->kill_told = rd_slice_is_killed(L);
    text = report_text(L, &n);
    rd_buf_reset(&run->trace);
    if (report_is_want(text))
        rd_report_want(run);
    else
        rd_buf_put(&run->trace, text, n < RD_RUN_TRACE / 2 ? n : RD_RUN_TRACE / 2);
    report_suggest(&run->trace, L, text);
    rd_buf_put_str(&run->trace, rd_report_advice(text));
    report_depth(&run->trace, L);
    report_traceback(&run->trace, run->vm->generation, L);
    report_returned(run, L);
    lua_settop(L, 1);
    return 1;
}

static void
report_put_bytes(struct rd_buf *b, uint64_t n)
{
    bool small = n < (uint64_t)10 << 20;

    rd_buf_printf(b, "%llu %s", (unsigned long long)(n >> (small ? 10 : 20)),
                  small ? "KiB" : "MiB");
}

/* The line behind which others are missing. */
static void
report_silence(void)
{
    rd_log_msg(RD_LOG_WARN, "failures_not_logged",
               "more handlers of this script thread failed in the same second than are logged:"
               " replyd_handler_failures_total counts all");
}

/* Coroutines leave half of the lines to handlers: one may have a thousand. */
static bool
report_may_log(struct rd_worker *w, bool is_coroutine)
{
    uint64_t second = rd_clock_ns() / RD_SECOND;
    bool may;

    if (second != w->log_second) {
        w->log_second = second;
        w->log_count = 0;
        w->log_silent = false;
    }
    may = w->log_count < (is_coroutine ? REPORT_PER_SECOND / 2 : REPORT_PER_SECOND);
    w->log_count += may;
    if (!may && !w->log_silent)
        report_silence();
    w->log_silent |= !may;
    return may;
}

static void
report_count(const struct rd_run *run)
{
    enum rd_message_kind kind = run->order.handler == RD_HANDLER_STATUS   ? RD_KIND_STATUS :
                                run->order.handler == RD_HANDLER_SCHEDULE ? RD_KIND_SCHEDULE :
                                                                            RD_KIND_MESSAGE;

    rd_metric_add(RD_METRIC_handler_failures_total, rd_metric_outcome(kind, run->outcome), 1);
}

static void
report_begin(struct rd_log_line *l, const struct rd_run *run)
{
    const struct rd_generation *g = run->vm->generation;

    rd_log_slice(l, "sid", run->order.id);
    rd_log_uint(l, "gen", g->number);
    rd_log_slice(l, "script", g->scripts[run->order.script].path);
}

void
rd_report_error(struct rd_run *run)
{
    const char *event = run->root != run ? "coroutine_failed"
                        : run->in_error  ? "error_handler_failed" : "script_failed";
    struct rd_log_line l;

    if (!run->in_error)    /* else it has failed before */
        report_count(run);
    if (!report_may_log(run->worker, run->root != run) || !rd_log_begin(&l, RD_LOG_ERROR, event))
        return;
    report_begin(&l, run);
    rd_log_str(&l, "outcome", rd_outcome_name(run->outcome));
    if (run->trace.n > 0)
        rd_log_slice(&l, "error", rd_buf_slice(&run->trace));
    else
        rd_log_str(&l, "error", "an error without a message");
    rd_log_end(&l);
}

void
rd_report_close(struct rd_run *run, lua_State *co)
{
    struct rd_slice text = { NULL, 0 };
    struct rd_log_line l;

    if (!report_may_log(run->worker, true) || !rd_log_begin(&l, RD_LOG_ERROR, "close_failed"))
        return;
    report_begin(&l, run);
    if (lua_type(co, 1) == LUA_TSTRING)    /* of anything else the text may be a function's */
        text.p = lua_tolstring(co, 1, &text.n);
    if (text.n > 0)
        rd_log_slice(&l, "error", rd_slice_make(text.p, text.n < RD_RUN_TRACE ? text.n
                                                                              : RD_RUN_TRACE));
    else
        rd_log_str(&l, "error", "an error that is no text");
    rd_log_end(&l);
}

void
rd_report_evicted(struct rd_run *run)
{
    struct rd_buf *b = &run->trace;
    lua_State *L = run->thread.L;
    char want[RD_VM_WANT];
    lua_Debug ar;

    rd_buf_reset(b);
    for (int level = 0; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline <= 0)
            continue;
        rd_buf_printf(b, "%s:%d: ", ar.short_src, ar.currentline);
        break;
    }
    run->charge->vm_full = true;
    rd_buf_printf(b, "%s, and no handler held more of it: ",
                  rd_vm_want(run->vm, run->charge, want));
    report_put_bytes(b, (uint64_t)run->charge->mem);
    report_traceback(b, run->vm->generation, L);
    rd_report_error(run);
}

void
rd_report_counts(struct rd_run *run)
{
    unsigned most = run->vm->generation->limits.log_lines;
    struct rd_log_line l;

    if (run->log_lines <= most || !rd_log_begin(&l, RD_LOG_WARN, "script_log_limit"))
        return;
    report_begin(&l, run);
    rd_log_uint(&l, "dropped", run->log_lines - most);
    rd_log_end(&l);
}
