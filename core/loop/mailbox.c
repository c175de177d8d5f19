/* mailbox.c - see mailbox.h. Owns the queue; posted to by every thread. */
#include "loop/mailbox.h"

#include "base/error.h"

/* The next mail to deliver, or NULL when the batch is over. */
static struct rd_mail *
mailbox_pop(struct rd_mailbox *mb)
{
    struct rd_mail *mail;

    pthread_mutex_lock(&mb->lock);
    mail = mb->head;
    if (mail != NULL) {
        mb->head = mail->next;
        mb->n--;
        if (mb->head == NULL)
            mb->tail = &mb->head;
    }
    pthread_mutex_unlock(&mb->lock);
    return mail;
}

static bool
mailbox_is_empty(struct rd_mailbox *mb)
{
    return rd_mailbox_count(mb) == 0;
}

/*
 * After a batch. While there are mails the bell stays as it is: the loop comes back at once. Else
 * it is silenced before the last look, so that no ring is lost in between.
 */
static void
mailbox_rest(struct rd_mailbox *mb)
{
    bool more;

    if (mb->bell == NULL || !mailbox_is_empty(mb))
        return;
    rd_bell_quiet(mb->bell);
    pthread_mutex_lock(&mb->lock);
    more = mb->head != NULL;
    if (!more)
        atomic_store_explicit(&mb->bell->awake, false, memory_order_relaxed);
    pthread_mutex_unlock(&mb->lock);
    if (more)
        rd_bell_again(mb->bell);
}

/*
 * Mails are popped one by one, so that those behind a delivery that never
 * returns can still be taken by rd_mailbox_close.
 */
static void
mailbox_on_ring(uv_poll_t *poll, int status, int events)
{
    struct rd_mailbox *mb = poll->data;
    struct rd_mail *mail;
    size_t batch;

    (void)status, (void)events;
    RD_CHECK(mb, RD_MAILBOX_MAGIC);
    for (batch = rd_mailbox_count(mb); batch > 0; batch--) {
        mail = mailbox_pop(mb);
        if (mail == NULL)
            break;
        mail->next = NULL;
        mail->deliver(mail, mb->owner);
    }
    if (mb->batch_end != NULL) {
        mb->batch_end(mb->owner);
        rd_bell_ring_now();    /* what a whole batch led to is complete: no need to wait */
    }
    mailbox_rest(mb);
}

int
rd_mailbox_init(struct rd_mailbox *mb, uv_loop_t *loop, void *owner)
{
    *mb = (struct rd_mailbox){ .magic = RD_MAILBOX_MAGIC, .owner = owner };
    mb->tail = &mb->head;
    mb->bell = rd_bell_new();
    if (mb->bell == NULL)
        return RD_E_IO;
    if (uv_poll_init(loop, &mb->poll, mb->bell->fd) != 0) {
        rd_bell_unref(mb->bell);
        return RD_E_IO;
    }
    pthread_mutex_init(&mb->lock, NULL);
    mb->poll.data = mb;
    RD_ASSERT(uv_poll_start(&mb->poll, UV_READABLE, mailbox_on_ring) == 0);
    return 0;
}

int
rd_mailbox_post_limited(struct rd_mailbox *mb, struct rd_mail *mail, size_t limit)
{
    struct rd_bell *bell = NULL;
    int error = 0;

    RD_CHECK(mb, RD_MAILBOX_MAGIC);
    mail->next = NULL;
    pthread_mutex_lock(&mb->lock);
    if (mb->closed)
        error = RD_E_CLOSED;
    else if (mb->n >= limit)
        error = RD_E_BUSY;
    else {
        *mb->tail = mail;
        mb->tail = &mail->next;
        mb->n++;
        bell = rd_bell_want(mb->bell);
    }
    pthread_mutex_unlock(&mb->lock);
    rd_bell_ring(bell);
    return error;
}

int
rd_mailbox_post(struct rd_mailbox *mb, struct rd_mail *mail)
{
    return rd_mailbox_post_limited(mb, mail, SIZE_MAX);
}

struct rd_mail *
rd_mailbox_close(struct rd_mailbox *mb)
{
    struct rd_mail *rest;

    RD_CHECK(mb, RD_MAILBOX_MAGIC);
    pthread_mutex_lock(&mb->lock);
    mb->closed = true;
    rest = mb->head;
    mb->head = NULL;
    mb->tail = &mb->head;
    mb->n = 0;
    pthread_mutex_unlock(&mb->lock);
    return rest;
}

size_t
rd_mailbox_count(struct rd_mailbox *mb)
{
    size_t n;

    pthread_mutex_lock(&mb->lock);
    n = mb->n;
    pthread_mutex_unlock(&mb->lock);
    return n;
}

void
rd_mailbox_close_handle(struct rd_mailbox *mb)
{
    RD_ASSERT(mb->closed);
    uv_close((uv_handle_t *)&mb->poll, NULL);
    rd_bell_unref(mb->bell);    /* who has yet to ring it has a reference */
    mb->bell = NULL;
}
