/*
 * rebuild.c - see rebuild.h. What fills a VM for good are file-level tables
 * that grow, and many suspended handlers; neither may fail the next message.
 *
 * A short-lived thread loads the scripts again, from the sources in memory.
 * Handlers that have not begun wait for that, a moment at most, and begin in
 * the new VM; those that have begun end in the old one, which is freed with its
 * last run. There is one retired VM for each worker and generation at most.
 */
#include "script/rebuild.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"
#include "script/evict.h"
#include "script/generation.h"

#define REBUILD_STACK ((size_t)1024 * 1024)    /* as a reload's: Lua's compiler recurses */
#define REBUILD_TEXT ((size_t)4096)
#define REBUILD_AGAIN (10 * RD_SECOND)    /* what a load failed for may be gone then */
#define REBUILD_HOLD_MS 200    /* a load may take seconds; whoever sent a message waits for less */

struct rebuild {
    struct rd_mail mail;
    struct rd_generation *generation;    /* referenced */
    struct rd_worker *worker;            /* that asked; a successor may get the mail */
    struct rd_vm *old, *fresh;           /* fresh is NULL: it did not load */
    struct rd_buf why;
};

/* ---- on the worker, with the new VM --------------------------------------------- */

/* It has no coroutine yet; one that has ended has none any more. */
static bool
rebuild_may_move(const struct rd_run *run, const struct rd_vm *old)
{
    return run->vm == old && run->thread.L == NULL && run->state != RD_RUN_ENDED;
}

static unsigned
rebuild_count_queued(const struct rd_worker *w, const struct rd_vm *old)
{
    unsigned n = 0;

    for (const struct rd_run *run = w->runs; run != NULL; run = run->next)
        n += rebuild_may_move(run, old);
    return n;
}

static void
rebuild_swap(struct rebuild *r)
{
    unsigned n = rebuild_count_queued(r->worker, r->old);

    if (!rd_generation_swap(r->generation, r->old, r->fresh, n))
        rd_slice_park();    /* this thread was declared lost a moment ago */
    for (struct rd_run *run = r->worker->runs; run != NULL; run = run->next)
        if (rebuild_may_move(run, r->old))
            run->vm = r->fresh;
    rd_metric_inc(RD_METRIC_vm_rebuilds_total);
    rd_log_msg(RD_LOG_WARN, "vm_rebuilt",
               "generation %llu, script thread %u: %zu KiB stayed in use, %u handlers go on there",
               (unsigned long long)r->generation->number, r->old->index, r->old->used / 1024,
               atomic_load(&r->old->runs));
    r->old->retired = true;
    if (atomic_load(&r->old->runs) == 0)
        rd_rebuild_forget(r->old);
}

static void
rebuild_fail(struct rebuild *r)
{
    rd_log_msg(RD_LOG_ERROR, "vm_rebuilt",
               "the scripts did not load again, next try in %u s or more: %.*s",
               (unsigned)(REBUILD_AGAIN / RD_SECOND), (int)r->why.n, r->why.p);
    r->old->rebuild_after_ns = rd_clock_ns() + REBUILD_AGAIN;
}

static void
rebuild_on_done(struct rd_mail *mail, void *owner)
{
    struct rebuild *r = (struct rebuild *)mail;
    struct rd_worker *w = owner;

    if (r->worker != w) {    /* the one that asked is lost, and the old VM with it */
        if (r->fresh != NULL)
            rd_vm_free(r->fresh);
    } else {
        w->n_rebuilds--;
        r->old->rebuilding = false;
        if (r->fresh != NULL)
            rebuild_swap(r);
        else
            rebuild_fail(r);
        rd_sched_release(w);
    }
    rd_buf_free(&r->why);
    rd_generation_unref(r->generation);
    free(r);
}

/* ---- the loader --------------------------------------------------------------------- */

static void
rebuild_give(struct rebuild *r)
{
    r->mail.deliver = rebuild_on_done;
    if (rd_worker_post(r->old->index, &r->mail) == 0)
        return;
    if (r->fresh != NULL)    /* lost without a successor so far */
        rd_vm_free(r->fresh);
    rd_buf_free(&r->why);
    rd_generation_unref(r->generation);
    free(r);
}

static void *
rebuild_main(void *arg)
{
    struct rebuild *r = arg;

    pthread_setname_np(pthread_self(), "rebuild");
    if (rd_vm_load(r->generation, r->old->index, &r->fresh, &r->why) == 0)
        r->fresh->rebuild_vain = r->fresh->used > RD_VM_CROWDED(r->fresh->limit);
    rebuild_give(r);
    return NULL;
}

static void
rebuild_start(struct rd_worker *w, struct rd_vm *vm)
{
    struct rebuild *r = rd_calloc(1, sizeof *r);
    pthread_attr_t attr;
    pthread_t thread;
    int error;

    r->generation = rd_generation_ref(vm->generation);
    r->worker = w;
    r->old = vm;
    rd_buf_init(&r->why, REBUILD_TEXT);
    vm->rebuilding = true;
    w->n_rebuilds++;
    rd_sched_hold(w, REBUILD_HOLD_MS);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, REBUILD_STACK);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    error = pthread_create(&thread, &attr, rebuild_main, r);
    pthread_attr_destroy(&attr);
    if (error != 0) {
        rd_buf_put_str(&r->why, "no thread");
        rebuild_give(r);
    }
}

/* ---- at the end of a slice ------------------------------------------------------------ */

static size_t
rebuild_max(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Collects; not again for the next few bytes: a collection of all costs milliseconds. */
static void
rebuild_collect(struct rd_vm *vm)
{
    size_t next;

    lua_gc(vm->L, LUA_GCCOLLECT);
    next = vm->used + vm->limit / 20;
    vm->crowded = rebuild_max(next, RD_VM_CROWDED(vm->limit));
    next = rebuild_max(next, RD_VM_BRIM(vm->limit));
    vm->gate = next < vm->limit ? next : vm->limit;
    vm->pressed = false;
}

void
rd_rebuild_consider(struct rd_worker *w, struct rd_vm *vm)
{
    if (rd_evict_is_under_way(w, vm))
        return;
    rebuild_collect(vm);
    if (rd_evict_most(w, vm) || vm->used <= RD_VM_CROWDED(vm->limit) || vm->rebuild_vain ||
        vm->rebuilding || vm->retired || w->stopping || rd_generation_has_retired(vm) ||
        rd_clock_ns() < vm->rebuild_after_ns)
        return;
    rebuild_start(w, vm);
}

void
rd_rebuild_forget(struct rd_vm *vm)
{
    struct rd_vm *successor = atomic_load(&vm->generation->vms[vm->index]);

    if (!rd_generation_drop_retired(vm))
        rd_slice_park();
    successor->crowded = RD_VM_CROWDED(successor->limit);    /* it may have waited for this */
    rd_vm_free(vm);
}
