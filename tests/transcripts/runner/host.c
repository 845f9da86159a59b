/* host.c - the loop around a session, as mailproto/session.h tells hosts to write it, and what a play does otherwise.
 * contract.md section 2. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "record_layer.h"
#include "role.h"

enum { TOO_OFTEN = 20000 };

uint32_t play_random(struct play *p, uint32_t below)
{
    p->random = p->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(p->random >> 33) % below;
}

static int one_in(struct play *p, uint32_t n)
{
    return play_random(p, n) == 0;
}

static void drop_fed(struct play *p)
{
    free(p->fed);
    p->fed = NULL;
}

void play_verb(struct play *p, int32_t result)
{
    if (result == MAILPROTO_FREED)
        p->freed = 1;
    else if (result == MAILPROTO_ERR_REENTRANT)
        play_fail(p, 0, "a verb answered ERR_REENTRANT outside of a callback");
}

/* Polled: shows all events there are. */
static int poll_events(struct play *p)
{
    const mailproto_event *event;
    int moved = 0;

    if (!p->v->polled)
        return 0;
    while (!p->freed && (event = mailproto_session_next_event(p->session))) {
        play_event(p, event);
        moved = 1;
    }
    drop_fed(p);
    return moved;
}

static size_t feed_size(struct play *p, size_t left)
{
    size_t n = left;

    if (p->v->cut && p->fed_total + left > p->v->cut_at)
        n = left = p->v->cut_at - p->fed_total;
    switch (p->v->split) {
    case SPLIT_WHOLE:
        return n;
    case SPLIT_OCTETS:
        return n < 1 ? n : 1;
    case SPLIT_AT:
        if (p->v->at > p->fed_total && p->v->at - p->fed_total < n)
            n = p->v->at - p->fed_total;
        return n;
    case SPLIT_RANDOM:
        n = 1 + play_random(p, one_in(p, 4) ? 400 : 12);
        return n < left ? n : left;
    }
    return n;
}

/* Feeds what is next: out of a piece of memory that is exactly as large, so that reading beyond it is noticed. */
static int feed(struct play *p)
{
    size_t left = p->input.len - p->input_at, n = feed_size(p, left), taken = 0;
    uint32_t wants = mailproto_session_wants(p->session);
    int32_t result;

    /* a peer that speaks where the handshake is due is not held back by a host that has its octets already */
    if (!n || !(wants & (MAILPROTO_WANTS_READ | MAILPROTO_WANTS_TLS)))
        return 0;
    drop_fed(p);
    p->fed = malloc(n);
    if (!p->fed)
        exit(2);
    memcpy(p->fed, p->input.ptr + p->input_at, n);
    result = mailproto_session_feed(p->session, p->fed, n, p->now, &taken);
    play_verb(p, result);
    if (!taken && !p->freed && (wants & MAILPROTO_WANTS_READ))
        play_fail(p, 0, "READ was wanted and feed took nothing (%s)", result_name(result));
    if (taken > n) {
        play_fail(p, 0, "feed took more than it was given");
        taken = n;
    }
    p->input_at += taken;
    p->fed_total += taken;
    if (!p->v->polled)
        drop_fed(p);
    return taken > 0;
}

static void wire_line_records(struct play *p, size_t from)
{
    const char *mark = p->role->server ? "S: " : "C: ";

    while (p->record && from < p->wire.len) {
        const char *line = p->wire.ptr + from, *lf = memchr(line, '\n', p->wire.len - from);
        size_t n = lf ? (size_t)(lf - line) + 1 : p->wire.len - from;

        if (lf && n >= 2 && line[n - 2] == '\r') {
            buffer_text(p->record, mark);
            buffer_add(p->record, line, n - 2);
        } else {
            buffer_text(p->record, "OUT ");
            buffer_quote(p->record, line, n);
        }
        buffer_text(p->record, "\n");
        from += n;
    }
}

static int send_output(struct play *p)
{
    const uint8_t *data;
    size_t n, before = p->wire.len;
    int32_t result = mailproto_session_output(p->session, &data, &n);

    play_verb(p, result);
    if (p->freed)
        return 0;
    if (!n) {
        if (mailproto_session_wants(p->session) & MAILPROTO_WANTS_WRITE && !p->v->polled)
            play_fail(p, 0, "WRITE is wanted behind an output that gave nothing");
        return 0;
    }
    if (p->v->narrow)
        n = 1 + play_random(p, n < 40 ? (uint32_t)n : 40);
    if (p->layer)
        record_layer_decode(p->layer, data, n, &p->wire);
    else
        buffer_add(&p->wire, data, n);
    wire_line_records(p, before);
    if (mailproto_session_output_ack(p->session, n))
        play_fail(p, 0, "output_ack refused octets that were lent");
    return 1;
}

/* The peer is gone, where this play says so. */
static int cut(struct play *p)
{
    int32_t result;

    if (!p->v->cut || p->cut_done || p->fed_total < p->v->cut_at)
        return 0;
    if (p->v->cut == CUT_EOF && !(mailproto_session_wants(p->session) & (MAILPROTO_WANTS_READ | MAILPROTO_WANTS_TLS)))
        return 0;
    p->cut_done = 1;
    if (p->v->cut == CUT_EOF)
        result = mailproto_session_eof(p->session, p->now);
    else
        result = mailproto_session_lost(p->session, MAILPROTO_ERR_LOST, "connection reset", 16, p->now);
    play_verb(p, result);
    p->input_at = p->input.len;
    return 1;
}

static void answer_one(struct play *p)
{
    size_t ready[MAX_PENDING], count = 0, i;
    struct pending pending;

    for (i = 0; i < p->pending_count; i++)
        if (!p->pending[i].name.len)
            ready[count++] = i;
    if (!count)
        return;
    i = ready[play_random(p, (uint32_t)count)];
    pending = p->pending[i];
    p->pending[i] = p->pending[--p->pending_count];
    play_now(p, &pending);
}

static size_t answerable(const struct play *p)
{
    size_t count = 0;

    for (size_t i = 0; i < p->pending_count; i++)
        count += !p->pending[i].name.len;
    return count;
}

static int hold_or_release(struct play *p)
{
    if (!p->v->hold || !one_in(p, 6))
        return 0;
    if (p->held) {
        p->held = 0;
        mailproto_session_release(p->session);
    } else {
        p->held = HELD;
        mailproto_session_hold(p->session);
    }
    return 1;
}

/* One round of the loop. 0: nothing moved. */
static int round_of_loop(struct play *p)
{
    int moved = 0;

    if (mailproto_session_deadline(p->session) <= p->now) {
        play_verb(p, mailproto_session_tick(p->session, p->now));
        moved = 1;
    }
    if (!p->freed)
        moved |= poll_events(p);
    if (!p->freed)
        moved |= feed(p);
    if (!p->freed)
        moved |= poll_events(p);
    if (!p->freed)
        moved |= send_output(p);
    if (!p->freed)
        moved |= poll_events(p);
    if (!p->freed)
        moved |= cut(p);
    if (p->freed)
        return 0;
    moved |= hold_or_release(p);
    if (answerable(p) && (!moved || one_in(p, 3))) {
        answer_one(p);
        moved = 1;
    }
    if (!moved && p->v->hold && p->held) {
        p->held = 0;
        mailproto_session_release(p->session);
        moved = 1;
    }
    return moved;
}

void play_settle(struct play *p)
{
    uint32_t wants;

    for (int i = 0; !p->freed && round_of_loop(p); i++)
        if (i == TOO_OFTEN + (int)p->input.len) {
            play_fail(p, 0, "the session does not come to rest: its deadline stays due, or it never stops sending");
            break;
        }
    if (p->freed)
        return;
    drop_fed(p);
    wants = mailproto_session_wants(p->session);
    if (wants & MAILPROTO_WANTS_CLOSE || p->closed_seen)
        p->input_at = p->input.len;
    if (p->closed_seen && wants != MAILPROTO_WANTS_CLOSE)
        play_fail(p, 0, "CLOSED was said and output drained, but wants is %u instead of CLOSE", (unsigned)wants);
    if (!p->closed_seen && wants & MAILPROTO_WANTS_CLOSE)
        play_fail(p, 0, "CLOSE is wanted and CLOSED was not said");
    if (p->input_at == p->input.len) {
        buffer_clear(&p->input);
        p->input_at = 0;
    }
}

void play_advance(struct play *p, uint64_t milliseconds)
{
    uint64_t end = p->now + milliseconds;

    play_settle(p);
    for (int i = 0; !p->freed && i < TOO_OFTEN; i++) {
        uint64_t due = mailproto_session_deadline(p->session);

        if (due > end)
            break;
        p->now = due > p->now ? due : p->now;
        play_verb(p, mailproto_session_tick(p->session, p->now));
        play_settle(p);
    }
    p->now = end;
    if (!p->freed)
        play_verb(p, mailproto_session_tick(p->session, p->now)); /* so that the time until here is counted */
    play_settle(p);
}
