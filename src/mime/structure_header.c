/* structure_header.c - header fields one after the other, and where the header ends.
 * RFC 5322 sections 2.2, 3.6.8 and 4.5; RFC 4155 (mbox). */
#include <string.h>

#include "core/utf8.h"
#include "mime/structure.h"

/* What a line of a header is. */
enum { NO_FIELD, FIELD };

#define BIT(name) (UINT64_C(1) << MAILPROTO_MIME_FIELD_##name)

/* RFC 5322 3.6, RFC 2045 to 2183: not more than once. */
static const uint64_t once = BIT(FROM) | BIT(SENDER) | BIT(REPLY_TO) | BIT(TO) | BIT(CC) | BIT(BCC) | BIT(DATE) |
                             BIT(SUBJECT) | BIT(MESSAGE_ID) | BIT(IN_REPLY_TO) | BIT(REFERENCES) | BIT(MIME_VERSION) |
                             BIT(CONTENT_TYPE) | BIT(CONTENT_TRANSFER_ENCODING) | BIT(CONTENT_DISPOSITION) |
                             BIT(CONTENT_ID);

static void scan_begin(mp_structure *s)
{
    s->field = (mp_field_scan){.colon = SIZE_MAX, .strange = UINT64_MAX};
}

void mp_structure_header_begin(mp_structure *s)
{
    memset(&s->content, 0, sizeof s->content);
    s->content.encoding = MAILPROTO_MIME_ENCODING_7BIT;
    s->present = 0;
    s->header_fields = s->header_lines = s->header_seen = s->header_over = 0;
    scan_begin(s);
}

/* ---- what is wrong with the octets of a header ---- */

static void tell_seen(mp_structure *s, const uint8_t *p, size_t n, uint32_t seen)
{
    static const mp_body_scan line_begin = {0};
    static const struct {
        uint32_t bit, defect;
    } table[] = {{MP_SEEN_NUL, MAILPROTO_MIME_DEFECT_NUL},
                 {MP_SEEN_BARE_LF, MAILPROTO_MIME_DEFECT_BARE_LF},
                 {MP_SEEN_BARE_CR, MAILPROTO_MIME_DEFECT_BARE_CR},
                 {MP_SEEN_LONG_LINE, MAILPROTO_MIME_DEFECT_LONG_LINE}};
    const uint64_t at = mp_structure_offset(s, p);

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (seen & table[i].bit) {
            const int64_t where = mp_scan_first(p, n, table[i].bit, &line_begin);

            /* the CR is the last octet of the message */
            mp_structure_tell(s, table[i].defect, at + (uint64_t)(where < (int64_t)n ? where : where - 1));
        }
    if ((seen & MP_SEEN_EIGHT_BIT) && !mp_utf8_valid(p, n))
        mp_structure_tell(s, MAILPROTO_MIME_DEFECT_EIGHT_BIT_HEADER,
                          at + (uint64_t)mp_scan_first(p, n, MP_SEEN_EIGHT_BIT, &line_begin));
}

/* Of n octets of it. 8-bit octets are judged field by field. */
static void look_at_seen(mp_structure *s, const uint8_t *p, size_t n)
{
    static const mp_body_scan line_begin = {0};
    uint32_t seen = s->field.seen;

    if (n > MP_LINE_MAX && mp_scan_first(p, n, MP_SEEN_LONG_LINE, &line_begin) < (int64_t)n)
        seen |= MP_SEEN_LONG_LINE;
    if (seen & (~s->header_seen | MP_SEEN_EIGHT_BIT))
        tell_seen(s, p, n, seen);
    s->header_seen |= seen;
}

/* ---- one field ---- */

/* The name is not as it should be: blanks before the colon are obsolete syntax (RFC 5322 4.5), others no name. */
static int read_odd_name(mp_structure *s, const uint8_t *p, size_t colon, uint32_t *name_n)
{
    size_t n = colon;
    int blanks;

    while (n && (p[n - 1] == ' ' || p[n - 1] == '\t'))
        n--;
    blanks = n < colon;
    for (size_t i = 0; i < n; i++)
        if (p[i] <= ' ' || p[i] > 127)
            return 0;
    if (blanks)
        mp_structure_tell(s, MAILPROTO_MIME_DEFECT_FIELD_NAME, mp_structure_offset(s, p));
    *name_n = (uint32_t)n;
    return n > 0;
}

static int begins_envelope(const uint8_t *p, size_t n)
{
    return (n >= 5 && memcmp(p, "From ", 5) == 0) || (n >= 6 && memcmp(p, ">From ", 6) == 0);
}

static int read_name(mp_structure *s, const uint8_t *p, size_t octets, uint32_t *name_n)
{
    const size_t colon = s->field.colon;

    if (colon - 1 < 63 && !(s->field.strange & ((UINT64_C(1) << colon) - 1))) {
        *name_n = (uint32_t)colon;
        return FIELD;
    }
    if (begins_envelope(p, octets)) {
        mp_structure_tell(s, MAILPROTO_MIME_DEFECT_ENVELOPE_LINE, mp_structure_offset(s, p));
        return NO_FIELD;
    }
    if (colon < octets && read_odd_name(s, p, colon, name_n))
        return FIELD;
    mp_structure_tell(s, MAILPROTO_MIME_DEFECT_NO_COLON, mp_structure_offset(s, p));
    return NO_FIELD;
}

/* Fields that say something about the structure, or that may not be there again. */
static int note_known(mp_structure *s, const mp_field *f, const uint8_t *p)
{
    const uint64_t bit = UINT64_C(1) << f->id;
    const uint64_t at = f->begin + f->value;

    if (s->present & bit) {
        if (bit & once)
            mp_structure_tell(s,
                              f->id == MAILPROTO_MIME_FIELD_FROM ? MAILPROTO_MIME_DEFECT_MULTIPLE_FROM
                                                                 : MAILPROTO_MIME_DEFECT_DUPLICATE_FIELD,
                              f->begin);
        return 1;
    }
    s->present |= bit;
    s->first[f->id] = (uint16_t)(s->header_fields < UINT16_MAX ? s->header_fields : UINT16_MAX);
    if (f->id == MAILPROTO_MIME_FIELD_CONTENT_TYPE)
        return mp_content_type(s, p + f->value, f->value_n, at) == MAILPROTO_OK;
    if (f->id == MAILPROTO_MIME_FIELD_CONTENT_TRANSFER_ENCODING)
        mp_content_encoding(s, p + f->value, f->value_n, at);
    if (f->id == MAILPROTO_MIME_FIELD_MIME_VERSION)
        mp_content_version(s, p + f->value, f->value_n, at);
    return 1;
}

/* 0: no memory. */
static int add_field(mp_structure *s, const uint8_t *p, size_t octets, uint32_t name_n)
{
    mp_field *f = &s->fields[s->field_n++];
    size_t value = s->field.colon + 1, end = octets;

    end -= p[end - 1] == '\n';
    end -= end > value && end < octets && p[end - 1] == '\r';
    while (value < end && (p[value] == ' ' || p[value] == '\t'))
        value++;
    f->begin = mp_structure_offset(s, p);
    f->octets = (uint32_t)octets;
    f->name_n = name_n;
    f->value = (uint32_t)value;
    f->value_n = (uint32_t)(end - value);
    f->flags = (s->field.lines > 1 ? MAILPROTO_MIME_FIELD_FOLDED : 0U) |
               (s->field.seen & MP_SEEN_EIGHT_BIT ? MAILPROTO_MIME_FIELD_EIGHT_BIT : 0U);
    f->id = mp_field_id(p, name_n);
    if (f->id && !note_known(s, f, p))
        return 0;
    s->header_fields++;
    return 1;
}

/* A field, or what stands in place of one, whole. 0: no memory. */
static int take_field(mp_structure *s, const uint8_t *p, size_t octets)
{
    uint32_t name_n = 0;
    int kept = 1;

    if (octets > MP_LINE_MAX || (s->field.seen & (~s->header_seen | MP_SEEN_EIGHT_BIT)))
        look_at_seen(s, p, octets);
    if (!s->header_lines && (*p == ' ' || *p == '\t'))
        mp_structure_tell(s, MAILPROTO_MIME_DEFECT_HEADER_BEGINS_FOLDED, mp_structure_offset(s, p));
    else if (read_name(s, p, octets, &name_n) == FIELD)
        kept = add_field(s, p, octets, name_n);
    s->header_left -= octets;
    s->header += octets;
    s->lines += s->field.lines;
    s->header_lines += s->field.lines;
    s->at = p + octets;
    scan_begin(s);
    return kept;
}

/* ---- the end of the header ---- */

static int over(mp_structure *s)
{
    mp_open *top = mp_structure_top(s);

    top->flags |= s->header_seen << 4;
    top->body = mp_structure_offset(s, s->at);
    top->lines = s->lines;
    s->line_begin = 1;
    return 0;
}

/* The empty line, of 1 or 2 octets. */
static int over_by_line(mp_structure *s, uint32_t octets)
{
    mp_structure_top(s)->flags |= MAILPROTO_MIME_PART_HEADER_END;
    if (octets == 1) {
        s->header_seen |= MP_SEEN_BARE_LF;
        mp_structure_tell(s, MAILPROTO_MIME_DEFECT_BARE_LF, mp_structure_offset(s, s->at));
    }
    s->at += octets;
    s->lines++;
    s->line_end = octets;
    return over(s);
}

static int over_without_line(mp_structure *s, uint32_t defect)
{
    mp_structure_tell(s, defect, mp_structure_offset(s, s->at));
    s->line_end = 0;
    return over(s);
}

static int over_by_limit(mp_structure *s)
{
    mp_structure_top(s)->flags |= MAILPROTO_MIME_PART_OPAQUE;
    return over_without_line(s, MAILPROTO_MIME_DEFECT_HEADER_LARGE);
}

/* How the header goes on. */
enum { GOES_ON, IS_OVER, NEEDS_MORE, HAS_NO_MEMORY };

static int look_at_line(mp_structure *s, size_t n)
{
    const uint8_t *p = s->at;
    uint32_t position;
    size_t octets;

    if (*p == '\n' || (*p == '\r' && n > 1 && p[1] == '\n')) {
        over_by_line(s, *p == '\n' ? 1 : 2);
        return IS_OVER;
    }
    if (*p == '\r' && n == 1 && !s->last)
        return NEEDS_MORE;
    if (*p == '-' && s->boundaries) {
        int kind = mp_structure_boundary(s, p, n, s->last, &position, &octets);

        if (kind == MP_BOUNDARY_UNKNOWN)
            return NEEDS_MORE;
        if (kind != MP_BOUNDARY_NONE) {
            over_without_line(s, MAILPROTO_MIME_DEFECT_NO_HEADER_END);
            return IS_OVER;
        }
    }
    return GOES_ON;
}

/* What stands at `at`: a field is taken. */
static int go_on(mp_structure *s)
{
    const uint8_t *p = s->at;
    const size_t n = (size_t)(s->end - p);
    size_t octets;

    if (!n) {
        if (!s->last)
            return NEEDS_MORE;
        over_without_line(s, MAILPROTO_MIME_DEFECT_NO_HEADER_END);
        return IS_OVER;
    }
    if (*p <= '-') {
        const int how = look_at_line(s, n);

        if (how != GOES_ON)
            return how;
    }
    octets = s->scan->field(s->window, p, n, s->last, &s->field);
    if ((octets ? octets : n) > s->header_left) {
        over_by_limit(s);
        return IS_OVER;
    }
    if (!octets && !s->last)
        return NEEDS_MORE;
    if (!octets) {
        octets = n;
        if (p[n - 1] == '\r')
            s->field.seen |= MP_SEEN_BARE_CR;
        mp_structure_tell(s, MAILPROTO_MIME_DEFECT_TRUNCATED, mp_structure_offset(s, s->end));
    }
    return take_field(s, p, octets) ? GOES_ON : HAS_NO_MEMORY;
}

int mp_structure_header(mp_structure *s)
{
    int how = GOES_ON;

    s->field_n = 0;
    while (how == GOES_ON && s->field_n < s->field_cap && !s->pending)
        how = go_on(s);
    s->header_over = (uint32_t)(how == IS_OVER);
    if (how == HAS_NO_MEMORY)
        return MP_STEP_NOMEM;
    if (s->field_n)
        return MP_STEP_FIELDS;
    return how == NEEDS_MORE ? MP_STEP_MORE : MP_STEP_NONE;
}
