/*
 * config_secret.c - see config_secret.h. Called by the rules, once the accounts are known.
 * A secret from env or file is not in the text, so what is in it, quoted, was written there.
 * What is written with escapes is not found.
 */
#include "app/config_secret.h"

#include <stdio.h>
#include <string.h>

#include "app/file.h"

static bool
secret_is_quote(char c)
{
    return c == '"' || c == '\'' || c == '[' || c == ']';
}

static bool
secret_is_written(struct rd_slice source, struct rd_slice secret)
{
    const char *at;

    while (secret.n > 0 && source.n > secret.n + 1
           && (at = memmem(source.p + 1, source.n - 2, secret.p, secret.n)) != NULL) {
        if (secret_is_quote(at[-1]) && secret_is_quote(at[secret.n]))
            return true;
        source = rd_slice_skip(source, (size_t)(at - source.p));
    }
    return false;
}

/* The key to name in the warning; NULL: no secret of the account is written. */
static const char *
secret_of_account(struct rd_slice source, const struct rd_account *a)
{
    for (size_t i = 0; i < a->n_tokens; i++)
        if (secret_is_written(source, a->tokens[i]))
            return "auth_token";
    return secret_is_written(source, a->api_secret) ? "api_secret" : NULL;
}

void
rd_config_warn_secrets(struct rd_config_reader *r)
{
    const struct rd_config *c = r->config;
    const char *key = secret_is_written(r->source, c->basic_password) ? "basic_auth" : NULL;

    if (r->file == NULL || !rd_file_is_world_readable(r->file))
        return;
    for (size_t i = 0; i < c->n_accounts && key == NULL; i++)
        key = secret_of_account(r->source, &c->accounts[i]);
    if (key == NULL)
        return;
    snprintf(r->path, sizeof r->path, "%s", key);
    rd_config_warn(r, "%s: anybody on this machine can read it (chmod 600)", r->file);
}
