/*
 * replyd.h - the plugin ABI: the only project header that a plugin includes.
 *
 * A plugin is a folder plugins/NAME with NAME.c, linked into the binary, that
 * gives scripts the table replyd.NAME. It describes itself with one const
 * struct rd_plugin named rd_plugin_NAME; the build lists it.
 *
 * Anything that waits is an rd_op: the function starts it and returns
 * rd_op_await(L, op); the coroutine sleeps; the plugin calls rd_op_done(op) on
 * the same thread later; the op's push() gives the results.
 */
#ifndef REPLYD_H
#define REPLYD_H

#include <stddef.h>
#include <stdint.h>

#include <lua.h>
#include <uv.h>

#define RD_PLUGIN_ABI 1

/* One Lua function and its documentation; an array ends with { NULL }. */
struct rd_lua_fn {
    const char *name;         /* "encode": becomes replyd.<plugin>.encode */
    lua_CFunction call;
    const char *signature;    /* "encode(v [, {pretty=}])" */
    const char *sentence;     /* what it does; units, limits, errors */
};

enum rd_option_type {
    RD_OPTION_BOOL,
    RD_OPTION_INT,
    RD_OPTION_SIZE,        /* bytes; "64KiB" */
    RD_OPTION_DURATION,    /* milliseconds; "8s" or a number of seconds */
    RD_OPTION_STRING,
    RD_OPTION_VALUE,       /* a table or several types: read by its own function */
};

/* One configuration key and its documentation; an array ends with { NULL }. */
struct rd_option_row {
    const char *key;          /* "cpu_limit"; a plugin's key is prefixed with its name: "debug.x" */
    enum rd_option_type type;
    const char *standard;     /* default as one would write it, "nil" for none */
    int64_t least, most;      /* range of numbers in the type's unit; 0, 0: none */
    const char *sentence;
};

/* ---- waiting -------------------------------------------------------- */

struct rd_op;

struct rd_op_class {
    const char *name;                                  /* as scripts call it: "replyd.sleep" */
    /*
     * Never completes from inside; not 0: push() is called at once. Nothing may be under way
     * before it: an op that is refused gets release() alone.
     */
    int (*start)(struct rd_op *op, uv_loop_t *loop);
    void (*cancel)(struct rd_op *op);                  /* stop; no rd_op_done after this */
    int (*push)(struct rd_op *op, lua_State *L);       /* the results; their number; may raise */
    /* Last call: close handles, free the memory. Also of an op that was refused before start(). */
    void (*release)(struct rd_op *op);
    /* Bytes of Lua values that only the op holds, by lua_weighthread; NULL: it holds none. */
    size_t (*weigh)(struct rd_op *op, lua_State *L);
};

/*
 * One pending wait of one coroutine; first member of the plugin's own struct.
 * Exactly one of done and cancel happens, never from inside start(). Owned by
 * its script thread.
 */
struct rd_op {
    uint32_t magic;                  /* set by rd_op_await */
    int status;                      /* 0, or what rd_op_done / start() said */
    const struct rd_op_class *cls;
    void *waiter;                    /* the engine's; NULL when nobody waits */
};

/* Starts the op and suspends the coroutine: `return rd_op_await(L, op)`. Takes the op over. */
int rd_op_await(lua_State *L, struct rd_op *op);

/* The wait is over; the coroutine goes on from the loop, not from inside this call. */
void rd_op_done(struct rd_op *op, int status);

/*
 * Pushes an error value: a table with kind ("timeout", "json", ...), message (printf's format) and,
 * unless it is 0, code; tostring() gives the message. For `return nil, err`; returns 1.
 */
int rd_lua_push_error(lua_State *L, const char *kind, int64_t code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Argument arg as a duration in milliseconds: seconds or "5m"; raises for anything else. */
uint64_t rd_lua_check_duration(lua_State *L, int arg);

/*
 * In each turn of a loop whose length a script decides: n units of about 50 ns of work. Raises when
 * the handler's CPU time is used up, or when others have waited too long (100 ms, less where many
 * make them wait): what the loop holds must belong to Lua. Never yields.
 */
void rd_lua_steps(lua_State *L, size_t n);

/* ---- the running message -------------------------------------------- */

/* First value of a parameter of the running message, NULL: none; valid until the handler ends. */
const char *rd_plugin_param(lua_State *L, const char *name, size_t *length);

/* Seconds until the running handler's deadline; a large number outside a handler. */
double rd_plugin_time_left(lua_State *L);

/* Value of an option of this plugin; strings live as long as the VM. */
int64_t rd_plugin_option_int(lua_State *L, const char *key);
const char *rd_plugin_option_str(lua_State *L, const char *key);

/* ---- describing a plugin -------------------------------------------- */

struct rd_plugin {
    uint32_t abi;              /* RD_PLUGIN_ABI; first: it protects the rest */
    const char *name;
    const char *sentence;
    const struct rd_lua_fn *functions;        /* may be NULL */
    const struct rd_option_row *options;      /* may be NULL */
    int (*load)(void);                      /* once, before any thread; may fail, as may vm_open */
    void (*unload)(void);
    int (*thread_start)(uv_loop_t *loop);     /* on each script thread */
    void (*thread_stop)(uv_loop_t *loop);
    int (*vm_open)(lua_State *L);           /* replyd.NAME is on the stack's top; leave it there */
};

/* Generated by the build from the folders below plugins/; ends with NULL. */
extern const struct rd_plugin *const rd_plugins[];

#endif
