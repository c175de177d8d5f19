/* config.c - what is derived from a configuration once; see config.h. Called by the loader. */
#include "gateway/config.h"

#include "base/error.h"
#include "gateway/compose.h"

static int
config_answer(struct rd_reply *reply, const char *key, struct rd_answer **out,
              struct rd_buf *errors)
{
    struct rd_reply_key id = rd_compose_key(reply, 0, 0, true);
    struct rd_reply *copy = reply ? rd_reply_copy(reply) : NULL;
    struct rd_limits_note note;

    if (rd_reply_is_empty(reply)) {
        rd_reply_free(copy);
        *out = rd_compose_empty();
        return 0;
    }
    *out = copy ? rd_compose(copy, &id, 1, &note) : NULL;
    rd_reply_free(copy);
    if (*out != NULL)
        return 0;
    rd_buf_printf(errors, "%s: %s\n", key, copy ? note.error : "too large");
    return RD_E_CONFIG;
}

static int
config_keys(struct rd_config *c)
{
    for (size_t i = 0; i < c->n_accounts; i++) {
        struct rd_account *a = &c->accounts[i];

        a->keys = rd_arena_alloc(&c->arena, (a->n_tokens + 1) * sizeof *a->keys);
        if (a->keys == NULL)
            return RD_E_TOO_BIG;
        for (size_t t = 0; t < a->n_tokens; t++)
            rd_token_init(&a->keys[t], a->tokens[t]);
    }
    return 0;
}

int
rd_config_prepare(struct rd_config *c, struct rd_buf *errors)
{
    int error = config_keys(c);

    if (error == 0)
        error = config_answer(c->waiting_reply, "waiting_reply", &c->waiting, errors);
    if (error == 0)
        error = config_answer(c->fallback_reply, "fallback_reply", &c->fallback, errors);
    if (error == 0)
        error = rd_zone_load(c->timezone.n > 0 ? c->timezone.p : "UTC", &c->zone, errors);
    return error;
}

const struct rd_account *
rd_account_find(const struct rd_config *c, struct rd_slice sid)
{
    for (size_t i = 0; i < c->n_accounts; i++)
        if (c->accounts[i].sid.n == 0 || rd_slice_eq(c->accounts[i].sid, sid))
            return &c->accounts[i];
    return NULL;
}

void
rd_config_unprepare(struct rd_config *c)
{
    rd_answer_unref(c->waiting);
    rd_answer_unref(c->fallback);
    c->waiting = c->fallback = NULL;
    rd_zone_free(c->zone);
    c->zone = NULL;
    for (size_t i = 0; i < c->n_accounts; i++)
        for (size_t t = 0; c->accounts[i].keys != NULL && t < c->accounts[i].n_tokens; t++)
            rd_token_wipe(&c->accounts[i].keys[t]);
}
