/*
 * lua_time.c - replyd.sleep and replyd.now, and durations as scripts write them.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "script/docs.h"
#include "script/duration.h"

#define TIME_MOST_MS (UINT64_C(366) * 24 * 3600 * 1000)    /* a year: longer is a mistake */

/* ---- durations ------------------------------------------------------------- */

static const struct {
    const char *unit;
    double ms;
} time_units[] = {
    { "ms", 1 }, { "s", 1e3 }, { "m", 60e3 }, { "h", 3600e3 }, { "d", 24 * 3600e3 },
};

/* Milliseconds of "1.5s", "5m"; negative when it is none. */
static double
time_parse(const char *s)
{
    char *end;
    double n = strtod(s, &end);

    if (end == s || !(s[0] >= '0' && s[0] <= '9'))
        return -1;
    for (size_t i = 0; i < sizeof time_units / sizeof time_units[0]; i++)
        if (strcmp(end, time_units[i].unit) == 0)
            return n * time_units[i].ms;
    return -1;
}

bool
rd_lua_to_duration(lua_State *L, int index, uint64_t *ms)
{
    double value = -1;

    if (lua_type(L, index) == LUA_TNUMBER)
        value = lua_tonumber(L, index) * 1e3;
    else if (lua_type(L, index) == LUA_TSTRING)
        value = time_parse(lua_tostring(L, index));
    if (!(value >= 0 && value <= (double)TIME_MOST_MS))    /* not a number, too */
        return false;
    *ms = (uint64_t)ceil(value);
    return true;
}

uint64_t
rd_lua_check_duration(lua_State *L, int arg)
{
    uint64_t ms = 0;

    if (!rd_lua_to_duration(L, arg, &ms))
        luaL_argerror(L, arg, lua_pushfstring(L, "a duration is a number of seconds from 0 on or a "
                                              "text such as \"5m\", not %s",
                                              lua_isstring(L, arg) ? lua_tostring(L, arg)
                                                                   : luaL_typename(L, arg)));
    return ms;
}

/* ---- sleep ----------------------------------------------------------------- */

struct time_sleep {
    struct rd_op op;
    uv_timer_t timer;
    uint64_t ms;
};

static void
sleep_on_timer(uv_timer_t *timer)
{
    struct time_sleep *s = timer->data;

    rd_op_done(&s->op, 0);
}

static int
sleep_start(struct rd_op *op, uv_loop_t *loop)
{
    struct time_sleep *s = (struct time_sleep *)op;

    uv_timer_init(loop, &s->timer);
    s->timer.data = s;
    uv_update_time(loop);    /* the loop's idea of now may be some slices old */
    uv_timer_start(&s->timer, sleep_on_timer, s->ms, 0);
    return 0;
}

static void
sleep_cancel(struct rd_op *op)
{
    uv_timer_stop(&((struct time_sleep *)op)->timer);
}

static int
sleep_push(struct rd_op *op, lua_State *L)
{
    (void)op;
    (void)L;
    return 0;
}

static void
sleep_on_close(uv_handle_t *handle)
{
    free(handle->data);
}

static void
sleep_release(struct rd_op *op)
{
    struct time_sleep *s = (struct time_sleep *)op;

    if (s->timer.data == NULL)    /* refused: never started */
        free(s);
    else
        uv_close((uv_handle_t *)&s->timer, sleep_on_close);
}

static const struct rd_op_class sleep_class = {
    "replyd.sleep", sleep_start, sleep_cancel, sleep_push, sleep_release, NULL,
};

static int
time_sleep(lua_State *L)
{
    uint64_t ms = rd_lua_check_duration(L, 1);
    struct time_sleep *s = rd_calloc(1, sizeof *s);

    s->op.cls = &sleep_class;
    s->ms = ms;
    return rd_op_await(L, &s->op);
}

static int
time_now(lua_State *L)
{
    lua_pushnumber(L, rd_clock_wall());
    return 1;
}

const struct rd_lua_fn rd_lua_time_rows[] = {
    { "sleep", time_sleep, "sleep(duration)",
      "Waits without keeping anybody else; seconds or \"5m\" (ms, s, m, h, d). In this version a "
      "handler ends at the deadline, asleep or not, unless it has called msg:finish(): late "
      "replies come with outgoing sends." },
    { "now", time_now, "now()", "Seconds since 1970, with a fraction." },
    { NULL, NULL, NULL, NULL },
};
