/*
 * chunk.h - the compiled functions of a script, to be looked at without running it.
 */
#ifndef RD_APP_CHUNK_H
#define RD_APP_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define RD_CHUNK_UPVALUES 255     /* Lua's own limit */
#define RD_CHUNK_CONSTANTS 256    /* those whose number fits an instruction's operand */

/* Numbers and operands of Lua 5.4's lopcodes.h. */
enum rd_chunk_op {
    RD_CHUNK_SETUPVAL = 10,       /* upvalue B := register A */
    RD_CHUNK_GETTABUP = 11,       /* register A := upvalue B [constant C] */
    RD_CHUNK_GETFIELD = 14,       /* register A := register B [constant C] */
    RD_CHUNK_SETTABUP = 15,       /* upvalue A [constant B] := C */
    RD_CHUNK_TEST = 66,           /* if register A is true or false */
};

struct rd_chunk_upvalue {
    bool in_stack;                /* a local of the enclosing function, else its upvalue */
    unsigned char index;
};

struct rd_chunk_function {
    const struct rd_chunk_function *parent;    /* NULL: the main function */
    struct rd_chunk_upvalue upvalues[RD_CHUNK_UPVALUES];
    struct rd_slice names[RD_CHUNK_UPVALUES];
    struct rd_slice constants[RD_CHUNK_CONSTANTS];    /* {NULL, 0}: no string */
    size_t line;
    struct rd_slice code, lineinfo, abslines;
};

struct rd_chunk_instruction {
    unsigned char op, a, b, c;
};

/* Shows every function, inner ones before the one around them; none when it does not compile. */
void rd_chunk_each(struct rd_slice source,
                   void (*see)(void *arg, const struct rd_chunk_function *f), void *arg);
/* Number of instructions, and one of them; of one behind the last all is 0. */
size_t rd_chunk_count(const struct rd_chunk_function *f);
struct rd_chunk_instruction rd_chunk_at(const struct rd_chunk_function *f, size_t pc);
/* Line of an instruction in the source. */
size_t rd_chunk_line(const struct rd_chunk_function *f, size_t pc);
/*
 * Whose variable an upvalue of f is: the function that has it as a local, or NULL when the main
 * function has it as an upvalue, which is _ENV. Of an instruction that names an upvalue only.
 */
const struct rd_chunk_function *rd_chunk_owner(const struct rd_chunk_function *f,
                                               unsigned char upvalue);

#endif
