/*
 * memory.c - the "memory" backend: rows and outbox in RAM, gone with the process.
 *
 * Owns every row. Finished rows are forgotten when older than the retention
 * time, or the oldest first when all together pass the memory limit. Called by
 * store.c on its thread.
 */
#include "store/memory.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/metric.h"
#include "base/pool.h"
#include "store/row.h"

#define MEMORY_PARTS 256         /* tables that grow one by one: no long pause at any size */
#define MEMORY_FIRST 16          /* buckets of a new part */
#define MEMORY_EXPIRE_BATCH 200000  /* rows looked at in one go: well under 50 ms */

struct memory_row {
    struct memory_row *next;                  /* in its bucket */
    struct memory_row *older, *newer;         /* by time of insertion */
    uint64_t hash, made_ms;
    struct rd_answer *answer;
    struct rd_message *request;               /* while EARLY */
    struct rd_store_reply *outbox;            /* late replies not yet sent */
    struct rd_reply_key *sent;                /* keys of all late replies so far */
    enum rd_row_state state;
    uint32_t attempt, n_sent, key_n;
    char key[];
};

struct memory_part {
    struct memory_row **buckets;
    size_t n, n_buckets;
};

struct memory {
    uint32_t magic;
    struct memory_part parts[MEMORY_PARTS];
    struct memory_row *oldest, *newest;
    size_t n, bytes, limit;
    uint64_t retention_ms;
    struct memory_kv kv;
};

static size_t
memory_row_bytes(const struct memory_row *row)
{
    return sizeof *row + row->key_n + sizeof *row->answer + row->answer->bytes.n;
}

static struct memory_part *
memory_part(struct memory *m, uint64_t hash)
{
    return &m->parts[hash >> 56];
}

static struct memory_row **
memory_bucket(struct memory_part *part, uint64_t hash)
{
    return &part->buckets[hash & (part->n_buckets - 1)];
}

static struct memory_row *
memory_find(struct memory *m, struct rd_slice key, uint64_t hash)
{
    struct memory_part *part = memory_part(m, hash);
    struct memory_row *row = part->n ? *memory_bucket(part, hash) : NULL;

    while (row != NULL && !(row->hash == hash && row->key_n == key.n &&
                            memcmp(row->key, key.p, key.n) == 0))
        row = row->next;
    return row;
}

static void
memory_part_grow(struct memory_part *part)
{
    struct memory_part old = *part;
    struct memory_row *row, *next;

    part->n_buckets = old.n_buckets ? old.n_buckets * 2 : MEMORY_FIRST;
    part->buckets = rd_calloc(part->n_buckets, sizeof *part->buckets);
    for (size_t i = 0; i < old.n_buckets; i++)
        for (row = old.buckets[i]; row != NULL; row = next) {
            next = row->next;
            row->next = *memory_bucket(part, row->hash);
            *memory_bucket(part, row->hash) = row;
        }
    free(old.buckets);
}

static struct memory_row *
memory_insert(struct memory *m, const struct rd_store_request *r, uint64_t hash)
{
    struct memory_part *part = memory_part(m, hash);
    struct memory_row *row = rd_pool_get(sizeof *row + r->key.n);

    *row = (struct memory_row){ .hash = hash, .made_ms = rd_clock_ms(), .older = m->newest,
                                .answer = rd_answer_ref(r->answer), .key_n = (uint32_t)r->key.n };
    memcpy(row->key, r->key.p, r->key.n);
    if (part->n >= part->n_buckets)
        memory_part_grow(part);
    row->next = *memory_bucket(part, hash);
    *memory_bucket(part, hash) = row;
    part->n++;
    if (m->newest != NULL)
        m->newest->newer = row;
    else
        m->oldest = row;
    m->newest = row;
    m->n++;
    m->bytes += memory_row_bytes(row);
    return row;
}

static void
memory_drop_outbox(struct memory_row *row)
{
    struct rd_store_reply *next;

    for (; row->outbox != NULL; row->outbox = next) {
        next = row->outbox->next;
        rd_reply_free(row->outbox->reply);
        free(row->outbox);
        rd_metric_add(RD_METRIC_outbox, 0, -1);
    }
}

static void
memory_remove(struct memory *m, struct memory_row *row)
{
    struct memory_part *part = memory_part(m, row->hash);
    struct memory_row **at = memory_bucket(part, row->hash);

    while (*at != row)
        at = &(*at)->next;
    *at = row->next;
    part->n--;
    *(row->older ? &row->older->newer : &m->oldest) = row->newer;
    *(row->newer ? &row->newer->older : &m->newest) = row->older;
    m->n--;
    m->bytes -= memory_row_bytes(row);
    memory_drop_outbox(row);
    rd_answer_unref(row->answer);
    rd_message_unref(row->request);
    free(row->sent);
    rd_pool_put(row, sizeof *row + row->key_n);
}

/* A late reply: to the outbox, or counted when nobody can send it. Takes the reply. */
static void
memory_late(struct memory_row *row, struct rd_store_request *r, struct rd_store_reply *reply)
{
    struct rd_store_reply **tail = &row->outbox;

    row->sent = rd_realloc(row->sent, (row->n_sent + 1) * sizeof *row->sent);
    row->sent[row->n_sent++] = reply->key;
    if (!r->can_send) {
        r->undeliverable++;
        rd_reply_free(reply->reply);
        free(reply);
        return;
    }
    while (*tail != NULL)
        tail = &(*tail)->next;
    *tail = reply;
    reply->next = NULL;
    rd_metric_add(RD_METRIC_outbox, 0, 1);
}

static void
memory_take_late(struct memory_row *row, struct rd_store_request *r)
{
    struct rd_store_reply *reply = r->replies, *next;

    r->replies = NULL;
    for (; reply != NULL; reply = next) {
        next = reply->next;
        if (rd_row_is_late(row->answer, row->sent, row->n_sent, &reply->key)) {
            memory_late(row, r, reply);
            continue;
        }
        rd_reply_free(reply->reply);
        free(reply);
    }
}

/* early and final: the row moves as row.c says. */
static int
memory_move(void *self, struct rd_store_request *r)
{
    struct memory *m = self;
    uint64_t hash = r->hash ? r->hash : rd_hash(r->key);
    struct memory_row *row = memory_find(m, r->key, hash);
    struct rd_row_move move = rd_row_decide(r, row ? row->state : RD_ROW_ABSENT);

    if (move.insert)
        row = memory_insert(m, r, hash);
    RD_ASSERT(row != NULL);    /* who does not insert found one */
    row->state = move.to;
    r->dropped = move.dropped;
    if (move.apply) {
        if (r->discard_outbox)
            memory_drop_outbox(row);
        memory_take_late(row, r);
        rd_memory_kv_apply(&m->kv, r);
    }
    if (move.to == RD_ROW_EARLY && row->request == NULL && r->request != NULL)
        row->request = rd_message_ref(r->request);
    if (move.to != RD_ROW_EARLY && row->request != NULL) {
        rd_message_unref(row->request);
        row->request = NULL;
    }
    r->row = row->state;
    r->row_answer = rd_answer_ref(row->answer);
    return 0;
}

static int
memory_lookup(void *self, struct rd_store_request *r)
{
    struct memory *m = self;
    struct memory_row *row = memory_find(m, r->key, r->hash ? r->hash : rd_hash(r->key));

    r->row = row ? row->state : RD_ROW_ABSENT;
    r->row_answer = row ? rd_answer_ref(row->answer) : NULL;
    r->number = row ? row->attempt : 0;
    return 0;
}

static int
memory_started(void *self, struct rd_store_request *r)
{
    struct memory *m = self;
    struct memory_row *row = memory_find(m, r->key, r->hash ? r->hash : rd_hash(r->key));

    if (row == NULL)
        return RD_E_NOT_FOUND;
    r->number = ++row->attempt;
    r->row = row->state;
    return 0;
}

static int
memory_scan(void *self, struct rd_store_request *r)
{
    struct memory *m = self;

    for (struct memory_row *row = m->oldest; row != NULL; row = row->newer)
        if (!r->visit(r->visit_arg, rd_slice_make(row->key, row->key_n), row->state))
            break;
    r->number = (int64_t)m->n;
    return 0;
}

/* The oldest row that has something to send gives its first reply. */
static int
memory_outbox_take(void *self, struct rd_store_request *r)
{
    struct memory *m = self;
    struct memory_row *row = m->oldest;

    while (row != NULL && row->outbox == NULL)
        row = row->newer;
    if (row == NULL)
        return RD_E_NOT_FOUND;
    r->replies = row->outbox;
    row->outbox = row->outbox->next;
    r->replies->next = NULL;
    r->row_answer = rd_answer_ref(row->answer);
    rd_metric_add(RD_METRIC_outbox, 0, -1);
    rd_metric_add(RD_METRIC_outbox, 1, 1);
    return 0;
}

static int
memory_outbox_done(void *self, struct rd_store_request *r)
{
    (void)self;
    (void)r;
    rd_metric_add(RD_METRIC_outbox, 1, -1);
    return 0;
}

static int
memory_expire(void *self, struct rd_store_request *r)
{
    struct memory *m = self;
    uint64_t now = rd_clock_ms();
    struct memory_row *row = m->oldest, *newer;

    for (unsigned n = 0; row != NULL && n < MEMORY_EXPIRE_BATCH; row = newer, n++) {
        newer = row->newer;
        if (m->bytes <= m->limit && now - row->made_ms < m->retention_ms)
            break;
        if (row->state != RD_ROW_EARLY && row->outbox == NULL)
            memory_remove(m, row);
    }
    r->number = (int64_t)m->n;
    return 0;
}

static int
memory_unsupported(void *self, struct rd_store_request *r)
{
    (void)self;
    (void)r;
    return RD_E_UNSUPPORTED;    /* nothing that a copy could be restored into */
}

static int
memory_op_kv_get(void *self, struct rd_store_request *r)
{
    return rd_memory_kv_get(&((struct memory *)self)->kv, r);
}

static int
memory_op_kv_list(void *self, struct rd_store_request *r)
{
    return rd_memory_kv_list(&((struct memory *)self)->kv, r);
}

static int
memory_op_kv_incr(void *self, struct rd_store_request *r)
{
    return rd_memory_kv_incr(&((struct memory *)self)->kv, r);
}

static int
memory_op_kv_cas(void *self, struct rd_store_request *r)
{
    return rd_memory_kv_cas(&((struct memory *)self)->kv, r);
}

static int
memory_op_rank(void *self, struct rd_store_request *r)
{
    return rd_memory_kv_rank(&((struct memory *)self)->kv, r);
}

static int
memory_open(const struct rd_store_spec *spec, void **self)
{
    struct memory *m = rd_calloc(1, sizeof *m);

    m->magic = MEMORY_MAGIC;
    m->limit = spec->memory_limit;
    m->retention_ms = spec->retention_ms;
    rd_memory_kv_open(&m->kv);
    *self = m;
    return 0;
}

static void
memory_close(void *self)
{
    struct memory *m = self;

    RD_CHECK(m, MEMORY_MAGIC);
    while (m->oldest != NULL)
        memory_remove(m, m->oldest);    /* NOLINT(clang-analyzer-unix.Malloc): unlinked */
    for (size_t i = 0; i < MEMORY_PARTS; i++)
        free(m->parts[i].buckets);
    rd_memory_kv_close(&m->kv);
    free(m);
}

/* RAM has no transactions to open: each operation is all or nothing by itself. */
static int
memory_nothing(void *self)
{
    (void)self;
    return 0;
}

static void
memory_rollback(void *self)
{
    (void)self;
}

static const struct rd_store_backend memory_backend = {
    .name = "memory",
    .durable = false,
    .open = memory_open,
    .close = memory_close,
    .begin = memory_nothing,
    .commit = memory_nothing,
    .rollback = memory_rollback,
    .op = {
        [RD_STORE_lookup] = memory_lookup,
        [RD_STORE_early] = memory_move,
        [RD_STORE_final] = memory_move,
        [RD_STORE_started] = memory_started,
        [RD_STORE_kv_get] = memory_op_kv_get,
        [RD_STORE_kv_list] = memory_op_kv_list,
        [RD_STORE_kv_incr] = memory_op_kv_incr,
        [RD_STORE_kv_cas] = memory_op_kv_cas,
        [RD_STORE_rank] = memory_op_rank,
        [RD_STORE_scan] = memory_scan,
        [RD_STORE_outbox_take] = memory_outbox_take,
        [RD_STORE_outbox_done] = memory_outbox_done,
        [RD_STORE_backup] = memory_unsupported,
        [RD_STORE_expire] = memory_expire,
    },
};

const struct rd_store_backend *const rd_store_backends[] = { &memory_backend, NULL };
