/*
 * driver.h - a host with one worker for tests of script/: loads a script, runs
 * handlers on it as messages would, waits for their ends.
 */
#ifndef TESTS_SCRIPT_DRIVER_H
#define TESTS_SCRIPT_DRIVER_H

#include <stdbool.h>

#include "script/script.h"

/* One run as the test sees it. */
struct driver_run {
    const char *body;             /* msg.body */
    enum rd_handler handler;
    int keyword;
    struct rd_generation *generation;
    struct rd_worker *worker;
    struct rd_run *run;           /* worker's thread only */
    struct rd_run *ended_run;     /* until nothing of it goes on; the same */
    bool started, ended;
    unsigned cancelling;    /* cancellations that it has not yet got */
    struct driver_run *next_kept;
    bool goes_on, gone;           /* coroutines that it spawned do, did */
    enum rd_outcome outcome;
    enum rd_outcome failed;      /* of the handler, before its `error` handler began; 0: not */
    bool by_error_handler;
    unsigned n_messages;
    char text[4096];              /* bodies of the reply, joined by "|" */
    uint64_t cpu_ns;
};

/* Defaults of design section 8; tests change them before driver_open. */
extern struct rd_script_limits driver_limits;
/* A group's teardown: the defaults again. */
int driver_usual_limits(void **state);
/* Called on the worker with each new VM's `replyd` on the top; may be NULL. */
extern void (*driver_vm_open)(lua_State *L);

/* A generation from one text, and a worker; the test ends when it does not load. */
void driver_open(const char *text);
/* Unloads all; checks that nothing is left. */
void driver_close(void);
/* Loads another text (or NULL: fails, then driver_error says why) and makes it the current one. */
struct rd_generation *driver_load(const char *text);
const char *driver_error(void);
/* What require may read. */
void driver_set_root(const char *root);

extern struct rd_generation *driver_generation;
extern struct rd_worker *driver_worker;

/* Starts a handler with msg.body = body; free with driver_wait. */
struct driver_run *driver_start(const char *body);
/* Any handler; keyword by its number. */
struct driver_run *driver_start_handler(enum rd_handler handler, int keyword, const char *body);
void driver_cancel(struct driver_run *r);
/* Waits for its end; the caller's then (free()). */
struct driver_run *driver_wait(struct driver_run *r);
bool driver_has_ended(struct driver_run *r);
/* Waits until nothing of it goes on. */
void driver_wait_gone(struct driver_run *r);
/* Cancels what goes on after its end. */
void driver_cancel_gone(struct driver_run *r);
/* Waits until the worker has begun everything that was started before. */
void driver_wait_queued(void);
/* Start and wait; the text of its answer, valid until the next call. */
const char *driver_ask(const char *body);
extern struct driver_run driver_last;

/* Runs fn(arg) on the worker and waits. */
void driver_call(void (*fn)(void *arg), void *arg);

/* Waits until the watchdog has declared the worker lost; a successor takes its index. */
void driver_wait_lost(void);
void driver_replace_worker(void);

/* CPU time of the process so far. */
uint64_t driver_cpu_ns(void);
/* Loads, asks once, closes: for rows of tables. The answer stays in driver_last. */
const char *driver_once(const char *script, const char *body);

#endif
