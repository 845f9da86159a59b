/* send_derive.c - one-call send: the thousands of rounds of SCRAM's key are done off the loop's thread.
 * mailproto/sasl.h, DERIVE; RFC 5802 section 2.2. */
#include <string.h>

#include "send.h"

struct mp_send_derivation {
    uint64_t token; /* 0: the session that wanted it has gone */
    uint32_t hash, iterations;
    mailproto_text password, salt;
    uint8_t key[MAILPROTO_DIGEST_MAX];
    int32_t result;
};

static void derive(void *user)
{
    const mailproto_host_sending *s = user;
    struct mp_send_derivation *d = s->derivation;

    d->result = mailproto_sasl_derive(s->sasl.crypto, d->hash, d->password.ptr, d->password.len, d->salt.ptr,
                                      d->salt.len, d->iterations, d->key);
}

static void derived(int32_t result, void *user)
{
    mailproto_host_sending *s = user;
    struct mp_send_derivation *d = s->derivation;
    int fine = !result && !d->result;

    s->deriving = 0;
    if (!s->connection) { /* the outcome has waited for this */
        mp_send_finish(s);
        return;
    }
    /* what the thread could not do the provider tries itself, and fails as it does */
    if (s->session && d->token)
        (void)mailproto_smtp_client_derived(s->client, d->token, fine ? d->key : NULL,
                                            fine ? mailproto_hash_size(d->hash) : 0);
    mp_host_wipe(d->key, sizeof d->key);
}

int32_t mp_send_derive(mailproto_host_sending *s, const mailproto_sasl_derive_wanted *wanted)
{
    struct mp_send_derivation *d = mp_send_take(s, sizeof *d);
    int failed = !d;

    if (failed || s->deriving)
        return MAILPROTO_USE_DEFAULT;
    d->token = wanted->head.token;
    d->hash = wanted->hash;
    d->iterations = wanted->iterations;
    d->password = mp_send_copy(s, wanted->password, &failed);
    d->salt = mp_send_copy(s, wanted->salt, &failed);
    s->derivation = d;
    if (failed || mailproto_host_work(s->host, derive, derived, s))
        return MAILPROTO_USE_DEFAULT;
    s->deriving = 1;
    return MAILPROTO_OK;
}

int mp_send_derive_leave(mailproto_host_sending *s)
{
    if (s->deriving)
        s->derivation->token = 0;
    return s->deriving;
}
