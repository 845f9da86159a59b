/* structure_run.c - the machine itself: parts begin, their bodies are scanned for boundaries, parts end.
 * RFC 2046 section 5.1; docs/design/mime.md, "Structure". */
#include <string.h>

#include "mime/structure.h"

enum { PART, HEADER, HEADER_END, HEADER_TOLD, BODY, CLOSE, CLOSE_TOLD, POP, DONE };

/* ---- bodies ---- */

/* It is told when the part ends, so that the order does not depend on how the message was cut. */
static void note_body(mp_structure *s, uint32_t bit, uint64_t at)
{
    s->wanted &= ~bit;
    s->body_wrong |= bit;
    s->body_wrong_at[bit] = at;
}

static void tell_body(mp_structure *s)
{
    static const uint8_t defects[] = {[MP_SEEN_EIGHT_BIT] = MAILPROTO_MIME_DEFECT_EIGHT_BIT_BODY,
                                      [MP_SEEN_NUL] = MAILPROTO_MIME_DEFECT_NUL,
                                      [MP_SEEN_BARE_LF] = MAILPROTO_MIME_DEFECT_BARE_LF,
                                      [MP_SEEN_BARE_CR] = MAILPROTO_MIME_DEFECT_BARE_CR,
                                      [MP_SEEN_LONG_LINE] = MAILPROTO_MIME_DEFECT_LONG_LINE};

    for (uint32_t bit = 1; bit < MP_SEEN_ALL; bit *= 2)
        if (s->body_wrong & bit)
            mp_structure_tell(s, defects[bit], s->body_wrong_at[bit]);
}

/* Finds where the first is of what was seen new in n octets. A CR that is not found before them is the last of them: what
   shows that it is bare was put back. */
static void look_at_seen(mp_structure *s, const uint8_t *p, size_t n, const mp_body_scan *before)
{
    for (uint32_t bit = 1; bit < MP_SEEN_ALL; bit *= 2)
        if (s->body.seen & s->wanted & bit) {
            int64_t where = mp_scan_first(p, n, bit, before);

            if (bit == MP_SEEN_BARE_CR && where == (int64_t)n)
                where--;
            note_body(s, bit, mp_structure_offset(s, p) + (uint64_t)where);
        }
}

/* Behind the last octet of a leaf, at `end`. */
static void finish_body(mp_structure *s, uint64_t end)
{
    if (s->body.after_cr) {
        s->body.seen |= MP_SEEN_BARE_CR;
        if (s->wanted & MP_SEEN_BARE_CR)
            note_body(s, MP_SEEN_BARE_CR, end - 1);
    }
    if (s->body.column > MP_LINE_MAX) {
        s->body.seen |= MP_SEEN_LONG_LINE;
        if (s->wanted & MP_SEEN_LONG_LINE)
            note_body(s, MP_SEEN_LONG_LINE, end - s->body.column + MP_LINE_MAX);
    }
    tell_body(s);
}

/* An LF that stands before no boundary after all. */
static void pass_lf(mp_body_scan *b)
{
    if (!b->after_cr)
        b->seen |= MP_SEEN_BARE_LF;
    if (b->column - b->after_cr > MP_LINE_MAX)
        b->seen |= MP_SEEN_LONG_LINE;
    b->lines++;
    b->column = 0;
    b->after_cr = 0;
}

/* What is left for the next piece: the octets at the end that may belong to a boundary's line. */
static size_t tail_of(const mp_structure *s, const uint8_t *p)
{
    const uint8_t *end = s->end;

    if (s->last || !s->boundaries)
        return 0;
    if (end - p >= 2 && end[-1] == '-' && end[-2] == '\n')
        end -= 2;
    else if (end > p && end[-1] == '\n')
        end--;
    if (end > p && end[-1] == '\r')
        end--;
    return (size_t)(s->end - end);
}

static void close_to(mp_structure *s, uint32_t keep, uint32_t closes)
{
    s->keep = keep;
    s->closes = closes;
    s->state = CLOSE;
}

/* A boundary's line of so many octets begins at p. */
static void at_boundary(mp_structure *s, const uint8_t *p, size_t octets, uint32_t position, int kind)
{
    mp_open *o = &s->open[position];

    if (o->first == UINT64_MAX)
        o->first = mp_structure_offset(s, p);
    s->at = p + octets;
    s->line_end = p[octets - 1] != '\n' ? 0 : p[octets - 2] == '\r' ? 2 : 1;
    s->lines += s->line_end != 0;
    close_to(s, position + 1, (uint32_t)kind);
}

/* The line at `at`, which is the first of what is looked at: 1 if it is a boundary, or that is not known. */
static int look_at_line(mp_structure *s)
{
    const uint8_t *p = s->at;
    uint32_t position = 0;
    size_t octets = 0;
    const int kind = mp_structure_boundary(s, p, (size_t)(s->end - p), s->last, &position, &octets);

    if (kind == MP_BOUNDARY_UNKNOWN)
        return 1;
    s->line_begin = 0;
    if (kind == MP_BOUNDARY_NONE)
        return 0;
    s->end_at = mp_structure_offset(s, p) - s->line_end;
    s->end_lines = s->lines - (s->line_end != 0);
    at_boundary(s, p, octets, position, kind);
    return 1;
}

/* The CR behind which the scan stopped belongs to the boundary, or is looked at again: it was not seen. */
static size_t put_back_cr(mp_structure *s, const uint8_t *from, const uint8_t *lf, uint32_t before)
{
    if (lf == from || lf[-1] != '\r')
        return 0;
    s->body.after_cr = lf - from > 1 ? lf[-2] == '\r' : before;
    s->body.column--;
    return 1;
}

/* Scans from `at` to a boundary, or as far as it goes; `at` is then behind the slice. */
static const uint8_t *scan_slice(mp_structure *s)
{
    const mp_body_scan before = s->body;
    const uint8_t *const begin = s->at, *p = begin, *stop = s->end - tail_of(s, begin);
    uint32_t position = 0;
    size_t octets = 0;

    while (p < stop) {
        const uint32_t after_cr = s->body.after_cr;
        const size_t n = (size_t)(s->end - p), i = s->scan->body(s->window, p, (size_t)(stop - p), &s->body);
        const uint8_t *lf = p + i;
        int kind;

        if (lf == stop)
            break;
        kind = mp_structure_boundary(s, lf + 1, n - i - 1, s->last, &position, &octets);
        if (kind == MP_BOUNDARY_NONE) {
            pass_lf(&s->body);
            p = lf + 1;
            continue;
        }
        stop = lf - put_back_cr(s, p, lf, after_cr);
        s->at = stop;
        if (kind != MP_BOUNDARY_UNKNOWN) {
            s->end_at = mp_structure_offset(s, stop);
            s->end_lines = s->lines + s->body.lines;
            s->body.lines++;
            at_boundary(s, lf + 1, octets, position, kind);
        }
        break;
    }
    if (s->state == BODY)
        s->at = stop;
    if (s->body.seen & s->wanted)
        look_at_seen(s, begin, (size_t)(stop - begin), &before);
    return stop;
}

static uint32_t form_of(const mp_open *top)
{
    if (top->kind != MAILPROTO_MIME_MULTIPART)
        return MAILPROTO_MIME_BODY_RAW;
    return top->flags & MAILPROTO_MIME_PART_CLOSED ? MAILPROTO_MIME_BODY_EPILOGUE : MAILPROTO_MIME_BODY_PREAMBLE;
}

static int run_body(mp_structure *s)
{
    const uint8_t *begin, *stop;

    if (s->line_begin && look_at_line(s))
        return s->state == BODY ? MP_STEP_MORE : MP_STEP_NONE;
    begin = s->at;
    s->body.lines = 0;
    s->body.stop = s->boundaries > 0;
    stop = scan_slice(s);
    s->lines += s->body.lines;
    if (s->state == BODY && s->last) {
        s->end_at = mp_structure_offset(s, s->at);
        s->end_lines = s->lines;
        close_to(s, 0, MP_BOUNDARY_NONE);
    }
    if (stop == begin)
        return s->state == BODY ? MP_STEP_MORE : MP_STEP_NONE;
    s->slice = begin;
    s->slice_n = (size_t)(stop - begin);
    s->slice_at = mp_structure_offset(s, begin);
    s->form = form_of(mp_structure_top(s));
    return MP_STEP_BODY;
}

static void begin_body(mp_structure *s)
{
    const uint32_t encoding = s->content.encoding;
    const mp_open *top = mp_structure_top(s);

    memset(&s->body, 0, sizeof s->body);
    s->wanted = s->body_wrong = 0;
    if (top->kind == MAILPROTO_MIME_LEAF && encoding != MAILPROTO_MIME_ENCODING_BINARY)
        s->wanted = encoding == MAILPROTO_MIME_ENCODING_8BIT || encoding == MAILPROTO_MIME_ENCODING_UNKNOWN
                        ? MP_SEEN_ALL & ~(uint32_t)MP_SEEN_EIGHT_BIT
                        : MP_SEEN_ALL;
    s->state = BODY;
}

/* ---- parts ---- */

static int begin_part(mp_structure *s)
{
    const int many = s->parts >= s->max_parts;

    if (!mp_structure_push(s, mp_structure_offset(s, s->at)))
        return MP_STEP_NOMEM;
    mp_structure_header_begin(s);
    s->state = HEADER;
    if (many) {
        mp_open *top = mp_structure_top(s);

        /* what it is made of is not looked at, to the end of the message */
        for (uint32_t i = s->open_n; i-- > 0;)
            mp_structure_drop_boundary(s, i);
        top->flags |= MAILPROTO_MIME_PART_OPAQUE;
        top->body = top->begin;
        top->lines = s->lines;
        s->line_begin = 1;
        mp_structure_tell(s, MAILPROTO_MIME_DEFECT_PARTS_MANY, top->begin);
        s->state = HEADER_END;
    }
    return MP_STEP_PART;
}

static void end_header(mp_structure *s)
{
    mp_content_end(s);
    mp_structure_top(s)->kind = s->content.kind;
    mp_structure_top(s)->digest = s->content.kind == MAILPROTO_MIME_MULTIPART && s->content.digest;
    s->state = HEADER_TOLD;
}

static int tell_header(mp_structure *s)
{
    const uint32_t kind = s->content.kind;

    if (kind == MAILPROTO_MIME_MULTIPART)
        mp_structure_open_boundary(s);
    begin_body(s);
    if (kind == MAILPROTO_MIME_MESSAGE)
        s->state = PART;
    return MP_STEP_HEADER_END;
}

/* What the innermost part is when it ends. */
static void end_part(mp_structure *s)
{
    mp_open *top = mp_structure_top(s);

    if (s->end_at < top->body) {
        /* the line end before the boundary ended its header: what it is in has that, too */
        s->end_at = top->body;
        s->end_lines = top->lines;
    }
    top->end = s->end_at;
    top->lines = s->end_lines > top->lines ? s->end_lines - top->lines : 0;
    if (top->kind == MAILPROTO_MIME_LEAF) {
        finish_body(s, top->end);
        top->flags |= s->body.seen << 9;
    }
    if (top->kind == MAILPROTO_MIME_MULTIPART) {
        if (!(top->flags & MAILPROTO_MIME_PART_CLOSED))
            mp_structure_tell(s,
                              top->first == UINT64_MAX ? MAILPROTO_MIME_DEFECT_NO_FIRST_BOUNDARY
                                                       : MAILPROTO_MIME_DEFECT_NO_LAST_BOUNDARY,
                              top->end);
        else if (!top->children)
            mp_structure_tell(s, MAILPROTO_MIME_DEFECT_EMPTY_MULTIPART, top->end);
    }
    if (top->first > top->end)
        top->first = top->end;
    if (top->last > top->end)
        top->last = top->end;
    s->state = CLOSE_TOLD;
}

/* Closes parts one by one; behind the last one it goes on as the boundary says. */
static void close_parts(mp_structure *s)
{
    mp_open *top;

    if (s->open_n > s->keep) {
        end_part(s);
        return;
    }
    if (s->closes == MP_BOUNDARY_NONE) {
        s->state = DONE;
        return;
    }
    top = mp_structure_top(s);
    s->state = PART;
    if (s->closes == MP_BOUNDARY_LAST) {
        top->flags |= MAILPROTO_MIME_PART_CLOSED;
        top->last = mp_structure_offset(s, s->at);
        mp_structure_drop_boundary(s, s->keep - 1);
        memset(&s->body, 0, sizeof s->body);
        s->wanted = 0;
        s->line_begin = 1;
        s->state = BODY;
    }
}

static int tell_defect(mp_structure *s)
{
    uint32_t defect = 0;

    while (!(s->pending >> defect & 1))
        defect++;
    s->pending &= ~MAILPROTO_MIME_DEFECT_BIT(defect);
    s->defects |= MAILPROTO_MIME_DEFECT_BIT(defect);
    mp_structure_top(s)->defects |= MAILPROTO_MIME_DEFECT_BIT(defect);
    s->defect = defect;
    s->defect_at = s->pending_at[defect];
    return MP_STEP_DEFECT;
}

int mp_structure_run(mp_structure *s)
{
    int step = MP_STEP_NONE;

    while (step == MP_STEP_NONE) {
        if (s->pending)
            return tell_defect(s);
        switch (s->state) {
        case PART:
            step = begin_part(s);
            break;
        case HEADER:
            if (s->header_over)
                s->state = HEADER_END;
            else
                step = mp_structure_header(s);
            break;
        case HEADER_END:
            end_header(s);
            break;
        case HEADER_TOLD:
            step = tell_header(s);
            break;
        case BODY:
            step = run_body(s);
            break;
        case CLOSE:
            close_parts(s);
            break;
        case CLOSE_TOLD:
            s->state = POP;
            return MP_STEP_PART_END;
        case POP:
            mp_structure_pop(s);
            s->state = CLOSE;
            break;
        default:
            return MP_STEP_END;
        }
    }
    return step;
}
