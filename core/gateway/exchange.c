/* exchange.c - life of exchanges; see exchange.h. Called on their front's thread. */
#include "gateway/exchange.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/metric.h"
#include "gateway/front.h"

#define EXCHANGE_SLOTS_MOST 0xffffffu    /* 24 bits of a ticket */

static struct rd_exchange *
exchange_add_slot(struct rd_front *f)
{
    struct rd_exchange *x = rd_calloc(1, sizeof *x);

    RD_ASSERT(f->n_slots < EXCHANGE_SLOTS_MOST);
    if (f->n_slots == f->cap_slots) {
        f->cap_slots = f->cap_slots ? f->cap_slots * 2 : 64;
        f->slots = rd_realloc(f->slots, f->cap_slots * sizeof(struct rd_exchange *));
    }
    x->ticket = rd_ticket_make(f->index, f->n_slots, 0);
    x->front = f;
    uv_timer_init(&f->loop.uv, &x->timer);
    x->timer.data = x;
    f->slots[f->n_slots++] = x;
    return x;
}

struct rd_exchange *
rd_exchange_new(struct rd_front *f, struct rd_http_stream *stream,
                const struct rd_http_request *request)
{
    struct rd_exchange *x = f->free_slots;

    if (x != NULL)
        f->free_slots = x->next_free;
    else
        x = exchange_add_slot(f);
    x->magic = RD_EXCHANGE_MAGIC;
    x->step = RD_STEP_route;
    x->serial++;
    x->ticket = rd_ticket_make(f->index, rd_ticket_slot(x->ticket), x->serial);
    x->stream = stream;
    x->request = *request;
    x->generation = rd_generation_ref(f->generation);
    x->config = rd_generation_snapshot(f->generation);
    rd_http_stream_set_user(stream, x);
    f->open++;
    rd_metric_add(RD_METRIC_exchanges, 0, 1);
    return x;
}

void
rd_exchange_free(struct rd_exchange *x)
{
    struct rd_front *f = x->front;

    RD_CHECK(x, RD_EXCHANGE_MAGIC);
    uv_timer_stop(&x->timer);
    rd_answer_unref(x->verdict.answer);
    rd_message_unref(x->message);
    rd_generation_unref(x->generation);
    x->magic = RD_DEAD;
    x->stream = NULL;
    x->generation = NULL;
    x->config = NULL;
    x->route = NULL;
    x->account = NULL;
    x->no_script = NULL;
    x->message = NULL;
    x->verified = x->soft_passed = x->decided = x->running = false;
    x->claim = (struct rd_claim_ref){ 0, 0 };
    x->verdict = (struct rd_verdict){ 0, NULL, RD_OUTCOME_ok, RD_WHY_none };
    x->next_free = f->free_slots;
    f->free_slots = x;
    f->open--;
    rd_metric_add(RD_METRIC_exchanges, 0, -1);
}

enum rd_next
rd_exchange_decide(struct rd_exchange *x, const struct rd_verdict *verdict)
{
    if (!x->decided) {
        x->decided = true;
        x->verdict = *verdict;
        if (verdict->answer != NULL)
            rd_answer_ref(verdict->answer);
    }
    return RD_ANSWER;
}

enum rd_next
rd_exchange_refuse(struct rd_exchange *x, int status, enum rd_outcome outcome)
{
    return rd_exchange_decide(x, &(struct rd_verdict){ status, NULL, outcome, RD_WHY_none });
}
