/* debounce.c - see debounce.h. Owns the list of open windows and its timer. */
#include "gateway/debounce.h"

#include "base/clock.h"
#include "gateway/conversation.h"

#define DEBOUNCE_SPARE_MS UINT64_C(1000)    /* left of the deadline for the handler */

bool
rd_debounce_wants(struct rd_task *t)
{
    /* the successor of a lost thread need not wait: it has waited long enough */
    return !t->again && t->message->kind == RD_KIND_MESSAGE &&
           t->message->opt_out == RD_OPT_OUT_NONE &&    /* HELP may be a message, too */
           rd_script_debounce(t->generation, t->script) > 0 &&
           rd_inbox_pick(t) && t->handler == RD_HANDLER_MESSAGE;
}

uint64_t
rd_debounce_most(uint64_t left_ms)
{
    return left_ms - (left_ms / 2 < DEBOUNCE_SPARE_MS ? left_ms / 2 : DEBOUNCE_SPARE_MS);
}

static uint64_t
debounce_end(const struct rd_task *t)
{
    uint64_t now = rd_clock_ns();
    uint64_t wait = rd_script_debounce(t->generation, t->script) * RD_MS;
    uint64_t left = t->soft_ns > now ? t->soft_ns - now : 0;
    uint64_t most = rd_debounce_most(left / RD_MS) * RD_MS;

    return now + (t->soft_ns != 0 && wait > most ? most : wait);
}

static void debounce_on_timer(uv_timer_t *timer);

/* Rings for the window that ends first. */
static void
debounce_arm(struct rd_inbox *in)
{
    uint64_t now = rd_clock_ns();

    if (in->window == NULL)
        uv_timer_stop(&in->window_timer);
    else
        uv_timer_start(&in->window_timer, debounce_on_timer,
                       in->window->window_ns > now ? (in->window->window_ns - now) / RD_MS + 1 : 0,
                       0);
}

static void
debounce_on_timer(uv_timer_t *timer)
{
    struct rd_inbox *in = timer->data;

    RD_CHECK(in, RD_INBOX_MAGIC);
    while (in->window != NULL && in->window->window_ns <= rd_clock_ns())
        rd_conversation_release(in->window);
    debounce_arm(in);
}

/* Behind the last one that ends before it: mostly at the end. */
void
rd_debounce_open(struct rd_task *t)
{
    struct rd_inbox *in = t->inbox;
    struct rd_task *before = in->window_last;

    t->window_ns = debounce_end(t);
    while (before != NULL && before->window_ns > t->window_ns)
        before = before->prev_window;
    t->prev_window = before;
    t->next_window = before ? before->next_window : in->window;
    *(before ? &before->next_window : &in->window) = t;
    *(t->next_window ? &t->next_window->prev_window : &in->window_last) = t;
    if (in->window == t)
        debounce_arm(in);
}

/* The timer stays: it finds nothing to do. */
void
rd_debounce_close(struct rd_task *t)
{
    struct rd_inbox *in = t->inbox;

    *(t->prev_window ? &t->prev_window->next_window : &in->window) = t->next_window;
    *(t->next_window ? &t->next_window->prev_window : &in->window_last) = t->prev_window;
    t->window_ns = 0;
}
