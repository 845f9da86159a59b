/* The IMAP probe: its commands, and what it tells of the mailbox when it may.
   RFC 3501 sections 6, 7.3 and 7.4.1; RFC 2177 (IDLE). */
#include <string.h>

#include "core/ascii.h"
#include "imap_probe/probe_engine.h"

/* ---- grammar ---- */

static int word(probe *p, const char *literal)
{
    size_t n = mp_ascii_begins(p->text + p->at, p->text_len - p->at, literal);

    p->at += n;
    return n != 0;
}

static int number(probe *p, uint32_t *out)
{
    uint64_t n;
    size_t digits = mp_ascii_read_decimal(p->text + p->at, p->text_len - p->at, &n);

    if (!digits || n > UINT32_MAX)
        return 0;
    p->at += digits;
    *out = (uint32_t)n;
    return 1;
}

/* An atom, a quoted string without escapes, or a literal. */
static mailproto_text string(probe *p)
{
    const char *begin = p->text + p->at;
    uint32_t n = 0;

    if (word(p, "{")) {
        if (!number(p, &n) || (word(p, "+"), !word(p, "}")) || p->text_len - p->at < n)
            return (mailproto_text){NULL, 0};
        begin = p->text + p->at;
        p->at += n;
        return (mailproto_text){begin, n};
    }
    if (word(p, "\"")) {
        begin++;
        while (p->at < p->text_len && p->text[p->at] != '"')
            p->at++, n++;
        p->at++;
        return (mailproto_text){begin, n};
    }
    while (p->at < p->text_len && p->text[p->at] > ' ')
        p->at++, n++;
    return (mailproto_text){begin, n};
}

/* n, n:m or n:*, of sequence numbers or UIDs, into sequence numbers of the view. */
static int range(probe *p)
{
    uint32_t first, last;

    if (!number(p, &first))
        return 0;
    last = first;
    if (word(p, ":") && !word(p, "*") && !number(p, &last))
        return 0;
    if (p->text[p->at - 1] == '*')
        last = UINT32_MAX;
    if (p->by_uid) {
        p->next = p->last = 0;
        for (size_t i = 0; i < p->count; i++) {
            p->next = p->view[i].uid < first ? (uint32_t)i + 1 : p->next;
            p->last = p->view[i].uid <= last ? (uint32_t)i + 1 : p->last;
        }
        p->next++;
        return 1;
    }
    p->next = first;
    p->last = last < p->count ? last : (uint32_t)p->count;
    return first > 0 && first <= p->count;
}

/* ---- commands ---- */

static int fetch(struct mp_engine *e)
{
    probe *p = probe_of(e);

    if (!p->selected || !range(p) || !word(p, " "))
        return 0;
    p->body = word(p, "BODY[]");
    if (!p->body && !word(p, "FLAGS"))
        return 0;
    p->missing = 0;
    p->state = PROBE_FETCHING;
    return 1;
}

static int store(struct mp_engine *e)
{
    probe *p = probe_of(e);
    uint32_t *flags = &p->add;

    p->add = p->remove = 0;
    if (!p->selected || !range(p))
        return 0;
    if (word(p, " -FLAGS ("))
        flags = &p->remove;
    else if (!word(p, " +FLAGS ("))
        return 0;
    do {
        if (word(p, "\\Seen"))
            *flags |= PROBE_SEEN;
        else if (word(p, "\\Deleted"))
            *flags |= PROBE_DELETED;
    } while (word(p, " "));
    p->missing = 0;
    p->state = PROBE_STORING;
    return word(p, ")");
}

static int select_mailbox(struct mp_engine *e)
{
    probe *p = probe_of(e);

    p->selected = p->poked = 0;
    p->count = 0;
    p->after = 0;
    p->event.named = (probe_named){.name = string(p)};
    p->state = PROBE_ASKING;
    return !probe_ask(e, PROBE_OPEN, 0, sizeof p->event.named);
}

static int known_command(struct mp_engine *e)
{
    probe *p = probe_of(e);

    p->by_uid = word(p, "UID ");
    if (word(p, "FETCH "))
        return fetch(e);
    if (word(p, "STORE "))
        return store(e);
    if (p->by_uid)
        return 0;
    if (word(p, "SELECT "))
        return select_mailbox(e);
    if (word(p, "NOOP")) {
        p->reply = "OK done";
        p->poked |= p->selected;
        p->state = PROBE_SYNCING;
    } else if (word(p, "EXPUNGE") && p->selected) {
        p->event.named = (probe_named){.name = {"INBOX", 5}};
        p->state = PROBE_ASKING;
        return !probe_ask(e, PROBE_EXPUNGE, 0, sizeof p->event.named);
    } else if (word(p, "IDLE") && p->selected) {
        probe_put(e, "+ idling\r\n");
        p->text_len = p->tag.len; /* the tag stays in front of what comes */
        p->poked = 1;
        p->state = PROBE_IDLING;
    } else if (word(p, "LOGOUT")) {
        probe_put(e, "* BYE\r\n");
        probe_tagged(e, "OK bye");
        mp_engine_end(e, 0, NULL);
    } else {
        return 0;
    }
    return 1;
}

void probe_command(struct mp_engine *e)
{
    probe *p = probe_of(e);

    if (p->state == PROBE_IDLING) {
        p->at = p->tag.len;
        probe_tagged(e, word(p, "DONE") ? "OK done" : "BAD not DONE");
        return;
    }
    p->at = p->tag.len;
    if ((!word(p, " ") || !known_command(e)) && !mp_engine_ended(e))
        probe_tagged(e, "BAD what is that");
}

/* ---- FETCH ---- */

void probe_put_flags(struct mp_engine *e, const struct probe_seen *seen, size_t sequence, int uid)
{
    probe_put(e, "* ");
    probe_put_number(e, sequence);
    probe_put(e, " FETCH (FLAGS (");
    probe_put(e, seen->flags & PROBE_SEEN ? "\\Seen" : "");
    probe_put(e, (seen->flags & 3) == 3 ? " " : "");
    probe_put(e, seen->flags & PROBE_DELETED ? "\\Deleted" : "");
    probe_put(e, ")");
    if (uid) {
        probe_put(e, " UID ");
        probe_put_number(e, seen->uid);
    }
    probe_put(e, ")\r\n");
}

/* After FETCH and STORE. Without UID, no EXPUNGE may be told: the client counts by sequence numbers (RFC 3501 7.4.1). */
static void end_of_range(struct mp_engine *e)
{
    probe *p = probe_of(e);

    p->reply = p->missing ? "OK [EXPUNGEISSUED] some are gone" : "OK done";
    if (p->by_uid)
        p->state = PROBE_SYNCING;
    else
        probe_tagged(e, p->reply);
}

static int pin_next(struct mp_engine *e)
{
    probe *p = probe_of(e);
    uint32_t slot = p->pin[0].state == PROBE_NO_PIN ? 0 : 1;

    while (p->next <= p->last && p->view[p->next - 1].gone)
        p->missing = 1, p->next++;
    if (p->next > p->last || p->pin[slot].state != PROBE_NO_PIN || mp_request_full(e))
        return 0;
    p->event.message = (probe_message_event){.uid = p->view[p->next - 1].uid};
    p->pin[slot] = (struct probe_pin){.sequence = p->next++, .state = PROBE_PIN_ASKED};
    probe_ask(e, PROBE_PIN, p->pin[slot].sequence, sizeof p->event.message);
    return 1;
}

static int announce_message(struct mp_engine *e)
{
    struct probe_pin *pin = &probe_of(e)->pin[0];

    probe_put(e, "* ");
    probe_put_number(e, pin->sequence);
    probe_put(e, " FETCH (UID ");
    probe_put_number(e, probe_of(e)->view[pin->sequence - 1].uid);
    probe_put(e, " BODY[] {");
    probe_put_number(e, pin->size);
    probe_put(e, "}\r\n");
    pin->state = PROBE_PIN_READ;
    return 1;
}

static int read_message(struct mp_engine *e)
{
    probe *p = probe_of(e);
    struct probe_pin *pin = &p->pin[0];

    if (pin->reading || mp_request_full(e))
        return 0;
    if (pin->left) {
        p->event.read = (probe_read){.message = pin->message,
                                     .offset = pin->size - pin->left,
                                     .max = pin->left < PROBE_PIECE ? (size_t)pin->left : PROBE_PIECE};
        pin->reading = !probe_ask(e, PROBE_READ, 0, sizeof p->event.read);
        return 1;
    }
    probe_put(e, ")\r\n");
    p->event.read = (probe_read){.message = pin->message};
    mp_raise(e, &p->event, sizeof p->event.read, PROBE_UNPIN, 0);
    p->pin[0] = p->pin[1];
    p->pin[1] = (struct probe_pin){0};
    return 1;
}

static int fetch_bodies(struct mp_engine *e)
{
    probe *p = probe_of(e);

    if (mp_out_full(e, MP_OUT_MARK))
        return 0;
    if (p->pin[0].state == PROBE_PINNED)
        return announce_message(e);
    if (p->pin[0].state == PROBE_PIN_GONE) {
        p->missing = 1;
        p->pin[0] = p->pin[1];
        p->pin[1] = (struct probe_pin){0};
        return 1;
    }
    if (p->pin[0].state == PROBE_PIN_READ && read_message(e))
        return 1;
    if (pin_next(e))
        return 1;
    if (p->pin[0].state != PROBE_NO_PIN)
        return 0;
    end_of_range(e);
    return 1;
}

int probe_fetch_step(struct mp_engine *e)
{
    probe *p = probe_of(e);

    if (p->body)
        return fetch_bodies(e);
    if (mp_out_full(e, MP_OUT_MARK))
        return 0;
    if (p->next > p->last) {
        end_of_range(e);
        return 1;
    }
    probe_put_flags(e, &p->view[p->next - 1], p->next, p->by_uid);
    p->next++;
    return 1;
}

/* ---- STORE: the messages of a range are asked for together ---- */

int probe_store_step(struct mp_engine *e)
{
    probe *p = probe_of(e);

    while (p->next <= p->last && p->view[p->next - 1].gone)
        p->missing = 1, p->next++;
    if (p->next <= p->last) {
        if (mp_request_full(e))
            return 0;
        p->event.message = (probe_message_event){.uid = p->view[p->next - 1].uid, .add = p->add, .remove = p->remove};
        probe_ask(e, PROBE_STORE, p->next, sizeof p->event.message);
        p->next++;
        return 1;
    }
    if (mp_requests(e))
        return 0;
    end_of_range(e);
    return 1;
}

/* ---- what changed ---- */

static int tell_change(struct mp_engine *e)
{
    probe *p = probe_of(e);

    for (size_t i = 0; i < p->count; i++) {
        struct probe_seen *seen = &p->view[i];

        if (seen->gone) {
            probe_put(e, "* ");
            probe_put_number(e, i + 1);
            probe_put(e, " EXPUNGE\r\n");
            memmove(seen, seen + 1, (p->count - i - 1) * sizeof *seen);
            p->count--;
            if (p->told != SIZE_MAX)
                p->told--;
            return 1;
        }
        if (seen->changed && i < p->told) {
            seen->changed = 0;
            probe_put_flags(e, seen, i + 1, 0);
            return 1;
        }
    }
    if (p->told == p->count)
        return 0;
    p->told = p->count;
    probe_put(e, "* ");
    probe_put_number(e, p->count);
    probe_put(e, " EXISTS\r\n");
    return 1;
}

int probe_sync_step(struct mp_engine *e)
{
    probe *p = probe_of(e);

    if (p->changes_open || mp_out_full(e, MP_OUT_MARK))
        return 0;
    if (p->poked) {
        if (mp_request_full(e) || probe_page_room(e))
            return 0;
        p->poked = 0;
        p->event.changes = (probe_changes){.since = p->cursor, .after = p->after, .want = PROBE_PAGE};
        p->changes_open = !probe_ask(e, PROBE_CHANGES, 0, sizeof p->event.changes);
        return 1;
    }
    if (p->selected && tell_change(e))
        return 1;
    if (p->state == PROBE_IDLING)
        return 0;
    probe_tagged(e, p->reply);
    return 1;
}
