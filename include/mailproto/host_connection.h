/* mailproto/host_connection.h - sessions on sockets: listening, connecting, a connection, and TLS by whoever has it.
 * Included by host.h, where the rules stand. You make a session, the host runs it: reads, feeds, sends, ticks, closes.
 */
#ifndef MAILPROTO_HOST_CONNECTION_H
#define MAILPROTO_HOST_CONNECTION_H

#include "host_loop.h"
#include "session.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mailproto_host_connection mailproto_host_connection;

/* ---- TLS, given by whoever has it ------------------------------------------------------------------------------- */

/* Which end of which connection a layer is for. */
typedef struct mailproto_host_tls_side {
    uint32_t struct_size;
    uint32_t client;                      /* 1: we connected; 0: we accepted */
    mailproto_text name;                  /* client: the name that the certificate must have; else "" */
    const mailproto_allocator *allocator; /* the host's, for the layer */
} mailproto_host_tls_side;

/* Puts a layer over the session of a connection (layer.h). Copied; `user` must outlive the connections. Without one a
   session that wants TLS is lost with ERR_TLS. */
typedef struct mailproto_host_tls {
    uint32_t struct_size;
    uint32_t reserved; /* 0 */
    /* *outer owns inner from success on; left NULL, there is no layer. OK, or a negative code: nothing is owned and the
       connection is closed. */
    int32_t (*over)(mailproto_session **outer, mailproto_session *inner, const mailproto_host_tls_side *side,
                    void *user);
    void *user;
} mailproto_host_tls;
MAILPROTO_API int32_t mailproto_host_tls_init(mailproto_host_tls *tls, size_t size);

/* ---- listening -------------------------------------------------------------------------------------------------- */

/* Who is at the other end. Lives until the callback returns. */
typedef struct mailproto_host_peer {
    uint32_t struct_size;
    uint32_t loopback;   /* 1: it is on this machine: 127.0.0.0/8, ::1, a unix socket */
    uint32_t port;       /* the peer's; 0: a unix socket */
    uint32_t local_port; /* ours */
    uint64_t number;     /* of the connection: they are counted from 1 on */
    /* as mail writes it: "192.0.2.1", "IPv6:2001:db8::1"; "" of a unix socket. An IPv4 address that IPv6 carries is
       IPv4 */
    mailproto_text address;
    mailproto_text text;  /* as people write it: "192.0.2.1:4711", "[2001:db8::1]:4711", "unix" */
    mailproto_text local; /* the same of our end */
} mailproto_host_peer;

/* Why a connection is refused. */
enum {
    MAILPROTO_HOST_TOO_MANY = 1,           /* max_sessions */
    MAILPROTO_HOST_TOO_MANY_OF_ADDRESS = 2 /* max_sessions_per_address */
};

enum {
    MAILPROTO_HOST_LISTEN_PAUSED = 1 /* the socket is bound and takes nobody before mailproto_host_listener_resume:
                                        for programs that give up root, or prepare, in between */
};

/* What to listen on, and who serves it. `address` is one of

       192.0.2.1:25  [2001:db8::1]:25     an address of this machine; port 0: one that is free. IPv6 takes IPv6 alone
       unix:/run/mail/lmtp                a socket in the file system; one that nobody listens on is replaced
       inherited:smtp                     a socket that the service manager passed (sd_listen_fds(3)): the next one of
                                          this name in LISTEN_FDNAMES that is not taken yet
       inherited:0                        the same, by its order
       fd:7                               a descriptor that is open; the host owns it, but after ERR_ARG

   Texts and structs are copied; `user` and what `tls` names must outlive the listener's last connection. */
typedef struct mailproto_host_listen_config {
    uint32_t struct_size;
    uint32_t flags;   /* MAILPROTO_HOST_LISTEN_* */
    uint32_t backlog; /* 0: 1024 */
    uint32_t reserved;
    mailproto_text address;
    const mailproto_host_tls *tls; /* NULL: none */
    /* Required. Makes the session for a connection, in *session; the connection owns and runs it when this returns.
       It may leave it NULL, after mailproto_host_connection_say or not: the connection is closed. A negative answer
       closes it, too, and no on_gone follows; a session made then is the callback's to free. Called for each
       connection once. */
    int32_t (*on_accept)(mailproto_host_listener *listener, mailproto_host_connection *connection,
                         const mailproto_host_peer *peer, mailproto_session **session, void *user);
    /* There is no room for it (`why`: MAILPROTO_HOST_TOO_MANY...): mailproto_host_connection_say can tell the peer
       in its protocol. No on_gone follows. NULL: it is closed without a word. */
    void (*on_refused)(mailproto_host_listener *listener, mailproto_host_connection *connection,
                       const mailproto_host_peer *peer, uint32_t why, void *user);
    /* An event of a session that was made to be polled (without callbacks), as next_event gave it. Answers as an
       engine's callback does: 0, USE_DEFAULT, or a negative code, which is fail. The session is not to be freed in it:
       abort the connection. NULL: not polled. */
    int32_t (*on_event)(mailproto_host_connection *connection, const mailproto_event *event, void *user);
    /* The session is freed, the socket is closed: free what you have beside it. It is gone after it. May be NULL. */
    void (*on_gone)(mailproto_host_connection *connection, void *user);
    void *user; /* of all; a connection may be given another by mailproto_host_connection_set_user */
} mailproto_host_listen_config;
MAILPROTO_API int32_t mailproto_host_listen_config_init(mailproto_host_listen_config *config, size_t size);

/* Listens. out may be NULL. on_accept comes from the loop only. OK; ERR_ARG: the config is none, the address is not one,
   on_accept is missing, a flag is not known (mailproto_host_error tells which); ERR_STATE: the host is being freed, or no inherited socket of that name or number is left; ERR_HOST: the
   system refuses (mailproto_host_error tells); ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_host_listen(mailproto_host *host, const mailproto_host_listen_config *config,
                                            mailproto_host_listener **out);

/* How many sockets the service manager has passed to this process (LISTEN_FDS of sd_listen_fds(3)); 0 if LISTEN_PID
   is another's. name, if not NULL, is set to the name of socket `index` in LISTEN_FDNAMES, "" if there is none; it
   lives as long as the host. */
MAILPROTO_API uint32_t mailproto_host_inherited(mailproto_host *host, uint32_t index, mailproto_text *name);

/* The port it listens on, 0 for a unix socket; and its address as people write it, which ends with NUL and lives as
   long as the listener. */
MAILPROTO_API uint32_t mailproto_host_listener_port(const mailproto_host_listener *listener);
MAILPROTO_API const char *mailproto_host_listener_text(const mailproto_host_listener *listener);

/* Takes no connection any more; those that come wait in the system's queue for resume. OK; ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_host_listener_pause(mailproto_host_listener *listener);

/* Takes connections, again or for the first time. OK; ERR_ARG: NULL; ERR_HOST: the system refuses. */
MAILPROTO_API int32_t mailproto_host_listener_resume(mailproto_host_listener *listener);

/* Closes the socket; connections that were accepted go on. It is gone after it. A unix socket that it made is
   removed from the file system. NULL is ignored. */
MAILPROTO_API void mailproto_host_listener_close(mailproto_host_listener *listener);

/* ---- connecting ------------------------------------------------------------------------------------------------- */

/* Where to connect, and who speaks there. Texts and structs are copied. */
typedef struct mailproto_host_connect_config {
    uint32_t struct_size;
    uint32_t flags;                /* 0 */
    mailproto_text name;           /* "mx.example.org", "192.0.2.1", "2001:db8::1", "unix:/run/mail/lmtp" */
    uint32_t port;                 /* 1 to 65535 */
    uint32_t lookup_ms;            /* for all addresses of the name to be found; 0: 30000; UNLIMITED */
    uint32_t attempt_ms;           /* for each address; 0: 30000; UNLIMITED */
    uint32_t reserved;             /* 0 */
    const mailproto_host_tls *tls; /* NULL: none */
    mailproto_text tls_name;       /* what the certificate is held against; "": name */
    /* Makes the session when the connection is there, as on_accept does; not called if one was given to connect. A
       negative answer closes it; on_gone follows, as always. */
    int32_t (*on_connected)(mailproto_host_connection *connection, const mailproto_host_peer *peer,
                            mailproto_session **session, void *user);
    /* No address could be reached: `why` is ERR_LOST, ERR_TIMEOUT or ERR_CANCELLED, `text` says which address failed
       how. A session that was given to connect hears it by lost, before. May be NULL; on_gone follows. */
    void (*on_failed)(mailproto_host_connection *connection, int32_t why, const char *text, size_t len, void *user);
    /* as of a listener */
    int32_t (*on_event)(mailproto_host_connection *connection, const mailproto_event *event, void *user);
    void (*on_gone)(mailproto_host_connection *connection, void *user);
    void *user;
} mailproto_host_connect_config;
MAILPROTO_API int32_t mailproto_host_connect_config_init(mailproto_host_connect_config *config, size_t size);

/* Connects: looks the name up, tries its addresses one after the other, then runs the session on the first that
   answers. `session` is owned from success on; NULL: on_connected makes it. A session whose clocks shall not run
   meanwhile is better made there. out may be NULL. OK; ERR_ARG: no name or port, neither session nor on_connected;
   ERR_STATE: the host is being freed; ERR_NOMEM; ERR_HOST: the system refuses. */
MAILPROTO_API int32_t mailproto_host_connect(mailproto_host *host, const mailproto_host_connect_config *config,
                                             mailproto_session *session, mailproto_host_connection **out);

/* ---- a connection ----------------------------------------------------------------------------------------------- */

/* The loop looks at the session when it comes round, once for any number of calls. What is called on the session itself
   (an answer that came later, a submission, release, finish) does this by itself: the host has set its wake
   (mailproto_session_set_wake), which is not to be set by anybody else. OK; ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_host_connection_wake(mailproto_host_connection *connection);

/* Ends it at once: the session hears lost(ERR_LOST) with this text, its callbacks run before abort returns (not if
   it is called from one of them: then when that returned); on_gone comes from the loop. text may be NULL. OK;
   ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_host_connection_abort(mailproto_host_connection *connection, const char *text,
                                                      size_t len);

/* In on_accept, without a session, or on_refused: a last line for the peer, sent as far as the socket takes it at once.
   OK; ERR_STATE: there is a session; ERR_ARG: NULL; ERR_LOST: it was not sent. */
MAILPROTO_API int32_t mailproto_host_connection_say(mailproto_host_connection *connection, const char *text,
                                                    size_t len);

/* What its callbacks are given as `user` from now on. OK; ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_host_connection_set_user(mailproto_host_connection *connection, void *user);

/* What belongs to a connection: `user`; the session, or layer, that it runs (NULL before there is one, and once it was
   freed); its host; its number, counted from 1 on. */
MAILPROTO_API void *mailproto_host_connection_user(const mailproto_host_connection *connection);
MAILPROTO_API mailproto_session *mailproto_host_connection_session(const mailproto_host_connection *connection);
MAILPROTO_API mailproto_host *mailproto_host_connection_host(const mailproto_host_connection *connection);
MAILPROTO_API uint64_t mailproto_host_connection_number(const mailproto_host_connection *connection);

#ifdef __cplusplus
}
#endif
#endif
