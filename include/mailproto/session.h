/* mailproto/session.h - the I/O surface: once, for every engine and every layer.
 *
 * A session is a state machine over bytes. It owns no socket, thread, clock or file. After any call on it the host does
 * this until nothing moves (examples/minimal/loop.c is the whole of it):
 *
 *     deadline(s) <= now         tick(s, now)
 *     wants(s) & READ            feed it what the receive buffer still holds; keep what it did not consume
 *     polled session             next_event until NULL, after every call
 *     output(s) lends bytes      send them, output_ack what the socket took
 *     wants(s) & TLS             (all output is sent) do the handshake, then tls_started; a layer does this by itself,
 *                                and a loop without TLS says lost(ERR_TLS)
 *     wants(s) & CLOSE           close the connection and free the session
 *
 * and then waits until the socket is readable (only if READ), writable (only if it took less than was lent), the
 * deadline is due, or something the host owes is ready.
 *
 * EVENTS     The engine stops at each event and goes on when it was seen; one at a time, in order. Made with a callback
 *            table, a session calls its callbacks from feed, eof, lost, output and tick only, never nested. Made without
 *            (NULL), it is polled with next_event.
 * REQUESTS   An event whose token is not 0 is a request: it is answered exactly once, inside the callback or any time
 *            later, by the typed function its struct names, by use_default or by fail. A callback returns 0 (answered,
 *            or will be), MAILPROTO_USE_DEFAULT, or a negative code, which is fail. An absent callback is USE_DEFAULT.
 *            A request that loss, time or an error killed is told by a CANCEL event, once, and its token is dead.
 *            An answer never fails for want of memory.
 * CALLBACKS  What may be called on the session from inside one of its callbacks:
 *
 *                feed eof lost output read_output output_ack tick tls_started next_event     ERR_REENTRANT
 *                hold release finish fail use_default cancel piece piece_end set_wall
 *                set_trace set_wake wants deadline error, every typed answer and submission  as outside
 *                free                                       takes effect when the outermost verb returns, and that
 *                                                           answers MAILPROTO_FREED; no callback runs in between
 */
#ifndef MAILPROTO_SESSION_H
#define MAILPROTO_SESSION_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mailproto_session mailproto_session;

/* ---- events of every session ---------------------------------------------------------------------------------- */

enum {
    MAILPROTO_EVENT_TRACE = 1,       /* mailproto_trace; only after set_trace */
    MAILPROTO_EVENT_CANCEL = 2,      /* mailproto_cancel: a request of this session is dead */
    MAILPROTO_EVENT_TLS_STARTED = 3, /* mailproto_tls_started: all that was learned in clear text is forgotten */
    MAILPROTO_EVENT_CLOSED = 4       /* mailproto_closed: the last event of a session, exactly once */
};

/* What crossed the wire (set_trace). `kind` says whether it may be shown: the bytes of a PRIVATE trace hold credentials. */
enum { MAILPROTO_TRACE_IN = 1, MAILPROTO_TRACE_OUT = 2 };
enum {
    MAILPROTO_TRACE_LINE = 1,   /* commands and replies, one or more lines with their CRLF */
    MAILPROTO_TRACE_BODY = 2,   /* message content */
    MAILPROTO_TRACE_PRIVATE = 4 /* credentials: not for logs */
};
typedef struct mailproto_trace {
    mailproto_event head;
    uint32_t direction; /* MAILPROTO_TRACE_IN or _OUT */
    uint32_t kind;      /* MAILPROTO_TRACE_LINE, _BODY or _PRIVATE */
    mailproto_text bytes;
} mailproto_trace;

/* A request died before it was answered: `cancelled` is its token, answers to it are ERR_TOKEN from now on. */
typedef struct mailproto_cancel {
    mailproto_event head;
    uint64_t cancelled;
    int32_t why;      /* the result that killed it: ERR_LOST, ERR_TIMEOUT, ... */
    uint32_t request; /* the event type it had */
} mailproto_cancel;

/* The handshake is done; what the peer said before it no longer counts (RFC 3207 4.2). Ask the TLS library for details. */
typedef struct mailproto_tls_started {
    mailproto_event head;
    uint32_t version;  /* 0x0303 is TLS 1.2, 0x0304 is 1.3; 0 if the host did not say */
    uint32_t verified; /* 1: the peer's certificate was verified */
} mailproto_tls_started;

/* Nothing comes after it. The session wants CLOSE as soon as its output is drained. */
typedef struct mailproto_closed {
    mailproto_event head;
    int32_t why;         /* 0: ended in good order; else the session error */
    uint64_t offset;     /* octets taken from the peer until then */
    mailproto_text text; /* a sentence for people */
} mailproto_closed;

/* ---- I/O verbs: the only calls that run callbacks ------------------------------------------------------------- */

/* Gives the session bytes that arrived. *consumed is how many it took: at least one whenever wants has READ. The rest
   was not interpreted; the host keeps it and presents it again, first, when READ is back.
   OK; FREED; a session error, final, with *consumed = len; ERR_ARG; ERR_STATE after eof; ERR_REENTRANT. */
MAILPROTO_API int32_t mailproto_session_feed(mailproto_session *s, const void *data, size_t len, uint64_t now,
                                             size_t *consumed);

/* The peer sends no more (half-close), said after the last byte was taken. Work in hand is finished and answered.
   OK; FREED; a session error; ERR_REENTRANT. */
MAILPROTO_API int32_t mailproto_session_eof(mailproto_session *s, uint64_t now);

/* The connection is gone both ways: reset, refused, handshake failed, TLS cut short. `why` is a negative result, usually
   ERR_LOST or ERR_TLS; `text` says more, for people, and may be NULL. Pending output is dropped (what was lent stays in
   place until the session is freed), open requests are cancelled, what was begun is ended. OK; FREED; ERR_ARG; ERR_REENTRANT. */
MAILPROTO_API int32_t mailproto_session_lost(mailproto_session *s, int32_t why, const char *text, size_t len,
                                             uint64_t now);

/* Lends the bytes to send: at most a chunk; *len is 0 if there are none now. They stay in place, unchanged, until they
   are acked, whatever else is called. OK; FREED; a session error (*data and *len are set all the same: the peer is owed
   its last line); ERR_REENTRANT. */
MAILPROTO_API int32_t mailproto_session_output(mailproto_session *s, const uint8_t **data, size_t *len);

/* Output that was copied and acked in one call, for bindings. *len is how many of `cap` octets were filled. As output. */
MAILPROTO_API int32_t mailproto_session_read_output(mailproto_session *s, void *buf, size_t cap, size_t *len);

/* Time passed, or there is work that needs no bytes (deadline). OK; FREED; a session error; ERR_REENTRANT. */
MAILPROTO_API int32_t mailproto_session_tick(mailproto_session *s, uint64_t now);

/* ---- the rest of the loop: never run callbacks ----------------------------------------------------------------- */

/* The first n octets of what output lent were sent. OK; ERR_ARG: more than was lent; ERR_REENTRANT. */
MAILPROTO_API int32_t mailproto_session_output_ack(mailproto_session *s, size_t n);

enum {
    MAILPROTO_WANTS_READ = 1,  /* feed */
    MAILPROTO_WANTS_WRITE = 2, /* call output; off once it gave nothing */
    MAILPROTO_WANTS_HOST = 4,  /* an answer or a release is owed */
    MAILPROTO_WANTS_TLS = 8,   /* drained: do the handshake, then tls_started */
    MAILPROTO_WANTS_CLOSE = 16 /* over and drained: close and free */
};

/* Answers what the session waits for: a set of MAILPROTO_WANTS_*. 0: time (deadline) or the host's next call moves it;
   polled, that call is next_event while an event stands. May be called anywhere, in callbacks too. */
MAILPROTO_API uint32_t mailproto_session_wants(const mailproto_session *s);

/* When to call tick if nothing else happens: UINT64_MAX never; a time that is not after now, 0 included, at once. */
MAILPROTO_API uint64_t mailproto_session_deadline(const mailproto_session *s);

/* Where TLS stands in a session: `tls` of every engine's config. STARTTLS is STLS in POP3. */
enum {
    MAILPROTO_TLS_NEVER = 0,    /* not offered, not asked for */
    MAILPROTO_TLS_MAY = 1,      /* STARTTLS: a server offers it, a client uses it where it is offered */
    MAILPROTO_TLS_REQUIRED = 2, /* STARTTLS: no MAIL, no login before it; a client that is not offered it gives up */
    MAILPROTO_TLS_IMPLICIT = 3  /* the session begins with the handshake (RFC 8314) */
};

/* What the host knows of the handshake. Texts are copied as far as the session needs them. */
typedef struct mailproto_tls_info {
    uint32_t struct_size;
    uint32_t version;  /* 0x0303, 0x0304; 0: unknown */
    uint32_t verified; /* 1: the peer's certificate was verified */
    mailproto_text cipher;
    mailproto_text server_name; /* SNI */
    mailproto_text alpn;
    mailproto_text peer_name; /* from the verified certificate of the peer */
    mailproto_text unique;    /* channel bindings: RFC 5929, RFC 9266; empty if there is none */
    mailproto_text exporter;
    mailproto_text server_end_point;
} mailproto_tls_info;
MAILPROTO_API int32_t mailproto_tls_info_init(mailproto_tls_info *info, size_t size);

/* The handshake that wants TLS asked for is done. info may be NULL. OK; ERR_STATE: TLS is not wanted; ERR_ARG;
   ERR_REENTRANT. */
MAILPROTO_API int32_t mailproto_session_tls_started(mailproto_session *s, const mailproto_tls_info *info);

/* The host can take no more for now: the session takes nothing and raises no event until release; bytes already made
   still go out, and the peer's clock stands. Said inside of a TRACE event, it lets the event that was traced come yet, for
   that may point into the fed buffer. Not counted: one release ends any number of holds. OK; ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_session_hold(mailproto_session *s);
MAILPROTO_API int32_t mailproto_session_release(mailproto_session *s);

/* End politely at the next moment the protocol allows: servers say 421, -ERR or BYE, clients QUIT or LOGOUT after what
   was submitted. OK; idempotent. */
MAILPROTO_API int32_t mailproto_session_finish(mailproto_session *s);

/* End now, silently: no callback from it or after it. NULL is ignored. A session inside a layer frees the layer with it.
   For cancels and ends of what is open, call lost first. */
MAILPROTO_API void mailproto_session_free(mailproto_session *s);

/* ---- being waked ------------------------------------------------------------------------------------------------ */

/* Whom to tell that the session has something to do again because of a call from outside of its I/O verbs: an answer that
   came late (the host's, or a store's, from a timer, a thread's completion, another session's callback), a submission,
   release, finish. So whoever makes such a call need not know whose loop the session is in, and a store needs to know of no
   loop at all.

   wake(s, user) is called from inside of that call when `deadline` has become 0, with s the session that the host drives:
   the outermost layer. It is called once; then not before feed, eof, lost, output, tick or next_event was called on s. Not
   for what comes out of these verbs themselves, in their callbacks or behind them: the host's loop is there, and looks.
   Not in or after free.

   It is there to put the session on a list, to start a timer of 0 ms, to write to a pipe: what it tells of is not complete
   before the call that caused it has returned, and that may be deep inside of another session, or of a store. So no call
   on any session is allowed in it but wants and deadline, no call on a store, and no free.

   May be set at any time, on the session or on any layer of it; there is one, kept until it is set anew. NULL: nobody. What
   is due at that moment is not told. OK; ERR_ARG: s is NULL. */
MAILPROTO_API int32_t mailproto_session_set_wake(mailproto_session *s, void (*wake)(mailproto_session *s, void *user),
                                                 void *user);

/* ---- events and answers ---------------------------------------------------------------------------------------- */

/* The next event of a polled session, or NULL if there is none now. It and what it points to live until the next call
   of this function. Always NULL for a session with callbacks, or inside a callback. */
MAILPROTO_API const mailproto_event *mailproto_session_next_event(mailproto_session *s);

/* Answers a request with its documented default. OK; ERR_TOKEN. */
MAILPROTO_API int32_t mailproto_session_use_default(mailproto_session *s, uint64_t token);

/* Fails a request: "I cannot", as its struct documents; never an acceptance. Token 0 fails what the event just seen
   belongs to: its message, its command, or else the session. OK; ERR_TOKEN; ERR_STATE: token 0 and no event. */
MAILPROTO_API int32_t mailproto_session_fail(mailproto_session *s, uint64_t token);

/* Withdraws a command of the host's that has not begun on the wire (its completion says ERR_CANCELLED), or ends one that
   has as early as the protocol allows. OK; ERR_TOKEN. */
MAILPROTO_API int32_t mailproto_session_cancel(mailproto_session *s, uint64_t token);

/* Answers a request for a piece of a body. 0 < len <= the request's `max`. OK; ERR_TOKEN; ERR_ARG: length; ERR_BODY: more
   than the announced size (the body has failed). */
MAILPROTO_API int32_t mailproto_session_piece(mailproto_session *s, uint64_t token, const void *data, size_t len);

/* Answers it with the end of the body. OK; ERR_TOKEN; ERR_BODY: less than the announced size (the body has failed). */
MAILPROTO_API int32_t mailproto_session_piece_end(mailproto_session *s, uint64_t token);

/* Tells the calendar time, for what needs one (Received fields). Kept with the next `now` and counted on from there. OK. */
MAILPROTO_API int32_t mailproto_session_set_wall(mailproto_session *s, int64_t unix_seconds);

/* Turns TRACE events on for the given kinds (0: off). OK. */
MAILPROTO_API int32_t mailproto_session_set_trace(mailproto_session *s, uint32_t kinds);

/* The session error, or 0; where in the peer's octets it was found, and a sentence about it. The out pointers may be
   NULL; *text lives as long as the session. */
MAILPROTO_API int32_t mailproto_session_error(const mailproto_session *s, uint64_t *offset, const char **text,
                                              size_t *len);

#ifdef __cplusplus
}
#endif
#endif
