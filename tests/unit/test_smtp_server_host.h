/* A host for server sessions in tests: it drives one through a script in every way there is, writes down what was on the
   wire and what happened, and holds the session to its promises. RFC 5321; mailproto/smtp_server.h. */
#ifndef TEST_SMTP_SERVER_HOST_H
#define TEST_SMTP_SERVER_HOST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mailproto/smtp_server.h"

#define TEXT(literal) ((mailproto_text){(literal), sizeof(literal) - 1})
/* the same where a constant is due */
#define SAID(literal)                                                                                                  \
    {                                                                                                                  \
        (literal), sizeof(literal) - 1                                                                                 \
    }

/* ---- memory that is counted and can be refused ---- */

struct memory {
    size_t used, peak, blocks;
    uint64_t asked, fail_at; /* the how manyth allocation fails, from 1; 0: none */
};

static inline void *memory_alloc(size_t n, void *user)
{
    struct memory *m = user;
    size_t *p;

    if (++m->asked == m->fail_at)
        return NULL;
    p = malloc(16 + n);
    if (!p)
        return NULL;
    p[0] = n;
    memset((char *)p + 16, 0xa5, n);
    m->used += n;
    m->blocks++;
    m->peak = m->used > m->peak ? m->used : m->peak;
    return (char *)p + 16;
}

static inline void memory_free(void *p, size_t n, void *user)
{
    struct memory *m = user;
    size_t *block = (size_t *)(void *)((char *)p - 16);

    assert_int_equal(block[0], n);
    memset(p, 0x5a, n);
    m->used -= n;
    m->blocks--;
    free(block);
}

static inline void *memory_resize(void *p, size_t old_n, size_t n, void *user)
{
    void *moved = memory_alloc(n, user);

    if (!moved)
        return NULL;
    memcpy(moved, p, old_n < n ? old_n : n);
    memory_free(p, old_n, user);
    return moved;
}

static inline mailproto_allocator memory_allocator(struct memory *m)
{
    return (mailproto_allocator){sizeof(mailproto_allocator), m, memory_alloc, memory_resize, memory_free};
}

/* ---- scripts ---- */

enum { PIECES = 8 };

/* What the client says and what the host answers to it. Names that begin with deny, fail, dflt, slow, drop are answered
   so; the message says REFUSE or STOP!; everything else is accepted. */
struct script {
    const char *name;
    mailproto_text pieces[PIECES]; /* each when all before was answered, and TLS is done */
    uint32_t flags, offer, mask, tls;
    uint32_t connect_code, begin_code;
    const char *prepend[2];
    uint32_t max_transactions;
    uint64_t max_message, max_discard;
    const char *wire; /* what must come back, NULL: only compared */
    const char *log;
    int no_eof;
};

/* How a session is driven. The wire is the same in all of them. */
struct manner {
    const char *name;
    int polled, late, holds, trace;
    size_t chunk; /* octets fed at a time; 0: any number, SIZE_MAX: all */
    size_t cut;   /* the first feed of the first piece is that long; 0: as chunk says */
    uint32_t max_open;
};

enum { WIRE_MAX = 1 << 18, PENDING = 300 };

struct pending {
    uint64_t token;
    uint32_t type, how, code, delay;
    mailproto_text enhanced, text;
    uint32_t index;
};
enum { ACCEPT, DEFAULT, FAIL, VERDICT };

struct host {
    const struct script *script;
    const struct manner *manner;
    struct memory memory;
    mailproto_smtp_server *server;
    mailproto_session *s;
    uint64_t now;
    uint32_t random;
    int held, freed, unsettled;
    struct pending pending[PENDING];
    size_t pendings;
    char *wire, *log, *body;
    size_t wire_len, log_len, body_len;
    char recipients[2000][8]; /* the beginning of each path, for LMTP results */
    /* promises */
    int transaction, message, closed, rejected;
    int32_t why;
    size_t act_at, acted; /* something is done at the how manyth event */
    int (*act)(struct host *h);
    uint32_t last_type;
};

static inline uint32_t any(struct host *h, uint32_t below)
{
    h->random = h->random * 1664525u + 1013904223u;
    return (h->random >> 8) % below;
}

static inline void note(struct host *h, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline void note(struct host *h, const char *format, ...)
{
    va_list list;
    int n;

    va_start(list, format);
    n = vsnprintf(h->log + h->log_len, WIRE_MAX - h->log_len, format, list);
    va_end(list);
    assert_true(n >= 0 && h->log_len + (size_t)n < WIRE_MAX);
    h->log_len += (size_t)n;
}

/* ---- what is answered ---- */

static inline int begins(mailproto_text text, const char *word)
{
    return text.len >= strlen(word) && !memcmp(text.ptr, word, strlen(word));
}

static inline struct pending by_name(mailproto_text name)
{
    struct pending p = {.how = ACCEPT};

    if (begins(name, "deny"))
        p = (struct pending){.how = VERDICT, .code = 550, .enhanced = TEXT("5.7.1"), .text = TEXT("go away\nand stay")};
    else if (begins(name, "fail"))
        p.how = FAIL;
    else if (begins(name, "dflt"))
        p.how = DEFAULT;
    else if (begins(name, "slow"))
        p = (struct pending){.how = VERDICT, .code = 250, .delay = 5000};
    else if (begins(name, "drop"))
        p = (struct pending){.how = VERDICT, .code = 421, .text = TEXT("enough")};
    return p;
}

static inline int body_has(const struct host *h, const char *word)
{
    size_t n = strlen(word);

    for (size_t i = 0; i + n <= h->body_len; i++)
        if (!memcmp(h->body + i, word, n))
            return 1;
    return 0;
}

static inline struct pending by_message(struct host *h)
{
    struct pending p = {.how = ACCEPT};

    if (body_has(h, "REFUSE"))
        p = (struct pending){.how = VERDICT, .code = 554, .text = TEXT("not this")};
    else if (body_has(h, "DEFAULT"))
        p.how = DEFAULT;
    return p;
}

static inline void reject(struct host *h)
{
    mailproto_smtp_verdict v;

    mailproto_smtp_verdict_init(&v, sizeof v);
    v.code = 552;
    v.enhanced = TEXT("5.7.0");
    v.text = TEXT("stopped");
    v.delay_ms = body_has(h, "STOP!SLOWLY") ? 700 : 0;
    assert_int_equal(mailproto_smtp_server_reject_message(h->server, &v), MAILPROTO_OK);
    assert_int_equal(mailproto_smtp_server_reject_message(h->server, &v), MAILPROTO_ERR_STATE);
    h->rejected = 1;
}

/* ---- events, written down ---- */

#define TXT(t) (int)(t).len, (t).ptr ? (t).ptr : ""

static inline struct pending on_mail(struct host *h, const mailproto_smtp_mail *e)
{
    note(h, "MAIL <%.*s> size=%llu body=%u flags=%u ret=%u", TXT(e->path), (unsigned long long)e->size, e->body,
         e->flags, e->ret);
    if (e->has_auth)
        note(h, " auth=<%.*s>", TXT(e->auth));
    if (e->envid.len)
        note(h, " envid=%.*s", TXT(e->envid));
    for (const mailproto_smtp_parameter *p = e->unknown; p; p = p->next)
        note(h, " %.*s=%.*s", TXT(p->keyword), p->value.ptr ? (int)p->value.len : 1, p->value.ptr ? p->value.ptr : "-");
    note(h, "\n");
    h->transaction = 2;
    return by_name(e->path);
}

static inline struct pending on_rcpt(struct host *h, const mailproto_smtp_rcpt *e)
{
    note(h, "RCPT %u <%.*s> notify=%u", e->index, TXT(e->path), e->notify);
    if (e->orcpt.len)
        note(h, " orcpt=%.*s;%.*s", TXT(e->orcpt_type), TXT(e->orcpt));
    for (const mailproto_smtp_parameter *p = e->unknown; p; p = p->next)
        note(h, " %.*s=%.*s", TXT(p->keyword), p->value.ptr ? (int)p->value.len : 1, p->value.ptr ? p->value.ptr : "-");
    note(h, "\n");
    snprintf(h->recipients[e->index], sizeof h->recipients[0], "%.*s", (int)(e->path.len < 7 ? e->path.len : 7),
             e->path.ptr);
    return by_name(e->path);
}

static inline struct pending on_begin(struct host *h, const mailproto_smtp_message_begin *e)
{
    struct pending p = {.how = h->script->begin_code ? VERDICT : DEFAULT, .code = h->script->begin_code};

    note(h, "BEGIN chunking=%u recipients=%u\n", e->chunking, e->recipients);
    for (size_t i = 0; i < 2 && h->script->prepend[i]; i++) {
        const char *field = h->script->prepend[i];
        int32_t result = mailproto_smtp_server_prepend(h->server, e->head.token, field, strlen(field));

        assert_int_equal(result, h->memory.asked == h->memory.fail_at && result ? MAILPROTO_ERR_NOMEM : MAILPROTO_OK);
    }
    h->body_len = 0;
    h->rejected = 0;
    h->message = 2;
    return p;
}

static inline void on_body(struct host *h, const mailproto_smtp_body *e)
{
    assert_int_equal(h->message, 1);
    assert_int_equal(e->offset, h->body_len);
    assert_true(e->bytes.len > 0 && h->body_len + e->bytes.len <= WIRE_MAX);
    memcpy(h->body + h->body_len, e->bytes.ptr, e->bytes.len);
    h->body_len += e->bytes.len;
    if (!h->rejected && body_has(h, "STOP!"))
        reject(h);
}

static inline struct pending on_end(struct host *h, const mailproto_smtp_message_end *e)
{
    assert_int_equal(h->message, 1);
    assert_int_equal(e->size, h->body_len);
    h->message = 0;
    note(h, "END recipients=%u [%.*s]\n", e->recipients, (int)h->body_len, h->body);
    return by_message(h);
}

static inline void on_transaction_end(struct host *h, const mailproto_smtp_transaction_end *e)
{
    note(h, "TRANSACTION_END delivered=%u why=%d\n", e->delivered, e->why);
    assert_int_equal(h->transaction, 1);
    assert_int_equal(h->message, 0);
    h->transaction = 0;
}

static inline void on_cancel(struct host *h, const mailproto_cancel *e)
{
    note(h, "CANCEL %x why=%d\n", e->request, e->why);
    for (size_t i = 0; i < h->pendings; i++)
        if (h->pending[i].token == e->cancelled) {
            h->pending[i] = h->pending[--h->pendings];
            if (e->request == MAILPROTO_SMTP_SERVER_MAIL)
                h->transaction = 0;
            if (e->request == MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN)
                h->message = 0;
            return;
        }
    fail_msg("a request was cancelled that is not open");
}

static inline struct pending happened(struct host *h, const mailproto_event *event)
{
    const void *e = event;
    struct pending p = {.how = ACCEPT};

    switch (event->type) {
    case MAILPROTO_SMTP_SERVER_CONNECT:
        p.how = h->script->connect_code ? VERDICT : DEFAULT;
        p.code = h->script->connect_code;
        break;
    case MAILPROTO_SMTP_SERVER_HELLO: {
        const mailproto_smtp_hello *hello = e;
        note(h, "HELLO %.*s %.*s\n", TXT(hello->verb), TXT(hello->domain));
        return by_name(hello->domain);
    }
    case MAILPROTO_SMTP_SERVER_AUTH: {
        const mailproto_smtp_auth *auth = e;
        note(h, "AUTH %u tls=%u [%.*s] [%.*s] [%.*s]\n", auth->mechanism, auth->tls, TXT(auth->authorization),
             TXT(auth->name), TXT(auth->password));
        return by_name(auth->name);
    }
    case MAILPROTO_SMTP_SERVER_MAIL:
        return on_mail(h, e);
    case MAILPROTO_SMTP_SERVER_RCPT:
        return on_rcpt(h, e);
    case MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN:
        return on_begin(h, e);
    case MAILPROTO_SMTP_SERVER_BODY:
        on_body(h, e);
        break;
    case MAILPROTO_SMTP_SERVER_MESSAGE_END:
        return on_end(h, e);
    case MAILPROTO_SMTP_SERVER_RCPT_RESULT: {
        const mailproto_smtp_rcpt_result *result = e;
        note(h, "RESULT %u\n", result->index);
        if (!memcmp(h->recipients[result->index], "full", 4))
            p = (struct pending){.how = VERDICT, .code = 452, .text = TEXT("full")};
        break;
    }
    case MAILPROTO_SMTP_SERVER_MESSAGE_ABORTED:
        note(h, "ABORTED %d\n", ((const mailproto_smtp_message_aborted *)e)->why);
        assert_int_equal(h->message, 1);
        h->message = 0;
        break;
    case MAILPROTO_SMTP_SERVER_TRANSACTION_END:
        on_transaction_end(h, e);
        break;
    case MAILPROTO_SMTP_SERVER_VRFY:
    case MAILPROTO_SMTP_SERVER_EXPN:
    case MAILPROTO_SMTP_SERVER_HELP: {
        const mailproto_smtp_query *query = e;
        note(h, "QUERY %x [%.*s]\n", event->type, TXT(query->argument));
        return by_name(query->argument);
    }
    case MAILPROTO_EVENT_CANCEL:
        on_cancel(h, e);
        break;
    case MAILPROTO_EVENT_TLS_STARTED:
        note(h, "TLS\n");
        break;
    case MAILPROTO_EVENT_CLOSED:
        h->closed++;
        h->why = ((const mailproto_closed *)e)->why;
        note(h, "CLOSED %d\n", h->why);
        assert_int_equal(h->transaction, 0);
        assert_int_equal(h->message, 0);
        break;
    default:
        break;
    }
    return p;
}

/* ---- answering ---- */

/* What the promises say is true as soon as the host said so. */
static inline void answer_noted(struct host *h, const struct pending *p)
{
    int yes = p->how == ACCEPT || p->how == DEFAULT || (p->how == VERDICT && p->code < 400);

    if (p->type == MAILPROTO_SMTP_SERVER_MAIL)
        h->transaction = yes;
    if (p->type == MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN)
        h->message = yes;
}

static inline int32_t answer_now(struct host *h, const struct pending *p)
{
    mailproto_smtp_verdict v;

    answer_noted(h, p);
    switch (p->how) {
    case ACCEPT:
        return mailproto_smtp_server_accept(h->server, p->token);
    case DEFAULT:
        return mailproto_session_use_default(h->s, p->token);
    case FAIL:
        return mailproto_session_fail(h->s, p->token);
    default:
        mailproto_smtp_verdict_init(&v, sizeof v);
        v.code = p->code;
        v.delay_ms = p->delay;
        v.enhanced = p->enhanced;
        v.text = p->text;
        return mailproto_smtp_server_answer(h->server, p->token, &v);
    }
}

static inline int32_t see(struct host *h, const mailproto_event *event)
{
    struct pending p;

    if (h->manner->holds && !h->held && !any(h, 6)) {
        mailproto_session_hold(h->s);
        h->held = 1;
    }
    if (event->type == MAILPROTO_EVENT_TRACE)
        return 0;
    p = happened(h, event);
    h->last_type = event->type;
    if (h->act && ++h->acted == h->act_at) {
        int acted = h->act(h);

        if (acted)
            return acted > 0 ? 0 : acted;
    }
    if (!event->token)
        return 0;
    p.token = event->token;
    p.type = event->type;
    if (!h->manner->late) {
        assert_int_equal(answer_now(h, &p), MAILPROTO_OK);
        assert_int_equal(answer_now(h, &p), MAILPROTO_ERR_TOKEN);
        return 0;
    }
    assert_true(h->pendings < PENDING);
    h->pending[h->pendings++] = p;
    return 0;
}

#define CALLBACK(name, payload)                                                                                        \
    static inline int32_t called_##name(mailproto_smtp_server *server, const payload *e, void *user)                   \
    {                                                                                                                  \
        struct host *h = user;                                                                                         \
        assert_ptr_equal(server, h->server);                                                                           \
        return see(h, &e->head);                                                                                       \
    }
CALLBACK(connect, mailproto_smtp_connect)
CALLBACK(hello, mailproto_smtp_hello)
CALLBACK(auth, mailproto_smtp_auth)
CALLBACK(mail, mailproto_smtp_mail)
CALLBACK(rcpt, mailproto_smtp_rcpt)
CALLBACK(message_begin, mailproto_smtp_message_begin)
CALLBACK(body, mailproto_smtp_body)
CALLBACK(message_end, mailproto_smtp_message_end)
CALLBACK(rcpt_result, mailproto_smtp_rcpt_result)
CALLBACK(message_aborted, mailproto_smtp_message_aborted)
CALLBACK(transaction_end, mailproto_smtp_transaction_end)
CALLBACK(query, mailproto_smtp_query)
CALLBACK(tls_started, mailproto_tls_started)
CALLBACK(cancel, mailproto_cancel)
CALLBACK(trace, mailproto_trace)
CALLBACK(closed, mailproto_closed)

static inline mailproto_smtp_server_callbacks all_callbacks(void)
{
    mailproto_smtp_server_callbacks c;

    mailproto_smtp_server_callbacks_init(&c, sizeof c);
    c.on_connect = called_connect;
    c.on_hello = called_hello;
    c.on_auth = called_auth;
    c.on_mail = called_mail;
    c.on_rcpt = called_rcpt;
    c.on_message_begin = called_message_begin;
    c.on_body = called_body;
    c.on_message_end = called_message_end;
    c.on_rcpt_result = called_rcpt_result;
    c.on_message_aborted = called_message_aborted;
    c.on_transaction_end = called_transaction_end;
    c.on_vrfy = called_query;
    c.on_expn = called_query;
    c.on_help = called_query;
    c.on_tls_started = called_tls_started;
    c.on_cancel = called_cancel;
    c.on_trace = called_trace;
    c.on_closed = called_closed;
    return c;
}

/* ---- a session ---- */

static inline mailproto_smtp_server_config config_of(const struct script *script, uint32_t max_open)
{
    mailproto_smtp_server_config c;

    mailproto_smtp_server_config_init(&c, sizeof c);
    c.hostname = TEXT("mx.example");
    c.banner = TEXT("ESMTP");
    c.peer_address = TEXT("192.0.2.1");
    c.peer_name = TEXT("c.example");
    c.flags = script->flags;
    c.offer = script->offer;
    c.mask = script->mask;
    c.tls = script->tls;
    c.max_open = max_open;
    c.max_message = script->max_message;
    c.max_discard = script->max_discard;
    c.max_transactions = script->max_transactions;
    return c;
}

static inline int32_t host_begin(struct host *h, const struct script *script, const struct manner *manner,
                                 uint64_t fail_at)
{
    mailproto_smtp_server_config c = config_of(script, manner->max_open);
    mailproto_smtp_server_callbacks callbacks = all_callbacks();
    mailproto_allocator allocator;
    const char *why;
    int32_t result;

    memset(h, 0, sizeof *h);
    h->script = script;
    h->manner = manner;
    h->now = 1000;
    h->random = 12345;
    h->memory.fail_at = fail_at;
    h->wire = malloc(WIRE_MAX);
    h->log = malloc(WIRE_MAX);
    h->body = malloc(WIRE_MAX);
    h->log[0] = '\0';
    allocator = memory_allocator(&h->memory);
    result = mailproto_smtp_server_new(&h->server, &c, manner->polled ? NULL : &callbacks, &allocator, h, &why);
    if (result == MAILPROTO_ERR_CONFIG || result == MAILPROTO_ERR_ARG)
        fail_msg("%s: %s", script->name, why);
    h->s = result ? NULL : mailproto_smtp_server_session(h->server);
    if (h->s && manner->trace)
        mailproto_session_set_trace(h->s, 7);
    if (h->s)
        mailproto_session_set_wall(h->s, 1000000000);
    return result;
}

static inline void host_end(struct host *h)
{
    mailproto_session_free(h->freed ? NULL : h->s);
    assert_int_equal(h->memory.used, 0);
    assert_int_equal(h->memory.blocks, 0);
    free(h->wire);
    free(h->log);
    free(h->body);
}

/* A verb's result, looked at. */
static inline void verb(struct host *h, int32_t result)
{
    if (result == MAILPROTO_FREED)
        h->freed = 1;
    else
        assert_true(result == MAILPROTO_OK || mailproto_session_error(h->s, NULL, NULL, NULL) == result);
}

static inline int host_output(struct host *h)
{
    const uint8_t *data;
    size_t n;

    verb(h, mailproto_session_output(h->s, &data, &n));
    if (h->freed || !n)
        return h->freed;
    if (h->manner->chunk != SIZE_MAX)
        n = 1 + any(h, (uint32_t)n);
    assert_true(h->wire_len + n < WIRE_MAX);
    memcpy(h->wire + h->wire_len, data, n);
    h->wire_len += n;
    assert_int_equal(mailproto_session_output_ack(h->s, n), MAILPROTO_OK);
    return 1;
}

static inline int host_events(struct host *h)
{
    const mailproto_event *event;
    int any_seen = 0;

    while (h->manner->polled && (event = mailproto_session_next_event(h->s))) {
        int32_t result = see(h, event);

        if (h->freed)
            return 1;
        if (result < 0)
            mailproto_session_fail(h->s, event->token);
        any_seen = 1;
    }
    return any_seen;
}

static inline int host_answer(struct host *h, int all)
{
    int answered = 0;

    while (h->pendings && (all || any(h, 3))) {
        size_t i = any(h, (uint32_t)h->pendings);
        struct pending p = h->pending[i];
        int32_t result;

        h->pending[i] = h->pending[--h->pendings];
        result = answer_now(h, &p);
        if (result != MAILPROTO_OK) /* it died meanwhile, and its cancel is on the way: then it is pending still */
            h->pending[h->pendings++] = p;
        if (result != MAILPROTO_OK)
            return answered;
        answered = 1;
    }
    return answered;
}

static inline void host_hold(struct host *h)
{
    if (!h->manner->holds || h->freed)
        return;
    if (h->held && any(h, 2)) {
        mailproto_session_release(h->s);
        h->held = 0;
    } else if (!any(h, 4)) {
        mailproto_session_hold(h->s);
        h->held = 1;
    }
}

/* Whatever can move without input moves. */
static inline void host_settle(struct host *h)
{
    for (int turns = 0, moved = 1; moved && !h->freed; turns++) {
        moved = 0;
        assert_true(turns < 100000);
        if (mailproto_session_deadline(h->s) <= h->now) {
            verb(h, mailproto_session_tick(h->s, h->now));
            moved = 1;
        }
        if (h->freed)
            return;
        moved |= host_events(h);
        if (!h->freed && (mailproto_session_wants(h->s) & MAILPROTO_WANTS_WRITE))
            moved |= host_output(h);
        if (h->freed)
            return;
        if (mailproto_session_wants(h->s) & MAILPROTO_WANTS_TLS) {
            assert_int_equal(mailproto_session_tls_started(h->s, NULL), MAILPROTO_OK);
            moved = 1;
        }
        moved |= host_answer(h, !(mailproto_session_wants(h->s) & MAILPROTO_WANTS_READ));
    }
}

/* What is settled for now may wait for time: verdicts that are delayed. */
static inline void host_wait(struct host *h)
{
    for (;;) {
        uint64_t deadline;

        if (h->held) {
            mailproto_session_release(h->s);
            h->held = 0;
        }
        host_settle(h);
        if (h->held && !h->freed)
            continue;
        if (h->freed || (mailproto_session_wants(h->s) & (MAILPROTO_WANTS_READ | MAILPROTO_WANTS_CLOSE)))
            return;
        deadline = mailproto_session_deadline(h->s);
        if (deadline == UINT64_MAX || deadline > h->now + 60000)
            return;
        h->now = deadline;
    }
}

static inline size_t chunk_of(struct host *h, size_t left, size_t at)
{
    size_t n = h->manner->chunk;

    if (h->manner->cut && !at)
        n = h->manner->cut;
    else if (!n)
        n = 1 + any(h, 1 + any(h, 40));
    return n < left ? n : left;
}

/* Feeds a piece from a buffer of just its size, gone afterwards: what is lent must not be used later. */
static inline void host_feed(struct host *h, mailproto_text piece)
{
    size_t at = 0;

    while (at < piece.len && !h->freed) {
        size_t n = chunk_of(h, piece.len - at, at), took = 0;
        char *copy;

        host_hold(h);
        host_settle(h);
        if (h->freed)
            return;
        if (!(mailproto_session_wants(h->s) & MAILPROTO_WANTS_READ)) {
            host_wait(h);
            if (h->freed || !(mailproto_session_wants(h->s) & MAILPROTO_WANTS_READ))
                return;
        }
        copy = malloc(n);
        memcpy(copy, piece.ptr + at, n);
        verb(h, mailproto_session_feed(h->s, copy, n, h->now, &took));
        if (!h->freed) {
            if (took == 0 || took > n)
                fail_msg("%s, %s: a feed of %zu took %zu", h->script->name, h->manner->name, n, took);
            host_events(h);
        }
        memset(copy, 0xee, n);
        free(copy);
        at += took;
    }
}

/* The whole script, to the end of the session. */
static inline void host_run(struct host *h)
{
    host_wait(h);
    for (size_t i = 0; i < PIECES && h->script->pieces[i].ptr && !h->freed; i++) {
        host_feed(h, h->script->pieces[i]);
        if (!h->freed)
            host_wait(h);
    }
    if (!h->freed && !h->script->no_eof && !(mailproto_session_wants(h->s) & MAILPROTO_WANTS_CLOSE)) {
        verb(h, mailproto_session_eof(h->s, h->now));
        if (!h->freed)
            host_wait(h);
    }
    if (h->freed)
        return;
    if (!h->script->no_eof) {
        assert_int_equal(h->pendings, 0);
        assert_int_equal(mailproto_session_wants(h->s), MAILPROTO_WANTS_CLOSE);
        assert_int_equal(h->closed, 1);
    }
    h->wire[h->wire_len] = '\0';
}

/* A session that was greeted and fed. */
static inline void script_begin(struct host *h, const struct script *script, const struct manner *manner,
                                const char *text)
{
    assert_int_equal(host_begin(h, script, manner, 0), MAILPROTO_OK);
    host_wait(h);
    if (text)
        host_feed(h, (mailproto_text){text, strlen(text)});
}

static inline void ends_with(const struct host *h, const char *tail)
{
    size_t n = strlen(tail);

    if (h->wire_len < n || memcmp(h->wire + h->wire_len - n, tail, n) != 0)
        fail_msg("ends with %.*s", (int)(h->wire_len > 200 ? 200 : h->wire_len),
                 h->wire + (h->wire_len > 200 ? h->wire_len - 200 : 0));
}

static inline void feed_repeated(struct host *h, char c, size_t n)
{
    char block[1000];

    memset(block, c, sizeof block);
    for (; n; n -= n < sizeof block ? n : sizeof block)
        host_feed(h, (mailproto_text){block, n < sizeof block ? n : sizeof block});
}

static const struct manner at_once = {"at once", 0, 0, 0, 0, SIZE_MAX, 0, 1};

#endif
