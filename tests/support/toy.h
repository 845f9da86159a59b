/* A server engine for tests of what all engines share, with a protocol of five commands:
 *
 *     ASK n    a request to the host, several open together       A n yes / A n no / A n fail
 *     BODY n   n octets follow; the end of them is a request       B n / B n fail
 *     GET n    n octets from the host in pieces                    +n, the octets, an empty line
 *     TLS      the boundary                                        GO
 *     QUIT     the end                                             BYE
 *
 * and "?" to all else. Written against src/core/engine.h as the engines of the library are. */
#ifndef TEST_TOY_H
#define TEST_TOY_H

#include <mailproto/session.h>

typedef struct toy toy;

enum {
    TOY_CONNECT = 0x100, /* request: "HELLO"; fail: "NO" and the end */
    TOY_ASK = 0x101,     /* request, toy_ask; default: no */
    TOY_SLICE = 0x102,   /* event, toy_slice */
    TOY_END = 0x103,     /* request, toy_ask: of a body */
    TOY_ABORTED = 0x104, /* event, toy_ask: a body that was begun gets no TOY_END */
    TOY_PIECE = 0x105    /* request, toy_piece */
};

typedef struct toy_ask {
    mailproto_event head;
    uint64_t n;
    mailproto_text line;
} toy_ask;

typedef struct toy_slice {
    mailproto_event head;
    mailproto_text bytes;
} toy_slice;

typedef struct toy_piece {
    mailproto_event head;
    uint64_t offset;
    size_t max;
} toy_piece;

/* One callback for all events; NULL instead of it: polled. */
typedef int32_t (*toy_callback)(toy *t, const mailproto_event *event, void *user);

struct toy_config {
    uint32_t max_open, max_line;
    uint64_t max_skip;
    uint32_t command_ms, answer_ms, stall_ms, tls_ms;
    uint32_t piece; /* the most a piece may have; 0: 64 */
    int implicit_tls;
};

int32_t toy_new(toy **out, const struct toy_config *config, toy_callback callback, const mailproto_allocator *allocator,
                void *user);
size_t toy_memory_max(const struct toy_config *config);
mailproto_session *toy_session(toy *t);

/* Answers ASK, END and CONNECT. delay: milliseconds before it may go out. */
int32_t toy_answer(toy *t, uint64_t token, int yes, uint32_t delay);

#endif
