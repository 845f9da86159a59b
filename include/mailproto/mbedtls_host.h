/* mailproto/mbedtls_host.h - the TLS of mbedtls.h on the connections of mailproto-host (host.h): one line where it listens,
 * connects or sends. A part of libmailproto-mbedtls, which needs nothing of libuv or of libmailproto-host for it.
 *
 *     mailproto_host_tls tls;
 *     mailproto_mbedtls_host_tls(&tls, sizeof tls, rules);    rules: mailproto_mbedtls_tls_new
 *     config.tls = &tls;                                       or request.tls_layer = &tls
 */
#ifndef MAILPROTO_MBEDTLS_HOST_H
#define MAILPROTO_MBEDTLS_HOST_H

#include "host_connection.h"
#include "mbedtls.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fills *out: connections that are given it have the TLS of `tls` (RFC 8446, RFC 5246), as a server's or a client's, which it was
   made for. A client's certificate is held against the name that the connection was made to, or its tls_name; on a side that
   it was not made for the connection fails with ERR_ARG. `tls` is not held on by *out: it must live until the last connection has
   begun (those that have, hold it on themselves); a server that gets other certificates while it runs writes `over` itself, with
   mailproto_mbedtls_server. `size` is sizeof *out. OK; ERR_ARG. */
MAILPROTO_API int32_t mailproto_mbedtls_host_tls(mailproto_host_tls *out, size_t size, mailproto_mbedtls_tls *tls);

#ifdef __cplusplus
}
#endif
#endif
