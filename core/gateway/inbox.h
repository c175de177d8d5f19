/*
 * inbox.h - a script thread's table of messages, and what happens to each.
 *
 * The table lives outside Lua: when the thread is lost, main reads it under its
 * lock and gives the messages to a successor. All else here runs on the script
 * thread that owns it.
 */
#ifndef RD_GATEWAY_INBOX_H
#define RD_GATEWAY_INBOX_H

#include "base/reply.h"
#include "gateway/arbiter.h"
#include "gateway/gateway.h"
#include "gateway/task.h"
#include "script/script.h"

#define RD_INBOX_MAGIC RD_MAGIC('i', 'n', 'b', 'x')

/* The hooks of the gateway into script/; data is a struct rd_inbox_start. */
struct rd_inbox_start {
    struct rd_gateway *gateway;
    bool held;    /* messages wait until rd_inbox_release: for the successor of a lost thread */
    void (*ended)(void *arg);    /* on the script thread, as its last act; may be NULL */
    void *arg;
};
void rd_inbox_host(struct rd_script_host *host, struct rd_inbox_start *start);

/* ---- a run's replies (called by lua_msg on the script thread) ---------------- */

/*
 * msg:reply by this coroutine (NULL: the handler's own): takes the reply. An early or late one;
 * when COMMIT, op (NULL: nobody waits) will be done.
 */
enum rd_published rd_inbox_reply(struct rd_task *t, struct rd_reply *reply, struct rd_run *run,
                                 void *op,
                                 void (*op_done)(struct rd_mail *request, void *owner));
/* msg:finish: Twilio gets the replies so far. */
enum rd_published rd_inbox_finish(struct rd_task *t, void *op,
                                  void (*op_done)(struct rd_mail *request, void *owner));
/* Twilio has its answer: what is replied now is late, and waits for its commit. */
bool rd_inbox_is_late(const struct rd_task *t);
/* Seconds until Twilio, or after msg:finish the late limit, waits no longer. */
double rd_inbox_time_left(const struct rd_task *t);

/* ---- recovery (main) ---------------------------------------------------------- */

/*
 * Takes all messages of a dead worker away from it. Returns new tasks in order, linked by next, for
 * the successor; the one that never came back is *stuck (NULL: none). The old ones are gone or
 * leaked with their thread.
 */
struct rd_task *rd_inbox_take_all(struct rd_worker *dead, struct rd_task **stuck);
/* Posts a recovered task, in front of those that wait. */
void rd_inbox_give(struct rd_mailbox *successor, struct rd_task *t);
/* The message that its thread never came back from: outcome lost_thread, fallback_reply. */
void rd_inbox_give_lost(struct rd_mailbox *successor, struct rd_task *t);
/* Moves a mail that the dead worker had not popped; what belonged to its Lua is dropped. */
void rd_inbox_give_mail(struct rd_mailbox *successor, struct rd_mail *mail);
/* The generation of the message in such a mail; NULL: it carries none. */
struct rd_generation *rd_inbox_mail_generation(const struct rd_mail *mail);
/* The store has acknowledged the death: messages that waited begin. */
void rd_inbox_release(struct rd_mailbox *successor);

#endif
