/*
 * error.h - every error that core can return, once.
 *
 * A function that can fail returns int: 0, or one of these (all negative).
 * A new error is a new row; its text is what an operator reads after the colon.
 */
#ifndef RD_BASE_ERROR_H
#define RD_BASE_ERROR_H

/*        name          value  text */
#define RD_ERRORS(X)                                                         \
    X(NOMEM,            -1, "out of memory")                                 \
    X(TOO_BIG,          -2, "larger than its limit allows")                  \
    X(FORBIDDEN,        -3, "signature does not match")                      \
    X(STALE,            -4, "the exchange this answer was for is gone")      \
    X(CLOSED,           -5, "closed")                                        \
    X(NOT_FOUND,        -6, "not found")                                     \
    X(INVALID,          -7, "not valid")                                     \
    X(TIMEOUT,          -8, "timed out")                                     \
    X(CANCELLED,        -9, "cancelled")                                     \
    X(BUSY,            -10, "busy")                                          \
    X(IO,              -11, "input/output error")                            \
    X(LOAD,            -12, "could not be loaded")                           \
    X(CONFIG,          -13, "configuration error")                           \
    X(TLS,             -14, "TLS error")                                     \
    X(STORE,           -15, "the store failed")                              \
    X(ADDRESS,         -16, "address cannot be used")                        \
    X(UNSUPPORTED,     -17, "not supported")                                 \
    X(NOT_A_FILE,      -18, "not a regular file")

#define RD_ERROR_ENUM(name, value, text) RD_E_##name = (value),
enum rd_error { RD_ERRORS(RD_ERROR_ENUM) };
#undef RD_ERROR_ENUM

/* Text of an error, never NULL; "unknown error" for a value that is no row. */
const char *rd_error_text(int error);

/* Name of an error as written above ("TOO_BIG"), for logs and tests. */
const char *rd_error_name(int error);

#endif
