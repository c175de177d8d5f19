/* loop.c - see loop.h. Owns the thread and its uv loop. */
#include "loop/loop.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"

/*
 * Lua allows 200 nested C calls (LUAI_MAXCCALLS); of gsub, with its buffers, these take 450 KiB.
 * Only what is touched costs memory.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(RD_TSAN)
#define LOOP_STACK ((size_t)8192 * 1024)
#else
#define LOOP_STACK ((size_t)1024 * 1024)
#endif

struct loop_stop {
    struct rd_mail mail;
    struct rd_loop *loop;
};

static void
loop_on_walk(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void
loop_on_prepare(uv_prepare_t *prepare)
{
    (void)prepare;
    rd_bell_ring_now();
}

/* What a failed setup() left in the loop. */
static void
loop_abandon(struct rd_loop *l)
{
    rd_bell_put_off_end();
    if (l->mailbox.bell != NULL) {
        (void)rd_mailbox_close(&l->mailbox);
        rd_mailbox_close_handle(&l->mailbox);
    }
    uv_walk(&l->uv, loop_on_walk, NULL);
    uv_run(&l->uv, UV_RUN_DEFAULT);
    RD_ASSERT(uv_loop_close(&l->uv) == 0);
}

static int
loop_open(struct rd_loop *l)
{
    int error;

    if (uv_loop_init(&l->uv) != 0)
        return RD_E_IO;
    uv_prepare_init(&l->uv, &l->prepare);
    uv_prepare_start(&l->prepare, loop_on_prepare);
    uv_unref((uv_handle_t *)&l->prepare);
    error = rd_mailbox_init(&l->mailbox, &l->uv, l->owner);
    rd_bell_put_off();
    if (error == 0 && l->setup != NULL)
        error = l->setup(l->owner);
    if (error != 0)
        loop_abandon(l);
    return error;
}

static void
loop_report(struct rd_loop *l, int status)
{
    pthread_mutex_lock(&l->lock);
    l->status = status;
    l->started = true;
    pthread_cond_signal(&l->cond);
    pthread_mutex_unlock(&l->lock);
}

/* Only main and the watchdog's target handle signals; others leave them to main. */
static void
loop_block_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void *
loop_main(void *arg)
{
    struct rd_loop *l = arg;
    int status;

    loop_block_signals();
    pthread_setname_np(pthread_self(), l->name);
    status = loop_open(l);
    loop_report(l, status);
    if (status != 0)
        return NULL;
    uv_run(&l->uv, UV_RUN_DEFAULT);
    rd_bell_put_off_end();
    if (l->teardown != NULL)
        l->teardown(l->owner);
    uv_close((uv_handle_t *)&l->prepare, NULL);
    uv_run(&l->uv, UV_RUN_DEFAULT);
    return NULL;
}

static void
loop_forget(struct rd_loop *l)
{
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->cond);
    l->magic = RD_DEAD;
}

int
rd_loop_start(struct rd_loop *l, const char *name, void *owner,
              int (*setup)(void *owner), void (*teardown)(void *owner))
{
    pthread_attr_t attr;
    int error;

    *l = (struct rd_loop){ .magic = RD_LOOP_MAGIC, .owner = owner, .setup = setup,
                           .teardown = teardown };
    snprintf(l->name, sizeof l->name, "%s", name);
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->cond, NULL);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, LOOP_STACK);
    error = pthread_create(&l->thread, &attr, loop_main, l) == 0 ? 0 : RD_E_IO;
    pthread_attr_destroy(&attr);
    if (error != 0) {
        loop_forget(l);
        return error;
    }
    pthread_mutex_lock(&l->lock);
    while (!l->started)
        pthread_cond_wait(&l->cond, &l->lock);
    error = l->status;
    pthread_mutex_unlock(&l->lock);
    if (error != 0) {
        pthread_join(l->thread, NULL);
        loop_forget(l);
    }
    return error;
}

static void
loop_on_stop(struct rd_mail *mail, void *owner)
{
    struct loop_stop *stop = (struct loop_stop *)mail;
    struct rd_loop *l = stop->loop;
    struct rd_mail *rest, *next;

    free(stop);
    if (l->stopping)
        return;
    l->stopping = true;
    rest = rd_mailbox_close(&l->mailbox);
    /* what came after the stop is served too: nobody else can */
    for (; rest != NULL; rest = next) {
        next = rest->next;
        rest->deliver(rest, owner);
    }
    rd_mailbox_close_handle(&l->mailbox);
}

void
rd_loop_stop(struct rd_loop *l)
{
    struct loop_stop *stop = rd_malloc(sizeof *stop);

    RD_CHECK(l, RD_LOOP_MAGIC);
    stop->mail.deliver = loop_on_stop;
    stop->loop = l;
    if (rd_mailbox_post(&l->mailbox, &stop->mail) != 0)
        free(stop);
}

static void
loop_close(struct rd_loop *l)
{
    RD_ASSERT(uv_loop_close(&l->uv) == 0);
    loop_forget(l);
}

void
rd_loop_join(struct rd_loop *l)
{
    RD_CHECK(l, RD_LOOP_MAGIC);
    pthread_join(l->thread, NULL);
    loop_close(l);
}

int
rd_loop_join_within(struct rd_loop *l, unsigned seconds)
{
    struct timespec until;

    RD_CHECK(l, RD_LOOP_MAGIC);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += seconds;
    if (pthread_timedjoin_np(l->thread, NULL, &until) != 0)
        return RD_E_TIMEOUT;
    loop_close(l);
    return 0;
}
