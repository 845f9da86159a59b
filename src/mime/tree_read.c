/* tree_read.c - what a tree tells: parts, header fields, texts, defects.
 * RFC 2045, RFC 5322 section 2.2. */
#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "mime/tree.h"

int32_t mailproto_mime_part_init(mailproto_mime_part *part, size_t size)
{
    return mp_struct_init(part, size);
}

int32_t mailproto_mime_tree_defect_init(mailproto_mime_tree_defect *defect, size_t size)
{
    return mp_struct_init(defect, size);
}

/* Gives the library's struct to a host that may know a smaller one. */
static int32_t give(void *to, const void *from, size_t size)
{
    uint32_t n;

    memcpy(&n, to, sizeof n);
    if (n < sizeof n)
        return MAILPROTO_ERR_ARG;
    if (n > size)
        memset((uint8_t *)to + size, 0, n - size);
    memcpy((uint8_t *)to + sizeof n, (const uint8_t *)from + sizeof n, (n < size ? n : size) - sizeof n);
    return MAILPROTO_OK;
}

static const mp_tree_part *part_of(const mailproto_mime_tree *tree, uint32_t index)
{
    return tree && index < tree->parts_n ? &tree->parts[index] : NULL;
}

static mailproto_text text_at(const mailproto_mime_tree *tree, uint64_t at, uint64_t n)
{
    return (mailproto_text){(const char *)tree->message + at, (size_t)n};
}

const char *mailproto_mime_tree_message(const mailproto_mime_tree *tree, size_t *n)
{
    if (n)
        *n = tree ? tree->n : 0;
    return tree ? (const char *)tree->message : NULL;
}

/* ---- parts ---- */

uint32_t mailproto_mime_tree_parts(const mailproto_mime_tree *tree)
{
    return tree ? tree->parts_n : 0;
}

static void type_of(const mailproto_mime_tree *tree, const mp_tree_part *part, mailproto_mime_part *p)
{
    const char *type, *subtype;

    if (part->content_type.at)
        p->content_type = text_at(tree, part->content_type.at, part->content_type.n);
    if (part->type.n) {
        p->type = text_at(tree, part->type.at, part->type.n);
        p->subtype = text_at(tree, part->subtype.at, part->subtype.n);
        return;
    }
    type = mp_content_default(part->by_default, &subtype);
    p->type = (mailproto_text){type, strlen(type)};
    p->subtype = (mailproto_text){subtype, strlen(subtype)};
}

int32_t mailproto_mime_tree_part(const mailproto_mime_tree *tree, uint32_t index, mailproto_mime_part *part)
{
    const mp_tree_part *of = part_of(tree, index);
    mailproto_mime_part p = {0};

    if (!of || !part)
        return MAILPROTO_ERR_ARG;
    p.flags = of->flags;
    p.kind = of->kind;
    p.encoding = of->encoding;
    p.depth = of->depth;
    p.number = of->number;
    p.parent = of->parent;
    p.next = of->next;
    p.first_child = of->children ? index + 1 : MAILPROTO_MIME_NO_PART;
    p.children = of->children;
    p.after = of->after;
    p.fields = of->fields;
    p.begin = of->begin;
    p.body = of->body;
    p.end = of->end;
    p.header_lines = of->header_lines;
    p.body_lines = of->body_lines;
    p.first = of->first;
    p.last = of->last;
    p.defects = of->defects;
    type_of(tree, of, &p);
    return give(part, &p, sizeof p);
}

uint32_t mailproto_mime_tree_child(const mailproto_mime_tree *tree, uint32_t index, uint32_t number)
{
    const mp_tree_part *of = part_of(tree, index);
    uint32_t child = index + 1;

    if (!of || !number || number > of->children)
        return MAILPROTO_MIME_NO_PART;
    while (--number)
        child = tree->parts[child].next;
    return child;
}

/* ---- header fields ---- */

int32_t mailproto_mime_tree_field(const mailproto_mime_tree *tree, uint32_t index, uint32_t n,
                                  mailproto_mime_field *field)
{
    const mp_tree_part *of = part_of(tree, index);
    const mp_field *f;
    mailproto_mime_field out = {0};

    if (!of || !field)
        return MAILPROTO_ERR_ARG;
    if (n >= of->fields)
        return MAILPROTO_MIME_END;
    f = &tree->fields[of->field + n];
    out.id = f->id;
    out.flags = f->flags;
    out.part = index;
    out.offset = f->begin;
    out.name = text_at(tree, f->begin, f->name_n);
    out.value = text_at(tree, f->begin + f->value, f->value_n);
    out.raw = text_at(tree, f->begin, f->octets);
    return give(field, &out, sizeof out);
}

/* Positions past the range of the table are looked for from its end on. */
static uint32_t first_of(const mailproto_mime_tree *tree, const mp_tree_part *of, uint32_t id)
{
    uint32_t n = of->known[id];

    if (n == UINT16_MAX)
        while (tree->fields[of->field + n].id != id)
            n++;
    return n;
}

int32_t mailproto_mime_tree_find(const mailproto_mime_tree *tree, uint32_t index, uint32_t id, uint32_t *n,
                                 mailproto_mime_field *field)
{
    const mp_tree_part *of = part_of(tree, index);
    uint32_t at;

    if (!of || !field || !id || id >= MAILPROTO_MIME_FIELDS)
        return MAILPROTO_ERR_ARG;
    if (!(of->present >> id & 1))
        return MAILPROTO_MIME_END;
    at = first_of(tree, of, id);
    if (n)
        *n = at;
    return mailproto_mime_tree_field(tree, index, at, field);
}

int32_t mailproto_mime_tree_next_field(const mailproto_mime_tree *tree, uint32_t index, const char *name, size_t name_n,
                                       uint32_t *n, mailproto_mime_field *field)
{
    const mp_tree_part *of = part_of(tree, index);
    uint32_t id;

    if (!of || !name || !n || !field)
        return MAILPROTO_ERR_ARG;
    id = mailproto_mime_field_id(name, name_n);
    for (; *n < of->fields; ++*n) {
        const mp_field *f = &tree->fields[of->field + *n];

        if (f->id == id && f->name_n == name_n && (id || mp_ascii_same(tree->message + f->begin, name, name_n)))
            return mailproto_mime_tree_field(tree, index, *n, field);
    }
    return MAILPROTO_MIME_END;
}

/* ---- texts and defects ---- */

int32_t mailproto_mime_tree_text(const mailproto_mime_tree *tree, uint32_t index, mailproto_text *header,
                                 mailproto_text *body)
{
    const mp_tree_part *of = part_of(tree, index);

    if (!of)
        return MAILPROTO_ERR_ARG;
    if (header)
        *header = text_at(tree, of->begin, of->body - of->begin);
    if (body)
        *body = text_at(tree, of->body, of->end - of->body);
    return MAILPROTO_OK;
}

uint32_t mailproto_mime_tree_defects(const mailproto_mime_tree *tree)
{
    return tree ? tree->defects_n : 0;
}

int32_t mailproto_mime_tree_defect_at(const mailproto_mime_tree *tree, uint32_t n, mailproto_mime_tree_defect *defect)
{
    mailproto_mime_tree_defect out = {0};

    if (!tree || !defect || n >= tree->defects_n)
        return MAILPROTO_ERR_ARG;
    out.part = tree->defects[n].part;
    out.kind = tree->defects[n].kind;
    out.offset = tree->defects[n].offset;
    return give(defect, &out, sizeof out);
}
