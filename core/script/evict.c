/*
 * evict.c - see evict.h. Each handler may hold less than handler_memory and all
 * together more than vm_memory: then the greatest has to go, be it suspended or
 * ready, in a current VM or a retired one. What is small never goes: a hundred
 * thousand suspended handlers are the business of rebuild.c.
 *
 * How the run ends is run.c's business; it does so before anybody else goes on. What is far below
 * the brim afterwards need not be collected again soon: that takes as long as 30 slices.
 */
#include "script/evict.h"

#include "script/weigh.h"

#define EVICT_SHARE 64    /* of the VM: who holds less than one such part is not to blame */
#define EVICT_SHARE_OF_REST 8    /* the same where more than half is nobody's: tables of a file */
#define EVICT_VAIN 32     /* when less than one such part came back, memory is not the runs' */

/* A handler, or a coroutine that goes on behind its end: its children are charged to it. */
static bool
evict_may_end(const struct rd_run *run)
{
    if (run->thread.L == NULL || run->cancelled || run->evicted || run->state == RD_RUN_ENDED)
        return false;
    return run->root == run || (run->root->state == RD_RUN_ENDED && run->over == NULL);
}

/* What it shares with others stays as long as one of them. */
static int64_t
evict_burden(const struct rd_budget *b)
{
    return b->mem + b->reached - b->held;
}

static struct rd_run *
evict_pick(const struct rd_worker *w, const struct rd_vm *vm)
{
    unsigned share = vm->rest > vm->limit / 2 ? EVICT_SHARE_OF_REST : EVICT_SHARE;
    int64_t most = (int64_t)(vm->limit / share);
    struct rd_run *found = NULL;

    for (struct rd_run *run = w->runs; run != NULL; run = run->next)
        if (run->vm == vm && evict_burden(run->charge) > most && evict_may_end(run)) {
            most = evict_burden(run->charge);
            found = run;
        }
    return found;
}

bool
rd_evict_most(struct rd_worker *w, struct rd_vm *vm)
{
    bool vain = vm->evicted_at != 0 && vm->used + vm->limit / EVICT_VAIN > vm->evicted_at;
    int64_t left = (int64_t)vm->used, enough = (int64_t)RD_VM_CROWDED(vm->limit);
    struct rd_run *run;

    vm->evicted_at = 0;
    if (vm->used <= RD_VM_BRIM(vm->limit) || vain || w->stopping)
        return false;
    rd_weigh(w, vm);
    while (left > enough && (run = evict_pick(w, vm)) != NULL) {
        left -= evict_burden(run->charge);
        if (run->state == RD_RUN_WAITING)
            rd_run_drop_op(run);
        run->evicted = true;
        rd_sched_put_first(w, run);
        vm->crowded = 0;    /* look again when they have ended */
        vm->evicted_at = vm->used;
    }
    return vm->evicted_at != 0;
}

bool
rd_evict_is_under_way(const struct rd_worker *w, const struct rd_vm *vm)
{
    if (vm->evicted_at == 0)
        return false;
    for (const struct rd_run *run = w->runs; run != NULL; run = run->next)
        if (run->vm == vm && run->root != run && run->cancelled && run->thread.L != NULL)
            return true;
    return false;
}
