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

/* True when mails came meanwhile, so that another batch is needed. */
static bool
mailbox_rest(struct rd_mailbox *mb)
{
    bool more;

    pthread_mutex_lock(&mb->lock);
    more = mb->head != NULL;
    mb->awake = more;
    pthread_mutex_unlock(&mb->lock);
    return more;
}

/*
 * Mails are popped one by one, so that those behind a delivery that never
 * returns can still be taken by rd_mailbox_close.
 */
static void
mailbox_on_async(uv_async_t *async)
{
    struct rd_mailbox *mb = async->data;
    struct rd_mail *mail;
    size_t batch;

    RD_CHECK(mb, RD_MAILBOX_MAGIC);
    for (batch = rd_mailbox_count(mb); batch > 0; batch--) {
        mail = mailbox_pop(mb);
        if (mail == NULL)
            break;
        mail->next = NULL;
        mail->deliver(mail, mb->owner);
    }
    if (mb->batch_end != NULL)
        mb->batch_end(mb->owner);
    if (mailbox_rest(mb))
        uv_async_send(&mb->async);
}

int
rd_mailbox_init(struct rd_mailbox *mb, uv_loop_t *loop, void *owner)
{
    *mb = (struct rd_mailbox){ .magic = RD_MAILBOX_MAGIC, .owner = owner };
    mb->tail = &mb->head;
    pthread_mutex_init(&mb->lock, NULL);
    mb->async.data = mb;
    return uv_async_init(loop, &mb->async, mailbox_on_async) == 0 ? 0 : RD_E_IO;
}

int
rd_mailbox_post_limited(struct rd_mailbox *mb, struct rd_mail *mail, size_t limit)
{
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
        if (!mb->awake) {
            mb->awake = true;
            uv_async_send(&mb->async);    /* inside the lock: the handle is open while !closed */
        }
    }
    pthread_mutex_unlock(&mb->lock);
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
    uv_close((uv_handle_t *)&mb->async, NULL);
}
