/* request_help.c - see request_help.h. */
#include "store/request_help.h"

#include "base/mem.h"

#define SPACE RD_LIT("bot")

struct rd_reply_key
reply_key(uint32_t n)
{
    return (struct rd_reply_key){ .content = 1000 + n, .ordinal = n };
}

struct rd_answer *
answer_of(const char *text, unsigned mask)
{
    struct rd_reply_key keys[32];
    size_t n = 0;

    for (uint32_t i = 0; i < 32; i++)
        if (mask >> i & 1)
            keys[n++] = reply_key(i);
    return rd_answer_new(200, rd_slice_str(text), keys, n);
}

void
add_replies(struct rd_store_request *r, unsigned mask)
{
    struct rd_store_reply **tail = &r->replies;

    while (*tail != NULL)
        tail = &(*tail)->next;
    for (uint32_t i = 0; i < 32; i++)
        if (mask >> i & 1) {
            *tail = rd_malloc(sizeof **tail);
            **tail = (struct rd_store_reply){ NULL, reply_key(i), rd_reply_new(1024) };
            tail = &(*tail)->next;
        }
}

void
add_effect(struct rd_store_request *r, enum rd_effect kind, const char *key, const char *value)
{
    struct rd_store_effect **tail = &r->effects;

    while (*tail != NULL)
        tail = &(*tail)->next;
    *tail = rd_store_effect_new(kind, SPACE, rd_slice_str(key), rd_slice_str(value), 0);
}

struct rd_store_request *
early_of(const char *key, const char *text, unsigned in, unsigned replies)
{
    struct rd_store_request *r = rd_store_request_new(RD_STORE_early, rd_slice_str(key));

    r->answer = answer_of(text, in);
    r->request = rd_message_new(1024, 0);
    add_replies(r, replies);
    return r;
}

struct rd_store_request *
final_of(const char *key, enum rd_row_state to, const char *text, unsigned in, unsigned replies)
{
    struct rd_store_request *r = rd_store_request_new(RD_STORE_final, rd_slice_str(key));

    r->to = to;
    r->answer = answer_of(text, in);
    add_replies(r, replies);
    return r;
}

struct rd_store_request *
kv_of(enum rd_store_op op, const char *name)
{
    struct rd_store_request *r = rd_store_request_new(op, RD_LIT(""));

    r->space = SPACE;
    r->name = rd_slice_str(name);
    return r;
}
