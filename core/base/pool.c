/*
 * pool.c - see pool.h. Owns the depot; each thread's batches are its own until it ends.
 */
#include "base/pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/check.h"
#include "base/mem.h"

#if defined(__SANITIZE_ADDRESS__) || defined(RD_TSAN)
#define POOL_MOST ((size_t)0)       /* all is malloc's */
#else
#define POOL_MOST ((size_t)2048)    /* an arena's chunk */
#endif

#define POOL_GRAIN 16      /* below POOL_FINE, a class for each multiple */
#define POOL_FINE 512
#define POOL_FINE_CLASSES (POOL_FINE / POOL_GRAIN)
#define POOL_COARSE 32     /* above it, a class for each multiple */
#define POOL_CLASSES (POOL_FINE_CLASSES + (2048 - POOL_FINE) / POOL_COARSE)
#define POOL_BATCH 16      /* objects that change hands at once */

/* Slabs double up to here; they are populated at once: a fault for each page costs more. */
#define POOL_SLAB_FIRST ((size_t)4096)
#define POOL_SLAB_MOST ((size_t)256 * 1024)

/* A free object. In the first of a batch, `batch` and `count` are in use too. */
struct pool_free {
    struct pool_free *next, *batch;
    size_t count;
};

/* Free objects of one class on one thread: a batch in use, and a whole one or none. */
struct pool_own {
    struct pool_free *head, *full;
    size_t n;    /* in head */
};

struct pool_depot {
    pthread_mutex_t lock;
    struct pool_free *batches;
    char *at, *end;    /* the slab that is being cut up */
    size_t slab;       /* its size */
};

static struct pool_depot pool_depots[POOL_CLASSES];
static _Thread_local struct pool_own pool_here[POOL_CLASSES];
static _Thread_local bool pool_known;    /* this thread's batches are given back at its end */
static pthread_key_t pool_key;
static pthread_once_t pool_once = PTHREAD_ONCE_INIT;

/* ---- classes ------------------------------------------------------------------------- */

static unsigned
pool_class(size_t n)
{
    if (n < sizeof(struct pool_free))
        n = sizeof(struct pool_free);
    if (n <= POOL_FINE)
        return (unsigned)((n - 1) / POOL_GRAIN);
    return (unsigned)(POOL_FINE_CLASSES + (n - POOL_FINE - 1) / POOL_COARSE);
}

static size_t
pool_class_size(unsigned class)
{
    if (class < POOL_FINE_CLASSES)
        return (class + 1) * (size_t)POOL_GRAIN;
    return POOL_FINE + (class + 1 - POOL_FINE_CLASSES) * (size_t)POOL_COARSE;
}

/* ---- the depot ------------------------------------------------------------------------ */

static void
depot_give(unsigned class, struct pool_free *head, size_t n)
{
    struct pool_depot *d = &pool_depots[class];

    head->count = n;
    pthread_mutex_lock(&d->lock);
    head->batch = d->batches;
    d->batches = head;
    pthread_mutex_unlock(&d->lock);
}

static bool
depot_grow(struct pool_depot *d)
{
    size_t n = d->slab == 0 ? POOL_SLAB_FIRST : d->slab * 2;
    void *p;

    if (n > POOL_SLAB_MOST)
        n = POOL_SLAB_MOST;
    p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (p == MAP_FAILED)
        return false;
    d->slab = n;
    d->at = p;
    d->end = d->at + n;
    return true;
}

/* A new batch off the slab; NULL without memory. */
static struct pool_free *
depot_cut(struct pool_depot *d, size_t size)
{
    struct pool_free *head = NULL, *object;
    size_t n = 0;

    if ((size_t)(d->end - d->at) < size && !depot_grow(d))
        return NULL;
    do {
        object = (struct pool_free *)(void *)d->at;
        object->next = head;
        head = object;
        d->at += size;
    } while (++n < POOL_BATCH && (size_t)(d->end - d->at) >= size);
    head->count = n;
    return head;
}

static struct pool_free *
depot_take(unsigned class)
{
    struct pool_depot *d = &pool_depots[class];
    struct pool_free *head;

    pthread_mutex_lock(&d->lock);
    head = d->batches;
    if (head != NULL)
        d->batches = head->batch;
    else
        head = depot_cut(d, pool_class_size(class));
    pthread_mutex_unlock(&d->lock);
    return head;
}

/* ---- a thread's own ------------------------------------------------------------------- */

static void
pool_on_thread_end(void *here)
{
    struct pool_own *own = here;

    for (unsigned class = 0; class < POOL_CLASSES; class++) {
        if (own[class].head != NULL)
            depot_give(class, own[class].head, own[class].n);
        if (own[class].full != NULL)
            depot_give(class, own[class].full, POOL_BATCH);
        own[class] = (struct pool_own){ NULL, NULL, 0 };
    }
    pool_known = false;
}

static void
pool_open(void)
{
    for (unsigned class = 0; class < POOL_CLASSES; class++)
        pthread_mutex_init(&pool_depots[class].lock, NULL);
    RD_ASSERT(pthread_key_create(&pool_key, pool_on_thread_end) == 0);
}

/* Before a thread's first look at the depot. */
static void
pool_introduce(void)
{
    if (pool_known)
        return;
    pthread_once(&pool_once, pool_open);
    pthread_setspecific(pool_key, pool_here);
    pool_known = true;
}

/* The batch in use is empty: the full one, else one of the depot. */
static bool
pool_refill(struct pool_own *own, unsigned class)
{
    if (own->full != NULL) {
        own->head = own->full;
        own->full = NULL;
        own->n = POOL_BATCH;
        return true;
    }
    pool_introduce();
    own->head = depot_take(class);
    own->n = own->head != NULL ? own->head->count : 0;
    return own->head != NULL;
}

/* The batch in use is full: it is kept aside, the one that was there goes to the depot. */
static void
pool_unload(struct pool_own *own, unsigned class)
{
    pool_introduce();
    if (own->full != NULL)
        depot_give(class, own->full, POOL_BATCH);
    own->full = own->head;
    own->head = NULL;
    own->n = 0;
}

/* ---- objects --------------------------------------------------------------------------- */

void *
rd_pool_try(size_t n)
{
    struct pool_free *object;
    struct pool_own *own;
    unsigned class;

    if (n > POOL_MOST)
        return malloc(n);
    class = pool_class(n);
    own = &pool_here[class];
    if (own->head == NULL && !pool_refill(own, class))
        return NULL;
    object = own->head;
    own->head = object->next;
    own->n--;
    return object;
}

void *
rd_pool_get(size_t n)
{
    void *p = rd_pool_try(n);

    if (p != NULL)
        return p;
    return rd_malloc(n > POOL_MOST ? n : pool_class_size(pool_class(n)));    /* or aborts */
}

void
rd_pool_put(void *p, size_t n)
{
    struct pool_free *object = p;
    struct pool_own *own;
    unsigned class;

    if (p == NULL)
        return;
    if (n > POOL_MOST) {
        free(p);
        return;
    }
    class = pool_class(n);
    own = &pool_here[class];
#ifdef RD_TEST
    memset(p, 0xDD, n);    /* who still looks at it shall see that */
#endif
    if (own->n == POOL_BATCH)
        pool_unload(own, class);
    object->next = own->head;
    own->head = object;
    own->n++;
}
