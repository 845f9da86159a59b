/* mechanisms.c - the names of the SASL mechanisms and their bits.
 * RFC 4422 section 3.1: names are matched without regard to case. */
#include <string.h>

#include "core/ascii.h"
#include "sasl/sasl.h"

/* In the order they are offered: the best first. */
static const struct {
    uint16_t bit;
    char name[20];
} mechanisms[] = {
    {MAILPROTO_SASL_SCRAM_SHA_512_PLUS, "SCRAM-SHA-512-PLUS"},
    {MAILPROTO_SASL_SCRAM_SHA_256_PLUS, "SCRAM-SHA-256-PLUS"},
    {MAILPROTO_SASL_SCRAM_SHA_1_PLUS, "SCRAM-SHA-1-PLUS"},
    {MAILPROTO_SASL_SCRAM_SHA_512, "SCRAM-SHA-512"},
    {MAILPROTO_SASL_SCRAM_SHA_256, "SCRAM-SHA-256"},
    {MAILPROTO_SASL_SCRAM_SHA_1, "SCRAM-SHA-1"},
    {MAILPROTO_SASL_CRAM_MD5, "CRAM-MD5"},
    {MAILPROTO_SASL_EXTERNAL, "EXTERNAL"},
    {MAILPROTO_SASL_OAUTHBEARER, "OAUTHBEARER"},
    {MAILPROTO_SASL_XOAUTH2, "XOAUTH2"},
    {MAILPROTO_SASL_PLAIN, "PLAIN"},
    {MAILPROTO_SASL_LOGIN, "LOGIN"},
    {MAILPROTO_SASL_ANONYMOUS, "ANONYMOUS"},
};

enum { MECHANISMS = sizeof mechanisms / sizeof mechanisms[0] };

uint32_t mailproto_sasl_mechanism(const char *name, size_t len)
{
    for (size_t i = 0; i < MECHANISMS; i++)
        if (mp_ascii_equal(name, len, mechanisms[i].name))
            return mechanisms[i].bit;
    return 0;
}

const char *mailproto_sasl_mechanism_name(uint32_t mechanism)
{
    for (size_t i = 0; i < MECHANISMS; i++)
        if (mechanisms[i].bit == mechanism)
            return mechanisms[i].name;
    return NULL;
}

uint32_t mp_sasl_hash(uint32_t mechanism)
{
    if (mechanism & MAILPROTO_SASL_CRAM_MD5)
        return MAILPROTO_HASH_MD5;
    if (mechanism & (MAILPROTO_SASL_SCRAM_SHA_1 | MAILPROTO_SASL_SCRAM_SHA_1_PLUS))
        return MAILPROTO_HASH_SHA_1;
    if (mechanism & (MAILPROTO_SASL_SCRAM_SHA_256 | MAILPROTO_SASL_SCRAM_SHA_256_PLUS))
        return MAILPROTO_HASH_SHA_256;
    return mechanism & (MAILPROTO_SASL_SCRAM_SHA_512 | MAILPROTO_SASL_SCRAM_SHA_512_PLUS) ? MAILPROTO_HASH_SHA_512 : 0;
}

static size_t put(char *out, const char *name, size_t len)
{
    out[0] = ' ';
    memcpy(out + 1, name, len);
    return len + 1;
}

size_t mp_sasl_names(char *out, uint32_t set, mailproto_text other)
{
    size_t n = 0;

    for (size_t i = 0; i < MECHANISMS; i++)
        if (set & mechanisms[i].bit)
            n += put(out + n, mechanisms[i].name, strlen(mechanisms[i].name));
    if (set & MAILPROTO_SASL_OTHER && other.len)
        n += put(out + n, other.ptr, other.len);
    return n;
}

int mp_sasl_is_other(mailproto_text other, const char *name, size_t len, mailproto_text *found)
{
    size_t from = 0, to;

    for (; len && from < other.len; from = to + 1) {
        for (to = from; to < other.len && other.ptr[to] != ' '; to++)
            ;
        *found = (mailproto_text){other.ptr + from, to - from};
        if (found->len == len && mp_ascii_same(found->ptr, name, len))
            return 1;
    }
    return 0;
}
