/* record_layer.c - a layer without cryptography, in the shape of TLS: a handshake, records, a closing alert; and its peer.
 * A record is a length of two octets and the octets, each changed by a fixed mask; one of length 0 says goodbye. */
#include "record_layer.h"

#include <stdlib.h>
#include <string.h>

enum { MASK = 0x5a, MAX_RECORD = 300, HEAD = 2, HELLO_SIZE = 5 };
static const char hello[] = "hello", answer[] = "there";

struct record_layer {
    unsigned holders;        /* the session and the play */
    mailproto_tls_info info; /* of the handshake */
    /* the engine's end */
    size_t hello_sent, answer_seen;
    uint8_t record[HEAD + MAX_RECORD];
    size_t record_len, record_given;
    size_t goodbye_sent;
    /* the peer's end */
    size_t hello_seen;
    struct buffer pending;
};

static void release(struct record_layer *layer)
{
    if (--layer->holders)
        return;
    buffer_free(&layer->pending);
    free(layer);
}

void record_layer_release(struct record_layer *layer)
{
    if (layer)
        release(layer);
}

static int32_t do_handshake(void *ctx, const uint8_t *in, size_t in_len, size_t *took, uint8_t *out, size_t cap,
                            size_t *made)
{
    struct record_layer *layer = ctx;

    *took = *made = 0;
    while (layer->hello_sent < HELLO_SIZE && *made < cap)
        out[(*made)++] = (uint8_t)hello[layer->hello_sent++];
    while (layer->answer_seen < HELLO_SIZE && *took < in_len) {
        if (in[*took] != (uint8_t)answer[layer->answer_seen])
            return MAILPROTO_ERR_TLS;
        ++*took;
        layer->answer_seen++;
    }
    if (layer->answer_seen == HELLO_SIZE && layer->hello_sent == HELLO_SIZE)
        return MAILPROTO_LAYER_DONE;
    return layer->hello_sent < HELLO_SIZE ? MAILPROTO_LAYER_MORE : MAILPROTO_LAYER_NEED_INPUT;
}

/* How many octets the record that is coming has, head included; as far as it is known. */
static size_t record_size(const struct record_layer *layer)
{
    return layer->record_len < HEAD ? HEAD : (size_t)HEAD + (size_t)(layer->record[0] << 8 | layer->record[1]);
}

static int32_t do_open(void *ctx, const uint8_t *in, size_t in_len, size_t *took, uint8_t *plain, size_t cap,
                       size_t *made)
{
    struct record_layer *layer = ctx;

    *took = *made = 0;
    while (layer->record_len < record_size(layer) && *took < in_len) {
        layer->record[layer->record_len++] = in[(*took)++];
        if (record_size(layer) > sizeof layer->record)
            return MAILPROTO_ERR_TLS;
    }
    if (layer->record_len < record_size(layer))
        return MAILPROTO_LAYER_NEED_INPUT;
    if (layer->record_len == HEAD)
        return MAILPROTO_LAYER_DONE;
    while (HEAD + layer->record_given < layer->record_len && *made < cap)
        plain[(*made)++] = layer->record[HEAD + layer->record_given++] ^ MASK;
    if (HEAD + layer->record_given == layer->record_len)
        layer->record_len = layer->record_given = 0;
    return MAILPROTO_LAYER_MORE;
}

static int32_t do_seal(void *ctx, const uint8_t *plain, size_t len, size_t *took, uint8_t *out, size_t cap,
                       size_t *made)
{
    size_t n = len < MAX_RECORD ? len : MAX_RECORD;

    (void)ctx;
    *took = *made = 0;
    if (cap <= HEAD || !n)
        return MAILPROTO_LAYER_MORE;
    if (n > cap - HEAD)
        n = cap - HEAD;
    out[0] = (uint8_t)(n >> 8);
    out[1] = (uint8_t)n;
    for (size_t i = 0; i < n; i++)
        out[HEAD + i] = plain[i] ^ MASK;
    *took = n;
    *made = n + HEAD;
    return MAILPROTO_LAYER_MORE;
}

static int32_t do_close(void *ctx, uint8_t *out, size_t cap, size_t *made)
{
    struct record_layer *layer = ctx;

    *made = 0;
    while (layer->goodbye_sent < HEAD && *made < cap) {
        out[(*made)++] = 0;
        layer->goodbye_sent++;
    }
    return layer->goodbye_sent == HEAD ? MAILPROTO_LAYER_DONE : MAILPROTO_LAYER_MORE;
}

static int32_t do_info(void *ctx, mailproto_tls_info *info)
{
    const struct record_layer *layer = ctx;
    uint32_t size = info->struct_size;

    *info = layer->info;
    info->struct_size = size;
    return MAILPROTO_OK;
}

static void do_error_text(void *ctx, mailproto_text *text)
{
    (void)ctx;
    *text = (mailproto_text){"not a record", 12};
}

static void do_free(void *ctx)
{
    release(ctx);
}

int32_t record_layer_new(mailproto_session **out, struct record_layer **layer, mailproto_session *inner,
                         const mailproto_allocator *allocator)
{
    mailproto_layer ops;
    int32_t result;

    *layer = calloc(1, sizeof **layer);
    if (!*layer)
        exit(2);
    (*layer)->holders = 2;
    mailproto_layer_init(&ops, sizeof ops);
    ops.overhead = HEAD;
    ops.max_plain = MAX_RECORD;
    ops.handshake_room = HELLO_SIZE;
    ops.handshake = do_handshake;
    ops.open = do_open;
    ops.seal = do_seal;
    ops.close = do_close;
    ops.info = do_info;
    ops.error_text = do_error_text;
    ops.free = do_free;
    result = mailproto_layer_new(out, inner, &ops, *layer, allocator);
    if (result) {
        release(*layer); /* what the session would have held */
        release(*layer);
        *layer = NULL;
    }
    return result;
}

/* ---- the peer ---- */

void record_layer_decode(struct record_layer *layer, const uint8_t *data, size_t n, struct buffer *clear)
{
    /* what was said before the handshake is clear text; the hello begins where the engine's end was asked for it */
    if (!layer->hello_sent) {
        buffer_add(clear, data, n);
        return;
    }
    buffer_add(&layer->pending, data, n);
    for (;;) {
        struct buffer *p = &layer->pending;
        const uint8_t *octets = (const uint8_t *)p->ptr;
        size_t size;

        if (layer->hello_seen < HELLO_SIZE) {
            size_t left = HELLO_SIZE - layer->hello_seen, k = p->len < left ? p->len : left;

            layer->hello_seen += k;
            memmove(p->ptr, p->ptr + k, p->len - k);
            p->len -= k;
            if (layer->hello_seen < HELLO_SIZE)
                return;
            continue;
        }
        if (p->len < HEAD || p->len < (size = HEAD + (size_t)(octets[0] << 8 | octets[1])))
            return;
        for (size_t i = HEAD; i < size; i++) {
            char c = (char)(octets[i] ^ MASK);

            buffer_add(clear, &c, 1);
        }
        memmove(p->ptr, p->ptr + size, p->len - size);
        p->len -= size;
    }
}

void record_layer_encode(struct record_layer *layer, const char *data, size_t n, size_t size, struct buffer *fed)
{
    if (!layer->hello_sent) {
        buffer_add(fed, data, n);
        return;
    }
    if (size > MAX_RECORD)
        size = MAX_RECORD;
    while (n) {
        size_t k = n < size ? n : size;
        char head[HEAD] = {(char)(k >> 8), (char)k};

        buffer_add(fed, head, HEAD);
        for (size_t i = 0; i < k; i++) {
            char c = (char)((uint8_t)data[i] ^ MASK);

            buffer_add(fed, &c, 1);
        }
        data += k;
        n -= k;
    }
}

void record_layer_hello(struct record_layer *layer, const mailproto_tls_info *info, struct buffer *fed)
{
    layer->info = *info;
    buffer_add(fed, answer, HELLO_SIZE);
}

void record_layer_goodbye(struct record_layer *layer, struct buffer *fed)
{
    static const char goodbye[HEAD] = {0, 0};

    if (layer->hello_sent)
        buffer_add(fed, goodbye, HEAD);
}

int record_layer_greeted(const struct record_layer *layer)
{
    return layer->hello_sent == HELLO_SIZE;
}
