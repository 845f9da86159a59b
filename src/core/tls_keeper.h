/* tls_keeper.h - who keeps what TLS knows, from the handshake to the login: an engine's base tells it, and frees it.
 * contract.md section 2; RFC 5056. */
#ifndef MP_CORE_TLS_KEEPER_H
#define MP_CORE_TLS_KEEPER_H

#include "mailproto/session.h"

/* The first member of whatever keeps it. */
struct mp_tls_keeper {
    /* The handshake is done; the texts of info live as long as the call. OK or ERR_NOMEM. */
    int32_t (*keep)(struct mp_tls_keeper *keeper, const mailproto_tls_info *info);
    /* The engine is gone. */
    void (*free)(struct mp_tls_keeper *keeper);
};

#endif
