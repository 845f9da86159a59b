/* play.c - plays one input several times and holds the session to what must be so in all of them.
 * contract.md section 5.4; include/mailproto/session.h. */
#include "fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_demand(const struct fuzz_play *p, int kept, const char *promise)
{
    if (kept)
        return;
    fprintf(stderr, "broken: %s\n[%s: mode %u, cut %zu, holds %d, befalls %u at %zu]\n", promise, p->way.name,
            p->way.mode, p->way.cut, p->way.holds, p->way.end, p->way.end_at);
    fprintf(stderr, "--- given:\n%.*s\n--- events:\n%.*s\n--- sent:\n%.*s\n", (int)p->fed.len, (const char *)p->fed.ptr,
            (int)p->log.len, (const char *)p->log.ptr, (int)p->host.out.len, (const char *)p->host.out.ptr);
    abort();
}

/* ---- the log ---- */

void fuzz_log(struct fuzz_play *p, const char *format, ...)
{
    char text[400];
    va_list list;
    int n;

    va_start(list, format);
    n = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (p->log_in_body)
        test_bytes_text(&p->log, "\n");
    p->log_in_body = 0;
    test_bytes_add(&p->log, text, n < (int)sizeof text ? (size_t)n : sizeof text - 1);
}

void fuzz_log_text(struct fuzz_play *p, const char *name, mailproto_text text)
{
    fuzz_log(p, " %s=", name);
    if (text.len)
        test_bytes_add(&p->log, text.ptr, text.len);
}

void fuzz_log_body(struct fuzz_play *p, mailproto_text bytes)
{
    if (!p->log_in_body)
        fuzz_log(p, "\nBODY ");
    p->log_in_body = 1;
    test_bytes_add(&p->log, bytes.ptr, bytes.len);
}

/* ---- what the host makes up ---- */

uint32_t fuzz_whim(const struct fuzz_play *p, uint64_t request, uint32_t salt)
{
    struct test_random random = {.state =
                                     (uint64_t)p->head[4] << 40 ^ (uint64_t)p->head[5] << 32 ^ request << 8 ^ salt};

    return p->head[4] ? (uint32_t)test_random_next(&random) : 0;
}

uint8_t fuzz_octet(const struct fuzz_play *p, uint64_t what, uint64_t n)
{
    static const char often[] = "\r\n.\r\n..\r\nabc From \r\n";
    struct test_random random = {.state = (uint64_t)p->head[5] << 40 ^ what << 24 ^ n / 7};
    uint64_t r = test_random_next(&random);

    if (r % 3 == 0)
        return (uint8_t)often[(r / 3 + n % 7) % (sizeof often - 1)];
    if (r % 3 == 1)
        return (uint8_t) "Subject"[n % 7];
    return (uint8_t) "0123456789.abcde"[(r >> (n % 7)) & 15];
}

/* ---- the books ---- */

void fuzz_begin(struct fuzz_play *p, unsigned thing)
{
    p->begun[thing]++;
}

void fuzz_end(struct fuzz_play *p, unsigned thing)
{
    fuzz_demand(p, ++p->ended[thing] <= p->begun[thing], "what is ended was begun, and not ended before");
}

static int close_request(struct fuzz_play *p, uint64_t token)
{
    for (size_t i = 0; i < p->open_count; i++)
        if (p->open[i] == token) {
            p->open[i] = p->open[--p->open_count];
            return 1;
        }
    return 0;
}

int fuzz_one_by_one(const struct fuzz_play *p)
{
    return p->way.cut == 1;
}

int fuzz_fed_ends(const struct fuzz_play *p, const char *text)
{
    size_t n = strlen(text);

    return p->fed.len >= n && !memcmp(p->fed.ptr + p->fed.len - n, text, n);
}

/* ---- events ---- */

static void closed(struct fuzz_play *p, const mailproto_closed *event)
{
    fuzz_log(p, "\nCLOSED %d %llu", event->why, (unsigned long long)event->offset);
    fuzz_demand(p, !event->why || event->text.len, "a session error has a sentence");
    fuzz_demand(p, !p->open_count, "each request was answered or cancelled before CLOSED");
    for (unsigned i = 0; i < FUZZ_THINGS; i++)
        fuzz_demand(p, p->begun[i] == p->ended[i], "what was begun is ended before CLOSED");
    fuzz_demand(p, event->offset <= p->fed.len, "CLOSED tells no more octets than came");
}

static void befall(struct fuzz_play *p)
{
    switch (p->way.end) {
    case FUZZ_SILENCE:
        p->silent = 1;
        break;
    case FUZZ_LOST:
    case FUZZ_EOF:
        p->silent = p->way.end_at & 1;
        p->cut_due = 1;
        break;
    case FUZZ_FINISH:
        mailproto_session_finish(p->host.session);
        break;
    case FUZZ_FREE:
        if (p->host.mode == TEST_POLLED)
            mailproto_session_finish(p->host.session);
        else
            mailproto_session_free(p->host.session);
    }
}

static int32_t event_seen(struct test_host *h, const mailproto_event *event, struct test_pending *request)
{
    struct fuzz_play *p = (struct fuzz_play *)h;

    fuzz_demand(p, event->struct_size >= sizeof *event, "an event tells its size");
    if (event->token) {
        fuzz_demand(p, event->token >> 53 == 0, "a token is below 2^53");
        for (size_t i = 0; i < p->open_count; i++)
            fuzz_demand(p, p->open[i] != event->token, "a token is not open already");
        fuzz_demand(p, p->open_count < TEST_PENDING_MAX, "no more requests are open than were allowed");
        p->open[p->open_count++] = event->token;
        p->requests++;
    }
    switch (event->type) {
    case MAILPROTO_EVENT_TRACE:
        fuzz_demand(p, ((const mailproto_trace *)event)->bytes.len > 0, "a trace has octets");
        break;
    case MAILPROTO_EVENT_CANCEL:
        fuzz_log(p, "\nCANCEL %x %d", ((const mailproto_cancel *)event)->request,
                 ((const mailproto_cancel *)event)->why);
        fuzz_demand(p, close_request(p, ((const mailproto_cancel *)event)->cancelled), "what is cancelled was open");
        break;
    case MAILPROTO_EVENT_TLS_STARTED:
        fuzz_log(p, "\nTLS_STARTED");
        break;
    case MAILPROTO_EVENT_CLOSED:
        closed(p, (const void *)event);
        break;
    default:
        p->engine->event(p, event, request);
    }
    if (p->way.end != FUZZ_NOTHING && h->events == p->way.end_at)
        befall(p);
    return 0;
}

static void answer(struct test_host *h, const struct test_pending *request)
{
    struct fuzz_play *p = (struct fuzz_play *)h;
    int32_t result;

    if (p->silent || p->over || !close_request(p, request->token))
        return;
    result = p->engine->answer(p, request);
    if (p->way.end == FUZZ_NOTHING)
        fuzz_demand(p, result == MAILPROTO_OK, "an open request takes its answer");
    else if (result) /* the session was freed in this very callback, or has no memory */
        mailproto_session_fail(h->session, request->token);
}

/* ---- the loop ---- */

static int wants(const struct fuzz_play *p, uint32_t bit)
{
    return !p->host.freed && (mailproto_session_wants(p->host.session) & bit) != 0;
}

static void cut_off(struct fuzz_play *p)
{
    p->cut_due = 0;
    if (p->way.end == FUZZ_LOST) {
        test_host_lost(&p->host, MAILPROTO_ERR_LOST);
    } else if (!p->eof) {
        p->eof = 1;
        test_host_eof(&p->host);
    }
    test_bytes_take(&p->host.in, p->host.in.len);
}

/* Octets between the announcement of TLS and its handshake: the session is told of them, whatever it wants. */
static void inject(struct fuzz_play *p)
{
    struct test_host *h = &p->host;
    size_t taken = 0;

    h->result = mailproto_session_feed(h->session, h->in.ptr, h->in.len, h->now, &taken);
    fuzz_demand(p, h->result == MAILPROTO_FREED || taken == h->in.len, "a session error takes everything");
    h->freed = h->result == MAILPROTO_FREED;
    test_bytes_take(&h->in, h->in.len);
}

/* Until what arrived was taken, and nothing is left to do. */
static void come_to_rest(struct fuzz_play *p)
{
    struct test_host *h = &p->host;

    for (;;) {
        test_host_rest(h);
        if (p->cut_due)
            cut_off(p);
        else if (h->freed || wants(p, MAILPROTO_WANTS_CLOSE))
            break;
        else if (h->in.len && (wants(p, MAILPROTO_WANTS_TLS) || p->eof))
            p->eof ? test_bytes_take(&h->in, h->in.len) : inject(p);
        else if (p->due > h->now)
            test_host_wait(h, p->due);
        else if (!h->in.len)
            break;
        else
            fuzz_demand(p, test_host_wait(h, UINT64_MAX - 1), "a session that takes nothing waits for something");
    }
    p->over |= h->freed || wants(p, MAILPROTO_WANTS_CLOSE);
}

static void give(struct fuzz_play *p, const uint8_t *from, size_t n)
{
    struct test_host *h = &p->host;

    while (n && !p->over && !p->eof) {
        size_t k = p->way.cut ? p->way.cut : 1 + test_random_below(&h->random, 40);

        if (k > n)
            k = n;
        if (p->engine->by_line && !p->way.rude && memchr(from, '\n', k))
            k = (size_t)((const uint8_t *)memchr(from, '\n', k) - from) + 1;
        test_bytes_add(&h->in, from, k);
        test_bytes_add(&p->fed, from, k);
        if (p->engine->by_line && !p->way.rude && from[k - 1] == '\n')
            come_to_rest(p);
        else
            test_host_settle(h);
        /* more may arrive before the host does anything, but what arrived is kept by the host until it is taken */
        while (h->in.len && !p->over)
            come_to_rest(p);
        if (p->cut_due)
            come_to_rest(p);
        if (test_random_below(&h->random, 2))
            test_host_act(h);
        from += k;
        n -= k;
    }
}

/* ---- the script ---- */

static void act(struct fuzz_play *p, uint8_t letter)
{
    come_to_rest(p);
    if (p->over)
        return;
    switch (letter) {
    case '.':
        break;
    case 't':
        test_host_wait(&p->host, UINT64_MAX - 1);
        break;
    case 'e':
        p->eof = 1;
        test_host_eof(&p->host);
        break;
    case 'x':
        test_host_lost(&p->host, MAILPROTO_ERR_LOST);
        break;
    case 'f':
        mailproto_session_finish(p->host.session);
        break;
    default:
        if (p->engine->act)
            p->engine->act(p, letter);
    }
    come_to_rest(p);
    if (wants(p, MAILPROTO_WANTS_TLS) && !p->over)
        fuzz_demand(p, mailproto_session_tls_started(p->host.session, NULL) == MAILPROTO_OK, "TLS can start if wanted");
    come_to_rest(p);
}

static void repeat_line(struct test_bytes *group)
{
    size_t from = group->len, n;
    uint8_t *line;

    while (from && (from == group->len || group->ptr[from - 1] != '\n'))
        from--;
    n = group->len - from;
    if (!n || n > 4096 || group->len > 1 << 18 || !(line = malloc(n)))
        return;
    memcpy(line, group->ptr + from, n);
    for (int i = 0; i < 64; i++)
        test_bytes_add(group, line, n);
    free(line);
}

/* The next octets of the peer, and what stands behind them: a letter, or 0 at the end. */
static uint8_t next_group(const uint8_t **at, const uint8_t *end, struct test_bytes *group)
{
    while (*at < end) {
        uint8_t c = *(*at)++;

        if (c == '\n') {
            test_bytes_add(group, "\r\n", 2);
        } else if (c != '~') {
            test_bytes_add(group, &c, 1);
        } else if (*at < end) {
            c = *(*at)++;
            if (c == '~')
                test_bytes_add(group, "~", 1);
            else if (c == 'n' || c == 'r')
                test_bytes_add(group, c == 'n' ? "\n" : "\r", 1);
            else if (c == '0')
                test_bytes_add(group, "", 1);
            else if (c == 'b')
                repeat_line(group);
            else
                return c;
        }
    }
    return 0;
}

static void follow(struct fuzz_play *p, const uint8_t *at, const uint8_t *end)
{
    struct test_bytes group = {0};
    uint8_t letter;

    act(p, '.');
    do {
        letter = next_group(&at, end, &group);
        give(p, group.ptr, group.len);
        test_bytes_take(&group, group.len);
        act(p, letter ? letter : '.');
    } while (letter && !p->over);
    test_bytes_free(&group);
}

/* ---- a play ---- */

static void finish(struct fuzz_play *p)
{
    struct test_host *h = &p->host;

    come_to_rest(p);
    if (!h->freed && !h->closed)
        test_host_lost(h, MAILPROTO_ERR_LOST);
    test_host_rest(h);
    if (!h->freed) {
        fuzz_demand(p, h->closed == 1, "a lost connection ends the session");
        fuzz_demand(p, wants(p, MAILPROTO_WANTS_CLOSE), "a session that ended and is drained wants CLOSE");
        if (p->engine->end)
            p->engine->end(p);
        mailproto_session_free(h->session);
    }
    h->freed = 1;
    fuzz_demand(p, !p->memory.live, "no memory is left out");
    fuzz_demand(p, p->memory.peak <= p->engine->memory_max(p) + p->allowance, "memory stays below memory_max");
}

static void play(struct fuzz_play *p, const struct fuzz_engine *engine, const struct fuzz_way *way, const uint8_t *data,
                 size_t size)
{
    *p = (struct fuzz_play){.engine = engine, .way = *way};
    for (int i = 0; i < FUZZ_HEAD; i++)
        p->head[i] = data[i] & 31;
    test_allocator_init(&p->memory);
    p->host = (struct test_host){.mode = way->mode,
                                 .holds = way->holds,
                                 .now = 1000,
                                 .random = {p->head[5] + 77},
                                 .event = event_seen,
                                 .answer = answer};
    if (way->end == FUZZ_NOMEM || way->end == FUZZ_NOMEM_ON) {
        p->memory.fail_at = way->end_at;
        p->memory.fail_on = way->end == FUZZ_NOMEM_ON;
    }
    if (engine->make(p, way->mode == TEST_POLLED)) {
        fuzz_demand(p, !p->memory.live, "a session that was not made took no memory");
        return;
    }
    if (p->head[3] & 8)
        mailproto_session_set_trace(p->host.session, 7);
    follow(p, data + FUZZ_HEAD, data + size);
    finish(p);
}

static void forget(struct fuzz_play *p)
{
    test_bytes_free(&p->host.in);
    test_bytes_free(&p->host.out);
    test_bytes_free(&p->log);
    test_bytes_free(&p->fed);
    test_books_free(&p->host.books);
}

static void same(const struct fuzz_play *a, const struct fuzz_play *b, const struct test_bytes *x,
                 const struct test_bytes *y, const char *promise)
{
    if (x->len == y->len && (!x->len || !memcmp(x->ptr, y->ptr, x->len)))
        return;
    fprintf(stderr, "--- whole:\n%.*s\n--- sent:\n%.*s\n", (int)a->log.len, (const char *)a->log.ptr,
            (int)a->host.out.len, (const char *)a->host.out.ptr);
    fuzz_demand(b, 0, promise);
}

int fuzz_session(const struct fuzz_engine *engine, const uint8_t *data, size_t size)
{
    static struct fuzz_play whole, cut;
    struct fuzz_way way = {.name = "whole", .mode = TEST_AT_ONCE, .cut = FUZZ_WHOLE};

    if (size < FUZZ_HEAD || size > FUZZ_SCRIPT_MAX)
        return 0;
    play(&whole, engine, &way, data, size);
    way.name = "cut";
    way.mode = data[3] & 1 ? TEST_POLLED : data[3] & 2 ? TEST_LATER : TEST_AT_ONCE;
    way.holds = data[3] & 4;
    way.cut = (data[2] & 31) == 0 ? 1 : (data[2] & 31) == 1 ? 0 : data[2] & 31;
    play(&cut, engine, &way, data, size);
    /* a layer takes octets behind the announcement of TLS for its handshake, unless they came with the announcement;
       what was not sent yet when it broke is lost */
    if (!engine->layered || whole.host.why != MAILPROTO_ERR_TLS_INJECTED)
        same(&whole, &cut, &whole.log, &cut.log, "the events are the same however the input is cut");
    if (!engine->layered || !whole.host.why)
        same(&whole, &cut, &whole.host.out, &cut.host.out, "the octets sent are the same however the input is cut");
    forget(&whole);
    forget(&cut);
    way.name = "befallen";
    way.end = (data[6] & 31) % FUZZ_ENDS;
    way.end_at = 1 + (data[7] & 31);
    way.rude = 1;
    if (way.end || engine->by_line) {
        play(&cut, engine, &way, data, size);
        forget(&cut);
    }
    return 0;
}
