/* client.c - the client's driver: which mechanism, the host's credentials, and one message after another.
 * RFC 4422 section 3. */
#include "sasl/client.h"

#include "core/outline.h"
#include "core/utf8.h"

/* What engines speak whose config has nothing of SASL, by its bit. */
static const struct mp_sasl_client_mechanism *const basic[] = {NULL, &mp_sasl_plain_client, &mp_sasl_login_client};

static struct mp_sasl_client *make(const struct mp_sasl_client_mechanism *mechanism,
                                   const mailproto_allocator *allocator)
{
    struct mp_sasl_client *c = mp_alloc_zero(allocator, sizeof *c);

    if (c) {
        c->mechanism = mechanism;
        c->rooms.allocator = allocator;
    }
    return c;
}

struct mp_sasl_client *mp_sasl_client_begin(const struct mp_sasl_client_settings *settings,
                                            const struct mp_sasl_channel *channel, uint32_t tls, uint32_t mechanism,
                                            uint32_t offered, const mailproto_allocator *allocator)
{
    struct mp_sasl_client *c = make(settings ? settings->ops->find(mechanism) : basic[mechanism], allocator);

    if (!c)
        return NULL;
    c->settings = settings;
    c->channel = channel;
    c->tls = tls;
    c->offered = offered;
    return c;
}

int32_t mp_sasl_client_start(struct mp_sasl_client **out, const struct mp_sasl_client_settings *settings, uint32_t set,
                             uint32_t offered, const mailproto_allocator *allocator)
{
    if (settings)
        return settings->ops->start(out, settings, set, offered);
    set &= MP_SASL_ALL;
    if (!set)
        return MAILPROTO_ERR_UNSUPPORTED;
    *out = make(basic[set & (0 - set)], allocator);
    return *out ? MAILPROTO_OK : MAILPROTO_ERR_NOMEM;
}

void mp_sasl_client_end(struct mp_sasl_client *c)
{
    const mailproto_allocator *allocator;

    if (!c)
        return;
    allocator = c->rooms.allocator;
    if (c->settings)
        c->settings->ops->release(c);
    mp_wipe(c, sizeof *c);
    mp_free(allocator, c, sizeof *c);
}

/* Mechanisms that have no word for acting as somebody else can be told to act as oneself. */
static int can_say(const struct mp_sasl_client *c)
{
    size_t n = c->ends[0] + 1;

    return c->mechanism->flags & MP_SASL_AS || n == 1 || !memcmp(c->credentials, c->credentials + n, n);
}

/* Each text has a NUL behind it, and none inside. */
MP_OUTLINE int32_t mp_sasl_client_give(struct mp_sasl_client *c, const struct mp_sasl_identity *who)
{
    static const uint16_t most[] = {MP_SASL_NAME_MAX, MP_SASL_NAME_MAX, MP_SASL_PASSWORD_MAX};
    const mailproto_text *text = &who->authorization; /* the others lie behind it */
    uint32_t i = 0;
    char *to = c->credentials;

    do {
        size_t n = text->len;

        if (n > most[i])
            return MAILPROTO_ERR_LIMIT;
        if (n ? !text->ptr : c->mechanism->flags >> i & 1)
            return MAILPROTO_ERR_ARG;
        if (n)
            memcpy(to, text->ptr, n);
        to[n] = '\0';
        if (strlen(to) != n)
            return MAILPROTO_ERR_ARG;
        to += n;
        c->ends[i] = (uint32_t)(to++ - c->credentials);
        text++;
    } while (++i < 3);
    if (!can_say(c) || !mp_utf8_valid((const uint8_t *)c->credentials, c->ends[2]))
        return MAILPROTO_ERR_ARG;
    return c->mechanism->check ? c->mechanism->check(c) : MAILPROTO_OK;
}

int32_t mp_sasl_client_next(struct mp_sasl_client *c, const char *challenge, size_t len)
{
    int32_t state = c->mechanism->next(c, challenge, len);

    if (state > 0)
        c->state = (uint32_t)state;
    return state;
}
