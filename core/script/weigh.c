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

/* Coroutines of one budget are weighed one by one, and what waits in their ops. */
static void
weigh_run(struct rd_vm *vm, const struct rd_run *run)
{
    const struct rd_op *op = run->op;

    if (run->vm != vm)
        return;
    if (run->thread.L != NULL)
        run->charge->weight += (int64_t)lua_weighthread(vm->L, run->thread.L);
    if (op != NULL && op->cls->weigh != NULL)
        run->charge->weight += (int64_t)op->cls->weigh(run->op, vm->L);
}

/* What several reach counts for the first of them only. Returns what is nobody's; 0: as above. */
static size_t
weigh_all(const struct rd_worker *w, struct rd_vm *vm, bool oldest_first)
{
    size_t rest = weigh_begin(vm);
    const struct rd_run *run;

    for (run = w->runs; run != NULL; run = run->next)
        run->charge->weight = 0;
    if (rest > 0 && oldest_first)
        for (run = weigh_oldest(w); run != NULL; run = run->prev)
            weigh_run(vm, run);
    else if (rest > 0)
        for (run = w->runs; run != NULL; run = run->next)
            weigh_run(vm, run);
    weigh_end(vm);
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
    size_t rest = weigh_all(w, vm, false);
    int64_t growth = rest > vm->rest ? (int64_t)(rest - vm->rest) : 0;

    if (rest == 0)
        return;
    for (struct rd_run *run = w->runs; run != NULL; run = run->next)
        run->charge->held = run->charge->reached = run->charge->weight;
    weigh_all(w, vm, true);
    for (struct rd_run *run = w->runs; run != NULL; run = run->next) {
        struct rd_budget *b = run->charge;

        if (run->vm != vm)
            continue;
        b->held = b->weight < b->held ? b->weight : b->held;
        b->reached = b->weight > b->reached ? b->weight : b->reached;
    }
    for (struct rd_run *run = w->runs; run != NULL; run = run->next)
        if (run->vm == vm && run->charge->weight >= 0) {
            weigh_set(run->charge, growth, vm->left);
            run->charge->weight = -1;    /* once, whatever coroutines it has */
        }
    vm->rest = rest;
    vm->left = 0;
}
