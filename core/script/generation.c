/*
 * generation.c - see generation.h: life of a generation, its sources, and the
 * registry of all that are alive. Loaders make them, everybody counts them.
 */
#include "script/generation.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/metric.h"
#include "script/worker.h"

struct generation_close {
    struct rd_mail mail;
    struct rd_vm *vm;
};

static pthread_mutex_t generation_lock = PTHREAD_MUTEX_INITIALIZER;
static struct rd_generation *generation_registry;
static atomic_uint generation_alive, generation_leaked;
static _Atomic(uint64_t) generation_last;    /* newest number */

/* ---- sources --------------------------------------------------------------- */

const struct rd_source *
rd_generation_find(const struct rd_generation *g, struct rd_slice path)
{
    const struct rd_source *s = atomic_load_explicit(&g->sources, memory_order_acquire);

    while (s != NULL && !rd_slice_eq(s->path, path))
        s = s->next;
    return s;
}

const struct rd_source *
rd_generation_add(struct rd_generation *g, struct rd_slice path, struct rd_slice text)
{
    struct rd_source *s = rd_arena_alloc(&g->arena, sizeof *s);

    if (s == NULL)
        return NULL;
    s->path = rd_arena_copy(&g->arena, path);
    s->text = rd_arena_copy(&g->arena, text);
    if (s->path.p == NULL || s->text.p == NULL)
        return NULL;
    s->next = atomic_load_explicit(&g->sources, memory_order_relaxed);
    atomic_store_explicit(&g->sources, s, memory_order_release);
    return s;
}

struct rd_slice
rd_generation_line(const struct rd_generation *g, struct rd_slice path, int line)
{
    const struct rd_source *s = rd_generation_find(g, path);
    struct rd_slice rest = s != NULL ? s->text : rd_slice_make(NULL, 0);

    for (; line > 1 && rest.n > 0; line--)
        rest = rd_slice_skip(rest, rd_slice_find(rest, '\n') + 1);
    rest.n = rd_slice_find(rest, '\n');
    return rd_slice_trim(rest);
}

/* ---- the end --------------------------------------------------------------- */

static void
generation_free(struct rd_generation *g)
{
    rd_arena_free(&g->arena);
    free(g->scripts);
    free(g->vms);
    free(g->retired);
    g->magic = RD_DEAD;
    free(g);
}

static void
generation_on_close(struct rd_mail *mail, void *owner)
{
    struct generation_close *c = (struct generation_close *)mail;

    (void)owner;
    rd_vm_free(c->vm);
    free(c);
}

/* On its worker's thread, which alone may still hold closing handles; here when there is none. */
static void
generation_close_vm(struct rd_vm *vm)
{
    struct generation_close *c = rd_malloc(sizeof *c);

    c->mail.deliver = generation_on_close;
    c->vm = vm;
    if (rd_worker_post(vm->index, &c->mail) != 0)
        generation_on_close(&c->mail, NULL);
}

static void
generation_unlink(struct rd_generation *g)
{
    pthread_mutex_lock(&generation_lock);
    if (g->prev != NULL)
        g->prev->next = g->next;
    else
        generation_registry = g->next;
    if (g->next != NULL)
        g->next->prev = g->prev;
    pthread_mutex_unlock(&generation_lock);
    atomic_fetch_sub(&generation_alive, 1);
    rd_metric_add(RD_METRIC_generations, 0, -1);
}

static void
generation_end(struct rd_generation *g)
{
    generation_unlink(g);
    for (unsigned i = 0; i < g->n_workers; i++) {
        struct rd_vm *vm = atomic_load(&g->vms[i]);

        if (vm != NULL && !vm->lost)
            generation_close_vm(vm);
    }
    if (g->snapshot_free != NULL && g->snapshot != NULL)
        g->snapshot_free(g->snapshot);
    g->snapshot = NULL;
    if (!g->leaked)
        generation_free(g);    /* else a lost thread may still look into it */
}

struct rd_generation *
rd_generation_ref(struct rd_generation *g)
{
    RD_CHECK(g, RD_GENERATION_MAGIC);
    atomic_fetch_add_explicit(&g->refs, 1, memory_order_relaxed);
    return g;
}

void
rd_generation_unref(struct rd_generation *g)
{
    RD_CHECK(g, RD_GENERATION_MAGIC);
    if (atomic_fetch_sub_explicit(&g->refs, 1, memory_order_acq_rel) == 1)
        generation_end(g);
}

/* ---- the beginning --------------------------------------------------------- */

static int
generation_copy_scripts(struct rd_generation *g, const struct rd_generation_spec *spec)
{
    for (size_t i = 0; i < spec->n_scripts; i++) {
        const struct rd_source *s;

        s = rd_generation_add(g, spec->scripts[i].path, spec->scripts[i].text);
        if (s == NULL)
            return RD_E_TOO_BIG;
        g->scripts[i].path = s->path;
        g->scripts[i].reserved = spec->scripts[i].reserved;
        g->scripts[i].n_reserved = spec->scripts[i].n_reserved;
    }
    if (spec->root.n > 0)
        g->root = rd_arena_copy(&g->arena, spec->root);
    return 0;
}

static struct rd_generation *
generation_new(const struct rd_generation_spec *spec)
{
    struct rd_generation *g = rd_calloc(1, sizeof *g);

    g->magic = RD_GENERATION_MAGIC;
    atomic_init(&g->refs, 1);
    g->number = atomic_fetch_add(&generation_last, 1) + 1;
    g->limits = spec->limits;
    g->host = spec->host;
    rd_arena_init(&g->arena, RD_GENERATION_SOURCES);
    g->n_scripts = (unsigned)spec->n_scripts;
    g->n_workers = spec->n_workers;
    g->scripts = rd_calloc(g->n_scripts, sizeof *g->scripts);
    g->vms = rd_calloc(g->n_workers, sizeof *g->vms);
    g->retired = rd_calloc(g->n_workers, sizeof *g->retired);
    pthread_mutex_lock(&generation_lock);
    g->next = generation_registry;
    if (g->next != NULL)
        g->next->prev = g;
    generation_registry = g;
    pthread_mutex_unlock(&generation_lock);
    atomic_fetch_add(&generation_alive, 1);
    rd_metric_add(RD_METRIC_generations, 0, 1);
    return g;
}

struct rd_generation *
rd_generation_load(const struct rd_generation_spec *spec, struct rd_buf *error)
{
    struct rd_generation *g = generation_new(spec);
    int status = generation_copy_scripts(g, spec);

    if (status != 0)
        rd_buf_put_str(error, "the scripts are larger than 64 MiB");
    g->snapshot = spec->snapshot;    /* vm_open may look at it */
    for (unsigned i = 0; i < g->n_workers && status == 0; i++) {
        struct rd_vm *vm = NULL;

        status = rd_vm_load(g, i, &vm, error);
        atomic_store(&g->vms[i], vm);
    }
    if (status != 0) {
        g->snapshot = NULL;    /* stays the caller's */
        rd_generation_unref(g);
        return NULL;
    }
    g->snapshot_free = spec->snapshot_free;
    g->sealed = true;
    return g;
}

static unsigned
generation_runs_of(struct rd_vm *vm)
{
    return vm != NULL ? atomic_exchange(&vm->runs, 0) : 0;
}

int
rd_generation_rebuild(struct rd_generation *g, unsigned index, struct rd_buf *error)
{
    struct rd_vm *old = atomic_load(&g->vms[index]), *vm = NULL, *retired;
    unsigned runs;
    int status;

    RD_CHECK(g, RD_GENERATION_MAGIC);
    RD_ASSERT(old != NULL);
    if (!old->lost)
        return 0;
    status = rd_vm_load(g, index, &vm, error);
    if (status != 0)
        return status;
    atomic_store_explicit(&g->vms[index], vm, memory_order_release);
    pthread_mutex_lock(&generation_lock);
    retired = g->retired[index];
    g->retired[index] = NULL;
    pthread_mutex_unlock(&generation_lock);
    /* the lost thread will never give the references of its runs back */
    for (runs = generation_runs_of(retired) + generation_runs_of(old); runs > 0; runs--)
        rd_generation_unref(g);    /* NOLINT(clang-analyzer-unix.Malloc): held */
    return 0;
}

bool
rd_generation_swap(struct rd_generation *g, struct rd_vm *old, struct rd_vm *fresh, unsigned n)
{
    bool lost;

    pthread_mutex_lock(&generation_lock);
    lost = old->lost;
    if (!lost) {
        RD_ASSERT(g->retired[old->index] == NULL && atomic_load(&g->vms[old->index]) == old);
        g->retired[old->index] = old;
        atomic_fetch_sub(&old->runs, n);
        atomic_fetch_add(&fresh->runs, n);
        atomic_store_explicit(&g->vms[old->index], fresh, memory_order_release);
    }
    pthread_mutex_unlock(&generation_lock);
    return !lost;
}

bool
rd_generation_has_retired(const struct rd_vm *vm)
{
    bool has;

    pthread_mutex_lock(&generation_lock);
    has = vm->generation->retired[vm->index] != NULL;
    pthread_mutex_unlock(&generation_lock);
    return has;
}

bool
rd_generation_drop_retired(struct rd_vm *vm)
{
    bool lost;

    pthread_mutex_lock(&generation_lock);
    lost = vm->lost;
    if (!lost)
        vm->generation->retired[vm->index] = NULL;
    pthread_mutex_unlock(&generation_lock);
    return !lost;
}

static bool
generation_lose(struct rd_generation *g, unsigned index)
{
    struct rd_vm *vm = index < g->n_workers ? atomic_load(&g->vms[index]) : NULL;
    bool first = vm != NULL && !g->leaked;

    if (vm == NULL)
        return false;
    vm->lost = true;
    if (g->retired[index] != NULL)
        g->retired[index]->lost = true;
    g->leaked = true;
    return first;
}

void
rd_generations_lose(unsigned index)
{
    pthread_mutex_lock(&generation_lock);
    for (struct rd_generation *g = generation_registry; g != NULL; g = g->next) {
        if (!generation_lose(g, index))
            continue;
        atomic_fetch_add(&generation_leaked, 1);
        rd_metric_inc(RD_METRIC_generations_leaked_total);
    }
    pthread_mutex_unlock(&generation_lock);
}

/* ---- questions ------------------------------------------------------------- */

uint64_t
rd_generation_number(const struct rd_generation *g)
{
    return g->number;
}

void
rd_generation_sources(const struct rd_generation *g,
                      void (*see)(void *arg, struct rd_slice path, struct rd_slice text),
                      void *arg)
{
    for (const struct rd_source *s = atomic_load(&g->sources); s != NULL; s = s->next)
        see(arg, s->path, s->text);
}

void *
rd_generation_snapshot(const struct rd_generation *g)
{
    return g->snapshot;
}

struct rd_generation *
rd_generation_of(lua_State *L)
{
    return rd_vm_of(L)->generation;
}

unsigned
rd_generations_alive(void)
{
    return atomic_load(&generation_alive);
}

unsigned
rd_generations_leaked(void)
{
    return atomic_load(&generation_leaked);
}
