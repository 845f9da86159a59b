/* A session of the engine of the tests with its host: answers everything by rule, and keeps the books.
   support/toy_host.h. */
#include "support/toy_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static unsigned *fate_of(struct toy_run *run, uint64_t token)
{
    for (size_t i = 0; i < run->booked; i++)
        if (run->books[i].token == token)
            return &run->books[i].fate;
    fail_msg("a token that was never seen");
    return NULL;
}

static void settle_fate(struct toy_run *run, uint64_t token, unsigned fate)
{
    unsigned *known = fate_of(run, token);

    assert_int_equal(*known, 0);
    *known = fate;
}

static void book(struct toy_run *run, const mailproto_event *event)
{
    if (!event->token)
        return;
    for (size_t i = 0; i < run->booked; i++)
        assert_true(run->books[i].token != event->token);
    assert_true(event->token < UINT64_C(1) << 53);
    assert_true(run->booked < TOY_BOOKS);
    run->books[run->booked].token = event->token;
    run->books[run->booked++].fate = 0;
}

static void add_slice(struct toy_run *run, mailproto_text bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        run->sum = run->sum * 31 + (uint8_t)bytes.ptr[i];
    run->body += bytes.len;
}

static void remember(struct toy_run *run, const mailproto_event *event, struct test_pending *request)
{
    switch (event->type) {
    case TOY_ASK:
        request->n = ((const toy_ask *)event)->n;
        break;
    case TOY_PIECE:
        request->n = ((const toy_piece *)event)->offset;
        request->m = ((const toy_piece *)event)->max;
        break;
    case TOY_SLICE:
        add_slice(run, ((const toy_slice *)event)->bytes);
        run->in_body = 1;
        break;
    case TOY_END:
        run->in_body = 0;
        run->ends++;
        break;
    case TOY_ABORTED:
        run->in_body = 0;
        run->aborts++;
        break;
    case MAILPROTO_EVENT_CANCEL:
        settle_fate(run, ((const mailproto_cancel *)event)->cancelled, TOY_CANCELLED);
        break;
    case MAILPROTO_EVENT_TLS_STARTED:
        assert_int_equal(((const mailproto_tls_started *)event)->version, 0x0304);
        run->tls_events++;
        break;
    default:
        break;
    }
}

static int32_t on_event(struct test_host *h, const mailproto_event *event, struct test_pending *request)
{
    struct toy_run *run = h->user;

    book(run, event);
    remember(run, event, request);
    return run->hook ? run->hook(run, event, h->events) : 0;
}

static int32_t callback(toy *t, const mailproto_event *event, void *user)
{
    struct toy_run *run = user;
    int32_t result;

    (void)t;
    result = test_host_event(&run->host, event);
    if (result && event->token && *fate_of(run, event->token) == 0)
        settle_fate(run, event->token, TOY_ANSWERED);
    return result;
}

static void answer(struct test_host *h, const struct test_pending *request)
{
    struct toy_run *run = h->user;
    uint8_t piece[64];
    int32_t result, again;

    if (request->type == TOY_PIECE) {
        for (size_t i = 0; i < request->m; i++)
            piece[i] = (uint8_t)('a' + (request->n + i) % 26);
        result = mailproto_session_piece(h->session, request->token, piece, request->m);
        again = mailproto_session_piece(h->session, request->token, piece, request->m);
    } else {
        int yes = request->type != TOY_ASK || request->n % 2 == 0;

        result = toy_answer(run->toy, request->token, yes, run->delay);
        again = toy_answer(run->toy, request->token, yes, run->delay);
    }
    assert_int_equal(again, MAILPROTO_ERR_TOKEN);
    if (result == MAILPROTO_OK)
        settle_fate(run, request->token, TOY_ANSWERED);
    else
        assert_int_equal(result, MAILPROTO_ERR_TOKEN); /* it is dead, and CANCEL will say so */
}

int32_t toy_run_begin(struct toy_run *run, const struct toy_config *config, uint32_t mode, uint64_t seed, size_t layer)
{
    mailproto_layer ops;
    mailproto_session *inner;
    int32_t result;

    run->host.user = run;
    run->host.random.state = seed;
    run->host.mode = mode;
    run->host.event = on_event;
    run->host.answer = answer;
    run->host.freed = 1; /* until it is there */
    if (!run->memory.api.struct_size)
        test_allocator_init(&run->memory);
    result = toy_new(&run->toy, config, mode == TEST_POLLED ? NULL : callback, &run->memory.api, run);
    if (result)
        return result;
    inner = run->host.session = toy_session(run->toy);
    if (layer) {
        test_records_layer(&ops, layer);
        result = mailproto_layer_new(&run->host.session, inner, &ops, &run->records, &run->memory.api);
        if (result)
            mailproto_session_free(inner);
    }
    run->host.freed = result != MAILPROTO_OK;
    return result;
}

void toy_run_check(const struct toy_run *run)
{
    assert_int_equal(run->host.closed, 1);
    assert_int_equal(run->in_body, 0);
    for (size_t i = 0; i < run->booked; i++)
        if (!run->books[i].fate)
            fail_msg("request %zu was neither answered nor cancelled", i);
    /* An answer that came after CLOSED is refused; what waits is only such. */
    assert_true(mailproto_session_wants(run->host.session) & MAILPROTO_WANTS_CLOSE);
    assert_int_equal(mailproto_session_deadline(run->host.session), UINT64_MAX);
}

void toy_run_end(struct toy_run *run)
{
    test_host_free(&run->host);
    assert_int_equal(run->memory.live, 0);
    assert_int_equal(run->memory.used, 0);
}
