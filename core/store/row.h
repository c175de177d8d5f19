/*
 * row.h - how a message's row moves: the table of design section 5, as a pure
 * function that every backend asks.
 */
#ifndef RD_STORE_ROW_H
#define RD_STORE_ROW_H

#include "store/store.h"

struct rd_row_move {
    enum rd_row_state to;    /* the state afterwards */
    bool insert;             /* the row was absent: keep the answer (early: and the message) */
    bool apply;              /* effects and late replies count */
    bool dropped;            /* there was a result, and it does not count */
};

/* What `early` or `final` does to a row in this state. */
struct rd_row_move rd_row_decide(const struct rd_store_request *r, enum rd_row_state row);

/* True when this reply is neither in the row's answer nor among the outbox keys already stored. */
bool rd_row_is_late(const struct rd_answer *answer, const struct rd_reply_key *stored, size_t n,
                    const struct rd_reply_key *key);

#endif
