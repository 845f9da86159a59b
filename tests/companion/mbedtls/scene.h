/* Both ends of TLS in memory: a client and a server that only say and hear, each in its layer of mailproto-mbedtls.
 * mailproto/mbedtls.h. */
#ifndef TEST_MBEDTLS_SCENE_H
#define TEST_MBEDTLS_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mailproto/mailproto.h>
#include <mailproto/mbedtls.h>

#include "../openssl/pair.h"
#include "../openssl/probe.h"
#include "certificates.h"
#include "support/allocator.h"

struct scene {
    mailproto_mbedtls *m;
    mailproto_mbedtls_certificate certificate[SIDES];
    mailproto_mbedtls_config config[SIDES];
    mailproto_mbedtls_tls *tls[SIDES];
    mailproto_mbedtls_sessions *sessions; /* of the client; NULL: none */
    struct test_allocator memory;
    probe *probe[SIDES];
    struct probe_seen seen[SIDES];
    struct pair pair;
};

/* Versions that this mbedTLS has; ends with 0. */
const uint32_t *scene_versions(void);

/* Configs of a server with CERT_SERVER and of a client that trusts CERT_CA, of that version alone (0: any). */
void scene_begin(struct scene *s, uint32_t version);
/* Gives the side this certificate, with its key. */
void scene_certificate(struct scene *s, int side, int which);
/* Makes what is not made yet of `tls`. */
void scene_make(struct scene *s);
/* A new session of each; the client asks for `name`. scene_make, first. */
void scene_meet(struct scene *s, const char *name);
/* The handshake must succeed, and one word in each direction. */
void scene_talk(struct scene *s);
/* The sentence of that side is this one, as far as it was kept. */
void scene_says(const struct scene *s, int side, const char *sentence);
/* The handshake must fail; the sentence of that side is this one. */
void scene_fails(struct scene *s, int side, const char *sentence);
/* The sessions are over, and others may begin. No memory may be out that is not of `tls`. */
void scene_part(struct scene *s);
/* Frees what scene_make made, for another config. */
void scene_unmake(struct scene *s);
void scene_end(struct scene *s);

mailproto_text scene_text(const char *text);
mailproto_mbedtls_counts scene_counts(const struct scene *s, int side);

/* Makes the certificates. */
int scene_group(void **state);

#endif
