/* layer.c - fuzz target: a layer of records over a session; the input is what the peer sends, records or not.
 * include/mailproto/layer.h.
 *
 * ~w in the script puts the rest of the octets into records; without it they go as they are. */
#include "support/records.h"

#include <mailproto/layer.h>

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "support/toy.h"

const char *const fuzz_before_message = NULL, *const fuzz_after_message = NULL;

enum { BODY };
/* p->n */
enum { IN_BODY };

/* What a play needs beside the session; one play runs at a time. */
static struct test_records records;

static struct toy_config configure(const struct fuzz_play *p)
{
    return (struct toy_config){.max_open = 1 + p->head[0] % 4,
                               .max_line = 100,
                               .max_skip = 1000,
                               .command_ms = 1000,
                               .answer_ms = 1000,
                               .stall_ms = 1000,
                               .tls_ms = 1000,
                               .implicit_tls = p->head[0] & 8};
}

static void event(struct fuzz_play *p, const mailproto_event *event, struct test_pending *request)
{
    request->n = p->requests;
    request->m =
        event->type == TOY_PIECE ? ((const toy_piece *)event)->offset << 24 | ((const toy_piece *)event)->max : 0;
    switch (event->type) {
    case TOY_SLICE:
        if (!p->n[IN_BODY]++)
            fuzz_begin(p, BODY);
        fuzz_log_body(p, ((const toy_slice *)event)->bytes);
        break;
    case TOY_END:
    case TOY_ABORTED:
        if (p->n[IN_BODY])
            fuzz_end(p, BODY);
        p->n[IN_BODY] = 0;
        fuzz_log(p, event->type == TOY_END ? "\nEND" : "\nABORTED");
        break;
    default:
        fuzz_log(p, "\n%x", event->type);
    }
}

static int32_t answer(struct fuzz_play *p, const struct test_pending *request)
{
    uint32_t whim = fuzz_whim(p, request->n, 0);
    size_t max = request->m & 0xffffff, n = 1 + p->head[5] % 40;
    uint8_t octets[40];

    if (whim % 8 == 2)
        p->due = p->host.now + 10;
    if (request->type != TOY_PIECE)
        return toy_answer(p->made, request->token, whim % 8 != 1, whim % 8 == 2 ? 10 : 0);
    n = n > max ? max : n;
    for (size_t i = 0; i < n; i++)
        octets[i] = fuzz_octet(p, 1, (request->m >> 24) + i);
    return mailproto_session_piece(p->host.session, request->token, octets, n) == MAILPROTO_ERR_TOKEN;
}

static int32_t on_event(toy *t, const mailproto_event *event, void *user)
{
    (void)t;
    return test_host_event(user, event);
}

static int32_t make(struct fuzz_play *p, int polled)
{
    struct toy_config config = configure(p);
    mailproto_layer ops;
    toy *made = NULL;
    int32_t result = toy_new(&made, &config, polled ? NULL : on_event, &p->memory.api, p);

    if (result)
        return result;
    p->made = made;
    records = (struct test_records){.record = 1 + p->head[1] * 7, .greedy = p->head[0] >> 4};
    test_records_layer(&ops, records.record);
    result = mailproto_layer_new(&p->host.session, toy_session(made), &ops, &records, &p->memory.api);
    if (result)
        mailproto_session_free(toy_session(made));
    return result;
}

/* Where records begin and end depends on when output was taken; what is in them does not. */
static void open_output(struct fuzz_play *p)
{
    struct test_bytes *out = &p->host.out;
    size_t at = 0, rest = 0, n;
    int notified = 0;

    while (at + 3 <= out->len && memcmp(out->ptr + at, "OK!", 3) != 0)
        at++;
    if (at + 3 > out->len)
        return;
    at += 3;
    n = test_records_open(out->ptr + at, out->ptr + at, out->len - at, &notified, &rest);
    fuzz_demand(p, !rest, "what is sent behind the handshake is whole records");
    out->len = at + n;
    test_bytes_text(out, notified ? "notified" : "");
}

static size_t memory_max(const struct fuzz_play *p)
{
    struct toy_config config = configure(p);
    mailproto_layer ops;

    test_records_layer(&ops, 1 + p->head[1] * 7);
    return toy_memory_max(&config) + mailproto_layer_memory_max(&ops);
}

/* The octets behind ~w as records of the head's size; what goes before stays as it is. In a script a record's octets may
   be anything, so those that mean something in it are written out. */
static void seal(struct test_bytes *out, const uint8_t *plain, size_t n, size_t record)
{
    uint8_t *sealed = malloc(3 * n + 2);
    struct test_bytes crlf = {0};
    size_t made;

    for (size_t i = 0; i < n; i++) {
        if (plain[i] == '\n')
            test_bytes_text(&crlf, "\r");
        test_bytes_add(&crlf, plain + i, 1);
    }
    sealed = realloc(sealed, 3 * crlf.len + 2);
    if (!sealed)
        abort();
    made = test_records_seal(sealed, crlf.ptr, crlf.len, record);
    for (size_t i = 0; i < made; i++)
        if (sealed[i] == '\n')
            test_bytes_text(out, "~n");
        else if (sealed[i] == '~')
            test_bytes_text(out, "~~");
        else
            test_bytes_add(out, sealed + i, 1);
    test_bytes_free(&crlf);
    free(sealed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct fuzz_engine engine = {
        .layered = 1, .make = make, .memory_max = memory_max, .event = event, .answer = answer, .end = open_output};
    struct test_bytes input = {0};
    size_t at = FUZZ_HEAD;

    while (at + 1 < size && (data[at] != '~' || data[at + 1] != 'w'))
        at += data[at] == '~' ? 2 : 1;
    if (at + 1 >= size || size > 1 << 16)
        return fuzz_session(&engine, data, size < 1 << 16 ? size : 0);
    test_bytes_add(&input, data, at);
    seal(&input, data + at + 2, size - at - 2, 1 + (data[5] & 31));
    fuzz_session(&engine, input.ptr, input.len);
    test_bytes_free(&input);
    return 0;
}
