/* weigh.c - see weigh.h. Called by slice.c, evict.c and run.c; by load.c on the loader's thread. */
#include "script/weigh.h"

#include <lua_replyd.h>

/*
 * What nobody's coroutine holds, with the table of coroutines on the stack of the main thread; 0:
 * a collection is under way.
 */
static size_t
weigh_begin(struct rd_vm *vm)
{
    rd_vm_push_threads(vm);
    return lua_weighrest(vm->L);
}

static void
weigh_end(struct rd_vm *vm)
{
    lua_weighend(vm->L);
    lua_pop(vm->L, 1);
}

void
rd_weigh_load(struct rd_vm *vm)
{
    vm->rest = weigh_begin(vm);
    weigh_end(vm);
}

void
rd_weigh_left(struct rd_vm *vm, const struct rd_budget *b)
{
    if (b->mem > b->beyond)
        vm->left += b->mem - b->beyond;
}

/* ---- the scale --------------------------------------------------------------------------- */

static const struct rd_run *
weigh_oldest(const struct rd_worker *w)
{
    const struct rd_run *run = w->runs;

    while (run != NULL && run->next != NULL)
        run = run->next;
    return run;
}

/* The coroutine of a run, and what waits in its op. */
static int64_t
weigh_run(struct rd_vm *vm, const struct rd_run *run)
{
    const struct rd_op *op = run->op;
    size_t n = 0;

    if (run->vm != vm)
        return 0;
    if (run->thread.L != NULL)
        n += lua_weighthread(vm->L, run->thread.L);
    if (op != NULL && op->cls->weigh != NULL)
        n += op->cls->weigh(run->op, vm->L);
    return (int64_t)n;
}

/*
 * Each budget's coroutines, twice, for what several reach counts for the first of them only: then
 * `held` is the lesser and `reached` the greater. Returns what is nobody's; 0: as above.
 */
static size_t
weigh_all(const struct rd_worker *w, struct rd_vm *vm)
{
    size_t rest = weigh_begin(vm);
    const struct rd_run *run;

    for (run = w->runs; run != NULL; run = run->next)
        run->charge->held = run->charge->reached = 0;
    for (run = w->runs; rest > 0 && run != NULL; run = run->next)
        run->charge->held += weigh_run(vm, run);
    weigh_end(vm);
    if (rest == 0)
        return 0;
    weigh_begin(vm);
    for (run = weigh_oldest(w); run != NULL; run = run->prev)
        run->charge->reached += weigh_run(vm, run);
    weigh_end(vm);
    for (run = w->runs; run != NULL; run = run->next) {
        struct rd_budget *b = run->charge;
        int64_t held = b->held < b->reached ? b->held : b->reached;

        b->reached += b->held - held;
        b->held = held;
    }
    return rest;
}

/* ---- the charges ------------------------------------------------------------------------- */

/*
 * The growth of the scripts' own tables is at most what live handlers are charged beyond what they
 * hold, and what others were charged that have ended since. Those come first, but for each handler
 * only once: behind others who leave garbage nobody may fill a table unseen.
 */
static void
weigh_set(struct rd_budget *b, int64_t growth, int64_t left)
{
    int64_t others = growth < left ? growth : left;

    if (growth < 0) {
        b->beyond = b->beyond + growth > 0 ? b->beyond + growth : 0;
        growth = others = 0;
    }
    if (b->mem < b->held)
        b->mem = b->held;
    if (!b->excused && b->mem > b->held + b->beyond + growth - others) {
        b->mem = b->held + b->beyond + growth - others;
        b->excused = others > 0;
    }
    if (b->mem > b->held + b->beyond + growth)
        b->mem = b->held + b->beyond + growth;
    b->beyond = b->mem - b->held;
}

void
rd_weigh(const struct rd_worker *w, struct rd_vm *vm)
{
    size_t rest = weigh_all(w, vm);
    int64_t growth = (int64_t)rest - (int64_t)vm->rest;

    if (rest == 0)
        return;
    for (struct rd_run *run = w->runs; run != NULL; run = run->next)
        if (run->vm == vm && run->charge == &run->budget)    /* not its children again */
            weigh_set(run->charge, growth, vm->left);
    vm->rest = rest;
    vm->left = 0;
}
