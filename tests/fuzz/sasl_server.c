/* sasl_server.c - fuzz target: a server's exchanges; the input is what a client says, which knows no password but by writing it.
 * RFC 4422 section 3; include/mailproto/sasl.h. The form of an input is told in sasl_host.h.
 *
 * The head: 0 the mechanism, 14: all of them, named by the script   1 what is stored: 0 keys, 1 a password, 2 nothing
 * 2 bits: 1 AUTH is answered with what is stored, 2 the host lets all in, 4 without an initial response, 8 without a secret
 * 3 TLS: 0 none, 1 1.2, 2 1.3   4 and 5 which allocation fails   6 limit of messages, if not 0: 64 of it */
#include "fuzz.h"
#include "sasl_host.h"

const char *const fuzz_before_message = "@@@@@@@@", *const fuzz_after_message = "";

enum { NO_MECHANISM = 14, EVERYTHING = 0x3fff };
static const char password[] = "wonderland";

struct play {
    struct sasl_input in;
    mailproto_crypto crypto;
    uint64_t random;
    struct test_allocator memory;
    mailproto_sasl_server *server;
    unsigned checks, verdicts, proven;
    int said_password; /* a message of the client's held it */
};

static void make(struct play *p)
{
    mailproto_sasl_server_config config;
    mailproto_tls_info info = sasl_tls(p->in.head[3] == 1 ? 0x0303 : 0x0304);
    int32_t result;

    mailproto_sasl_server_config_init(&config, sizeof config);
    p->crypto = sasl_provider(&p->random);
    config.mechanisms = EVERYTHING;
    config.crypto = &p->crypto;
    config.other = (mailproto_text){"NTLM GSSAPI", 11};
    config.host_name = (mailproto_text){"mail.example", 12};
    if (!(p->in.head[2] & 8))
        config.secret = (mailproto_text){"0123456789abcdef", 16};
    config.max_message = p->in.head[6] * 64;
    config.oauth_scope = (mailproto_text){"mail", 4};
    result = mailproto_sasl_server_new(&p->server, &config, p->in.head[3] ? &info : NULL, &p->memory.api, NULL);
    sasl_demand(!result || (result == MAILPROTO_ERR_NOMEM && p->memory.failed), "the config is one");
}

/* ---- the host ---- */

static int32_t give_keys(struct play *p, const mailproto_sasl_state *state)
{
    mailproto_crypto crypto = p->crypto;
    uint64_t random = 7;
    uint8_t room[16 + 2 * MAILPROTO_DIGEST_MAX];
    mailproto_sasl_keys keys;
    uint32_t hash = state->hash ? state->hash : (uint32_t)MAILPROTO_HASH_SHA_256;

    crypto.user = &random;
    mailproto_sasl_keys_init(&keys, sizeof keys);
    if (p->in.head[1] % 3 == 1 || state->password_needed)
        keys.password = (mailproto_text){password, strlen(password)};
    else
        mailproto_sasl_make_keys(&keys, room, &crypto, hash, password, strlen(password), 2);
    return mailproto_sasl_server_keys(p->server, p->in.head[1] % 3 == 2 ? NULL : &keys);
}

static int32_t authenticate(struct play *p, const mailproto_sasl_state *state)
{
    uint32_t clear = MAILPROTO_SASL_PLAIN | MAILPROTO_SASL_LOGIN;

    if (state->outcome == MAILPROTO_SASL_CHECK) {
        sasl_demand(!p->checks && !p->verdicts, "the host judges once");
        p->checks++;
        if (p->in.head[2] & 1 && state->mechanism & clear)
            return give_keys(p, state);
    }
    sasl_demand(!p->verdicts, "one verdict an exchange");
    p->verdicts++;
    if (state->outcome == MAILPROTO_SASL_PROVEN) {
        sasl_demand(state->mechanism == MAILPROTO_SASL_OTHER || (state->mechanism & clear && p->said_password),
                    "who does not know the password proves nothing");
        p->proven++;
    }
    if (state->outcome == MAILPROTO_SASL_REFUSED) {
        sasl_demand(mailproto_sasl_server_verdict(p->server, 1) == MAILPROTO_ERR_ARG, "REFUSED cannot be accepted");
        return mailproto_sasl_server_verdict(p->server, 0);
    }
    return mailproto_sasl_server_verdict(p->server, p->in.head[2] >> 1 & 1);
}

static int32_t step(struct play *p, const mailproto_sasl_state *state)
{
    mailproto_sasl_stepped stepped;

    mailproto_sasl_stepped_init(&stepped, sizeof stepped);
    stepped.result = state->message.len ? (uint32_t)(uint8_t)state->message.ptr[0] % 4 : 0;
    stepped.message = state->message;
    stepped.name = (mailproto_text){"user", 4};
    if (mailproto_sasl_server_step(p->server, NULL) != MAILPROTO_ERR_ARG || stepped.result == 3)
        return mailproto_sasl_server_fail(p->server, MAILPROTO_ERR_HOST);
    return mailproto_sasl_server_step(p->server, &stepped);
}

static int32_t answer(struct play *p, int32_t result)
{
    mailproto_sasl_state state;

    mailproto_sasl_state_init(&state, sizeof state);
    while (result >= MAILPROTO_SASL_KEYS && result <= MAILPROTO_SASL_AUTH) {
        mailproto_sasl_server_state(p->server, &state);
        sasl_demand(state.state == (uint32_t)result, "the state is what was answered");
        if (result == MAILPROTO_SASL_KEYS)
            result = give_keys(p, &state);
        else if (result == MAILPROTO_SASL_DERIVE)
            result = mailproto_sasl_server_derived(p->server, NULL, 0);
        else
            result = result == MAILPROTO_SASL_STEP ? step(p, &state) : authenticate(p, &state);
    }
    mailproto_sasl_server_state(p->server, &state);
    if (result == MAILPROTO_SASL_SEND) {
        sasl_hear(&p->in, state.message);
        sasl_demand(p->said_password || !sasl_holds(state.message, password), /* a nonce comes back, whatever it is */
                    "the server tells nobody a password");
    } else if (result == MAILPROTO_SASL_FAILURE) {
        sasl_demand(state.why < 0 && state.text.len, "a failure has a reason");
    }
    return result;
}

/* ---- the exchange ---- */

static const char *name_of(struct play *p, size_t *len)
{
    const char *name;

    if (p->in.head[0] >= NO_MECHANISM || p->in.head[0] == 13) {
        name = sasl_next_message(&p->in) ? p->in.message : "";
        *len = p->in.message_len;
        return name;
    }
    name = mailproto_sasl_mechanism_name(1u << p->in.head[0]);
    *len = strlen(name);
    return name;
}

/* A copy of exactly its size, so that a sanitizer sees every octet beyond. */
static int32_t say(struct play *p, const char *name, size_t name_len)
{
    char *copy = malloc(p->in.message_len ? p->in.message_len : 1);
    int32_t result;

    sasl_demand(copy != NULL, "there is memory");
    memcpy(copy, p->in.message, p->in.message_len);
    p->said_password |= sasl_holds((mailproto_text){copy, p->in.message_len}, password);
    result = name ? mailproto_sasl_server_start(p->server, name, name_len, copy, p->in.message_len)
                  : mailproto_sasl_server_respond(p->server, copy, p->in.message_len);
    free(copy);
    return result;
}

static void exchange(struct play *p)
{
    size_t len;
    const char *name = name_of(p, &len);
    char own[64];
    int32_t result;

    len = len < sizeof own ? len : sizeof own;
    memcpy(own, name, len);
    p->checks = p->verdicts = 0;
    if (p->in.head[2] & 4 || !sasl_next_message(&p->in))
        result = mailproto_sasl_server_start(p->server, own, len, NULL, 0);
    else
        result = say(p, own, len);
    result = answer(p, result);
    while (result == MAILPROTO_SASL_SEND && sasl_next_message(&p->in))
        result = answer(p, say(p, NULL, 0));
    if (result == MAILPROTO_SASL_SUCCESS)
        sasl_demand(p->verdicts == 1 && p->in.head[2] & 2, "nobody comes in without a verdict");
    sasl_demand(result > 0 || result == MAILPROTO_ERR_UNSUPPORTED ||
                    (result == MAILPROTO_ERR_NOMEM && p->memory.failed) || result == MAILPROTO_ERR_LIMIT,
                "an answer is taken");
}

static void play(const uint8_t *data, size_t size, size_t fail_at)
{
    struct play *p = malloc(sizeof *p);

    sasl_demand(p != NULL, "there is memory");
    memset(p, 0, sizeof *p);
    if (sasl_read_head(&p->in, data, size)) {
        test_allocator_init(&p->memory);
        p->memory.fail_at = fail_at;
        p->memory.secret = password;
        make(p);
        for (int i = 0; p->server && i < 3 && p->in.at <= p->in.len; i++)
            exchange(p);
        mailproto_sasl_server_free(p->server);
        sasl_demand(!p->memory.live && !p->memory.leaks, "memory comes back, without secrets");
    }
    free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    play(data, size, 0);
    if (size >= SASL_HEAD)
        play(data, size, 1 + (data[4] & 31) + 32u * (data[5] & 3));
    return 0;
}
