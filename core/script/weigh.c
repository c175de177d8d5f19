/* weigh.c - see weigh.h. Called by slice.c and evict.c, and by load.c on the loader's thread. */
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
    vm->loaded = weigh_begin(vm);
    weigh_end(vm);
}

/* Children of one budget are weighed one by one. */
static void
weigh_runs(const struct rd_worker *w, struct rd_vm *vm)
{
    for (struct rd_run *run = w->runs; run != NULL; run = run->next)
        run->charge->weight = 0;
    for (struct rd_run *run = w->runs; run != NULL; run = run->next)
        if (run->vm == vm && run->thread.L != NULL)
            run->charge->weight += (int64_t)lua_weighthread(vm->L, run->thread.L);
}

void
rd_weigh(const struct rd_worker *w, struct rd_vm *vm)
{
    size_t rest = weigh_begin(vm);
    int64_t grown = rest > vm->loaded ? (int64_t)(rest - vm->loaded) : 0;

    if (rest > 0)
        weigh_runs(w, vm);
    weigh_end(vm);
    for (struct rd_run *run = w->runs; rest > 0 && run != NULL; run = run->next) {
        struct rd_budget *b = run->charge;

        if (run->vm != vm)
            continue;
        if (b->mem < b->weight)
            b->mem = b->weight;
        if (b->mem > b->weight + grown)
            b->mem = b->weight + grown;
    }
}
