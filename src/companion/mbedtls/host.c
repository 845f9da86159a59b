/* host.c - the layers of this library for the connections of mailproto-host: a function that fills its struct.
 * mailproto/mbedtls_host.h. Nothing of the host's is called. */
#include <mailproto/mbedtls_host.h>

#include "internal.h"

static int32_t over(mailproto_session **outer, mailproto_session *inner, const mailproto_host_tls_side *side,
                    void *user)
{
    if (!side->client)
        return mailproto_mbedtls_server(outer, inner, user, side->allocator);
    return mailproto_mbedtls_client(outer, inner, user, side->name.ptr, side->name.len, NULL, side->allocator);
}

int32_t mailproto_mbedtls_host_tls(mailproto_host_tls *out, size_t size, mailproto_mbedtls_tls *tls)
{
    if (!tls || mp_companion_struct_init(out, size))
        return MAILPROTO_ERR_ARG;
    out->over = over;
    out->user = tls;
    return MAILPROTO_OK;
}
