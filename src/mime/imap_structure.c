/* imap_structure.c - BODY and BODYSTRUCTURE: the parts of a message, their types, fields and sizes.
 * RFC 3501 section 7.4.2; RFC 9051 section 7.5.2. */
#include "core/ascii.h"
#include "mime/header_scan.h"
#include "mime/imap.h"
#include "mime/parameter.h"

#define FIELD(name) MAILPROTO_MIME_FIELD_##name

/* ---- parameters ---- */

/* As they stand in the field: the sections of a long one are parameters of their own. */
static void put_parameters(mp_imap_out *o, const uint8_t *p, size_t n)
{
    mailproto_mime_parameters list;
    const size_t begin = mp_skip_blanks(p, n, 0);

    if (begin == n || mailproto_mime_parameters_init(&list, sizeof list, p + begin, n - begin) || !list.count) {
        MP_IMAP_PUT(o, "NIL");
        return;
    }
    p += begin;
    for (uint32_t i = 0; i < list.count; i++) {
        const mp_section *s = mp_section_at(&list, i);

        mp_imap_put(o, i ? " " : "(", 1);
        mp_imap_string(o, p + s->name, s->name_whole, 0);
        MP_IMAP_PUT(o, " ");
        mp_imap_string(o, p + s->value, s->length, s->flags & MP_SECTION_QUOTED ? MP_IMAP_UNESCAPE : 0);
    }
    MP_IMAP_PUT(o, ")");
}

/* Those of the Content-Type: what is behind the subtype, if that is followed by nothing odd. */
static void put_type_parameters(mp_imap_out *o, const mailproto_mime_tree *tree, const mp_tree_part *part)
{
    const uint8_t *value = tree->message + part->content_type.at;
    mailproto_mime_content_type type;
    size_t at = 0;

    if (!mp_imap_has(part, FIELD(CONTENT_TYPE))) {
        MP_IMAP_PUT(o, "NIL");
        return;
    }
    if (part->type.n)
        at = (size_t)(part->subtype.at + part->subtype.n - part->content_type.at);
    if (part->type.n && (at == part->content_type.n || value[at] == ';')) {
        put_parameters(o, value + at, part->content_type.n - at);
        return;
    }
    mailproto_mime_content_type_init(&type, sizeof type);
    mailproto_mime_content_type_read(value, part->content_type.n, &type);
    put_parameters(o, (const uint8_t *)type.parameters.ptr, type.parameters.len);
}

/* ---- extension data ---- */

/* Without a type it is an attachment: so is one that is not known (RFC 2183 2.8). */
static void put_disposition(mp_imap_out *o, const mailproto_text *value)
{
    static const char attachment[] = "attachment";
    mailproto_mime_disposition d;

    mailproto_mime_disposition_init(&d, sizeof d);
    mailproto_mime_disposition_read(value->ptr, value->len, &d);
    MP_IMAP_PUT(o, "(");
    if (d.kind == MAILPROTO_MIME_DISPOSITION_NONE)
        d.type = (mailproto_text){attachment, sizeof attachment - 1};
    mp_imap_text(o, &d.type);
    MP_IMAP_PUT(o, " ");
    put_parameters(o, (const uint8_t *)d.parameters.ptr, d.parameters.len);
    MP_IMAP_PUT(o, ")");
}

static void put_languages(mp_imap_out *o, const mailproto_text *value)
{
    mailproto_text word;
    size_t at = 0;
    int any = 0;

    while (mailproto_mime_words_next(value->ptr, value->len, &at, &word) == MAILPROTO_OK) {
        mp_imap_put(o, any ? " " : "(", 1);
        mp_imap_text(o, &word);
        any = 1;
    }
    if (any)
        MP_IMAP_PUT(o, ")");
    else
        MP_IMAP_PUT(o, "NIL");
}

static int is_blank(const mailproto_text *value)
{
    return mp_skip_blanks((const uint8_t *)value->ptr, value->len, 0) == value->len;
}

/* Disposition, language, location: what leaves and multiparts have in common. */
static void put_extension(mp_imap_out *o, const mailproto_mime_tree *tree, const mp_tree_part *part)
{
    const uint64_t fields = UINT64_C(1) << FIELD(CONTENT_DISPOSITION) | UINT64_C(1) << FIELD(CONTENT_LANGUAGE) |
                            UINT64_C(1) << FIELD(CONTENT_LOCATION);
    mailproto_text value;

    if (!(part->present & fields)) {
        MP_IMAP_PUT(o, " NIL NIL NIL");
        return;
    }
    MP_IMAP_PUT(o, " ");
    value = mp_imap_value(tree, part, FIELD(CONTENT_DISPOSITION));
    if (is_blank(&value))
        MP_IMAP_PUT(o, "NIL");
    else
        put_disposition(o, &value);
    MP_IMAP_PUT(o, " ");
    value = mp_imap_value(tree, part, FIELD(CONTENT_LANGUAGE));
    put_languages(o, &value);
    MP_IMAP_PUT(o, " ");
    mp_imap_field(o, tree, part, FIELD(CONTENT_LOCATION), MP_IMAP_NO_BLANKS);
}

static void put_leaf_extension(mp_imap_out *o, const mailproto_mime_tree *tree, const mp_tree_part *part)
{
    MP_IMAP_PUT(o, " ");
    mp_imap_field(o, tree, part, FIELD(CONTENT_MD5), 0);
    put_extension(o, tree, part);
}

/* ---- parts ---- */

static int is_text(const mailproto_mime_tree *tree, const mp_range *range, const char *word)
{
    return mp_ascii_equal(tree->message + range->at, range->n, word);
}

static int is_multipart(const mp_tree_part *part)
{
    return part->kind == MAILPROTO_MIME_MULTIPART;
}

/* Whether it is shown with the envelope and structure of the message in it. */
static int is_message(const mp_imap_out *o, const mailproto_mime_tree *tree, const mp_tree_part *part)
{
    return part->kind == MAILPROTO_MIME_MESSAGE && part->children &&
           (o->flags & MAILPROTO_MIME_IMAP_REV2 || !part->type.n || is_text(tree, &part->subtype, "rfc822"));
}

/* Whether it says that it has parts, but they were not looked at. The grammar has no message/rfc822 and no multipart without
   them. */
static int is_opaque(const mailproto_mime_tree *tree, const mp_tree_part *part)
{
    if (part->kind == MAILPROTO_MIME_LEAF && part->type.n)
        return is_text(tree, &part->type, "multipart") ||
               (is_text(tree, &part->type, "message") &&
                (is_text(tree, &part->subtype, "rfc822") || is_text(tree, &part->subtype, "global")));
    return part->by_default == MP_DEFAULT_MESSAGE && part->kind == MAILPROTO_MIME_LEAF;
}

/* type subtype. Gives whether it is text/..., which has lines. */
static int put_type(mp_imap_out *o, const mailproto_mime_tree *tree, const mp_tree_part *part)
{
    const int opaque = is_opaque(tree, part);
    const uint8_t *message = tree->message;
    mailproto_text type, subtype;

    if (part->type.n && !opaque) {
        type = mp_text_of(message + part->type.at, 0, part->type.n);
        subtype = mp_text_of(message + part->subtype.at, 0, part->subtype.n);
    } else {
        type.ptr = mp_content_default(opaque ? MP_DEFAULT_OCTETS : part->by_default, &subtype.ptr);
        type.len = strlen(type.ptr);
        subtype.len = strlen(subtype.ptr);
    }
    mp_imap_text(o, &type);
    MP_IMAP_PUT(o, " ");
    mp_imap_text(o, &subtype);
    return mp_ascii_equal(type.ptr, type.len, "text");
}

static void put_encoding(mp_imap_out *o, const mailproto_mime_tree *tree, const mp_tree_part *part)
{
    static const char *const names[] = {NULL,     "7bit",       "8bit",  "binary", "quoted-printable",
                                        "base64", "x-uuencode", "x-yenc"};
    const uint32_t known = part->encoding < sizeof names / sizeof *names ? part->encoding : 0;

    if (known)
        mp_imap_string(o, (const uint8_t *)names[known], strlen(names[known]), 0);
    else
        mp_imap_field(o, tree, part, FIELD(CONTENT_TRANSFER_ENCODING), 0);
}

/* parameters, id, description, encoding, octets */
static void put_fields(mp_imap_out *o, const mailproto_mime_tree *tree, const mp_tree_part *part)
{
    put_type_parameters(o, tree, part);
    MP_IMAP_PUT(o, " ");
    mp_imap_field(o, tree, part, FIELD(CONTENT_ID), 0);
    MP_IMAP_PUT(o, " ");
    mp_imap_field(o, tree, part, FIELD(CONTENT_DESCRIPTION), 0);
    MP_IMAP_PUT(o, " ");
    put_encoding(o, tree, part);
    MP_IMAP_PUT(o, " ");
    mp_imap_number(o, part->end - part->body);
}

static void put_lines(mp_imap_out *o, const mp_tree_part *part)
{
    MP_IMAP_PUT(o, " ");
    mp_imap_number(o, part->body_lines);
}

/* What stands before the parts of a part, or all of it. Gives whether its parts follow. */
static int begin_part(mp_imap_out *o, const mailproto_mime_tree *tree, const mp_tree_part *part, int extended)
{
    int has_lines;

    MP_IMAP_PUT(o, "(");
    if (is_multipart(part))
        return part->children != 0;
    has_lines = put_type(o, tree, part);
    MP_IMAP_PUT(o, " ");
    put_fields(o, tree, part);
    if (is_message(o, tree, part)) {
        MP_IMAP_PUT(o, " ");
        mp_imap_envelope(o, tree, part + 1);
        MP_IMAP_PUT(o, " ");
        return 1;
    }
    if (has_lines)
        put_lines(o, part);
    if (extended)
        put_leaf_extension(o, tree, part);
    return 0;
}

/* What stands behind the parts of a part. */
static void end_part(mp_imap_out *o, const mailproto_mime_tree *tree, const mp_tree_part *part, int extended)
{
    if (is_multipart(part)) {
        if (!part->children) {
            MP_IMAP_PUT(o, "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0");
            if (extended)
                MP_IMAP_PUT(o, " NIL NIL NIL NIL");
            MP_IMAP_PUT(o, ")");
        }
        MP_IMAP_PUT(o, " ");
        mp_imap_string(o, tree->message + part->subtype.at, part->subtype.n, 0);
        if (extended) {
            MP_IMAP_PUT(o, " ");
            put_type_parameters(o, tree, part);
            put_extension(o, tree, part);
        }
    } else if (is_message(o, tree, part)) {
        put_lines(o, part);
        if (extended)
            put_leaf_extension(o, tree, part);
    }
    MP_IMAP_PUT(o, ")");
}

/* Depth first, without recursion: parts know whose they are. */
static void put_structure(mp_imap_out *o, const mailproto_mime_tree *tree, int extended)
{
    const mp_tree_part *part = tree->parts;

    for (;;) {
        if (begin_part(o, tree, part, extended)) {
            part++;
            continue;
        }
        end_part(o, tree, part, extended);
        while (part->next == MAILPROTO_MIME_NO_PART) {
            if (part->parent == MAILPROTO_MIME_NO_PART)
                return;
            part = &tree->parts[part->parent];
            end_part(o, tree, part, extended);
        }
        part = &tree->parts[part->next];
    }
}

static int32_t structure(const mailproto_mime_tree *tree, uint32_t flags, int extended, char *out, size_t cap,
                         size_t *made)
{
    mp_imap_out o = {(uint8_t *)out, cap, 0, flags};

    if (!tree || !tree->parts_n || flags > MAILPROTO_MIME_IMAP_REV2 || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    put_structure(&o, tree, extended);
    return mp_imap_done(&o, made);
}

int32_t mailproto_mime_imap_body(const mailproto_mime_tree *tree, uint32_t flags, char *out, size_t cap, size_t *made)
{
    return structure(tree, flags, 0, out, cap, made);
}

int32_t mailproto_mime_imap_bodystructure(const mailproto_mime_tree *tree, uint32_t flags, char *out, size_t cap,
                                          size_t *made)
{
    return structure(tree, flags, 1, out, cap, made);
}
