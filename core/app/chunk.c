/*
 * chunk.c - see chunk.h. Compiles a script and reads Lua's own bytecode (lundump.c
 * of Lua 5.4 is the reference of the format). Nothing runs.
 */
#include "app/chunk.h"

#include <lauxlib.h>
#include <string.h>

#include "base/buf.h"
#include "script/script.h"

#define CHUNK_DUMP (8 << 20)      /* bytes of bytecode */
#define CHUNK_DEPTH 100           /* nested functions; Lua's own limit is 200 C levels */
#define CHUNK_ABSLINE (-0x80)     /* lineinfo: look into abslineinfo */

_Static_assert(LUA_VERSION_NUM == 504, "the bytecode of another Lua: look at lundump.c");

struct chunk_dump {
    struct rd_slice rest;
    bool bad;
    void (*see)(void *arg, const struct rd_chunk_function *f);
    void *arg;
};

/* ---- the dump ---------------------------------------------------------------- */

static struct rd_slice
chunk_bytes(struct chunk_dump *d, size_t n)
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
chunk_byte(struct chunk_dump *d)
{
    struct rd_slice s = chunk_bytes(d, 1);

    return s.n ? (unsigned char)s.p[0] : 0;
}

/* Seven bits a byte, the highest first; the last byte has its top bit set. */
static size_t
chunk_size(struct chunk_dump *d)
{
    size_t n = 0;
    unsigned char b;

    do {
        b = chunk_byte(d);
        n = n << 7 | (b & 0x7f);
    } while ((b & 0x80) == 0 && !d->bad);
    return d->bad ? 0 : n;
}

static struct rd_slice
chunk_string(struct chunk_dump *d)
{
    size_t n = chunk_size(d);

    return n > 0 ? chunk_bytes(d, n - 1) : rd_slice_make(NULL, 0);
}

static void
chunk_read_constants(struct chunk_dump *d, struct rd_chunk_function *f)
{
    for (size_t i = 0, n = chunk_size(d); i < n && !d->bad; i++) {
        unsigned char tag = chunk_byte(d);
        struct rd_slice string = rd_slice_make(NULL, 0);

        if (tag == 0x03 || tag == 0x13)          /* integer, float */
            chunk_bytes(d, 8);
        else if (tag == 0x04 || tag == 0x14)     /* short, long string */
            string = chunk_string(d);
        if (i < RD_CHUNK_CONSTANTS)
            f->constants[i] = string;
    }
}

static void
chunk_read_upvalues(struct chunk_dump *d, struct rd_chunk_function *f)
{
    size_t n = chunk_size(d);

    for (size_t i = 0; i < n && i < RD_CHUNK_UPVALUES && !d->bad; i++) {
        f->upvalues[i].in_stack = chunk_byte(d) != 0;
        f->upvalues[i].index = chunk_byte(d);
        chunk_byte(d);    /* kind */
    }
    d->bad |= n > RD_CHUNK_UPVALUES;
}

static void
chunk_read_debug(struct chunk_dump *d, struct rd_chunk_function *f)
{
    const char *start;

    f->lineinfo = chunk_bytes(d, chunk_size(d));
    start = NULL;
    for (size_t n = chunk_size(d); n > 0 && !d->bad; n--) {
        start = start ? start : d->rest.p;
        (void)chunk_size(d);
        (void)chunk_size(d);
    }
    if (start != NULL)
        f->abslines = rd_slice_make(start, (size_t)(d->rest.p - start));
    for (size_t n = chunk_size(d); n > 0 && !d->bad; n--) {    /* local variables */
        chunk_string(d);
        (void)chunk_size(d);
        (void)chunk_size(d);
    }
    for (size_t i = 0, n = chunk_size(d); i < n && i < RD_CHUNK_UPVALUES && !d->bad; i++)
        f->names[i] = chunk_string(d);
}

static void
chunk_read(struct chunk_dump *d, const struct rd_chunk_function *parent, unsigned depth)
{
    struct rd_chunk_function f = { .parent = parent };

    chunk_string(d);          /* source */
    f.line = chunk_size(d);
    (void)chunk_size(d);      /* last line */
    chunk_bytes(d, 3);        /* parameters, vararg, stack size */
    f.code = chunk_bytes(d, sizeof(uint32_t) * chunk_size(d));
    chunk_read_constants(d, &f);
    chunk_read_upvalues(d, &f);
    d->bad |= depth == CHUNK_DEPTH;
    for (size_t n = chunk_size(d); n > 0 && !d->bad; n--)
        chunk_read(d, &f, depth + 1);
    chunk_read_debug(d, &f);
    if (!d->bad)
        d->see(d->arg, &f);
}

static int
chunk_on_dump(lua_State *L, const void *p, size_t n, void *buf)
{
    (void)L;
    return rd_buf_put(buf, p, n);
}

void
rd_chunk_each(struct rd_slice source, void (*see)(void *arg, const struct rd_chunk_function *f),
              void *arg)
{
    /* signature, version, format, LUAC_DATA, three sizes, LUAC_INT, LUAC_NUM, upvalues of main */
    const size_t header = 4 + 1 + 1 + 6 + 3 + 8 + 8 + 1;
    struct chunk_dump d = { .see = see, .arg = arg };
    lua_State *L = luaL_newstate();
    struct rd_buf dump;

    source = rd_script_text(source);
    rd_buf_init(&dump, CHUNK_DUMP);
    if (L != NULL && luaL_loadbufferx(L, source.p ? source.p : "", source.n, "=x", "t") == LUA_OK
        && lua_dump(L, chunk_on_dump, &dump, 0) == 0) {
        d.rest = rd_buf_slice(&dump);
        chunk_bytes(&d, header);
        chunk_read(&d, NULL, 0);
    }
    if (L != NULL)
        lua_close(L);
    rd_buf_free(&dump);
}

/* ---- a function ----------------------------------------------------------------- */

size_t
rd_chunk_count(const struct rd_chunk_function *f)
{
    return f->code.n / sizeof(uint32_t);
}

struct rd_chunk_instruction
rd_chunk_at(const struct rd_chunk_function *f, size_t pc)
{
    uint32_t code = 0;

    if (pc < rd_chunk_count(f))
        memcpy(&code, f->code.p + pc * sizeof code, sizeof code);
    return (struct rd_chunk_instruction){
        .op = code & 0x7f, .a = code >> 7 & 0xff, .b = code >> 16 & 0xff,
        .c = (unsigned char)(code >> 24),
    };
}

/* Differences from the function's line, and absolute ones now and then. */
size_t
rd_chunk_line(const struct rd_chunk_function *f, size_t pc)
{
    struct chunk_dump abs = { .rest = f->abslines };
    long line = (long)f->line;

    for (size_t i = 0; i <= pc && i < f->lineinfo.n; i++) {
        signed char step = (signed char)f->lineinfo.p[i];

        if (step != CHUNK_ABSLINE) {
            line += step;
            continue;
        }
        (void)chunk_size(&abs);    /* its pc: entries come in order */
        line = (long)chunk_size(&abs);
    }
    return (size_t)line;
}

const struct rd_chunk_function *
rd_chunk_owner(const struct rd_chunk_function *f, unsigned char upvalue)
{
    while (f->parent != NULL && !f->upvalues[upvalue].in_stack) {
        upvalue = f->upvalues[upvalue].index;
        f = f->parent;
    }
    return f->parent;
}
