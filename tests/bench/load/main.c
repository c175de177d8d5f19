/*
 * main.c - the load generator: who asks when, for how long, and what came of it.
 *
 * One thread. Every request is a new signed message, every answer is checked. Three
 * ways to ask: closed loop (a connection asks again when it has its answer), open
 * loop (-R: Poisson arrivals; time counts from when a request was due, so a server
 * that stalls cannot hide it), and a new connection for each request (-x).
 * Prints "window" when the measured time begins and one line of JSON when it has
 * ended. Called by bench.py, which reads the server's CPU time at both.
 */
#include <arpa/inet.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "conn.h"
#include "histogram.h"

#define SECOND 1000000000u
#define LOAD_DUE (1u << 20)           /* requests that may be late at a time */
#define LOAD_EVENTS 512
#define LOAD_LIMIT (5 * (uint64_t)SECOND)      /* an answer that takes longer is lost */
#define LOAD_SCAN (SECOND / 10)       /* how often lost answers are looked for */
#define LOAD_WAIT (SECOND / 50)       /* longest sleep */

enum mode { MODE_CLOSED, MODE_OPEN, MODE_CONNECT };

static struct {
    enum mode mode;
    double rate;                      /* MODE_OPEN: requests per second */
    double warm, length;              /* seconds before and in the window */
    uint32_t n;
    struct rd_conn *conns;
    uint32_t *idle;                   /* MODE_OPEN: ring of idle connections */
    uint32_t idle_at, idle_n;
    uint64_t *due;                    /* MODE_OPEN: ring of times; nobody was idle yet */
    uint32_t due_at, due_n;
    uint64_t now, start, begin, end;  /* clock; first request; the window */
    uint64_t next_due, scanned;
    uint64_t random;
    bool measuring;
    struct rusage before;
    struct rd_histogram latency;
    uint64_t good;                    /* right answers in the window */
} load;

static uint64_t
load_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

/* ---- asking ----------------------------------------------------------------------- */

static uint64_t
due_take(void)
{
    uint64_t due = load.due[load.due_at];

    load.due_at = (load.due_at + 1) % LOAD_DUE;
    load.due_n--;
    return due;
}

static void
load_on_idle(struct rd_conn *c)
{
    if (load.mode == MODE_CLOSED)
        rd_conn_ask(c, load.now, load.now);
    else if (load.mode == MODE_CONNECT)
        rd_conn_ask(c, c->opened, load.now);
    else if (load.due_n > 0)
        rd_conn_ask(c, due_take(), load.now);
    else
        load.idle[(load.idle_at + load.idle_n++) % load.n] = c->index;
}

static void
load_on_answer(struct rd_conn *c, bool good)
{
    load.now = load_clock();
    if (load.measuring && (load.mode == MODE_OPEN ? c->due >= load.begin : load.now < load.end)) {
        load.good += good;
        rd_histogram_add(&load.latency, (load.now - c->due) / 1000);
    }
    if (load.mode == MODE_CONNECT)
        rd_conn_close(c);
}

/* The time to the next arrival of a Poisson process, in ns. */
static uint64_t
due_gap(void)
{
    load.random ^= load.random << 13;
    load.random ^= load.random >> 7;
    load.random ^= load.random << 17;
    return (uint64_t)(-log(((double)(load.random >> 11) + 1) / 9007199254740993.0) / load.rate
                      * SECOND);
}

static void
load_arrivals(void)
{
    for (; load.next_due <= load.now && load.next_due < load.end; load.next_due += due_gap())
        if (load.due_n < LOAD_DUE)
            load.due[(load.due_at + load.due_n++) % LOAD_DUE] = load.next_due;
    while (load.due_n > 0 && load.idle_n > 0) {
        struct rd_conn *c = &load.conns[load.idle[load.idle_at]];

        load.idle_at = (load.idle_at + 1) % load.n;
        load.idle_n--;
        if (c->state != RD_CONN_IDLE)
            continue;
        rd_conn_ask(c, due_take(), load.now);
        rd_conn_drive(c);
    }
}

/* A broken connection has spoilt the run already: it is not opened again. */
static void
load_open(void)
{
    for (uint32_t i = 0; i < load.n && rd_world.counts.broken == 0; i++)
        if (load.conns[i].state == RD_CONN_DEAD)
            rd_conn_open(&load.conns[i], load.now);
}

/* ---- time -------------------------------------------------------------------------- */

static uint32_t
load_count(enum rd_conn_state least)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < load.n; i++)
        n += load.conns[i].state >= least;
    return n;
}

static void
load_scan(void)
{
    load.scanned = load.now;
    for (uint32_t i = 0; i < load.n; i++) {
        struct rd_conn *c = &load.conns[i];

        if (c->state == RD_CONN_DEAD || c->state == RD_CONN_IDLE
            || load.now - c->opened < LOAD_LIMIT)
            continue;
        rd_world.counts.timeouts++;
        rd_conn_close(c);
    }
}

static void
load_start_clock(void)
{
    load.start = load.next_due = load.now;
    load.begin = load.start + (uint64_t)(load.warm * SECOND);
    load.end = UINT64_MAX;
}

/* From now, however late that is: the window has its full length on a busy machine too. */
static void
load_start_window(void)
{
    load.measuring = true;
    load.begin = load.now;
    load.end = load.begin + (uint64_t)(load.length * SECOND);
    getrusage(RUSAGE_SELF, &load.before);
    puts("window");
    fflush(stdout);
}

static bool
load_is_over(void)
{
    if (!load.measuring || load.now < load.end)
        return false;
    return load.mode != MODE_OPEN || load.now > load.end + LOAD_LIMIT
        || (load.due_n == 0 && load_count(RD_CONN_WRITING) == 0);
}

static void
load_wait(void)
{
    struct epoll_event events[LOAD_EVENTS];
    struct timespec t = { 0, LOAD_WAIT };
    uint64_t next = load.mode == MODE_OPEN && load.start > 0 ? load.next_due : UINT64_MAX;
    int n;

    if (next < load.now + LOAD_WAIT)
        t.tv_nsec = next > load.now ? (long)(next - load.now) : 0;
    n = epoll_pwait2(rd_world.epoll, events, LOAD_EVENTS, &t, NULL);
    load.now = load_clock();
    for (int i = 0; i < n; i++)
        rd_conn_drive(&load.conns[events[i].data.u32]);
}

static void
load_run(void)
{
    load.now = load.scanned = load_clock();
    if (load.mode != MODE_OPEN)
        load_start_clock();
    while (!load_is_over()) {
        load_open();
        if (load.start == 0 && load_count(RD_CONN_IDLE) == load.n)
            load_start_clock();
        if (load.start > 0 && load.mode == MODE_OPEN)
            load_arrivals();
        if (load.start > 0 && !load.measuring && load.now >= load.begin)
            load_start_window();
        if (load.now - load.scanned > LOAD_SCAN)
            load_scan();
        if (load.start == 0 && rd_world.counts.broken > 0)
            return;
        load_wait();
    }
}

/* ---- options, result ----------------------------------------------------------------- */

static double
load_cpu(const struct rusage *r)
{
    return (double)(r->ru_utime.tv_sec + r->ru_stime.tv_sec)
         + (double)(r->ru_utime.tv_usec + r->ru_stime.tv_usec) / 1e6;
}

static void
load_print(void)
{
    const struct rd_conn_counts *c = &rd_world.counts;
    struct rusage after;
    double seconds = (double)(load.now - load.begin) / SECOND;

    getrusage(RUSAGE_SELF, &after);
    printf("{\"seconds\":%.4f,\"good\":%lu,\"per_second\":%.1f,\"generator\":%.3f,"
           "\"p50\":%lu,\"p99\":%lu,\"p999\":%lu,\"max\":%lu,\"samples\":%lu,",
           seconds, load.good, (double)load.good / load.length,
           (load_cpu(&after) - load_cpu(&load.before)) / seconds,
           rd_histogram_at(&load.latency, .5), rd_histogram_at(&load.latency, .99),
           rd_histogram_at(&load.latency, .999), load.latency.max, load.latency.n);
    printf("\"answers\":%lu,\"full\":%lu,\"resumed\":%lu,\"bad_status\":%lu,\"bad_text\":%lu,"
           "\"broken\":%lu,\"timeouts\":%lu,\"protocol\":\"%s\"}\n",
           c->answers, c->full, c->resumed, c->bad_status, c->bad_text, c->broken, c->timeouts,
           rd_world.protocol);
}

static _Noreturn void
load_usage(void)
{
    fputs("load -p PORT -f MESSAGES -k TOKEN [-c CONNECTIONS] [-w WARM] [-d SECONDS]\n"
          "     [-s] (TLS) [-R RATE] (open loop) [-x] (connection per request) [-r] (resumed)\n",
          stderr);
    exit(2);
}

static void
load_options(int argc, char **argv)
{
    const char *messages = NULL, *token = NULL;
    bool tls = false, resume = false;
    int option;

    while ((option = getopt(argc, argv, "p:f:k:c:w:d:sR:xr")) != -1)
        switch (option) {
        case 'p': rd_world.address.sin_port = htons((uint16_t)atoi(optarg)); break;
        case 'f': messages = optarg; break;
        case 'k': token = optarg; break;
        case 'c': load.n = (uint32_t)atoi(optarg); break;
        case 'w': load.warm = atof(optarg); break;
        case 'd': load.length = atof(optarg); break;
        case 's': tls = true; break;
        case 'R': load.rate = atof(optarg); load.mode = MODE_OPEN; break;
        case 'x': load.mode = MODE_CONNECT; break;
        case 'r': resume = true; break;
        default: load_usage();
        }
    if (messages == NULL || token == NULL || rd_world.address.sin_port == 0 || load.n == 0)
        load_usage();
    rd_world.messages = rd_template_read(messages, token);
    if (tls)
        rd_conn_tls(resume);
}

int
main(int argc, char **argv)
{
    load.n = 64;
    load.warm = 0.5;
    load.length = 3;
    rd_world.address.sin_family = AF_INET;
    rd_world.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    rd_world.on_idle = load_on_idle;
    rd_world.on_answer = load_on_answer;
    load_options(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    rd_world.epoll = epoll_create1(EPOLL_CLOEXEC);
    load.conns = calloc(load.n, sizeof *load.conns);
    load.idle = calloc(load.n, sizeof *load.idle);
    load.due = calloc(LOAD_DUE, sizeof *load.due);
    if (load.conns == NULL || load.idle == NULL || load.due == NULL
        || getrandom(&load.random, sizeof load.random, 0) != (ssize_t)sizeof load.random) {
        fputs("load: out of memory\n", stderr);
        return 2;
    }
    load.random |= 1;
    for (uint32_t i = 0; i < load.n; i++) {
        load.conns[i].index = i;
        load.conns[i].fd = -1;
    }
    load_run();
    load_print();
    return 0;
}
