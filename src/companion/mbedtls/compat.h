/* compat.h - what differs between mbedTLS 2.28 and 3.x, in one place, and what this library cannot do without.
 * mailproto/mbedtls.h. */
#ifndef MP_MBEDTLS_COMPAT_H
#define MP_MBEDTLS_COMPAT_H

#include <mbedtls/version.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/md.h>
#include <mbedtls/pem.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#if defined(MBEDTLS_SSL_SESSION_TICKETS) && defined(MBEDTLS_SSL_TICKET_C)
#include <mbedtls/ssl_ticket.h>
#define MP_MBEDTLS_TICKETS
#endif

#if MBEDTLS_VERSION_NUMBER < 0x021c0000
#error "mbedTLS 2.28 or newer is needed"
#endif
#if MBEDTLS_VERSION_NUMBER >= 0x03000000 && MBEDTLS_VERSION_NUMBER < 0x03020000
#error "of mbedTLS 3, 3.2 or newer is needed"
#endif
#if !defined(MBEDTLS_SSL_CLI_C) || !defined(MBEDTLS_SSL_SRV_C) || !defined(MBEDTLS_X509_CRT_PARSE_C) ||                \
    !defined(MBEDTLS_PEM_PARSE_C) || !defined(MBEDTLS_CTR_DRBG_C) || !defined(MBEDTLS_ENTROPY_C) ||                    \
    !defined(MBEDTLS_SSL_SERVER_NAME_INDICATION) || !defined(MBEDTLS_SSL_ALPN)
#error "this mbedTLS was built without TLS for client and server, X.509, PEM, CTR_DRBG, SNI or ALPN"
#endif

/* Fields that 3.x marks as its own. Each use says why there is no other way. */
#ifndef MBEDTLS_PRIVATE
#define MBEDTLS_PRIVATE(member) member
#endif

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#include <psa/crypto.h>
#define MP_MBEDTLS_3
#define MP_MBEDTLS_ERR_BAD_CERTIFICATE MBEDTLS_ERR_SSL_BAD_CERTIFICATE
#else
#define MP_MBEDTLS_ERR_BAD_CERTIFICATE MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE
#endif
#if defined(MP_MBEDTLS_3) && defined(MBEDTLS_SSL_PROTO_TLS1_3)
#define MP_MBEDTLS_TLS_1_3
#if defined(MBEDTLS_SSL_KEYING_MATERIAL_EXPORT)
#define MP_MBEDTLS_EXPORTER
#endif
#endif
#if defined(MBEDTLS_SSL_RENEGOTIATION)
#define MP_MBEDTLS_UNIQUE /* the Finished messages are kept only where renegotiation would need them */
#endif

#endif
