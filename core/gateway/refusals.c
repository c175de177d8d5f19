/* refusals.c - see refusals.h. Owns the copies; each has a count of references. */
#include "gateway/refusals.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <yyjson.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "gateway/explain.h"
#include "gateway/front.h"

#define REFUSALS_BURST 10              /* explanations at once ... */
#define REFUSALS_EVERY RD_SECOND       /* ... and then one in this time */
#define REFUSALS_SENTENCE 16384        /* a target may be 8 KiB */
#define REFUSALS_FOUND 8               /* requests of one message that are shown */

struct refusal {
    atomic_uint refs;
    struct rd_arena arena;
    struct rd_http_request request;
    struct rd_slice sid, account;
    enum rd_signature_failure why;
    double at;                         /* seconds since 1970 */
};

struct rd_refusals {
    pthread_mutex_t lock;              /* held for a few lines */
    struct refusal *kept[RD_REFUSALS_KEPT];
    size_t next;
    unsigned may_explain;              /* now; REFUSALS_BURST at most */
    uint64_t refilled_ns, skipped;
};

/* One explanation on its way through the thread pool. */
struct refusal_work {
    uv_work_t work;
    struct rd_front *front;
    struct rd_generation *generation;  /* a reference */
    struct refusal *refusal;           /* a reference */
    uint64_t skipped;
    struct rd_explain e;
    struct rd_buf sentence;
};

/* ---- copies --------------------------------------------------------------------- */

static void
refusal_unref(struct refusal *f)
{
    if (f == NULL || atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) != 1)
        return;
    rd_arena_free(&f->arena);
    free(f);
}

static struct rd_slice
refusal_keep(struct refusal *f, struct rd_slice s)
{
    return s.n > 0 ? rd_arena_copy(&f->arena, s) : rd_slice_make(NULL, 0);
}

static bool
refusal_copy_headers(struct refusal *f, const struct rd_http_request *r)
{
    struct rd_http_header *to = rd_arena_alloc(&f->arena, (r->n_headers + 1) * sizeof *to);

    for (size_t i = 0; to != NULL && i < r->n_headers; i++) {
        to[i].name = refusal_keep(f, r->headers[i].name);
        to[i].value = refusal_keep(f, r->headers[i].value);
        if (to[i].name.p == NULL)
            return false;
    }
    f->request.headers = to;
    return to != NULL;
}

/* NULL when it is too large. */
static struct refusal *
refusal_new(const struct rd_exchange *x, enum rd_signature_failure why)
{
    const struct rd_http_request *r = &x->request;
    struct refusal *f = rd_calloc(1, sizeof *f);

    atomic_init(&f->refs, 1);
    rd_arena_init(&f->arena, RD_REFUSALS_BYTES);
    f->why = why;
    f->at = x->message->received_at;
    f->request = *r;
    f->request.method = refusal_keep(f, r->method);
    f->request.target = refusal_keep(f, r->target);
    f->request.path = rd_slice_make(f->request.target.p, r->path.n);
    f->request.query = rd_slice_skip(f->request.target, r->path.n + 1);
    f->request.body = refusal_keep(f, r->body);
    f->request.peer = refusal_keep(f, r->peer);
    f->sid = refusal_keep(f, x->message->id);
    f->account = refusal_keep(f, x->message->account);
    if (refusal_copy_headers(f, r) && f->request.target.p != NULL && f->request.peer.p != NULL
        && (f->request.body.p != NULL || r->body.n == 0))
        return f;
    refusal_unref(f);
    return NULL;
}

/* ---- life ------------------------------------------------------------------------- */

struct rd_refusals *
rd_refusals_new(void)
{
    struct rd_refusals *r = rd_calloc(1, sizeof *r);

    pthread_mutex_init(&r->lock, NULL);
    r->may_explain = REFUSALS_BURST;
    r->refilled_ns = rd_clock_ns();
    return r;
}

void
rd_refusals_free(struct rd_refusals *r)
{
    for (size_t i = 0; i < RD_REFUSALS_KEPT; i++)
        refusal_unref(r->kept[i]);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

/* Under the lock: there is time for one more; *skipped: how many had none before. */
static bool
refusals_may_explain(struct rd_refusals *r, uint64_t *skipped)
{
    uint64_t now = rd_clock_ns(), more = (now - r->refilled_ns) / REFUSALS_EVERY;

    if (more > 0) {
        r->refilled_ns += more * REFUSALS_EVERY;
        r->may_explain = more > REFUSALS_BURST - r->may_explain ? REFUSALS_BURST
                                                                : r->may_explain + (unsigned)more;
    }
    if (r->may_explain == 0) {
        r->skipped++;
        return false;
    }
    r->may_explain--;
    *skipped = r->skipped;
    r->skipped = 0;
    return true;
}

/* ---- the explanation in the log -------------------------------------------------------- */

static void
refusal_explain(struct refusal *f, const struct rd_config *c, struct rd_explain *e,
                struct rd_buf *sentence)
{
    *e = (struct rd_explain){ .config = c, .request = &f->request, .account = f->account,
                              .why = f->why };
    rd_explain(e, sentence);
}

static void
refusals_on_work(uv_work_t *work)
{
    struct refusal_work *w = work->data;

    refusal_explain(w->refusal, rd_generation_snapshot(w->generation), &w->e, &w->sentence);
}

static void
refusals_log(const struct refusal_work *w)
{
    struct rd_log_line l;

    if (!rd_log_begin(&l, RD_LOG_WARN, "explain"))
        return;
    rd_log_slice(&l, "sid", w->refusal->sid);
    rd_log_slice(&l, "account", w->refusal->account);
    rd_log_slice(&l, "why", rd_buf_slice(&w->sentence));
    rd_log_uint(&l, "tried", w->e.tried);
    if (w->skipped > 0)
        rd_log_uint(&l, "not_explained", w->skipped);
    rd_log_end(&l);
}

static void
refusals_on_worked(uv_work_t *work, int status)
{
    struct refusal_work *w = work->data;

    if (status == 0)
        refusals_log(w);
    rd_buf_free(&w->sentence);
    refusal_unref(w->refusal);
    rd_generation_unref(w->generation);
    rd_front_release(w->front);
    free(w);
}

static void
refusals_start(struct rd_exchange *x, struct refusal *f, uint64_t skipped)
{
    struct refusal_work *w = rd_calloc(1, sizeof *w);

    w->work.data = w;
    w->front = x->front;
    w->generation = rd_generation_ref(x->generation);
    w->refusal = f;
    atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    w->skipped = skipped;
    rd_buf_init(&w->sentence, REFUSALS_SENTENCE);
    rd_front_hold(x->front);
    RD_ASSERT(uv_queue_work(&x->front->loop.uv, &w->work, refusals_on_work,
                            refusals_on_worked) == 0);
}

void
rd_refusals_add(struct rd_refusals *r, struct rd_exchange *x, enum rd_signature_failure why)
{
    struct refusal *f, *old;
    uint64_t skipped;
    bool explain;

    if (x->message->id.n == 0)
        return;    /* a scanner: Twilio's webhooks have a MessageSid */
    f = refusal_new(x, why);
    if (f == NULL)
        return;
    pthread_mutex_lock(&r->lock);
    old = r->kept[r->next];
    r->kept[r->next] = f;
    r->next = (r->next + 1) % RD_REFUSALS_KEPT;
    explain = refusals_may_explain(r, &skipped);
    if (explain)
        refusals_start(x, f, skipped);
    pthread_mutex_unlock(&r->lock);
    refusal_unref(old);
}

/* ---- for `replyd explain` ---------------------------------------------------------------- */

static size_t
refusals_find(struct rd_refusals *r, struct rd_slice sid, struct refusal *found[REFUSALS_FOUND])
{
    size_t n = 0;

    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < RD_REFUSALS_KEPT && n < REFUSALS_FOUND; i++) {
        struct refusal *f = r->kept[(r->next + i) % RD_REFUSALS_KEPT];

        if (f == NULL || !rd_slice_eq(f->sid, sid))
            continue;
        atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
        found[n++] = f;
    }
    pthread_mutex_unlock(&r->lock);
    return n;
}

/* What came in a request may be no UTF-8, which JSON cannot say. */
static void
refusals_put_text(yyjson_mut_doc *doc, yyjson_mut_val *o, const char *name, struct rd_slice s,
                  struct rd_arena *a)
{
    s = rd_utf8_repair(s, a);
    yyjson_mut_obj_add_strncpy(doc, o, name, s.p ? s.p : "", s.n);
}

static yyjson_mut_val *
refusals_object(yyjson_mut_doc *doc, struct refusal *f, const struct rd_config *c)
{
    yyjson_mut_val *o = yyjson_mut_obj(doc);
    struct rd_explain e;
    struct rd_buf why;
    struct rd_arena a;

    rd_arena_init(&a, 4 * REFUSALS_SENTENCE);
    rd_buf_init(&why, REFUSALS_SENTENCE);
    refusal_explain(f, c, &e, &why);
    yyjson_mut_obj_add_real(doc, o, "at", f->at);
    refusals_put_text(doc, o, "method", f->request.method, &a);
    refusals_put_text(doc, o, "path", f->request.path, &a);
    refusals_put_text(doc, o, "peer", f->request.peer, &a);
    refusals_put_text(doc, o, "account", f->account, &a);
    yyjson_mut_obj_add_str(doc, o, "reason", rd_signature_failure_text(f->why));
    refusals_put_text(doc, o, "why", rd_buf_slice(&why), &a);
    yyjson_mut_obj_add_uint(doc, o, "tried", e.tried);
    rd_buf_free(&why);
    rd_arena_free(&a);
    return o;
}

void
rd_refusals_print(struct rd_refusals *r, const struct rd_config *c, struct rd_slice sid,
                  struct rd_buf *json)
{
    struct refusal *found[REFUSALS_FOUND];
    size_t n = refusals_find(r, sid, found), size = 0;
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *list = yyjson_mut_arr(doc);
    char *text;

    for (size_t i = 0; i < n; i++) {
        yyjson_mut_arr_append(list, refusals_object(doc, found[i], c));
        refusal_unref(found[i]);
    }
    yyjson_mut_doc_set_root(doc, list);
    text = yyjson_mut_write(doc, 0, &size);
    if (text != NULL)
        rd_buf_put(json, text, size);
    free(text);
    yyjson_mut_doc_free(doc);
}
