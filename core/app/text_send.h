/*
 * text_send.h - plays Twilio: one signed webhook to a running replyd.
 */
#ifndef RD_APP_TEXT_SEND_H
#define RD_APP_TEXT_SEND_H

#include <stdbool.h>

#include "app/client.h"
#include "app/config.h"

#define RD_TEXT_MEDIA 10

/* What the command line asks for; NULL: a default. */
struct rd_text {
    struct rd_config_args config;    /* where account, token and listener are found */
    const char *from, *body, *to;
    const char *media[RD_TEXT_MEDIA];
    size_t n_media;
    bool whatsapp;                   /* addresses get the channel's prefix */
    const char *status;              /* a status callback with this MessageStatus instead */
    const char *sid;                 /* MessageSid; default a new one */
    const char *url;                 /* where to; default the running replyd's first listener */
    const char *token, *account;
    bool xml, insecure;
};

/* 0 with the answer, or an error and its explanation in why. Free the answer in both cases. */
int rd_text_send(const struct rd_text *t, struct rd_client_answer *answer, struct rd_buf *why);

#endif
