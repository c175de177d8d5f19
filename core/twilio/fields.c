/* fields.c - see fields.h. Pure; called from gateway (DECODE) on the front thread. */
#include "twilio/fields.h"

#include <stdio.h>

#include "base/error.h"
#include "base/fold.h"

static struct rd_slice
fields_get(const struct rd_message *m, const char *name)
{
    return rd_params_get(&m->params, rd_slice_str(name));
}

/* The first of several parameters that has a value. */
static struct rd_slice
fields_first(const struct rd_message *m, const char *const names[])
{
    for (; *names != NULL; names++) {
        struct rd_slice value = fields_get(m, *names);

        if (value.n > 0)
            return value;
    }
    return rd_slice_make(NULL, 0);
}

static bool
fields_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

struct rd_slice
rd_address_channel(struct rd_slice address)
{
    size_t colon = rd_slice_find(address, ':');

    if (colon == address.n)
        return rd_slice_make(NULL, 0);
    for (size_t i = 0; i < colon; i++)
        if (!fields_is_letter(address.p[i]))
            return rd_slice_make(NULL, 0);
    return rd_slice_make(colon > 0 ? address.p : NULL, colon);
}

struct rd_slice
rd_address_phone(struct rd_slice address)
{
    struct rd_slice channel = rd_address_channel(address);
    struct rd_slice number = channel.n > 0 ? rd_slice_skip(address, channel.n + 1) : address;

    if (number.n < 3 || number.n > 16 || number.p[0] != '+' || number.p[1] == '0')
        return rd_slice_make(NULL, 0);
    for (size_t i = 1; i < number.n; i++)
        if (number.p[i] < '0' || number.p[i] > '9')
            return rd_slice_make(NULL, 0);
    return number;
}

/* MessageStatus says status. Old status calls had SmsStatus alone, which messages carry too. */
static void
fields_kind(struct rd_message *m)
{
    struct rd_slice status = fields_get(m, "MessageStatus"), sms = fields_get(m, "SmsStatus");

    if (status.n == 0 && !rd_slice_starts(sms, RD_LIT("receiv")))
        status = sms;
    m->kind = status.n > 0 ? RD_KIND_STATUS : RD_KIND_MESSAGE;
    m->status = status;
}

static struct rd_slice
fields_numbered(const struct rd_message *m, const char *name, size_t i)
{
    char text[64];

    snprintf(text, sizeof text, "%s%zu", name, i);
    return fields_get(m, text);
}

/* MediaUrl0, MediaUrl1, ... as far as they go. */
static int
fields_media(struct rd_message *m)
{
    size_t n = 0;

    while (n < m->params.n && fields_numbered(m, "MediaUrl", n).n > 0)
        n++;
    m->n_media = n;
    if (n == 0)
        return 0;
    m->media = rd_arena_alloc(&m->arena, n * sizeof *m->media);
    if (m->media == NULL)
        return RD_E_NOMEM;
    for (size_t i = 0; i < n; i++) {
        m->media[i].url = fields_numbered(m, "MediaUrl", i);
        m->media[i].type = fields_numbered(m, "MediaContentType", i);
    }
    return 0;
}

/* Our own address may carry the prefix when theirs is no channel address. */
static void
fields_channel(struct rd_message *m)
{
    struct rd_slice count = fields_get(m, "NumMedia");
    bool media = m->n_media > 0 || (count.n > 0 && !rd_slice_eq(count, RD_LIT("0")))
              || rd_slice_starts(m->id, RD_LIT("MM"));

    m->channel = rd_address_channel(m->from);
    if (m->channel.n == 0)
        m->channel = rd_address_channel(m->to);
    if (m->channel.n == 0)
        m->channel = media ? RD_LIT("mms") : RD_LIT("sms");
}

int
rd_fields_read_body(struct rd_message *m, struct rd_slice body)
{
    struct rd_slice word;

    m->body = body;
    m->text = rd_text_trim(m->body);
    word = rd_text_word(m->text, &m->args);
    m->word = rd_fold_copy(word, &m->arena);
    return m->word.p == NULL ? RD_E_NOMEM : 0;
}

static void
fields_fallback(struct rd_message *m)
{
    m->is_fallback = m->kind == RD_KIND_MESSAGE && fields_get(m, "ErrorCode").p != NULL &&
                     fields_get(m, "ErrorUrl").p != NULL;
}

int
rd_fields_read(struct rd_message *m)
{
    static const char *const ids[] = { "MessageSid", "SmsSid", "SmsMessageSid", NULL };
    int error;

    RD_CHECK(m, RD_MESSAGE_MAGIC);
    fields_kind(m);
    m->id = fields_first(m, ids);
    m->account = fields_get(m, "AccountSid");
    m->service = fields_get(m, "MessagingServiceSid");
    m->from = fields_get(m, "From");
    m->to = fields_get(m, "To");
    m->phone = rd_address_phone(m->from);
    error = fields_media(m);
    if (error == 0)
        error = rd_fields_read_body(m, fields_get(m, "Body"));
    fields_channel(m);
    fields_fallback(m);
    return error;
}
