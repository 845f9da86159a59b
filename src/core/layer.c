/* layer.c - a layer as a session: the verbs, turned into those of the inner session and into records.
 * include/mailproto/layer.h; contract.md section 2, "Layers". */
#include "core/layer.h"

#include <string.h>

enum { STALL_MS = 300000 };

static const uint8_t nothing[1]; /* where there is no input to point to */

static struct mp_layer *of(mailproto_session *s)
{
    return (struct mp_layer *)s;
}

static const struct mp_layer *of_const(const mailproto_session *s)
{
    return (const struct mp_layer *)s;
}

static int inner_wants(const struct mp_layer *l, uint32_t bit)
{
    return (mailproto_session_wants(l->session.inner) & bit) != 0;
}

/* The inner session asks for TLS: from here on the wire is the layer's. */
static void begin(struct mp_layer *l)
{
    if (l->state != MP_LAYER_PASS || !inner_wants(l, MAILPROTO_WANTS_TLS))
        return;
    l->state = MP_LAYER_HANDSHAKE;
    l->shake = 1;
}

/* What is held for the inner session, or may be opened for it without input. */
static int holds(const struct mp_layer *l)
{
    return l->state == MP_LAYER_ON && (mp_layer_left(&l->plain) || l->more);
}

/* ---- the clock of what the peer does not take ---- */

static uint32_t stall_ms(const struct mp_layer *l)
{
    return l->ops.stall_ms ? l->ops.stall_ms : STALL_MS;
}

static void stall_rest(struct mp_layer *l, int with_now)
{
    if (!mp_layer_left(&l->out) || stall_ms(l) == MAILPROTO_UNLIMITED) {
        l->stall_running = l->stall_pending = 0;
        return;
    }
    if (l->stall_running)
        return;
    l->stall_running = with_now != 0;
    l->stall_pending = !with_now;
    l->stall_since = l->now;
}

static void tell_time(struct mp_layer *l, uint64_t now)
{
    if (now > l->now)
        l->now = now;
    stall_rest(l, 1);
}

/* The end of a verb. The answer is the inner session's error, which is final. */
static int32_t rest(struct mp_layer *l, int32_t result, int with_now)
{
    if (result == MAILPROTO_FREED)
        return result;
    mp_layer_idle(l);
    stall_rest(l, with_now);
    return mailproto_session_error(l->session.inner, NULL, NULL, NULL);
}

/* ---- I/O verbs ---- */

/* Only a handshake that the inner session still waits for goes on: not while it is held, not when it has ended. */
static int32_t shake(struct mp_layer *l, const uint8_t *in, size_t len, size_t *pos)
{
    return inner_wants(l, MAILPROTO_WANTS_TLS) ? mp_layer_handshake(l, in, len, pos) : MAILPROTO_OK;
}

static int32_t layer_feed(mailproto_session *s, const uint8_t *data, size_t len, uint64_t now, size_t *consumed)
{
    struct mp_layer *l = of(s);
    int32_t result = MAILPROTO_OK;

    tell_time(l, now);
    begin(l);
    if (l->state == MP_LAYER_PASS)
        return mailproto_session_feed(s->inner, data, len, now, consumed);
    if (!len)
        data = nothing;
    if (l->state == MP_LAYER_HANDSHAKE)
        result = shake(l, data, len, consumed);
    if (result != MAILPROTO_FREED && l->state == MP_LAYER_ON)
        result = mp_layer_open(l, data, len, consumed);
    if (result == MAILPROTO_FREED)
        return result;
    result = rest(l, result, 1);
    if (result || l->state == MP_LAYER_DEAD || l->state == MP_LAYER_CLOSED)
        *consumed = len;
    return result;
}

static int32_t layer_eof(mailproto_session *s, uint64_t now)
{
    struct mp_layer *l = of(s);
    int32_t result = MAILPROTO_OK;
    size_t pos = 0;

    tell_time(l, now);
    begin(l);
    if (l->state == MP_LAYER_PASS)
        return mailproto_session_eof(s->inner, now);
    if (l->state == MP_LAYER_HANDSHAKE) {
        result = mp_layer_fail(l, MAILPROTO_ERR_TLS, "the connection ended in the TLS handshake");
    } else if (l->state == MP_LAYER_ON) {
        l->cut = 1;
        result = mp_layer_open(l, nothing, 0, &pos);
    }
    return rest(l, result, 1);
}

static int32_t layer_lost(mailproto_session *s, int32_t why, const char *text, size_t len, uint64_t now)
{
    struct mp_layer *l = of(s);

    tell_time(l, now);
    l->out.head = l->out.tail;
    l->plain.head = l->plain.tail;
    l->state = MP_LAYER_DEAD;
    return rest(l, mailproto_session_lost(s->inner, why, text, len, now), 1);
}

/* What the inner session says in or after a handshake that did not come to its end has no way to the peer. */
static int32_t discard(struct mp_layer *l)
{
    const uint8_t *data;
    size_t len;
    int32_t result;

    do {
        result = mailproto_session_output(l->session.inner, &data, &len);
        if (result == MAILPROTO_FREED)
            return result;
        mailproto_session_output_ack(l->session.inner, len);
    } while (len);
    return MAILPROTO_OK;
}

static int32_t make_output(struct mp_layer *l)
{
    int32_t result = MAILPROTO_OK;
    size_t pos = 0;

    if (l->state == MP_LAYER_HANDSHAKE && l->shake)
        result = shake(l, nothing, 0, &pos);
    if (result == MAILPROTO_FREED)
        return result;
    if (l->state != MP_LAYER_ON)
        return discard(l);
    result = mp_layer_seal(l);
    if (result != MAILPROTO_FREED && l->state == MP_LAYER_ON && inner_wants(l, MAILPROTO_WANTS_CLOSE))
        mp_layer_close(l);
    return result;
}

static int32_t layer_output(mailproto_session *s, const uint8_t **data, size_t *len)
{
    struct mp_layer *l = of(s);
    int32_t result;

    begin(l);
    if (l->state == MP_LAYER_PASS) {
        result = mailproto_session_output(s->inner, data, len);
        l->lent = *len;
        l->lent_inner = 1;
        return result;
    }
    result = make_output(l);
    if (result == MAILPROTO_FREED)
        return result;
    l->lent = mp_layer_left(&l->out);
    l->lent_inner = 0;
    if (l->lent) {
        *data = l->out.ptr + l->out.head;
        *len = l->lent;
    }
    return rest(l, result, 0);
}

static int32_t layer_tick(mailproto_session *s, uint64_t now)
{
    struct mp_layer *l = of(s);
    int32_t result;
    size_t pos = 0;

    tell_time(l, now);
    if (l->stall_running && l->now - l->stall_since >= stall_ms(l)) {
        l->out.head = l->out.tail;
        result = mp_layer_fail(l, MAILPROTO_ERR_TIMEOUT, "the peer does not take what is sent to it");
        return rest(l, result, 1);
    }
    result = mailproto_session_tick(s->inner, now);
    if (result == MAILPROTO_FREED)
        return result;
    begin(l);
    if (l->state == MP_LAYER_HANDSHAKE && l->shake)
        result = shake(l, nothing, 0, &pos);
    if (result != MAILPROTO_FREED && l->state == MP_LAYER_ON)
        result = mp_layer_open(l, nothing, 0, &pos);
    return rest(l, result, 1);
}

static int32_t layer_ack(mailproto_session *s, size_t n)
{
    struct mp_layer *l = of(s);

    if (l->lent_inner)
        return mailproto_session_output_ack(s->inner, n);
    if (n > l->lent)
        return MAILPROTO_ERR_ARG;
    l->lent -= n;
    if (n > mp_layer_left(&l->out))
        n = mp_layer_left(&l->out); /* it was dropped meanwhile */
    l->out.head += n;
    if (n)
        l->stall_running = 0;
    if (!mp_layer_left(&l->out) && !l->lent)
        l->out.head = l->out.tail = 0;
    rest(l, MAILPROTO_OK, 0);
    return MAILPROTO_OK;
}

/* ---- what it wants ---- */

static uint32_t wants_handshake(const struct mp_layer *l, uint32_t inner, int stalled)
{
    uint32_t wants = inner & MAILPROTO_WANTS_HOST;

    if (mp_layer_left(&l->out) || (inner & MAILPROTO_WANTS_WRITE))
        wants |= MAILPROTO_WANTS_WRITE;
    if (inner & MAILPROTO_WANTS_TLS) {
        wants |= MAILPROTO_WANTS_READ;
        if (stalled && !mp_layer_left(&l->out))
            wants |= MAILPROTO_WANTS_WRITE;
        if (stalled && mp_layer_left(&l->out))
            wants &= ~(uint32_t)MAILPROTO_WANTS_READ; /* no room to answer in */
    }
    if ((inner & MAILPROTO_WANTS_CLOSE) && !(wants & MAILPROTO_WANTS_WRITE))
        wants |= MAILPROTO_WANTS_CLOSE;
    return wants;
}

static uint32_t wants_records(const struct mp_layer *l, uint32_t inner)
{
    uint32_t wants = inner & (MAILPROTO_WANTS_HOST | MAILPROTO_WANTS_WRITE);

    if (mp_layer_left(&l->out) || (inner & MAILPROTO_WANTS_CLOSE)) /* close_notify is owed */
        wants |= MAILPROTO_WANTS_WRITE;
    if ((inner & MAILPROTO_WANTS_READ) && !holds(l) && !l->notify && !l->cut)
        wants |= MAILPROTO_WANTS_READ;
    return wants;
}

static uint32_t wants_end(const struct mp_layer *l, uint32_t inner)
{
    uint32_t wants = inner & (MAILPROTO_WANTS_HOST | MAILPROTO_WANTS_WRITE);

    if (mp_layer_left(&l->out))
        return wants | MAILPROTO_WANTS_WRITE;
    return wants | (inner & MAILPROTO_WANTS_CLOSE);
}

static uint32_t layer_wants(const mailproto_session *s)
{
    const struct mp_layer *l = of_const(s);
    uint32_t inner = mailproto_session_wants(s->inner);

    switch (l->state) {
    case MP_LAYER_PASS:
        return inner & MAILPROTO_WANTS_TLS ? wants_handshake(l, inner, 1) : inner;
    case MP_LAYER_HANDSHAKE:
        return wants_handshake(l, inner, l->shake);
    case MP_LAYER_ON:
        return wants_records(l, inner);
    default:
        return wants_end(l, inner);
    }
}

/* Whether it has work that needs no octets from outside. */
static int can_move(const struct mp_layer *l)
{
    switch (l->state) {
    case MP_LAYER_PASS:
        return inner_wants(l, MAILPROTO_WANTS_TLS);
    case MP_LAYER_HANDSHAKE:
        return l->shake && !mp_layer_left(&l->out) && inner_wants(l, MAILPROTO_WANTS_TLS);
    default:
        return holds(l) && inner_wants(l, MAILPROTO_WANTS_READ);
    }
}

static uint64_t layer_deadline(const mailproto_session *s)
{
    const struct mp_layer *l = of_const(s);
    uint64_t at = mailproto_session_deadline(s->inner);

    if (can_move(l) || l->stall_pending)
        return 0;
    if (l->stall_running && l->stall_since + stall_ms(l) < at)
        at = l->stall_since + stall_ms(l);
    return at;
}

static int32_t layer_tls_started(mailproto_session *s, const mailproto_tls_info *info)
{
    (void)s;
    (void)info;
    return MAILPROTO_ERR_STATE; /* a layer never wants TLS */
}

/* ---- life ---- */

static void destroy_buffer(struct mp_layer *l, struct mp_layer_buffer *buffer)
{
    if (buffer->ptr)
        mp_wipe(buffer->ptr, buffer->capacity);
    mp_free(&l->allocator, buffer->ptr, buffer->capacity);
}

static void layer_destroy(mailproto_session *s)
{
    struct mp_layer *l = of(s);
    mailproto_allocator allocator = l->allocator;

    s->inner->outer = NULL;
    mailproto_session_free(s->inner);
    destroy_buffer(l, &l->plain);
    destroy_buffer(l, &l->out);
    l->ops.free(l->ctx);
    mp_free(&allocator, l, sizeof *l);
}

static const struct mp_session_ops layer_session = {
    .feed = layer_feed,
    .eof = layer_eof,
    .lost = layer_lost,
    .output = layer_output,
    .tick = layer_tick,
    .output_ack = layer_ack,
    .wants = layer_wants,
    .deadline = layer_deadline,
    .tls_started = layer_tls_started,
    .destroy = layer_destroy,
};

static int32_t copy_ops(mailproto_layer *to, const mailproto_layer *ops)
{
    int32_t result = mp_struct_copy(to, sizeof *to, ops);

    if (result)
        return result;
    if (!to->handshake || !to->open || !to->seal || !to->close || !to->info || !to->error_text || !to->free)
        return MAILPROTO_ERR_ARG;
    return MAILPROTO_OK;
}

int32_t mailproto_layer_init(mailproto_layer *ops, size_t size)
{
    return mp_struct_init(ops, size);
}

int32_t mailproto_layer_new(mailproto_session **out, mailproto_session *inner, const mailproto_layer *ops, void *ctx,
                            const mailproto_allocator *allocator)
{
    mailproto_allocator own;
    mailproto_layer table;
    struct mp_layer *l;

    if (!out || !inner || inner->outer || inner->busy || copy_ops(&table, ops) || mp_allocator_copy(&own, allocator))
        return MAILPROTO_ERR_ARG;
    l = mp_alloc_zero(&own, sizeof *l);
    if (!l)
        return MAILPROTO_ERR_NOMEM;
    l->session.ops = &layer_session;
    l->session.inner = inner;
    l->ops = table;
    l->ctx = ctx;
    l->allocator = own;
    l->state = MP_LAYER_PASS;
    inner->outer = &l->session;
    *out = &l->session;
    return MAILPROTO_OK;
}

size_t mailproto_layer_memory_max(const mailproto_layer *ops)
{
    mailproto_layer table;

    if (copy_ops(&table, ops))
        return 0;
    return sizeof(struct mp_layer) + mp_layer_plain_room(&table) + mp_layer_out_room(&table) + 48;
}
