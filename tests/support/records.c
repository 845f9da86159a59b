/* A layer for tests that stands where TLS would: a handshake of three octets, records of length and masked octets, and
   an empty record for close_notify. It hides nothing from anybody.
   include/mailproto/layer.h. */
#include "support/records.h"

#include <string.h>

enum { MASK = 0x55, HEAD = 2, SHAKE = 3 };

static const char hello[] = "HI!", answer[] = "OK!";

static int32_t say(struct test_records *r, const char *text, uint8_t *out, size_t cap, size_t *made)
{
    if (cap < SHAKE)
        return MAILPROTO_LAYER_MORE;
    memcpy(out, text, SHAKE);
    *made = SHAKE;
    r->said = SHAKE;
    return MAILPROTO_LAYER_MORE;
}

static int32_t handshake(void *ctx, const uint8_t *in, size_t in_len, size_t *took, uint8_t *out, size_t cap,
                         size_t *made)
{
    struct test_records *r = ctx;
    const char *expected = r->client ? answer : hello;

    if (r->client && !r->said)
        return say(r, hello, out, cap, made);
    while (*took < in_len && r->shaken < SHAKE) {
        if (in[*took] != (uint8_t)expected[r->shaken] || r->refuse)
            return MAILPROTO_ERR_TLS;
        r->shaken++;
        ++*took;
    }
    if (r->shaken < SHAKE)
        return MAILPROTO_LAYER_NEED_INPUT;
    if (!r->client && !r->said)
        return say(r, answer, out, cap, made);
    while (r->greedy && *took < in_len && r->early_len < sizeof r->early)
        r->early[r->early_len++] = in[(*took)++];
    return MAILPROTO_LAYER_DONE;
}

/* Octets of the record that is being collected. */
static void collect(struct test_records *r, const uint8_t *in, size_t in_len, size_t *took)
{
    while (r->head_len < HEAD && *took < in_len)
        r->head[r->head_len++] = in[(*took)++];
    if (r->head_len < HEAD)
        return;
    r->size = (size_t)(r->head[0] << 8 | r->head[1]);
    while (r->size <= TEST_RECORD_MAX && r->body_len < r->size && *took < in_len)
        r->body[r->body_len++] = in[(*took)++] ^ MASK;
    r->whole = r->size <= TEST_RECORD_MAX && r->body_len == r->size;
}

static int32_t open_record(void *ctx, const uint8_t *in, size_t in_len, size_t *took, uint8_t *plain, size_t cap,
                           size_t *made)
{
    struct test_records *r = ctx;
    size_t n;

    if (r->early_len && !r->whole) {
        size_t early = 0;

        collect(r, r->early, r->early_len, &early);
        memmove(r->early, r->early + early, r->early_len - early);
        r->early_len -= early;
    }
    if (!r->whole && !r->early_len)
        collect(r, in, in_len, took);
    if (r->head_len == HEAD && r->size > TEST_RECORD_MAX)
        return MAILPROTO_ERR_TLS;
    if (!r->whole)
        return MAILPROTO_LAYER_NEED_INPUT;
    if (!r->size)
        return MAILPROTO_LAYER_DONE;
    n = r->size - r->given < cap ? r->size - r->given : cap;
    memcpy(plain, r->body + r->given, n);
    *made = n;
    r->given += n;
    if (r->given == r->size) {
        r->head_len = r->body_len = r->size = r->given = 0;
        r->whole = 0;
    }
    return MAILPROTO_LAYER_MORE;
}

static int32_t seal(void *ctx, const uint8_t *plain, size_t len, size_t *took, uint8_t *out, size_t cap, size_t *made)
{
    struct test_records *r = ctx;
    size_t n = r->record && len > r->record ? r->record : len;

    (void)cap;
    *took = n;
    *made = test_records_seal(out, plain, n, n);
    return MAILPROTO_LAYER_MORE;
}

static int32_t close_record(void *ctx, uint8_t *out, size_t cap, size_t *made)
{
    struct test_records *r = ctx;

    if (r->notified || cap < HEAD)
        return r->notified ? MAILPROTO_LAYER_DONE : MAILPROTO_LAYER_MORE;
    r->notified = 1;
    memset(out, 0, HEAD);
    *made = HEAD;
    return MAILPROTO_LAYER_MORE;
}

static int32_t info(void *ctx, mailproto_tls_info *out)
{
    (void)ctx;
    out->version = 0x0304;
    out->cipher = (mailproto_text){"RECORDS", 7};
    return MAILPROTO_OK;
}

static void error_text(void *ctx, mailproto_text *text)
{
    (void)ctx;
    *text = (mailproto_text){"a record or hello that is none", 30};
}

static void free_records(void *ctx)
{
    struct test_records *r = ctx;

    r->freed++;
}

void test_records_layer(mailproto_layer *ops, size_t record)
{
    mailproto_layer_init(ops, sizeof *ops);
    ops->overhead = HEAD;
    ops->max_plain = (uint32_t)record;
    ops->handshake_room = 64;
    ops->handshake = handshake;
    ops->open = open_record;
    ops->seal = seal;
    ops->close = close_record;
    ops->info = info;
    ops->error_text = error_text;
    ops->free = free_records;
}

size_t test_records_seal(uint8_t *out, const void *p, size_t n, size_t record)
{
    const uint8_t *from = p;
    size_t made = 0;

    while (n) {
        size_t k = n < record ? n : record;

        out[made++] = (uint8_t)(k >> 8);
        out[made++] = (uint8_t)k;
        for (size_t i = 0; i < k; i++)
            out[made++] = from[i] ^ MASK;
        from += k;
        n -= k;
    }
    return made;
}

size_t test_records_open(uint8_t *out, const void *p, size_t n, int *notify, size_t *rest)
{
    const uint8_t *from = p;
    size_t made = 0;

    *notify = 0;
    while (n >= HEAD && n - HEAD >= (size_t)(from[0] << 8 | from[1])) {
        size_t k = (size_t)(from[0] << 8 | from[1]);

        if (!k)
            *notify = 1;
        for (size_t i = 0; i < k; i++)
            out[made++] = from[HEAD + i] ^ MASK;
        from += HEAD + k;
        n -= HEAD + k;
    }
    *rest = n;
    return made;
}
