/*
 * log.c - see log.h. Owns the rings and the log thread; formatting is log_line.c.
 *
 * A ring is a byte queue with one writer (the thread that logs) and one reader
 * (the log thread); it holds whole lines only. Rings are made at a thread's
 * first line and handed on when threads end, never freed.
 *
 * After a write the log thread naps instead of sleeping, so that under load the
 * writers make no system call and lines leave in batches; a writer ends the nap
 * early only when its ring is half full.
 */
#include "base/log.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log_sink.h"
#include "base/mem.h"
#include "base/metric.h"

#define LOG_RING (256 * 1024)            /* for each thread: 25 ms at 50,000 lines/s */
#define LOG_NAP (5 * RD_MS)              /* lines are written at most this much later */
#define LOG_FLUSH RD_SECOND              /* what rd_log_stop waits for a slow sink */

struct log_ring {
    struct log_ring *next;               /* set before it is published */
    atomic_bool taken;                   /* a thread writes to it */
    atomic_size_t head;                  /* bytes ever put in; the writer's */
    char apart[64];                      /* on another cache line */
    atomic_size_t tail;                  /* bytes ever taken out; the log thread's */
    char bytes[LOG_RING];
};

enum { LOG_BUSY, LOG_ASLEEP, LOG_NAPPING };

static _Atomic(struct log_ring *) log_rings;      /* push-only list */
static _Thread_local struct log_ring *log_own;    /* the calling thread's */
static pthread_key_t log_key;                     /* gives log_own back at the thread's end */
static pthread_once_t log_key_once = PTHREAD_ONCE_INIT;

static atomic_int log_state;                      /* what the log thread does; also its futex */
static atomic_bool log_running, log_stopping;
static _Atomic(uint64_t) log_stop_at;             /* monotonic ns: give up flushing */
static uint64_t log_reported;                     /* drops already told; the log thread's */
static struct rd_log_sink log_sink;
static pthread_t log_thread;

/* ---- the writer's side -------------------------------------------------- */

static void
log_on_thread_end(void *ring)
{
    log_own = NULL;
    atomic_store(&((struct log_ring *)ring)->taken, false);
}

static void
log_make_key(void)
{
    if (pthread_key_create(&log_key, log_on_thread_end) != 0)
        rd_check_failed("pthread_key_create", __FILE__, __LINE__);
}

/* A ring that an ended thread left, else a new one. */
static struct log_ring *
log_take_ring(void)
{
    struct log_ring *r;
    bool free_one = false;

    for (r = atomic_load(&log_rings); r != NULL; r = r->next, free_one = false)
        if (atomic_compare_exchange_strong(&r->taken, &free_one, true))
            return r;
    r = rd_calloc(1, sizeof *r);
    atomic_store(&r->taken, true);
    r->next = atomic_load(&log_rings);
    while (!atomic_compare_exchange_weak(&log_rings, &r->next, r))
        ;
    return r;
}

static struct log_ring *
log_ring_of_thread(void)
{
    if (log_own == NULL) {
        pthread_once(&log_key_once, log_make_key);
        log_own = log_take_ring();
        pthread_setspecific(log_key, log_own);
    }
    return log_own;
}

static void
log_wake(int seen)
{
    if (atomic_compare_exchange_strong(&log_state, &seen, LOG_BUSY))
        syscall(SYS_futex, &log_state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void
log_ring_put(struct log_ring *r, const char *p, size_t n)
{
    size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    size_t used = head - atomic_load_explicit(&r->tail, memory_order_acquire);
    size_t at = head % LOG_RING;
    size_t first = n < LOG_RING - at ? n : LOG_RING - at;
    int state;

    if (n > LOG_RING - used) {
        rd_metric_inc(RD_METRIC_log_dropped_total);
        return;
    }
    memcpy(r->bytes + at, p, first);
    memcpy(r->bytes, p + first, n - first);
    /* Sequentially consistent with log_state: we see that the log thread sleeps, or it sees us. */
    atomic_store(&r->head, head + n);
    state = atomic_load(&log_state);
    if (state == LOG_ASLEEP || (state == LOG_NAPPING && used + n > LOG_RING / 2))
        log_wake(state);
}

/* Without a log thread: at start and at the very end, and never blocking for long even then. */
static void
log_write_directly(const char *p, size_t n)
{
    struct rd_log_sink sink = { .fd = log_sink.opened ? log_sink.fd : STDERR_FILENO };

    if (rd_log_sink_write(&sink, p, n, rd_clock_ns() + 20 * RD_MS) < n)
        rd_metric_inc(RD_METRIC_log_dropped_total);
}

void
rd_log_send(const char *line, size_t n)
{
    if (atomic_load_explicit(&log_running, memory_order_relaxed))
        log_ring_put(log_ring_of_thread(), line, n);
    else
        log_write_directly(line, n);
}

uint64_t
rd_log_dropped(void)
{
    return (uint64_t)rd_metric_get(RD_METRIC_log_dropped_total, 0);
}

/* ---- the log thread ----------------------------------------------------- */

static uint64_t
log_give_up_at(void *unused)
{
    (void)unused;
    return atomic_load(&log_stopping) ? atomic_load(&log_stop_at) : UINT64_MAX;
}

static void
log_count_lost(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] == '\n')
            rd_metric_inc(RD_METRIC_log_dropped_total);
}

static void
log_write(const char *p, size_t n)
{
    size_t done = rd_log_sink_write_until(&log_sink, p, n, log_give_up_at, NULL);

    log_count_lost(p + done, n - done);
}

/* Writes what one ring holds, straight from it. */
static bool
log_drain_ring(struct log_ring *r)
{
    size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    size_t n = atomic_load(&r->head) - tail;
    size_t at = tail % LOG_RING;
    size_t first = n < LOG_RING - at ? n : LOG_RING - at;

    if (n == 0)
        return false;
    log_write(r->bytes + at, first);
    if (n > first)
        log_write(r->bytes, n - first);
    atomic_store_explicit(&r->tail, tail + n, memory_order_release);
    return true;
}

static void
log_report_drops(void)
{
    uint64_t dropped = rd_log_dropped();
    struct rd_log_line l;

    if (dropped == log_reported || !rd_log_begin(&l, RD_LOG_WARN, "log_dropped"))
        return;
    rd_log_uint(&l, "lines", dropped - log_reported);
    rd_log_uint(&l, "total", dropped);
    log_reported = dropped;
    rd_log_line_close(&l);
    log_write(l.text, l.n);
}

static bool
log_drain(void)
{
    bool any = false;

    for (struct log_ring *r = atomic_load(&log_rings); r != NULL; r = r->next)
        any |= log_drain_ring(r);
    log_report_drops();
    return any;
}

static bool
log_is_empty(void)
{
    for (struct log_ring *r = atomic_load(&log_rings); r != NULL; r = r->next)
        if (atomic_load(&r->head) != atomic_load_explicit(&r->tail, memory_order_relaxed))
            return false;
    return true;
}

/* Naps (for a bounded time) or sleeps (until a line comes). */
static void
log_wait(int how)
{
    struct timespec nap = { 0, (long)LOG_NAP };

    atomic_store(&log_state, how);
    if (!atomic_load(&log_stopping) && (how == LOG_NAPPING || log_is_empty()))
        syscall(SYS_futex, &log_state, FUTEX_WAIT_PRIVATE, how, how == LOG_NAPPING ? &nap : NULL,
                NULL, 0);
    atomic_store(&log_state, LOG_BUSY);
}

static void *
log_main(void *unused)
{
    (void)unused;
    pthread_setname_np(pthread_self(), "log");
    while (!atomic_load(&log_stopping))
        log_wait(log_drain() ? LOG_NAPPING : LOG_ASLEEP);
    while (log_drain() && rd_clock_ns() < atomic_load(&log_stop_at))
        ;
    return NULL;
}

/* ---- start and stop ----------------------------------------------------- */

int
rd_log_start(int fd)
{
    sigset_t all, old;
    int failed;

    rd_log_sink_open(&log_sink, fd);
    atomic_store(&log_stopping, false);
    sigfillset(&all);                     /* signals are for the other threads */
    pthread_sigmask(SIG_SETMASK, &all, &old);
    failed = pthread_create(&log_thread, NULL, log_main, NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failed)
        return RD_E_NOMEM;
    atomic_store(&log_running, true);
    return 0;
}

void
rd_log_stop(void)
{
    struct timespec until;

    if (!atomic_exchange(&log_running, false))
        return;
    atomic_store(&log_stop_at, rd_clock_ns() + LOG_FLUSH);
    atomic_store(&log_stopping, true);
    log_wake(LOG_ASLEEP);
    log_wake(LOG_NAPPING);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 2;    /* it gives up by itself after LOG_FLUSH, unless the kernel holds it */
    if (pthread_timedjoin_np(log_thread, NULL, &until) != 0)
        pthread_detach(log_thread);
    else
        rd_log_sink_close(&log_sink);
}
