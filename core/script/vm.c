/*
 * vm.c - see vm.h: the allocator and the pool of coroutines.
 *
 * The allocator counts; it kills nobody by itself. Over a handler's limit it
 * arms the hook, which collects garbage and then decides (slice.c); at the gate
 * it has the slice end, so that whoever holds most is ended (evict.c); at the cap
 * of the VM it refuses, and a refusal that the emergency collection did not
 * help marks the budget, so that pcall cannot go on after it.
 */
#include "script/vm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lua_replyd.h>

#include "base/mem.h"
#include "base/metric.h"
#include "script/slice.h"

/* A pointer that Lua frees must be malloc's own where a sanitizer shall see its end. */
#if defined(__SANITIZE_ADDRESS__)
#define VM_SMALL ((size_t)0)
#else
#define VM_SMALL (vm_size(RD_VM_CLASSES - 1))
#endif
#define VM_KEPT ((size_t)64 * 1024)    /* bytes of free blocks kept of each class */
#define VM_GRAIN 16
#define VM_HEAD 8
#define VM_REPORT (256 * 1024)    /* bytes that the gauge may be off */
#define VM_GIVE_BACK ((size_t)16 << 20)    /* bytes freed that are worth milliseconds */
#define VM_STACK_MOST ((uintptr_t)32 << 20)    /* bytes; Lua allows a million slots of 16 */

static char vm_threads_key;       /* its address: the registry's table of coroutines */

/*
 * While Lua moves a stack (the allocation may be just that) its pointers are offsets, and nothing
 * may look at it. The first member of a CallInfo is such a pointer; no heap lies as low as these.
 */
static bool
vm_stack_moves(const lua_Debug *ar)
{
    uintptr_t function;

    memcpy(&function, ar->i_ci, sizeof function);
    return function < VM_STACK_MOST;
}

/* Where Lua code is now, for the message of an error that Lua itself leaves without one. */
static void
vm_note_where(struct rd_vm *vm)
{
    lua_State *L = rd_slice_running(vm->clock);
    lua_Debug ar;

    for (int level = 0; L != NULL && lua_getstack(L, level, &ar); level++) {
        if (vm_stack_moves(&ar))
            return;
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline > 0) {
            snprintf(vm->where, sizeof vm->where, "%s:%d", ar.short_src,
                     ar.currentline);
            return;
        }
    }
}

/*
 * Lua collects all garbage after the first refusal and asks again, for its string buffers, too;
 * what alone is more than the budget needs no second question. Between the two, finalizers may get
 * what they ask for.
 */
static void
vm_refuse(struct rd_vm *vm, size_t old, size_t new)
{
    bool final = (vm->refused_old == old && vm->refused_new == new) ||
                 (vm->budget != NULL && (int64_t)new > vm->budget->mem_limit);

    vm->refused_old = old;
    vm->refused_new = final ? 0 : new;
    if (vm->budget == NULL || vm->budget->killed != RD_ALIVE)
        return;
    vm_note_where(vm);
    vm->budget->vm_full =
        vm->budget->mem + (int64_t)new - (int64_t)old <= vm->budget->mem_limit;
    if (!final)
        return;
    vm->budget->killed = RD_KILLED_MEMORY;
    vm->told = NULL;
    rd_slice_arm(vm->clock);
}

/* Past the gate: what is left carries the running handler to its next instruction. */
static bool
vm_pass(struct rd_vm *vm, size_t old, size_t new)
{
    vm->crowded = 0;    /* the VM is looked at after this slice */
    if (new - old > vm->limit - vm->used) {
        vm_refuse(vm, old, new);
        return false;
    }
    vm->gate = vm->limit;
    if (vm->budget != NULL) {
        vm->pressed = true;
        rd_slice_arm(vm->clock);
    }
    return true;
}

const char *
rd_vm_want(const struct rd_vm *vm, const struct rd_budget *b, char out[RD_VM_WANT])
{
    size_t bytes = b->vm_full ? vm->limit : (size_t)b->mem_limit;
    bool whole = bytes % ((size_t)1 << 20) == 0;

    snprintf(out, RD_VM_WANT, "not enough memory: %s (%zu %s) is used up",
             b->vm_full ? "vm_memory" : "handler_memory", bytes >> (whole ? 20 : 10),
             whole ? "MiB" : "KiB");
    return out;
}

static void
vm_charge(struct rd_vm *vm, size_t old, size_t new)
{
    struct rd_budget *b = vm->budget;

    vm->used += new - old;
    if (b == NULL)
        return;
    b->mem += (int64_t)new - (int64_t)old;
    if (b->mem < 0)    /* others' garbage was freed: no credit */
        b->mem = 0;
    if (b->mem > b->mem_limit && !b->mem_over && b->killed == RD_ALIVE) {
        b->mem_over = true;
        rd_slice_arm(vm->clock);
    }
}

/* ---- small blocks ---------------------------------------------------------------------- */

static unsigned
vm_class(size_t n)
{
    return (unsigned)((n + VM_HEAD - 1) / VM_GRAIN);
}

/* With malloc's head a multiple of the grain, as malloc rounds it. */
static size_t
vm_size(unsigned class)
{
    return (size_t)class * VM_GRAIN + VM_HEAD;
}

/* A block that the VM has let go is the next one's: Lua frees by the thousand when it sweeps. */
static void *
vm_get(struct rd_vm *vm, size_t n)
{
    struct rd_vm_block *block;
    unsigned class = vm_class(n);

    if (n > VM_SMALL)
        return malloc(n);
    block = vm->blocks[class].head;
    if (block == NULL)
        return malloc(vm_size(class));
    vm->blocks[class].head = block->next;
    vm->blocks[class].n--;
    return block;
}

static bool
vm_is_full(const struct rd_vm *vm, unsigned class)
{
    return vm->blocks[class].n * vm_size(class) >= VM_KEPT;
}

static void
vm_put(struct rd_vm *vm, void *p, size_t n)
{
    struct rd_vm_block *block = p;
    unsigned class = vm_class(n);

    if (p == NULL)
        return;
    if (n == 0 || n > VM_SMALL || vm_is_full(vm, class)) {
        free(p);
        return;
    }
    block->next = vm->blocks[class].head;
    vm->blocks[class].head = block;
    vm->blocks[class].n++;
}

static void *
vm_resize(struct rd_vm *vm, void *p, size_t old, size_t n)
{
    void *q;

    if (old > VM_SMALL && n > VM_SMALL)
        return realloc(p, n);
    if (old > 0 && old <= VM_SMALL && n <= VM_SMALL && vm_class(old) == vm_class(n))
        return p;
    q = vm_get(vm, n);
    if (q == NULL || p == NULL)
        return q;
    memcpy(q, p, old < n ? old : n);
    vm_put(vm, p, old);
    return q;
}

static void
vm_free_blocks(struct rd_vm *vm)
{
    struct rd_vm_block *block, *next;

    for (unsigned class = 0; class < RD_VM_CLASSES; class++)
        for (block = vm->blocks[class].head; block != NULL; block = next) {
            next = block->next;
            free(block);
        }
}

static void *
vm_alloc(void *ud, void *p, size_t osize, size_t nsize)
{
    struct rd_vm *vm = ud;
    size_t old = p != NULL ? osize : 0;    /* else osize is the kind of object */
    void *q;

    if (nsize == 0) {
        vm_put(vm, p, old);
        vm_charge(vm, old, 0);
        return NULL;
    }
    if (nsize > old && nsize - old > vm->gate - vm->used && !vm_pass(vm, old, nsize))
        return NULL;
    q = vm_resize(vm, p, old, nsize);
    if (q == NULL)
        return nsize <= old ? p : NULL;
    vm_charge(vm, old, nsize);
    if (nsize > old && nsize >= vm->refused_new)
        vm->refused_new = 0;
    return q;
}

/* Only reached when Lua raises outside of every protected call: a bug of ours. */
static int
vm_on_panic(lua_State *L)
{
    const char *text = lua_tostring(L, -1);

    rd_check_failed(text != NULL ? text : "error in Lua outside of a protected call", __FILE__,
                    __LINE__);
}

struct rd_vm *
rd_vm_new(size_t limit)
{
    struct rd_vm *vm = rd_calloc(1, sizeof *vm);

    vm->magic = RD_VM_MAGIC;
    vm->limit = limit;
    vm->crowded = RD_VM_CROWDED(limit);
    vm->gate = RD_VM_BRIM(limit);
    vm->L = lua_newstate(vm_alloc, vm);
    if (vm->L == NULL) {
        free(vm);
        return NULL;
    }
    lua_atpanic(vm->L, vm_on_panic);
    *(struct rd_vm **)lua_getextraspace(vm->L) = vm;
    return vm;
}

void
rd_vm_free(struct rd_vm *vm)
{
    RD_CHECK(vm, RD_VM_MAGIC);
    vm->budget = NULL;
    lua_close(vm->L);
    RD_ASSERT(vm->used == 0);
    vm_free_blocks(vm);
    rd_metric_add(RD_METRIC_vm_bytes, 0, -(int64_t)vm->reported);
    if (vm->most >= VM_GIVE_BACK)
        rd_mem_give_back();
    for (unsigned i = 0; i < vm->n_scripts; i++) {
        free(vm->scripts[i].keywords);
        free(vm->scripts[i].entries);
    }
    free(vm->scripts);
    vm->magic = RD_DEAD;
    free(vm);
}

/* Protected: makes a coroutine and keeps it in the table of threads; slot in *arg. */
static int
vm_on_new_thread(lua_State *L)
{
    struct rd_thread *t = lua_touserdata(L, 1);

    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &vm_threads_key) != LUA_TTABLE) {
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &vm_threads_key);
    }
    /* any border of the table is a free slot, whatever holes it has */
    t->slot = (int)lua_rawlen(L, -1) + 1;
    t->L = lua_newthread(L);
    rd_vm_hold(t->L, true);    /* whoever keeps coroutine.running() of it may look, no more */
    lua_rawseti(L, -2, t->slot);
    return 0;
}

struct rd_thread
rd_vm_take_thread(struct rd_vm *vm)
{
    struct rd_thread t = { NULL, 0 };

    if (vm->n_pool > 0)
        return vm->pool[--vm->n_pool];
    lua_pushcfunction(vm->L, vm_on_new_thread);
    lua_pushlightuserdata(vm->L, &t);
    if (lua_pcall(vm->L, 1, 0, 0) != LUA_OK) {
        lua_settop(vm->L, 0);
        t.L = NULL;
    }
    return t;
}

void
rd_vm_give_thread(struct rd_vm *vm, struct rd_thread t)
{
    lua_settop(t.L, 0);
    if (lua_gethook(t.L) != NULL)
        lua_sethook(t.L, NULL, 0, 0);
    if (vm->n_pool < RD_VM_POOL && lua_weighalone(t.L) <= RD_VM_POOL_EACH) {
        vm->pool[vm->n_pool++] = t;
        return;
    }
    lua_rawgetp(vm->L, LUA_REGISTRYINDEX, &vm_threads_key);
    lua_pushnil(vm->L);
    lua_rawseti(vm->L, -2, t.slot);    /* the slot exists: no allocation, no error */
    lua_settop(vm->L, 0);
}

void
rd_vm_push_threads(struct rd_vm *vm)
{
    lua_rawgetp(vm->L, LUA_REGISTRYINDEX, &vm_threads_key);
}

void
rd_vm_report(struct rd_vm *vm)
{
    int64_t off = (int64_t)vm->used - (int64_t)vm->reported;

    if (off < VM_REPORT && off > -VM_REPORT)
        return;
    rd_metric_add(RD_METRIC_vm_bytes, 0, off);
    vm->reported = vm->used;
    if (vm->used > vm->most)
        vm->most = vm->used;
    if (vm->most - vm->used >= VM_GIVE_BACK && rd_mem_give_back())
        vm->most = vm->used;
}
