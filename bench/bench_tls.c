/* bench_tls.c - TLS handshakes in memory: CPU of one end, by mailproto-mbedtls and by the OpenSSL layer, and what sessions hold.
 * RFC 5246. usage: bench_tls [--rounds N] [--smoke]; BENCH_TLS names the folder of the certificates.
 * The other end is OpenSSL alone, the same for all, and its time is not counted. A session is made, handshakes, is freed. */
#include <mailproto/mailproto.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "tls_makers.h"
#include "tls_plain.h"

enum { HANDSHAKES = 60, SESSIONS = 32, ENGINE_ROOM = 32768, NAME = 64 };

static char certificates[TLS_KINDS][512], keys[TLS_KINDS][512];

/* What is measured: one end of handshakes. */
struct work {
    const struct tls_maker *maker; /* NULL: OpenSSL alone */
    int server, kind, resumed;
    size_t handshakes;
    void *context;
    SSL_CTX *other; /* of the end that is not counted */
    SSL_CTX *alone; /* of the end that is, if that is OpenSSL alone */
    SSL_SESSION *ticket;
};

/* An engine whose memory is not the heap's, in TLS. */
struct end {
    mailproto_allocator arena;
    mailproto_session *session;
    char memory[ENGINE_ROOM];
};

/* ---- one end: a session, or OpenSSL alone ---- */

static void make_session(struct end *e, const struct work *w)
{
    mailproto_session *inner;

    if (mailproto_arena_init(&e->arena, e->memory, sizeof e->memory))
        tls_wrong("an engine", "no memory");
    if (w->server) {
        mailproto_smtp_server_config config = {.struct_size = sizeof config,
                                               .hostname = {tls_host, strlen(tls_host)},
                                               .tls = MAILPROTO_TLS_IMPLICIT};
        mailproto_smtp_server *server;

        if (mailproto_smtp_server_new(&server, &config, NULL, &e->arena, NULL, NULL))
            tls_wrong("an engine", "it cannot be made");
        inner = mailproto_smtp_server_session(server);
    } else {
        mailproto_smtp_client_config config = {.struct_size = sizeof config,
                                               .hostname = {tls_host, strlen(tls_host)},
                                               .tls = MAILPROTO_TLS_IMPLICIT};
        mailproto_smtp_client *client;

        if (mailproto_smtp_client_new(&client, &config, NULL, &e->arena, NULL, NULL))
            tls_wrong("an engine", "it cannot be made");
        inner = mailproto_smtp_client_session(client);
    }
    w->maker->put(&e->session, inner, w->context, w->server ? NULL : tls_host);
}

/* Takes n octets and gives what it has to say to `to`. */
static void move_session(struct end *e, const char *data, size_t n, BIO *to)
{
    const uint8_t *out;
    size_t taken = 0, len;

    if (!mailproto_session_deadline(e->session))
        mailproto_session_tick(e->session, 0);
    if (n)
        mailproto_session_feed(e->session, data, n, 0, &taken);
    if (taken < n)
        tls_wrong("a session", "it did not take its handshake");
    do {
        mailproto_session_output(e->session, &out, &len);
        BIO_write(to, out, (int)len);
        mailproto_session_output_ack(e->session, len);
    } while (len);
}

static void move_alone(SSL *ssl, const char *data, size_t n, BIO *to)
{
    char out[16384];
    int len;

    BIO_write(SSL_get_rbio(ssl), data, (int)n);
    SSL_do_handshake(ssl);
    while ((len = BIO_read(SSL_get_wbio(ssl), out, sizeof out)) > 0)
        BIO_write(to, out, len);
}

/* ---- handshakes ---- */

/* The other end's turn: what it has to say. */
static size_t turn(SSL *other, char *out, size_t size)
{
    int n;

    SSL_do_handshake(other);
    n = BIO_read(SSL_get_wbio(other), out, (int)size);
    return n > 0 ? (size_t)n : 0;
}

static uint64_t handshake(struct work *w)
{
    static struct end e;
    static char octets[16384];
    SSL *other = tls_plain_new(w->other, !w->server), *alone = NULL;
    uint64_t cpu = 0, before = measure_cpu();
    size_t n = 0;

    if (w->ticket)
        SSL_set_session(other, w->ticket);
    if (w->maker)
        make_session(&e, w);
    else
        alone = tls_plain_new(w->alone, w->server);
    cpu += measure_cpu() - before;
    for (int i = 0; i < 10 && (n || i < 2); i++) {
        if (i || w->server)
            n = turn(other, octets, sizeof octets);
        before = measure_cpu();
        if (w->maker)
            move_session(&e, octets, n, SSL_get_rbio(other));
        else
            move_alone(alone, octets, n, SSL_get_rbio(other));
        cpu += measure_cpu() - before;
    }
    turn(other, octets, sizeof octets);
    tls_plain_check(other, w->kind, w->ticket != NULL);
    if (w->resumed && !w->ticket)
        w->ticket = SSL_get1_session(other);
    SSL_set_shutdown(other, SSL_SENT_SHUTDOWN); /* or the ticket would be good for nothing */
    before = measure_cpu();
    if (w->maker)
        mailproto_session_free(e.session);
    else
        SSL_free(alone);
    cpu += measure_cpu() - before;
    SSL_free(other);
    return cpu;
}

/* Handshakes a second of CPU of one end. */
static double rate(void *user)
{
    struct work *w = user;
    uint64_t cpu = 0;

    for (size_t i = 0; i < w->handshakes; i++)
        cpu += handshake(w);
    return 1e9 * (double)w->handshakes / (double)cpu;
}

static void begin(struct work *w)
{
    const char *certificate = certificates[w->kind], *key = keys[w->kind];

    w->other = tls_plain_context(!w->server, w->kind, certificate, key, w->resumed);
    if (w->maker)
        w->context = w->maker->context(w->server, certificate, key, w->resumed);
    else
        w->alone = tls_plain_context(w->server, w->kind, certificate, key, w->resumed);
    if (w->resumed)
        handshake(w); /* it gives the ticket */
}

static void end(struct work *w)
{
    SSL_SESSION_free(w->ticket);
    SSL_CTX_free(w->other);
    SSL_CTX_free(w->alone);
    if (w->maker)
        w->maker->free(w->context);
}

static void measure_rate(const struct measure_options *options, int server, int kind, int resumed)
{
    char name[NAME];
    struct work works[3] = {{.maker = &tls_mbedtls}, {.maker = &tls_openssl}, {.maker = NULL}};

    for (size_t i = 0; i < 3; i++) {
        works[i].server = server;
        works[i].kind = kind;
        works[i].resumed = resumed;
        works[i].handshakes = options->smoke ? 2 : resumed ? 20 * HANDSHAKES : HANDSHAKES;
        begin(&works[i]);
    }
    snprintf(name, sizeof name, "tls/%s-%s%s", server ? "server" : "client", tls_kind_name(kind),
             resumed ? "-resumed" : "");
    measure(&(struct measure_row){.name = name,
                                  .unit = "/s CPU",
                                  .better = "more",
                                  .candidates = {{"ours", "", rate, &works[0]},
                                                 {"peer", "OpenSSL layer", rate, &works[1]},
                                                 {"floor", "OpenSSL alone", rate, &works[2]}}},
            options);
    for (size_t i = 0; i < 3; i++)
        end(&works[i]);
}

/* ---- memory ---- */

/* Octets of the heap that are out. */
static double heap(void)
{
    struct mallinfo2 m = mallinfo2();

    return (double)(m.uordblks + m.hblkhd);
}

/* What a server's sessions hold after a number of turns of the handshake, the engine and the other end not counted; turns 0:
   when it is done. */
struct holding {
    struct work work;
    int turns;
    size_t sessions;
};

static double hold(struct end *e, SSL *other, const struct work *w, int turns)
{
    static char octets[16384];
    double held = -heap();

    make_session(e, w);
    held += heap();
    for (int i = 0; i < (turns ? turns : 4); i++) {
        size_t n = turn(other, octets, sizeof octets);

        held -= heap();
        move_session(e, octets, n, SSL_get_rbio(other));
        held += heap();
    }
    return held;
}

static double held(void *user)
{
    struct holding *h = user;
    struct end *ends = calloc(h->sessions, sizeof *ends);
    SSL **others = calloc(h->sessions, sizeof *others);
    double octets = 0;

    if (!ends || !others)
        tls_wrong("sessions", "no memory");
    for (size_t i = 0; i < h->sessions; i++) {
        others[i] = tls_plain_new(h->work.other, 0);
        octets += hold(&ends[i], others[i], &h->work, h->turns);
        if (!h->turns)
            tls_plain_check(others[i], h->work.kind, 0);
    }
    for (size_t i = 0; i < h->sessions; i++) {
        mailproto_session_free(ends[i].session);
        SSL_free(others[i]);
    }
    free(ends);
    free(others);
    return octets / (double)h->sessions;
}

static void measure_memory(const struct measure_options *options, const char *name, int kind, int turns)
{
    struct holding holdings[2] = {{.work.maker = &tls_mbedtls}, {.work.maker = &tls_openssl}};

    for (size_t i = 0; i < 2; i++) {
        holdings[i].work.server = 1;
        holdings[i].work.kind = kind;
        holdings[i].turns = turns;
        holdings[i].sessions = options->smoke ? 2 : SESSIONS;
        begin(&holdings[i].work);
    }
    measure(&(struct measure_row){.name = name,
                                  .unit = "octets",
                                  .better = "less",
                                  .candidates = {{"ours", "", held, &holdings[0]},
                                                 {"peer", "OpenSSL layer", held, &holdings[1]}}},
            options);
    for (size_t i = 0; i < 2; i++)
        end(&holdings[i].work);
}

int main(int count, char **words)
{
    const char *folder = getenv("BENCH_TLS");
    struct measure_options options;

    if (measure_options_read(&options, count, words))
        return 2;
    if (!folder || strlen(folder) > 400)
        tls_wrong("BENCH_TLS", "it names no folder");
    for (int kind = 0; kind < TLS_KINDS; kind++) {
        snprintf(certificates[kind], sizeof certificates[kind], "%s/%s.pem", folder, tls_kind_name(kind));
        snprintf(keys[kind], sizeof keys[kind], "%s/%s.key", folder, tls_kind_name(kind));
    }
    for (int server = 1; server >= 0; server--)
        for (int kind = 0; kind < TLS_KINDS; kind++)
            measure_rate(&options, server, kind, 0);
    measure_rate(&options, 1, TLS_ECDSA, 1);
    measure_memory(&options, "tls/memory-handshake", TLS_ECDSA, 1);
    measure_memory(&options, "tls/memory-idle", TLS_ECDSA, 0);
    return 0;
}
