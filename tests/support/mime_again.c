/* A message put together again from its tree: each octet is in it once, in the order of the message.
   RFC 2046 section 5.1; mime_tree.h: begin, body, first, last, end. */
#include "support/mime_play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mailproto/mime_header.h>

struct again {
    const mailproto_mime_tree *tree;
    const uint8_t *message;
    size_t n;
    struct test_bytes made;
};

static void die(const struct again *a, uint32_t part, const char *what)
{
    fprintf(stderr, "part %u, octet %zu: %s\n", part, a->made.len, what);
    abort();
}

static mailproto_mime_part part_of(const struct again *a, uint32_t i)
{
    mailproto_mime_part part;

    mailproto_mime_part_init(&part, sizeof part);
    if (mailproto_mime_tree_part(a->tree, i, &part))
        die(a, i, "it is not there");
    return part;
}

/* A range of the message goes on where the last one ended. */
static void give(struct again *a, uint32_t i, uint64_t from, uint64_t to, const char *what)
{
    if (from != a->made.len || to < from || to > a->n)
        die(a, i, what);
    test_bytes_add(&a->made, a->message + from, (size_t)(to - from));
}

static void give_text(struct again *a, uint32_t i, mailproto_text text, uint64_t from, const char *what)
{
    if (from != a->made.len || text.len > a->n - from || (text.len && text.ptr != (const char *)a->message + from))
        die(a, i, what);
    test_bytes_add(&a->made, text.ptr, text.len);
}

/* The line of a boundary, with the line end before it; no other octet. What ends with it, and so at `end`, may have left
   its line end to the boundary of the part around it. */
static void give_boundary(struct again *a, uint32_t i, uint64_t to, uint64_t end)
{
    const uint8_t *p = a->message + a->made.len;
    size_t n, at = 0;

    if (to < a->made.len || to > a->n)
        die(a, i, "a boundary's line ends before it begins");
    n = (size_t)to - a->made.len;
    if (n > at && p[at] == '\r')
        at++;
    if (n > at && p[at] == '\n')
        at++;
    if (at == 1 && p[0] == '\r')
        die(a, i, "half a line end before a boundary");
    if (n < at + 2 || p[at] != '-' || p[at + 1] != '-')
        die(a, i, "what lies between two parts is no boundary");
    p = memchr(p + at, '\n', n - at);
    if (p ? p != a->message + to - 1 : to != end)
        die(a, i, "what lies between two parts is not one line");
    give(a, i, a->made.len, to, "a boundary");
}

/* The fields stand in the header, in order, none over another. */
static void fields_in_order(const struct again *a, uint32_t i, const mailproto_mime_part *part)
{
    mailproto_mime_field field;
    uint64_t end = part->begin;
    uint32_t k;

    mailproto_mime_field_init(&field, sizeof field);
    for (k = 0; mailproto_mime_tree_field(a->tree, i, k, &field) == MAILPROTO_OK; k++) {
        if (field.offset < end || field.raw.ptr != (const char *)a->message + field.offset)
            die(a, i, "a field is not where it should be");
        end = field.offset + field.raw.len;
        if (end > part->body)
            die(a, i, "a field is longer than the header");
    }
    if (k != part->fields)
        die(a, i, "it has other fields than it says");
}

/* What stands before a part, in the part around it. */
static void give_before(struct again *a, uint32_t i, const mailproto_mime_part *part)
{
    mailproto_mime_part parent;

    if (part->parent == MAILPROTO_MIME_NO_PART)
        return;
    parent = part_of(a, part->parent);
    if (parent.kind != MAILPROTO_MIME_MULTIPART)
        return;
    if (part->number == 1)
        give(a, part->parent, parent.body, parent.first, "the preamble");
    give_boundary(a, i, part->begin, parent.end);
}

static void give_begin(struct again *a, uint32_t i, const mailproto_mime_part *part)
{
    mailproto_text header, body;

    if (mailproto_mime_tree_text(a->tree, i, &header, &body))
        die(a, i, "it has no text");
    give_text(a, i, header, part->begin, "the header");
    if (a->made.len != part->body)
        die(a, i, "the body does not begin behind the header");
    fields_in_order(a, i, part);
    if (part->kind == MAILPROTO_MIME_LEAF || (part->kind == MAILPROTO_MIME_MESSAGE && !part->children))
        give_text(a, i, body, part->body, "the body");
    else if (!part->children)
        give(a, i, part->body, part->first, "the preamble");
}

static void give_end(struct again *a, uint32_t i, const mailproto_mime_part *part)
{
    if (part->kind == MAILPROTO_MIME_MULTIPART) {
        if (a->made.len != part->last || part->flags & MAILPROTO_MIME_PART_CLOSED)
            give_boundary(a, i, part->last, part->end);
        give(a, i, part->last, part->end, "the epilogue");
    }
    if (a->made.len != part->end)
        die(a, i, "it does not end behind what is in it");
}

void mime_put_together(const mailproto_mime_tree *tree)
{
    struct again a = {.tree = tree};
    uint32_t parts = mailproto_mime_tree_parts(tree);

    a.message = (const uint8_t *)mailproto_mime_tree_message(tree, &a.n);
    for (uint32_t i = 0; i < parts; i++) {
        mailproto_mime_part part = part_of(&a, i);
        uint32_t ended = i;

        give_before(&a, i, &part);
        give_begin(&a, i, &part);
        while (part.after == i + 1) { /* it and those around it */
            give_end(&a, ended, &part);
            if (part.parent == MAILPROTO_MIME_NO_PART)
                break;
            ended = part.parent;
            part = part_of(&a, ended);
        }
    }
    if (a.made.len != a.n || (a.n && memcmp(a.made.ptr, a.message, a.n) != 0))
        die(&a, 0, "the parts are not the message");
    test_bytes_free(&a.made);
}
