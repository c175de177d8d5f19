/*
 * client.c - see client.h. Owns the socket and the TLS session for the time of one
 * call. The request says "Connection: close", so the answer ends with the stream.
 */
#include "app/client.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>

#include "base/clock.h"
#include "base/error.h"

#define CLIENT_CA "/etc/ssl/certs/ca-certificates.crt"

struct client {
    int fd;
    bool tls;
    char *why;
    size_t why_size;
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config config;
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_x509_crt ca;
};

/* ---- connecting ---------------------------------------------------------------- */

static int
client_fail(struct client *c, int error, const char *what, const char *detail)
{
    snprintf(c->why, c->why_size, "%s%s%s", what, *detail ? ": " : "", detail);
    return error;
}

static int
client_socket(struct client *c, int family, const struct sockaddr *address, socklen_t n)
{
    struct timeval limit = { .tv_sec = RD_CLIENT_TIMEOUT };
    int one = 1;

    c->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return RD_E_IO;
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (family != AF_UNIX)
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(c->fd, address, n) == 0)
        return 0;
    n = (socklen_t)errno;
    close(c->fd);
    c->fd = -1;
    errno = (int)n;
    return RD_E_IO;
}

static int
client_connect_unix(struct client *c, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (strlen(path) >= sizeof address.sun_path)
        return client_fail(c, RD_E_ADDRESS, path, "too long for a socket");
    memcpy(address.sun_path, path, strlen(path));
    if (client_socket(c, AF_UNIX, (struct sockaddr *)&address, sizeof address) != 0)
        return client_fail(c, RD_E_IO, path, strerror(errno));
    return 0;
}

static int
client_connect_tcp(struct client *c, const char *host, const char *port)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
    char where[300];
    int failed = getaddrinfo(host, port, &hints, &list), status = RD_E_IO;

    snprintf(where, sizeof where, "%s port %s", host, port);
    if (failed)
        return client_fail(c, RD_E_ADDRESS, where, gai_strerror(failed));
    for (struct addrinfo *a = list; a != NULL && status != 0; a = a->ai_next)
        status = client_socket(c, a->ai_family, a->ai_addr, a->ai_addrlen);
    if (status != 0 && errno == ECONNREFUSED)
        client_fail(c, status, where, "connection refused; is replyd running?");
    else if (status != 0)
        client_fail(c, status, where, strerror(errno));
    freeaddrinfo(list);
    return status;
}

/* ---- TLS ------------------------------------------------------------------------- */

static int
client_on_send(void *data, const unsigned char *p, size_t n)
{
    ssize_t r;

    do
        r = send(*(int *)data, p, n, MSG_NOSIGNAL);
    while (r < 0 && errno == EINTR);
    return r < 0 ? MBEDTLS_ERR_SSL_INTERNAL_ERROR : (int)r;
}

static int
client_on_receive(void *data, unsigned char *p, size_t n)
{
    ssize_t r;

    do
        r = recv(*(int *)data, p, n, 0);    /* with a timeout it is not restarted by itself */
    while (r < 0 && errno == EINTR);
    return r < 0 ? (errno == EAGAIN ? MBEDTLS_ERR_SSL_TIMEOUT : MBEDTLS_ERR_SSL_CONN_EOF) : (int)r;
}

static int
client_tls_failed(struct client *c, int code)
{
    char text[160];

    mbedtls_strerror(code, text, sizeof text);
    return client_fail(c, RD_E_TLS, "TLS", text);
}

static int
client_tls_prepare(struct client *c, const struct rd_client_request *r)
{
    int code = mbedtls_ctr_drbg_seed(&c->random, mbedtls_entropy_func, &c->entropy, NULL, 0);

    if (code == 0)
        code = mbedtls_ssl_config_defaults(&c->config, MBEDTLS_SSL_IS_CLIENT,
                                           MBEDTLS_SSL_TRANSPORT_STREAM,
                                           MBEDTLS_SSL_PRESET_DEFAULT);
    if (code == 0 && r->verify)
        code = mbedtls_x509_crt_parse_file(&c->ca, CLIENT_CA);
    mbedtls_ssl_conf_authmode(&c->config, r->verify ? MBEDTLS_SSL_VERIFY_REQUIRED
                                                    : MBEDTLS_SSL_VERIFY_NONE);
    mbedtls_ssl_conf_ca_chain(&c->config, &c->ca, NULL);
    mbedtls_ssl_conf_rng(&c->config, mbedtls_ctr_drbg_random, &c->random);
    if (code >= 0)
        code = mbedtls_ssl_setup(&c->ssl, &c->config);
    if (code == 0)
        code = mbedtls_ssl_set_hostname(&c->ssl, r->server_name);
    mbedtls_ssl_set_bio(&c->ssl, &c->fd, client_on_send, client_on_receive, NULL);
    return code;
}

static int
client_start_tls(struct client *c, const struct rd_client_request *r)
{
    int code;

    if (psa_crypto_init() != PSA_SUCCESS)
        return client_fail(c, RD_E_TLS, "TLS", "no random numbers");
    mbedtls_ssl_init(&c->ssl);
    mbedtls_ssl_config_init(&c->config);
    mbedtls_entropy_init(&c->entropy);
    mbedtls_ctr_drbg_init(&c->random);
    mbedtls_x509_crt_init(&c->ca);
    c->tls = true;
    code = client_tls_prepare(c, r);
    if (code == 0)
        code = mbedtls_ssl_handshake(&c->ssl);
    if (code == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED)
        return client_fail(c, RD_E_TLS, "the certificate is not one that this system trusts",
                           "--insecure takes any");
    return code == 0 ? 0 : client_tls_failed(c, code);
}

static void
client_close(struct client *c)
{
    if (c->tls) {
        mbedtls_ssl_close_notify(&c->ssl);
        mbedtls_ssl_free(&c->ssl);
        mbedtls_ssl_config_free(&c->config);
        mbedtls_ctr_drbg_free(&c->random);
        mbedtls_entropy_free(&c->entropy);
        mbedtls_x509_crt_free(&c->ca);
    }
    if (c->fd >= 0)
        close(c->fd);
}

/* ---- bytes ------------------------------------------------------------------------- */

static int
client_send_all(struct client *c, struct rd_slice text)
{
    while (text.n > 0) {
        int n = c->tls ? mbedtls_ssl_write(&c->ssl, (const unsigned char *)text.p, text.n)
                       : client_on_send(&c->fd, (const unsigned char *)text.p, text.n);

        if (n <= 0)
            return client_fail(c, RD_E_IO, "the request could not be sent", strerror(errno));
        text = rd_slice_skip(text, (size_t)n);
    }
    return 0;
}

/* Bytes, 0 at the end of the stream, or an error of mbedTLS. */
static int
client_read(struct client *c, unsigned char *p, size_t n)
{
    int r;

    if (!c->tls)
        return client_on_receive(&c->fd, p, n);
    do
        r = mbedtls_ssl_read(&c->ssl, p, n);
    while (r == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET || r == MBEDTLS_ERR_SSL_WANT_READ);
    return r == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY || r == MBEDTLS_ERR_SSL_CONN_EOF ? 0 : r;
}

static struct rd_slice
client_header(struct rd_slice head, struct rd_slice name)
{
    while (head.n > 0) {
        size_t end = rd_slice_find(head, '\n');
        struct rd_slice line = rd_slice_make(head.p, end);
        size_t colon = rd_slice_find(line, ':');

        if (colon < line.n && rd_slice_eq_nocase(rd_slice_make(line.p, colon), name))
            return rd_slice_trim(rd_slice_skip(line, colon + 1));
        head = rd_slice_skip(head, end + 1);
    }
    return rd_slice_make(NULL, 0);
}

/* Finds status and body; false while the answer is not (known to be) complete. */
static bool
client_parse(struct rd_client_answer *a)
{
    struct rd_slice raw = rd_buf_slice(&a->raw), head, length;
    char *end = raw.n ? memmem(raw.p, raw.n, "\r\n\r\n", 4) : NULL;

    if (end == NULL || !rd_slice_starts(raw, RD_LIT("HTTP/1.")) || raw.n < 12)
        return false;
    head = rd_slice_make(raw.p, (size_t)(end - raw.p));
    a->status = (raw.p[9] - '0') * 100 + (raw.p[10] - '0') * 10 + (raw.p[11] - '0');
    a->type = client_header(head, RD_LIT("Content-Type"));
    a->body = rd_slice_skip(raw, head.n + 4);
    length = client_header(head, RD_LIT("Content-Length"));
    if (a->status / 100 == 1) {    /* 100 Continue: the answer follows */
        rd_buf_consume(&a->raw, head.n + 4);
        return client_parse(a);
    }
    return a->status == 204 || (length.n > 0 && strtoull(length.p, NULL, 10) <= a->body.n);
}

static int
client_receive(struct client *c, struct rd_client_answer *a)
{
    unsigned char step[16384];
    int n = 1;

    while (!client_parse(a) && n > 0) {
        n = client_read(c, step, sizeof step);
        if (n > 0 && rd_buf_put(&a->raw, step, (size_t)n) != 0)
            return client_fail(c, RD_E_TOO_BIG, "the answer is too long", "");
    }
    if (n == MBEDTLS_ERR_SSL_TIMEOUT)
        return client_fail(c, RD_E_TIMEOUT, "no answer in time", "");
    if (a->status == 0)
        return client_fail(c, RD_E_IO, "the connection was closed without an answer", "");
    return 0;
}

int
rd_client_call(const struct rd_client_request *request, struct rd_client_answer *answer,
               char *why, size_t why_size)
{
    struct client c = { .fd = -1, .why = why, .why_size = why_size };
    uint64_t start;
    int status;

    *answer = (struct rd_client_answer){ .status = 0 };
    rd_buf_init(&answer->raw, RD_CLIENT_ANSWER);
    status = request->unix_path ? client_connect_unix(&c, request->unix_path)
                                : client_connect_tcp(&c, request->host, request->port);
    if (status == 0 && request->tls)
        status = client_start_tls(&c, request);
    if (status == 0)
        status = client_send_all(&c, request->text);
    start = rd_clock_ns();
    if (status == 0)
        status = client_receive(&c, answer);
    answer->ns = rd_clock_ns() - start;
    client_close(&c);
    return status;
}

void
rd_client_free(struct rd_client_answer *answer)
{
    rd_buf_free(&answer->raw);
}
