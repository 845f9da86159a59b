/* config.c - what the configs of both roles are checked for, and how their texts are kept.
 * RFC 4422 section 3.1 (names); contract.md section 2, "Capabilities cannot lie". */
#include "sasl/config.h"

#include <string.h>

#include "core/ascii.h"
#include "core/config.h"

enum { NAME_MAX_LENGTH = 20 };

int32_t mp_sasl_keep_crypto(mailproto_crypto *own, const mailproto_crypto **crypto, uint32_t mechanisms,
                            const char **why)
{
    uint32_t needed = 0;

    for (uint32_t bit = 1; bit & MP_SASL_EVERY; bit <<= 1)
        if (bit & mechanisms)
            needed |= mp_sasl_hash(bit);
    if (!*crypto)
        return needed ? mp_refuse(why, MAILPROTO_ERR_CONFIG, "CRAM-MD5 and SCRAM need a crypto provider: set `crypto`")
                      : MAILPROTO_OK;
    if (mp_struct_copy(own, sizeof *own, *crypto))
        return mp_refuse(why, MAILPROTO_ERR_ARG, "the crypto provider's struct_size is wrong");
    *crypto = own;
    if (!own->hash || !own->hmac || !own->pbkdf2 || !own->random)
        return mp_refuse(why, MAILPROTO_ERR_CONFIG, "the crypto provider lacks a function");
    if (needed & ~own->hashes)
        return mp_refuse(why, MAILPROTO_ERR_CONFIG, "the crypto provider lacks the hash of a mechanism");
    return MAILPROTO_OK;
}

/* sasl-mech = 1*20(UPPER-ALPHA / DIGIT / "-" / "_"); the library's own are not the host's to say */
static int is_name(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!mp_ascii_is_upper(name[i]) && !mp_ascii_is_digit(name[i]) && name[i] != '-' && name[i] != '_')
            return 0;
    return len && len <= NAME_MAX_LENGTH && !mailproto_sasl_mechanism(name, len);
}

int mp_sasl_names_fit(mailproto_text names, int several)
{
    size_t from = 0;

    if (names.len > MP_SASL_TEXT_MAX)
        return 0;
    for (size_t i = 0; i <= names.len; i++) {
        if (i < names.len && !(several && names.ptr[i] == ' '))
            continue;
        if (!is_name(names.ptr + from, i - from))
            return 0;
        from = i + 1;
    }
    return 1;
}

int mp_sasl_text_fits(mailproto_text text, const char *forbidden)
{
    for (size_t i = 0; i < text.len && text.len <= MP_SASL_TEXT_MAX; i++)
        if (!mp_ascii_is((uint8_t)text.ptr[i], MP_PRINT) || text.ptr[i] == '"' || text.ptr[i] == '\\' ||
            memchr(forbidden, text.ptr[i], strlen(forbidden)))
            return 0;
    return text.len <= MP_SASL_TEXT_MAX;
}

void mp_sasl_keep_text(mailproto_text *text, char **place)
{
    if (text->len)
        memcpy(*place, text->ptr, text->len);
    text->ptr = *place;
    *place += text->len;
}

int32_t mp_sasl_prepare_own(const char *text, size_t len, uint32_t query, char *out, size_t cap, size_t *made,
                            void *user)
{
    (void)user;
    return mailproto_sasl_saslprep(text, len, query, out, cap, made);
}
