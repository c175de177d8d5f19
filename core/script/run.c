/*
 * run.c - the life of a run: start, slices, cancel, end. Called by the host
 * (start, cancel), the scheduler (slice) and ops (wake), on the worker's thread.
 * What happens inside the coroutine is body.c.
 */
#include "script/run.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/metric.h"
#include "script/child.h"
#include "script/generation.h"
#include "script/rebuild.h"
#include "script/report.h"
#include "script/slice.h"
#include "script/weigh.h"
#include "script/worker.h"

#define RUN_SPARE 256    /* structs kept for the next runs */

/* ---- start ----------------------------------------------------------------- */

static struct rd_run *
run_new(struct rd_worker *w)
{
    struct rd_run *run = w->spare;

    if (run == NULL)
        return rd_calloc(1, sizeof *run);
    w->spare = run->queue_next;
    w->n_spare--;
    return run;
}

static void
run_link(struct rd_worker *w, struct rd_run *run)
{
    run->prev = NULL;
    run->next = w->runs;
    if (w->runs != NULL)
        w->runs->prev = run;
    w->runs = run;
    w->n_runs++;
}

static void
run_unlink(struct rd_worker *w, struct rd_run *run)
{
    if (run->prev != NULL)
        run->prev->next = run->next;
    else
        w->runs = run->next;
    if (run->next != NULL)
        run->next->prev = run->prev;
    w->n_runs--;
}

/* A fresh budget; what was used before is kept in cpu_ns. */
static void
run_set_budget(struct rd_run *run, uint64_t cpu_limit_ns)
{
    run->cpu_ns += run->budget.cpu_ns;
    rd_weigh_left(run->vm, &run->budget);
    run->kill_told = false;
    run->budget = (struct rd_budget){
        .cpu_limit_ns = cpu_limit_ns,
        .mem_limit = (int64_t)run->vm->generation->limits.handler_memory,
    };
}

struct rd_run *
rd_run_make(struct rd_worker *w, struct rd_vm *vm, const struct rd_run_order *order)
{
    struct rd_run *run = run_new(w);

    *run = (struct rd_run){ .magic = RD_RUN_MAGIC, .worker = w, .vm = vm, .order = *order };
    run->root = run;
    run->charge = &run->budget;
    run->pending.tail = &run->pending.head;
    rd_generation_ref(order->generation);
    atomic_fetch_add_explicit(&vm->runs, 1, memory_order_relaxed);
    rd_buf_init(&run->trace, RD_RUN_TRACE);
    run_link(w, run);
    return run;
}

void
rd_run_queue(struct rd_run *run)
{
    struct rd_worker *w = run->worker;

    run->state = RD_RUN_QUEUED;
    rd_sched_push(w, &w->ready, run);
    if (w->stopping)
        rd_run_cancel(run, RD_OUTCOME_cancelled);
}

struct rd_run *
rd_run_start(struct rd_worker *w, const struct rd_run_order *order)
{
    struct rd_generation *g = order->generation;
    struct rd_vm *vm = atomic_load_explicit(&g->vms[w->index], memory_order_acquire);
    struct rd_run *run;

    RD_CHECK(vm, RD_VM_MAGIC);
    if (atomic_load(&vm->lost)) {
        /* declared lost a moment ago; a successor's VM is built before it gets messages */
        RD_ASSERT(rd_worker_is_dead(w));
        rd_slice_park();
    }
    run = rd_run_make(w, vm, order);
    run_set_budget(run, g->limits.cpu_limit_ns);
    rd_run_queue(run);
    return run;
}

/* ---- end ------------------------------------------------------------------- */

/*
 * Takes the run's share of its VM's references. None is left when this thread was declared lost
 * after its last look, and recovery has given them all back. What is left of them is returned.
 */
static unsigned
run_take_share(struct rd_vm *vm)
{
    unsigned n = atomic_load(&vm->runs);

    do
        if (n == 0)
            rd_slice_park();
    while (!atomic_compare_exchange_weak(&vm->runs, &n, n - 1));
    return n - 1;
}

void
rd_run_free(struct rd_run *run)
{
    struct rd_worker *w = run->worker;
    struct rd_generation *g = run->order.generation;

    rd_weigh_left(run->vm, &run->budget);
    rd_buf_free(&run->trace);
    run_unlink(w, run);
    if (run_take_share(run->vm) == 0 && run->vm->retired)
        rd_rebuild_forget(run->vm);
    run->magic = RD_DEAD;
    if (w->n_spare < RUN_SPARE) {
        run->queue_next = w->spare;
        w->spare = run;
        w->n_spare++;
    } else {
        free(run);
    }
    rd_generation_unref(g);
}

static void
run_end_root(struct rd_run *run)
{
    struct rd_run_end end = {
        .outcome = run->outcome,
        .reply = run->reply,
        .error_handler_replied = run->in_error && run->reply != NULL,
        .goes_on = run->n_children > 0,
        .cpu_ns = run->cpu_ns + run->budget.cpu_ns,
    };

    if (run->thread.L != NULL)
        rd_vm_give_thread(run->vm, run->thread);
    run->thread.L = NULL;    /* the run may stay for its children's sake */
    rd_vm_report(run->vm);
    if (rd_rebuild_is_due(run->vm))
        rd_rebuild_consider(run->worker, run->vm);
    run->worker->host->run_ended(run, run->order.order, &end);
    rd_run_rest(run);
}

static void
run_end(struct rd_run *run)
{
    run->state = RD_RUN_ENDED;
    rd_run_drop_op(run);
    rd_reply_free(run->half_made);
    if (run->root == run)
        run_end_root(run);
    else
        rd_child_end(run);
}

/* ---- slices ---------------------------------------------------------------- */

static void
run_open_slice(struct rd_run *run, uint64_t now_ns)
{
    struct rd_slice_clock *c = &run->worker->clock;

    run->state = RD_RUN_RUNNING;
    run->vm->run = run;
    run->vm->budget = run->charge;
    run->vm->where[0] = '\0';
    atomic_store_explicit(&c->order, run->order.order, memory_order_relaxed);
    rd_slice_open(c, run->vm, run->thread.L, now_ns);
    if (!run->cancelled)
        rd_slice_limit(c);
}

static void
run_close_slice(struct rd_run *run, uint64_t *now_ns)
{
    struct rd_slice_clock *c = &run->worker->clock;

    *now_ns = rd_clock_ns();
    rd_slice_close(c, *now_ns);
    atomic_store_explicit(&c->order, NULL, memory_order_relaxed);
    run->vm->run = NULL;
}

/*
 * Runs the __close handlers of a coroutine that will not go on, those of coroutines in which it
 * waits first, and makes it fit for the pool. Where those before it have taken all that there is,
 * each ends at its first instruction.
 */
static void
run_close_thread(struct rd_run *run, uint64_t *now_ns)
{
    uint64_t limit;
    bool over;

    if (run->thread.L == NULL || lua_status(run->thread.L) == LUA_OK)
        return;
    limit = rd_child_close_budget(run->root, &over);
    run_set_budget(run, limit);
    run->charge = &run->budget;
    run_open_slice(run, *now_ns);
    rd_slice_limit(&run->worker->clock);
    rd_coroutine_end(run);
    run_close_slice(run, now_ns);
    if (over)
        run->root->close_us += (uint32_t)(run->budget.cpu_ns / RD_US);
    else
        run->root->budget.cpu_ns += run->budget.cpu_ns;
}

static void
run_end_cancelled(struct rd_run *run, uint64_t *now_ns)
{
    rd_run_drop_op(run);
    run_close_thread(run, now_ns);
    run->n_results = 0;
    rd_reply_free(run->reply);
    run->reply = NULL;
    run_end(run);
}

/* Buffers of Lua's own libraries say it with a plain error; see lauxlib.c, resizebox(). */
static bool
run_says_no_memory(lua_State *L)
{
    return L != NULL && lua_gettop(L) > 0 && lua_type(L, -1) == LUA_TSTRING &&
           strcmp(lua_tostring(L, -1), "not enough memory") == 0;
}

static enum rd_outcome
run_failure(const struct rd_run *run, int status)
{
    enum rd_killed killed = run->charge->killed;

    if (killed == RD_KILLED_CPU || killed == RD_KILLED_BLOCKED)
        return RD_OUTCOME_cpu;
    if (killed == RD_KILLED_MEMORY || status == LUA_ERRMEM || run_says_no_memory(run->thread.L))
        return RD_OUTCOME_memory;
    return RD_OUTCOME_error;
}

/* The error value from the top of the failed coroutine; an evicted run's is closed already. */
static void
run_pass_error(struct rd_run *run, lua_State *to, uint64_t *now_ns)
{
    lua_State *L = run->thread.L;

    lua_pushcfunction(to, rd_run_error_body);
    if (L == NULL) {
        lua_pushliteral(to, "not enough memory");    /* Lua keeps it: no allocation */
        return;
    }
    if (lua_gettop(L) == 0)
        lua_pushnil(L);
    lua_xmove(L, to, 1);
    run_close_thread(run, now_ns);
    rd_vm_give_thread(run->vm, run->thread);
}

/*
 * The `error` handler gets a coroutine and a budget of its own, and the error
 * value. False: the script has none.
 */
static bool
run_start_error_handler(struct rd_run *run, uint64_t *now_ns)
{
    const struct rd_script_host *host = run->worker->host;
    struct rd_vm *vm = run->vm;
    uint64_t limit = vm->generation->limits.cpu_limit_ns;
    struct rd_thread fresh;

    if (vm->scripts[run->order.script].error == LUA_NOREF || run->in_error)
        return false;
    if (run->outcome == RD_OUTCOME_memory && run->thread.L != NULL)
        lua_gc(vm->L, LUA_GCCOLLECT);
    fresh = rd_vm_take_thread(vm);
    if (fresh.L == NULL)
        return false;
    run_pass_error(run, fresh.L, now_ns);
    run->thread = fresh;
    run_set_budget(run, RD_RUN_ERROR_CPU_MS * RD_MS < limit ? RD_RUN_ERROR_CPU_MS * RD_MS : limit);
    run->in_error = true;
    run->n_said = 0;    /* what was published is discarded */
    run->said_redirect = false;
    run->failed = false;
    if (host->run_failed != NULL)
        host->run_failed(run, run->order.order, run->outcome);
    run->state = RD_RUN_READY;
    rd_sched_push(run->worker, &run->worker->ready, run);
    return true;
}

/* The error value, or nil, is on the top of the coroutine. */
static void
run_end_failed(struct rd_run *run, int status, uint64_t *now_ns)
{
    enum rd_outcome why;

    rd_run_drop_op(run);
    rd_reply_free(run->reply);
    run->reply = NULL;
    run->failed = true;
    run->n_results = lua_gettop(run->thread.L) > 0;
    rd_children_cancel(run, RD_OUTCOME_cancelled);
    why = run_failure(run, status);
    if (why == RD_OUTCOME_memory)
        rd_report_want(run);
    if (!run->in_error)
        run->outcome = why;
    if (run->over == NULL)
        rd_report_error(run);    /* else it is the error of who waits for it */
    if (run->root == run && run_start_error_handler(run, now_ns))
        return;
    run_close_thread(run, now_ns);
    run_end(run);
}

/* Not resumed any more; what it held is free before anybody else goes on. */
static void
run_end_evicted(struct rd_run *run, uint64_t *now_ns)
{
    struct rd_vm *vm = run->vm;

    run->failed = true;
    if (!run->in_error)
        run->outcome = RD_OUTCOME_memory;
    rd_report_evicted(run);
    rd_reply_free(run->reply);
    run->reply = NULL;
    rd_children_cancel(run->root, RD_OUTCOME_cancelled);    /* it may be one of them */
    run->evicted = false;
    run_close_thread(run, now_ns);
    rd_vm_give_thread(vm, run->thread);
    run->thread.L = NULL;
    if (run->worker->first.head == NULL)
        rd_rebuild_consider(run->worker, vm);
    if (run->root != run || !run_start_error_handler(run, now_ns))
        run_end(run);
}

static void
run_end_well(struct rd_run *run)
{
    if (!run->in_error)
        run->outcome = rd_reply_is_empty(run->reply) ? RD_OUTCOME_empty : RD_OUTCOME_ok;
    run_end(run);
}

static void
run_after_yield(struct rd_run *run, uint64_t *now_ns)
{
    struct rd_worker *w = run->worker;

    rd_vm_report(run->vm);
    if (run->vm->passing == RD_PASS_FORCED) {
        rd_metric_inc(RD_METRIC_preemptions_total);
        run->state = RD_RUN_LOW;
        rd_sched_push(w, run->cancelled ? &w->ready : &w->low, run);
    } else {    /* only the engine's functions yield from the outermost coroutine */
        RD_ASSERT(run->vm->passing == RD_PASS_AWAIT || run->cancelled);
        run->state = RD_RUN_WAITING;
        if (run->cancelled) {
            run_end_cancelled(run, now_ns);
            return;
        }
    }
    if (rd_rebuild_is_due(run->vm))
        rd_rebuild_consider(w, run->vm);
}

static void
run_resume(struct rd_run *run, uint64_t *now_ns)
{
    bool has_argument = run->in_error || run->root != run;
    int status;

    run_open_slice(run, *now_ns);
    status = lua_resume(run->thread.L, NULL, has_argument && lua_status(run->thread.L) == LUA_OK,
                        &run->n_results);
    run_close_slice(run, now_ns);
    if (status == LUA_YIELD)
        run_after_yield(run, now_ns);
    else if (run->cancelled)
        run_end_cancelled(run, now_ns);
    else if (status != LUA_OK || run->failed || run->charge->killed != RD_ALIVE)
        run_end_failed(run, status, now_ns);
    else
        run_end_well(run);
}

/* First slice: a coroutine with the body on it. */
static bool
run_begin(struct rd_run *run)
{
    run->thread = rd_vm_take_thread(run->vm);
    if (run->thread.L == NULL)
        return false;
    lua_pushcfunction(run->thread.L, rd_run_body);
    return true;
}

void
rd_run_slice(struct rd_run *run, uint64_t *now_ns)
{
    RD_CHECK(run, RD_RUN_MAGIC);
    if (atomic_load_explicit(&run->worker->clock.dead, memory_order_relaxed))
        rd_slice_park();
    if (run->cancelled) {
        run_end_cancelled(run, now_ns);
    } else if (run->evicted) {
        run_end_evicted(run, now_ns);
    } else if (run->thread.L == NULL && rd_rebuild_holds(run)) {
        rd_sched_push(run->worker, &run->worker->held, run);
    } else if (run->thread.L == NULL && !run_begin(run)) {
        run->outcome = RD_OUTCOME_memory;
        run->charge->vm_full = true;
        rd_report_want(run);
        rd_report_error(run);
        run_end(run);
    } else {
        run_resume(run, now_ns);
    }
}

/* ---- from outside ---------------------------------------------------------- */

void
rd_run_wake(struct rd_run *run)
{
    RD_CHECK(run, RD_RUN_MAGIC);
    RD_ASSERT(run->state == RD_RUN_WAITING);
    run->state = RD_RUN_READY;
    rd_sched_push(run->worker, &run->worker->ready, run);
}

void
rd_run_cancel(struct rd_run *run, enum rd_outcome why)
{
    struct rd_worker *w = run->worker;

    RD_CHECK(run, RD_RUN_MAGIC);
    rd_children_cancel(run, why);
    if (run->cancelled || run->state == RD_RUN_ENDED)
        return;
    run->cancelled = true;
    if (!run->in_error)
        run->outcome = why;
    if (run->state == RD_RUN_WAITING)
        rd_run_drop_op(run);
    if (rd_child_ends_first(run)) {
        rd_sched_put_first(w, run);
    } else if (run->state == RD_RUN_WAITING) {
        rd_run_wake(run);
    } else if (run->state == RD_RUN_RUNNING) {
        rd_slice_arm(&w->clock);
    } else if (run->state != RD_RUN_READY) {    /* else it is there already */
        rd_sched_remove(w, run);
        rd_sched_push(w, &w->ready, run);
    }
}
