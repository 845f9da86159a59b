/* server_apop.c - APOP: the timestamp in the greeting, and the digest that a client makes of it and of the password.
 * RFC 1939 section 7. */
#include <string.h>

#include "core/ascii.h"
#include "pop3/server.h"
#include "sasl/apop.h"
#include "sasl/password.h"

/* ---- the greeting ---- */

/* A msg-id (RFC 5322 3.6.4) that nobody has seen before, nor can foretell. */
int32_t mp_pop3_make_stamp(struct mailproto_pop3_server *s)
{
    const mailproto_allocator *allocator = &s->base.allocator;
    mailproto_text host = s->sasl->config.host_name;
    size_t n = MP_POP3_STAMP_FIXED + host.len;
    char *stamp = mp_alloc(allocator, n);
    int32_t result;

    if (!stamp)
        return MAILPROTO_ERR_NOMEM;
    result = mp_apop_timestamp(s->sasl->config.crypto, host, stamp);
    if (result) {
        mp_free(allocator, stamp, n);
        return result;
    }
    s->stamp = stamp;
    s->stamp_len = n;
    return MAILPROTO_OK;
}

/* ---- the mechanism ---- */

/* "name digest" becomes the two: 0; -1: it is something else. */
static int split(mailproto_text text, mailproto_text *name, mailproto_text *digest)
{
    if (text.len < MP_APOP_DIGEST + 2 || text.ptr[text.len - MP_APOP_DIGEST - 1] != ' ')
        return -1;
    *name = (mailproto_text){text.ptr, text.len - MP_APOP_DIGEST - 1};
    *digest = (mailproto_text){text.ptr + name->len + 1, MP_APOP_DIGEST};
    return mp_ascii_span(digest->ptr, digest->len, MP_HEX) == digest->len ? 0 : -1;
}

/* The client's digest is kept in ROOM_MESSAGE. */
static int32_t begin(struct mp_sasl_server *x, const char *message, size_t len)
{
    struct mp_sasl_identity who = {.authorization = {"", 0}, .password = {"", 0}};
    mailproto_text digest;
    char *kept;

    if (split((mailproto_text){message, len}, &who.name, &digest))
        return MAILPROTO_ERR_PROTOCOL;
    kept = mp_sasl_room(&x->rooms, MP_SASL_ROOM_MESSAGE, digest.len);
    if (!kept || mp_sasl_keep_identity(x, &who))
        return MAILPROTO_ERR_NOMEM;
    memcpy(kept, digest.ptr, digest.len);
    x->hash = MAILPROTO_HASH_MD5;
    x->password_needed = 1;
    return MAILPROTO_SASL_KEYS;
}

/* A user that there is not costs the same. The timestamp is the mechanism's name here. */
static int32_t compare(struct mp_sasl_server *x)
{
    mailproto_text password = {x->stored.known ? x->stored.text : NULL, x->stored.len};
    mailproto_text digest = {x->rooms.room[MP_SASL_ROOM_MESSAGE].p, MP_APOP_DIGEST};
    int same;
    int32_t result =
        mp_apop_check(x->settings->config.crypto, x->rooms.allocator, x->mechanism_name, password, digest, &same);

    return result ? result : mp_sasl_proven(x, same);
}

static int32_t apop_next(struct mp_sasl_server *x, const char *message, size_t len)
{
    if (message)
        return begin(x, message, len);
    return x->state == MAILPROTO_SASL_KEYS ? compare(x) : mp_sasl_decided(x);
}

static const struct mp_sasl_server_mechanism apop = {MAILPROTO_POP3_APOP, 0, apop_next};

/* ---- the command ---- */

/* Without a timestamp APOP was not offered: the provider had no octets for one. */
void mp_pop3_apop(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments)
{
    struct mp_sasl_server *x;

    mp_pop3_forget_login(s);
    if (!s->stamp) {
        mp_pop3_bad_command(s, "-ERR no timestamp was given\r\n");
        return;
    }
    x = mp_pop3_begin_login(s, 0);
    if (!x)
        return;
    x->mechanism = &apop;
    x->mechanism_name = (mailproto_text){s->stamp, s->stamp_len};
    mp_pop3_login_moved(s, mp_sasl_server_respond(x, arguments->text.ptr, arguments->text.len));
}
