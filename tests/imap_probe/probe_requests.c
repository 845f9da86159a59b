/* The IMAP probe: its requests to the host, and what the answers give, booked where they are given.
   docs/design/session.md, "Requests and answers". */
#include <string.h>

#include "imap_probe/probe_engine.h"

int probe_ask(struct mp_engine *e, uint32_t type, uint32_t index, size_t size)
{
    struct mp_request *r;

    if (mp_out_promise(e, PROBE_PIECE))
        return -1;
    r = mp_request_open(e, type, index);
    if (!r)
        return -1;
    mp_raise(e, &probe_of(e)->event, size, type, r->token);
    return 0;
}

int probe_page_room(struct mp_engine *e)
{
    probe *p = probe_of(e);
    size_t capacity = p->capacity ? p->capacity : 2 * PROBE_PAGE;
    struct probe_seen *view;

    while (capacity < p->count + PROBE_PAGE)
        capacity *= 2;
    if (capacity == p->capacity)
        return 0;
    view = mp_resize(&e->allocator, p->view, p->capacity * sizeof *view, capacity * sizeof *view);
    if (!view)
        return mp_engine_nomem(e), -1;
    p->view = view;
    p->capacity = capacity;
    return 0;
}

static void append_answered(struct mp_engine *e, const struct mp_request *r)
{
    probe *p = probe_of(e);

    if (r->type == PROBE_APPEND_END) {
        p->reply = r->code ? "NO append failed" : "OK appended";
        p->state = PROBE_SYNCING;
        p->poked |= p->selected;
    } else if (!r->code) {
        if (p->synchronising)
            probe_put(e, "+ go on\r\n");
        p->state = PROBE_LITERAL_STREAM;
    } else if (p->synchronising) {
        p->refused = 0;
        probe_tagged(e, "NO not here");
    } else if (p->literal > e->max_skip) {
        probe_put(e, "* BYE a literal that is too long\r\n");
        mp_engine_end(e, MAILPROTO_ERR_LIMIT, "a literal is longer than what is skipped of one");
    } else {
        p->state = PROBE_LITERAL_SKIP;
    }
}

void probe_answered(struct mp_engine *e, struct mp_request *r)
{
    probe *p = probe_of(e);

    switch (r->type) {
    case PROBE_OPEN:
        if (r->code) {
            probe_tagged(e, "NO no such mailbox");
            break;
        }
        p->selected = p->poked = 1;
        p->told = SIZE_MAX; /* EXISTS is owed, even 0 */
        p->cursor = 0;
        p->reply = "OK [READ-WRITE] selected";
        p->state = PROBE_SYNCING;
        break;
    case PROBE_CHANGES:
        p->changes_open = 0;
        p->poked |= p->more;
        break;
    case PROBE_STORE:
        if (r->code)
            p->missing = 1;
        else
            probe_put_flags(e, &p->view[r->index - 1], r->index, p->by_uid);
        break;
    case PROBE_EXPUNGE:
        p->poked = 1;
        p->reply = r->code ? "NO not done" : "OK expunged";
        p->state = PROBE_SYNCING;
        break;
    case PROBE_APPEND:
    case PROBE_APPEND_END:
        append_answered(e, r);
        break;
    default:
        break;
    }
}

static struct probe_pin *pin_of(probe *p, const struct mp_request *r)
{
    return &p->pin[p->pin[0].sequence == r->index && p->pin[0].state == PROBE_PIN_ASKED ? 0 : 1];
}

/* What an answer gives is booked in the call that gives it; `answered` is only its turn. */
static int32_t settle(struct mp_engine *e, struct mp_request *r, uint32_t code)
{
    probe *p = probe_of(e);

    if (r->type == PROBE_PIN)
        pin_of(p, r)->state = PROBE_PIN_GONE;
    if (r->type == PROBE_APPEND) {
        p->append_open = !code;
        p->refused = code != 0;
    }
    if (r->type == PROBE_CHANGES && code)
        p->more = 0;
    if (r->type == PROBE_READ)
        mp_engine_end(e, MAILPROTO_ERR_BODY, "a message could not be read to its end");
    r->code = code;
    mp_request_answered(e, r, 0);
    return MAILPROTO_OK;
}

int32_t probe_refuse(struct mp_engine *e, struct mp_request *r)
{
    return settle(e, r, 1);
}

int32_t probe_piece(struct mp_engine *e, struct mp_request *r, const void *data, size_t len)
{
    probe *p = probe_of(e);

    if (r->type != PROBE_READ)
        return MAILPROTO_ERR_TOKEN;
    if (len > p->pin[0].left) {
        probe_refuse(e, r);
        return MAILPROTO_ERR_BODY;
    }
    if (len > PROBE_PIECE)
        return MAILPROTO_ERR_ARG;
    mp_out_put(e, data, len, MAILPROTO_TRACE_BODY);
    p->pin[0].left -= len;
    p->pin[0].reading = 0;
    mp_request_answered(e, r, 0);
    return MAILPROTO_OK;
}

int32_t probe_piece_end(struct mp_engine *e, struct mp_request *r)
{
    if (r->type != PROBE_READ)
        return MAILPROTO_ERR_TOKEN;
    probe_refuse(e, r); /* there was something left: it is not asked for otherwise */
    return MAILPROTO_ERR_BODY;
}

static struct probe_seen *find(probe *p, uint32_t uid)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->view[i].uid == uid)
            return &p->view[i];
    return NULL;
}

int32_t probe_message(probe *p, uint64_t token, uint32_t uid, uint32_t flags)
{
    struct mp_request *r = mp_request_find(&p->base, token, 0);
    struct probe_seen *seen = find(p, uid);

    if (!r || (r->type != PROBE_CHANGES && r->type != PROBE_STORE))
        return MAILPROTO_ERR_TOKEN;
    if (r->type == PROBE_CHANGES && r->value++ >= PROBE_PAGE)
        return MAILPROTO_ERR_LIMIT;
    if (!seen && (r->type == PROBE_STORE || (p->count && uid < p->view[p->count - 1].uid)))
        return MAILPROTO_ERR_ARG;
    p->after = r->type == PROBE_CHANGES ? uid : p->after;
    if (!seen) {
        p->view[p->count++] = (struct probe_seen){.uid = uid, .flags = flags};
        return MAILPROTO_OK;
    }
    seen->changed |= r->type == PROBE_CHANGES && seen->flags != flags;
    seen->flags = flags;
    return MAILPROTO_OK;
}

int32_t probe_expunged(probe *p, uint64_t token, uint32_t uid)
{
    struct mp_request *r = mp_request_find(&p->base, token, PROBE_CHANGES);
    struct probe_seen *seen = find(p, uid);

    if (!r)
        return MAILPROTO_ERR_TOKEN;
    if (r->value++ >= PROBE_PAGE)
        return MAILPROTO_ERR_LIMIT;
    p->after = uid;
    if (seen)
        seen->gone = 1;
    return MAILPROTO_OK;
}

int32_t probe_done(probe *p, uint64_t token, uint64_t cursor, int more)
{
    struct mp_request *r = mp_request_find(&p->base, token, 0);

    if (!r || r->type == PROBE_PIN || r->type == PROBE_READ)
        return MAILPROTO_ERR_TOKEN;
    if (r->type == PROBE_CHANGES) {
        p->cursor = more ? p->cursor : cursor;
        p->after = more ? p->after : 0;
        p->more = more;
    }
    return settle(&p->base, r, 0);
}

int32_t probe_pinned(probe *p, uint64_t token, uint64_t message, uint64_t size)
{
    struct mp_request *r = mp_request_find(&p->base, token, PROBE_PIN);
    struct probe_pin *pin;

    if (!r)
        return MAILPROTO_ERR_TOKEN;
    pin = pin_of(p, r);
    pin->message = message;
    pin->size = pin->left = size;
    pin->state = PROBE_PINNED;
    mp_request_answered(&p->base, r, 0);
    return MAILPROTO_OK;
}

void probe_poke(probe *p)
{
    p->poked |= p->selected;
    mp_engine_kick(&p->base);
}
