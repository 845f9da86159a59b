/* session.h - what stands behind the verbs of mailproto/session.h: engines and layers alike.
 * contract.md section 2. What a layer changes is an operation; all other calls are those of the innermost session, an engine. */
#ifndef MP_CORE_SESSION_H
#define MP_CORE_SESSION_H

#include "core/outline.h"
#include "mailproto/session.h"

struct mp_session_ops {
    int32_t (*feed)(mailproto_session *s, const uint8_t *data, size_t len, uint64_t now, size_t *consumed);
    int32_t (*eof)(mailproto_session *s, uint64_t now);
    int32_t (*lost)(mailproto_session *s, int32_t why, const char *text, size_t len, uint64_t now);
    int32_t (*output)(mailproto_session *s, const uint8_t **data, size_t *len);
    int32_t (*tick)(mailproto_session *s, uint64_t now);
    int32_t (*output_ack)(mailproto_session *s, size_t n);
    uint32_t (*wants)(const mailproto_session *s);
    uint64_t (*deadline)(const mailproto_session *s);
    int32_t (*tls_started)(mailproto_session *s, const mailproto_tls_info *info);
    void (*destroy)(mailproto_session *s); /* frees all, no callback */
};

struct mailproto_session {
    const struct mp_session_ops *ops;
    mailproto_session *outer, *inner; /* the layer around it, the session inside it */
    uint8_t busy;                     /* an I/O verb is running */
    uint8_t freeing;                  /* free was called meanwhile: no more callbacks */
};

#endif
