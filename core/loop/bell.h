/*
 * bell.h - wakes a thread that sleeps in its loop, at best once for many mails.
 *
 * A ring costs a system call, and on a busy core a switch of threads in the middle of the ringer's
 * work. So a thread with a loop puts rings off to the end of its turn; those that must not wait for
 * it are rung earlier: after RD_BELL_MAILS mails, before work that takes long (rd_bell_ring_now),
 * and by the slice signal when a handler does not come back. A bell lives until its last ringer has
 * rung: a mailbox may be gone by then.
 */
#ifndef RD_LOOP_BELL_H
#define RD_LOOP_BELL_H

#include <stdatomic.h>

#define RD_BELL_MAILS 32    /* so many mails of one turn, and the receivers may begin beside it */

struct rd_bell {
    atomic_uint refs;
    /*
     * The owner was rung and has not yet found its mailbox empty: no need to ring again. Set by
     * ringers; cleared by the owner under the mailbox's lock, under which it is read.
     */
    atomic_bool awake;
    int fd;    /* an eventfd */
};

/* NULL when descriptors are out. */
struct rd_bell *rd_bell_new(void);
void rd_bell_unref(struct rd_bell *b);

/*
 * A mail lies in b's mailbox, whose lock the caller holds. Returns NULL, or a reference to b that
 * the caller gives to rd_bell_ring after the unlock.
 */
struct rd_bell *rd_bell_want(struct rd_bell *b);
/* Wakes the owner; takes the reference. NULL is allowed. */
void rd_bell_ring(struct rd_bell *b);

/* The owner: the fd is no longer readable until the next ring. */
void rd_bell_quiet(struct rd_bell *b);
/* The owner: makes the fd readable again, for what came in between. */
void rd_bell_again(struct rd_bell *b);

/* From here on this thread puts rings off; it promises to call rd_bell_ring_now at each turn. */
void rd_bell_put_off(void);
/* Rings all that were put off. */
void rd_bell_ring_now(void);
/* Rings what was put off so far, and again for ever. */
void rd_bell_put_off_end(void);
/* The same rings from a signal handler on this thread: the thread itself cannot come to it. */
void rd_bell_on_signal(void);

#endif
