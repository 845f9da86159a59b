/* sasl_client.c - fuzz target: a client's exchanges; the input is what a server says, which knows no password.
 * RFC 4422 section 3; include/mailproto/sasl.h. The form of an input is told in sasl_host.h; its first message is what is
 * offered.
 *
 * The head: 0 the order: 0 the default's, else begins with that mechanism   1 bits: 1 clear text may go without TLS, 2 the
 * host derives, 4 somebody else is acted as, 8 the server says that it succeeded   3 TLS: 0 none, 1 1.2, 2 1.3
 * 4 and 5 which allocation fails   6 limit of messages, if not 0: 64 of it */
#include "fuzz.h"
#include "sasl_host.h"

const char *const fuzz_before_message = "@@@@@@@@PLAIN~", *const fuzz_after_message = "";

static const char password[] = "wonderland";

struct play {
    struct sasl_input in;
    mailproto_crypto crypto;
    uint64_t random;
    struct test_allocator memory;
    mailproto_sasl_client *client;
    uint32_t order;
};

static void make(struct play *p)
{
    mailproto_sasl_client_config config;
    mailproto_tls_info info = sasl_tls(p->in.head[3] == 1 ? 0x0303 : 0x0304);
    int32_t result;

    mailproto_sasl_client_config_init(&config, sizeof config);
    p->crypto = sasl_provider(&p->random);
    config.crypto = &p->crypto;
    config.other = (mailproto_text){"NTLM", 4};
    config.min_iterations = 2;
    config.max_message = p->in.head[6] * 64;
    if (p->in.head[0])
        for (uint32_t i = 0; i < 14; i++)
            config.order[i] = 1u << (p->in.head[0] - 1 + i) % 14;
    result = mailproto_sasl_client_new(&p->client, &config, p->in.head[3] ? &info : NULL, p->in.head[1] & 1,
                                       &p->memory.api, NULL);
    sasl_demand(!result || (result == MAILPROTO_ERR_NOMEM && p->memory.failed), "the config is one");
}

/* ---- the host ---- */

static int32_t derive(struct play *p, const mailproto_sasl_state *state)
{
    uint8_t key[MAILPROTO_DIGEST_MAX];

    sasl_demand(state->iterations >= 2 && state->iterations <= 1000000, "iterations are within the limits");
    if (!(p->in.head[1] & 2))
        return mailproto_sasl_client_derived(p->client, NULL, 0);
    sasl_demand(mailproto_sasl_client_derived(p->client, key, 1) == MAILPROTO_ERR_ARG, "a key is a digest");
    mailproto_sasl_derive(&p->crypto, state->hash, state->password.ptr, state->password.len, state->salt.ptr,
                          state->salt.len, state->iterations, key);
    return mailproto_sasl_client_derived(p->client, key, mailproto_hash_size(state->hash));
}

static int32_t step(struct play *p, const mailproto_sasl_state *state)
{
    mailproto_sasl_stepped stepped;

    mailproto_sasl_stepped_init(&stepped, sizeof stepped);
    stepped.result = state->message.len ? (uint32_t)(uint8_t)state->message.ptr[0] % 3 : 0;
    stepped.message = state->has_message ? (mailproto_text){"answer", 6} : (mailproto_text){NULL, 0};
    return mailproto_sasl_client_step(p->client, &stepped);
}

static int32_t answer(struct play *p, int32_t result)
{
    uint32_t clear = MAILPROTO_SASL_CLEARTEXT;
    mailproto_sasl_state state;

    mailproto_sasl_state_init(&state, sizeof state);
    while (result >= MAILPROTO_SASL_CREDENTIALS && result <= MAILPROTO_SASL_STEP) {
        mailproto_sasl_client_state(p->client, &state);
        sasl_demand(state.state == (uint32_t)result, "the state is what was answered");
        if (result == MAILPROTO_SASL_DERIVE)
            result = derive(p, &state);
        else if (result == MAILPROTO_SASL_STEP)
            result = step(p, &state);
        else
            result = mailproto_sasl_client_credentials(p->client, "alice", p->in.head[1] & 4 ? 5 : 0, "alice", 5,
                                                       password, strlen(password));
    }
    mailproto_sasl_client_state(p->client, &state);
    if (result == MAILPROTO_SASL_SEND) {
        sasl_hear(&p->in, state.message);
        sasl_demand(p->in.head[3] || p->in.head[1] & 1 || !(state.mechanism & clear), "no clear text without TLS");
        sasl_demand(state.mechanism & clear || !sasl_holds(state.message, password), "the password is not said");
    } else if (result == MAILPROTO_SASL_FAILURE) {
        sasl_demand(state.why < 0 && state.text.len, "a failure has a reason");
    }
    return result;
}

/* ---- the exchange ---- */

/* A copy of exactly its size, so that a sanitizer sees every octet beyond. */
static int32_t hear(struct play *p, int begin)
{
    char *copy = malloc(p->in.message_len ? p->in.message_len : 1);
    int32_t result;

    sasl_demand(copy != NULL, "there is memory");
    memcpy(copy, p->in.message, p->in.message_len);
    result = begin ? mailproto_sasl_client_start(p->client, copy, p->in.message_len)
                   : mailproto_sasl_client_challenged(p->client, copy, p->in.message_len);
    free(copy);
    return result;
}

static void succeed(struct play *p)
{
    uint32_t scram = MAILPROTO_SASL_SCRAM | MAILPROTO_SASL_SCRAM_PLUS;
    mailproto_sasl_state state;
    int32_t result;

    mailproto_sasl_state_init(&state, sizeof state);
    mailproto_sasl_client_state(p->client, &state);
    result = mailproto_sasl_client_outcome(p->client, p->in.head[1] >> 3 & 1);
    sasl_demand(result == MAILPROTO_SASL_FAILURE || (p->in.head[1] & 8 && !(state.mechanism & scram)),
                "a server that does not know the keys is not believed");
}

static int32_t exchange(struct play *p)
{
    int32_t result = sasl_next_message(&p->in) ? hear(p, 1) : MAILPROTO_ERR_UNSUPPORTED;

    if (result == MAILPROTO_ERR_UNSUPPORTED)
        return result;
    result = answer(p, result);
    while (result == MAILPROTO_SASL_SEND && sasl_next_message(&p->in) && p->in.message_len != 1)
        result = answer(p, hear(p, 0));
    if (result == MAILPROTO_SASL_SEND)
        succeed(p);
    sasl_demand(result > 0 || (result == MAILPROTO_ERR_NOMEM && p->memory.failed), "an answer is taken");
    return result;
}

static void play(const uint8_t *data, size_t size, size_t fail_at)
{
    struct play *p = malloc(sizeof *p);

    sasl_demand(p != NULL, "there is memory");
    memset(p, 0, sizeof *p);
    if (sasl_read_head(&p->in, data, size)) {
        p->in.head[0] %= 15;
        test_allocator_init(&p->memory);
        p->memory.fail_at = fail_at;
        p->memory.secret = password;
        make(p);
        for (int i = 0; p->client && i < 16; i++) {
            mailproto_sasl_state state;

            mailproto_sasl_state_init(&state, sizeof state);
            mailproto_sasl_client_state(p->client, &state);
            if (state.state == MAILPROTO_SASL_SUCCESS || exchange(p) == MAILPROTO_ERR_UNSUPPORTED)
                break;
        }
        mailproto_sasl_client_free(p->client);
        sasl_demand(!p->memory.live && !p->memory.leaks, "memory comes back, without secrets");
    }
    free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    play(data, size, 0);
    if (size >= SASL_HEAD)
        play(data, size, 1 + (data[4] & 31));
    return 0;
}
