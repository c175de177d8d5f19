/* schedule.c - see schedule.h. */
#include "gateway/schedule.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "gateway/arbiter.h"
#include "gateway/config.h"
#include "gateway/schedule_tick.h"

#define SCHEDULE_MAGIC RD_MAGIC('s', 'c', 'h', 'd')
#define SCHEDULE_MINUTE 60
#define SCHEDULE_LONGEST (INT64_C(366) * 86400)    /* further back nothing is looked for */
#define SCHEDULE_SET_BACK (3 * 3600)    /* a clock set back by less runs nothing a second time */
#define SCHEDULE_SHARD 0                /* design section 7 */

struct schedule_entry {
    struct schedule_entry *next;
    unsigned script;
    struct rd_slice path;                       /* in the generation's configuration */
    const struct rd_script_entry *line;         /* in the generation */
    int64_t last;                               /* the last minute that was looked at */
    bool known;                                 /* the store has said what it knows */
};

struct rd_schedule {
    uint32_t magic;
    struct rd_gateway *gateway;
    struct rd_mailbox *mailbox;
    struct rd_generation *generation;           /* a reference; NULL: stopped */
    struct schedule_entry *entries;
};

static int64_t
schedule_minute(double now)
{
    int64_t t = (int64_t)now;

    return t - t % SCHEDULE_MINUTE;
}

static bool
schedule_is(const struct schedule_entry *e, struct rd_slice path, struct rd_slice line)
{
    return rd_slice_eq(e->path, path) && rd_slice_eq(e->line->line, line);
}

static struct schedule_entry *
schedule_find(struct schedule_entry *list, struct rd_slice path, struct rd_slice line)
{
    while (list != NULL && !schedule_is(list, path, line))
        list = list->next;
    return list;
}

static void
schedule_drop(struct schedule_entry *list)
{
    struct schedule_entry *next;

    for (; list != NULL; list = next) {
        next = list->next;
        free(list);
    }
}

/* ---- running ---------------------------------------------------------------------- */

static void
schedule_claim(struct rd_schedule *s, const struct schedule_entry *e, const char *tick,
               struct rd_slice key)
{
    struct rd_message *m = rd_schedule_message(e->path, e->line->line, tick);
    struct rd_claim_order order = {
        .key = key, .hash = rd_hash(key), .message = m, .generation = s->generation,
        .script = e->script, .shard = SCHEDULE_SHARD,
    };
    struct rd_claim_ref ref;
    struct rd_verdict replay = { 0 };

    switch (rd_arbiter_claim(s->gateway, &order, &ref, &replay)) {
    case RD_CLAIMED_NEW:
        rd_arbiter_start(s->gateway, ref);
        break;
    case RD_CLAIMED_REPLAY:    /* it has run */
        rd_answer_unref(replay.answer);
        break;
    case RD_CLAIMED_WAIT:      /* the store is asked first */
        break;
    }
    rd_message_unref(m);
}

static void
schedule_run(struct rd_schedule *s, const struct schedule_entry *e, int64_t at)
{
    struct rd_buf key;
    char tick[24];

    snprintf(tick, sizeof tick, "%" PRId64, at);
    rd_buf_init(&key, RD_SCHEDULE_KEY);
    if (rd_schedule_key(e->path, e->line->line, tick, &key) == 0)
        schedule_claim(s, e, tick, rd_buf_slice(&key));
    rd_buf_free(&key);
}

/* ---- what is due -------------------------------------------------------------------- */

/* The last minute before `now` and after e->last in which it was due; INT64_MIN: none. */
static int64_t
schedule_missed(const struct schedule_entry *e, const struct rd_zone *zone, int64_t now)
{
    int64_t until = now - SCHEDULE_LONGEST > e->last ? now - SCHEDULE_LONGEST : e->last;

    for (int64_t t = now - SCHEDULE_MINUTE; t > until; t -= SCHEDULE_MINUTE)
        if (rd_cron_due(&e->line->cron, zone, t))
            return t;
    return INT64_MIN;
}

static void
schedule_log_skip(const struct schedule_entry *e, int64_t at)
{
    struct rd_log_line l;
    struct rd_civil d = rd_civil_of(at);
    char text[40];

    if (!rd_log_begin(&l, RD_LOG_WARN, "schedule"))
        return;
    snprintf(text, sizeof text, "%04d-%02u-%02uT%02u:%02uZ", (int)d.year, d.month, d.day, d.hour,
             d.minute);
    rd_log_slice(&l, "script", e->path);
    rd_log_slice(&l, "entry", e->line->line);
    rd_log_str(&l, "missed", text);
    rd_log_str(&l, "why", "schedule_missed is \"skip\"");
    rd_log_end(&l);
}

static void
schedule_look(struct rd_schedule *s, struct schedule_entry *e, int64_t now)
{
    const struct rd_config *config = rd_generation_snapshot(s->generation);
    int64_t missed;

    if (now <= e->last) {
        if (e->last - now > SCHEDULE_SET_BACK)
            e->last = now;
        return;
    }
    missed = schedule_missed(e, config->zone, now);
    e->last = now;
    if (rd_cron_due(&e->line->cron, config->zone, now))
        schedule_run(s, e, now);
    else if (missed != INT64_MIN && config->schedule_missed == RD_MISSED_ONCE)
        schedule_run(s, e, missed);
    else if (missed != INT64_MIN)
        schedule_log_skip(e, missed);
}

void
rd_schedule_tick(struct rd_schedule *s, double now)
{
    RD_CHECK(s, SCHEDULE_MAGIC);
    for (struct schedule_entry *e = s->entries; e != NULL; e = e->next)
        if (e->known)
            schedule_look(s, e, schedule_minute(now));
}

/* ---- what the store knows ------------------------------------------------------------- */

static void
schedule_on_known(struct rd_mail *mail, void *owner)
{
    struct rd_store_request *r = (struct rd_store_request *)mail;
    struct rd_schedule *s = r->visit_arg;
    size_t n = rd_slice_find(r->key, '\0');
    struct schedule_entry *e = schedule_find(s->entries, rd_slice_make(r->key.p, n),
                                             rd_slice_skip(r->key, n + 1));
    char text[24] = "";
    int64_t last;

    (void)owner;
    if (e != NULL && !e->known && r->error == 0 && r->result.n < sizeof text) {
        memcpy(text, r->result.p, r->result.n);
        last = strtoll(text, NULL, 10);
        if (last > 0 && last < e->last)
            e->last = last;    /* what was due since then was missed */
    }
    if (e != NULL)
        e->known = true;
    rd_store_request_free(r);
}

static void
schedule_ask(struct rd_schedule *s, const struct schedule_entry *e)
{
    struct rd_store_request *r;
    struct rd_buf name;

    rd_buf_init(&name, RD_SCHEDULE_KEY);
    rd_schedule_key(e->path, e->line->line, NULL, &name);
    r = rd_store_request_new(RD_STORE_kv_get, rd_buf_slice(&name));
    rd_buf_free(&name);
    r->space = RD_SCHEDULE_SPACE;
    r->name = r->key;
    r->visit_arg = s;
    r->reply_to = s->mailbox;
    r->completed = schedule_on_known;
    rd_store_post(s->gateway->store, r);
}

/* ---- life ------------------------------------------------------------------------------ */

static struct schedule_entry *
schedule_entry_new(struct rd_generation *g, unsigned script, unsigned i, int64_t now)
{
    const struct rd_config *config = rd_generation_snapshot(g);
    struct schedule_entry *e = rd_calloc(1, sizeof *e);

    e->script = script;
    e->path = config->scripts[script];
    e->line = rd_script_entry_at(g, script, i);
    e->last = now;    /* the minute that runs is not due: it has begun before */
    return e;
}

static void
schedule_add(struct rd_schedule *s, struct schedule_entry *old, struct schedule_entry *e)
{
    struct schedule_entry *before = schedule_find(old, e->path, e->line->line);

    e->next = s->entries;
    s->entries = e;
    if (before != NULL && before->known) {
        e->last = before->last;
        e->known = true;
    } else if (before == NULL) {
        schedule_ask(s, e);
    }
}

void
rd_schedule_install(struct rd_schedule *s, struct rd_generation *generation, double now)
{
    const struct rd_config *config = rd_generation_snapshot(generation);
    struct rd_generation *before = s->generation;
    struct schedule_entry *old = s->entries;

    RD_CHECK(s, SCHEDULE_MAGIC);
    s->generation = rd_generation_ref(generation);
    s->entries = NULL;
    for (unsigned script = 0; script < config->n_scripts; script++)
        for (unsigned i = 0; i < rd_script_entry_count(generation, script); i++)
            schedule_add(s, old, schedule_entry_new(generation, script, i, schedule_minute(now)));
    schedule_drop(old);
    if (before != NULL)
        rd_generation_unref(before);
}

void
rd_schedule_stop(struct rd_schedule *s)
{
    schedule_drop(s->entries);
    s->entries = NULL;
    if (s->generation != NULL)
        rd_generation_unref(s->generation);
    s->generation = NULL;
}

bool
rd_schedule_is_empty(const struct rd_schedule *s)
{
    return s->entries == NULL;
}

struct rd_schedule *
rd_schedule_new(struct rd_gateway *g, struct rd_mailbox *mailbox)
{
    struct rd_schedule *s = rd_calloc(1, sizeof *s);

    s->magic = SCHEDULE_MAGIC;
    s->gateway = g;
    s->mailbox = mailbox;
    return s;
}

void
rd_schedule_free(struct rd_schedule *s)
{
    if (s == NULL)
        return;
    rd_schedule_stop(s);
    s->magic = RD_DEAD;
    free(s);
}
