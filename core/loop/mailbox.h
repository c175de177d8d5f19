/*
 * mailbox.h - how threads talk: many posters, one owner.
 *
 * What you put into a mailbox is no longer yours. A batch is delivered for each
 * wake-up; the owner is rung (loop/bell.h) only when it may sleep, and after the
 * lock is free. A mailbox can be closed under its lock: posting then fails and
 * the poster keeps the mail.
 */
#ifndef RD_LOOP_MAILBOX_H
#define RD_LOOP_MAILBOX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/check.h"
#include "loop/bell.h"

#define RD_MAILBOX_MAGIC RD_MAGIC('m', 'b', 'o', 'x')

/* First member of every struct that is posted. */
struct rd_mail {
    struct rd_mail *next;
    /* Called on the owner's thread; the mail is the callee's. */
    void (*deliver)(struct rd_mail *mail, void *owner);
};

struct rd_mailbox {
    uint32_t magic;
    pthread_mutex_t lock;
    struct rd_mail *head, **tail;
    size_t n;                /* mails in the queue */
    bool closed;
    struct rd_bell *bell;    /* NULL once the handle is closed */
    uv_poll_t poll;          /* on the bell */
    void *owner;             /* handed to deliver() */
    void (*batch_end)(void *owner);    /* may be NULL: called after each batch */
};

/* Called on the owner's thread, before anybody posts. */
int rd_mailbox_init(struct rd_mailbox *mb, uv_loop_t *loop, void *owner);

/* 0, or RD_E_CLOSED (the mail stays the caller's). Any thread. */
int rd_mailbox_post(struct rd_mailbox *mb, struct rd_mail *mail);

/* The same unless the queue already holds limit mails: then RD_E_BUSY. */
int rd_mailbox_post_limited(struct rd_mailbox *mb, struct rd_mail *mail, size_t limit);

/* Closes it; the mails not yet delivered, in order, are the caller's. Any thread, once. */
struct rd_mail *rd_mailbox_close(struct rd_mailbox *mb);

/* Mails waiting now. Any thread. */
size_t rd_mailbox_count(struct rd_mailbox *mb);

/* Closes the uv handle (owner's thread, after rd_mailbox_close); memory may go after uv_run. */
void rd_mailbox_close_handle(struct rd_mailbox *mb);

#endif
