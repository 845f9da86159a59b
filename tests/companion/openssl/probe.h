/* An engine for tests of TLS that is nothing but both ends of a pipe: it asks for TLS first, says what it is told to, keeps what
   it hears, listens or not, and remembers what the layer told it. Written against src/core/engine.h.
   include/mailproto/session.h, mailproto_tls_info. */
#ifndef TEST_PROBE_H
#define TEST_PROBE_H

#include <mailproto/session.h>

#include "support/bytes.h"

typedef struct probe probe;

/* Texts of mailproto_tls_info, copied. */
struct probe_text {
    char ptr[256];
    size_t len;
};

struct probe_info {
    uint32_t version, verified;
    struct probe_text cipher, server_name, alpn, peer_name, unique, exporter, end_point;
};

struct probe_seen {
    unsigned started, closed, ended; /* TLS_STARTED and CLOSED events; eof */
    int32_t why;                     /* of CLOSED */
    char text[512];                  /* of CLOSED */
    struct probe_info info;
    struct test_bytes heard;
};

/* `seen` outlives it. Its `heard` is the caller's to free. */
probe *probe_new(struct probe_seen *seen);
mailproto_session *probe_session(probe *p);

/* It is to say that; to hear so many octets in all and no more for now (at first SIZE_MAX); to end once all is said. */
void probe_say(probe *p, const void *data, size_t n);
void probe_listen(probe *p, size_t most);
void probe_leave(probe *p);

#endif
