/* tls_client.c - whole TLS handshakes with a server on 127.0.0.1, one after another, each checked: its version, cipher suite,
 * certificate. usage: tls_client ecdsa|rsa PORT COUNT CERTIFICATE. OpenSSL alone: the same for every server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../examples/minimal/loop.h"
#include "tls_makers.h"
#include "tls_plain.h"

static void handshake(SSL_CTX *context, int kind, const char *port)
{
    int fd = loop_connect("127.0.0.1", port);
    SSL *ssl = SSL_new(context);
    char octets[256];

    if (fd < 0 || !ssl)
        tls_wrong("no connection to port", port);
    SSL_set_fd(ssl, fd);
    SSL_set_tlsext_host_name(ssl, tls_host);
    if (SSL_connect(ssl) != 1)
        tls_wrong("no handshake on port", port);
    tls_plain_check(ssl, kind, 0);
    /* Its end and the server's: no server may have one connection's end to do in the time of the next. */
    SSL_shutdown(ssl);
    while (read(fd, octets, sizeof octets) > 0)
        ;
    SSL_free(ssl);
    close(fd);
}

int main(int count, char **words)
{
    int kind = count > 1 && !strcmp(words[1], "rsa") ? TLS_RSA : TLS_ECDSA;
    unsigned long handshakes = count == 5 ? strtoul(words[3], NULL, 10) : 0;
    SSL_CTX *context;

    if (!handshakes)
        return fprintf(stderr, "usage: tls_client ecdsa|rsa PORT COUNT CERTIFICATE\n"), 2;
    context = tls_plain_context(0, kind, words[4], NULL, 0);
    for (unsigned long i = 0; i < handshakes; i++)
        handshake(context, kind, words[2]);
    SSL_CTX_free(context);
    printf("{\"handshakes\": %lu}\n", handshakes);
    return 0;
}
