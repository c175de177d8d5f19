/*
 * response.h - a response as bytes, and the statuses that we know.
 *
 * Pure but for the clock of the Date header and the counter of responses.
 */
#ifndef RD_HTTP_RESPONSE_H
#define RD_HTTP_RESPONSE_H

#include "base/buf.h"
#include "http/server.h"

/*        status reason                             */
#define RD_HTTP_STATUSES(X)                                                  \
    X(200, "OK")                                                             \
    X(204, "No Content")                                                     \
    X(301, "Moved Permanently")                                              \
    X(302, "Found")                                                          \
    X(304, "Not Modified")                                                   \
    X(400, "Bad Request")                                                    \
    X(401, "Unauthorized")                                                   \
    X(403, "Forbidden")                                                      \
    X(404, "Not Found")                                                      \
    X(405, "Method Not Allowed")                                             \
    X(408, "Request Timeout")                                                \
    X(411, "Length Required")                                                \
    X(413, "Content Too Large")                                              \
    X(414, "URI Too Long")                                                   \
    X(415, "Unsupported Media Type")                                         \
    X(417, "Expectation Failed")                                             \
    X(429, "Too Many Requests")                                              \
    X(431, "Request Header Fields Too Large")                                \
    X(500, "Internal Server Error")                                          \
    X(501, "Not Implemented")                                                \
    X(502, "Bad Gateway")                                                    \
    X(503, "Service Unavailable")                                            \
    X(504, "Gateway Timeout")                                                \
    X(505, "HTTP Version Not Supported")

/* "Forbidden" for 403; "Unknown" for a status that is no row. */
struct rd_slice rd_http_reason(int status);

enum rd_http_connection {
    RD_CONNECTION_IMPLIED,       /* no Connection header: HTTP/1.1 stays open */
    RD_CONNECTION_KEEP_ALIVE,    /* said, for HTTP/1.0 */
    RD_CONNECTION_CLOSE
};

/* The Date header's value, made once a second. */
struct rd_http_date {
    int64_t second;
    char text[32];    /* "Tue, 24 Nov 2026 11:00:00 GMT" */
};

/* Appends head and body (no body for a HEAD request); b's error when it does not fit. */
int rd_http_response_write(struct rd_buf *b, const struct rd_http_response *r,
                           enum rd_http_connection connection, bool head,
                           struct rd_http_date *date);

/* A response with the reason as its text, which closes the connection. allow: as a service's. */
struct rd_http_response rd_http_refusal(int status, const struct rd_http_header *allow);

#endif
