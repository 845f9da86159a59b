/* session.h - what stands behind the verbs of mailproto/session.h: engines and layers alike.
 * contract.md section 2. The verbs check arguments and re-entrancy once, here; the operations do the work. */
#ifndef MP_CORE_SESSION_H
#define MP_CORE_SESSION_H

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
    void (*hold)(mailproto_session *s);
    void (*release)(mailproto_session *s);
    void (*finish)(mailproto_session *s);
    void (*destroy)(mailproto_session *s); /* frees all, no callback */
    const mailproto_event *(*next_event)(mailproto_session *s);
    int32_t (*use_default)(mailproto_session *s, uint64_t token);
    int32_t (*fail)(mailproto_session *s, uint64_t token);
    int32_t (*cancel)(mailproto_session *s, uint64_t token);
    int32_t (*piece)(mailproto_session *s, uint64_t token, const void *data, size_t len);
    int32_t (*piece_end)(mailproto_session *s, uint64_t token);
    void (*set_wall)(mailproto_session *s, int64_t unix_seconds);
    void (*set_trace)(mailproto_session *s, uint32_t kinds);
    int32_t (*error)(const mailproto_session *s, uint64_t *offset, const char **text, size_t *len);
};

struct mailproto_session {
    const struct mp_session_ops *ops;
    mailproto_session *outer, *inner; /* the layer around it, the session inside it */
    uint8_t busy;                     /* an I/O verb is running */
    uint8_t freeing;                  /* free was called meanwhile: no more callbacks */
};

#endif
