/*
 * conn.c - see conn.h. Owns sockets, TLS and the reading of answers; knows nothing
 * of rates or time: main.c says when to ask.
 */
#include "conn.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONN_SOURCES 8    /* loopback addresses to connect from: ports in TIME_WAIT add up */

struct rd_conn_world rd_world;

/* ---- TLS ---------------------------------------------------------------------- */

static int
conn_on_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    SSL_SESSION_free(rd_world.session);
    rd_world.session = session;
    return 1;
}

void
rd_conn_tls(bool resume)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

    if (tls == NULL) {
        fputs("load: no TLS\n", stderr);
        exit(2);
    }
    SSL_CTX_set_verify(tls, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(tls, 1);    /* one recv for a record, not two */
    SSL_CTX_set_session_cache_mode(tls, resume ? SSL_SESS_CACHE_CLIENT
                                        | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
    if (resume)
        SSL_CTX_sess_set_new_cb(tls, conn_on_session);
    rd_world.resume = resume;
    rd_world.tls = tls;
}

static void
conn_start_tls(struct rd_conn *c)
{
    c->ssl = SSL_new(rd_world.tls);
    SSL_set_fd(c->ssl, c->fd);
    SSL_set_connect_state(c->ssl);
    SSL_set_tlsext_host_name(c->ssl, "sms.example.com");
    if (rd_world.resume && rd_world.session != NULL)
        SSL_set_session(c->ssl, rd_world.session);
}

static void
conn_count_handshake(struct rd_conn *c)
{
    if (SSL_session_reused(c->ssl))
        rd_world.counts.resumed++;
    else
        rd_world.counts.full++;
    if (rd_world.protocol[0] == '\0')
        snprintf(rd_world.protocol, sizeof rd_world.protocol, "%s %s", SSL_get_version(c->ssl),
                 SSL_get_cipher(c->ssl));
}

/* ---- the socket ---------------------------------------------------------------- */

static void
conn_watch(struct rd_conn *c, uint32_t events)
{
    struct epoll_event e = { .events = events, .data.u32 = c->index };

    if (c->events == events)
        return;
    epoll_ctl(rd_world.epoll, c->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, c->fd, &e);
    c->events = events;
}

void
rd_conn_close(struct rd_conn *c)
{
    if (c->ssl != NULL) {
        SSL_set_quiet_shutdown(c->ssl, 1);
        SSL_shutdown(c->ssl);    /* or its session would not be resumed */
        SSL_free(c->ssl);
        c->ssl = NULL;
    }
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->events = 0;
    c->state = RD_CONN_DEAD;
}

static void
conn_break(struct rd_conn *c)
{
    rd_world.counts.broken++;
    ERR_clear_error();
    rd_conn_close(c);
}

void
rd_conn_open(struct rd_conn *c, uint64_t now)
{
    struct sockaddr_in from = { .sin_family = AF_INET };
    static uint32_t turn;
    int one = 1;

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) {
        perror("load: socket");
        exit(2);
    }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + turn++ % CONN_SOURCES);
    c->events = 0;
    c->opened = now;
    c->state = RD_CONN_CONNECTING;
    if (bind(c->fd, (struct sockaddr *)&from, sizeof from) < 0
        || (connect(c->fd, (struct sockaddr *)&rd_world.address, sizeof rd_world.address) < 0
            && errno != EINPROGRESS)) {
        conn_break(c);
        return;
    }
    conn_watch(c, EPOLLOUT);
}

/* Bytes read or written; 0: later, or the end of the stream (*end), or broken and closed. */
static size_t
conn_result(struct rd_conn *c, int n, bool *end)
{
    if (n > 0)
        return (size_t)n;
    if (c->ssl != NULL) {
        int error = SSL_get_error(c->ssl, n);

        if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
            conn_watch(c, error == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLIN | EPOLLOUT);
        else
            *end = true;
    } else if (n == 0 || errno != EAGAIN)
        *end = true;
    else
        conn_watch(c, c->state == RD_CONN_WRITING ? EPOLLIN | EPOLLOUT : EPOLLIN);
    return 0;
}

static size_t
conn_read(struct rd_conn *c, bool *end)
{
    char *to = c->answer + c->got;
    size_t room = sizeof c->answer - 1 - c->got;

    if (room == 0) {
        *end = true;
        return 0;
    }
    return conn_result(c, c->ssl != NULL ? SSL_read(c->ssl, to, (int)room)
                                         : (int)recv(c->fd, to, room, 0), end);
}

static size_t
conn_write(struct rd_conn *c, bool *end)
{
    const char *from = c->request + c->sent;
    size_t n = c->length - c->sent;

    return conn_result(c, c->ssl != NULL ? SSL_write(c->ssl, from, (int)n)
                                         : (int)send(c->fd, from, n, MSG_NOSIGNAL), end);
}

/* ---- the answer ------------------------------------------------------------------ */

/* Status, Content-Length, Connection. An answer without a length is refused. */
static bool
answer_read_head(struct rd_conn *c)
{
    char *end = memmem(c->answer, c->got, "\r\n\r\n", 4), *length;

    if (end == NULL)
        return true;
    *end = '\0';
    length = strcasestr(c->answer, "\r\ncontent-length:");
    if (length == NULL || strncmp(c->answer, "HTTP/1.1 ", 9) != 0)
        return false;
    c->status = atoi(c->answer + 9);
    c->content = strtoul(length + 17, NULL, 10);
    c->closing = strcasestr(c->answer, "\r\nconnection: close") != NULL;
    c->head = (size_t)(end - c->answer) + 4;
    return true;
}

static bool
answer_is_whole(const struct rd_conn *c)
{
    return c->head > 0 && c->got - c->head >= c->content;
}

static void
answer_done(struct rd_conn *c)
{
    bool good = c->status == 200;

    rd_world.counts.answers++;
    if (!good)
        rd_world.counts.bad_status++;
    else if (c->got != c->head + c->content
             || !rd_template_answers(&rd_world.messages, c->number, c->answer + c->head,
                                     c->content)) {
        rd_world.counts.bad_text++;
        good = false;
    }
    c->state = RD_CONN_IDLE;
    rd_world.on_answer(c, good);
    if (c->closing)
        rd_conn_close(c);
}

void
rd_conn_ask(struct rd_conn *c, uint64_t due, uint64_t now)
{
    c->number = rd_world.next++;
    c->length = rd_template_fill(&rd_world.messages, c->number, c->request);
    c->due = due;
    c->opened = now;
    c->sent = c->got = c->head = c->content = 0;
    c->state = RD_CONN_WRITING;
}

/* ---- driving: each does one state's work and says whether to go on ----------------- */

static bool
drive_connecting(struct rd_conn *c)
{
    int error = 0;
    socklen_t n = sizeof error;

    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &n);
    if (error != 0) {
        conn_break(c);
        return false;
    }
    if (rd_world.tls != NULL) {
        conn_start_tls(c);
        c->state = RD_CONN_SHAKING;
        return true;
    }
    c->state = RD_CONN_IDLE;
    rd_world.on_idle(c);
    return true;
}

static bool
drive_shaking(struct rd_conn *c)
{
    bool end = false;

    if (conn_result(c, SSL_do_handshake(c->ssl), &end) > 0) {
        conn_count_handshake(c);
        c->state = RD_CONN_IDLE;
        rd_world.on_idle(c);
        return true;
    }
    if (end)
        conn_break(c);
    return false;
}

static bool
drive_writing(struct rd_conn *c)
{
    bool end = false;
    size_t n = conn_write(c, &end);

    if (end)
        conn_break(c);
    if (n == 0)
        return false;
    c->sent += n;
    if (c->sent == c->length) {
        c->state = RD_CONN_READING;
        conn_watch(c, EPOLLIN);
        return c->ssl != NULL && SSL_has_pending(c->ssl);
    }
    return true;
}

/* An idle server may close, or send session tickets. */
static bool
drive_idle(struct rd_conn *c)
{
    bool end = false;

    c->got = 0;
    conn_watch(c, EPOLLIN);
    if (conn_read(c, &end) > 0 || end)
        conn_break(c);
    return false;
}

static bool
drive_reading(struct rd_conn *c)
{
    bool end = false;
    size_t n = conn_read(c, &end);

    c->got += n;
    c->answer[c->got] = '\0';
    if (end || (n > 0 && c->head == 0 && !answer_read_head(c))) {
        conn_break(c);
        return false;
    }
    if (n == 0)
        return false;
    if (answer_is_whole(c)) {
        answer_done(c);
        if (c->state == RD_CONN_IDLE)
            rd_world.on_idle(c);
        return c->state == RD_CONN_WRITING;
    }
    return c->ssl != NULL;
}

void
rd_conn_drive(struct rd_conn *c)
{
    bool more = true;

    while (more)
        switch (c->state) {
        case RD_CONN_CONNECTING: more = drive_connecting(c); break;
        case RD_CONN_SHAKING: more = drive_shaking(c); break;
        case RD_CONN_WRITING: more = drive_writing(c); break;
        case RD_CONN_READING: more = drive_reading(c); break;
        case RD_CONN_IDLE: more = drive_idle(c); break;
        case RD_CONN_DEAD: more = false; break;
        }
}
