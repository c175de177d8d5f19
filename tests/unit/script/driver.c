/* driver.c - see driver.h. */
#include "script/driver.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/watchdog.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct driver_mail {
    struct rd_mail mail;
    struct driver_run *run;
    void (*fn)(void *arg);
    void *arg;
    bool done;
};

#define DRIVER_LIMITS \
    { .slice_ns = 2 * RD_MS, .cpu_limit_ns = 500 * RD_MS, .load_limit_ns = 2 * RD_SECOND, \
      .vm_memory = (size_t)64 << 20, .handler_memory = (size_t)32 << 20, .log_lines = 100 }

struct rd_script_limits driver_limits = DRIVER_LIMITS;
void (*driver_vm_open)(lua_State *L);
struct rd_generation *driver_generation;
struct rd_worker *driver_worker;
struct driver_run driver_last;

static pthread_mutex_t driver_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t driver_cond = PTHREAD_COND_INITIALIZER;
static struct rd_watchdog *driver_dog;
static struct rd_buf driver_why;
static const char *driver_root;
static uint64_t driver_epoch;

/* ---- the host ------------------------------------------------------------- */

static int
driver_push_event(lua_State *L, void *order)
{
    const struct driver_run *r = order;

    lua_createtable(L, 0, 1);
    lua_pushstring(L, r->body);
    lua_setfield(L, -2, "body");
    return 1;
}

static struct rd_slice
driver_param(void *order, struct rd_slice name)
{
    const struct driver_run *r = order;

    return rd_slice_eq(name, RD_LIT("Body")) ? rd_slice_str(r->body) : rd_slice_make(NULL, 0);
}

static void
driver_keep_reply(struct driver_run *r, const struct rd_reply *reply)
{
    size_t n = 0;

    if (reply == NULL)
        return;
    r->n_messages = (unsigned)reply->n;
    for (size_t i = 0; i < reply->n; i++)
        n += (size_t)snprintf(r->text + n, sizeof r->text - n, "%s%.*s", i > 0 ? "|" : "",
                              RD_PRI(reply->messages[i].body));
    if (reply->redirect.p != NULL)
        snprintf(r->text + n, sizeof r->text - n, "->%s", reply->redirect.p);
}

static struct driver_run *driver_kept;    /* ended; what they spawned goes on */

static void
driver_on_failed(struct rd_run *run, void *order, enum rd_outcome outcome)
{
    (void)run;
    ((struct driver_run *)order)->failed = outcome;
}

static void
driver_on_ended(struct rd_run *run, void *order, struct rd_run_end *end)
{
    struct driver_run *r = order;

    assert_ptr_equal(run, r->run);
    pthread_mutex_lock(&driver_lock);
    r->run = NULL;
    r->goes_on = end->goes_on;
    r->ended_run = run;
    r->gone = !end->goes_on;
    if (end->goes_on) {
        r->next_kept = driver_kept;
        driver_kept = r;
    }
    r->outcome = end->outcome;
    r->by_error_handler = end->error_handler_replied;
    r->cpu_ns = end->cpu_ns;
    driver_keep_reply(r, end->reply);
    r->ended = true;
    pthread_cond_broadcast(&driver_cond);
    pthread_mutex_unlock(&driver_lock);
    rd_reply_free(end->reply);
}

static void
driver_on_gone(struct rd_run *run, void *order)
{
    pthread_mutex_lock(&driver_lock);
    for (struct driver_run **at = &driver_kept; *at != NULL; at = &(*at)->next_kept)
        if (*at == order && (*at)->ended_run == run) {
            (*at)->gone = true;
            *at = (*at)->next_kept;
            break;
        }
    pthread_cond_broadcast(&driver_cond);
    pthread_mutex_unlock(&driver_lock);
}

static void
driver_on_vm_open(lua_State *L, void *data)
{
    (void)data;
    if (driver_vm_open != NULL)
        driver_vm_open(L);
}

static const struct rd_script_host driver_host = {
    .run_failed = driver_on_failed, .run_ended = driver_on_ended, .run_gone = driver_on_gone,
    .vm_open = driver_on_vm_open,
};

int
driver_usual_limits(void **state)
{
    (void)state;
    driver_limits = (struct rd_script_limits)DRIVER_LIMITS;
    return 0;
}

uint64_t
driver_cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * RD_SECOND + (uint64_t)t.tv_nsec;
}

/* ---- loading ----------------------------------------------------------------- */

void
driver_set_root(const char *root)
{
    driver_root = root;
}

const char *
driver_error(void)
{
    rd_buf_put_char(&driver_why, '\0');
    return driver_why.p;
}

struct rd_generation *
driver_load(const char *text)
{
    struct rd_script_source source = { .path = RD_LIT("scripts/bot.lua"),
                                       .text = rd_slice_str(text) };
    struct rd_generation_spec spec = {
        .scripts = &source, .n_scripts = 1, .root = rd_slice_str(driver_root),
        .limits = driver_limits, .n_workers = 1, .host = &driver_host,
    };
    struct rd_generation *g, *before = driver_generation;

    rd_buf_free(&driver_why);
    rd_buf_init(&driver_why, 4096);
    g = rd_generation_load(&spec, &driver_why);
    if (g == NULL)
        return NULL;
    driver_generation = g;
    if (before != NULL)
        rd_generation_unref(before);
    return g;
}

static void
driver_on_lost(struct rd_worker *w, void *arg)
{
    (void)w;
    (void)arg;
    pthread_mutex_lock(&driver_lock);
    rd_worker_declare_dead(w);
    pthread_cond_broadcast(&driver_cond);
    pthread_mutex_unlock(&driver_lock);
}

static void
driver_start_worker(void)
{
    struct rd_worker_spec spec = { .epoch = ++driver_epoch, .host = &driver_host };

    assert_int_equal(rd_worker_start(&spec, &driver_worker), 0);
    rd_watchdog_watch(driver_dog, 0, driver_worker);
}

void
driver_open(const char *text)
{
    static bool once;
    const char *why = NULL;

    if (!once && rd_script_init(&why) != 0)
        fail_msg("plugin %s", why);
    once = true;
    if (getenv("DRIVER_LOG") == NULL)
        rd_log_set(RD_LOG_LEVEL_COUNT, RD_LOG_LOGFMT);    /* failing scripts are what we test */
    assert_int_equal(rd_watchdog_start(driver_on_lost, NULL, &driver_dog), 0);
    if (driver_load(text) == NULL)
        fail_msg("does not load: %s", driver_error());
    driver_start_worker();
}

void
driver_wait_lost(void)
{
    pthread_mutex_lock(&driver_lock);
    while (!rd_worker_is_dead(driver_worker))
        pthread_cond_wait(&driver_cond, &driver_lock);
    pthread_mutex_unlock(&driver_lock);
}

void
driver_replace_worker(void)
{
    driver_start_worker();
}

void
driver_close(void)
{
    rd_generation_unref(driver_generation);
    driver_generation = NULL;
    rd_watchdog_stop(driver_dog);
    rd_worker_stop(driver_worker);
    rd_worker_join(driver_worker);
    rd_buf_free(&driver_why);
    assert_int_equal(rd_generations_alive(), 0);
}

/* ---- runs ---------------------------------------------------------------------- */

static void
driver_on_start(struct rd_mail *mail, void *owner)
{
    struct driver_run *r = ((struct driver_mail *)mail)->run;
    struct rd_run_order order = {
        .generation = r->generation, .handler = r->handler, .keyword = r->keyword,
        .push_event = driver_push_event, .param = driver_param, .id = RD_LIT("SM1"), .order = r,
    };

    pthread_mutex_lock(&driver_lock);
    r->run = rd_run_start(owner, &order);
    r->started = true;
    pthread_cond_broadcast(&driver_cond);
    pthread_mutex_unlock(&driver_lock);
    rd_generation_unref(r->generation);
    free(mail);
}

struct driver_run *
driver_start_handler(enum rd_handler handler, int keyword, const char *body)
{
    struct driver_run *r = rd_calloc(1, sizeof *r);
    struct driver_mail *m = rd_calloc(1, sizeof *m);

    r->body = body;
    r->handler = handler;
    r->keyword = keyword;
    r->generation = rd_generation_ref(driver_generation);
    r->worker = driver_worker;
    m->mail.deliver = driver_on_start;
    m->run = r;
    assert_int_equal(rd_mailbox_post(rd_worker_mailbox(driver_worker), &m->mail), 0);
    return r;
}

struct driver_run *
driver_start(const char *body)
{
    return driver_start_handler(RD_HANDLER_MESSAGE, 0, body);
}

static void
driver_on_cancel(struct rd_mail *mail, void *owner)
{
    struct driver_run *r = ((struct driver_mail *)mail)->run;

    (void)owner;
    if (r->run != NULL)
        rd_run_cancel(r->run, RD_OUTCOME_cancelled);
    pthread_mutex_lock(&driver_lock);
    r->cancelling--;
    pthread_cond_broadcast(&driver_cond);
    pthread_mutex_unlock(&driver_lock);
    free(mail);
}

void
driver_cancel(struct driver_run *r)
{
    struct driver_mail *m = rd_calloc(1, sizeof *m);

    m->mail.deliver = driver_on_cancel;
    m->run = r;
    pthread_mutex_lock(&driver_lock);
    r->cancelling++;
    pthread_mutex_unlock(&driver_lock);
    assert_int_equal(rd_mailbox_post(rd_worker_mailbox(r->worker), &m->mail), 0);
}

bool
driver_has_ended(struct driver_run *r)
{
    bool ended;

    pthread_mutex_lock(&driver_lock);
    ended = r->ended;
    pthread_mutex_unlock(&driver_lock);
    return ended;
}

struct driver_run *
driver_wait(struct driver_run *r)
{
    pthread_mutex_lock(&driver_lock);
    while (!r->ended || r->cancelling > 0)    /* it may end before it is cancelled */
        pthread_cond_wait(&driver_cond, &driver_lock);
    pthread_mutex_unlock(&driver_lock);
    return r;
}

void
driver_wait_gone(struct driver_run *r)
{
    pthread_mutex_lock(&driver_lock);
    while (!r->gone)
        pthread_cond_wait(&driver_cond, &driver_lock);
    pthread_mutex_unlock(&driver_lock);
}

static void
driver_on_cancel_gone(void *arg)
{
    const struct driver_run *r = arg;

    if (r->ended_run != NULL)
        rd_run_cancel(r->ended_run, RD_OUTCOME_cancelled);
}

void
driver_cancel_gone(struct driver_run *r)
{
    driver_call(driver_on_cancel_gone, r);
}

static void
driver_on_nothing(void *arg)
{
    (void)arg;
}

void
driver_wait_queued(void)
{
    driver_call(driver_on_nothing, NULL);
    driver_call(driver_on_nothing, NULL);
}

/* Nobody looks at it any more, whatever it spawned. */
static void
driver_forget(struct driver_run *r)
{
    pthread_mutex_lock(&driver_lock);
    for (struct driver_run **at = &driver_kept; *at != NULL; at = &(*at)->next_kept)
        if (*at == r) {
            *at = r->next_kept;
            break;
        }
    pthread_mutex_unlock(&driver_lock);
    free(r);
}

const char *
driver_ask(const char *body)
{
    struct driver_run *r = driver_wait(driver_start(body));

    driver_last = *r;
    driver_forget(r);
    return driver_last.text;
}

static void
driver_on_call(struct rd_mail *mail, void *owner)
{
    struct driver_mail *m = (struct driver_mail *)mail;

    (void)owner;
    m->fn(m->arg);
    pthread_mutex_lock(&driver_lock);
    m->done = true;
    pthread_cond_broadcast(&driver_cond);
    pthread_mutex_unlock(&driver_lock);
}

void
driver_call(void (*fn)(void *arg), void *arg)
{
    struct driver_mail m = { .mail.deliver = driver_on_call, .fn = fn, .arg = arg };

    assert_int_equal(rd_mailbox_post(rd_worker_mailbox(driver_worker), &m.mail), 0);
    pthread_mutex_lock(&driver_lock);
    while (!m.done)
        pthread_cond_wait(&driver_cond, &driver_lock);
    pthread_mutex_unlock(&driver_lock);
}

const char *
driver_once(const char *script, const char *body)
{
    driver_open(script);
    driver_ask(body);
    driver_close();
    return driver_last.text;
}
