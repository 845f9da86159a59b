/* server_alone.c - a server's exchange on its own, for protocols that mailproto has no engine of.
 * RFC 4422 section 3; mailproto/sasl.h. */
#include <string.h>

#include "core/config.h"
#include "sasl/server.h"

struct mailproto_sasl_server {
    mailproto_allocator allocator;
    struct mp_sasl_server_settings *settings;
    struct mp_sasl_channel *channel;
    struct mp_sasl_server *exchange;
};

static int32_t make(struct mailproto_sasl_server *s, const mailproto_sasl_server_config *config,
                    const mailproto_tls_info *tls, const char **why)
{
    mailproto_tls_info info;
    int32_t result;

    if (!config->mechanisms)
        return mp_refuse(why, MAILPROTO_ERR_CONFIG, "the config offers no mechanism");
    result = mp_sasl_server_keep(&s->settings, config, config->mechanisms, &s->allocator, why);
    if (result)
        return result;
    if (tls) {
        if (mp_struct_copy(&info, sizeof info, tls))
            return mp_refuse(why, MAILPROTO_ERR_ARG, "the TLS info's struct_size is wrong");
        result = mp_sasl_channel_keep(&s->channel, &info, &s->allocator);
    }
    if (!result)
        s->exchange = mp_sasl_server_begin(s->settings, s->channel, tls != NULL,
                                           mp_sasl_server_offers(config->mechanisms, s->channel), &s->allocator);
    return s->exchange ? MAILPROTO_OK : mp_refuse(why, MAILPROTO_ERR_NOMEM, "no memory for the exchange");
}

int32_t mailproto_sasl_server_new(mailproto_sasl_server **out, const mailproto_sasl_server_config *config,
                                  const mailproto_tls_info *tls, const mailproto_allocator *allocator, const char **why)
{
    const char *unheard;
    mailproto_allocator own;
    mailproto_sasl_server *s;
    int32_t result;

    if (!why)
        why = &unheard;
    *why = NULL;
    if (!out || !config || config->struct_size < offsetof(mailproto_sasl_server_config, crypto))
        return mp_refuse(why, MAILPROTO_ERR_ARG, "an argument is missing, or the SASL config's struct_size is wrong");
    if (mp_allocator_copy(&own, allocator))
        return mp_refuse(why, MAILPROTO_ERR_ARG, "the allocator lacks a function");
    s = mp_alloc_zero(&own, sizeof *s);
    if (!s)
        return mp_refuse(why, MAILPROTO_ERR_NOMEM, "no memory for the exchange");
    s->allocator = own;
    result = make(s, config, tls, why);
    if (result) {
        mailproto_sasl_server_free(s);
        return result;
    }
    *out = s;
    return MAILPROTO_OK;
}

void mailproto_sasl_server_free(mailproto_sasl_server *server)
{
    mailproto_allocator allocator;

    if (!server)
        return;
    allocator = server->allocator;
    mp_sasl_server_end(server->exchange);
    mp_sasl_channel_forget(&server->channel, &allocator);
    mp_sasl_server_settings_free(server->settings, &allocator);
    mp_free(&allocator, server, sizeof *server);
}

uint32_t mailproto_sasl_server_offers(const mailproto_sasl_server *server)
{
    return server ? server->exchange->offers : 0;
}

/* ---- moving ---- */

int32_t mailproto_sasl_server_start(mailproto_sasl_server *server, const char *mechanism, size_t len,
                                    const void *initial, size_t initial_len)
{
    if (!server || !mechanism || (!initial && initial_len))
        return MAILPROTO_ERR_ARG;
    return mp_sasl_server_start(server->exchange, mechanism, len, initial, initial_len);
}

int32_t mailproto_sasl_server_respond(mailproto_sasl_server *server, const void *message, size_t len)
{
    if (!server || (!message && len))
        return MAILPROTO_ERR_ARG;
    if (server->exchange->state != MAILPROTO_SASL_SEND)
        return MAILPROTO_ERR_STATE;
    return mp_sasl_server_respond(server->exchange, message ? message : "", len);
}

/* What follows an answer that was taken. */
static int32_t go_on(mailproto_sasl_server *server, int32_t taken)
{
    return taken ? taken : mp_sasl_server_move(server->exchange);
}

int32_t mailproto_sasl_server_keys(mailproto_sasl_server *server, const mailproto_sasl_keys *keys)
{
    return server ? go_on(server, mp_sasl_server_take_keys(server->exchange, keys)) : MAILPROTO_ERR_ARG;
}

int32_t mailproto_sasl_server_derived(mailproto_sasl_server *server, const void *key, size_t len)
{
    if (!server)
        return MAILPROTO_ERR_ARG;
    if (server->exchange->state != MAILPROTO_SASL_DERIVE)
        return MAILPROTO_ERR_STATE;
    return go_on(server, mp_sasl_derive_take(&server->exchange->derive, key, len));
}

int32_t mailproto_sasl_server_step(mailproto_sasl_server *server, const mailproto_sasl_stepped *stepped)
{
    return server ? go_on(server, mp_sasl_server_take_step(server->exchange, stepped)) : MAILPROTO_ERR_ARG;
}

int32_t mailproto_sasl_server_verdict(mailproto_sasl_server *server, uint32_t accepted)
{
    return server ? go_on(server, mp_sasl_server_take_verdict(server->exchange, accepted)) : MAILPROTO_ERR_ARG;
}

int32_t mailproto_sasl_server_fail(mailproto_sasl_server *server, int32_t why)
{
    if (!server || why >= 0)
        return MAILPROTO_ERR_ARG;
    if (server->exchange->state < MAILPROTO_SASL_KEYS || server->exchange->state > MAILPROTO_SASL_AUTH)
        return MAILPROTO_ERR_STATE;
    return mp_sasl_server_take_failure(server->exchange, why);
}

/* ---- what it waits for ---- */

int32_t mailproto_sasl_state_init(mailproto_sasl_state *state, size_t size)
{
    return mp_struct_init(state, size);
}

static void fill_auth(const struct mp_sasl_server *x, mailproto_sasl_state *state)
{
    state->outcome = x->outcome;
    state->host = x->host;
    state->port = x->port;
    if (x->outcome == MAILPROTO_SASL_CHECK)
        state->password = x->who.password;
}

static void fill(const struct mp_sasl_server *x, mailproto_sasl_state *state)
{
    state->state = x->state;
    state->mechanism = x->mechanism ? x->mechanism->bit : 0;
    state->mechanism_name = x->mechanism_name;
    state->authorization = x->who.authorization;
    state->name = x->who.name;
    if (x->state == MAILPROTO_SASL_SEND || x->state == MAILPROTO_SASL_STEP) {
        state->message = x->message;
        state->has_message = x->message.ptr != NULL;
        state->secret = x->secret;
    } else if (x->state == MAILPROTO_SASL_KEYS) {
        state->hash = x->hash;
        state->password_needed = x->password_needed;
    } else if (x->state == MAILPROTO_SASL_DERIVE) {
        state->hash = x->derive.hash;
        state->iterations = x->derive.iterations;
        state->password = x->derive.password;
        state->salt = x->derive.salt;
    } else if (x->state == MAILPROTO_SASL_AUTH) {
        fill_auth(x, state);
    } else if (x->state == MAILPROTO_SASL_FAILURE) {
        const char *text = x->text ? x->text : mailproto_result_text(x->why);

        state->why = x->why;
        state->text = (mailproto_text){text, strlen(text)};
    }
}

int32_t mailproto_sasl_server_state(const mailproto_sasl_server *server, mailproto_sasl_state *state)
{
    mailproto_sasl_state own = {0};

    if (!server || !state || state->struct_size < sizeof state->struct_size)
        return MAILPROTO_ERR_ARG;
    own.struct_size = state->struct_size;
    fill(server->exchange, &own);
    memcpy(state, &own, own.struct_size < sizeof own ? own.struct_size : sizeof own);
    return MAILPROTO_OK;
}
