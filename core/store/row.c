/* row.c - see row.h. Pure; called by the backends on the store's thread. */
#include "store/row.h"

/* The row takes no more results. A bare early answer brings none. */
static struct rd_row_move
row_closed(const struct rd_store_request *r, enum rd_row_state row)
{
    bool result = r->op == RD_STORE_final || r->replies != NULL || r->effects != NULL;

    return (struct rd_row_move){ .to = row, .dropped = result };
}

static struct rd_row_move
row_early(const struct rd_store_request *r, enum rd_row_state row)
{
    switch (row) {
    case RD_ROW_ABSENT:
        return (struct rd_row_move){ .to = RD_ROW_EARLY, .insert = true, .apply = true };
    case RD_ROW_EARLY:
        return (struct rd_row_move){ .to = RD_ROW_EARLY, .apply = true };
    case RD_ROW_ANSWERED:
    case RD_ROW_DONE:
        break;
    }
    return row_closed(r, row);
}

struct rd_row_move
rd_row_decide(const struct rd_store_request *r, enum rd_row_state row)
{
    if (r->op == RD_STORE_early)
        return row_early(r, row);
    switch (row) {
    case RD_ROW_ABSENT:
        return (struct rd_row_move){ .to = r->to, .insert = true, .apply = true };
    case RD_ROW_EARLY:
        return (struct rd_row_move){ .to = RD_ROW_DONE, .apply = true };
    case RD_ROW_ANSWERED:
    case RD_ROW_DONE:
        break;
    }
    return row_closed(r, row);
}

bool
rd_row_is_late(const struct rd_answer *answer, const struct rd_reply_key *stored, size_t n,
               const struct rd_reply_key *key)
{
    if (rd_answer_has(answer, key))
        return false;
    for (size_t i = 0; i < n; i++)
        if (rd_reply_key_eq(&stored[i], key))
            return false;
    return true;
}
