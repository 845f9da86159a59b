/* tree.h - what a tree is made of: arrays of parts, fields and defects, and the machine that fills them.
 * RFC 2046 section 5.1; include/mailproto/mime_tree.h. */
#ifndef MP_MIME_TREE_H
#define MP_MIME_TREE_H

#include "mailproto/mime_tree.h"
#include "mime/structure.h"

typedef struct mp_tree_part {
    uint32_t flags, kind, encoding, depth, number;
    uint32_t parent, next, last_child, children, after;
    uint32_t field, fields; /* the first of them among those of the tree, and how many */
    uint64_t begin, body, end, header_lines, body_lines, first, last, defects;
    mp_range content_type, type, subtype;
    uint32_t by_default;
    uint64_t present;                      /* a bit for each number of a field that is there */
    uint16_t known[MAILPROTO_MIME_FIELDS]; /* which is the first of each that is there; at most UINT16_MAX */
} mp_tree_part;

typedef struct mp_tree_defect {
    uint64_t offset;
    uint32_t part, kind;
} mp_tree_defect;

struct mailproto_mime_tree {
    mailproto_allocator memory;
    mp_structure structure;
    const uint8_t *message;
    size_t n;
    mp_tree_part *parts;
    mp_field *fields;
    mp_tree_defect *defects;
    uint32_t parts_n, parts_cap, fields_n, fields_cap, defects_n, defects_cap;
};

#endif
