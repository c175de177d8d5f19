/* conversation.c - see conversation.h. Owns a conversation while somebody runs or waits in it. */
#include "gateway/conversation.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "gateway/burst.h"
#include "gateway/debounce.h"

#define CONVERSATION_MAGIC RD_MAGIC('t', 'a', 'l', 'k')

struct rd_conversation {
    uint32_t magic;
    struct rd_conversation *next;         /* in its bucket */
    uint64_t hash;
    struct rd_message *who;               /* a reference: its addresses are the key */
    struct rd_inbox *inbox;
    struct rd_task *running;              /* has the turn */
    struct rd_task *held;                 /* waits for more of its burst; not in the queue yet */
    struct rd_task *first, **tail;        /* wait for it, linked by next_turn */
    size_t n;
    bool turning;                         /* the turn is being given, further up the stack */
};

/* ---- the table ------------------------------------------------------------------ */

static uint64_t
conversation_hash(const struct rd_message *m)
{
    return (rd_hash(m->account) * 31 + rd_hash(m->to)) * 31 + rd_hash(m->from);
}

static bool
conversation_is(const struct rd_conversation *c, uint64_t hash, const struct rd_message *m)
{
    return c->hash == hash && rd_slice_eq(c->who->from, m->from) &&
           rd_slice_eq(c->who->to, m->to) && rd_slice_eq(c->who->account, m->account);
}

static struct rd_conversation **
conversation_bucket(struct rd_inbox *in, uint64_t hash)
{
    return &in->talks[hash & (INBOX_BUCKETS - 1)];
}

static struct rd_conversation *
conversation_of(struct rd_inbox *in, struct rd_message *m)
{
    uint64_t hash = conversation_hash(m);
    struct rd_conversation **bucket = conversation_bucket(in, hash), *c = *bucket;

    while (c != NULL && !conversation_is(c, hash, m))
        c = c->next;
    if (c != NULL)
        return c;
    c = rd_calloc(1, sizeof *c);
    c->magic = CONVERSATION_MAGIC;
    c->hash = hash;
    c->who = rd_message_ref(m);
    c->inbox = in;
    c->tail = &c->first;
    c->next = *bucket;
    *bucket = c;
    return c;
}

/* Forgets it when nobody runs or waits in it. */
static void
conversation_rest(struct rd_conversation *c)
{
    struct rd_conversation **at = conversation_bucket(c->inbox, c->hash);

    if (c->running != NULL || c->held != NULL || c->first != NULL || c->turning)
        return;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    rd_message_unref(c->who);
    c->magic = RD_DEAD;
    free(c);
}

/* ---- the queue ------------------------------------------------------------------- */

static void
conversation_push(struct rd_conversation *c, struct rd_task *t)
{
    t->talk = c;
    t->next_turn = NULL;
    *c->tail = t;
    c->tail = &t->next_turn;
    c->n++;
}

static void
conversation_remove(struct rd_conversation *c, struct rd_task *t)
{
    struct rd_task **at = &c->first;

    while (*at != t)
        at = &(*at)->next_turn;
    *at = t->next_turn;
    if (c->tail == &t->next_turn)
        c->tail = at;
    c->n--;
}

/* A handler that ends within its turn gives it to the next one from this loop, not from inside. */
static void
conversation_give(struct rd_conversation *c)
{
    struct rd_task *t;

    if (c->turning)
        return;
    c->turning = true;
    while (c->running == NULL && (t = c->first) != NULL) {
        conversation_remove(c, t);
        c->running = t;
        rd_inbox_turn(t);
    }
    c->turning = false;
    conversation_rest(c);
}

/* ---- rules ---------------------------------------------------------------------------- */

static enum rd_concurrency
conversation_rule(const struct rd_task *t)
{
    if (t->message->kind == RD_KIND_SCHEDULE)
        return RD_CONCURRENCY_QUEUE;    /* an entry is no sender */
    return rd_script_concurrency(t->generation, t->script);
}

/* ---- refusals ---------------------------------------------------------------------- */

/*
 * The answer is <Response/>; a handler that runs ends at its next wait. False: it was answered
 * otherwise before.
 */
static bool
conversation_refuse(struct rd_task *t, enum rd_outcome outcome, enum rd_why why)
{
    bool current = rd_arbiter_refuse(t->gateway, t->claim, t->run,
                                     rd_worker_epoch(t->inbox->worker), outcome, why);

    if (t->message->kind == RD_KIND_SCHEDULE)
        rd_inbox_log_entry(t, outcome, why);
    if (t->handle != NULL)
        rd_run_cancel(t->handle, RD_OUTCOME_cancelled);
    else
        rd_inbox_forget(t);
    return current;
}

/* Whoever wants no more messages is heard, whatever comes before or after it. */
static bool
conversation_is_owed(const struct rd_task *t)
{
    return t->message->opt_out != RD_OPT_OUT_NONE;
}

/* `latest`: whoever was before it is given up. The one that runs leaves when it has ended. */
static void
conversation_give_up(struct rd_conversation *c)
{
    struct rd_task *t, *next;

    for (t = c->first; t != NULL; t = next) {
        next = t->next_turn;
        if (conversation_is_owed(t))
            continue;
        conversation_remove(c, t);
        t->talk = NULL;
        conversation_refuse(t, RD_OUTCOME_cancelled, RD_WHY_newer_message);
    }
    if (c->running != NULL && !conversation_is_owed(c->running))
        conversation_refuse(c->running, RD_OUTCOME_cancelled, RD_WHY_newer_message);
}

static bool
conversation_is_busy(const struct rd_conversation *c)
{
    return c->running != NULL || c->first != NULL;
}

/* Behind the others if its rule lets it, which may drop it when they were busy before. */
static void
conversation_line_up(struct rd_conversation *c, struct rd_task *t, bool busy)
{
    bool drops = busy && conversation_rule(t) == RD_CONCURRENCY_DROP;
    bool full = c->n + (c->running != NULL) > t->config->max_sender_queue;

    if ((drops || full) && !t->again && !conversation_is_owed(t))
        conversation_refuse(t, RD_OUTCOME_dropped, drops ? RD_WHY_rule : RD_WHY_queue_full);
    else
        conversation_push(c, t);
}

/* The caller gives the turn. */
static void
conversation_admit(struct rd_conversation *c, struct rd_task *t)
{
    if (conversation_rule(t) == RD_CONCURRENCY_LATEST)
        conversation_give_up(c);
    conversation_line_up(c, t, conversation_is_busy(c));
}

/* ---- bursts ------------------------------------------------------------------------- */

static struct rd_task *
conversation_unhold(struct rd_conversation *c)
{
    struct rd_task *t = c->held;

    c->held = NULL;
    t->talk = NULL;
    rd_debounce_close(t);
    return t;
}

/* The burst is whole: it wants its turn. */
static void
conversation_release(struct rd_conversation *c)
{
    if (c->held != NULL)
        conversation_admit(c, conversation_unhold(c));
}

/* What ends a burst comes after it: it does not cancel it, and is not dropped for it. */
static void
conversation_follow(struct rd_conversation *c, struct rd_task *t)
{
    bool busy = conversation_is_busy(c);

    if (c->held == NULL) {
        conversation_admit(c, t);
        return;
    }
    conversation_release(c);
    conversation_line_up(c, t, busy);
}

/* By its path: a reload may have given it another number. */
static bool
conversation_same_script(const struct rd_task *a, const struct rd_task *b)
{
    return rd_slice_eq(a->config->scripts[a->script], b->config->scripts[b->script]);
}

/* The message becomes that of the burst so far, which it ends; false: it cannot. */
static bool
conversation_merge(struct rd_conversation *c, struct rd_task *t)
{
    struct rd_message *joined;

    if (!conversation_same_script(c->held, t))
        return false;
    joined = rd_burst_join(c->held->message, t->message);
    if (joined == NULL)
        return false;
    if (conversation_refuse(conversation_unhold(c), RD_OUTCOME_merged, RD_WHY_none)) {
        rd_message_unref(t->message);
        t->message = joined;
    } else {
        rd_message_unref(joined);    /* its deadline has ended the burst */
    }
    return true;
}

static void
conversation_hold(struct rd_conversation *c, struct rd_task *t)
{
    if (c->held != NULL && !conversation_merge(c, t))
        conversation_release(c);
    c->held = t;
    t->talk = c;
    rd_debounce_open(t);
}

/* ---- from outside -------------------------------------------------------------------- */

void
rd_conversation_enter(struct rd_inbox *in, struct rd_task *t)
{
    struct rd_conversation *c;

    if (t->finished && !t->config->can_send) {
        rd_inbox_turn(t);    /* a rerun: its conversation has gone on without it */
        return;
    }
    c = conversation_of(in, t->message);
    RD_CHECK(c, CONVERSATION_MAGIC);
    if (rd_debounce_wants(t))
        conversation_hold(c, t);
    else
        conversation_follow(c, t);
    conversation_give(c);
}

void
rd_conversation_release(struct rd_task *t)
{
    struct rd_conversation *c = t->talk;

    RD_CHECK(c, CONVERSATION_MAGIC);
    conversation_release(c);
    conversation_give(c);
}

bool
rd_conversation_waits(const struct rd_task *t)
{
    return t->talk != NULL && t->talk->running != t;
}

void
rd_conversation_leave(struct rd_task *t)
{
    struct rd_conversation *c = t->talk;

    if (c == NULL)
        return;
    RD_CHECK(c, CONVERSATION_MAGIC);
    t->talk = NULL;
    if (c->running == t)
        c->running = NULL;
    else if (c->held == t)
        conversation_unhold(c);
    else
        conversation_remove(c, t);
    conversation_give(c);
}

void
rd_conversations_drop(struct rd_inbox *in)
{
    struct rd_conversation *c, *next;

    for (size_t i = 0; i < INBOX_BUCKETS; i++)
        for (c = in->talks[i], in->talks[i] = NULL; c != NULL; c = next) {
            next = c->next;
            rd_message_unref(c->who);
            c->magic = RD_DEAD;
            free(c);
        }
}
