/* audit.c - what must hold in every play: requests end once, what began ends, secrets stay hidden.
 * contract.md section 2, "Requests" and "Security is the default". */
#include <string.h>

#include "mailproto/pop3.h"
#include "mailproto/smtp_server.h"
#include "role.h"

enum { IN_CLEAR, IN_PRIVATE, OUT_CLEAR, OUT_PRIVATE };

void play_begin(struct play *p, const char *what)
{
    for (size_t i = 0; i < MAX_TALLIES; i++) {
        if (!p->tally[i].what)
            p->tally[i].what = what;
        if (!strcmp(p->tally[i].what, what)) {
            p->tally[i].begun++;
            return;
        }
    }
}

void play_end(struct play *p, const char *what)
{
    for (size_t i = 0; i < MAX_TALLIES && p->tally[i].what; i++)
        if (!strcmp(p->tally[i].what, what)) {
            if (++p->tally[i].ended > p->tally[i].begun)
                play_fail(p, 0, "a %s was ended that was not begun, or ended twice", what);
            return;
        }
    play_fail(p, 0, "a %s was ended that was never begun", what);
}

static void audit_request(struct play *p, uint64_t token)
{
    if (token >> 53)
        play_fail(p, 0, "a token is 2^53 or more");
    for (size_t i = 0; i < p->open_count; i++)
        if (p->open[i] == token)
            play_fail(p, 0, "a token was given twice");
    if (p->open_count < MAX_PENDING)
        p->open[p->open_count++] = token;
}

static void audit_cancel(struct play *p, const mailproto_cancel *cancel)
{
    if (!play_request_answered(p, cancel->cancelled))
        play_fail(p, 0, "a request was cancelled that was not open");
    if (cancel->why >= 0)
        play_fail(p, 0, "a request was cancelled for no reason");
}

static void audit_closed(struct play *p, const mailproto_closed *closed)
{
    if (p->closed_seen)
        play_fail(p, 0, "CLOSED came twice");
    p->closed_seen = 1;
    p->closed_why = closed->why;
    if (p->open_count)
        play_fail(p, 0, "CLOSED came and a request was neither answered nor cancelled");
    for (size_t i = 0; i < MAX_TALLIES && p->tally[i].what; i++)
        if (p->tally[i].begun != p->tally[i].ended)
            play_fail(p, 0, "CLOSED came with %u of %u ended: %s", p->tally[i].ended, p->tally[i].begun,
                      p->tally[i].what);
    if (closed->why && !closed->text.len)
        play_fail(p, 0, "CLOSED has no sentence for %s", result_name(closed->why));
}

/* ---- logins ---- */

static int tls_is_due(const struct play *p)
{
    return settings_have(p, "tls", "REQUIRED") || settings_have(p, "tls", "IMPLICIT");
}

static int shows_secrets(uint32_t mechanism)
{
    return (mechanism & (MAILPROTO_SASL_CLEARTEXT | MAILPROTO_POP3_USER_PASS)) != 0;
}

/* Before TLS there is no login where it is due, and elsewhere none that whoever reads the wire could use. */
static void audit_login(struct play *p, uint32_t mechanism)
{
    if (p->tls)
        return;
    if (tls_is_due(p))
        play_fail(p, 0, "TLS is required, and there was a login before it");
    else if (shows_secrets(mechanism) && !p->role->cleartext(p))
        play_fail(p, 0, "there were credentials in clear text before TLS");
    p->unseen = !shows_secrets(mechanism);
}

static void audit_trace(struct play *p, const mailproto_trace *trace)
{
    int hidden = trace->kind == MAILPROTO_TRACE_PRIVATE, out = trace->direction == MAILPROTO_TRACE_OUT;

    if (!trace->bytes.len)
        play_fail(p, 0, "a trace is empty");
    buffer_add(&p->traced[(out ? OUT_CLEAR : IN_CLEAR) + hidden], trace->bytes.ptr, trace->bytes.len);
    if (out)
        buffer_add(&p->traced_out, trace->bytes.ptr, trace->bytes.len);
    if (out && hidden && !p->role->server && !p->tls && !p->role->cleartext(p) && !(p->unseen && !tls_is_due(p)))
        play_fail(p, 0, "the client made credentials before TLS");
}

void audit_event(struct play *p, const mailproto_event *event)
{
    if (p->closed_seen && event->type != MAILPROTO_EVENT_TRACE)
        play_fail(p, 0, "an event came behind CLOSED");
    if (event->struct_size < sizeof *event)
        play_fail(p, 0, "an event has no struct_size");
    if (event->token)
        audit_request(p, event->token);
    switch (event->type) {
    case MAILPROTO_EVENT_TRACE:
        audit_trace(p, (const void *)event);
        break;
    case MAILPROTO_EVENT_CANCEL:
        audit_cancel(p, (const void *)event);
        break;
    case MAILPROTO_EVENT_TLS_STARTED:
        p->tls = 1;
        p->wire_before_tls = p->wire.len;
        break;
    case MAILPROTO_EVENT_CLOSED:
        audit_closed(p, (const void *)event);
        break;
    default:
        if (event->type == (p->role->server ? p->role->auth_event : p->role->credentials_event))
            audit_login(p, ((const mailproto_smtp_auth *)(const void *)event)->mechanism);
    }
}

/* Secrets: nowhere in what may be shown; and, where TLS is due, not on the wire before it. */
static void audit_secrets(struct play *p)
{
    size_t early = p->tls ? p->wire_before_tls : p->wire.len;

    for (size_t i = 0; i < p->t->secret_count; i++) {
        mailproto_text secret = p->t->secrets[i];

        for (int s = IN_CLEAR; s <= OUT_CLEAR; s += OUT_CLEAR - IN_CLEAR)
            if (octets_contain(buffer_string(&p->traced[s]), p->traced[s].len, secret.ptr, secret.len))
                play_fail(p, 0, "a trace that is not private shows the credential %s", secret.ptr);
        if (!p->role->server && !p->role->cleartext(p) && (!p->unseen || tls_is_due(p)) &&
            octets_contain(buffer_string(&p->wire), early, secret.ptr, secret.len))
            play_fail(p, 0, "the credential %s crossed before TLS", secret.ptr);
    }
}

/* All that came out was traced, in its order. */
static void audit_traced_output(struct play *p)
{
    if (!p->tracing || p->v->lenient || p->v->layer)
        return;
    if (p->traced_out.len != p->wire.len || (p->wire.len && memcmp(p->traced_out.ptr, p->wire.ptr, p->wire.len)))
        play_fail(p, 0, "the trace of output differs from the output:\n%s\n--- against\n%s",
                  buffer_string(&p->traced_out), buffer_string(&p->wire));
}

/* ---- plays that went astray ---- */

/* What an output may not come before: with it the server would promise what the host did not say. Where memory failed
   a DELE may have been refused: then there is nothing to commit. */
static int promises(const struct play *p, const struct step *step)
{
    return step->kind == STEP_EVENT &&
           (!strncmp(step->words, "MESSAGE_END", 11) || !strncmp(step->words, "AUTH", 4) ||
            !strncmp(step->words, "RCPT_RESULT", 11) || (!strncmp(step->words, "COMMIT", 6) && !p->memory.failed));
}

static size_t line_at(const struct play *p, size_t at)
{
    return strcspn(p->wire.ptr + at, "\n") + 1;
}

/* How much of the output is what the transcript expects; less whatever came before an event that it belongs to. Where
   memory failed, a refusal may stand for a line. */
static size_t expected_part(const struct play *p)
{
    size_t at = 0;

    for (size_t i = 0; i < p->t->count && at < p->wire.len; i++) {
        const struct step *step = &p->t->steps[i];
        size_t n = step->octets.len, left = p->wire.len - at, same = 0;

        if (promises(p, step) && i >= p->next_event)
            return at;
        if (step->kind != STEP_OUTPUT)
            continue;
        while (same < n && same < left && step->octets.ptr[same] == p->wire.ptr[at + same])
            same++;
        if (same == left)
            return p->wire.len;
        if (same < n && !(p->memory.failed && p->role->harmless(p->wire.ptr + at)))
            return at;
        at += same < n ? line_at(p, at) : n;
    }
    return at < p->wire.len ? at : p->wire.len;
}

/* What a server said beyond that promises nothing. */
static void audit_astray(struct play *p)
{
    const char *at, *end;

    if (!p->v->lenient || !p->role->server || !p->wire.len)
        return;
    for (at = p->wire.ptr + expected_part(p); *at; at = end + (*end == '\n')) {
        end = at + strcspn(at, "\n");
        if (!p->role->harmless(at))
            play_fail(p, 0, "after the play went astray the server said: %.*s\n--- the whole output:\n%s",
                      (int)(end - at), at, p->wire.ptr);
    }
}

void audit_end(struct play *p)
{
    audit_secrets(p);
    audit_traced_output(p);
    audit_astray(p);
    if (p->memory.live)
        play_fail(p, 0, "%zu allocations with %zu octets were not freed", p->memory.live, p->memory.live_octets);
    if (p->memory.fault)
        play_fail(p, 0, "%s", p->memory.fault);
}
