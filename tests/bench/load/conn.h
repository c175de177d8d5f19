/*
 * conn.h - one client connection: opened, TLS, a request at a time, its answer checked.
 */
#ifndef RD_BENCH_CONN_H
#define RD_BENCH_CONN_H

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "template.h"

#define RD_CONN_ANSWER 8192    /* bytes of the longest answer */

enum rd_conn_state {
    RD_CONN_DEAD,         /* no socket */
    RD_CONN_CONNECTING,
    RD_CONN_SHAKING,
    RD_CONN_IDLE,         /* open, nothing asked */
    RD_CONN_WRITING,
    RD_CONN_READING
};

/* What is counted; a run is good when the second line is all zero. */
struct rd_conn_counts {
    uint64_t answers, full, resumed;              /* answers read; handshakes */
    uint64_t bad_status, bad_text, broken, timeouts;
};

struct rd_conn {
    int fd;
    uint32_t index, events;
    enum rd_conn_state state;
    SSL *ssl;
    uint64_t number;            /* of the request, for template.h */
    uint64_t due, opened;       /* ns: when the request should have gone out; when it did */
    size_t sent, length, got;   /* bytes of request written, of it, of answer read */
    size_t head, content;       /* answer: length of its head (0: incomplete), of its body */
    int status;
    bool closing;               /* the server said Connection: close */
    char request[RD_TEMPLATE_REQUEST];
    char answer[RD_CONN_ANSWER];
};

/* Everything that connections share. */
struct rd_conn_world {
    struct sockaddr_in address;
    SSL_CTX *tls;                  /* NULL: plain HTTP */
    bool resume;
    SSL_SESSION *session;          /* newest ticket */
    int epoll;
    struct rd_template_file messages;
    uint64_t next;                 /* number of the next request */
    struct rd_conn_counts counts;
    char protocol[64];             /* what TLS agreed on */
    /* c is open and idle; called for each */
    void (*on_idle)(struct rd_conn *c);
    /* c has a whole answer; good: status 200 and its own text */
    void (*on_answer)(struct rd_conn *c, bool good);
};

extern struct rd_conn_world rd_world;

/* Makes the TLS client; resume: with session tickets. */
void rd_conn_tls(bool resume);

void rd_conn_open(struct rd_conn *c, uint64_t now);

/* Gives an idle connection its next request, counted from due; it is written by drive. */
void rd_conn_ask(struct rd_conn *c, uint64_t due, uint64_t now);

/* Goes on as far as the socket lets it. */
void rd_conn_drive(struct rd_conn *c);

void rd_conn_close(struct rd_conn *c);

#endif
