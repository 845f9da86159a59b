/* layer.h - the state of a layer, and what its files share. include/mailproto/layer.h; contract.md section 2, "Layers". */
#ifndef MP_CORE_LAYER_H
#define MP_CORE_LAYER_H

#include "core/memory.h"
#include "core/session.h"
#include "mailproto/layer.h"

enum {
    MP_LAYER_PASS,      /* octets go through untouched until the inner session wants TLS */
    MP_LAYER_HANDSHAKE, /* ours is the wire: nothing of the inner session crosses it */
    MP_LAYER_ON,        /* open and seal */
    MP_LAYER_CLOSED,    /* close_notify was made; what is left is to drain */
    MP_LAYER_DEAD       /* the inner session was told lost: an alert may be left to drain */
};

/* Octets that are used up from the front and never moved: room for them is there only while there are some. */
struct mp_layer_buffer {
    uint8_t *ptr;
    size_t capacity, head, tail;
    size_t used; /* the most that was in it at a time: so much is wiped */
};

struct mp_layer {
    mailproto_session session;
    mailproto_layer ops;
    void *ctx;
    mailproto_allocator allocator;
    uint32_t state;
    struct mp_layer_buffer plain; /* opened, not yet taken by the inner session */
    struct mp_layer_buffer out;   /* to send */
    size_t lent;                  /* of `out`, or of the inner session's output */
    uint64_t now, stall_since;
    uint8_t stall_running, stall_pending;
    uint8_t lent_inner;
    uint8_t shake;  /* handshake may move without input: at its beginning, and when there is room again */
    uint8_t more;   /* open may make more without input */
    uint8_t notify; /* close_notify came */
    uint8_t cut;    /* the connection ended without it */
    uint8_t told;   /* the inner session knows of either */
};

static inline size_t mp_layer_left(const struct mp_layer_buffer *buffer)
{
    return buffer->tail - buffer->head;
}

/* The room that `plain` and `out` are made with. */
size_t mp_layer_plain_room(const mailproto_layer *ops);
size_t mp_layer_out_room(const mailproto_layer *ops);

/* Each answers MAILPROTO_FREED if a callback freed the session: touch nothing then. */

/* Plain octets to the inner session, opening what there is; *pos goes on over `in`. */
int32_t mp_layer_open(struct mp_layer *l, const uint8_t *in, size_t len, size_t *pos);
/* Output of the inner session into records, as far as there is room. */
int32_t mp_layer_seal(struct mp_layer *l);
int32_t mp_layer_handshake(struct mp_layer *l, const uint8_t *in, size_t len, size_t *pos);
/* The inner session is over: makes close_notify. */
void mp_layer_close(struct mp_layer *l);
/* An operation failed, or the connection did: the inner session is told lost. */
int32_t mp_layer_fail(struct mp_layer *l, int32_t why, const char *text);
/* Releases buffers that hold nothing. */
void mp_layer_idle(struct mp_layer *l);

#endif
