/*
 * loop.h - a thread that runs a uv loop and owns one mailbox.
 *
 * Front, script, store threads are all this. The thread calls setup() on
 * itself before it serves, and teardown() after its loop has ended.
 */
#ifndef RD_LOOP_LOOP_H
#define RD_LOOP_LOOP_H

#include <pthread.h>
#include <uv.h>

#include "loop/mailbox.h"

#define RD_LOOP_MAGIC RD_MAGIC('l', 'o', 'o', 'p')

struct rd_loop {
    uint32_t magic;
    uv_loop_t uv;
    struct rd_mailbox mailbox;
    uv_prepare_t prepare;              /* the end of a turn: what was put off is rung */
    pthread_t thread;
    char name[16];                     /* as shown by ps -L; 15 characters */
    void *owner;                       /* of the mailbox */
    int (*setup)(void *owner);         /* may be NULL; not 0: rd_loop_start fails with it */
    void (*teardown)(void *owner);     /* may be NULL */
    int status;
    pthread_mutex_t lock;              /* with cond: until setup() is over */
    pthread_cond_t cond;
    bool started;
    bool stopping;                     /* the thread's own: the first stop was served */
};

/* Starts the thread and waits until its setup() is over; 0 or an error (no thread then). */
int rd_loop_start(struct rd_loop *l, const char *name, void *owner,
                  int (*setup)(void *owner), void (*teardown)(void *owner));

/* The thread ends once its loop has no work left: the mailbox is closed. Any thread. */
void rd_loop_stop(struct rd_loop *l);

/* Waits for its end and frees the loop's memory. */
void rd_loop_join(struct rd_loop *l);
/* The same for at most so long; RD_E_TIMEOUT: it still runs, and *l must stay for ever. */
int rd_loop_join_within(struct rd_loop *l, unsigned seconds);

#endif
