/*
 * cost.h - how many segments the replies of an answer are, for the message's log
 * line: segments=1,2 and, where it was not GSM-7, ucs2 with the character to blame.
 */
#ifndef RD_GATEWAY_COST_H
#define RD_GATEWAY_COST_H

#include "base/answer.h"
#include "base/log.h"
#include "base/reply.h"

/* Notes it in a new answer (NULL is ignored) whose messages are those of r; SMS and MMS only. */
void rd_cost_note(struct rd_answer *a, const struct rd_reply *r, struct rd_slice channel);

/* Adds the fields to a line; none when nothing was noted. */
void rd_cost_log(struct rd_log_line *l, const struct rd_answer *a);

#endif
