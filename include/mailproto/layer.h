/* mailproto/layer.h - a transform over a session is a session: TLS in front of any engine.
 *
 * A layer owns the session inside it. The host drives, polls and frees the layer only, before, during and after the
 * handshake; typed functions (answers, submissions) are still called on the engine. Until the inner session wants TLS
 * the layer passes bytes through untouched; then it does the handshake with its operations, calls tls_started, and seals
 * and opens from there on. A TLS layer over the library of your choice is written against this
 * header, and so is one that injects faults.
 *
 * close_notify of the peer is eof to the inner session; a connection that ends without it (host calls eof) is
 * lost(ERR_TLS); when the inner session wants CLOSE the layer sends close_notify first.
 */
#ifndef MAILPROTO_LAYER_H
#define MAILPROTO_LAYER_H

#include "session.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What an operation answers, beside a negative result, which ends the session as lost with that code. */
enum {
    MAILPROTO_LAYER_MORE = 0,       /* progress; call again while there is input or room */
    MAILPROTO_LAYER_NEED_INPUT = 1, /* nothing more without more input: all of `in` was taken */
    MAILPROTO_LAYER_DONE = 2 /* handshake: complete. open: the peer sent close_notify. close: nothing left to send */
};

/* The operations. Each sets how much of `in` it took and how much of `out` it made; neither may be more than was given.
   Part of a record that is not complete is taken and kept in ctx. MORE without having taken or made anything ends the
   session, except of handshake and close with less than handshake_room. They never call the session. All are required.
   Copied by mailproto_layer_new. */
typedef struct mailproto_layer {
    uint32_t struct_size;
    /* the least room `out` needs beyond the plain octets that seal takes: record header, tag, padding */
    uint32_t overhead;
    /* the most plain octets one call of open makes, and seal takes; 0: 16384 */
    uint32_t max_plain;
    /* the room that handshake and close need in `out` to move at all; 0: 4096 */
    uint32_t handshake_room;
    int32_t (*handshake)(void *ctx, const uint8_t *in, size_t in_len, size_t *took, uint8_t *out, size_t cap,
                         size_t *made);
    int32_t (*open)(void *ctx, const uint8_t *in, size_t in_len, size_t *took, uint8_t *plain, size_t cap,
                    size_t *made);
    int32_t (*seal)(void *ctx, const uint8_t *plain, size_t len, size_t *took, uint8_t *out, size_t cap, size_t *made);
    /* close_notify; asked once, too, after a negative answer of another, so that an alert that says why can go out */
    int32_t (*close)(void *ctx, uint8_t *out, size_t cap, size_t *made);
    /* what is known after the handshake, for tls_started; info comes initialised, its texts must live as long as ctx */
    int32_t (*info)(void *ctx, mailproto_tls_info *info);
    /* a sentence about the last negative answer, or an empty text; lives as long as ctx */
    void (*error_text)(void *ctx, mailproto_text *text);
    void (*free)(void *ctx);
    /* milliseconds for a peer to take something of what the layer has to send; 0: 300000, UNLIMITED: for ever */
    uint32_t stall_ms;
} mailproto_layer;
MAILPROTO_API int32_t mailproto_layer_init(mailproto_layer *ops, size_t size);

/* Puts a layer over `inner`, which must be new: nothing fed, nothing lent. From success on the layer owns inner and ctx.
   Memory: the allocator (NULL: the C library's); an idle layer holds no buffer. OK; ERR_ARG: an operation is missing or
   inner is inside a layer already; ERR_NOMEM; on an error nothing is owned. */
MAILPROTO_API int32_t mailproto_layer_new(mailproto_session **out, mailproto_session *inner, const mailproto_layer *ops,
                                          void *ctx, const mailproto_allocator *allocator);

/* The most memory a layer takes of its allocator, ctx and inner session apart. 0 if ops is malformed. */
MAILPROTO_API size_t mailproto_layer_memory_max(const mailproto_layer *ops);

#ifdef __cplusplus
}
#endif
#endif
