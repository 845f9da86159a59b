/* tree.c - makes the tree of a message: what the structure machine tells is put into arrays.
 * RFC 2045, RFC 2046 section 5.1. */
#include "mime/tree.h"

#include <string.h>

#include "core/memory.h"
#include "core/memory_max.h"

enum { PARTS_FIRST = 8, FIELDS_FIRST = 64, DEFECTS_FIRST = 8 };

/* Doubles an array. 0: no memory, or too many. */
static int grow(mailproto_mime_tree *t, void *array, uint32_t *cap, uint32_t first, size_t each)
{
    const uint32_t more = *cap ? *cap * 2 : first;
    void *p, *grown;

    memcpy(&p, array, sizeof p);
    if (*cap > UINT32_MAX / 4)
        return 0;
    grown = mp_resize(&t->memory, p, *cap * each, more * each);
    if (!grown)
        return 0;
    memcpy(array, &grown, sizeof grown);
    *cap = more;
    return 1;
}

static void begin_part(mailproto_mime_tree *t)
{
    mp_structure *s = &t->structure;
    const mp_open *top = mp_structure_top(s);
    mp_tree_part *part = &t->parts[t->parts_n];

    /* all that is not written when its header and when the part ends; `known` goes by `present` */
    part->kind = part->children = part->last_child = 0;
    part->number = top->number;
    part->depth = s->open_n - 1;
    part->begin = top->begin;
    part->field = t->fields_n;
    part->header_lines = s->lines;
    part->next = MAILPROTO_MIME_NO_PART;
    part->parent = MAILPROTO_MIME_NO_PART;
    if (s->open_n > 1) {
        mp_tree_part *parent;

        part->parent = top[-1].index;
        parent = &t->parts[part->parent];
        if (parent->children)
            t->parts[parent->last_child].next = t->parts_n;
        parent->last_child = t->parts_n;
        parent->children++;
    }
    t->parts_n++;
}

static void end_header(mailproto_mime_tree *t)
{
    mp_structure *s = &t->structure;
    const mp_open *top = mp_structure_top(s);
    mp_tree_part *part = &t->parts[top->index];

    part->kind = top->kind;
    part->encoding = s->content.encoding;
    part->body = top->body;
    part->header_lines = top->lines - part->header_lines;
    part->content_type = s->content.value;
    part->type = s->content.type;
    part->subtype = s->content.subtype;
    part->by_default = s->content.by_default;
    part->present = s->present;
    part->fields = t->fields_n - part->field;
}

static void end_part(mailproto_mime_tree *t)
{
    const mp_open *top = mp_structure_top(&t->structure);
    mp_tree_part *part = &t->parts[top->index];

    part->flags = top->flags;
    part->end = top->end;
    part->body_lines = top->lines;
    part->first = top->first;
    part->last = top->last;
    part->defects = top->defects;
    part->after = t->parts_n;
}

static void add_defect(mailproto_mime_tree *t)
{
    const mp_structure *s = &t->structure;

    t->defects[t->defects_n++] = (mp_tree_defect){s->defect_at, mp_structure_top(s)->index, s->defect};
}

/* Room for what the next step may give. */
static int make_room(mailproto_mime_tree *t)
{
    if (t->parts_n == t->parts_cap && !grow(t, &t->parts, &t->parts_cap, PARTS_FIRST, sizeof *t->parts))
        return 0;
    if (t->fields_n == t->fields_cap && !grow(t, &t->fields, &t->fields_cap, FIELDS_FIRST, sizeof *t->fields))
        return 0;
    return t->defects_n < t->defects_cap || grow(t, &t->defects, &t->defects_cap, DEFECTS_FIRST, sizeof *t->defects);
}

static int32_t build(mailproto_mime_tree *t)
{
    mp_structure *s = &t->structure;

    for (;;) {
        if (!make_room(t))
            return MAILPROTO_ERR_NOMEM;
        s->fields = t->fields + t->fields_n;
        s->field_cap = t->fields_cap - t->fields_n;
        s->first = t->parts[t->parts_n ? t->parts_n - 1 : 0].known; /* a header is that of the part that came last */
        switch (mp_structure_next(s)) {
        case MP_STEP_PART:
            begin_part(t);
            break;
        case MP_STEP_FIELDS:
            t->fields_n += s->field_n;
            break;
        case MP_STEP_HEADER_END:
            end_header(t);
            break;
        case MP_STEP_PART_END:
            end_part(t);
            break;
        case MP_STEP_DEFECT:
            add_defect(t);
            break;
        case MP_STEP_BODY:
            break;
        case MP_STEP_END:
            return MAILPROTO_OK;
        default:
            return MAILPROTO_ERR_NOMEM;
        }
    }
}

static void forget(mailproto_mime_tree *t)
{
    t->message = NULL;
    t->n = 0;
    t->parts_n = t->fields_n = t->defects_n = 0;
}

int32_t mailproto_mime_tree_parse(mailproto_mime_tree *tree, const void *message, size_t n)
{
    int32_t result;

    if (!tree || (!message && n))
        return MAILPROTO_ERR_ARG;
    forget(tree);
    mp_structure_reset(&tree->structure);
    tree->message = message ? message : (const uint8_t *)"";
    tree->n = n;
    mp_structure_feed(&tree->structure, tree->message, n, 1);
    result = build(tree);
    if (result)
        forget(tree);
    return result;
}

int32_t mailproto_mime_tree_new(const mailproto_mime_config *config, const void *message, size_t n,
                                mailproto_mime_tree **out)
{
    mailproto_mime_config c = {0};
    mailproto_allocator memory;
    mailproto_mime_tree *t;
    int32_t result;

    if (!out)
        return MAILPROTO_ERR_ARG;
    *out = NULL;
    if ((!message && n) || (config && mp_struct_copy(&c, sizeof c, config)) || mp_allocator_copy(&memory, c.allocator))
        return MAILPROTO_ERR_ARG;
    t = mp_alloc_zero(&memory, sizeof *t);
    if (!t)
        return MAILPROTO_ERR_NOMEM;
    t->memory = memory;
    result = mp_structure_init(&t->structure, config, &t->memory);
    if (!result && message)
        result = mailproto_mime_tree_parse(t, message, n);
    if (result)
        mailproto_mime_tree_free(t);
    else
        *out = t;
    return result;
}

void mailproto_mime_tree_free(mailproto_mime_tree *tree)
{
    mailproto_allocator memory;

    if (!tree)
        return;
    memory = tree->memory;
    mp_structure_free(&tree->structure);
    mp_free(&memory, tree->parts, tree->parts_cap * sizeof *tree->parts);
    mp_free(&memory, tree->fields, tree->fields_cap * sizeof *tree->fields);
    mp_free(&memory, tree->defects, tree->defects_cap * sizeof *tree->defects);
    mp_free(&memory, tree, sizeof *tree);
}

/* ---- memory ---- */

/* Arrays are doubled, and while one grows the old one is there, too. SIZE_MAX: no size holds it. */
static size_t array_max(uint64_t n, size_t first, size_t each)
{
    size_t cap = first;

    while (cap < n && cap < SIZE_MAX / 4)
        cap *= 2;
    return cap > SIZE_MAX / 8 / each ? SIZE_MAX : cap * each + cap * each / 2 + 2 * MP_GRAIN;
}

/* A field has three octets at least ("a:" and LF), a part four ("--x" and LF); of each kind of defect a part has one. */
size_t mailproto_mime_tree_memory_max(const mailproto_mime_config *config, size_t n)
{
    size_t sum = mp_structure_memory_max(config), terms[3];
    mp_structure s;
    uint64_t parts, fields;

    if (sum == SIZE_MAX || mp_structure_init(&s, config, NULL))
        return SIZE_MAX;
    parts = n / 4 + 2;
    if (s.max_parts < parts)
        parts = (uint64_t)s.max_parts + 1;
    fields = (n < s.max_header ? n : s.max_header) / 3 + 1;
    terms[0] = array_max(parts + 1, PARTS_FIRST, sizeof(mp_tree_part));
    terms[1] = array_max(fields + 1, FIELDS_FIRST, sizeof(mp_field));
    terms[2] = array_max(parts * MAILPROTO_MIME_DEFECTS + 1, DEFECTS_FIRST, sizeof(mp_tree_defect));
    sum += sizeof(mailproto_mime_tree) + MP_GRAIN;
    for (int i = 0; i < 3; i++) {
        if (terms[i] > SIZE_MAX - sum)
            return SIZE_MAX;
        sum += terms[i];
    }
    return sum;
}
