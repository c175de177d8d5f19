/*
 * watch.c - the watchdog's view of a worker, and what it sleeps on.
 *
 * The futex word counts workers inside a batch of slices. The first to enter
 * wakes the watchdog if that sleeps; it goes on ticking for a while by itself,
 * so under steady traffic nobody makes a system call for it.
 */
#include "script/worker.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"

#ifdef RD_TSAN
#define WATCH_LOST (4 * RD_SECOND)       /* C is many times slower there, and no hook comes in it */
#else
#define WATCH_LOST (1 * RD_SECOND)       /* design section 6: unchanged for that long, on a CPU */
#endif
#define WATCH_ASLEEP (5 * RD_SECOND)     /* ... or asleep in the kernel */
#define WATCH_SIGNALS 3                  /* the thread was on a CPU that often meanwhile */
#define WATCH_CPU (300 * RD_MS)          /* ... and that long, unless it sleeps */
#define WATCH_LOOK (100 * RD_MS)         /* between two reads of /proc */
#define WATCH_TOKEN 0x10000              /* in the futex word: the watchdog shall wake */

static atomic_int watch_open;            /* workers in a batch, and tokens; the futex */
static atomic_bool watch_asleep;

static void
watch_wake(void)
{
    syscall(SYS_futex, &watch_open, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void
rd_watch_enter(void)
{
    if (atomic_fetch_add(&watch_open, 1) == 0 && atomic_load(&watch_asleep))
        watch_wake();
}

void
rd_watch_leave(void)
{
    atomic_fetch_sub(&watch_open, 1);
}

/* A wake-up that came before the wait is not lost: it stands in the word until then. */
static bool
watch_take_token(void)
{
    if (atomic_load(&watch_open) < WATCH_TOKEN)
        return false;
    atomic_fetch_sub(&watch_open, WATCH_TOKEN);
    return true;
}

void
rd_workers_wait(void)
{
    if (watch_take_token())
        return;
    atomic_store(&watch_asleep, true);
    syscall(SYS_futex, &watch_open, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    atomic_store(&watch_asleep, false);
    watch_take_token();
}

void
rd_workers_wake(void)
{
    atomic_fetch_add(&watch_open, WATCH_TOKEN);
    watch_wake();
}

bool
rd_worker_is_open(const struct rd_worker *w)
{
    return atomic_load_explicit(&w->clock.running, memory_order_acquire) != NULL;
}

uint64_t
rd_worker_due(const struct rd_worker *w, uint64_t now_ns)
{
    uint64_t slice = atomic_load_explicit(&w->clock.slice_ns, memory_order_relaxed);
    uint64_t start = atomic_load_explicit(&w->clock.start_ns, memory_order_relaxed);

    if (!rd_worker_is_open(w) || now_ns < start)
        return slice > 0 ? slice : RD_MS;
    return now_ns - start < slice ? slice - (now_ns - start) : RD_MS;
}

/* The state letter of a thread in /proc, '?' when it cannot be read. */
static char
watch_state(pid_t tid)
{
    char path[64], text[512];
    const char *end;
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)tid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return '?';
    n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    end = strrchr(text, ')');    /* the name may hold anything */
    return end != NULL && end[1] == ' ' ? end[2] : '?';
}

static bool
watch_is_asleep(struct rd_worker *w, uint64_t now_ns)
{
    char state;

    if (now_ns - w->watch.looked_ns < WATCH_LOOK)
        return false;
    w->watch.looked_ns = now_ns;
    state = watch_state(w->tid);
    return state == 'S' || state == 'D';
}

/* CPU time of the worker's thread; 0 when it cannot be read. */
static uint64_t
watch_cpu(struct rd_worker *w)
{
    struct timespec t;
    clockid_t id;

    if (pthread_getcpuclockid(w->loop.thread, &id) != 0 || clock_gettime(id, &t) != 0)
        return 0;
    return (uint64_t)t.tv_sec * RD_SECOND + (uint64_t)t.tv_nsec;
}

/* A new slice, or the hook has had its say in this one: the thread is alive. */
static bool
watch_has_moved(struct rd_worker *w, uint64_t number, uint64_t start_ns, uint64_t now_ns)
{
    uint64_t fired = atomic_load_explicit(&w->clock.fired, memory_order_relaxed);

    if (number == w->watch.number && fired == w->watch.fired)
        return false;
    w->watch.since_ns = number == w->watch.number ? now_ns : start_ns;
    w->watch.number = number;
    w->watch.fired = fired;
    w->watch.handled = atomic_load_explicit(&w->clock.handled, memory_order_relaxed);
    w->watch.cpu_ns = watch_cpu(w);
    return true;
}

/*
 * On a busy machine a second is nothing: what counts is what the thread had of it. It computed for
 * long in C, or it sleeps there although signals woke it.
 */
static bool
watch_is_lost(struct rd_worker *w, uint64_t now_ns)
{
    uint64_t signals = atomic_load_explicit(&w->clock.handled, memory_order_relaxed);
    uint64_t still_ns = now_ns - w->watch.since_ns;

#ifdef RD_TSAN
    signals += WATCH_SIGNALS;    /* none are sent */
#endif
    if (still_ns < WATCH_LOST)
        return false;
    if (signals - w->watch.handled >= WATCH_SIGNALS &&
        (watch_cpu(w) - w->watch.cpu_ns >= WATCH_CPU || watch_is_asleep(w, now_ns)))
        return true;
    return still_ns >= WATCH_ASLEEP && watch_is_asleep(w, now_ns);
}

bool
rd_worker_watch(struct rd_worker *w, uint64_t now_ns)
{
    struct rd_slice_clock *c = &w->clock;
    uint64_t number = atomic_load_explicit(&c->number, memory_order_acquire);
    uint64_t start = atomic_load_explicit(&c->start_ns, memory_order_relaxed);

    RD_CHECK(w, RD_WORKER_MAGIC);
    if (!rd_worker_is_open(w) || rd_worker_is_dead(w) || now_ns < start ||
        now_ns - start < atomic_load_explicit(&c->slice_ns, memory_order_relaxed))
        return false;
    atomic_store_explicit(&c->due, number, memory_order_release);
#ifndef RD_TSAN
    pthread_kill(w->loop.thread, rd_slice_signal());
#endif
    return !watch_has_moved(w, number, start, now_ns) &&
           atomic_load_explicit(&c->number, memory_order_acquire) == number &&
           watch_is_lost(w, now_ns);
}
