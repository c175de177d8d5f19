/* bell.c - see bell.h. Owns each thread's list of rings that were put off. */
#include "loop/bell.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"

#define BELL_LIST 8    /* receivers of one turn: fronts, store, script threads; more ring at once */

/* Read by the signal handler between any two instructions of its thread: n is written last. */
static _Thread_local struct {
    bool on;
    unsigned mails;
    volatile unsigned n;
    struct rd_bell *volatile at[BELL_LIST];
} bell_later;

struct rd_bell *
rd_bell_new(void)
{
    struct rd_bell *b = rd_calloc(1, sizeof *b);

    b->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (b->fd < 0) {
        free(b);
        return NULL;
    }
    atomic_init(&b->refs, 1);
    return b;
}

void
rd_bell_unref(struct rd_bell *b)
{
    if (atomic_fetch_sub(&b->refs, 1) != 1)
        return;
    close(b->fd);
    free(b);
}

void
rd_bell_again(struct rd_bell *b)
{
    const uint64_t one = 1;

    while (write(b->fd, &one, sizeof one) < 0 && errno == EINTR)
        ;    /* EAGAIN: the counter is full, so the owner is awake */
}

void
rd_bell_quiet(struct rd_bell *b)
{
    uint64_t rings;

    while (read(b->fd, &rings, sizeof rings) < 0 && errno == EINTR)
        ;    /* EAGAIN: nobody has rung */
}

static void
bell_wake(struct rd_bell *b)
{
    if (!atomic_exchange(&b->awake, true))
        rd_bell_again(b);
}

void
rd_bell_ring(struct rd_bell *b)
{
    if (b == NULL)
        return;
    bell_wake(b);
    rd_bell_unref(b);
}

static bool
bell_is_put_off(const struct rd_bell *b)
{
    for (unsigned i = 0; i < bell_later.n; i++)
        if (bell_later.at[i] == b)
            return true;
    return false;
}

struct rd_bell *
rd_bell_want(struct rd_bell *b)
{
    if (atomic_load_explicit(&b->awake, memory_order_relaxed))
        return NULL;
    if (bell_later.on && bell_is_put_off(b) && ++bell_later.mails < RD_BELL_MAILS)
        return NULL;
    atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    if (!bell_later.on || bell_later.n == BELL_LIST || bell_later.mails >= RD_BELL_MAILS)
        return b;
    bell_later.at[bell_later.n] = b;
    bell_later.n++;
    return NULL;
}

void
rd_bell_put_off(void)
{
    bell_later.on = true;
}

void
rd_bell_ring_now(void)
{
    struct rd_bell *bells[BELL_LIST];
    unsigned n = bell_later.n;

    for (unsigned i = 0; i < n; i++)
        bells[i] = bell_later.at[i];
    bell_later.n = 0;    /* before the references go: a signal may come in between */
    bell_later.mails = 0;
    for (unsigned i = 0; i < n; i++)
        rd_bell_ring(bells[i]);
}

void
rd_bell_put_off_end(void)
{
    bell_later.on = false;
    rd_bell_ring_now();
}

void
rd_bell_on_signal(void)
{
    int error = errno;

    for (unsigned i = 0; i < bell_later.n; i++)
        bell_wake(bell_later.at[i]);
    errno = error;
}
