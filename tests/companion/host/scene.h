/* scene.h - what the tests of mailproto-host share: a host with an allocator that counts, an SMTP server that keeps
   what * it is told, a client that sends one message, and the run until all is done. Loopback only, ports that are
   free. */
#ifndef TEST_HOST_SCENE_H
#define TEST_HOST_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mailproto/host.h>

#include "support/allocator.h"
#include "support/bytes.h"

struct scene;

/* A session of the server's. */
struct served {
    struct scene *scene;
    mailproto_smtp_server *engine;
    mailproto_host_connection *connection;
    char rcpts[1024]; /* "a@example.test " of the transaction */
    unsigned accepted;
    uint64_t token; /* that waits for the test's answer */
    int in_message;
};

struct scene {
    struct test_allocator allocator;
    mailproto_host *host;
    mailproto_host_listener *listener;
    mailproto_host_timer *watchdog;
    mailproto_host_listen_config listen; /* what scene_listen uses */
    char url[100], where[64];

    /* what the server does: recipients are refused ("no..."), too many ("more..." and beyond rcpt_limit), else taken */
    unsigned rcpt_limit;   /* of a transaction: 452 4.5.3 beyond; 0: none */
    uint32_t end_code;     /* to the message; 0: 250 */
    uint32_t server_flags; /* MAILPROTO_SMTP_SERVER_* */
    uint32_t offer;        /* MAILPROTO_SMTP_EXT_*; 0: the default */
    uint32_t max_transactions;
    uint32_t tls;        /* MAILPROTO_TLS_* of the engine */
    int hold_end;        /* MESSAGE_END is kept open: served.token */
    int silent;          /* CONNECT is not answered */
    struct served *last; /* the session that came last, while it is there */

    /* what it saw */
    unsigned accepts, refusals, gone, closed, messages, aborted, mails, auths, connects;
    uint32_t refused_why, tls_started;
    int32_t closed_why;
    char peer[80], peer_text[80];
    uint32_t peer_loopback, peer_local_port;
    struct test_bytes body;              /* of the last message */
    char message_rcpts[4096];            /* "[a@example.test b@example.test ][c@...]" of all that were accepted */
    void (*on_message)(struct scene *s); /* a message is complete */
    void (*on_body)(struct scene *s);
    void (*on_gone)(struct scene *s);
    void *test; /* the test's own */
};

/* Makes the host (config NULL: defaults), with the counting allocator. */
void scene_begin(struct scene *s, const mailproto_host_config *config);
/* Listens on 127.0.0.1 with the SMTP server above; url and where are set. */
void scene_listen(struct scene *s);
/* Runs until mailproto_host_stop; fails the test if that takes too long. */
void scene_run(struct scene *s);
/* Frees the host and holds that nothing is left of it. */
void scene_end(struct scene *s);

/* The server's factory, for listeners of a test's own. */
int32_t scene_accept(mailproto_host_listener *listener, mailproto_host_connection *connection,
                     const mailproto_host_peer *peer, mailproto_session **session, void *user);
void scene_gone(mailproto_host_connection *connection, void *user);

mailproto_text text_of(const char *s);

/* A client session that sends one message to one recipient and leaves. */
struct client {
    struct scene *scene;
    mailproto_smtp_client *engine;
    mailproto_session *session;
    mailproto_host_connection *connection;
    const char *body;
    unsigned done, gone, failed, closed;
    uint32_t outcome;
    int32_t why, closed_why, failed_why;
    char text[600]; /* of on_failed, or of CLOSED */
    void (*on_done)(struct client *c);
    void (*on_gone)(struct client *c);
};
void client_make(struct client *c, struct scene *s, const char *to);
/* Makes it and connects it to the scene's listener. */
void client_go(struct client *c, struct scene *s, const char *to);
/* A connect config for it to `name`. */
void client_config(struct client *c, mailproto_host_connect_config *config, const char *name, uint32_t port);

/* A raw connection to the scene's port, blocking; the octets that arrive until the end. */
int raw_connect(uint32_t port);

#endif
