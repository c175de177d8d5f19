/*
 * assigned.c - see assigned.h. Compiles the script and reads Lua's own bytecode
 * (lundump.c of Lua 5.4 is the reference of the format): an OP_SETUPVAL whose
 * upvalue is a local of the main function is what we look for. Nothing runs.
 * Called by `check`.
 */
#include "app/assigned.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "script/script.h"

#define ASSIGNED_DUMP (8 << 20)      /* bytes of bytecode */
#define ASSIGNED_DEPTH 100           /* nested functions; Lua's own limit is 200 C levels */
#define ASSIGNED_SETUPVAL 10         /* OP_SETUPVAL A B: upvalue B := register A */
#define ASSIGNED_ABSLINE (-0x80)     /* lineinfo: look into abslineinfo */

_Static_assert(LUA_VERSION_NUM == 504, "the bytecode of another Lua: look at lundump.c");

struct assigned_upvalue {
    bool in_stack;                   /* a local of the enclosing function, else its upvalue */
    unsigned char index;
};

struct assigned_function {
    const struct assigned_function *parent;    /* NULL: the main function */
    struct assigned_upvalue upvalues[255];
    struct rd_slice names[255];
    size_t line;
    struct rd_slice code, lineinfo, abslines;
};

struct assigned_dump {
    struct rd_slice rest;
    bool bad;
    struct rd_slice path;
    struct rd_buf *warnings;
};

/* ---- the dump ---------------------------------------------------------------- */

static struct rd_slice
assigned_bytes(struct assigned_dump *d, size_t n)
{
    struct rd_slice s = d->rest;

    if (n > d->rest.n) {
        d->bad = true;
        return rd_slice_make(NULL, 0);
    }
    d->rest = rd_slice_skip(d->rest, n);
    return rd_slice_make(s.p, n);
}

static unsigned char
assigned_byte(struct assigned_dump *d)
{
    struct rd_slice s = assigned_bytes(d, 1);

    return s.n ? (unsigned char)s.p[0] : 0;
}

/* Seven bits a byte, the highest first; the last byte has its top bit set. */
static size_t
assigned_size(struct assigned_dump *d)
{
    size_t n = 0;
    unsigned char b;

    do {
        b = assigned_byte(d);
        n = n << 7 | (b & 0x7f);
    } while ((b & 0x80) == 0 && !d->bad);
    return d->bad ? 0 : n;
}

static struct rd_slice
assigned_string(struct assigned_dump *d)
{
    size_t n = assigned_size(d);

    return n > 0 ? assigned_bytes(d, n - 1) : rd_slice_make(NULL, 0);
}

static void
assigned_skip_constants(struct assigned_dump *d)
{
    for (size_t n = assigned_size(d); n > 0 && !d->bad; n--) {
        unsigned char tag = assigned_byte(d);

        if (tag == 0x03 || tag == 0x13)          /* integer, float */
            assigned_bytes(d, 8);
        else if (tag == 0x04 || tag == 0x14)     /* short, long string */
            assigned_string(d);
    }
}

/* ---- what a function assigns ---------------------------------------------------- */

/* The upvalue is a local of the main function. */
static bool
assigned_is_file_level(const struct assigned_function *f, unsigned char index)
{
    while (f->parent != NULL && !f->upvalues[index].in_stack) {
        index = f->upvalues[index].index;
        f = f->parent;
    }
    return f->parent != NULL && f->parent->parent == NULL;
}

/* Line of an instruction: differences from the function's line, and absolute ones now and then. */
static size_t
assigned_line(const struct assigned_function *f, size_t pc)
{
    struct assigned_dump abs = { .rest = f->abslines };
    long line = (long)f->line;

    for (size_t i = 0; i <= pc && i < f->lineinfo.n; i++) {
        signed char step = (signed char)f->lineinfo.p[i];

        if (step != ASSIGNED_ABSLINE) {
            line += step;
            continue;
        }
        (void)assigned_size(&abs);    /* its pc: entries come in order */
        line = (long)assigned_size(&abs);
    }
    return (size_t)line;
}

static void
assigned_report(struct assigned_dump *d, const struct assigned_function *f)
{
    uint32_t code;

    for (size_t pc = 0; pc < f->code.n / sizeof code; pc++) {
        unsigned char upvalue;

        memcpy(&code, f->code.p + pc * sizeof code, sizeof code);
        upvalue = code >> 16 & 0xff;
        if ((code & 0x7f) != ASSIGNED_SETUPVAL || !assigned_is_file_level(f, upvalue))
            continue;
        rd_buf_printf(d->warnings, "%.*s:%zu: %.*s is a file-level local and assigned in a"
                      " function: it exists once per script thread, and ends at a reload\n",
                      RD_PRI(d->path), assigned_line(f, pc), RD_PRI(f->names[upvalue]));
    }
}

static void assigned_function(struct assigned_dump *d, const struct assigned_function *parent,
                              unsigned depth);

static void
assigned_read_upvalues(struct assigned_dump *d, struct assigned_function *f)
{
    size_t n = assigned_size(d);

    for (size_t i = 0; i < n && i < 255 && !d->bad; i++) {
        f->upvalues[i].in_stack = assigned_byte(d) != 0;
        f->upvalues[i].index = assigned_byte(d);
        assigned_byte(d);    /* kind */
    }
    d->bad |= n > 255;
}

static void
assigned_read_debug(struct assigned_dump *d, struct assigned_function *f)
{
    const char *start;

    f->lineinfo = assigned_bytes(d, assigned_size(d));
    start = NULL;
    for (size_t n = assigned_size(d); n > 0 && !d->bad; n--) {
        start = start ? start : d->rest.p;
        (void)assigned_size(d);
        (void)assigned_size(d);
    }
    if (start != NULL)
        f->abslines = rd_slice_make(start, (size_t)(d->rest.p - start));
    for (size_t n = assigned_size(d); n > 0 && !d->bad; n--) {    /* local variables */
        assigned_string(d);
        (void)assigned_size(d);
        (void)assigned_size(d);
    }
    for (size_t i = 0, n = assigned_size(d); i < n && i < 255 && !d->bad; i++)
        f->names[i] = assigned_string(d);
}

static void
assigned_function(struct assigned_dump *d, const struct assigned_function *parent, unsigned depth)
{
    struct assigned_function f = { .parent = parent };

    assigned_string(d);          /* source */
    f.line = assigned_size(d);
    (void)assigned_size(d);      /* last line */
    assigned_bytes(d, 3);        /* parameters, vararg, stack size */
    f.code = assigned_bytes(d, 4 * assigned_size(d));
    assigned_skip_constants(d);
    assigned_read_upvalues(d, &f);
    d->bad |= depth == ASSIGNED_DEPTH;
    for (size_t n = assigned_size(d); n > 0 && !d->bad; n--)
        assigned_function(d, &f, depth + 1);
    assigned_read_debug(d, &f);
    if (!d->bad && parent != NULL)
        assigned_report(d, &f);
}

/* ---- compiling -------------------------------------------------------------------- */

static int
assigned_on_dump(lua_State *L, const void *p, size_t n, void *buf)
{
    (void)L;
    return rd_buf_put(buf, p, n);
}

void
rd_assigned_find(struct rd_slice path, struct rd_slice source, struct rd_buf *warnings)
{
    /* signature, version, format, LUAC_DATA, three sizes, LUAC_INT, LUAC_NUM, upvalues of main */
    const size_t header = 4 + 1 + 1 + 6 + 3 + 8 + 8 + 1;
    struct assigned_dump d = { .path = path, .warnings = warnings };
    lua_State *L = luaL_newstate();
    struct rd_buf dump;

    source = rd_script_text(source);
    rd_buf_init(&dump, ASSIGNED_DUMP);
    if (L != NULL && luaL_loadbufferx(L, source.p ? source.p : "", source.n, "=x", "t") == LUA_OK
        && lua_dump(L, assigned_on_dump, &dump, 0) == 0) {
        d.rest = rd_buf_slice(&dump);
        assigned_bytes(&d, header);
        assigned_function(&d, NULL, 0);
    }
    if (L != NULL)
        lua_close(L);
    rd_buf_free(&dump);
}
