/* play.c - plays a transcript once: makes the session, walks the steps, checks what each block of them expects.
 * contract.md section 5.1. */
#include "play.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record_layer.h"
#include "role.h"

enum { PATIENCE = 60, DAY = 86400000 };

static void describe(const struct play *p, struct buffer *b)
{
    static const char *const splits[] = {"whole groups", "octet by octet", "split in two", "split at random"};
    const struct variation *v = p->v;

    buffer_text(b, splits[v->split]);
    if (v->split == SPLIT_AT)
        buffer_format(b, " at %zu", v->at);
    if (v->seed)
        buffer_format(b, ", seed %llu", (unsigned long long)v->seed);
    buffer_format(b, "%s%s%s%s%s%s%s", v->polled ? ", polled" : "", v->later ? ", answered later" : "",
                  v->hold ? ", held at random" : "", v->layer ? ", behind a layer" : "",
                  v->narrow ? ", output in small pieces" : "", v->open ? ", max_open 16" : "",
                  v->trace == 1 ? ", traced" : "");
    if (v->fail_at)
        buffer_format(b, ", allocation %zu fails%s", v->fail_at, v->fail_on ? " and all behind it" : "");
    if (v->cut)
        buffer_format(b, ", %s behind octet %zu", v->cut == CUT_EOF ? "half-closed" : "connection lost", v->cut_at);
    if (v->free_at)
        buffer_format(b, ", freed in event %zu", v->free_at);
    if (v->finish_at)
        buffer_format(b, ", finish in event %zu", v->finish_at);
}

void play_fail(struct play *p, int line, const char *format, ...)
{
    static char text[8192];
    va_list list;

    if (p->failed)
        return;
    p->failed = 1;
    if (!line && p->step < p->t->count)
        line = p->t->steps[p->step].line;
    buffer_format(&p->failure, "%s:%d: [", p->t->path, line);
    describe(p, &p->failure);
    buffer_text(&p->failure, "]\n");
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    buffer_text(&p->failure, text);
    buffer_text(&p->failure, "\n");
}

const struct message *play_message(struct play *p, mailproto_text name)
{
    for (const struct message *m = p->t->messages; m; m = m->next)
        if (m->name.len == name.len && !memcmp(m->name.ptr, name.ptr, name.len))
            return m;
    play_fail(p, 0, "the transcript has no MESSAGE %.*s", (int)name.len, name.ptr);
    return NULL;
}

/* ---- what a block of expectations wants ---- */

static size_t line_length(const char *text, size_t n)
{
    const char *lf = n ? memchr(text, '\n', n) : NULL;

    return lf ? (size_t)(lf - text) + 1 : n;
}

static void wire_differs(struct play *p, const struct step *step, size_t at)
{
    struct buffer text = {0};
    const char *got = p->wire.ptr ? p->wire.ptr + at : "";
    size_t left = p->wire.len - at;

    buffer_text(&text, "expected: ");
    if (step)
        buffer_quote(&text, step->octets.ptr, step->octets.len < 300 ? step->octets.len : 300);
    else
        buffer_text(&text, "no more output");
    buffer_text(&text, "\n     got: ");
    left = line_length(got, left);
    buffer_quote(&text, got, left < 300 ? left : 300);
    play_fail(p, step ? step->line : 0, "%s", buffer_string(&text));
    buffer_free(&text);
}

static void check_wire(struct play *p)
{
    for (size_t i = p->step; i < p->block_end; i++) {
        const struct step *step = &p->t->steps[i];
        size_t left = p->wire.len - p->wire_checked;

        if (step->kind != STEP_OUTPUT)
            continue;
        if (step->octets.len > left || memcmp(step->octets.ptr, p->wire.ptr + p->wire_checked, step->octets.len) != 0) {
            wire_differs(p, step, p->wire_checked);
            return;
        }
        p->wire_checked += step->octets.len;
    }
    if (p->wire_checked < p->wire.len)
        wire_differs(p, NULL, p->wire_checked);
}

static void check_events(struct play *p)
{
    const struct step *steps = p->t->steps;

    if (p->next_event < p->block_end && steps[p->next_event].any && steps[p->next_event].body && p->body_at) {
        p->next_event++;
        p->body_at = 0;
    }
    for (size_t i = p->next_event; i < p->block_end; i++)
        if (steps[i].kind == STEP_EVENT) {
            play_fail(p, steps[i].line, "expected: %s\n     got: %s", steps[i].raw,
                      p->body_at ? "only the first part of it" : "no event");
            return;
        }
}

/* Where memory failed, a server may have refused a command for it: what comes then is another conversation. */
static void check_refused(struct play *p)
{
    size_t at = p->wire_checked;

    for (size_t i = p->step; i < p->block_end && !p->diverged; i++) {
        const struct step *step = &p->t->steps[i];
        size_t n = step->octets.len;

        if (step->kind != STEP_OUTPUT)
            continue;
        p->diverged = p->wire.len - at < n || memcmp(step->octets.ptr, p->wire.ptr + at, n) != 0;
        at += p->diverged ? 0 : n;
    }
    p->wire_checked = at;
}

static void check_block(struct play *p)
{
    if (p->v->fail_at)
        check_refused(p);
    if (p->v->lenient || p->record || p->failed)
        return;
    check_events(p);
    check_wire(p);
    p->next_event = p->block_end;
    p->body_at = 0;
}

/* ---- steps ---- */

static int is_expectation(const struct step *step)
{
    return step->kind == STEP_OUTPUT || step->kind == STEP_EVENT;
}

/* For clients, a capability is masked where the server says it: that line is left out. */
static int masked_line(const struct play *p, const struct step *step)
{
    const char *at = step->octets.ptr;
    size_t n = p->t->capability ? strlen(p->t->capability) : 0;

    if (!p->v->masked || p->role->server || step->octets.len < n + 2)
        return 0;
    if (step->octets.len >= n + 6 && (!strncmp(at, "250-", 4) || !strncmp(at, "250 ", 4)))
        at += 4;
    return !strncmp(at, p->t->capability, n) && strchr(" \r=", at[n]);
}

/* APOP is said by no line of its own, but by the timestamp in the greeting of POP3: that is left out. */
static int masked_timestamp(const struct play *p, const struct step *step)
{
    return p->v->masked && !p->role->server && p->t->capability && !strcmp(p->t->capability, "APOP") &&
           step->octets.len && memchr(step->octets.ptr, '<', step->octets.len);
}

static void push_input(struct play *p, const struct step *step)
{
    if (masked_line(p, step))
        return;
    if (masked_timestamp(p, step)) {
        buffer_add(&p->input, "+OK\r\n", 5);
        return;
    }
    if (p->layer)
        record_layer_encode(p->layer, step->octets.ptr, step->octets.len, 1 + play_random(p, 300), &p->input);
    else
        buffer_add(&p->input, step->octets.ptr, step->octets.len);
}

static size_t end_of_block(const struct play *p, size_t i)
{
    while (i < p->t->count && is_expectation(&p->t->steps[i]))
        i++;
    return i;
}

/* A group: all input up to the next line that is none, or is apart. */
static size_t play_group(struct play *p, size_t i)
{
    size_t end = i + 1;

    while (end < p->t->count && p->t->steps[end].kind == STEP_INPUT && !p->t->steps[end].apart)
        end++;
    p->block_end = end_of_block(p, end);
    while (i < end) {
        if (p->record) {
            buffer_text(p->record, p->t->steps[i].raw);
            buffer_text(p->record, "\n");
        }
        push_input(p, &p->t->steps[i++]);
    }
    p->step = end;
    play_settle(p);
    return p->block_end;
}

static size_t play_action(struct play *p, size_t i)
{
    p->step = i;
    p->block_end = end_of_block(p, i + 1);
    if (p->record) {
        buffer_text(p->record, p->t->steps[i].raw);
        buffer_text(p->record, "\n");
    }
    play_act(p, p->t->steps[i].words);
    p->step = i + 1;
    play_settle(p);
    return p->block_end;
}

static int goes_on(const struct play *p)
{
    return !p->failed && !p->freed && !p->diverged && !p->cut_done && !(p->v->lenient && p->closed_seen);
}

static void play_steps(struct play *p)
{
    size_t i = 0;

    p->block_end = end_of_block(p, 0);
    p->step = 0;
    play_settle(p);
    for (i = p->block_end;; i = p->block_end) {
        check_block(p);
        if (i == p->t->count || !goes_on(p))
            break;
        if (p->t->steps[i].kind == STEP_INPUT)
            play_group(p, i);
        else
            play_action(p, i);
    }
    p->step = p->t->count ? p->t->count - 1 : 0;
}

/* ---- the ends of plays that went another way ---- */

/* Nobody answers what the transcript leaves open, so time decides; at last the connection is gone. */
static void wind_up(struct play *p)
{
    p->block_end = p->v->lenient ? p->t->count : p->block_end;
    for (int i = 0; i < PATIENCE && !p->freed && !p->closed_seen; i++) {
        uint64_t due = mailproto_session_deadline(p->session);

        if (p->v->finish_at && !p->cut_done &&
            mailproto_session_wants(p->session) & (MAILPROTO_WANTS_READ | MAILPROTO_WANTS_TLS)) {
            p->cut_done = 1;
            play_verb(p, mailproto_session_eof(p->session, p->now));
        } else if (due == UINT64_MAX) {
            break;
        }
        play_advance(p, due > p->now && due != UINT64_MAX ? due - p->now : 0);
    }
    if (!p->freed && !p->closed_seen) {
        play_verb(p, mailproto_session_lost(p->session, MAILPROTO_ERR_LOST, NULL, 0, p->now + DAY));
        play_settle(p);
    }
    if (!p->freed && !p->closed_seen)
        play_fail(p, 0, "the connection is lost and CLOSED was not said");
}

/* After a failed allocation a session ended with ERR_NOMEM, or refused a command and went on. */
static void check_nomem(struct play *p)
{
    if (!p->memory.failed || p->freed)
        return;
    if (p->diverged && p->closed_seen && p->closed_why && p->closed_why != MAILPROTO_ERR_NOMEM)
        play_fail(p, 0, "an allocation failed and the session ended with %s", result_name(p->closed_why));
}

static void end(struct play *p)
{
    int expects_more = p->t->count && !p->v->lenient && !p->record;

    if (!p->freed && !p->failed && p->v->fail_at)
        check_nomem(p);
    if (!p->freed && !p->failed && (p->v->cut || p->v->finish_at))
        wind_up(p);
    if (expects_more && !p->failed && !p->freed && p->input_at < p->input.len)
        play_fail(p, 0, "%zu octets of input were never taken", p->input.len - p->input_at);
    if (p->v->free_at && p->events >= p->v->free_at && !p->freed)
        play_fail(p, 0, "no verb answered FREED");
    if (!p->freed)
        mailproto_session_free(p->session);
    p->freed = 1;
}

/* ---- the whole ---- */

static void remember(struct play *p, struct outcome *outcome)
{
    if (!outcome)
        return;
    outcome->input = p->fed_total;
    outcome->events = p->events;
    outcome->allocations = p->memory.calls;
    outcome->wire = p->wire;
    outcome->failure = p->failure;
    p->wire = p->failure = (struct buffer){0};
}

static int make_layer(struct play *p)
{
    int32_t result;

    if (!p->v->layer)
        return 0;
    result = record_layer_new(&p->session, &p->layer, p->inner, &p->memory.allocator);
    if (result && !p->memory.failed)
        play_fail(p, 0, "no layer: %s", result_name(result));
    return result != 0;
}

static void check_refusal(struct play *p, int32_t result, const char *why)
{
    struct words words;
    int32_t want = MAILPROTO_OK;

    if (p->t->refused && !parse_words(p->pool, p->t->refused, &words) && words.count > 1)
        parse_result(words.word[1], &want);
    if (result == MAILPROTO_ERR_NOMEM && p->memory.failed)
        return;
    if (result != want && !p->record)
        play_fail(p, 0, "construction answered %s (%s) instead of %s", result_name(result), why ? why : "",
                  result_name(want));
    else if (want && words.count > 2 && (!why || !word_is(words.word[2], why)))
        play_fail(p, 0, "construction was refused with \"%s\"", why ? why : "");
}

static void play_session(struct play *p)
{
    const char *why = NULL;
    int32_t result = p->role->create(p, &why);

    check_refusal(p, result, why);
    if (p->record && result) {
        buffer_format(p->record, "NEW = %s ", result_name(result));
        buffer_quote(p->record, why ? why : "", why ? strlen(why) : 0);
        buffer_text(p->record, "\n");
    }
    if (result || p->failed)
        return;
    p->session = p->inner;
    if (make_layer(p)) {
        mailproto_session_free(p->inner);
        return;
    }
    p->tracing = p->v->trace == 1;
    if (p->tracing)
        mailproto_session_set_trace(p->session, MAILPROTO_TRACE_LINE | MAILPROTO_TRACE_BODY | MAILPROTO_TRACE_PRIVATE);
    play_steps(p);
    end(p);
}

int play(const struct transcript *t, const struct variation *v, struct outcome *outcome, struct buffer *record)
{
    struct play *p = calloc(1, sizeof *p);
    int failed;

    if (!p)
        exit(2);
    p->t = t;
    p->v = v;
    p->role = role_find(t->role);
    p->pool = pool_new();
    p->random = v->seed * 2 + 1;
    p->now = 1000000;
    p->record = record;
    counting_init(&p->memory);
    p->memory.fail_at = v->fail_at;
    p->memory.fail_on = v->fail_on;
    p->memory.secrets = t->secrets;
    p->memory.secret_count = t->secret_count;
    play_session(p);
    audit_end(p);
    failed = p->failed;
    remember(p, outcome);
    record_layer_release(p->layer);
    for (int i = 0; i < TRACE_STREAMS; i++)
        buffer_free(&p->traced[i]);
    buffer_free(&p->traced_out);
    buffer_free(&p->input);
    buffer_free(&p->wire);
    buffer_free(&p->failure);
    free(p->fed);
    pool_free(p->pool);
    free(p);
    return failed;
}

void outcome_free(struct outcome *outcome)
{
    buffer_free(&outcome->wire);
    buffer_free(&outcome->failure);
}
