/* rooms.c - what both drivers share: pieces of memory that are wiped, comparing, what TLS knows.
 * RFC 4422 section 6; contract.md section 2, "Security is the default". */
#include <string.h>

#include "core/utf8.h"
#include "sasl/sasl.h"

void *mp_sasl_room(struct mp_sasl_rooms *rooms, unsigned kind, size_t n)
{
    char *earlier = rooms->room[kind].p;

    if (earlier)
        mp_wipe(earlier, rooms->room[kind].n);
    mp_free(rooms->allocator, earlier, rooms->room[kind].n);
    rooms->room[kind].p = n ? mp_alloc_zero(rooms->allocator, n) : NULL;
    rooms->room[kind].n = n;
    return rooms->room[kind].p;
}

void mp_sasl_rooms_free(struct mp_sasl_rooms *rooms)
{
    for (unsigned kind = 0; kind < MP_SASL_ROOMS; kind++)
        (void)mp_sasl_room(rooms, kind, 0);
}

int mp_sasl_same(const void *a, const void *b, size_t n)
{
    const volatile uint8_t *p = a, *q = b;
    uint32_t differ = 0;

    for (size_t i = 0; i < n; i++)
        differ |= (uint32_t)(p[i] ^ q[i]);
    return !differ;
}

int mp_sasl_malformed(const char *text, size_t n)
{
    return n && (memchr(text, 0, n) || !mp_utf8_valid((const uint8_t *)text, n));
}

void mp_sasl_put_hex(char *out, const uint8_t *octets, size_t n)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[octets[i] >> 4];
        out[2 * i + 1] = digits[octets[i] & 15];
    }
}

/* ---- the channel ---- */

static char *keep_text(mailproto_text *to, mailproto_text from, char *place)
{
    *to = (mailproto_text){place, from.len};
    if (from.len)
        memcpy(place, from.ptr, from.len);
    return place + from.len;
}

int32_t mp_sasl_channel_keep(struct mp_sasl_channel **channel, const mailproto_tls_info *info,
                             const mailproto_allocator *allocator)
{
    static const mailproto_tls_info nothing = {.struct_size = sizeof nothing};
    struct mp_sasl_channel *made;
    size_t size;
    char *place;

    mp_sasl_channel_forget(channel, allocator);
    if (!info)
        info = &nothing;
    size = sizeof *made + info->peer_name.len + info->unique.len + info->exporter.len + info->server_end_point.len;
    made = mp_alloc_zero(allocator, size);
    if (!made)
        return MAILPROTO_ERR_NOMEM;
    made->size = size;
    made->version = info->version;
    made->verified = info->verified;
    place = keep_text(&made->peer_name, info->peer_name, (char *)(made + 1));
    place = keep_text(&made->unique, info->unique, place);
    place = keep_text(&made->exporter, info->exporter, place);
    (void)keep_text(&made->server_end_point, info->server_end_point, place);
    *channel = made;
    return MAILPROTO_OK;
}

void mp_sasl_channel_forget(struct mp_sasl_channel **channel, const mailproto_allocator *allocator)
{
    struct mp_sasl_channel *known = *channel;
    size_t size;

    if (!known)
        return;
    size = known->size;
    mp_wipe(known, size);
    mp_free(allocator, known, size);
    *channel = NULL;
}

/* ---- DERIVE ---- */

int32_t mp_sasl_derive_take(struct mp_sasl_derive *derive, const void *key, size_t len)
{
    if (!key) {
        derive->given = 0;
        return MAILPROTO_OK;
    }
    if (len != mailproto_hash_size(derive->hash))
        return MAILPROTO_ERR_ARG;
    memcpy(derive->key, key, len);
    derive->given = 1;
    return MAILPROTO_OK;
}

int32_t mp_sasl_derive_done(struct mp_sasl_derive *derive, const mailproto_crypto *crypto)
{
    if (derive->given)
        return MAILPROTO_OK;
    return mailproto_sasl_derive(crypto, derive->hash, derive->password.ptr, derive->password.len, derive->salt.ptr,
                                 derive->salt.len, derive->iterations, derive->key);
}
