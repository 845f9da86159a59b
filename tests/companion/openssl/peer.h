/* A client of OpenSSL's own, without any layer, for tests of the server's: records of the size that is wanted, key updates,
 * damage. RFC 8446 5, 4.6.3. */
#ifndef TEST_PEER_H
#define TEST_PEER_H

#include <openssl/ssl.h>

#include "support/bytes.h"

struct peer {
    SSL_CTX *context;
    SSL *ssl;
    BIO *in, *out;
    struct test_bytes wire;  /* to send */
    struct test_bytes heard; /* plain */
    int notified;            /* close_notify came */
    int alert;               /* or another: RFC 8446 6; -1: none */
};

void peer_begin(struct peer *p, int version);
void peer_end(struct peer *p);
/* Octets from the server: the handshake goes on, or they are heard. What is to be sent is added to `wire`. */
void peer_take(struct peer *p, const void *data, size_t n);
/* n octets in records of `record` each are added to `wire`. */
void peer_say(struct peer *p, const void *data, size_t n, size_t record);
/* A key update that asks for one. */
void peer_update_keys(struct peer *p);
void peer_notify(struct peer *p);

#endif
