/* structure_content.c - what a header says of the structure: Content-Type, its boundary, Content-Transfer-Encoding.
 * RFC 2045 sections 5 and 6, RFC 2046 sections 5.1 and 5.2. */
#include <string.h>

#include "core/ascii.h"
#include "mailproto/mime_content.h"
#include "mime/header_scan.h"
#include "mime/structure.h"

#define BIT(name) (UINT64_C(1) << MAILPROTO_MIME_FIELD_##name)

/* Where a field is read. */
typedef struct cursor {
    const uint8_t *p, *end;
} cursor;

/* Octets of a token: RFC 2045 5.1, but for controls and those above 127. */
static int is_token(uint8_t octet)
{
    static const uint64_t sets[2] = {UINT64_C(0x03ff6cfa00000000), UINT64_C(0x7fffffffc7fffffe)};

    return octet < 128 && (sets[octet >> 6] >> (octet & 63) & 1);
}

static void skip_blanks(cursor *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\r' || *c->p == '\n'))
        c->p++;
}

static mailproto_text token(cursor *c)
{
    const uint8_t *begin = c->p;

    while (c->p < c->end && is_token(*c->p))
        c->p++;
    return (mailproto_text){(const char *)begin, (size_t)(c->p - begin)};
}

static int at_octet(const cursor *c, uint8_t octet)
{
    return c->p < c->end && *c->p == octet;
}

/* type "/" subtype, then the end or ";". 0: it is not so plain. */
static int plain_type(cursor *c, mailproto_text *type, mailproto_text *subtype)
{
    skip_blanks(c);
    *type = token(c);
    if (!type->len || !at_octet(c, '/'))
        return 0;
    c->p++;
    *subtype = token(c);
    skip_blanks(c);
    return subtype->len && (c->p == c->end || *c->p == ';');
}

/* The boundary among plain parameters: name=token, name="text without a backslash or line end". 1: it is there; 0: it is not
   so plain. */
static int plain_boundary(cursor *c, mailproto_text *boundary)
{
    while (at_octet(c, ';')) {
        mailproto_text name;

        c->p++;
        skip_blanks(c);
        name = token(c);
        if (!name.len || memchr(name.ptr, '*', name.len) || !at_octet(c, '='))
            return 0;
        c->p++;
        if (at_octet(c, '"')) {
            const uint8_t *quote = memchr(c->p + 1, '"', (size_t)(c->end - c->p - 1));

            if (!quote)
                return 0;
            *boundary = (mailproto_text){(const char *)c->p + 1, (size_t)(quote - c->p) - 1};
            c->p = quote + 1;
            if (memchr(boundary->ptr, '\\', boundary->len) || memchr(boundary->ptr, '\n', boundary->len))
                return 0;
        } else {
            *boundary = token(c);
        }
        skip_blanks(c);
        if (!boundary->len || (c->p < c->end && *c->p != ';'))
            return 0;
        if (mp_ascii_equal(name.ptr, name.len, "boundary"))
            return 1;
    }
    return 0;
}

/* Blanks at the end of a line are nothing, so they are none at the end of a boundary. */
static int32_t keep_boundary(mp_structure *s, mailproto_text boundary, uint64_t at)
{
    uint8_t *room;

    while (boundary.len && (mp_ascii_is_wsp(boundary.ptr[boundary.len - 1])))
        boundary.len--;
    if (boundary.len < 1 || boundary.len > 70)
        mp_structure_tell(s, MAILPROTO_MIME_DEFECT_BOUNDARY_LENGTH, at);
    if (!boundary.len || boundary.len > MP_BOUNDARY_MAX || memchr(boundary.ptr, '\n', boundary.len))
        return MAILPROTO_OK;
    room = mp_structure_boundary_room(s, (uint32_t)boundary.len);
    if (!room)
        return MAILPROTO_ERR_NOMEM;
    memcpy(room, boundary.ptr, boundary.len);
    s->content.boundary_n = (uint32_t)boundary.len;
    return MAILPROTO_OK;
}

static void set_type(mp_structure *s, const uint8_t *value, uint64_t at, mailproto_text type, mailproto_text subtype)
{
    mp_content *c = &s->content;

    if (type.len > MP_TYPE_MAX || subtype.len > MP_TYPE_MAX) {
        mp_structure_tell(s, MAILPROTO_MIME_DEFECT_CONTENT_TYPE, at);
        return;
    }
    c->type = (mp_range){at + (uint64_t)((const uint8_t *)type.ptr - value), (uint32_t)type.len};
    c->subtype = (mp_range){at + (uint64_t)((const uint8_t *)subtype.ptr - value), (uint32_t)subtype.len};
    if (type.len == 9 && mp_ascii_same(type.ptr, "multipart", 9)) {
        c->kind = MAILPROTO_MIME_MULTIPART;
        c->digest = (uint32_t)mp_ascii_equal(subtype.ptr, subtype.len, "digest");
    } else if (type.len == 7 && mp_ascii_same(type.ptr, "message", 7) &&
               (mp_ascii_equal(subtype.ptr, subtype.len, "rfc822") ||
                mp_ascii_equal(subtype.ptr, subtype.len, "global"))) {
        c->kind = MAILPROTO_MIME_MESSAGE;
    }
}

/* Comments, folds inside of words, no quotes, sections of RFC 2231: what is seen in the wild is read in full. */
static int32_t odd_boundary(mp_structure *s, mailproto_text parameters, uint64_t at)
{
    mailproto_mime_parameters list;
    mailproto_mime_parameter found;
    char boundary[MP_BOUNDARY_MAX];
    size_t n = 0;
    int32_t result;

    mailproto_mime_parameter_init(&found, sizeof found);
    if (mailproto_mime_parameters_init(&list, sizeof list, parameters.ptr, parameters.len) ||
        mailproto_mime_parameters_get(&list, "boundary", &found))
        return MAILPROTO_OK;
    if (found.flags & (MAILPROTO_MIME_PARAMETER_EXTENDED | MAILPROTO_MIME_PARAMETER_CONTINUED))
        result = mailproto_mime_parameter_text(&list, &found, NULL, boundary, sizeof boundary, &n, NULL);
    else
        result = mailproto_mime_parameter_raw(&found, boundary, sizeof boundary, &n);
    return keep_boundary(s, (mailproto_text){boundary, result ? MP_BOUNDARY_MAX + 1 : n}, at);
}

static int32_t odd_type(mp_structure *s, const uint8_t *value, uint32_t n, uint64_t at)
{
    mailproto_mime_content_type type;

    mailproto_mime_content_type_init(&type, sizeof type);
    mailproto_mime_content_type_read(value, n, &type);
    if (type.defects & MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_CONTENT_TYPE) || !type.subtype.len) {
        mp_structure_tell(s, MAILPROTO_MIME_DEFECT_CONTENT_TYPE, at);
        return MAILPROTO_OK;
    }
    set_type(s, value, at, type.type, type.subtype);
    return s->content.kind == MAILPROTO_MIME_MULTIPART ? odd_boundary(s, type.parameters, at) : MAILPROTO_OK;
}

int32_t mp_content_type(mp_structure *s, const uint8_t *value, uint32_t n, uint64_t at)
{
    cursor c = {value, value + n};
    mailproto_text type, subtype, boundary;
    const uint8_t *parameters;

    s->content.value = (mp_range){at, n};
    if (!plain_type(&c, &type, &subtype))
        return odd_type(s, value, n, at);
    set_type(s, value, at, type, subtype);
    if (s->content.kind != MAILPROTO_MIME_MULTIPART)
        return MAILPROTO_OK;
    parameters = c.p;
    if (plain_boundary(&c, &boundary))
        return keep_boundary(s, boundary, at);
    return odd_boundary(s, (mailproto_text){(const char *)parameters, (size_t)(value + n - parameters)}, at);
}

/* ---- Content-Transfer-Encoding ---- */

void mp_content_encoding(mp_structure *s, const uint8_t *value, uint32_t n, uint64_t at)
{
    static const struct {
        char name[20];
        uint32_t encoding;
    } usual[] = {{"7bit", MAILPROTO_MIME_ENCODING_7BIT},
                 {"8bit", MAILPROTO_MIME_ENCODING_8BIT},
                 {"base64", MAILPROTO_MIME_ENCODING_BASE64},
                 {"quoted-printable", MAILPROTO_MIME_ENCODING_QUOTED_PRINTABLE}};
    uint64_t defects = 0;

    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (mp_ascii_equal(value, n, usual[i].name)) {
            s->content.encoding = usual[i].encoding;
            return;
        }
    if (mailproto_mime_transfer_encoding_read(value, n, &s->content.encoding, NULL, &defects))
        s->content.encoding = MAILPROTO_MIME_ENCODING_UNKNOWN;
    for (uint32_t defect = 0; defects; defect++, defects >>= 1)
        if (defects & 1)
            mp_structure_tell(s, defect, at);
}

/* ---- MIME-Version ---- */

/* RFC 2045 4: "1.0", with comments and blanks anywhere between. */
void mp_content_version(mp_structure *s, const uint8_t *value, uint32_t n, uint64_t at)
{
    static const char known[] = "1.0";
    mp_scan scan = {value, n, 0};
    size_t i = mp_skip_cfws(&scan, 0, NULL), k = 0;

    while (known[k] && i < n && value[i] == (uint8_t)known[k]) {
        i = mp_skip_cfws(&scan, i + 1, NULL);
        k++;
    }
    if (known[k] || i < n)
        mp_structure_tell(s, MAILPROTO_MIME_DEFECT_VERSION, at);
}

/* ---- the whole header ---- */

static int has(const mp_structure *s, uint32_t id)
{
    return (s->present >> id & 1) != 0;
}

/* RFC 2046 5.1.5: in a digest, what has no type is a message. What was not looked at are mere octets. */
static void take_default(mp_structure *s)
{
    mp_open *top = mp_structure_top(s);

    top->flags |= MAILPROTO_MIME_PART_DEFAULT_TYPE;
    if (top->flags & MAILPROTO_MIME_PART_OPAQUE) {
        s->content.by_default = MP_DEFAULT_OCTETS;
    } else if (s->open_n > 1 && top[-1].digest && !has(s, MAILPROTO_MIME_FIELD_CONTENT_TYPE)) {
        s->content.by_default = MP_DEFAULT_MESSAGE;
        s->content.kind = MAILPROTO_MIME_MESSAGE;
    }
}

/* RFC 2045 4: a message says that it is MIME, a part of one need not. */
static void want_version(mp_structure *s)
{
    static const uint64_t mime = BIT(CONTENT_TYPE) | BIT(CONTENT_TRANSFER_ENCODING) | BIT(CONTENT_DISPOSITION) |
                                 BIT(CONTENT_ID) | BIT(CONTENT_DESCRIPTION);
    const mp_open *top = mp_structure_top(s);

    if ((s->present & mime) && !has(s, MAILPROTO_MIME_FIELD_MIME_VERSION) &&
        (s->open_n == 1 || top[-1].kind == MAILPROTO_MIME_MESSAGE))
        mp_structure_tell(s, MAILPROTO_MIME_DEFECT_VERSION, top->begin);
}

/* The texts of a default type, NUL-terminated. */
const char *mp_content_default(uint32_t by_default, const char **subtype)
{
    static const char *const texts[][2] = {{"text", "plain"}, {"message", "rfc822"}, {"application", "octet-stream"}};

    *subtype = texts[by_default][1];
    return texts[by_default][0];
}

static void be_leaf(mp_structure *s, uint32_t defect, uint32_t flag)
{
    mp_structure_tell(s, defect, mp_structure_top(s)->begin);
    mp_structure_top(s)->flags |= flag;
    s->content.kind = MAILPROTO_MIME_LEAF;
}

void mp_content_end(mp_structure *s)
{
    mp_content *c = &s->content;

    if (mp_structure_top(s)->flags & MAILPROTO_MIME_PART_OPAQUE)
        c->kind = MAILPROTO_MIME_LEAF;
    want_version(s);
    if (!c->type.n)
        take_default(s);
    if (c->kind == MAILPROTO_MIME_LEAF)
        return;
    if (c->encoding > MAILPROTO_MIME_ENCODING_BINARY) { /* 7bit, 8bit, binary, and what is unknown, hide nothing */
        if (c->kind == MAILPROTO_MIME_MESSAGE) {
            be_leaf(s, MAILPROTO_MIME_DEFECT_ENCODING_OF_PARTS, MAILPROTO_MIME_PART_OPAQUE);
            return;
        }
        mp_structure_tell(s, MAILPROTO_MIME_DEFECT_ENCODING_OF_PARTS, mp_structure_top(s)->begin);
    }
    if (s->open_n > s->max_depth)
        be_leaf(s, MAILPROTO_MIME_DEFECT_DEPTH_MANY, MAILPROTO_MIME_PART_OPAQUE);
    else if (c->kind == MAILPROTO_MIME_MULTIPART && !c->boundary_n)
        be_leaf(s, MAILPROTO_MIME_DEFECT_NO_BOUNDARY, MAILPROTO_MIME_PART_OPAQUE);
    else if (c->kind == MAILPROTO_MIME_MULTIPART && mp_structure_is_open(s))
        mp_structure_tell(s, MAILPROTO_MIME_DEFECT_BOUNDARY_NESTED, mp_structure_top(s)->begin);
}
