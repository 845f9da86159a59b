/* builder_field.c - writes header fields: folding, encoded words, parameters.
 * RFC 5322 section 2.2, RFC 2047 section 5, RFC 2231 sections 3 and 4. */
#include <string.h>

#include "core/ascii.h"
#include "core/utf8.h"
#include "mime/builder.h"

/* ---- what may be an argument ---- */

int mp_builder_is_text(const char *p, size_t n)
{
    if (!p)
        return !n;
    return !memchr(p, '\r', n) && !memchr(p, '\n', n) && !memchr(p, 0, n) && mp_utf8_valid((const uint8_t *)p, n);
}

/* RFC 2045 5.1; without what means something in the name of a parameter of RFC 2231. */
int mp_builder_is_token(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!mp_ascii_is_vchar((uint8_t)p[i]) || memchr("()<>@,;:\\\"/[]?=*'%", p[i], 18))
            return 0;
    return n != 0;
}

int mp_builder_is_id(const mailproto_mime_builder *b, const char *p, size_t n)
{
    const int high = b->config.flags & MAILPROTO_MIME_BUILDER_SMTPUTF8;

    if (!n || n > MP_BUILDER_WORD || !mp_builder_is_text(p, n))
        return 0;
    for (size_t i = 0; i < n; i++)
        if ((!mp_ascii_is_vchar((uint8_t)p[i]) && !(high && (uint8_t)p[i] >= 0x80)) || p[i] == '<' || p[i] == '>')
            return 0;
    return 1;
}

static int is_field_name(const char *name)
{
    static const uint32_t own[] = {MAILPROTO_MIME_FIELD_MIME_VERSION, MAILPROTO_MIME_FIELD_CONTENT_TYPE,
                                   MAILPROTO_MIME_FIELD_CONTENT_TRANSFER_ENCODING};
    size_t n = 0;
    uint32_t id;

    for (; name[n]; n++)
        if (n == MP_BUILDER_NAME || !mp_ascii_is_vchar((uint8_t)name[n]) || name[n] == ':')
            return 0;
    id = mailproto_mime_field_id(name, n);
    return n && id != own[0] && id != own[1] && id != own[2];
}

/* Those that may be in a header once, RFC 5322 3.6 and RFC 2045 3. */
static int is_single(uint32_t id)
{
    return (id >= MAILPROTO_MIME_FIELD_FROM && id <= MAILPROTO_MIME_FIELD_REFERENCES) ||
           (id >= MAILPROTO_MIME_FIELD_MIME_VERSION && id <= MAILPROTO_MIME_FIELD_CONTENT_MD5);
}

/* ---- lines ---- */

void mp_builder_field(mailproto_mime_builder *b, uint32_t node, uint32_t kind, const char *name, uint32_t content)
{
    const size_t n = strlen(name);
    const uint32_t id = mailproto_mime_field_id(name, n);
    mp_builder_open *f = &b->open;

    if (f->in_group)
        mp_builder_fail(b, MAILPROTO_ERR_STATE);
    if (is_single(id) && b->nodes[node].present >> id & 1)
        mp_builder_fail(b, MAILPROTO_ERR_EXISTS);
    b->nodes[node].present |= UINT64_C(1) << id;
    memset(f, 0, sizeof *f);
    f->node = node;
    f->kind = kind;
    f->content = content;
    f->name_n = n;
    memcpy(f->name, name, n);
}

static mp_builder_list *list_of(mailproto_mime_builder *b)
{
    mp_builder_node *node = &b->nodes[b->open.node];

    return b->open.content ? &node->content : &node->fields;
}

/* The name, when something comes for the field. */
static void begin_line(mailproto_mime_builder *b)
{
    mp_builder_open *f = &b->open;

    if (f->begun)
        return;
    f->begun = 1;
    f->fresh = 1;
    f->column = f->name_n + 1;
    if (list_of(b)->first)
        mp_builder_put(b, list_of(b), "\r\n", 2);
    mp_builder_put(b, list_of(b), f->name, f->name_n);
    mp_builder_put(b, list_of(b), ":", 1);
}

void mp_builder_octets(mailproto_mime_builder *b, const char *p, size_t n)
{
    begin_line(b);
    mp_builder_put(b, list_of(b), p, n);
    b->open.column += n;
}

static void fold(mailproto_mime_builder *b)
{
    mp_builder_put(b, list_of(b), "\r\n", 2);
    b->open.column = 0;
}

void mp_builder_word(mailproto_mime_builder *b, const char *gap, size_t gap_n, const char *p, size_t n)
{
    begin_line(b);
    if (b->open.column + gap_n + n > MP_BUILDER_COLUMNS && (!b->open.fresh || gap_n + n <= MP_BUILDER_COLUMNS))
        fold(b); /* behind the name only where that helps */
    mp_builder_octets(b, gap, gap_n);
    mp_builder_octets(b, p, n);
    b->open.fresh = 0;
}

/* The first word is what is left of the line, if that is worth it. */
void mp_builder_encoded(mailproto_mime_builder *b, const char *gap, size_t gap_n, const char *p, size_t n,
                        uint32_t flags)
{
    enum { WORTH = 40 };

    begin_line(b);
    while (n && !b->failed) {
        char word[MAILPROTO_WORD_LENGTH];
        size_t took, made, room = b->open.column + gap_n;

        room = room < MP_BUILDER_COLUMNS ? MP_BUILDER_COLUMNS - room : 0;
        if (room < WORTH && (!b->open.fresh || room < MAILPROTO_WORD_LEAST)) {
            fold(b);
            room = MP_BUILDER_COLUMNS - gap_n;
        }
        if (room > MAILPROTO_WORD_LENGTH)
            room = MAILPROTO_WORD_LENGTH;
        if (mailproto_word_encode(p, n, flags, room, &took, word, sizeof word, &made)) {
            mp_builder_fail(b, MAILPROTO_ERR_ARG);
            return;
        }
        mp_builder_octets(b, gap, gap_n);
        mp_builder_octets(b, word, made);
        b->open.fresh = 0;
        p += took;
        n -= took;
        gap = " ";
        gap_n = 1;
    }
}

/* ---- unstructured text ---- */

static size_t blanks_at(const char *p, size_t n)
{
    size_t i = 0;

    while (i < n && mp_ascii_is_wsp(p[i]))
        i++;
    return i;
}

static size_t word_at(const char *p, size_t n)
{
    size_t i = 0;

    while (i < n && !mp_ascii_is_wsp(p[i]))
        i++;
    return i;
}

/* Whether a word cannot stand for itself. */
static int needs_encoding(const mailproto_mime_builder *b, const char *p, size_t n)
{
    const int high = b->config.flags & MAILPROTO_MIME_BUILDER_SMTPUTF8;

    for (size_t i = 0; i < n; i++)
        if ((!mp_ascii_is_vchar((uint8_t)p[i]) && !(high && (uint8_t)p[i] >= 0x80)) ||
            (p[i] == '=' && i + 1 < n && p[i + 1] == '?'))
            return 1;
    return n > MP_BUILDER_WORD;
}

/* Where the words begin and end that are encoded, with all that is between them; nothing: *from is n. Gaps that would fill
   a line are encoded, and so are blanks at the ends. */
static void encoded_range(const mailproto_mime_builder *b, const char *p, size_t n, size_t *from, size_t *to)
{
    enum { GAP = 30 };

    *from = n;
    *to = 0;
    for (size_t i = 0; i < n;) {
        const size_t gap = blanks_at(p + i, n - i), begin = i + gap, word = word_at(p + begin, n - begin);
        const int end = begin + word == n && !word, odd = (gap && (!i || end)) || gap > GAP;

        if (odd || needs_encoding(b, p + begin, word)) {
            if (*from == n)
                *from = odd ? i : begin;
            *to = begin + word;
        }
        i = begin + word;
    }
    /* what is encoded begins and ends at a word: blanks stand on one side of it only */
    while (*from > 0 && *from < n && !mp_ascii_is_wsp(p[*from - 1]))
        --*from;
}

/* Words that stand for themselves; `gap` is what stands before the first. */
static void plain_words(mailproto_mime_builder *b, const char *p, size_t n, int first)
{
    for (size_t i = 0; i < n;) {
        const size_t gap = blanks_at(p + i, n - i), word = word_at(p + i + gap, n - i - gap);

        if (word)
            mp_builder_word(b, first ? " " : p + i, first ? 1 : gap, p + i + gap, word);
        first = 0;
        i += gap + word;
    }
}

void mp_builder_unstructured(mailproto_mime_builder *b, const char *p, size_t n)
{
    size_t from, to, gap;

    begin_line(b);
    encoded_range(b, p, n, &from, &to);
    if (from == n) {
        plain_words(b, p, n, 1);
        return;
    }
    for (gap = 0; gap < from && mp_ascii_is_wsp(p[from - 1 - gap]);)
        gap++;
    plain_words(b, p, from - gap, 1);
    mp_builder_encoded(b, gap ? p + from - gap : " ", gap ? gap : 1, p + from, to - from, 0);
    plain_words(b, p + to, n - to, 0);
}

/* What the host has written: only its blanks are places to fold. */
void mp_builder_structured(mailproto_mime_builder *b, const char *p, size_t n)
{
    const int high = b->config.flags & MAILPROTO_MIME_BUILDER_SMTPUTF8;
    const size_t before = blanks_at(p, n);
    int first = 1;

    begin_line(b);
    p += before;
    n -= before;
    while (n && mp_ascii_is_wsp(p[n - 1]))
        n--;
    for (size_t i = 0; i < n;) {
        const size_t gap = blanks_at(p + i, n - i), word = word_at(p + i + gap, n - i - gap);

        for (size_t k = i + gap; k < i + gap + word; k++)
            if (!mp_ascii_is_vchar((uint8_t)p[k]) && !(high && (uint8_t)p[k] >= 0x80))
                mp_builder_fail(b, MAILPROTO_ERR_ARG);
        if (gap + word > MP_BUILDER_WORD)
            mp_builder_fail(b, MAILPROTO_ERR_LIMIT);
        mp_builder_word(b, first ? " " : p + i, first ? 1 : gap, p + i + gap, word);
        first = 0;
        i += gap + word;
    }
}

/* ---- parameters ---- */

enum { PARAMETER_ROOM = MP_BUILDER_COLUMNS - 2, SECTIONS = 256 };

/* name="value", if it fits into a line. 0: it does not, or it has what may not stand there. */
static size_t quoted(const char *name, const char *value, size_t n, char *out)
{
    size_t at = strlen(name);

    if (n > PARAMETER_ROOM)
        return 0;
    memcpy(out, name, at);
    out[at++] = '=';
    if (mp_builder_is_token(value, n) && at + n <= PARAMETER_ROOM) {
        memcpy(out + at, value, n);
        return at + n;
    }
    out[at++] = '"';
    for (size_t i = 0; i < n; i++) {
        if ((!mp_ascii_is_vchar((uint8_t)value[i]) && value[i] != ' ') ||
            (value[i] == '=' && i + 1 < n && value[i + 1] == '?') || at + 3 > PARAMETER_ROOM)
            return 0;
        if (value[i] == '"' || value[i] == '\\')
            out[at++] = '\\';
        out[at++] = value[i];
    }
    out[at++] = '"';
    return at;
}

/* name*= or name*0*= and so on: "=" and what stands before it. */
static size_t extended_name(const char *name, uint32_t number, int whole, char *out)
{
    size_t at = strlen(name);

    memcpy(out, name, at);
    out[at++] = '*';
    if (!whole) {
        at += mp_ascii_write_decimal(out + at, number);
        out[at++] = '*';
    }
    out[at++] = '=';
    if (!number) {
        memcpy(out + at, "UTF-8''", 7);
        at += 7;
    }
    return at;
}

static void extended(mailproto_mime_builder *b, const char *name, const char *value, size_t n)
{
    char line[MP_BUILDER_COLUMNS + MP_ASCII_DECIMAL_MAX];
    size_t at = extended_name(name, 0, 1, line), took = 0, made;

    if (!mailproto_parameter_value_encode(value, n, PARAMETER_ROOM - at, &took, line + at, PARAMETER_ROOM - at,
                                          &made) &&
        took == n) {
        mp_builder_word(b, " ", 1, line, at + made);
        return;
    }
    for (uint32_t number = 0; n; number++) {
        at = extended_name(name, number, 0, line);
        if (number == SECTIONS)
            mp_builder_fail(b, MAILPROTO_ERR_LIMIT);
        if (b->failed || mailproto_parameter_value_encode(value, n, PARAMETER_ROOM - at, &took, line + at,
                                                          PARAMETER_ROOM - at, &made)) {
            mp_builder_fail(b, MAILPROTO_ERR_ARG);
            return;
        }
        if (number)
            mp_builder_octets(b, ";", 1);
        mp_builder_word(b, " ", 1, line, at + made);
        value += took;
        n -= took;
    }
}

void mp_builder_parameter(mailproto_mime_builder *b, const char *name, const char *value, size_t n)
{
    char line[MP_BUILDER_COLUMNS + 8];
    const size_t made = quoted(name, value, n, line);

    mp_builder_octets(b, ";", 1);
    if (made)
        mp_builder_word(b, " ", 1, line, made);
    else
        extended(b, name, value, n);
}

int32_t mailproto_mime_builder_parameter(mailproto_mime_builder *b, const char *name, const char *value, size_t n)
{
    enum { NAME_MAX_ = 40 };
    mp_builder_mark mark;
    int32_t result = mp_builder_may(b, 0);

    if (result || !name || !mp_builder_is_token(name, strlen(name)) || strlen(name) > NAME_MAX_ ||
        !mp_builder_is_text(value, n))
        return result ? result : MAILPROTO_ERR_ARG;
    if (b->open.kind != MP_BUILDER_VALUE)
        return MAILPROTO_ERR_STATE;
    if (b->open.content && mp_ascii_equal(name, strlen(name), "boundary"))
        return MAILPROTO_ERR_ARG;
    mp_builder_begin(b, b->open.node, &mark);
    mp_builder_parameter(b, name, value, n);
    return mp_builder_end(b, &mark);
}

/* ---- fields ---- */

/* What all calls that begin a field check. */
static int32_t begin_field(mailproto_mime_builder *b, uint32_t node, uint32_t kind, const char *name,
                           mp_builder_mark *mark)
{
    int32_t result = mp_builder_may(b, node);

    if (result || !name || !is_field_name(name))
        return result ? result : MAILPROTO_ERR_ARG;
    if (b->nodes[node].kind == MP_BUILDER_RAW)
        return MAILPROTO_ERR_STATE;
    mp_builder_begin(b, node, mark);
    mp_builder_field(b, node, kind, name, 0);
    return MAILPROTO_OK;
}

int32_t mailproto_mime_builder_text(mailproto_mime_builder *b, uint32_t node, const char *name, const char *text,
                                    size_t n)
{
    mp_builder_mark mark;
    int32_t result =
        mp_builder_is_text(text, n) ? begin_field(b, node, MP_BUILDER_CLOSED, name, &mark) : MAILPROTO_ERR_ARG;

    if (result)
        return result;
    mp_builder_unstructured(b, text, n);
    return mp_builder_end(b, &mark);
}

int32_t mailproto_mime_builder_value(mailproto_mime_builder *b, uint32_t node, const char *name, const char *value,
                                     size_t n)
{
    mp_builder_mark mark;
    int32_t result =
        mp_builder_is_text(value, n) ? begin_field(b, node, MP_BUILDER_VALUE, name, &mark) : MAILPROTO_ERR_ARG;

    if (result)
        return result;
    mp_builder_structured(b, value, n);
    return mp_builder_end(b, &mark);
}

int32_t mailproto_mime_builder_date(mailproto_mime_builder *b, uint32_t node, const char *name,
                                    const mailproto_mime_date *date)
{
    mailproto_mime_date present;
    char text[MAILPROTO_MIME_DATE_LENGTH];
    mp_builder_mark mark;
    size_t n;
    int32_t result;

    if (!b)
        return MAILPROTO_ERR_ARG;
    mailproto_mime_date_init(&present, sizeof present);
    present.seconds = b->config.wall_seconds;
    present.zone_minutes = b->config.zone_minutes;
    present.flags = MAILPROTO_MIME_DATE_ZONE;
    result = mailproto_mime_date_write(date ? date : &present, text, sizeof text, &n);
    if (!result)
        result = begin_field(b, node, MP_BUILDER_CLOSED, name, &mark);
    if (result)
        return result;
    mp_builder_word(b, " ", 1, text, n);
    return mp_builder_end(b, &mark);
}

int32_t mailproto_mime_builder_addresses(mailproto_mime_builder *b, uint32_t node, const char *name)
{
    mp_builder_mark mark;
    int32_t result = begin_field(b, node, MP_BUILDER_ADDRESSES, name, &mark);

    return result ? result : mp_builder_end(b, &mark);
}

int32_t mailproto_mime_builder_message_ids(mailproto_mime_builder *b, uint32_t node, const char *name)
{
    mp_builder_mark mark;
    int32_t result = begin_field(b, node, MP_BUILDER_IDS, name, &mark);

    return result ? result : mp_builder_end(b, &mark);
}
