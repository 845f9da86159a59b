/* events.c - an event of the session against the one that the transcript expects, and the host's answer to it.
 * contract.md section 2, "Events" and "Requests". */
#include <string.h>

#include "role.h"

/* ---- which expectation is next ---- */

static struct step *expected(struct play *p)
{
    for (size_t i = p->next_event; i < p->block_end; i++)
        if (p->t->steps[i].kind == STEP_EVENT) {
            p->next_event = i;
            return &p->t->steps[i];
        }
    return NULL;
}

static void passed(struct play *p)
{
    p->next_event++;
    p->body_at = 0;
}

static void astray(struct play *p, const struct step *step, const char *got)
{
    if (p->v->lenient) {
        p->diverged = 1;
    } else if (step) {
        play_fail(p, step->line, "expected: EVENT %s%s\n     got: EVENT %s", step->words, step->any ? "*" : "", got);
    } else {
        play_fail(p, 0, "expected: no event\n     got: EVENT %s", got);
    }
}

/* A body event that is complete (or begun, if anything may stand there) is behind us when another event comes. */
static void leave_body(struct play *p)
{
    struct step *step = expected(p);

    if (step && step->body && step->any && p->body_at)
        passed(p);
}

/* Octets of a message: as many body events of the transcript as they fill. Answers the answer of the first touched. */
static const char *match_body(struct play *p, enum body_kind kind, const struct buffer *octets)
{
    const char *answer = NULL, *at = buffer_string(octets);
    size_t left = octets->len;

    while (left) {
        struct step *step = expected(p);
        size_t n;

        if (!step || step->body != kind) {
            struct buffer got = {0};

            buffer_text(&got, kind == BODY_ARRIVED ? "BODY " : "PREPENDED ");
            buffer_quote(&got, at, left);
            astray(p, step, buffer_string(&got));
            buffer_free(&got);
            return NULL;
        }
        if (!p->body_at && !answer)
            answer = step->answer;
        if (step->any) {
            p->body_at = 1;
            return answer;
        }
        n = step->octets.len - p->body_at;
        if (n > left)
            n = left;
        if (memcmp(at, step->octets.ptr + p->body_at, n)) {
            struct buffer got = {0};

            buffer_text(&got, "BODY ... ");
            buffer_quote(&got, at, left);
            astray(p, step, buffer_string(&got));
            buffer_free(&got);
            return NULL;
        }
        p->body_at += n;
        at += n;
        left -= n;
        if (p->body_at == step->octets.len)
            passed(p);
    }
    return answer;
}

static const char *match_text(struct play *p, const char *text)
{
    struct step *step;
    size_t n;

    leave_body(p);
    step = expected(p);
    n = step ? strlen(step->words) : 0;
    if (!step || step->body || (step->any ? strncmp(text, step->words, n) != 0 : strcmp(text, step->words) != 0)) {
        astray(p, step, text);
        return NULL;
    }
    passed(p);
    return step->answer;
}

/* ---- common events in words ---- */

static const char *request_name(const struct play *p, uint32_t type)
{
    const char *name = p->role->event_name(type);

    return name ? name : "?";
}

static enum shown show(struct play *p, const mailproto_event *event, struct buffer *out)
{
    const mailproto_tls_started *tls = (const void *)event;
    const mailproto_cancel *cancel = (const void *)event;
    const mailproto_closed *closed = (const void *)event;

    switch (event->type) {
    case MAILPROTO_EVENT_CANCEL:
        buffer_format(out, "CANCEL %s %s", request_name(p, cancel->request), result_name(cancel->why));
        return SHOWN_TEXT;
    case MAILPROTO_EVENT_TLS_STARTED:
        buffer_format(out, "TLS_STARTED version=0x%04x%s", (unsigned)tls->version, tls->verified ? " verified" : "");
        return SHOWN_TEXT;
    case MAILPROTO_EVENT_CLOSED:
        buffer_text(out, "CLOSED");
        if (closed->why)
            buffer_format(out, " %s", result_name(closed->why));
        return SHOWN_TEXT;
    default:
        return p->role->show(p, event, out);
    }
}

/* ---- answers ---- */

static void drop_pending(struct play *p, uint64_t token)
{
    for (size_t i = 0; i < p->pending_count; i++)
        if (p->pending[i].token == token)
            p->pending[i--] = p->pending[--p->pending_count];
}

int play_request_answered(struct play *p, uint64_t token)
{
    for (size_t i = 0; i < p->open_count; i++)
        if (p->open[i] == token) {
            p->open[i] = p->open[--p->open_count];
            return 1;
        }
    return 0;
}

static int32_t take_default(struct play *p, uint32_t type, uint64_t token, int in_callback)
{
    int32_t result = MAILPROTO_USE_DEFAULT;

    if (!in_callback)
        result = mailproto_session_use_default(p->session, token);
    if (result >= 0) {
        p->role->defaulted(p, type, token);
        play_request_answered(p, token);
    }
    return result;
}

static int32_t take_fail(struct play *p, uint64_t token, int in_callback)
{
    int32_t result = in_callback ? MAILPROTO_ERR_HOST : mailproto_session_fail(p->session, token);

    if (in_callback || !result)
        play_request_answered(p, token);
    return result;
}

/* One action of an answer. What it answers is a result of a call, or what the callback is to return. */
static int32_t act(struct play *p, const struct words *words, uint64_t token, uint32_t type, int in_callback)
{
    mailproto_text verb = words->word[0];
    int32_t result;

    if (word_is(verb, "default"))
        return take_default(p, type, token, in_callback);
    if (word_is(verb, "fail"))
        return take_fail(p, token, in_callback);
    if (word_is(verb, "hold")) {
        mailproto_session_hold(p->session);
        return MAILPROTO_OK;
    }
    if (word_is(verb, "finish")) {
        mailproto_session_finish(p->session);
        return MAILPROTO_OK;
    }
    if (word_is(verb, "do") || word_is(verb, "DO")) {
        struct words rest = {.count = words->count - 1};

        memcpy(rest.word, words->word + 1, rest.count * sizeof *rest.word);
        return p->role->perform(p, &rest);
    }
    result = p->role->answer(p, type, token, words);
    return result;
}

static int expected_result(const struct words *words, int32_t *result)
{
    *result = MAILPROTO_OK;
    for (size_t i = 1; i + 1 < words->count; i++)
        if (word_is(words->word[i], "=") && !parse_result(words->word[i + 1], result))
            return (int)i;
    return 0;
}

/* Actions apart at " ; ": each with "= RESULT" behind it if it is not OK. In callbacks the last may be a return value. */
int32_t play_perform(struct play *p, const char *text, const mailproto_event *event, uint64_t token, uint32_t type,
                     int in_callback)
{
    int32_t answer = MAILPROTO_OK;

    (void)event;
    while (text && *text) {
        const char *end = strstr(text, " ; ");
        char *one = pool_copy(p->pool, text, end ? (size_t)(end - text) : strlen(text));
        struct words words;
        int32_t want, got;
        int at;

        text = end ? end + 3 : NULL;
        if (parse_words(p->pool, one, &words) || !words.count) {
            play_fail(p, 0, "malformed: %s", one);
            return answer;
        }
        at = expected_result(&words, &want);
        if (at)
            words.count = (size_t)at;
        got = act(p, &words, token, type, in_callback);
        if (in_callback && (got == MAILPROTO_USE_DEFAULT || got == MAILPROTO_ERR_HOST)) {
            answer = got;
            continue;
        }
        if (got == MAILPROTO_ERR_NOMEM && p->memory.failed)
            p->diverged = 1; /* a call error: the host would give up */
        else if (got == MAILPROTO_ERR_TOKEN && p->cut_done)
            continue; /* the loss was first, and its CANCEL was not seen yet */
        else if (got == MAILPROTO_ERR_STATE && p->v->finish_at)
            continue;
        else if (got != want && !p->diverged)
            play_fail(p, 0, "\"%s\" answered %s instead of %s", one, result_name(got), result_name(want));
    }
    return answer;
}

static void wait_for(struct play *p, const struct pending *pending)
{
    if (p->pending_count == MAX_PENDING) {
        play_fail(p, 0, "more open requests than the runner keeps");
        return;
    }
    p->pending[p->pending_count++] = *pending;
}

void play_now(struct play *p, const struct pending *pending)
{
    if (!pending->kept)
        play_perform(p, pending->answer, NULL, pending->token, pending->type, 0);
    else if (p->role->answer_unshown(p, NULL, pending->kept) && !p->diverged && !p->cut_done)
        play_fail(p, 0, "a piece was not taken");
}

/* Answers a request at once, or sees to it that it is answered later. */
static int32_t respond(struct play *p, const mailproto_event *event, const char *answer, int in_callback)
{
    struct pending pending = {.token = event->token, .type = event->type};

    if (!event->token) {
        if (!answer)
            return MAILPROTO_OK;
        return play_perform(p, answer, event, 0, event->type, in_callback);
    }
    if (!answer)
        answer = "default";
    if (!strncmp(answer, "wait ", 5)) {
        pending.name = (mailproto_text){answer + 5, strlen(answer + 5)};
        wait_for(p, &pending);
        return MAILPROTO_OK;
    }
    if (p->v->later) {
        pending.answer = answer;
        wait_for(p, &pending);
        return MAILPROTO_OK;
    }
    return play_perform(p, answer, event, event->token, event->type, in_callback);
}

static int32_t respond_unshown(struct play *p, const mailproto_event *event)
{
    struct pending pending = {.token = event->token, .type = event->type};

    if (p->v->later) {
        pending.kept = p->role->keep_unshown(p, event);
        wait_for(p, &pending);
    } else if (p->role->answer_unshown(p, event, NULL) && !p->diverged) {
        play_fail(p, 0, "a piece was not taken");
    }
    return MAILPROTO_OK;
}

static int32_t answer_event(struct play *p, const mailproto_event *event, enum shown kind, const struct buffer *text,
                            int in_callback)
{
    const char *answer;

    if (kind == SHOWN_NOT)
        return respond_unshown(p, event);
    if (kind == SHOWN_TEXT)
        answer = match_text(p, buffer_string(text));
    else
        answer = match_body(p, kind == SHOWN_BODY ? BODY_ARRIVED : BODY_PREPENDED, text);
    /* where memory failed, or the client said QUIT, the peer's octets answer another conversation */
    if (p->diverged && !p->memory.failed && (p->role->server || !p->v->finish_at) && !p->role->may_end_with(event) &&
        event->type != MAILPROTO_EVENT_CLOSED && event->type != MAILPROTO_EVENT_CANCEL)
        play_fail(p, 0, "after the play went astray there came: EVENT %s", buffer_string(text));
    if (event->token && p->diverged)
        answer = "default";
    return respond(p, event, answer, in_callback);
}

/* ---- recording: expectations are written down, answers are taken from where the types agree ---- */

static const char *recorded_answer(struct play *p, const char *text, const mailproto_event *event)
{
    size_t n = strcspn(text, " "), block_end = p->block_end;
    struct step *step;

    p->block_end = p->t->count;
    step = expected(p);
    p->block_end = block_end;
    if (step && !strncmp(step->words, text, n) && (!step->words[n] || step->words[n] == ' ')) {
        passed(p);
        return step->answer;
    }
    if (!event->token)
        return NULL;
    return p->role->usual ? p->role->usual(event->type) : "default";
}

static int32_t record_event(struct play *p, const mailproto_event *event, enum shown kind, const struct buffer *text)
{
    const char *answer;

    if (kind == SHOWN_NOT)
        return respond_unshown(p, event);
    if (kind != SHOWN_TEXT) {
        buffer_format(p->record, "EVENT %s ", kind == SHOWN_BODY ? "BODY" : "PREPENDED");
        buffer_quote(p->record, buffer_string(text), text->len);
        answer = recorded_answer(p, kind == SHOWN_BODY ? "BODY" : "PREPENDED", event);
        buffer_format(p->record, "%s%s\n", answer ? " -> " : "", answer ? answer : "");
        return respond(p, event, answer, 1);
    }
    answer = recorded_answer(p, buffer_string(text), event);
    buffer_format(p->record, "EVENT %s", buffer_string(text));
    if (answer)
        buffer_format(p->record, " -> %s", answer);
    buffer_text(p->record, "\n");
    return respond(p, event, answer, 1);
}

/* ---- what is done in every callback ---- */

/* The I/O verbs answer REENTRANT inside a callback, and change nothing. */
static void try_verbs(struct play *p)
{
    const uint8_t *data;
    size_t n;

    if (mailproto_session_tick(p->session, p->now) != MAILPROTO_ERR_REENTRANT ||
        mailproto_session_feed(p->session, "x", 1, p->now, &n) != MAILPROTO_ERR_REENTRANT ||
        mailproto_session_output(p->session, &data, &n) != MAILPROTO_ERR_REENTRANT ||
        mailproto_session_output_ack(p->session, 0) != MAILPROTO_ERR_REENTRANT ||
        mailproto_session_eof(p->session, p->now) != MAILPROTO_ERR_REENTRANT ||
        mailproto_session_lost(p->session, MAILPROTO_ERR_LOST, NULL, 0, p->now) != MAILPROTO_ERR_REENTRANT)
        play_fail(p, 0, "a verb inside a callback did not answer ERR_REENTRANT");
    if (mailproto_session_next_event(p->session))
        play_fail(p, 0, "next_event inside a callback gave an event");
}

int32_t play_event(struct play *p, const mailproto_event *event)
{
    struct buffer text = {0};
    enum shown kind;
    int32_t result = MAILPROTO_OK;
    int in_callback = !p->v->polled;

    if (p->in_event)
        play_fail(p, 0, "a callback ran inside another");
    if (p->freed || (p->v->free_at && p->events >= p->v->free_at))
        play_fail(p, 0, "an event came after free");
    if (p->held == HELD && event->type != MAILPROTO_EVENT_TRACE)
        play_fail(p, 0, "an event came while the session was held");
    if (p->held == HELD_IN_TRACE && event->type != MAILPROTO_EVENT_TRACE)
        p->held = HELD; /* what the traced octets led to was there already */
    p->in_event = 1;
    audit_event(p, event);
    if (event->type == MAILPROTO_EVENT_CANCEL)
        drop_pending(p, ((const mailproto_cancel *)(const void *)event)->cancelled);
    if (event->type != MAILPROTO_EVENT_TRACE) {
        p->events++;
        if (in_callback)
            try_verbs(p);
        kind = show(p, event, &text);
        if (p->v->free_at == p->events) {
            mailproto_session_free(p->session);
            p->freed = !in_callback;
        } else {
            if (p->v->finish_at == p->events)
                mailproto_session_finish(p->session);
            if (p->record)
                result = record_event(p, event, kind, &text);
            else
                result = answer_event(p, event, kind, &text, in_callback);
        }
    }
    if (p->v->hold && !p->held && !p->v->free_at && play_random(p, 5) == 0) {
        p->held = event->type == MAILPROTO_EVENT_TRACE ? HELD_IN_TRACE : HELD;
        mailproto_session_hold(p->session);
    }
    buffer_free(&text);
    p->in_event = 0;
    return result;
}
