/* smtp_client_talk.h - a client engine against a written conversation: the bytes of both sides, and the events in between.
 * "S:" lines are fed, "C:" lines must be what the client says; RFC 5321 appendix D has conversations in this form. */
#ifndef SMTP_CLIENT_TALK_H
#define SMTP_CLIENT_TALK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mailproto/mailproto.h"

#ifdef __GNUC__
#pragma GCC diagnostic ignored "-Wunused-function" /* not every test needs all of it */
#endif

/* How a conversation is run. */
enum { TALK_NOW, TALK_LATER, TALK_POLLED, TALK_POLLED_LATER, TALK_HOLD, TALK_MODES };

struct talk;

struct scene {
    const char *name;
    void (*configure)(mailproto_smtp_client_config *config);
    void (*submit)(struct talk *t); /* before the first byte */
    const char *body;               /* of every message; `body_len` if it holds NUL */
    size_t body_len;
    size_t piece;                          /* octets given at a time; 0: as many as are asked for */
    uint64_t body_fails;                   /* the body fails from that offset + 1 on; 0: never */
    const char *user, *password, *acts_as; /* NULL: no credentials */
    const char *script, *events;
};

struct talk {
    const struct scene *scene;
    mailproto_smtp_client *client;
    mailproto_session *session;
    int mode;
    size_t split; /* octets fed at a time; 0: what there is */
    uint32_t random;
    uint64_t now;
    uint64_t waiting; /* a request that is answered later */
    uint32_t waiting_type;
    uint64_t waiting_offset;
    uint64_t commands[8];
    size_t command_count;
    uint32_t max;
    int closed, freed;
    int quiet; /* things fail on purpose: the script is not insisted on */
    char out[1 << 17];
    size_t out_len, out_pos;
    char log[1 << 14];
    size_t log_len;
    void (*on_event)(struct talk *t, const mailproto_event *event);
    int32_t result; /* what callbacks answer; the hook may set it */
    void *mine;     /* the test's own */
    int silent;     /* set by the hook: the request stays open, and the connection is reset */
    int half;       /* ... is only half-closed */
};

/* ---- the log ---- */

static void talk_log(struct talk *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void talk_log(struct talk *t, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(t->log + t->log_len, sizeof t->log - t->log_len, format, args);
    va_end(args);
    assert_true(n >= 0 && (size_t)n < sizeof t->log - t->log_len);
    t->log_len += (size_t)n;
}

static const char *talk_outcome(uint32_t outcome)
{
    static const char *const names[] = {"?", "ACCEPTED", "REFUSED", "NOT_SENT", "UNKNOWN", "PARTLY"};

    return names[outcome < 6 ? outcome : 0];
}

static const char *talk_why(int32_t why)
{
    return mailproto_result_name(why) + strlen("MAILPROTO_");
}

static void talk_log_reply(struct talk *t, const mailproto_smtp_response *reply)
{
    if (!reply->code)
        return;
    talk_log(t, " %u", reply->code);
    if (reply->enhanced.len)
        talk_log(t, " [%.*s]", (int)reply->enhanced.len, reply->enhanced.ptr);
    talk_log(t, " ");
    for (size_t i = 0; i < reply->text.len; i++)
        talk_log(t, "%c", reply->text.ptr[i] == '\n' ? '|' : reply->text.ptr[i]);
}

static size_t talk_index(const struct talk *t, uint64_t command)
{
    size_t i = 0;

    while (i < t->command_count && t->commands[i] != command)
        i++;
    return i;
}

static void talk_log_event(struct talk *t, const mailproto_event *event)
{
    const void *payload = event;

    switch (event->type) {
    case MAILPROTO_SMTP_CLIENT_READY: {
        const mailproto_smtp_ready *ready = payload;

        talk_log(t, "READY %x%s%s", ready->peer_offers, ready->tls ? " tls" : "", ready->authenticated ? " auth" : "");
        if (ready->max_message)
            talk_log(t, " size=%llu", (unsigned long long)ready->max_message);
        if (ready->max_recipients || ready->max_transactions || ready->max_domains)
            talk_log(t, " limits=%u,%u,%u", ready->max_recipients, ready->max_transactions, ready->max_domains);
        talk_log(t, " %.*s", (int)ready->greeting.len, ready->greeting.ptr ? ready->greeting.ptr : "");
        for (const mailproto_smtp_parameter *p = ready->unknown; p; p = p->next)
            talk_log(t, " +%.*s%s%.*s", (int)p->keyword.len, p->keyword.ptr, p->value.ptr ? "=" : "", (int)p->value.len,
                     p->value.ptr ? p->value.ptr : "");
        break;
    }
    case MAILPROTO_SMTP_CLIENT_CREDENTIALS:
        talk_log(t, "CREDENTIALS %u", ((const mailproto_smtp_credentials *)payload)->mechanism);
        break;
    case MAILPROTO_SMTP_CLIENT_RCPT_REPLY: {
        const mailproto_smtp_rcpt_reply *reply = payload;

        talk_log(t, "RCPT %zu.%u%s", talk_index(t, reply->command), reply->index, reply->phase ? " end" : "");
        talk_log_reply(t, reply->reply);
        break;
    }
    case MAILPROTO_SMTP_CLIENT_BODY:
        return; /* how often it is asked for depends on the pieces only */
    case MAILPROTO_SMTP_CLIENT_DONE: {
        const mailproto_smtp_done *done = payload;

        talk_log(t, "DONE %zu %s %s stage=%u rcpts=%u", talk_index(t, done->command), talk_outcome(done->outcome),
                 talk_why(done->why), done->stage, done->recipients);
        talk_log_reply(t, done->reply);
        assert_true(done->text.len > 0);
        break;
    }
    case MAILPROTO_SMTP_CLIENT_REPLY: {
        const mailproto_smtp_reply *reply = payload;

        talk_log(t, "REPLY %zu %s", talk_index(t, reply->command), talk_why(reply->why));
        talk_log_reply(t, reply->reply);
        break;
    }
    case MAILPROTO_EVENT_TLS_STARTED:
        talk_log(t, "TLS");
        break;
    case MAILPROTO_EVENT_CANCEL:
        talk_log(t, "CANCEL %x %s", ((const mailproto_cancel *)payload)->request,
                 talk_why(((const mailproto_cancel *)payload)->why));
        break;
    case MAILPROTO_EVENT_CLOSED:
        assert_false(t->closed);
        t->closed = 1;
        talk_log(t, "CLOSED %s", talk_why(((const mailproto_closed *)payload)->why));
        break;
    default:
        return;
    }
    talk_log(t, "\n");
}

/* ---- the host ---- */

static uint32_t talk_random(struct talk *t)
{
    t->random = t->random * 1664525u + 1013904223u;
    return t->random >> 8;
}

static void talk_answer_body(struct talk *t, uint64_t token, uint64_t offset)
{
    const struct scene *scene = t->scene;
    size_t len = scene->body_len ? scene->body_len : scene->body ? strlen(scene->body) : 0;
    size_t n = offset < len ? len - (size_t)offset : 0;

    if (scene->body_fails && offset + 1 >= scene->body_fails) {
        mailproto_session_fail(t->session, token);
        return;
    }
    if (scene->piece && n > scene->piece)
        n = scene->piece;
    if (n > t->max)
        n = t->max;
    if (n)
        mailproto_session_piece(t->session, token, scene->body + offset, n);
    else
        mailproto_session_piece_end(t->session, token);
}

static void talk_answer(struct talk *t, uint32_t type, uint64_t token, uint64_t offset)
{
    const struct scene *scene = t->scene;
    const char *acts_as = scene->acts_as ? scene->acts_as : "";

    if (type == MAILPROTO_SMTP_CLIENT_BODY) {
        talk_answer_body(t, token, offset);
    } else if (!scene->user) {
        mailproto_session_use_default(t->session, token);
    } else {
        int32_t result =
            mailproto_smtp_client_credentials(t->client, token, acts_as, strlen(acts_as), scene->user,
                                              strlen(scene->user), scene->password, strlen(scene->password));

        if (result)
            talk_log(t, "credentials: %s\n", talk_why(result));
        if (result)
            mailproto_session_fail(t->session, token);
    }
}

static int32_t talk_event(struct talk *t, const mailproto_event *event)
{
    uint64_t offset = 0;

    talk_log_event(t, event);
    if (event->type == MAILPROTO_EVENT_CANCEL &&
        ((const mailproto_cancel *)(const void *)event)->cancelled == t->waiting)
        t->waiting = 0;
    if (t->on_event)
        t->on_event(t, event);
    if (!event->token || t->result || t->silent)
        return t->result;
    if (event->type == MAILPROTO_SMTP_CLIENT_BODY) {
        offset = ((const mailproto_smtp_body_request *)(const void *)event)->offset;
        t->max = (uint32_t)((const mailproto_smtp_body_request *)(const void *)event)->max;
    }
    if (t->mode == TALK_LATER || t->mode == TALK_POLLED_LATER) {
        t->waiting = event->token;
        t->waiting_type = event->type;
        t->waiting_offset = offset;
    } else {
        talk_answer(t, event->type, event->token, offset);
    }
    return 0;
}

#define TALK_CALLBACK(name, payload)                                                                                   \
    static int32_t name(mailproto_smtp_client *client, const payload *event, void *user)                               \
    {                                                                                                                  \
        (void)client;                                                                                                  \
        return talk_event(user, &event->head);                                                                         \
    }
TALK_CALLBACK(talk_on_ready, mailproto_smtp_ready)
TALK_CALLBACK(talk_on_credentials, mailproto_smtp_credentials)
TALK_CALLBACK(talk_on_rcpt_reply, mailproto_smtp_rcpt_reply)
TALK_CALLBACK(talk_on_body, mailproto_smtp_body_request)
TALK_CALLBACK(talk_on_done, mailproto_smtp_done)
TALK_CALLBACK(talk_on_reply, mailproto_smtp_reply)
TALK_CALLBACK(talk_on_tls_started, mailproto_tls_started)
TALK_CALLBACK(talk_on_cancel, mailproto_cancel)
TALK_CALLBACK(talk_on_trace, mailproto_trace)
TALK_CALLBACK(talk_on_closed, mailproto_closed)

static int talk_is_polled(const struct talk *t)
{
    return t->mode == TALK_POLLED || t->mode == TALK_POLLED_LATER;
}

static void talk_poll(struct talk *t)
{
    const mailproto_event *event;

    while (talk_is_polled(t) && (event = mailproto_session_next_event(t->session)))
        talk_event(t, event);
}

/* Drains output and lets the engine work until nothing moves. */
static void talk_pump(struct talk *t)
{
    const uint8_t *data;
    size_t len, n;
    int moved = !t->freed;

    while (moved) {
        moved = 0;
        if (t->silent == 1) {
            t->silent = 2;
            if (t->half)
                mailproto_session_eof(t->session, t->now);
            else
                mailproto_session_lost(t->session, MAILPROTO_ERR_LOST, "reset", 5, t->now);
        }
        if (mailproto_session_deadline(t->session) <= t->now) {
            t->freed |= mailproto_session_tick(t->session, t->now) == MAILPROTO_FREED;
            moved = 1;
        }
        if (t->freed)
            return;
        talk_poll(t);
        t->freed |= mailproto_session_output(t->session, &data, &len) == MAILPROTO_FREED;
        if (t->freed)
            return;
        talk_poll(t);
        if (len) {
            n = t->mode == TALK_NOW ? len : 1 + talk_random(t) % len;
            assert_true(t->out_len + n <= sizeof t->out);
            memcpy(t->out + t->out_len, data, n);
            t->out_len += n;
            assert_int_equal(mailproto_session_output_ack(t->session, n), MAILPROTO_OK);
            moved = 1;
        }
        if (!moved && t->waiting) {
            uint64_t token = t->waiting;

            t->waiting = 0;
            talk_answer(t, t->waiting_type, token, t->waiting_offset);
            moved = 1;
        }
        if (t->mode == TALK_HOLD && talk_random(t) % 3 == 0) {
            mailproto_session_hold(t->session);
            mailproto_session_output(t->session, &data, &len);
            mailproto_session_release(t->session);
            moved = 1;
        }
    }
}

/* ---- making one ---- */

/* An allocator that counts, and fails one allocation. */
struct talk_memory {
    size_t live, count, fail_at; /* fail_at 0: never */
};

static void *talk_alloc(size_t n, void *user)
{
    struct talk_memory *m = user;
    void *p;

    if (++m->count == m->fail_at)
        return NULL;
    p = malloc(n);
    assert_non_null(p);
    memset(p, 0xa5, n);
    m->live += n;
    return p;
}

static void *talk_resize(void *p, size_t old_n, size_t n, void *user)
{
    struct talk_memory *m = user;
    void *moved;

    if (++m->count == m->fail_at)
        return NULL;
    moved = malloc(n);
    assert_non_null(moved);
    memcpy(moved, p, old_n < n ? old_n : n);
    free(p);
    m->live += n - old_n;
    return moved;
}

static void talk_free(void *p, size_t n, void *user)
{
    struct talk_memory *m = user;

    m->live -= n;
    memset(p, 0xa5, n);
    free(p);
}

static void talk_config(mailproto_smtp_client_config *config, const struct scene *scene)
{
    mailproto_smtp_client_config_init(config, sizeof *config);
    config->hostname = (mailproto_text){"client.example", 14};
    if (scene->configure)
        scene->configure(config);
}

static int32_t talk_open(struct talk *t, const struct scene *scene, int mode, const mailproto_allocator *allocator)
{
    mailproto_smtp_client_config config;
    mailproto_smtp_client_callbacks callbacks;
    const char *why;
    int32_t result;

    memset(t, 0, sizeof *t);
    t->scene = scene;
    t->mode = mode;
    t->now = 1000;
    talk_config(&config, scene);
    mailproto_smtp_client_callbacks_init(&callbacks, sizeof callbacks);
    callbacks.on_ready = talk_on_ready;
    callbacks.on_credentials = talk_on_credentials;
    callbacks.on_rcpt_reply = talk_on_rcpt_reply;
    callbacks.on_body = talk_on_body;
    callbacks.on_done = talk_on_done;
    callbacks.on_reply = talk_on_reply;
    callbacks.on_tls_started = talk_on_tls_started;
    callbacks.on_cancel = talk_on_cancel;
    callbacks.on_trace = talk_on_trace;
    callbacks.on_closed = talk_on_closed;
    result = mailproto_smtp_client_new(&t->client, &config, talk_is_polled(t) ? NULL : &callbacks, allocator, t, &why);
    if (result)
        return result;
    t->session = mailproto_smtp_client_session(t->client);
    return MAILPROTO_OK;
}

/* ---- submitting ---- */

/* A message from a@x.example to each of the recipients, a NULL after the last. */
static int32_t talk_send(struct talk *t, const mailproto_smtp_envelope *envelope, const char *const *to)
{
    mailproto_smtp_recipient recipient;
    uint64_t command;
    int32_t result = mailproto_smtp_client_send(t->client, envelope, &command);

    if (result)
        return result;
    t->commands[t->command_count++] = command;
    for (; *to; to++) {
        mailproto_smtp_recipient_init(&recipient, sizeof recipient);
        recipient.path = (mailproto_text){*to, strlen(*to)};
        result = mailproto_smtp_client_send_to(t->client, command, &recipient);
        if (result)
            return result;
    }
    return mailproto_smtp_client_send_go(t->client, command);
}

static void talk_envelope(mailproto_smtp_envelope *envelope)
{
    mailproto_smtp_envelope_init(envelope, sizeof *envelope);
    envelope->sender = (mailproto_text){"a@x.example", 11};
}

static void talk_send_to_two(struct talk *t)
{
    static const char *const to[] = {"b@y.example", "c@z.example", NULL};
    mailproto_smtp_envelope envelope;

    talk_envelope(&envelope);
    if (talk_send(t, &envelope, to) == MAILPROTO_OK)
        mailproto_session_finish(t->session);
}

/* ---- the script ---- */

static void talk_feed(struct talk *t, const char *data, size_t len)
{
    size_t taken, stuck = 0;

    while (len) {
        size_t n = t->split && t->split < len ? t->split : len;

        talk_pump(t);
        if (t->freed)
            return;
        if (!(mailproto_session_wants(t->session) & MAILPROTO_WANTS_READ)) {
            if (mailproto_session_wants(t->session) & MAILPROTO_WANTS_CLOSE)
                return;
            assert_true(t->quiet || ++stuck < 4);
            if (t->quiet && ++stuck > 4)
                return;
            /* octets that come when none are wanted are not taken, or end the session */
            t->freed |= mailproto_session_feed(t->session, data, n, t->now, &taken) == MAILPROTO_FREED;
            data += taken;
            len -= taken;
            continue;
        }
        t->freed |= mailproto_session_feed(t->session, data, n, t->now, &taken) == MAILPROTO_FREED;
        if (t->freed)
            return;
        assert_true(taken > 0);
        data += taken;
        len -= taken;
    }
    talk_pump(t);
}

static void talk_expect(struct talk *t, const char *line, size_t len)
{
    talk_pump(t);
    if (t->quiet)
        return;
    if (t->out_len - t->out_pos < len || memcmp(t->out + t->out_pos, line, len))
        fail_msg("%s: expected \"%.*s\", got \"%.*s\"", t->scene->name, (int)len, line, (int)(t->out_len - t->out_pos),
                 t->out + t->out_pos);
    t->out_pos += len;
}

static void talk_tls(struct talk *t)
{
    mailproto_tls_info info;

    talk_pump(t);
    if (t->freed)
        return;
    if (!t->quiet)
        assert_true(mailproto_session_wants(t->session) & MAILPROTO_WANTS_TLS);
    mailproto_tls_info_init(&info, sizeof info);
    info.version = 0x0304;
    mailproto_session_tls_started(t->session, &info);
}

/* A line of the script: S: C: TLS EOF LOST, or TICK milliseconds. */
static void talk_line(struct talk *t, const char *line, size_t n)
{
    char text[4096];

    if (t->freed)
        return;
    assert_true(n + 2 < sizeof text);
    if (n >= 3) {
        memcpy(text, line + 3, n - 3);
        memcpy(text + n - 3, "\r\n", 2);
    }
    if (!memcmp(line, "S: ", 3)) {
        talk_feed(t, text, n - 1);
    } else if (!memcmp(line, "C: ", 3)) {
        talk_expect(t, text, n - 1);
    } else if (!memcmp(line, "C> ", 3)) { /* without line end */
        talk_expect(t, text, n - 3);
    } else if (!memcmp(line, "TLS", 3)) {
        talk_tls(t);
    } else if (!memcmp(line, "EOF", 3)) {
        talk_pump(t);
        if (!t->freed)
            t->freed |= mailproto_session_eof(t->session, t->now) == MAILPROTO_FREED;
    } else if (!memcmp(line, "LOST", 4)) {
        talk_pump(t);
        if (!t->freed)
            t->freed |= mailproto_session_lost(t->session, MAILPROTO_ERR_LOST, "reset", 5, t->now) == MAILPROTO_FREED;
    } else if (!memcmp(line, "TICK", 4)) {
        talk_pump(t);
        t->now += (uint64_t)atol(line + 5);
        if (!t->freed)
            t->freed |= mailproto_session_tick(t->session, t->now) == MAILPROTO_FREED;
    } else {
        fail_msg("%s: what is \"%.*s\"", t->scene->name, (int)n, line);
    }
    talk_pump(t);
}

/* Consecutive S: lines are fed together, for what a server sends at once may be read at once. */
static void talk_run(struct talk *t)
{
    static char together[1 << 16];
    const char *line = t->scene->script;
    size_t fed = 0;

    if (t->scene->submit)
        t->scene->submit(t);
    while (*line) {
        size_t n = strcspn(line, "\n");

        if (!memcmp(line, "S: ", 3)) {
            memcpy(together + fed, line + 3, n - 3);
            memcpy(together + fed + n - 3, "\r\n", 2);
            fed += n - 1;
        } else {
            talk_feed(t, together, fed);
            fed = 0;
            talk_line(t, line, n);
        }
        line += n + (line[n] != 0);
    }
    talk_feed(t, together, fed);
    talk_pump(t);
}

static void talk_check(struct talk *t)
{
    if (t->out_pos != t->out_len)
        fail_msg("%s: also said \"%.*s\"", t->scene->name, (int)(t->out_len - t->out_pos), t->out + t->out_pos);
    if (t->scene->events && strcmp(t->log, t->scene->events))
        fail_msg("%s: mode %d, split %zu: events were\n%s\nnot\n%s", t->scene->name, t->mode, t->split, t->log,
                 t->scene->events);
}

/* Whole, by single octets and in random pieces; answered at once, later, polled, held: all the same. */
static void talk_scene(const struct scene *scene)
{
    static const size_t splits[] = {0, 1, 2, 7};
    struct talk *t = malloc(sizeof *t);
    struct talk_memory memory = {0, 0, 0};
    mailproto_allocator allocator = {sizeof allocator, &memory, talk_alloc, talk_resize, talk_free};

    assert_non_null(t);
    for (int mode = 0; mode < TALK_MODES; mode++)
        for (size_t i = 0; i < sizeof splits / sizeof splits[0]; i++) {
            assert_int_equal(talk_open(t, scene, mode, &allocator), MAILPROTO_OK);
            t->split = splits[i];
            t->random = (uint32_t)(mode * 16 + (int)i);
            talk_run(t);
            talk_check(t);
            mailproto_session_free(t->session);
            assert_int_equal(memory.live, 0);
        }
    free(t);
}

/* Each allocation fails in turn: what was begun ends once, nothing leaks. */
static void talk_scene_without_memory(const struct scene *scene)
{
    struct talk *t = malloc(sizeof *t);
    size_t fail_at = 1, used;

    assert_non_null(t);
    do {
        struct talk_memory memory = {0, 0, fail_at};
        mailproto_allocator allocator = {sizeof allocator, &memory, talk_alloc, talk_resize, talk_free};

        if (talk_open(t, scene, fail_at % 2 ? TALK_NOW : TALK_POLLED, &allocator) == MAILPROTO_OK) {
            size_t done = 0;

            t->quiet = 1;
            talk_run(t);
            if (!t->closed)
                mailproto_session_lost(t->session, MAILPROTO_ERR_LOST, NULL, 0, t->now);
            talk_pump(t);
            assert_true(t->closed);
            for (const char *p = t->log; (p = strstr(p, "DONE ")); p++)
                done++;
            assert_int_equal(done, t->command_count);
            mailproto_session_free(t->session);
        }
        assert_int_equal(memory.live, 0);
        used = memory.count;
        fail_at++;
    } while (used >= fail_at - 1);
    free(t);
}

#endif
