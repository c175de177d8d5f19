/* inbox_reply.c - what a run says: replies so far, at a deadline, at its end; see inbox.h. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "gateway/compose.h"
#include "gateway/conversation.h"
#include "gateway/cost.h"
#include "gateway/marks.h"

#define REPLY_KEYS 64                      /* replies of one answer whose keys fit the stack */
#define REPLY_ROOM ((size_t)256 * 1024)    /* texts of one answer; Twilio takes 64 kB */

static struct rd_store_reply *
reply_node(struct rd_reply *reply, struct rd_reply_key key)
{
    struct rd_store_reply *node = rd_malloc(sizeof *node);

    *node = (struct rd_store_reply){ NULL, key, reply };
    return node;
}

static void
reply_log_limits(const struct rd_task *t, const char *why)
{
    struct rd_log_line l;

    if (!rd_log_begin(&l, RD_LOG_ERROR, "reply"))
        return;
    rd_log_slice(&l, "sid", t->message->id);
    rd_log_slice(&l, "script", t->config->scripts[t->script]);
    rd_log_str(&l, "error", why);
    rd_log_end(&l);
}

static void
reply_log_note(const struct rd_task *t, const struct rd_limits_note *note)
{
    struct rd_log_line l;

    if (note->cut == 0 || !rd_log_begin(&l, RD_LOG_WARN, "reply"))
        return;
    rd_log_slice(&l, "sid", t->message->id);
    rd_log_uint(&l, "cut", note->cut);
    rd_log_str(&l, "why", "a split would have passed 10 messages");
    rd_log_end(&l);
}

/*
 * The replies so far, then `more` (may be NULL), as one answer; NULL and a log line when that is
 * beyond Twilio's limits.
 */
static struct rd_answer *
reply_compose(struct rd_task *t, const struct rd_reply *more, const struct rd_reply_key *more_key)
{
    struct rd_reply *joined = rd_reply_new(REPLY_ROOM);
    struct rd_reply_key keys[REPLY_KEYS];
    struct rd_limits_note note = { .error = "the replies together are too large" };
    struct rd_answer *answer = NULL;
    size_t n = 0;
    int error = 0;

    for (struct rd_store_reply *r = t->replies; r != NULL && n < REPLY_KEYS - 1; r = r->next)
        keys[n++] = r->key;
    if (t->all != NULL)
        error = rd_reply_append(joined, t->all);
    if (error == 0 && more != NULL) {
        error = rd_reply_append(joined, more);
        keys[n++] = *more_key;
    }
    if (error == 0)
        error = rd_marks_apply(t->message, joined);
    if (error == 0)
        answer = rd_compose(joined, keys, n, &note);
    rd_cost_note(answer, joined, t->message->channel);
    rd_reply_free(joined);
    if (answer == NULL)
        reply_log_limits(t, note.error);
    else
        reply_log_note(t, &note);
    return answer;
}

/* What a deadline would send now: the replies so far, then the fallback if none can be late. */
static struct rd_answer *
reply_if_late(struct rd_task *t)
{
    const struct rd_reply *fallback = t->config->can_send ? NULL : t->config->fallback_reply;
    struct rd_reply_key key;

    if (fallback != NULL && t->all != NULL && t->all->n + fallback->n > RD_REPLY_MESSAGES)
        fallback = NULL;    /* the author's messages leave no room */
    key = rd_compose_key(fallback, 0, 0, true);
    return reply_compose(t, fallback, &key);
}

/* ---- msg:reply and msg:finish ---------------------------------------------------- */

static void
reply_add(struct rd_task *t, struct rd_reply *reply, struct rd_reply_key key)
{
    if (t->all == NULL)
        t->all = rd_reply_new(REPLY_ROOM);
    if (rd_reply_append(t->all, reply) != 0)
        reply_log_limits(t, "the replies together are too large");
    *t->replies_tail = reply_node(reply, key);
    t->replies_tail = &(*t->replies_tail)->next;
}

enum rd_published
rd_inbox_reply(struct rd_task *t, struct rd_reply *reply, struct rd_run *run, void *op,
               void (*op_done)(struct rd_mail *request, void *owner))
{
    uint32_t ordinal = 0;
    uint64_t path = run != NULL ? rd_run_path(run, &ordinal) : 0;
    struct rd_reply_key key =
        rd_compose_key(reply, path, path != 0 ? ordinal : t->n_replies, false);
    struct rd_reply *copy = rd_reply_copy(reply);
    struct rd_run_result result = { .op_wait = op, .op_done = op_done };

    RD_CHECK(t, RD_TASK_MAGIC);
    RD_ASSERT(!t->mute);
    if (op != NULL)
        result.op_mailbox = rd_worker_mailbox(t->inbox->worker);
    reply_add(t, reply, key);
    if (path == 0)
        t->n_replies++;
    if (copy != NULL)
        result.replies = reply_node(copy, key);
    result.answer = reply_if_late(t);
    if (result.answer == NULL)
        result.answer = rd_answer_ref(t->config->fallback);
    return rd_arbiter_publish(t->gateway, t->claim, t->run, rd_worker_epoch(t->inbox->worker),
                              &result);
}

enum rd_published
rd_inbox_finish(struct rd_task *t, void *op,
                void (*op_done)(struct rd_mail *request, void *owner))
{
    struct rd_run_result result = { .op_wait = op, .op_done = op_done };
    enum rd_published how;
    bool whole;

    RD_CHECK(t, RD_TASK_MAGIC);
    if (op != NULL)
        result.op_mailbox = rd_worker_mailbox(t->inbox->worker);
    result.effects = t->mute ? rd_inbox_opt_out_effect(t) : NULL;
    if (t->replies == NULL && t->config->can_send && !t->mute)
        result.answer = rd_answer_ref(t->config->waiting);
    else
        result.answer = reply_compose(t, NULL, NULL);
    whole = result.answer != NULL;
    if (!whole)
        result.answer = rd_compose_empty();
    t->finished = true;
    rd_inbox_watch_late(t);
    how = rd_arbiter_finish(t->gateway, t->claim, t->run, rd_worker_epoch(t->inbox->worker),
                            &result);
    if (how == RD_PUBLISHED_COMMIT && whole)
        rd_task_drop_replies(t);    /* they are in the answer, which is decided */
    if (how != RD_PUBLISHED_STALE && !t->config->can_send)
        rd_conversation_leave(t);    /* nothing that it says can come out of order any more */
    return how;
}

bool
rd_inbox_is_late(const struct rd_task *t)
{
    return rd_arbiter_answered(t->gateway, t->claim, t->run);
}

double
rd_inbox_time_left(const struct rd_task *t)
{
    uint64_t at = t->watched ? t->late_ns : t->soft_ns, now = rd_clock_ns();

    return at > now ? (double)(at - now) / 1e9 : 0;
}

/* ---- the end ------------------------------------------------------------------------ */

/* A failed run: the error handler's reply, else fallback_reply; the published do not count. */
static void
result_failed(struct rd_task *t, struct rd_reply *reply, struct rd_run_result *result)
{
    struct rd_reply_key key;

    rd_task_drop_replies(t);
    if (reply == NULL && t->config->fallback_reply != NULL && t->message->kind == RD_KIND_MESSAGE)
        reply = rd_reply_copy(t->config->fallback_reply);
    result->failed = true;
    key = rd_compose_key(reply, 0, 0, true);
    result->answer = reply_compose(t, reply, &key);
    if (result->answer == NULL)
        result->answer = rd_answer_ref(t->config->fallback);
    if (reply != NULL)
        result->replies = reply_node(reply, key);
}

static bool
result_is_failure(enum rd_outcome outcome)
{
    return outcome != RD_OUTCOME_ok && outcome != RD_OUTCOME_empty;
}

/* One reply and nothing published before: the usual case, composed without joining. */
static struct rd_answer *
result_compose(struct rd_task *t, struct rd_reply *reply, const struct rd_reply_key *key)
{
    struct rd_limits_note note = { .error = "the replies together are too large" };
    struct rd_answer *answer = NULL;

    if (t->all != NULL)
        return reply_compose(t, reply, key);
    if (rd_reply_is_empty(reply))
        return rd_compose_empty();
    if (rd_marks_apply(t->message, reply) == 0)
        answer = rd_compose(reply, key, 1, &note);
    rd_cost_note(answer, reply, t->message->channel);
    if (answer == NULL)
        reply_log_limits(t, note.error);
    else
        reply_log_note(t, &note);
    return answer;
}

/* An opt-out has no reply, whatever its handler said or did wrong; what it says is kept. */
static void
result_mute(struct rd_task *t, struct rd_run_result *result)
{
    struct rd_store_effect *kept = rd_inbox_opt_out_effect(t);

    rd_task_drop_replies(t);
    result->answer = rd_compose_empty();
    if (!result_is_failure(result->outcome)) {
        result->outcome = RD_OUTCOME_empty;
        result->effects = t->effects;
        t->effects = NULL;
    }
    if (kept != NULL) {
        kept->next = result->effects;
        result->effects = kept;
    }
}

void
rd_inbox_result(struct rd_task *t, struct rd_run_end *end, struct rd_run_result *result)
{
    struct rd_reply *reply = end->reply;
    struct rd_reply_key key = rd_compose_key(reply, 0, t->n_replies, false);

    end->reply = NULL;
    result->outcome = end->outcome;
    if (t->mute) {
        rd_reply_free(reply);
        result_mute(t, result);
        return;
    }
    if (result_is_failure(end->outcome)) {
        result_failed(t, reply, result);
        return;
    }
    result->answer = result_compose(t, reply, &key);
    if (result->answer == NULL) {
        rd_reply_free(reply);
        result->outcome = RD_OUTCOME_error;
        result_failed(t, NULL, result);
        return;
    }
    if ((t->all != NULL || t->n_replies > 0) && end->outcome == RD_OUTCOME_empty)
        result->outcome = RD_OUTCOME_ok;
    if (rd_reply_is_empty(reply))
        rd_reply_free(reply);
    else {
        *t->replies_tail = reply_node(reply, key);
        t->replies_tail = &(*t->replies_tail)->next;
    }
    result->replies = t->replies;
    result->effects = t->effects;
    t->replies = NULL;
    t->replies_tail = &t->replies;
    t->effects = NULL;
}
