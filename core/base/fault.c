/*
 * fault.c - see fault.h. Owns the state of each point; the threads that stall
 * wait in here. Empty in release builds. Called by the point's thread, and by
 * the admin listener on behalf of tests.
 */
#include "base/fault.h"

#ifdef RD_TEST

#include <pthread.h>
#include <stdbool.h>

#include "base/error.h"

static struct fault_point {
    const char *name;
    bool stalls;
    long passes;      /* of those that wait or will wait, how many may go on */
    long failures;    /* still to come */
    long hits;
    long waiting;
} fault_points[] = {
#define FAULT_POINT(id, name, where) { name, false, 0, 0, 0, 0 },
    RD_FAULTS(FAULT_POINT)
};

static pthread_mutex_t fault_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t fault_changed = PTHREAD_COND_INITIALIZER;

static struct fault_point *
fault_find(struct rd_slice name)
{
    for (size_t i = 0; i < RD_FAULT_COUNT; i++)
        if (rd_slice_eq(rd_slice_str(fault_points[i].name), name))
            return &fault_points[i];
    return NULL;
}

int
rd_fault(enum rd_fault point)
{
    struct fault_point *f = &fault_points[point];
    bool fails;

    pthread_mutex_lock(&fault_lock);
    f->hits++;
    f->waiting++;
    while (f->stalls && f->passes == 0)
        pthread_cond_wait(&fault_changed, &fault_lock);
    f->waiting--;
    if (f->stalls)
        f->passes--;
    fails = f->failures > 0;
    if (fails)
        f->failures--;
    pthread_mutex_unlock(&fault_lock);
    return fails ? RD_E_IO : 0;
}

/* The N of "fail=N"; -1 when it is no number up to a million. */
static long
fault_count(struct rd_slice s)
{
    long n = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9' || n > 100000)
            return -1;
        n = n * 10 + (s.p[i] - '0');
    }
    return s.n > 0 ? n : -1;
}

static int
fault_command(struct fault_point *f, struct rd_slice command)
{
    const struct rd_slice fail = RD_LIT("fail=");

    if (rd_slice_eq(command, RD_LIT("stall"))) {
        f->stalls = true;
    } else if (rd_slice_eq(command, RD_LIT("pass"))) {
        f->passes++;
    } else if (rd_slice_eq(command, RD_LIT("release"))) {
        f->stalls = false;
        f->passes = 0;
    } else if (rd_slice_starts(command, fail) && fault_count(rd_slice_skip(command, fail.n)) >= 0) {
        f->failures = fault_count(rd_slice_skip(command, fail.n));
    } else {
        return RD_E_INVALID;
    }
    return 0;
}

int
rd_fault_set(struct rd_slice name, struct rd_slice command)
{
    struct fault_point *f = fault_find(name);
    int status;

    if (f == NULL)
        return RD_E_NOT_FOUND;
    pthread_mutex_lock(&fault_lock);
    status = fault_command(f, rd_slice_trim(command));
    pthread_cond_broadcast(&fault_changed);
    pthread_mutex_unlock(&fault_lock);
    return status;
}

static long
fault_read(struct rd_slice name, bool waiting)
{
    struct fault_point *f = fault_find(name);
    long n = -1;

    if (f != NULL) {
        pthread_mutex_lock(&fault_lock);
        n = waiting ? f->waiting : f->hits;
        pthread_mutex_unlock(&fault_lock);
    }
    return n;
}

long
rd_fault_hits(struct rd_slice name)
{
    return fault_read(name, false);
}

long
rd_fault_stalled(struct rd_slice name)
{
    return fault_read(name, true);
}

#else
typedef int rd_fault_is_empty;    /* ISO C wants a declaration */
#endif
