/* file_name.c - all the names that a part is given for its file, which is the best, and whether they are the same.
 * RFC 2183 section 2.3; RFC 2231; RFC 6266 section 4.3 (which of them counts). */
#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "mailproto/mime_content.h"
#include "mime/parameter.h"

#define BIT(name) MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_##name)

/* What is compared of a name; and ranks, the lowest is the best. */
enum { COMPARED = 1024, NO_RANK = 100 };

int32_t mailproto_mime_file_name_init(mailproto_mime_file_name *name, size_t size)
{
    return mp_struct_init(name, size);
}

/* ---- which parameters are names ---- */

static const mailproto_mime_parameters *list_of(const mailproto_mime_file_names *reader, uint32_t source)
{
    return source == MAILPROTO_MIME_FILE_DISPOSITION ? reader->disposition : reader->type;
}

/* How good a parameter is as a name, NO_RANK: it is none. */
static uint32_t rank_of(const mailproto_mime_parameters *list, uint32_t index, uint32_t source)
{
    const mp_section *section = mp_section_at(list, index);
    const char *name = list->field.ptr + section->name;
    uint32_t plain = !(section->flags & MP_SECTION_EXTENDED) && section->number == MP_SECTION_NONE;

    if (section->head != index)
        return NO_RANK;
    if (mp_ascii_equal(name, section->name_length, "filename"))
        return (source == MAILPROTO_MIME_FILE_DISPOSITION ? 0 : 4) + plain;
    if (source == MAILPROTO_MIME_FILE_TYPE && mp_ascii_equal(name, section->name_length, "name"))
        return 2 + plain;
    return NO_RANK;
}

/* ---- what a name says ---- */

/* A name as text, as much of it as is compared. */
struct text {
    char text[COMPARED];
    size_t made;
    uint64_t defects;
};

static void read_text(const mailproto_mime_file_names *reader, uint32_t source, uint32_t index, struct text *text)
{
    mailproto_mime_parameter parameter;

    parameter.struct_size = sizeof parameter;
    parameter.section = index;
    text->defects = 0;
    if (mailproto_mime_parameter_text(list_of(reader, source), &parameter, reader->provider, text->text,
                                      sizeof text->text, &text->made, &text->defects) == MAILPROTO_ERR_HOST)
        text->made = 0;
}

static size_t seen_of(const struct text *text)
{
    return text->made < COMPARED ? text->made : COMPARED;
}

static int is_same(const struct text *a, const struct text *b)
{
    return a->made == b->made && !memcmp(a->text, b->text, seen_of(a));
}

/* U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069: they turn the direction of writing, and hide what a name ends with. */
static int is_turn(const uint8_t *p, size_t n)
{
    return n >= 3 && p[0] == 0xe2 &&
           ((p[1] == 0x80 && ((p[2] | 1) == 0x8f || (p[2] >= 0xaa && p[2] <= 0xae))) ||
            (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
}

static uint32_t flags_of(const struct text *text)
{
    const uint8_t *p = (const uint8_t *)text->text;
    size_t n = seen_of(text), blank = 0;
    uint32_t flags = 0;

    for (size_t i = 0; i < n; i++) {
        if (p[i] == '/' || p[i] == '\\')
            flags |= MAILPROTO_MIME_FILE_PATH;
        if (p[i] < ' ' || p[i] == 127 || is_turn(p + i, n - i))
            flags |= MAILPROTO_MIME_FILE_CONTROL;
        blank += p[i] == ' ' || p[i] == '.' || p[i] == '\t';
    }
    if (n > 1 && p[1] == ':' && mp_ascii_is_alpha(p[0]))
        flags |= MAILPROTO_MIME_FILE_PATH;
    if (blank == n)
        flags |= MAILPROTO_MIME_FILE_EMPTY;
    if (n && n <= 2 && p[0] == '.' && p[n - 1] == '.')
        flags |= MAILPROTO_MIME_FILE_PATH;
    return flags;
}

/* ---- the reader ---- */

/* Goes to the next parameter that is a name; 0 if there is none. */
static int step(const mailproto_mime_file_names *reader, uint32_t *source, uint32_t *at)
{
    for (; *source <= MAILPROTO_MIME_FILE_TYPE; ++*source, *at = 0) {
        const mailproto_mime_parameters *list = list_of(reader, *source);

        for (; list && *at < list->count; ++*at)
            if (rank_of(list, *at, *source) != NO_RANK)
                return 1;
    }
    return 0;
}

/* Counts the names, finds the best, and whether all are the same. */
static void look_at_all(mailproto_mime_file_names *reader)
{
    uint32_t best = NO_RANK, source = MAILPROTO_MIME_FILE_DISPOSITION, at = 0;
    struct text first, text;

    for (; step(reader, &source, &at); at++) {
        uint32_t rank = rank_of(list_of(reader, source), at, source);

        read_text(reader, source, at, reader->count ? &text : &first);
        if (reader->count++ && !is_same(&first, &text))
            reader->defects |= BIT(FILE_NAMES);
        if (rank < best && !(flags_of(reader->count > 1 ? &text : &first) & MAILPROTO_MIME_FILE_EMPTY)) {
            best = rank;
            reader->best_source = source;
            reader->best_section = at;
            reader->best_made = reader->count > 1 ? text.made : first.made;
        }
    }
}

int32_t mailproto_mime_file_names_init(mailproto_mime_file_names *reader, size_t size,
                                       const mailproto_mime_parameters *disposition,
                                       const mailproto_mime_parameters *type,
                                       const mailproto_charset_provider *provider)
{
    if (!reader || size < sizeof *reader || (disposition && disposition->struct_size < sizeof *disposition) ||
        (type && type->struct_size < sizeof *type))
        return MAILPROTO_ERR_ARG;
    memset(reader, 0, sizeof *reader);
    reader->struct_size = sizeof *reader;
    reader->disposition = disposition;
    reader->type = type;
    reader->provider = provider;
    reader->source = MAILPROTO_MIME_FILE_DISPOSITION;
    look_at_all(reader);
    return MAILPROTO_OK;
}

int32_t mailproto_mime_file_names_next(mailproto_mime_file_names *reader, mailproto_mime_file_name *name)
{
    struct text text, best;

    if (!reader || reader->struct_size < sizeof *reader || !name || name->struct_size < sizeof *name)
        return MAILPROTO_ERR_ARG;
    if (!step(reader, &reader->source, &reader->at))
        return MAILPROTO_MIME_END;
    name->parameter.struct_size = sizeof name->parameter;
    name->source = reader->source;
    name->zero = name->parameter.zero = 0;
    mp_parameter_fill(list_of(reader, reader->source), reader->at, &name->parameter);
    read_text(reader, reader->source, reader->at, &text);
    name->flags = flags_of(&text);
    name->defects = name->parameter.defects | text.defects | (reader->defects & BIT(FILE_NAMES));
    if (reader->source == reader->best_source && reader->at == reader->best_section)
        name->flags |= MAILPROTO_MIME_FILE_BEST;
    else if (reader->best_source) {
        /* a name of another length is not decoded again and again */
        if (text.made == reader->best_made)
            read_text(reader, reader->best_source, reader->best_section, &best);
        if (text.made != reader->best_made || !is_same(&text, &best))
            name->flags |= MAILPROTO_MIME_FILE_DIFFERENT;
    }
    reader->at++;
    return MAILPROTO_OK;
}

/* ---- in one call ---- */

/* The parameters of a field, if it is there and has any. */
static const mailproto_mime_parameters *open_list(mailproto_mime_parameters *list, const mailproto_text *parameters)
{
    if (!parameters->len)
        return NULL;
    mailproto_mime_parameters_init(list, sizeof *list, parameters->ptr, parameters->len);
    return list;
}

int32_t mailproto_mime_file_name_text(const mailproto_text *disposition, const mailproto_text *type,
                                      const mailproto_charset_provider *provider, char *out, size_t cap, size_t *made,
                                      uint64_t *defects)
{
    mailproto_mime_parameters lists[2];
    mailproto_mime_disposition disposed = {sizeof disposed, 0, 0, {NULL, 0}, {NULL, 0}};
    mailproto_mime_content_type typed = {sizeof typed, 0, 0, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    mailproto_mime_file_names names;
    mailproto_mime_parameter parameter;

    if ((!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    *made = 0;
    if ((disposition && mailproto_mime_disposition_read(disposition->ptr, disposition->len, &disposed)) ||
        (type && mailproto_mime_content_type_read(type->ptr, type->len, &typed)))
        return MAILPROTO_ERR_ARG;
    mailproto_mime_file_names_init(&names, sizeof names, open_list(&lists[0], &disposed.parameters),
                                   open_list(&lists[1], &typed.parameters), provider);
    if (!names.best_source)
        return MAILPROTO_MIME_END;
    if (defects)
        *defects |= names.defects;
    parameter.struct_size = sizeof parameter;
    parameter.section = names.best_section;
    return mailproto_mime_parameter_text(&lists[names.best_source - 1], &parameter, provider, out, cap, made, defects);
}
