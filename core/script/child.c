/* child.c - see child.h. Called by run.c and await.c, on the worker's thread. */
#include "script/child.h"

#include <lauxlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "script/report.h"
#include "script/worker.h"

struct rd_thread
rd_child_prepare(lua_State *L, int index)
{
    struct rd_run *run = rd_run_of(L);
    struct rd_thread t;

    if (run == NULL)
        luaL_error(L, "no coroutine can be started while a script is loaded");
    RD_ASSERT(run != NULL);    /* luaL_error does not return */
    if (run->cancelled || run->failed || run->root->cancelled || run->root->failed)
        luaL_error(L, "no coroutine can be started by a handler that is over");
    if (run->root->n_children >= RD_CHILDREN_MOST)
        luaL_error(L, "a handler has at most %d coroutines at a time", RD_CHILDREN_MOST);
    t = rd_vm_take_thread(rd_vm_of(L));
    if (t.L == NULL)
        luaL_error(L, "not enough memory for a coroutine");
    lua_pushcfunction(t.L, rd_run_child_body);
    lua_pushvalue(L, index);
    lua_xmove(L, t.L, 1);
    return t;
}

/* Which coroutine it is, the same in each run of a message: its parent's path and its number. */
static uint64_t
child_path(struct rd_run *parent)
{
    return (parent->path + 1) * UINT64_C(0x9E3779B97F4A7C15) + ++parent->n_started;
}

uint64_t
rd_run_path(struct rd_run *run, uint32_t *ordinal)
{
    RD_CHECK(run, RD_RUN_MAGIC);
    *ordinal = run->n_replies++;
    return run->path;
}

struct rd_run *
rd_child_start(struct rd_run *parent, struct rd_thread thread, rd_child_over_fn *over, void *group)
{
    struct rd_run *root = parent->root;
    struct rd_run *child = rd_run_make(parent->worker, parent->vm, &parent->order);

    child->root = root;
    child->charge = &root->budget;
    child->thread = thread;
    child->path = child_path(parent);
    child->over = over;
    child->group = group;
    child->older = root->children;
    if (root->children != NULL)
        root->children->younger = child;
    root->children = child;
    root->n_children++;
    rd_run_queue(child);
    return child;
}

void
rd_children_cancel(struct rd_run *root, enum rd_outcome why)
{
    for (struct rd_run *child = root->children; child != NULL; child = child->older)
        rd_run_cancel(child, why);
}

bool
rd_child_ends_first(const struct rd_run *run)
{
    return run->root != run && !run->evicted && run->state != RD_RUN_RUNNING &&
           run->vm->used > RD_VM_CROWDED(run->vm->limit);
}

uint64_t
rd_child_close_budget(const struct rd_run *root, bool *over)
{
    uint64_t all = RD_RUN_CLOSE_ALL_CPU_MS * RD_MS, most = RD_RUN_CLOSE_CPU_MS * RD_MS;
    uint64_t taken = root->close_us * RD_US;

    *over = root->cancelled || root->failed || root->in_error || root->state == RD_RUN_ENDED ||
            root->budget.killed != RD_ALIVE;
    if (!*over)
        return most;
    if (taken >= all)
        return 0;
    return all - taken < most ? all - taken : most;
}

void
rd_run_rest(struct rd_run *root)
{
    const struct rd_script_host *host = root->worker->host;

    if (root->state != RD_RUN_ENDED || root->n_children > 0)
        return;
    rd_report_counts(root);
    if (host->run_gone != NULL)
        host->run_gone(root, root->order.order);
    rd_run_free(root);
}

static void
child_unlink(struct rd_run *child)
{
    struct rd_run *root = child->root;

    if (child->younger != NULL)
        child->younger->older = child->older;
    else
        root->children = child->older;
    if (child->older != NULL)
        child->older->younger = child->younger;
    root->n_children--;
}

void
rd_child_end(struct rd_run *child)
{
    struct rd_run *root = child->root;
    bool kills = child->over == NULL && child->charge == &root->budget &&
                 child->charge->killed != RD_ALIVE;

    if (child->over != NULL)
        child->over(child, child->group);
    if (child->thread.L != NULL)
        rd_vm_give_thread(child->vm, child->thread);
    child_unlink(child);
    if (kills)
        rd_run_cancel(root, child->outcome);    /* what it has used up was the handler's, too */
    rd_run_free(child);
    rd_run_rest(root);
}
