/* client_alone.c - a client's exchange on its own, for protocols that mailproto has no engine of.
 * RFC 4422 section 3; mailproto/sasl.h. */
#include "core/config.h"
#include "sasl/client.h"

struct mailproto_sasl_client {
    mailproto_allocator allocator;
    struct mp_sasl_client_settings *settings;
    struct mp_sasl_channel *channel;
    struct mp_sasl_client *exchange; /* NULL: none was begun */
    uint32_t tls, cleartext;
    uint32_t tried;
    uint32_t state;
    int32_t why;
    const char *text;
};

static int32_t make(struct mailproto_sasl_client *c, const mailproto_sasl_client_config *config,
                    const mailproto_tls_info *tls, const char **why)
{
    mailproto_tls_info info;
    int32_t result = mp_sasl_client_keep(&c->settings, config, &c->allocator, why);

    if (result || !tls)
        return result;
    if (mp_struct_copy(&info, sizeof info, tls))
        return mp_refuse(why, MAILPROTO_ERR_ARG, "the TLS info's struct_size is wrong");
    c->tls = 1;
    result = mp_sasl_channel_keep(&c->channel, &info, &c->allocator);
    return result ? mp_refuse(why, result, "no memory for the channel binding") : MAILPROTO_OK;
}

int32_t mailproto_sasl_client_new(mailproto_sasl_client **out, const mailproto_sasl_client_config *config,
                                  const mailproto_tls_info *tls, uint32_t cleartext,
                                  const mailproto_allocator *allocator, const char **why)
{
    const char *unheard;
    mailproto_allocator own;
    mailproto_sasl_client *c;
    int32_t result;

    if (!why)
        why = &unheard;
    *why = NULL;
    if (!out || !config || cleartext > 1)
        return mp_refuse(why, MAILPROTO_ERR_ARG, "an argument is missing, or cleartext is neither 0 nor 1");
    if (mp_allocator_copy(&own, allocator))
        return mp_refuse(why, MAILPROTO_ERR_ARG, "the allocator lacks a function");
    c = mp_alloc_zero(&own, sizeof *c);
    if (!c)
        return mp_refuse(why, MAILPROTO_ERR_NOMEM, "no memory for the exchange");
    c->allocator = own;
    c->cleartext = cleartext;
    result = make(c, config, tls, why);
    if (result) {
        mailproto_sasl_client_free(c);
        return result;
    }
    *out = c;
    return MAILPROTO_OK;
}

void mailproto_sasl_client_free(mailproto_sasl_client *client)
{
    mailproto_allocator allocator;

    if (!client)
        return;
    allocator = client->allocator;
    mp_sasl_client_end(client->exchange);
    mp_sasl_channel_forget(&client->channel, &allocator);
    mp_sasl_client_settings_free(client->settings, &allocator);
    mp_free(&allocator, client, sizeof *client);
}

/* ---- moving ---- */

static int32_t failed(mailproto_sasl_client *c, int32_t why, const char *text)
{
    c->state = MAILPROTO_SASL_FAILURE;
    c->why = why;
    c->text = text ? text : mailproto_result_text(why);
    return MAILPROTO_SASL_FAILURE;
}

/* What the mechanism answered. A server that breaks it, or is another one, is told nothing more: no other is tried. */
static int32_t settle(mailproto_sasl_client *c, int32_t result)
{
    if (result > 0) {
        c->state = (uint32_t)result;
        return result;
    }
    c->tried = UINT32_MAX;
    (void)failed(c, result, c->exchange->text);
    return result == MAILPROTO_ERR_NOMEM ? result : MAILPROTO_SASL_FAILURE;
}

static uint32_t read_names(const mailproto_sasl_client *c, const char *names, size_t len)
{
    uint32_t set = 0;
    size_t from = 0;

    for (size_t i = 0; i <= len; i++) {
        if (i < len && names[i] != ' ')
            continue;
        set |= mp_sasl_client_offered(c->settings, names + from, i - from);
        from = i + 1;
    }
    return set;
}

int32_t mailproto_sasl_client_start(mailproto_sasl_client *client, const char *offered, size_t len)
{
    uint32_t set, mechanism;

    if (!client || (!offered && len))
        return MAILPROTO_ERR_ARG;
    if (client->state && client->state != MAILPROTO_SASL_FAILURE)
        return MAILPROTO_ERR_STATE;
    set = len ? read_names(client, offered, len) : 0;
    mechanism = set & ~client->tried;
    if (!client->tls && !client->cleartext)
        mechanism &= ~(uint32_t)MAILPROTO_SASL_CLEARTEXT;
    mechanism = mp_sasl_client_first(client->settings, client->channel, mechanism);
    if (!mechanism)
        return MAILPROTO_ERR_UNSUPPORTED;
    mp_sasl_client_end(client->exchange);
    client->exchange =
        mp_sasl_client_begin(client->settings, client->channel, client->tls, mechanism, set, &client->allocator);
    if (!client->exchange) {
        (void)failed(client, MAILPROTO_ERR_NOMEM, NULL);
        return MAILPROTO_ERR_NOMEM;
    }
    client->tried |= mechanism;
    client->state = MAILPROTO_SASL_CREDENTIALS;
    return MAILPROTO_SASL_CREDENTIALS;
}

int32_t mailproto_sasl_client_credentials(mailproto_sasl_client *client, const char *authorization,
                                          size_t authorization_len, const char *name, size_t name_len,
                                          const char *password, size_t password_len)
{
    const struct mp_sasl_identity who = {{authorization, authorization_len},
                                         {name, name_len},
                                         {password, password_len}};
    int32_t result;

    if (!client || (!authorization && authorization_len) || (!name && name_len) || (!password && password_len))
        return MAILPROTO_ERR_ARG;
    if (client->state != MAILPROTO_SASL_CREDENTIALS)
        return MAILPROTO_ERR_STATE;
    result = mp_sasl_client_give(client->exchange, &who);
    if (result)
        return result;
    if (client->exchange->mechanism->flags & MP_SASL_INITIAL)
        return settle(client, mp_sasl_client_next(client->exchange, NULL, 0));
    client->state = MAILPROTO_SASL_SEND;
    return MAILPROTO_SASL_SEND;
}

int32_t mailproto_sasl_client_challenged(mailproto_sasl_client *client, const void *message, size_t len)
{
    if (!client || (!message && len))
        return MAILPROTO_ERR_ARG;
    if (client->state != MAILPROTO_SASL_SEND)
        return MAILPROTO_ERR_STATE;
    if (len > client->settings->config.max_message) {
        client->tried = UINT32_MAX;
        return failed(client, MAILPROTO_ERR_LIMIT, "the server's message is too long");
    }
    return settle(client, mp_sasl_client_next(client->exchange, message ? message : "", len));
}

int32_t mailproto_sasl_client_derived(mailproto_sasl_client *client, const void *key, size_t len)
{
    int32_t result;

    if (!client)
        return MAILPROTO_ERR_ARG;
    if (client->state != MAILPROTO_SASL_DERIVE)
        return MAILPROTO_ERR_STATE;
    result = mp_sasl_derive_take(&client->exchange->derive, key, len);
    return result ? result : settle(client, mp_sasl_client_next(client->exchange, NULL, 0));
}

int32_t mailproto_sasl_client_step(mailproto_sasl_client *client, const mailproto_sasl_stepped *stepped)
{
    int32_t result;

    if (!client)
        return MAILPROTO_ERR_ARG;
    if (client->state != MAILPROTO_SASL_STEP)
        return MAILPROTO_ERR_STATE;
    result = mp_sasl_client_take_step(client->exchange, stepped);
    return result ? result : settle(client, mp_sasl_client_next(client->exchange, NULL, 0));
}

int32_t mailproto_sasl_client_outcome(mailproto_sasl_client *client, uint32_t succeeded)
{
    if (!client || succeeded > 1)
        return MAILPROTO_ERR_ARG;
    if (client->state != MAILPROTO_SASL_SEND)
        return MAILPROTO_ERR_STATE;
    if (!succeeded)
        return failed(client, MAILPROTO_ERR_AUTH,
                      client->exchange->text ? client->exchange->text : "the server refused the login");
    if (!client->exchange->complete) {
        client->tried = UINT32_MAX;
        return failed(client, MAILPROTO_ERR_AUTH, "the server says that it succeeded, and has not proven itself");
    }
    client->state = MAILPROTO_SASL_SUCCESS;
    return MAILPROTO_SASL_SUCCESS;
}

/* ---- what it waits for ---- */

static void fill_exchange(const mailproto_sasl_client *c, mailproto_sasl_state *state)
{
    const struct mp_sasl_client *x = c->exchange;

    state->mechanism = x->mechanism->bit;
    state->mechanism_name = mp_sasl_client_name(x);
    if (c->state == MAILPROTO_SASL_SEND || c->state == MAILPROTO_SASL_STEP) {
        state->message = x->message;
        state->has_message = x->message.ptr != NULL;
        state->last = x->complete;
        state->secret = (x->mechanism->bit & (MAILPROTO_SASL_CLEARTEXT | MAILPROTO_SASL_OTHER)) != 0;
    } else if (c->state == MAILPROTO_SASL_DERIVE) {
        state->hash = x->derive.hash;
        state->iterations = x->derive.iterations;
        state->password = x->derive.password;
        state->salt = x->derive.salt;
    }
}

int32_t mailproto_sasl_client_state(const mailproto_sasl_client *client, mailproto_sasl_state *state)
{
    mailproto_sasl_state own = {0};

    if (!client || !state || state->struct_size < sizeof state->struct_size)
        return MAILPROTO_ERR_ARG;
    own.struct_size = state->struct_size;
    own.state = client->state;
    if (client->exchange)
        fill_exchange(client, &own);
    if (client->state == MAILPROTO_SASL_FAILURE) {
        own.why = client->why;
        own.text = (mailproto_text){client->text, strlen(client->text)};
    }
    memcpy(state, &own, own.struct_size < sizeof own ? own.struct_size : sizeof own);
    return MAILPROTO_OK;
}
