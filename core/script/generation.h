/*
 * generation.h - one loaded set of scripts: sources, routes to handlers, VMs.
 *
 * Private to script/. Immutable after its load but for the reference count, the
 * slot of a VM that is rebuilt, and the list of sources (push-only).
 */
#ifndef RD_SCRIPT_GENERATION_H
#define RD_SCRIPT_GENERATION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/slice.h"
#include "script/script.h"
#include "script/vm.h"

#define RD_GENERATION_MAGIC RD_MAGIC('g', 'e', 'n', '1')
#define RD_GENERATION_SOURCES ((size_t)64 << 20)    /* bytes of all scripts and modules */

/* A file as it was when it was first read. */
struct rd_source {
    struct rd_source *next;
    struct rd_slice path;      /* as shown: "scripts/lib/x.lua" */
    struct rd_slice text;
};

/* What the table that a script returned says; the same in every VM. */
struct rd_gen_script {
    struct rd_slice path;
    bool read;                              /* filled by the first VM */
    bool message, status, opt_out, error;
    struct rd_slice *keywords;              /* folded, sorted */
    unsigned n_keywords;
    struct rd_script_entry *entries;        /* of schedule, sorted */
    unsigned n_entries;
    enum rd_concurrency concurrency;
    uint64_t debounce_ms;                   /* 0: off */
    const struct rd_slice *reserved;        /* no keyword may be one of these; until it is read */
    size_t n_reserved;
};

struct rd_generation {
    uint32_t magic;
    atomic_uint refs;
    uint64_t number;
    struct rd_script_limits limits;
    const struct rd_script_host *host;
    struct rd_slice root;                   /* of require; empty: no modules */
    struct rd_arena arena;                  /* paths, texts, keywords; loader only */
    _Atomic(struct rd_source *) sources;
    struct rd_gen_script *scripts;
    unsigned n_scripts, n_workers;
    _Atomic(struct rd_vm *) *vms;           /* one per worker */
    struct rd_vm **retired;                 /* the one before, while it has runs; registry's lock */
    bool sealed;                            /* loaded once: no more sources */
    bool leaked;                            /* a VM was lost; under the registry's lock */
    void *snapshot;
    void (*snapshot_free)(void *snapshot);
    struct rd_generation *prev, *next;      /* registry */
};

/* A source of the generation by its shown path; NULL when there is none. */
const struct rd_source *rd_generation_find(const struct rd_generation *g, struct rd_slice path);
/* Adds a source (copies); NULL over the cap. Loader only. */
const struct rd_source *rd_generation_add(struct rd_generation *g, struct rd_slice path,
                                          struct rd_slice text);
/* A line of a source, trimmed; {NULL, 0} when there is none. */
struct rd_slice rd_generation_line(const struct rd_generation *g, struct rd_slice path, int line);

/* The VMs of that worker index belong to a lost thread now: nobody may touch them. Registry. */
void rd_generations_lose(unsigned index);

/*
 * (worker) The successor takes the place of a VM that is crowded, and n of its runs, which have not
 * begun. False: nothing happened, the worker is lost.
 */
bool rd_generation_swap(struct rd_generation *g, struct rd_vm *old, struct rd_vm *fresh,
                        unsigned n);
bool rd_generation_has_retired(const struct rd_vm *vm);
/* (worker) Forgets the retired VM; false: it is lost. */
bool rd_generation_drop_retired(struct rd_vm *vm);

/* Loads everything into a new VM under the load budget; 0, or an error with its text. */
int rd_vm_load(struct rd_generation *g, unsigned index, struct rd_vm **out, struct rd_buf *error);

#endif
