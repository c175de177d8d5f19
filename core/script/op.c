/*
 * op.c - rd_op: the one way to wait. See replyd.h.
 *
 * A coroutine has one slot. An op in it is pending until exactly one of done
 * and cancel happens; then its results are pushed and it is released. An op
 * whose push() raised stays in the slot until the next one or the run's end.
 */
#include "replyd.h"

#include <lauxlib.h>

#include "base/check.h"
#include "script/run.h"
#include "script/slice.h"
#include "script/worker.h"

#define OP_MAGIC RD_MAGIC('o', 'p', ' ', '1')

static void
op_release(struct rd_op *op)
{
    op->magic = RD_DEAD;
    op->cls->release(op);
}

static int
op_refuse(lua_State *L, struct rd_op *op, const char *why)
{
    const char *name = op->cls->name;

    op->cls->release(op);
    return luaL_error(L, "%s cannot wait %s", name, why);
}

/* The results of the op in the slot; it is released after them. */
static int
op_results(lua_State *L, struct rd_run *run)
{
    struct rd_op *op = run->op;
    int n = op->cls->push(op, L);

    run->op = NULL;
    op_release(op);
    return n;
}

static int
op_on_resume(lua_State *L, int status, lua_KContext ctx)
{
    (void)status;
    (void)ctx;
    return op_results(L, rd_run_of(L));
}

bool
rd_op_may_wait(lua_State *L)
{
    return rd_run_of(L) != NULL && rd_slice_can_yield(L);
}

int
rd_op_await(lua_State *L, struct rd_op *op)
{
    struct rd_run *run = rd_run_of(L);
    struct rd_vm *vm = rd_vm_of(L);

    if (run == NULL)
        return op_refuse(L, op, "while a script is loaded");
    if (!rd_slice_can_yield(L))
        return op_refuse(L, op, "here: not inside a callback of table.sort or string.gsub, "
                                "a metamethod, or __close of a cancelled handler");
    if (!lua_checkstack(L, 20))
        return op_refuse(L, op, "here: the stack is full");
    rd_run_drop_op(run);
    op->magic = OP_MAGIC;
    op->status = 0;
    op->waiter = NULL;
    if (run->cancelled) {
        op->cls->release(op);
        vm->passing = RD_PASS_CANCELLED;
        return lua_yieldk(L, 0, 0, op_on_resume);
    }
    run->op = op;
    op->status = op->cls->start(op, &run->worker->loop.uv);
    if (op->status != 0)
        return op_results(L, run);
    op->waiter = run;
    vm->passing = RD_PASS_AWAIT;
    return lua_yieldk(L, 0, 0, op_on_resume);
}

void
rd_op_done(struct rd_op *op, int status)
{
    struct rd_run *run = op->waiter;

    RD_CHECK(op, OP_MAGIC);
    RD_CHECK(run, RD_RUN_MAGIC);
    op->status = status;
    op->waiter = NULL;
    rd_run_wake(run);
}

void
rd_run_drop_op(struct rd_run *run)
{
    struct rd_op *op = run->op;

    if (op == NULL)
        return;
    run->op = NULL;
    if (op->waiter != NULL) {
        op->waiter = NULL;
        op->cls->cancel(op);
    }
    op_release(op);
}
