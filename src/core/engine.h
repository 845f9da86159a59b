/* engine.h - what the six engines share: input lines, requests in order, output chunks, clocks, events, the end.
 * contract.md section 2; the life of a session and this file's rules are told in docs/design/session.md.
 *
 * An engine embeds struct mp_engine and gives a table of mp_engine_ops. Its heart is step(): do one
 * thing (take a line, lend a slice, raise an event, make some output) and answer 1, or answer 0 if nothing can move.
 * The base calls it until an event stands, and then goes on when that was seen.
 *
 * Rules for step(): raise at most one event a call; make output of one trace kind a call; never loop over input that the
 * peer can make long without returning; before taking a line that would make output, ask mp_out_full.
 */
#ifndef MP_CORE_ENGINE_H
#define MP_CORE_ENGINE_H

#include "core/memory.h"
#include "core/outline.h"
#include "core/session.h"
#include "core/tls_keeper.h"

enum {
    MP_ANSWER_MAX = 1000,   /* room that every request has for its answer */
    MP_CHUNK = 960,         /* the least size of an output chunk: with its head still a small piece to allocators */
    MP_OUT_MARK = 4096,     /* with this much unsent, an engine takes no more work */
    MP_ERROR_TEXT_MAX = 255 /* what is kept of a host's text of lost() */
};

/* ---- requests ---- */

enum { MP_FREE = 0, MP_OPEN, MP_ANSWERED, MP_DEAD };

/* A request of the engine's to the host. They are answered in any order and leave the ring in their own. */
struct mp_request {
    uint64_t token;
    uint64_t due;    /* OPEN: when the host is too late; ANSWERED: when the answer may go out. 0: clock not started */
    uint32_t delay;  /* ANSWERED: milliseconds to wait */
    uint32_t type;   /* the event type */
    uint32_t index;  /* the engine's own: recipient, message number, ... */
    uint32_t code;   /* the engine's own: of the answer */
    uint32_t value;  /* the engine's own */
    uint16_t length; /* of the answer in `store` */
    uint8_t state;
    uint8_t tell_cancel; /* the engine gave up on it: a CANCEL event is owed */
    uint8_t own;         /* the engine answers it by itself, out of a store: the host hears nothing of it */
    int32_t why;         /* for that event */
    char *store;         /* MP_ANSWER_MAX octets for the answer, there from the opening on */
};

/* ---- input ---- */

enum {
    MP_LINE_BARE_LF = 1,  /* ended by LF alone */
    MP_LINE_BARE_CR = 2,  /* a CR inside */
    MP_LINE_NUL = 4,      /* a NUL inside */
    MP_LINE_TOO_LONG = 8, /* its text was skipped: ptr holds nothing */
    MP_LINE_8BIT = 16     /* an octet over 127 inside */
};

struct mp_line {
    const char *ptr; /* without its line end */
    size_t len;
    uint32_t flags;
    uint64_t offset; /* of its first octet in all that the peer sent */
};

/* ---- output ---- */

struct mp_chunk {
    struct mp_chunk *next;
    size_t capacity, head, tail; /* unsent octets are [head, tail) of what follows this struct */
    uint32_t secret;             /* held credentials: wiped when freed */
};

enum { MP_TLS_NONE = 0, MP_TLS_DRAINING, MP_TLS_ON };

struct mp_engine;

struct mp_engine_ops {
    /* calls the callback of the event: the engine's dispatcher, written with public calls only */
    int32_t (*dispatch)(struct mp_engine *e, const mailproto_event *event);
    int (*step)(struct mp_engine *e);
    /* Whether the state wants input; the base knows hold, events, kicks, TLS and the end by itself. While it says so, step must
       take at least one octet: at the output mark it puts the line away with mp_line_wait rather than not to look. */
    int (*wants_input)(const struct mp_engine *e);
    /* The head of the ring was answered and its delay is over: make its output and move on. A session that ends drops
       answers that had no turn yet: what one gave (a pin, an accepted transaction) is booked where it is answered. */
    void (*answered)(struct mp_engine *e, struct mp_request *r);
    /* put the documented default, or failing, answer into an open request (mp_answer_*); OK or a call error */
    int32_t (*use_default)(struct mp_engine *e, struct mp_request *r);
    int32_t (*fail)(struct mp_engine *e, struct mp_request *r);
    /* the host failed the event just seen, which is not a request */
    void (*fail_event)(struct mp_engine *e, uint32_t type);
    /* how long the peer may take in this phase, running only while its input is wanted; 0: for ever */
    uint32_t (*peer_limit)(const struct mp_engine *e);
    void (*peer_timeout)(struct mp_engine *e);
    /* the peer half-closed and nothing is left to do: end the session */
    void (*eof)(struct mp_engine *e);
    /* TLS is on: forget what was learned */
    void (*tls_started)(struct mp_engine *e);
    /* after cancels, before CLOSED: raise what ends a thing that was begun, one a call; 0: nothing (left) */
    int (*end_step)(struct mp_engine *e);
    /* clients: a command's token. Others: NULL */
    int32_t (*cancel)(struct mp_engine *e, uint64_t token);
    /* answers to body requests, already found open: NULL where there are none */
    int32_t (*piece)(struct mp_engine *e, struct mp_request *r, const void *data, size_t len);
    int32_t (*piece_end)(struct mp_engine *e, struct mp_request *r);
    /* nothing is in hand: release what is cheap to make again; may be NULL */
    void (*idle)(struct mp_engine *e);
    /* free what the engine allocated beyond its struct */
    void (*destroy)(struct mp_engine *e);
};

/* What crossed the wire, for TRACE events: only linked, and only asked, where set_trace was called. engine_trace.c. */
struct mp_tracer {
    void (*in)(struct mp_engine *e, const void *data, size_t n, uint32_t kind); /* input was taken */
    void (*out)(struct mp_engine *e, size_t n, uint32_t kind);                  /* output was made */
    const mailproto_event *(*next)(struct mp_engine *e);                        /* the next to show, or NULL */
};

/* What is used most comes first: near fields make short code. */
struct mp_engine {
    mailproto_session session;
    uint8_t woken; /* the host was waked, and has not looked since */
    uint8_t kick, clock_pending;
    uint8_t ending, over, held, finishing;
    uint8_t tls; /* MP_TLS_* */
    uint8_t tls_tell, eof_seen, eof_told, polled;
    uint8_t seen;          /* polled: next_event gave `current` */
    uint8_t line_ready;    /* a line is complete and waits */
    uint8_t line_taken;    /* it was handed out and goes at the next look */
    uint8_t line_private;  /* it held a secret: wipe it */
    uint8_t line_skipping; /* it is too long */
    uint8_t line_followed; /* there was more behind it when it began to wait */
    uint8_t out_gated;     /* a step waits for room */
    uint8_t out_parked;    /* what was lent was dropped meanwhile */
    uint8_t cancels;       /* some requests have tell_cancel */
    uint8_t stores;        /* some requests have their room for an answer */
    uint8_t started, peer_running, stall_running, wall_set, wall_pending;
    int32_t error;
    uint32_t ring_count;
    uint32_t out_pending;    /* octets unsent */
    uint32_t in_len, in_pos; /* of `in` */
    const struct mp_engine_ops *ops;
    const mailproto_event *event, *current; /* the event that stands, and the one that was shown */
    const uint8_t *in;                      /* what the current call of feed gave; NULL outside */

    char *line; /* a line that is not in one piece, or has to wait */
    uint32_t line_len, line_capacity;
    size_t line_skipped; /* octets dropped of a line that is too long */
    uint64_t max_skip;   /* how many may be */
    uint64_t line_offset;
    uint64_t in_base; /* octets taken in earlier calls */

    struct mp_chunk *first, *last, *spare;
    struct mp_chunk *parked; /* dropped while it was lent */
    size_t out_lent;         /* how many of the first unsent octets were lent */
    uint64_t out_acked;      /* octets acked ever */
    uint64_t out_shown;      /* and the most that were ever lent: nothing beyond it can have arrived */

    /* requests: a ring in the order of their replies */
    struct mp_request *ring;
    uint32_t ring_size, ring_head;
    uint64_t generation;

    /* clocks, milliseconds */
    uint64_t now, peer_elapsed, stall_elapsed;
    uint32_t answer_ms, stall_ms;
    int64_t wall;
    uint64_t wall_at;

    void (*wake)(
        struct mp_engine *e); /* NULL: nobody is to be waked; as the tracer, only linked where it was asked for */
    void (*host_wake)(mailproto_session *s, void *user);
    void *host_wake_user;

    const struct mp_tracer *tracer; /* NULL: nothing is traced */
    size_t out_untraced;            /* how many of the last unsent octets were not traced yet */
    size_t out_behind;              /* how many of these, the last, are of another kind */
    uint32_t out_kind;              /* the trace kind of the untraced ones */
    uint32_t out_behind_kind;
    uint32_t trace_in_kind, trace_kinds;
    mailproto_text trace_in;
    mailproto_trace trace;

    mailproto_allocator allocator;
    void *user;
    size_t size, offset; /* of the whole allocation; of this struct in it */
    uint64_t error_offset;
    const char *error_text;
    size_t error_len;
    char *error_store; /* the text of lost(), and a NUL: error_len + 1 octets; or NULL */
    uint32_t tls_version, tls_verified;
    struct mp_tls_keeper *keeper; /* of mp_engine_set_keeper, or NULL */
    union {
        mailproto_cancel cancel;
        mailproto_tls_started tls_started;
        mailproto_closed closed;
    } own;                 /* payloads of the base's own events */
    struct mp_request one; /* the ring of those with max_open 1 */
};

/* ---- life ---- */

struct mp_engine_setup {
    const struct mp_engine_ops *ops;
    const mailproto_allocator *allocator; /* as mp_allocator_copy made it */
    void *user;
    uint32_t max_open;  /* 0: 1 */
    uint32_t answer_ms; /* 0: for ever */
    uint32_t stall_ms;  /* 0: for ever */
    uint64_t max_skip;  /* octets of a line or body thrown away before the session ends */
    int polled;
    int implicit_tls;
    size_t offset; /* of struct mp_engine in the whole */
};
/* Allocates a zeroed engine of `size` octets. OK, ERR_NOMEM. */
int32_t mp_engine_new(struct mp_engine **out, size_t size, const struct mp_engine_setup *setup);
/* From the construction on: it is told of the handshake before ops->tls_started, and freed behind ops->destroy. */
void mp_engine_set_keeper(struct mp_engine *e, struct mp_tls_keeper *keeper);
/* What mp_engine_new and the base take at most, given the longest line and the largest mp_out_reserve. */
size_t mp_engine_memory_max(size_t size, uint32_t max_open, size_t max_line, size_t max_reserve);

/* Ends the session: why 0 in good order (after its output), else the session error. `text` is static. Idempotent. */
void mp_engine_end(struct mp_engine *e, int32_t why, const char *text);
/* The same for want of memory, and in one word for the callers that return 1 from step. */
int mp_engine_nomem(struct mp_engine *e);
/* Something happened outside of a verb that lets the session move: the host is to look, and is waked. The last thing that
   such a call does, as far as the host could notice. */
void mp_engine_kick(struct mp_engine *e);
/* Whether it is over or ending: typed functions answer ERR_STATE then. */
int mp_engine_ended(const struct mp_engine *e);

/* Raises an event: `payload` lives in the engine and begins with mailproto_event, which this fills. */
void mp_raise(struct mp_engine *e, void *payload, size_t size, uint32_t type, uint64_t token);
/* A new number for a token of the engine's own (commands of clients); never 0, below 2^53. */
MP_OUTLINE uint64_t mp_token(struct mp_engine *e, uint32_t low);

/* ---- input ---- */

/* The next line, without taking it. 1: there is one. 0: none yet (what there is was kept), or no memory (ending). */
int mp_line_peek(struct mp_engine *e, size_t max, struct mp_line *line);
/* The same, but of the flags only BARE_LF and TOO_LONG are told: for those who let the others pass. */
int mp_line_find(struct mp_engine *e, size_t max, struct mp_line *line);
/* Takes the line just peeked; its text lives until the next peek. kind: MAILPROTO_TRACE_LINE, _PRIVATE or _BODY. */
void mp_line_take(struct mp_engine *e, const struct mp_line *line, uint32_t kind);
/* Wipes the line taken last, if it is in memory of the engine's: nobody needs its text any more. */
void mp_line_forget(struct mp_engine *e);
/* Leaves it for later, out of the host's buffer. */
void mp_line_wait(struct mp_engine *e, const struct mp_line *line);

/* What is left of the input of this feed, for framers of bodies. */
const uint8_t *mp_in(const struct mp_engine *e);
size_t mp_in_left(const struct mp_engine *e);
/* Takes n octets of it and traces them as body. */
void mp_in_take(struct mp_engine *e, size_t n);
/* The offset of the next octet in all that the peer sent. */
uint64_t mp_in_offset(const struct mp_engine *e);

/* ---- output ---- */

/* Room for n octets in one piece at the end, or NULL: no memory. Write there, then commit what was written. */
uint8_t *mp_out_reserve(struct mp_engine *e, size_t n);
void mp_out_commit(struct mp_engine *e, size_t n, uint32_t kind);
/* Appends. 0; -1: no memory, and the session is ending. */
int mp_out_put(struct mp_engine *e, const void *data, size_t n, uint32_t kind);
/* Appends a line of literal text with its CRLF in the literal. */
#define mp_out_literal(e, s) mp_out_put((e), (s), sizeof(s) - 1, MAILPROTO_TRACE_LINE)
/* Sees to it that the next mp_out_reserve of n octets finds memory, whenever it comes: said before a request whose answer
   becomes output. 0; -1: no memory, and the session is ending. */
int mp_out_promise(struct mp_engine *e, size_t n);
/* Whether more output would pass `mark`; then the step that asked is run again when there is room. */
int mp_out_full(struct mp_engine *e, size_t mark);

/* ---- requests ---- */

/* Opens a request of that event type at the end of the ring. NULL: no memory, and the session is ending. */
struct mp_request *mp_request_open(struct mp_engine *e, uint32_t type, uint32_t index);
int mp_request_full(const struct mp_engine *e);  /* no further one may be opened */
uint32_t mp_requests(const struct mp_engine *e); /* how many are in the ring, answered ones too */
/* The open request with that token and type (0: any), or NULL. */
struct mp_request *mp_request_find(struct mp_engine *e, uint64_t token, uint32_t type);
/* Its answer is complete (r->code, r->store ...); it goes out in its turn, not before delay. */
MP_OUTLINE void mp_request_answered(struct mp_engine *e, struct mp_request *r, uint32_t delay);
/* An open request becomes the engine's own: the token that the host has is dead, and no CANCEL is told. */
void mp_request_take(struct mp_engine *e, struct mp_request *r);
/* The engine's own request asks something more: the time for the answer begins anew. */
void mp_request_goes_on(struct mp_engine *e, struct mp_request *r);
/* Kills the open requests of a type (0: all) for `why`, each with its CANCEL event; the session goes on. */
void mp_request_kill(struct mp_engine *e, uint32_t type, int32_t why);

/* ---- the rest ---- */

/* The base's own: what its files share. */
uint32_t mp_ring_index(const struct mp_engine *e, uint32_t i);
struct mp_request *mp_ring_at(const struct mp_engine *e, uint32_t i);
void mp_out_lend(struct mp_engine *e, const uint8_t **data, size_t *len);
void mp_out_acked(struct mp_engine *e, size_t n);
void mp_out_drop(struct mp_engine *e);
MP_OUTLINE void mp_out_idle(struct mp_engine *e);
void mp_out_free(struct mp_engine *e);
int mp_requests_make_ring(struct mp_engine *e, uint32_t max_open);
MP_OUTLINE void mp_requests_idle(struct mp_engine *e);
void mp_requests_free(struct mp_engine *e);
void mp_input_idle(struct mp_engine *e);
void mp_input_free(struct mp_engine *e);

/* From here on the peer's time is counted anew: a command was completed, a phase began. */
void mp_peer_clock_reset(struct mp_engine *e);
/* The announcement of TLS was put: the boundary. Anything behind it in this feed ends the session. */
MP_OUTLINE void mp_tls_boundary(struct mp_engine *e);
/* Calendar time now; 0 if the host never told it. */
int64_t mp_wall(const struct mp_engine *e);

#endif
