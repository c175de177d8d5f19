/*
 * watchdog.c - see watchdog.h. While slices are open it looks when the oldest is
 * due, each millisecond at one that is over; then a while longer (so that busy
 * threads need not wake it), else it sleeps on a futex.
 */
#include "app/watchdog.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"

#define WATCHDOG_SLOTS 256
#define WATCHDOG_TICK (1 * RD_MS)    /* between two looks at a slice that is over */
#define WATCHDOG_MOST (2 * RD_MS)    /* between two looks at all */
#define WATCHDOG_LINGER 10           /* looks without an open slice before it sleeps */
#define WATCHDOG_STACK ((size_t)64 * 1024)

struct rd_watchdog {
    pthread_t thread;
    atomic_bool stop;
    _Atomic(struct rd_worker *) workers[WATCHDOG_SLOTS];
    struct rd_worker *told[WATCHDOG_SLOTS];    /* the watchdog's own: already reported */
    atomic_uint n;                             /* slots in use are below this */
    void (*lost)(struct rd_worker *w, void *arg);
    void *arg;
};

/* True when some slice is open. *wait: nanoseconds until one can be due; one may begin now. */
static bool
watchdog_look(struct rd_watchdog *dog, uint64_t *wait)
{
    unsigned n = atomic_load(&dog->n);
    uint64_t now = rd_clock_ns(), due;
    bool open = false;

    *wait = WATCHDOG_MOST;

    for (unsigned i = 0; i < n; i++) {
        struct rd_worker *w = atomic_load_explicit(&dog->workers[i], memory_order_acquire);

        if (w == NULL || w == dog->told[i])
            continue;
        open = rd_worker_is_open(w) || open;
        due = rd_worker_due(w, now);
        *wait = due < *wait ? due : *wait;
        if (rd_worker_watch(w, now)) {
            dog->told[i] = w;
            dog->lost(w, dog->arg);
        }
    }
    return open;
}

static void
watchdog_block_signals(void)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
}

static void *
watchdog_main(void *arg)
{
    struct rd_watchdog *dog = arg;
    unsigned idle = 0;
    uint64_t wait;

    watchdog_block_signals();
    pthread_setname_np(pthread_self(), "watchdog");
    while (!atomic_load(&dog->stop)) {
        idle = watchdog_look(dog, &wait) ? 0 : idle + 1;
        if (idle < WATCHDOG_LINGER) {
            if (wait < WATCHDOG_TICK / 8)
                wait = WATCHDOG_TICK / 8;
            nanosleep(&(struct timespec){ 0, (long)wait }, NULL);
            continue;
        }
        rd_workers_wait();
        idle = 0;    /* a batch was open or began: tick, do not spin on the futex */
    }
    return NULL;
}

int
rd_watchdog_start(void (*lost)(struct rd_worker *w, void *arg), void *arg,
                  struct rd_watchdog **out)
{
    struct rd_watchdog *dog = rd_calloc(1, sizeof *dog);
    pthread_attr_t attr;
    int error;

    dog->lost = lost;
    dog->arg = arg;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, WATCHDOG_STACK);
    error = pthread_create(&dog->thread, &attr, watchdog_main, dog) == 0 ? 0 : RD_E_IO;
    pthread_attr_destroy(&attr);
    if (error != 0) {
        free(dog);
        return error;
    }
    *out = dog;
    return 0;
}

void
rd_watchdog_watch(struct rd_watchdog *dog, unsigned i, struct rd_worker *w)
{
    RD_ASSERT(i < WATCHDOG_SLOTS);
    atomic_store_explicit(&dog->workers[i], w, memory_order_release);
    if (atomic_load(&dog->n) <= i)
        atomic_store(&dog->n, i + 1);
}

void
rd_watchdog_stop(struct rd_watchdog *dog)
{
    atomic_store(&dog->stop, true);
    rd_workers_wake();
    pthread_join(dog->thread, NULL);
    free(dog);
}
