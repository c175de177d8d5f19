/* schedule_tick.c - see schedule_tick.h. Pure. */
#include "gateway/schedule_tick.h"

#include <stdio.h>

#define TICK_LINE 80    /* characters of a cron line that its id shows */

int
rd_schedule_key(struct rd_slice path, struct rd_slice line, const char *tick, struct rd_buf *key)
{
    if (tick != NULL) {
        rd_buf_put_str(key, "schedule");
        rd_buf_put_char(key, '\0');
    }
    rd_buf_put_slice(key, path);
    rd_buf_put_char(key, '\0');
    rd_buf_put_slice(key, line);
    if (tick == NULL)
        return key->error;
    rd_buf_put_char(key, '\0');
    return rd_buf_put_str(key, tick);
}

struct rd_message *
rd_schedule_message(struct rd_slice path, struct rd_slice line, const char *tick)
{
    struct rd_message *m = rd_message_new(2 * RD_SCHEDULE_KEY, 2 * RD_SCHEDULE_KEY);
    char id[TICK_LINE + 64];

    snprintf(id, sizeof id, "schedule %.*s at %s", (int)(line.n < TICK_LINE ? line.n : TICK_LINE),
             line.p, tick);
    m->kind = RD_KIND_SCHEDULE;
    m->id = rd_arena_copy(&m->arena, rd_slice_str(id));
    m->to = rd_arena_copy(&m->arena, path);
    m->from = rd_arena_copy(&m->arena, line);
    m->body = rd_arena_copy(&m->arena, rd_slice_str(tick));
    return m;
}

struct rd_store_effect *
rd_schedule_effect(const struct rd_message *m)
{
    struct rd_store_effect *effect = NULL;
    struct rd_buf key;

    rd_buf_init(&key, RD_SCHEDULE_KEY);
    if (rd_schedule_key(m->to, m->from, NULL, &key) == 0)
        effect = rd_store_effect_new(RD_EFFECT_SET, RD_SCHEDULE_SPACE, rd_buf_slice(&key), m->body,
                                     0);
    rd_buf_free(&key);
    return effect;
}
