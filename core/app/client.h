/*
 * client.h - one HTTP request, blocking: for commands that talk to a server
 * (`replyd text`, the admin socket). Not used while serving.
 */
#ifndef RD_APP_CLIENT_H
#define RD_APP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

#define RD_CLIENT_TIMEOUT 20        /* seconds without a byte: longer than Twilio's 15 */
#define RD_CLIENT_ANSWER (4 << 20)  /* bytes of an answer */

struct rd_client_request {
    const char *unix_path;          /* a unix socket; NULL: host and port */
    const char *host, *port;        /* to connect to */
    bool tls;
    bool verify;                    /* the certificate must be one that the system trusts */
    const char *server_name;        /* SNI, and the name to verify */
    struct rd_slice text;           /* the whole request: line, headers, body */
};

struct rd_client_answer {
    int status;
    struct rd_slice type, body;     /* slices of raw */
    uint64_t ns;                    /* from the request's last byte to the answer's */
    struct rd_buf raw;
};

/* 0, or an error with its explanation in why. Free the answer in both cases. */
int rd_client_call(const struct rd_client_request *request, struct rd_client_answer *answer,
                   char *why, size_t why_size);
void rd_client_free(struct rd_client_answer *answer);

#endif
