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
#elif defined __SANITIZE_ADDRESS__
#define WATCH_LOST (2 * RD_SECOND)       /* slower there, too */
#else
#define WATCH_LOST (1 * RD_SECOND)       /* design section 6: unchanged for that long, on a CPU */
#endif
#define WATCH_ASLEEP (5 * RD_SECOND)     /* ... or asleep in the kernel */
#define WATCH_SIGNALS 3                  /* the thread was on a CPU that often meanwhile */
#define WATCH_MARK (200 * RD_MS)         /* from here on its times are looked at ... */
#define WATCH_LOOK (50 * RD_MS)          /* ... that often, ... */
#define WATCH_OWN (500 * RD_MS)          /* and it ran or slept that much since */
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

/* The thread sleeps in the kernel now: its state in /proc is S or D. */
static bool
watch_is_asleep(const struct rd_worker *w)
{
    char path[64], text[512];
    const char *end;
    ssize_t n = -1;
    int fd;

    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)w->tid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        n = read(fd, text, sizeof text - 1);
        close(fd);
    }
    text[n > 0 ? n : 0] = '\0';
    end = strrchr(text, ')');    /* the name may hold anything */
    return end != NULL && end[1] == ' ' && (end[2] == 'S' || end[2] == 'D');
}

/* CPU time of the worker's thread; 0 when it cannot be read. */
static uint64_t
watch_cpu(const struct rd_worker *w)
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
    w->watch.marked = false;
    w->watch.own_ns = 0;
    return true;
}

/*
 * On a busy machine a second is nothing: what counts is that the thread had half of it, and ran in
 * C or slept there although signals woke it. When it is neither, it waits for a CPU: not its fault.
 */
static bool
watch_had_its_time(struct rd_worker *w, uint64_t now_ns)
{
    uint64_t cpu = watch_cpu(w), passed = now_ns - w->watch.looked_ns, ran;

    ran = cpu - w->watch.cpu_ns;
    w->watch.cpu_ns = cpu;
    w->watch.looked_ns = now_ns;
    if (!w->watch.marked) {
        w->watch.marked = true;
        return false;
    }
    w->watch.own_ns += ran;
    if (passed > ran && watch_is_asleep(w))
        w->watch.own_ns += passed - ran;
    return w->watch.own_ns >= WATCH_OWN;
}

static bool
watch_is_lost(struct rd_worker *w, uint64_t now_ns)
{
    uint64_t signals = atomic_load_explicit(&w->clock.handled, memory_order_relaxed);
    uint64_t still_ns = now_ns - w->watch.since_ns;

#ifdef RD_TSAN
    signals += WATCH_SIGNALS;    /* none are sent */
#endif
    if (still_ns < WATCH_MARK || now_ns - w->watch.looked_ns < WATCH_LOOK)
        return false;
    if (watch_had_its_time(w, now_ns) && still_ns >= WATCH_LOST &&
        signals - w->watch.handled >= WATCH_SIGNALS)
        return true;
    return still_ns >= WATCH_ASLEEP && watch_is_asleep(w);
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
