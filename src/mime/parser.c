/* parser.c - the push parser: pieces in, callbacks or polling.
 * RFC 2045, RFC 2046; contract.md section 2. */
#include "mime/parser.h"

#include <string.h>

#include "core/memory.h"
#include "core/memory_max.h"

int32_t mailproto_mime_config_init(mailproto_mime_config *config, size_t size)
{
    return mp_struct_init(config, size);
}

int32_t mailproto_mime_callbacks_init(mailproto_mime_callbacks *callbacks, size_t size)
{
    return mp_struct_init(callbacks, size);
}

int32_t mailproto_mime_field_init(mailproto_mime_field *field, size_t size)
{
    return mp_struct_init(field, size);
}

int32_t mailproto_mime_parser_new(const mailproto_mime_config *config, const mailproto_mime_callbacks *callbacks,
                                  void *user, mailproto_mime_parser **out)
{
    mailproto_mime_config c = {0};
    mailproto_mime_callbacks table = {0};
    mailproto_allocator memory;
    mailproto_mime_parser *p;

    if (!out)
        return MAILPROTO_ERR_ARG;
    *out = NULL;
    if ((config && mp_struct_copy(&c, sizeof c, config)) || mp_allocator_copy(&memory, c.allocator) ||
        (callbacks && mp_struct_copy(&table, sizeof table, callbacks)))
        return MAILPROTO_ERR_ARG;
    p = mp_alloc_zero(&memory, sizeof *p);
    if (!p)
        return MAILPROTO_ERR_NOMEM;
    p->memory = memory;
    p->flags = c.flags;
    p->callbacks = table;
    p->has_callbacks = callbacks != NULL;
    p->user = user;
    mp_structure_init(&p->structure, config, &p->memory);
    p->structure.first = p->first;
    p->structure.fields = p->fields;
    p->structure.field_cap = MP_PARSER_FIELDS;
    *out = p;
    return MAILPROTO_OK;
}

static void destroy(mailproto_mime_parser *p)
{
    const mailproto_allocator memory = p->memory;

    mp_structure_free(&p->structure);
    mp_free(&memory, p->unfolded, p->unfolded_cap);
    mp_free(&memory, p, sizeof *p);
}

void mailproto_mime_parser_free(mailproto_mime_parser *p)
{
    if (!p)
        return;
    if (p->in_callback)
        p->free_due = 1;
    else
        destroy(p);
}

int32_t mailproto_mime_parser_reset(mailproto_mime_parser *p)
{
    if (!p)
        return MAILPROTO_ERR_ARG;
    if (p->in_callback)
        return MAILPROTO_ERR_REENTRANT;
    mp_structure_reset(&p->structure);
    p->error = MAILPROTO_OK;
    p->busy = p->ended = p->over = p->choosing = 0;
    p->doing = MP_PARSER_NEXT;
    return MAILPROTO_OK;
}

int32_t mailproto_mime_parser_error(const mailproto_mime_parser *p)
{
    return p ? p->error : MAILPROTO_OK;
}

/* ---- callbacks ---- */

#define CALL(name, member)                                                                                             \
    return p->callbacks.on_##name ? p->callbacks.on_##name(p, &p->event.member, p->user) : MAILPROTO_OK

static int32_t call(mailproto_mime_parser *p)
{
    switch (p->event.head.type) {
    case MAILPROTO_MIME_EVENT_PART:
        CALL(part, part);
    case MAILPROTO_MIME_EVENT_FIELD:
        CALL(field, field);
    case MAILPROTO_MIME_EVENT_HEADER_END:
        CALL(header_end, header_end);
    case MAILPROTO_MIME_EVENT_BODY:
        CALL(body, body);
    case MAILPROTO_MIME_EVENT_PART_END:
        CALL(part_end, part_end);
    case MAILPROTO_MIME_EVENT_DEFECT:
        CALL(defect, defect);
    default:
        CALL(message_end, message_end);
    }
}

static int32_t call_all(mailproto_mime_parser *p)
{
    while (mp_parser_advance(p)) {
        int32_t result;

        p->in_callback = 1;
        result = call(p);
        p->in_callback = 0;
        if (p->free_due) {
            destroy(p);
            return MAILPROTO_FREED;
        }
        if (result < 0)
            p->error = result;
    }
    p->busy = 0;
    return p->error;
}

/* ---- pieces ---- */

static int32_t give(mailproto_mime_parser *p, const void *data, size_t n, int last)
{
    static const uint8_t nothing = 0;

    if (p->in_callback)
        return MAILPROTO_ERR_REENTRANT;
    if (p->error)
        return p->error;
    if (p->ended || p->busy)
        return MAILPROTO_ERR_STATE;
    mp_structure_feed(&p->structure, data ? data : &nothing, n, last);
    p->ended = (uint8_t)last;
    p->busy = 1;
    return p->has_callbacks ? call_all(p) : MAILPROTO_OK;
}

int32_t mailproto_mime_parser_feed(mailproto_mime_parser *p, const void *data, size_t n)
{
    if (!p || (!data && n))
        return MAILPROTO_ERR_ARG;
    return give(p, data, n, 0);
}

int32_t mailproto_mime_parser_end(mailproto_mime_parser *p)
{
    return p ? give(p, NULL, 0, 1) : MAILPROTO_ERR_ARG;
}

const mailproto_event *mailproto_mime_parser_next_event(mailproto_mime_parser *p)
{
    const mailproto_event *event;

    if (!p || p->has_callbacks || !p->busy)
        return NULL;
    event = mp_parser_advance(p);
    if (!event)
        p->busy = 0;
    return event;
}

int32_t mailproto_mime_parser_decode(mailproto_mime_parser *p, uint32_t as)
{
    if (!p || as < MAILPROTO_MIME_AS_RAW || as > MAILPROTO_MIME_AS_NOTHING)
        return MAILPROTO_ERR_ARG;
    if (!p->choosing)
        return MAILPROTO_ERR_STATE;
    p->as = as;
    return MAILPROTO_OK;
}

/* An unfolded value is smaller than its field; its buffer is doubled, and while it grows the old one is there, too. */
size_t mailproto_mime_parser_memory_max(const mailproto_mime_config *config)
{
    const size_t machine = mp_structure_memory_max(config);
    const size_t fixed = sizeof(mailproto_mime_parser) + MP_GRAIN;
    mailproto_mime_config c = {0};
    mp_structure s;
    size_t unfolded = 0;

    if (machine >= SIZE_MAX / 2 || (config && mp_struct_copy(&c, sizeof c, config)))
        return SIZE_MAX;
    if (c.flags & MAILPROTO_MIME_PARSER_UNFOLD) {
        mp_structure_init(&s, config, NULL);
        unfolded = mp_line_memory_max((size_t)s.max_header) + 2 * MP_GRAIN;
    }
    return unfolded > SIZE_MAX - fixed - machine ? SIZE_MAX : fixed + machine + unfolded;
}
