/* compose.c - see compose.h. Owns the two constant answers; called from every thread. */
#include "gateway/compose.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/metric.h"
#include "twilio/twiml.h"

#define COMPOSE_MOST ((size_t)2 * RD_LIMITS_TWIML)    /* limits.c refuses longer ones before */

static struct rd_answer *compose_empty, *compose_no_content;

void
rd_compose_open(void)
{
    compose_empty = rd_answer_new(200, RD_LIT(RD_TWIML_EMPTY), NULL, 0);
    compose_no_content = rd_answer_new(204, RD_LIT(""), NULL, 0);
}

void
rd_compose_close(void)
{
    rd_answer_unref(compose_empty);
    rd_answer_unref(compose_no_content);
    compose_empty = compose_no_content = NULL;
}

struct rd_answer *
rd_compose_empty(void)
{
    return rd_answer_ref(compose_empty);
}

struct rd_answer *
rd_compose_no_content(void)
{
    return rd_answer_ref(compose_no_content);
}

struct rd_answer *
rd_compose(struct rd_reply *reply, const struct rd_reply_key *keys, size_t n_keys,
           struct rd_limits_note *note)
{
    struct rd_answer *answer = NULL;
    struct rd_buf out;
    int repairs;

    *note = (struct rd_limits_note){ 0 };
    if (rd_reply_is_empty(reply) && n_keys == 0)
        return rd_compose_empty();
    if (rd_limits_apply(reply, note) != 0)
        return NULL;
    rd_buf_init(&out, COMPOSE_MOST);
    repairs = rd_twiml_write(reply, &out);
    if (repairs > 0)
        rd_metric_add(RD_METRIC_xml_repairs_total, 0, repairs);
    if (repairs >= 0)
        answer = rd_answer_new(200, rd_buf_slice(&out), keys, n_keys);
    rd_buf_free(&out);
    return answer;
}

/* A field, ended by a NUL: what stands in the next one is something else. */
static uint64_t
compose_hash(uint64_t h, struct rd_slice field)
{
    return rd_hash_stable(rd_hash_stable(h, field), rd_slice_make("", 1));
}

static uint64_t
compose_hash_message(uint64_t h, const struct rd_reply_message *m)
{
    h = compose_hash(h, m->body);
    for (size_t i = 0; i < m->n_media; i++)
        h = compose_hash(h, m->media[i]);
    h = compose_hash(h, m->to);
    h = compose_hash(h, m->from);
    h = compose_hash(h, m->action);
    return compose_hash(h, m->status_callback);
}

struct rd_reply_key
rd_compose_key(const struct rd_reply *reply, uint64_t path, uint32_t ordinal, bool special)
{
    struct rd_reply_key key = { .path = path, .ordinal = ordinal, .special = special };

    for (size_t i = 0; reply != NULL && i < reply->n; i++)
        key.content = compose_hash_message(key.content, &reply->messages[i]);
    if (reply != NULL)
        key.content = compose_hash(key.content, reply->redirect);
    return key;
}
