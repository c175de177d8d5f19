/*
 * peer.c - replyd's functions for Twilio's formats, one line in, one line out, so
 * that tests/peers can run Twilio's libraries beside them. Fields are hex,
 * separated by blanks, "-" for an empty one:
 *
 *   sign TOKEN URL FORM SIGNATURE   -> made-signature, 1 or 0, then name and value pairs
 *   twiml LETTER=TEXT ...           -> document (letters as in tests/fuzz/twiml.c)
 *   segments TEXT                   -> count encoding units smart-count
 *   class POINT (decimal)           -> number of its class
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/check.h"
#include "http/form.h"
#include "http/public_url.h"
#include "twilio/grapheme.h"
#include "twilio/segments.h"
#include "twilio/signature.h"
#include "twilio/twiml.h"

#define PEER_LINE ((size_t)16 << 20)

static struct rd_arena arena;    /* of one line */

static unsigned
peer_digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static struct rd_slice
peer_text(const char *hex)
{
    size_t n = hex[0] == '-' ? 0 : strlen(hex) / 2;
    char *p = rd_arena_alloc(&arena, n + 1);

    RD_ASSERT(p != NULL);
    for (size_t i = 0; i < n; i++)
        p[i] = (char)(peer_digit(hex[2 * i]) << 4 | peer_digit(hex[2 * i + 1]));
    return rd_slice_make(p, n);
}

static struct rd_slice
peer_next(void)
{
    char *word = strtok(NULL, " ");

    RD_ASSERT(word != NULL);
    return peer_text(word);
}

static void
peer_put(struct rd_slice s)
{
    putchar(' ');
    if (s.n == 0)
        putchar('-');
    for (size_t i = 0; i < s.n; i++)
        printf("%02x", (unsigned char)s.p[i]);
}

static void
peer_sign(void)
{
    struct rd_slice text = peer_next(), url = peer_next(), form = peer_next();
    struct rd_slice header = peer_next(), urls[RD_URL_CANDIDATES];
    char made[RD_SIGNATURE_TEXT + 1];
    enum rd_signature_failure why;
    struct rd_params params;
    struct rd_token token;
    struct rd_buf b;
    struct rd_signature_input in = { .mode = RD_SIGNED_FORM, .headers = &header, .n_headers = 1,
                                     .urls = urls, .params = &params, .tokens = &token,
                                     .n_tokens = 1 };

    RD_ASSERT(rd_form_decode(form, SIZE_MAX, &arena, &params) == 0);
    rd_buf_init(&b, 1 << 20);
    rd_token_init(&token, text);
    in.n_urls = rd_url_candidates(url, &b, urls);
    RD_ASSERT(rd_signature_make(&token, url, &params, made) == 0);
    printf("%s %d", made, rd_signature_check(&in, &why) >= 0);
    for (size_t i = 0; i < params.n; i++) {
        peer_put(params.at[i].name);
        peer_put(params.at[i].value);
    }
    rd_buf_free(&b);
}

static void
peer_piece(struct rd_reply *r, char what, struct rd_slice text)
{
    struct rd_reply_message *m = r->n > 0 ? &r->messages[r->n - 1] : NULL;

    switch (what) {
    case 'M': RD_ASSERT(rd_reply_add(r) != NULL); break;
    case 'R': r->redirect = text; break;
    case 'r': r->redirect_method = text; break;
    case 'b': m->body = text; break;
    case 'n': m->nouns = true; break;
    case 't': m->to = text; break;
    case 'f': m->from = text; break;
    case 'a': m->action = text; break;
    case 'h': m->method = text; break;
    case 's': m->status_callback = text; break;
    case 'm': m->media[m->n_media++] = text; break;
    default: abort();
    }
}

static void
peer_twiml(void)
{
    struct rd_reply *r = rd_reply_new(PEER_LINE);
    struct rd_buf out;
    char *word;

    while ((word = strtok(NULL, " ")) != NULL)
        peer_piece(r, word[0], peer_text(word + 2));
    rd_buf_init(&out, PEER_LINE);
    RD_ASSERT(rd_twiml_write(r, &out) >= 0);
    peer_put(rd_buf_slice(&out));
    rd_buf_free(&out);
    rd_reply_free(r);
}

static void
peer_segments(void)
{
    struct rd_slice text = peer_next(), rest = text, piece;
    struct rd_segments s = rd_segments_count(text), smart;
    struct rd_buf b;

    rd_buf_init(&b, PEER_LINE);
    while (rest.n > 0) {
        rest = rd_slice_skip(rest, rd_segments_smarten(rest, &piece));
        rd_buf_put_slice(&b, piece);
    }
    smart = rd_segments_count(rd_buf_slice(&b));
    printf("%zu %s %zu %zu", s.count, rd_segments_encoding(&s), s.units, smart.count);
    rd_buf_free(&b);
}

static void
peer_class(void)
{
    printf("%d", (int)rd_grapheme_class((uint32_t)strtoul(strtok(NULL, " "), NULL, 10)));
}

int
main(void)
{
    static const struct { const char *name; void (*answer)(void); } rows[] = {
        { "sign", peer_sign }, { "twiml", peer_twiml }, { "segments", peer_segments },
        { "class", peer_class },
    };
    char *line = malloc(PEER_LINE), *word;

    RD_ASSERT(line != NULL);
    while (fgets(line, (int)PEER_LINE, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        rd_arena_init(&arena, 4 * PEER_LINE);
        word = strtok(line, " ");
        for (size_t i = 0; word != NULL && i < sizeof rows / sizeof rows[0]; i++)
            if (strcmp(word, rows[i].name) == 0)
                rows[i].answer();
        putchar('\n');
        rd_arena_free(&arena);
    }
    free(line);
    return 0;
}
