/* layer_records.c - the handshake of a layer, and records in both directions, with the buffers they need.
 * include/mailproto/layer.h; contract.md section 2, "Layers". */
#include <string.h>

#include "core/layer.h"

enum { MAX_PLAIN = 16384, HANDSHAKE_ROOM = 4096 };

size_t mp_layer_plain_room(const mailproto_layer *ops)
{
    return ops->max_plain ? ops->max_plain : MAX_PLAIN;
}

static size_t handshake_room(const mailproto_layer *ops)
{
    return ops->handshake_room ? ops->handshake_room : HANDSHAKE_ROOM;
}

size_t mp_layer_out_room(const mailproto_layer *ops)
{
    size_t record = ops->overhead + mp_layer_plain_room(ops);

    return record > handshake_room(ops) ? record : handshake_room(ops);
}

/* ---- buffers ---- */

static int make_room(struct mp_layer *l, struct mp_layer_buffer *buffer, size_t capacity)
{
    if (!buffer->ptr) {
        buffer->ptr = mp_alloc(&l->allocator, capacity);
        buffer->capacity = capacity;
    }
    return buffer->ptr ? 0 : -1;
}

static size_t room(const struct mp_layer_buffer *buffer)
{
    return buffer->capacity - buffer->tail;
}

static void release(struct mp_layer *l, struct mp_layer_buffer *buffer)
{
    if (!buffer->ptr)
        return;
    mp_wipe(buffer->ptr, buffer->used > buffer->tail ? buffer->used : buffer->tail);
    mp_free(&l->allocator, buffer->ptr, buffer->capacity);
    *buffer = (struct mp_layer_buffer){0};
}

static int wants(const struct mp_layer *l, uint32_t bit)
{
    return (mailproto_session_wants(l->session.inner) & bit) != 0;
}

void mp_layer_idle(struct mp_layer *l)
{
    int over = l->state == MP_LAYER_CLOSED || l->state == MP_LAYER_DEAD;

    /* An event of a polled inner session may still point into `plain`: it has seen all that it was fed if it reads on. */
    if (!mp_layer_left(&l->plain) && !over && wants(l, MAILPROTO_WANTS_READ))
        release(l, &l->plain);
    if (!mp_layer_left(&l->out) && !l->lent)
        release(l, &l->out);
}

/* ---- failing ---- */

int32_t mp_layer_fail(struct mp_layer *l, int32_t why, const char *text)
{
    l->state = MP_LAYER_DEAD;
    l->plain.head = l->plain.tail;
    return mailproto_session_lost(l->session.inner, why, text, strlen(text), l->now);
}

static int32_t no_memory(struct mp_layer *l)
{
    return mp_layer_fail(l, MAILPROTO_ERR_NOMEM, mailproto_result_text(MAILPROTO_ERR_NOMEM));
}

static int32_t no_progress(struct mp_layer *l)
{
    return mp_layer_fail(l, MAILPROTO_ERR_TLS, "the layer's operations do not move");
}

/* An operation answered `why`. What it made is sent, and an alert behind it. */
static int32_t op_failed(struct mp_layer *l, int32_t why)
{
    mailproto_text text = {NULL, 0};
    size_t made = 0;

    if (!make_room(l, &l->out, mp_layer_out_room(&l->ops)) && room(&l->out)) {
        if (l->ops.close(l->ctx, l->out.ptr + l->out.tail, room(&l->out), &made) >= 0)
            l->out.tail += made;
    }
    l->ops.error_text(l->ctx, &text);
    if (!text.len)
        return mp_layer_fail(l, why, mailproto_result_text(why));
    l->state = MP_LAYER_DEAD;
    l->plain.head = l->plain.tail;
    return mailproto_session_lost(l->session.inner, why, text.ptr, text.len, l->now);
}

/* ---- handshake ---- */

static int32_t handshake_done(struct mp_layer *l)
{
    mailproto_tls_info info;
    int32_t result;

    mailproto_tls_info_init(&info, sizeof info);
    result = l->ops.info(l->ctx, &info);
    if (result < 0)
        return op_failed(l, result);
    l->state = MP_LAYER_ON;
    l->more = 1; /* there may be application data behind the handshake already */
    return mailproto_session_tls_started(l->session.inner, &info);
}

int32_t mp_layer_handshake(struct mp_layer *l, const uint8_t *in, size_t len, size_t *pos)
{
    l->shake = 0;
    for (;;) {
        size_t took = 0, made = 0;
        int32_t result;

        if (make_room(l, &l->out, mp_layer_out_room(&l->ops)))
            return no_memory(l);
        if (room(&l->out) < handshake_room(&l->ops)) {
            l->shake = 1; /* again when that has gone out */
            return MAILPROTO_OK;
        }
        result = l->ops.handshake(l->ctx, in + *pos, len - *pos, &took, l->out.ptr + l->out.tail, room(&l->out), &made);
        *pos += took;
        l->out.tail += made;
        if (result < 0)
            return op_failed(l, result);
        if (result == MAILPROTO_LAYER_DONE)
            return handshake_done(l);
        if (result == MAILPROTO_LAYER_NEED_INPUT) {
            l->shake = room(&l->out) < handshake_room(&l->ops); /* no input before that has gone out */
            return *pos == len ? MAILPROTO_OK : no_progress(l);
        }
        if (!took && !made)
            return no_progress(l);
    }
}

/* ---- opening ---- */

/* What was opened goes to the inner session as far as it takes it. */
static int32_t give(struct mp_layer *l)
{
    while (mp_layer_left(&l->plain) && wants(l, MAILPROTO_WANTS_READ)) {
        size_t taken = 0;
        int32_t result = mailproto_session_feed(l->session.inner, l->plain.ptr + l->plain.head,
                                                mp_layer_left(&l->plain), l->now, &taken);

        if (result == MAILPROTO_FREED)
            return result;
        l->plain.head += taken;
        if (!taken)
            break;
    }
    return MAILPROTO_OK;
}

/* The end of the input, once all before it was taken. */
static int32_t tell_end(struct mp_layer *l)
{
    if (l->told || mp_layer_left(&l->plain) || (l->more && !l->notify))
        return MAILPROTO_OK;
    if (l->notify) {
        l->told = 1;
        return mailproto_session_eof(l->session.inner, l->now);
    }
    if (!l->cut)
        return MAILPROTO_OK;
    l->told = 1;
    return mp_layer_fail(l, MAILPROTO_ERR_TLS, "the connection ended without close_notify");
}

/* One call of the operation. The inner session reads on, so nothing points into `plain` any more. */
static int32_t open_once(struct mp_layer *l, const uint8_t *in, size_t len, size_t *pos)
{
    size_t took = 0, made = 0;
    int32_t result;

    if (make_room(l, &l->plain, mp_layer_plain_room(&l->ops)))
        return no_memory(l);
    result = l->ops.open(l->ctx, in + *pos, len - *pos, &took, l->plain.ptr, l->plain.capacity, &made);
    *pos += took;
    l->plain.head = 0;
    l->plain.tail = result < 0 ? 0 : made;
    if (made > l->plain.used)
        l->plain.used = made;
    l->more = result == MAILPROTO_LAYER_MORE;
    if (result < 0)
        return op_failed(l, result);
    if (result == MAILPROTO_LAYER_DONE)
        l->notify = 1;
    else if (result == MAILPROTO_LAYER_NEED_INPUT ? *pos < len : !took && !made)
        return *pos == len && l->more ? (l->more = 0, MAILPROTO_OK) : no_progress(l);
    return MAILPROTO_OK;
}

int32_t mp_layer_open(struct mp_layer *l, const uint8_t *in, size_t len, size_t *pos)
{
    int32_t result;

    for (;;) {
        result = give(l);
        if (result)
            return result;
        if (l->state != MP_LAYER_ON || l->notify || mp_layer_left(&l->plain) || !wants(l, MAILPROTO_WANTS_READ))
            break;
        if (*pos == len && !l->more)
            break;
        result = open_once(l, in, len, pos);
        if (result == MAILPROTO_FREED)
            return result;
    }
    if (l->notify)
        *pos = len; /* nothing counts behind it */
    return l->state == MP_LAYER_ON ? tell_end(l) : MAILPROTO_OK;
}

/* ---- sealing ---- */

int32_t mp_layer_seal(struct mp_layer *l)
{
    for (;;) {
        const uint8_t *data;
        size_t len, took = 0, made = 0, most;
        int32_t result = mailproto_session_output(l->session.inner, &data, &len);

        if (result == MAILPROTO_FREED)
            return result;
        if (!len)
            return MAILPROTO_OK;
        if (make_room(l, &l->out, mp_layer_out_room(&l->ops)))
            return no_memory(l);
        if (room(&l->out) <= l->ops.overhead)
            return MAILPROTO_OK;
        most = room(&l->out) - l->ops.overhead;
        if (most > mp_layer_plain_room(&l->ops))
            most = mp_layer_plain_room(&l->ops);
        result =
            l->ops.seal(l->ctx, data, len < most ? len : most, &took, l->out.ptr + l->out.tail, room(&l->out), &made);
        if (result < 0)
            return op_failed(l, result);
        l->out.tail += made;
        mailproto_session_output_ack(l->session.inner, took);
        if (result == MAILPROTO_LAYER_NEED_INPUT)
            return MAILPROTO_OK;
        if (!took && !made)
            return no_progress(l);
    }
}

void mp_layer_close(struct mp_layer *l)
{
    for (;;) {
        size_t made = 0;
        int32_t result = MAILPROTO_LAYER_DONE;

        if (!make_room(l, &l->out, mp_layer_out_room(&l->ops))) {
            if (room(&l->out) < handshake_room(&l->ops) && mp_layer_left(&l->out))
                return; /* again when that has gone out */
            result = l->ops.close(l->ctx, l->out.ptr + l->out.tail, room(&l->out), &made);
        }
        if (result >= 0)
            l->out.tail += made;
        if (result != MAILPROTO_LAYER_MORE || !made) {
            l->state = MP_LAYER_CLOSED;
            return;
        }
    }
}
