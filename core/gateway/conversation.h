/*
 * conversation.h - whose turn it is among the messages of one sender.
 *
 * A conversation is (account, our address, their address). One handler of it
 * runs at a time, in the order of arrival; `concurrency` says what a message
 * does meanwhile. With `debounce` a message waits for more of its burst before
 * it wants its turn. Status events belong to none. Everything here runs on the
 * script thread that owns the inbox; called by inbox*.c and debounce.c only.
 */
#ifndef RD_GATEWAY_CONVERSATION_H
#define RD_GATEWAY_CONVERSATION_H

#include "gateway/inbox_table.h"

/*
 * A message wants its turn: it has it now (rd_inbox_turn), waits behind the others, or is refused
 * and gone. A full queue of max_sender_queue messages refuses, whatever `concurrency` is.
 */
void rd_conversation_enter(struct rd_inbox *in, struct rd_task *t);
/* Its window is over: the burst that it ends wants its turn. */
void rd_conversation_release(struct rd_task *t);
/* Its turn is over, or will not come: the next one has it. A task of none is left alone. */
void rd_conversation_leave(struct rd_task *t);
/* At the end of the inbox. A lost thread keeps its own: it may still look at them. */
void rd_conversations_drop(struct rd_inbox *in);
/* It waits for its turn, or for more of its burst. */
bool rd_conversation_waits(const struct rd_task *t);

#endif
