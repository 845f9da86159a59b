/* imap_section.c - BODY[section]: which octets of a message a section names.
 * RFC 3501 section 6.4.5; RFC 9051 section 6.4.5. */
#include "core/ascii.h"
#include "core/memory.h"
#include "mime/imap_names.h"

#define NO_PART MAILPROTO_MIME_NO_PART

/* The section's text, as it is read. */
typedef struct cursor {
    const uint8_t *p;
    size_t n, at;
} cursor;

/* Where the numbers led. */
typedef struct place {
    uint32_t part;  /* NO_PART: the empty part of `whole` */
    uint32_t whole; /* the part that the last number was counted in */
    int is_message; /* the message as a whole: no number was given since it began */
} place;

/* ---- numbers ---- */

/* The message in a part, if it has one. */
static int enter_message(const mailproto_mime_tree *tree, place *where)
{
    if (where->part == NO_PART || tree->parts[where->part].kind != MAILPROTO_MIME_MESSAGE ||
        !tree->parts[where->part].children)
        return 0;
    where->part++;
    where->is_message = 1;
    return 1;
}

/* Goes to a part by its number. A message that is no multipart has one part, number 1, which is its own body. */
static int enter_part(const mailproto_mime_tree *tree, place *where, uint64_t number)
{
    const mp_tree_part *of;

    if (where->part == NO_PART)
        return 0;
    if (!where->is_message && tree->parts[where->part].kind != MAILPROTO_MIME_MULTIPART && !enter_message(tree, where))
        return 0;
    of = &tree->parts[where->whole = where->part];
    where->is_message = 0;
    if (of->kind != MAILPROTO_MIME_MULTIPART)
        return number == 1;
    if (!of->children) {
        where->part = NO_PART;
        return number == 1;
    }
    where->part = number <= of->children ? mailproto_mime_tree_child(tree, where->part, (uint32_t)number) : NO_PART;
    return where->part != NO_PART;
}

/* Numbers with dots between. *numbers: how many there are. A part that is not there is looked for no further, but what
   follows must be a section all the same. */
static int32_t read_numbers(const mailproto_mime_tree *tree, cursor *c, place *where, uint32_t *numbers, int *missing)
{
    while (c->at < c->n && mp_ascii_is_digit(c->p[c->at])) {
        uint64_t number = 0;
        const size_t digits = mp_ascii_read_decimal(c->p + c->at, c->n - c->at, &number);

        if (c->p[c->at] == '0' || !digits || number > UINT32_MAX)
            return MAILPROTO_ERR_PROTOCOL;
        c->at += digits;
        *numbers = 1;
        if (!*missing && !enter_part(tree, where, number))
            *missing = 1;
        if (c->at == c->n)
            return MAILPROTO_OK;
        if (c->p[c->at] != '.' || ++c->at == c->n)
            return MAILPROTO_ERR_PROTOCOL;
    }
    return MAILPROTO_OK;
}

/* ---- words ---- */

static int32_t read_word(mailproto_mime_imap_section *s, cursor *c, uint32_t numbers)
{
    /* of two that begin alike the longer one first */
    static const struct {
        char word[20];
        uint8_t what;
    } words[] = {{"HEADER.FIELDS.NOT (", MAILPROTO_MIME_IMAP_FIELDS_NOT},
                 {"HEADER.FIELDS (", MAILPROTO_MIME_IMAP_FIELDS},
                 {"HEADER", MAILPROTO_MIME_IMAP_HEADER},
                 {"TEXT", MAILPROTO_MIME_IMAP_TEXT},
                 {"MIME", MAILPROTO_MIME_IMAP_MIME}};
    const uint8_t *p = c->p + c->at;
    const size_t n = c->n - c->at;
    size_t octets = 0;

    s->what = numbers ? MAILPROTO_MIME_IMAP_PART : MAILPROTO_MIME_IMAP_WHOLE;
    for (size_t i = 0; n && !octets && i < sizeof words / sizeof *words; i++) {
        octets = mp_ascii_begins(p, n, words[i].word);
        if (octets)
            s->what = words[i].what;
    }
    if (s->what >= MAILPROTO_MIME_IMAP_FIELDS) {
        s->names = (mailproto_text){(const char *)p + octets, n - octets};
        return mp_imap_names_read(s);
    }
    return octets == n && (numbers || s->what != MAILPROTO_MIME_IMAP_MIME) ? MAILPROTO_OK : MAILPROTO_ERR_PROTOCOL;
}

/* What the section names, of the part that the numbers led to. */
static int32_t resolve(mailproto_mime_imap_section *s, place *where, uint32_t numbers)
{
    const mp_tree_part *part;
    const int of_message = s->what != MAILPROTO_MIME_IMAP_PART && s->what != MAILPROTO_MIME_IMAP_MIME;

    if (of_message && numbers && !enter_message(s->tree, where))
        return MAILPROTO_MIME_END;
    s->part = where->part;
    if (s->part == NO_PART) {
        s->begin = s->end = s->tree->parts[where->whole].end;
        return MAILPROTO_OK;
    }
    part = &s->tree->parts[s->part];
    s->begin = part->begin;
    s->end = part->body;
    s->lines = part->header_lines;
    if (s->what == MAILPROTO_MIME_IMAP_PART || s->what == MAILPROTO_MIME_IMAP_TEXT) {
        s->begin = part->body;
        s->end = part->end;
        s->lines = part->body_lines;
    } else if (s->what == MAILPROTO_MIME_IMAP_WHOLE) {
        s->end = part->end;
        s->lines += part->body_lines;
    }
    s->octets = s->end - s->begin;
    if (s->what >= MAILPROTO_MIME_IMAP_FIELDS)
        mp_imap_names_count(s);
    return MAILPROTO_OK;
}

int32_t mailproto_mime_imap_section_init(mailproto_mime_imap_section *section, size_t size,
                                         const mailproto_mime_tree *tree, const void *text, size_t n)
{
    mailproto_mime_imap_section s = {0};
    cursor c = {text ? text : (const void *)"", n, 0};
    place where = {0, 0, 1};
    uint32_t numbers = 0;
    int missing = 0;
    int32_t result;

    if (!section || size < sizeof *section || !tree || !tree->parts_n || (!text && n))
        return MAILPROTO_ERR_ARG;
    s.struct_size = sizeof s;
    s.tree = tree;
    result = read_numbers(tree, &c, &where, &numbers, &missing);
    if (!result)
        result = read_word(&s, &c, numbers);
    if (!result)
        result = missing ? MAILPROTO_MIME_END : resolve(&s, &where, numbers);
    if (!result)
        *section = s;
    return result;
}

/* ---- octets ---- */

static int is_section(const mailproto_mime_imap_section *s)
{
    return s && s->struct_size >= sizeof *s && s->tree;
}

int32_t mailproto_mime_imap_section_next(mailproto_mime_imap_section *section, mailproto_text *piece)
{
    if (!is_section(section) || !piece)
        return MAILPROTO_ERR_ARG;
    if (section->what >= MAILPROTO_MIME_IMAP_FIELDS)
        return mp_imap_names_next(section, piece);
    if (section->at || !section->octets)
        return MAILPROTO_MIME_END;
    section->at = 1;
    *piece = (mailproto_text){(const char *)section->tree->message + section->begin, (size_t)section->octets};
    return MAILPROTO_OK;
}

int32_t mailproto_mime_imap_section_copy(const mailproto_mime_imap_section *section, uint64_t offset, void *out,
                                         size_t cap, size_t *made)
{
    mailproto_mime_imap_section s;
    mailproto_text piece;

    if (!is_section(section) || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    s = *section;
    s.at = s.tail = 0;
    *made = 0;
    while (*made < cap && mailproto_mime_imap_section_next(&s, &piece) == MAILPROTO_OK) {
        const size_t skipped = offset < piece.len ? (size_t)offset : piece.len;
        const size_t rest = piece.len - skipped, n = rest < cap - *made ? rest : cap - *made;

        offset -= skipped;
        if (n)
            memcpy((uint8_t *)out + *made, piece.ptr + skipped, n);
        *made += n;
    }
    return MAILPROTO_OK;
}

/* ---- the section of a part ---- */

static int is_whole_message(const mailproto_mime_tree *tree, uint32_t index)
{
    const uint32_t parent = tree->parts[index].parent;

    return parent == NO_PART || tree->parts[parent].kind == MAILPROTO_MIME_MESSAGE;
}

/* The number of a part in its message; 0: it has none. */
static uint32_t number_of(const mailproto_mime_tree *tree, uint32_t index)
{
    if (!is_whole_message(tree, index))
        return tree->parts[index].number;
    return tree->parts[index].kind != MAILPROTO_MIME_MULTIPART;
}

/* Puts what ends at out[*at], if that is inside of it: from the last octet to the first. */
static void put_before(char *out, size_t *at, const void *p, size_t n)
{
    *at -= n;
    if (out)
        memcpy(out + *at, p, n);
}

/* All of it ends at out[at]; out NULL: it is measured. Gives where it begins. */
static size_t write_name(const mailproto_mime_tree *tree, uint32_t index, char *out, size_t at)
{
    const size_t end = at;

    if (!number_of(tree, index))
        put_before(out, &at, "TEXT", 4);
    for (; index != NO_PART; index = tree->parts[index].parent) {
        uint8_t digits[MP_ASCII_DECIMAL_MAX];
        const uint32_t number = number_of(tree, index);

        if (!number)
            continue;
        if (at != end)
            put_before(out, &at, ".", 1);
        put_before(out, &at, digits, mp_ascii_write_decimal(digits, number));
    }
    return at;
}

int32_t mailproto_mime_imap_section_name(const mailproto_mime_tree *tree, uint32_t index, char *out, size_t cap,
                                         size_t *made)
{
    if (!tree || index >= tree->parts_n || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    *made = SIZE_MAX - write_name(tree, index, NULL, SIZE_MAX);
    if (*made > cap)
        return MAILPROTO_ERR_LIMIT;
    write_name(tree, index, out, *made);
    return MAILPROTO_OK;
}
