/* parser_events.c - the steps of the structure machine as events: fields, bodies raw or decoded, defects.
 * RFC 2045 section 6, RFC 5322 section 2.2.3. */
#include <string.h>

#include "core/memory.h"
#include "mime/parser.h"

enum { UNFOLDED_FIRST = 128 };

/* The struct of the event, all zero but for its head. */
#define BEGIN_EVENT(p, member, kind)                                                                                   \
    (memset(&(p)->event.member, 0, sizeof(p)->event.member), (p)->event.head.struct_size = sizeof(p)->event.member,    \
     (p)->event.head.type = (kind), &(p)->event.member)

/* ---- parts ---- */

static const mailproto_event *tell_part(mailproto_mime_parser *p)
{
    const mp_structure *s = &p->structure;
    const mp_open *top = mp_structure_top(s);
    mailproto_mime_part_event *e = BEGIN_EVENT(p, part, MAILPROTO_MIME_EVENT_PART);

    e->part = top->index;
    e->parent = s->open_n > 1 ? top[-1].index : MAILPROTO_MIME_NO_PART;
    e->depth = s->open_n - 1;
    e->number = top->number;
    e->begin = top->begin;
    p->type_n = p->subtype_n = 0;
    return &e->head;
}

static void begin_body(mailproto_mime_parser *p)
{
    const mp_structure *s = &p->structure;

    p->as = MAILPROTO_MIME_AS_RAW;
    p->decoded = 0;
    if (mp_structure_top(s)->kind != MAILPROTO_MIME_LEAF)
        return;
    p->choosing = 1;
    if (p->flags & MAILPROTO_MIME_PARSER_NO_BODIES)
        p->as = MAILPROTO_MIME_AS_NOTHING;
    else if (p->flags & MAILPROTO_MIME_PARSER_DECODE)
        p->as = MAILPROTO_MIME_AS_DECODED;
    mp_body_decoder_init(&p->decoder, s->content.encoding);
}

static const mailproto_event *tell_header_end(mailproto_mime_parser *p)
{
    const mp_structure *s = &p->structure;
    const mp_open *top = mp_structure_top(s);
    mailproto_mime_header_end *e = BEGIN_EVENT(p, header_end, MAILPROTO_MIME_EVENT_HEADER_END);

    begin_body(p);
    e->part = top->index;
    e->kind = top->kind;
    e->encoding = s->content.encoding;
    e->flags = top->flags;
    e->type = (mailproto_text){p->type, p->type_n};
    e->subtype = (mailproto_text){p->subtype, p->subtype_n};
    if (!p->type_n) {
        e->type.ptr = mp_content_default(s->content.by_default, &e->subtype.ptr);
        e->type.len = strlen(e->type.ptr);
        e->subtype.len = strlen(e->subtype.ptr);
    }
    e->body = top->body;
    e->lines = s->header_lines + (top->flags & MAILPROTO_MIME_PART_HEADER_END ? 1U : 0U);
    return &e->head;
}

static const mailproto_event *tell_part_end(mailproto_mime_parser *p)
{
    const mp_open *top = mp_structure_top(&p->structure);
    mailproto_mime_part_end *e = BEGIN_EVENT(p, part_end, MAILPROTO_MIME_EVENT_PART_END);

    p->doing = MP_PARSER_NEXT;
    e->part = top->index;
    e->flags = top->flags;
    e->begin = top->begin;
    e->body = top->body;
    e->end = top->end;
    e->lines = top->lines;
    e->decoded = top->kind == MAILPROTO_MIME_LEAF ? p->decoded : 0;
    e->defects = top->defects;
    return &e->head;
}

static const mailproto_event *tell_message_end(mailproto_mime_parser *p)
{
    const mp_structure *s = &p->structure;
    mailproto_mime_message_end *e = BEGIN_EVENT(p, message_end, MAILPROTO_MIME_EVENT_MESSAGE_END);

    p->over = 1;
    e->parts = s->parts;
    e->octets = mp_structure_offset(s, s->at);
    e->lines = s->lines;
    e->header = s->header;
    e->defects = s->defects;
    return &e->head;
}

static const mailproto_event *tell_defect(mailproto_mime_parser *p, uint32_t kind, uint64_t offset)
{
    mailproto_mime_defect *e = BEGIN_EVENT(p, defect, MAILPROTO_MIME_EVENT_DEFECT);

    e->part = mp_structure_top(&p->structure)->index;
    e->kind = kind;
    e->offset = offset;
    return &e->head;
}

/* ---- fields ---- */

static mailproto_text text_at(const mailproto_mime_parser *p, uint64_t at, size_t n)
{
    return (mailproto_text){(const char *)mp_structure_text(&p->structure, at), n};
}

/* The type is told when its field is gone. */
static void keep_type(mailproto_mime_parser *p)
{
    const mp_content *c = &p->structure.content;

    if (p->type_n || !c->type.n)
        return;
    p->type_n = c->type.n;
    p->subtype_n = c->subtype.n;
    memcpy(p->type, mp_structure_text(&p->structure, c->type.at), c->type.n);
    memcpy(p->subtype, mp_structure_text(&p->structure, c->subtype.at), c->subtype.n);
}

static int room_to_unfold(mailproto_mime_parser *p, size_t n)
{
    size_t cap = p->unfolded_cap ? p->unfolded_cap : UNFOLDED_FIRST;
    char *grown;

    if (n <= p->unfolded_cap)
        return 1;
    while (cap < n)
        cap *= 2;
    grown = mp_resize(&p->memory, p->unfolded, p->unfolded_cap, cap);
    if (!grown)
        return 0;
    p->unfolded = grown;
    p->unfolded_cap = cap;
    return 1;
}

/* RFC 5322 2.2.3: the line ends go, the blanks behind them stay. 0: no memory. */
static int unfold(mailproto_mime_parser *p, mailproto_text value, mailproto_text *unfolded)
{
    size_t made = 0;

    if (!memchr(value.ptr, '\n', value.len)) {
        *unfolded = value;
        return 1;
    }
    if (!room_to_unfold(p, value.len))
        return 0;
    while (value.len) {
        const char *lf = memchr(value.ptr, '\n', value.len);
        const size_t octets = lf ? (size_t)(lf - value.ptr) : value.len;
        const size_t line = lf && octets && lf[-1] == '\r' ? octets - 1 : octets;

        memcpy(p->unfolded + made, value.ptr, line);
        made += line;
        value.ptr += octets + (lf != NULL);
        value.len -= octets + (lf != NULL);
    }
    *unfolded = (mailproto_text){p->unfolded, made};
    return 1;
}

static const mailproto_event *tell_field(mailproto_mime_parser *p)
{
    const mp_field *f = &p->fields[p->field_i];
    mailproto_mime_field_event *e = BEGIN_EVENT(p, field, MAILPROTO_MIME_EVENT_FIELD);

    e->field.struct_size = sizeof e->field;
    e->field.id = f->id;
    e->field.flags = f->flags;
    e->field.part = mp_structure_top(&p->structure)->index;
    e->field.offset = f->begin;
    e->field.name = text_at(p, f->begin, f->name_n);
    e->field.value = text_at(p, f->begin + f->value, f->value_n);
    e->field.raw = text_at(p, f->begin, f->octets);
    if (p->flags & MAILPROTO_MIME_PARSER_UNFOLD && !unfold(p, e->field.value, &e->unfolded)) {
        p->error = MAILPROTO_ERR_NOMEM;
        return NULL;
    }
    if (++p->field_i == p->structure.field_n)
        p->doing = MP_PARSER_NEXT;
    return &e->head;
}

/* ---- bodies ---- */

static const mailproto_event *tell_body(mailproto_mime_parser *p, uint32_t form, uint64_t offset, const uint8_t *octets,
                                        size_t n)
{
    mailproto_mime_body *e = BEGIN_EVENT(p, body, MAILPROTO_MIME_EVENT_BODY);

    e->part = mp_structure_top(&p->structure)->index;
    e->form = form;
    e->offset = offset;
    e->bytes = (mailproto_text){(const char *)octets, n};
    return &e->head;
}

static const mailproto_event *tell_decoded(mailproto_mime_parser *p, const uint8_t *octets, size_t n)
{
    const uint64_t offset = p->decoded;

    p->decoded += n;
    return tell_body(p, MAILPROTO_MIME_BODY_DECODED, offset, octets, n);
}

/* The next octets of the slice, decoded. NULL: it is used up. */
static const mailproto_event *decode(mailproto_mime_parser *p)
{
    while (p->slice_n) {
        size_t took, made;

        mp_body_decode(&p->decoder, p->slice, p->slice_n, &took, p->out, sizeof p->out, &made);
        p->slice += took;
        p->slice_n -= took;
        if (made)
            return tell_decoded(p, p->out, made);
    }
    p->doing = MP_PARSER_NEXT;
    return NULL;
}

static const mailproto_event *begin_slice(mailproto_mime_parser *p)
{
    const mp_structure *s = &p->structure;
    const int between = s->form != MAILPROTO_MIME_BODY_RAW;

    if (between ? !(p->flags & MAILPROTO_MIME_PARSER_BETWEEN) : p->as == MAILPROTO_MIME_AS_NOTHING)
        return NULL;
    if (between || p->as == MAILPROTO_MIME_AS_RAW)
        return tell_body(p, s->form, s->slice_at, s->slice, s->slice_n);
    if (!mp_body_is_encoded(p->decoder.encoding))
        return tell_decoded(p, s->slice, s->slice_n);
    p->slice = s->slice;
    p->slice_n = s->slice_n;
    p->doing = MP_PARSER_IN_BODY;
    return NULL;
}

/* What the decoder still held. NULL: nothing. */
static const mailproto_event *decode_end(mailproto_mime_parser *p)
{
    size_t made;

    if (mp_body_decode_end(&p->decoder, p->out, sizeof p->out, &made) == MAILPROTO_OK)
        p->doing = MP_PARSER_AT_DEFECT;
    return made ? tell_decoded(p, p->out, made) : NULL;
}

static const mailproto_event *tell_decoding(mailproto_mime_parser *p)
{
    mp_open *top = mp_structure_top(&p->structure);
    uint64_t offset = 0;
    const uint32_t kind = mp_body_defect(&p->decoder, &offset);

    p->doing = MP_PARSER_AT_PART_END;
    if (kind >= MAILPROTO_MIME_DEFECTS)
        return NULL;
    top->defects |= MAILPROTO_MIME_DEFECT_BIT(kind);
    p->structure.defects |= MAILPROTO_MIME_DEFECT_BIT(kind);
    return tell_defect(p, kind, top->body + offset);
}

static void begin_part_end(mailproto_mime_parser *p)
{
    const int decoded =
        mp_structure_top(&p->structure)->kind == MAILPROTO_MIME_LEAF && p->as == MAILPROTO_MIME_AS_DECODED;

    p->doing = decoded ? MP_PARSER_AT_END : MP_PARSER_AT_PART_END;
}

/* ---- steps ---- */

/* Takes a step. 0: there is none now. *event is what it tells, if it is one thing. */
static int take_step(mailproto_mime_parser *p, const mailproto_event **event)
{
    switch (mp_structure_next(&p->structure)) {
    case MP_STEP_PART:
        *event = tell_part(p);
        break;
    case MP_STEP_FIELDS:
        keep_type(p);
        p->field_i = 0;
        p->doing = MP_PARSER_IN_FIELDS;
        break;
    case MP_STEP_HEADER_END:
        *event = tell_header_end(p);
        break;
    case MP_STEP_BODY:
        *event = begin_slice(p);
        break;
    case MP_STEP_PART_END:
        begin_part_end(p);
        break;
    case MP_STEP_DEFECT:
        *event = tell_defect(p, p->structure.defect, p->structure.defect_at);
        break;
    case MP_STEP_END:
        *event = tell_message_end(p);
        break;
    case MP_STEP_NOMEM:
        p->error = MAILPROTO_ERR_NOMEM;
        return 0;
    default:
        return 0;
    }
    return 1;
}

const mailproto_event *mp_parser_advance(mailproto_mime_parser *p)
{
    const mailproto_event *event = NULL;

    p->choosing = 0;
    while (!event && !p->error && !p->over) {
        switch (p->doing) {
        case MP_PARSER_IN_FIELDS:
            event = tell_field(p);
            break;
        case MP_PARSER_IN_BODY:
            event = decode(p);
            break;
        case MP_PARSER_AT_END:
            event = decode_end(p);
            break;
        case MP_PARSER_AT_DEFECT:
            event = tell_decoding(p);
            break;
        case MP_PARSER_AT_PART_END:
            event = tell_part_end(p);
            break;
        default:
            if (!take_step(p, &event))
                return NULL;
        }
    }
    return event;
}
