/*
 * stream.h - one connection's requests: read, handed over, answered, in order.
 *
 * The stream begins with its rd_conn and dies with it. Called by server.c; the
 * rest is private to http/.
 */
#ifndef RD_HTTP_STREAM_H
#define RD_HTTP_STREAM_H

#include "http/noise.h"
#include "http/parser.h"
#include "http/response.h"
#include "http/server.h"
#include "net/conn.h"
#include "net/hub.h"

#define RD_HTTP_SERVER_MAGIC RD_MAGIC('h', 't', 't', 'p')

struct rd_http_server {
    uint32_t magic;
    struct rd_hub hub;
    struct rd_http_limits limits;
    struct rd_http_service service;
    struct rd_input_pool pool;
    struct rd_buf out;                /* the response being built */
    struct rd_http_date date;
    struct rd_http_noise noise;
    void (*drained)(void *arg);
    void *drained_arg;
};

struct rd_http_stream {
    struct rd_conn conn;              /* first: they are one object */
    struct rd_parser parser;
    void *user;
    bool running;                     /* stream_run is at work further up the stack */
    bool finishing;                   /* closes when what is written is out */
};

extern const struct rd_conn_user rd_http_stream_user_of_conn;

#endif
