/*
 * outcome.h - how a message can end: a closed set.
 *
 * Every verified request ends with exactly one of these in the log and in
 * replyd_messages_total{outcome}. A new way to end is a new row and a new test.
 */
#ifndef RD_BASE_OUTCOME_H
#define RD_BASE_OUTCOME_H

#include <stdbool.h>

/*        name           what happened; those from error to lost_thread are a handler's failures */
#define RD_OUTCOMES(X)                                                               \
    X(ok,            "the handler answered")                                         \
    X(empty,         "the handler had nothing to say, or no handler matched")        \
    X(error,         "the handler raised an error or returned what is no reply")     \
    X(cpu,           "the handler used up its CPU budget")                           \
    X(memory,        "the handler used up its memory budget")                        \
    X(cancelled,     "the handler was cancelled (deadline, drain or a newer message)") \
    X(lost_thread,   "the handler never came back from a C function")                \
    X(early,         "answered before the handler ended")                            \
    X(late,          "the rest was sent after the answer, by REST")                  \
    X(late_lost,     "acknowledged, but not finished after all attempts")            \
    X(undeliverable, "a reply came too late and could not be sent")                  \
    X(replay,        "asked again: the stored answer")                               \
    X(join,          "asked again while running: the answer of the first")           \
    X(merged,        "part of a joined burst")                                       \
    X(dropped,       "refused by the conversation's rule, its full queue or loop_guard") \
    X(refused,       "verified, but for no script: the log says why (no route, a sender refused)") \
    X(overload,      "503: too much in flight")                                      \
    X(http503,       "503: the store is known to be faulty")

#define RD_OUTCOME_ENUM(name, text) RD_OUTCOME_##name,
enum rd_outcome { RD_OUTCOMES(RD_OUTCOME_ENUM) RD_OUTCOME_COUNT };
#undef RD_OUTCOME_ENUM

/* Name as in the table ("lost_thread"); "?" for a value that is no row. */
const char *rd_outcome_name(enum rd_outcome outcome);
/* The table's sentence for a handler's failure of that name; NULL: it is none. */
const char *rd_outcome_failure(const char *name);

/* The handler did not come to its end. */
static inline bool
rd_outcome_is_failure(enum rd_outcome outcome)
{
    return outcome >= RD_OUTCOME_error && outcome <= RD_OUTCOME_lost_thread;
}

#endif
