/* server.h - the running server: its host, its listeners, its end.
 * A protocol is a function that makes a session for a client that was accepted. */
#ifndef MAILPROTOD_SERVER_H
#define MAILPROTOD_SERVER_H

#include <mailproto/host.h>

#include "config.h"
#include "login.h"
#include "mailbox.h"

struct server;
struct pop3;

enum { SERVER_READ = 16384 }; /* octets that a session is fed at once */

/* A connection and who is at its other end. The protocols' structs begin with it. */
struct client {
    mailproto_host_connection *connection;
    struct server *server;
    struct client *previous, *next;  /* of the server's */
    const struct listener *listener; /* it came by; NULL: it was told to end, for a new configuration */
    uint64_t number;
    enum service service;
    int loopback;
    char peer[64];    /* "192.0.2.1:4711", "[2001:db8::1]:4711" */
    char address[64]; /* as mail writes it: "192.0.2.1", "IPv6:2001:db8::1" */
    mailproto_host_tracer tracer;
    const struct login_answers *answers;
    struct derivation *derivations;
    /* the session is freed and the connection closed: free what the protocol has beside; the server frees the rest */
    void (*gone)(struct client *);
    /* of a handle of its: a question failed; or answers came (NULL: it does not want to know) */
    void (*store_failed)(struct client *, uint32_t question, int32_t why, const char *text, size_t len);
    void (*store_answered)(struct client *);
};

struct listener {
    mailproto_host_listener *handle; /* NULL: the place is free */
    struct server *server;
    enum service service;
    char address[ENDPOINT_TEXT]; /* as the configuration has it */
};

/* Those of a configuration, and of the next one while they change. */
enum { LISTENERS_MAX = 2 * SERVICES * ENDPOINTS_MAX };

struct server {
    mailproto_host *host;
    struct settings *settings;
    const char *config; /* the file, for SIGHUP; NULL: none */
    int trace;
    int reloading;
    int ending;
    struct mailboxes mailboxes;
    struct pop3 *fresh; /* logins to be logged */
    struct logins logins;
    struct failures failures;
    struct listener listeners[LISTENERS_MAX];
    size_t listening; /* how many of them */
    struct client *clients;
    uint64_t refused_since; /* when the last refusal for want of room was logged */
};

/* 0, or a sysexit; what was wrong is in the log. Takes the ports, gives up root if run_as says so, prepares the Maildirs
   and listens. */
int server_start(struct server *server, struct settings *settings, const char *config, int trace);
/* Until it was told to end. 0. */
int server_run(struct server *server);

/* Logs a line about a client: "smtp 17 192.0.2.1:4711 ...". */
void client_log(const struct client *client, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Logs what crossed the wire, if --trace asks for it; what is private is not shown. */
void client_trace(struct client *client, const mailproto_trace *trace);
/* Where TLS stands in its session: MAILPROTO_TLS_*. */
uint32_t client_tls(const struct client *client);
/* Whether passwords are taken from it in clear text. */
int client_may_send_cleartext(const struct client *client);

/* The protocols. NULL: no memory, or a configuration no engine takes (logged). */
struct client *smtp_client_new(void);
mailproto_session *smtp_client_session(struct client *client);
struct client *pop3_client_new(void);
mailproto_session *pop3_client_session(struct client *client);

#endif
