/* What must hold of any message as IMAP shows it: the text parses, and each part that it lists can be fetched and agrees.
   RFC 3501 sections 6.4.5, 7.4.2 and 9; mailproto/mime_imap.h. */
#ifndef TEST_IMAP_CHECK_H
#define TEST_IMAP_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailproto/mime_imap.h"

#define IMAP_DEMAND(kept)                                                                                              \
    do {                                                                                                               \
        if (!(kept)) {                                                                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #kept);                                                 \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* ---- lists, strings, numbers ---- */

enum { IMAP_NIL, IMAP_NUMBER, IMAP_STRING, IMAP_LIST };

struct imap_node {
    int kind;
    uint64_t number;        /* also octets of a string */
    const char *text;       /* of a string, with its escapes */
    size_t parent, next;    /* 0: none */
    size_t children, first; /* of a list */
};

struct imap_text {
    char *text;
    size_t n, count;
    struct imap_node *nodes; /* 0 is a list of all */
};

static inline void *imap_room(size_t n)
{
    void *p = malloc(n ? n : 1);

    IMAP_DEMAND(p != NULL);
    return p;
}

/* Reads one string at `at`; gives the place behind it. */
static inline size_t imap_read_string(const struct imap_text *t, size_t at, struct imap_node *node, uint32_t flags)
{
    char *end;

    node->kind = IMAP_STRING;
    if (t->text[at] == '"') {
        node->text = t->text + ++at;
        for (; at < t->n && t->text[at] != '"'; at++, node->number++) {
            IMAP_DEMAND(t->text[at] != '\0' && t->text[at] != '\r' && t->text[at] != '\n');
            IMAP_DEMAND((t->text[at] & 0x80) == 0 || flags & MAILPROTO_MIME_IMAP_REV2);
            if (t->text[at] == '\\')
                IMAP_DEMAND(++at < t->n && (t->text[at] == '"' || t->text[at] == '\\'));
        }
        IMAP_DEMAND(at < t->n);
        return at + 1;
    }
    IMAP_DEMAND(t->text[at] == '{' && t->text[at + 1] >= '0' && t->text[at + 1] <= '9');
    node->number = strtoull(t->text + at + 1, &end, 10);
    IMAP_DEMAND(memcmp(end, "}\r\n", 3) == 0);
    node->text = end + 3;
    at = (size_t)(end + 3 - t->text);
    IMAP_DEMAND(node->number <= t->n - at && !memchr(t->text + at, 0, (size_t)node->number));
    return at + (size_t)node->number;
}

static inline size_t imap_read_atom(const struct imap_text *t, size_t at, struct imap_node *node)
{
    char *end;

    if (!strncmp(t->text + at, "NIL", 3)) {
        node->kind = IMAP_NIL;
        return at + 3;
    }
    IMAP_DEMAND(t->text[at] >= '0' && t->text[at] <= '9');
    node->kind = IMAP_NUMBER;
    node->number = strtoull(t->text + at, &end, 10);
    return (size_t)(end - t->text);
}

/* Between two items is one blank, but none between the parts of a multipart and between addresses: two lists. */
static inline void imap_parse(struct imap_text *t, uint32_t flags)
{
    size_t list = 0, last = 0, at = 0;

    t->nodes = imap_room((t->n + 2) * sizeof *t->nodes);
    memset(t->nodes, 0, (t->n + 2) * sizeof *t->nodes);
    t->nodes[0].kind = IMAP_LIST;
    t->count = 1;
    while (at < t->n) {
        struct imap_node *node = &t->nodes[t->count];

        if (t->text[at] == ')') {
            IMAP_DEMAND(list && t->nodes[list].children);
            last = list;
            list = t->nodes[list].parent;
            at++;
            continue;
        }
        if (t->nodes[list].children) {
            if (t->text[at] == ' ')
                at++;
            else
                IMAP_DEMAND(list && t->text[at] == '(' && t->nodes[last].kind == IMAP_LIST);
            t->nodes[last].next = t->count;
        } else
            t->nodes[list].first = t->count;
        t->nodes[list].children++;
        node->parent = list;
        last = t->count++;
        if (t->text[at] == '(') {
            node->kind = IMAP_LIST;
            list = last;
            at++;
        } else if (t->text[at] == '"' || t->text[at] == '{')
            at = imap_read_string(t, at, node, flags);
        else
            at = imap_read_atom(t, at, node);
    }
    IMAP_DEMAND(!list && t->nodes[0].children == 1);
}

static inline void imap_free(struct imap_text *t)
{
    free(t->text);
    free(t->nodes);
}

/* The item number i of a list, which must be there. */
static inline const struct imap_node *imap_item(const struct imap_text *t, const struct imap_node *list, size_t i)
{
    const struct imap_node *node = &t->nodes[list->first];

    IMAP_DEMAND(list->kind == IMAP_LIST && i < list->children);
    while (i--)
        node = &t->nodes[node->next];
    return node;
}

static inline int imap_is(const struct imap_node *node, const char *text)
{
    if (node->kind != IMAP_STRING || node->number != strlen(text))
        return 0;
    for (size_t i = 0; text[i]; i++)
        if ((node->text[i] | 0x20) != (text[i] | 0x20))
            return 0;
    return 1;
}

/* ---- the calls ---- */

enum { IMAP_MAKE_ENVELOPE, IMAP_MAKE_BODY, IMAP_MAKE_STRUCTURE };

static inline int32_t imap_call(const mailproto_mime_tree *tree, int what, uint32_t index, uint32_t flags, char *out,
                                size_t cap, size_t *made)
{
    if (what == IMAP_MAKE_ENVELOPE)
        return mailproto_mime_imap_envelope(tree, index, flags, out, cap, made);
    return what == IMAP_MAKE_BODY ? mailproto_mime_imap_body(tree, flags, out, cap, made)
                                  : mailproto_mime_imap_bodystructure(tree, flags, out, cap, made);
}

/* Makes the text and reads it: with no room, one octet too little, and just enough. */
static inline struct imap_text imap_make(const mailproto_mime_tree *tree, int what, uint32_t index, uint32_t flags)
{
    struct imap_text t = {0};
    size_t need, made;
    char *exact;

    IMAP_DEMAND(imap_call(tree, what, index, flags, NULL, 0, &need) == MAILPROTO_ERR_LIMIT);
    exact = imap_room(need - 1);
    IMAP_DEMAND(imap_call(tree, what, index, flags, exact, need - 1, &made) == MAILPROTO_ERR_LIMIT && made == need);
    free(exact);
    exact = imap_room(need);
    IMAP_DEMAND(imap_call(tree, what, index, flags, exact, need, &made) == MAILPROTO_OK && made == need);
    t.n = need;
    t.text = imap_room(need + 8); /* the reader looks some octets ahead */
    memcpy(t.text, exact, need);
    memset(t.text + need, 0, 8);
    free(exact);
    imap_parse(&t, flags);
    return t;
}

/* ---- sections ---- */

/* All octets of a section by _next, which must be those of _copy; lines and octets agree. The caller frees them. */
static inline char *imap_octets(mailproto_mime_imap_section s, size_t *n)
{
    char *all = imap_room((size_t)s.octets), *copy = imap_room((size_t)s.octets);
    mailproto_mime_imap_section again = s;
    mailproto_text piece;
    uint64_t lines = 0;
    size_t made;

    *n = 0;
    while (mailproto_mime_imap_section_next(&again, &piece) == MAILPROTO_OK) {
        IMAP_DEMAND(piece.len && piece.len <= s.octets - *n);
        memcpy(all + *n, piece.ptr, piece.len);
        *n += piece.len;
    }
    IMAP_DEMAND(mailproto_mime_imap_section_next(&again, &piece) == MAILPROTO_MIME_END);
    IMAP_DEMAND(*n == s.octets);
    for (size_t i = 0; i < *n; i++)
        lines += all[i] == '\n';
    IMAP_DEMAND(lines == s.lines);
    for (size_t from = 0; from <= *n; from = from * 2 + 1) {
        IMAP_DEMAND(mailproto_mime_imap_section_copy(&s, from, copy, *n - from, &made) == MAILPROTO_OK);
        IMAP_DEMAND(made == *n - from && !memcmp(all + from, copy, made));
    }
    IMAP_DEMAND(mailproto_mime_imap_section_copy(&s, *n, copy, 1, &made) == MAILPROTO_OK && !made);
    free(copy);
    return all;
}

static inline int32_t imap_find(const mailproto_mime_tree *tree, const char *path, const char *more,
                                mailproto_mime_imap_section *s)
{
    char text[4096];
    const int n = snprintf(text, sizeof text, "%s%s%s", path, *path && *more ? "." : "", more);
    int32_t result;

    IMAP_DEMAND(n >= 0 && (size_t)n < sizeof text);
    result = mailproto_mime_imap_section_init(s, sizeof *s, tree, text, (size_t)n);
    if (result == MAILPROTO_OK && s->names.len) /* they point into the section's text: `more` lives longer */
        s->names.ptr = more + strlen(more) - (size_t)(text + n - s->names.ptr);
    return result;
}

/* A section that must be there, checked. */
static inline mailproto_mime_imap_section imap_get(const mailproto_mime_tree *tree, const char *path, const char *more)
{
    mailproto_mime_imap_section s;
    size_t n;

    IMAP_DEMAND(imap_find(tree, path, more, &s) == MAILPROTO_OK);
    free(imap_octets(s, &n));
    return s;
}

/* Octets of the fields that a list picks, without the empty line. */
static inline uint64_t imap_fields(const mailproto_mime_tree *tree, const char *path, const char *more)
{
    mailproto_mime_imap_section s = imap_get(tree, path, more);
    mailproto_text piece, last = {"", 0};
    uint64_t octets = 0;

    while (mailproto_mime_imap_section_next(&s, &piece) == MAILPROTO_OK) {
        octets += last.len;
        last = piece;
    }
    IMAP_DEMAND(last.len == 2 || last.len == 4);
    return octets;
}

/* Header and text of a message are the whole; each of its fields is in one of FIELDS and FIELDS.NOT. */
static inline void imap_check_message(const mailproto_mime_tree *tree, const char *path)
{
    const mailproto_mime_imap_section header = imap_get(tree, path, "HEADER"), text = imap_get(tree, path, "TEXT"),
                                      whole = imap_get(tree, path, "");
    mailproto_mime_field field;
    uint64_t octets = 0;

    IMAP_DEMAND(header.begin == whole.begin && header.end == text.begin && text.end == whole.end);
    IMAP_DEMAND(header.lines + text.lines == whole.lines);
    mailproto_mime_field_init(&field, sizeof field);
    for (uint32_t i = 0; mailproto_mime_tree_field(tree, header.part, i, &field) == MAILPROTO_OK; i++)
        octets += field.raw.len;
    IMAP_DEMAND(imap_fields(tree, path, "HEADER.FIELDS (Subject \"x-own\" RECEIVED {2}\r\nto)") +
                    imap_fields(tree, path, "HEADER.FIELDS.NOT (subject x-own received TO)") ==
                octets);
}

/* What BINARY gives is as much as it says. */
static inline void imap_check_binary(const mailproto_mime_imap_section *s)
{
    mailproto_mime_stream stream;
    uint64_t size, all = 0;
    char piece[512];
    size_t made;
    const int32_t result = mailproto_mime_imap_binary_size(s, &size);

    mailproto_mime_stream_init(&stream, sizeof stream);
    IMAP_DEMAND(mailproto_mime_imap_binary_open(s, &stream) == result);
    IMAP_DEMAND(result == MAILPROTO_OK || result == MAILPROTO_ERR_UNSUPPORTED);
    if (result)
        return;
    while (mailproto_mime_stream_read(&stream, piece, sizeof piece, &made) == MAILPROTO_OK)
        all += made;
    IMAP_DEMAND(all == size);
}

/* ---- envelope and structure ---- */

static inline void imap_check_strings(const struct imap_text *t, const struct imap_node *list, size_t count, int nil)
{
    IMAP_DEMAND(list->kind == IMAP_LIST && (!count || list->children == count));
    for (size_t i = list->first; i; i = t->nodes[i].next)
        IMAP_DEMAND(t->nodes[i].kind == IMAP_STRING || (nil && t->nodes[i].kind == IMAP_NIL));
}

static inline void imap_check_envelope(const struct imap_text *t, const struct imap_node *list)
{
    size_t field = 0;

    IMAP_DEMAND(list->kind == IMAP_LIST && list->children == 10);
    for (size_t i = list->first; i; i = t->nodes[i].next, field++) {
        const struct imap_node *item = &t->nodes[i];

        if (field < 2 || field > 7)
            IMAP_DEMAND(item->kind == IMAP_STRING || item->kind == IMAP_NIL);
        else if (item->kind != IMAP_NIL)
            for (size_t a = item->first; a; a = t->nodes[a].next)
                imap_check_strings(t, &t->nodes[a], 4, 1);
    }
}

static inline void imap_check_parameters(const struct imap_text *t, const struct imap_node *list)
{
    if (list->kind == IMAP_NIL)
        return;
    imap_check_strings(t, list, 0, 0);
    IMAP_DEMAND(list->children % 2 == 0);
}

/* Disposition, language, location: the three behind item i. */
static inline void imap_check_extension(const struct imap_text *t, const struct imap_node *list, size_t i)
{
    const struct imap_node *disposition = imap_item(t, list, i), *language = imap_item(t, list, i + 1),
                           *location = imap_item(t, list, i + 2);

    IMAP_DEMAND(list->children == i + 3);
    if (disposition->kind != IMAP_NIL) {
        IMAP_DEMAND(disposition->children == 2 && imap_item(t, disposition, 0)->kind == IMAP_STRING);
        imap_check_parameters(t, imap_item(t, disposition, 1));
    }
    if (language->kind != IMAP_NIL)
        imap_check_strings(t, language, 0, 0);
    IMAP_DEMAND(location->kind == IMAP_STRING || location->kind == IMAP_NIL);
}

static inline void imap_check_body(const mailproto_mime_tree *tree, const struct imap_text *t,
                                   const struct imap_node *body, const char *path, int extended, uint32_t flags);

/* The body of a message: a part that is no multipart has number 1. */
static inline void imap_check_message_body(const mailproto_mime_tree *tree, const struct imap_text *t,
                                           const struct imap_node *body, const char *path, int extended, uint32_t flags)
{
    char below[4096];

    IMAP_DEMAND(body->kind == IMAP_LIST);
    if (t->nodes[body->first].kind != IMAP_LIST) {
        snprintf(below, sizeof below, "%s%s1", path, *path ? "." : "");
        path = below;
    }
    imap_check_body(tree, t, body, path, extended, flags);
}

static inline void imap_check_leaf(const mailproto_mime_tree *tree, const struct imap_text *t,
                                   const struct imap_node *body, const char *path, int extended, uint32_t flags)
{
    const struct imap_node *type = imap_item(t, body, 0), *subtype = imap_item(t, body, 1);
    const mailproto_mime_imap_section s = imap_get(tree, path, "");
    size_t behind = 7;

    imap_check_parameters(t, imap_item(t, body, 2));
    IMAP_DEMAND(type->kind == IMAP_STRING && subtype->kind == IMAP_STRING && !imap_is(type, "multipart"));
    IMAP_DEMAND(imap_item(t, body, 5)->kind == IMAP_STRING && imap_item(t, body, 6)->kind == IMAP_NUMBER);
    IMAP_DEMAND(imap_item(t, body, 6)->number == s.octets);
    imap_get(tree, path, "MIME");
    imap_check_binary(&s);
    if (imap_is(type, "message") &&
        (imap_is(subtype, "rfc822") || (imap_is(subtype, "global") && flags & MAILPROTO_MIME_IMAP_REV2))) {
        imap_check_envelope(t, imap_item(t, body, 7));
        imap_check_message_body(tree, t, imap_item(t, body, 8), path, extended, flags);
        imap_check_message(tree, path);
        behind = 9;
    } else if (!imap_is(subtype, "global")) {
        mailproto_mime_imap_section none;

        IMAP_DEMAND(imap_find(tree, path, "1", &none) == MAILPROTO_MIME_END);
        IMAP_DEMAND(imap_find(tree, path, "HEADER", &none) == MAILPROTO_MIME_END);
    }
    if (behind == 9 || imap_is(type, "text"))
        IMAP_DEMAND(imap_item(t, body, behind++)->number == s.lines);
    if (extended)
        imap_check_extension(t, body, behind + 1);
    else
        IMAP_DEMAND(body->children == behind);
}

static inline void imap_check_body(const mailproto_mime_tree *tree, const struct imap_text *t,
                                   const struct imap_node *body, const char *path, int extended, uint32_t flags)
{
    mailproto_mime_imap_section none;
    char below[4096];
    size_t count = 0;

    IMAP_DEMAND(strlen(path) < sizeof below - 32);
    if (t->nodes[body->first].kind != IMAP_LIST) {
        imap_check_leaf(tree, t, body, path, extended, flags);
        return;
    }
    for (size_t i = body->first; t->nodes[i].kind == IMAP_LIST; i = t->nodes[i].next) {
        snprintf(below, sizeof below, "%s%s%zu", path, *path ? "." : "", ++count);
        imap_check_body(tree, t, &t->nodes[i], below, extended, flags);
    }
    snprintf(below, sizeof below, "%zu", count + 1);
    IMAP_DEMAND(imap_find(tree, path, below, &none) == MAILPROTO_MIME_END);
    IMAP_DEMAND(imap_item(t, body, count)->kind == IMAP_STRING);
    if (extended) {
        imap_check_parameters(t, imap_item(t, body, count + 1));
        imap_check_extension(t, body, count + 2);
    } else
        IMAP_DEMAND(body->children == count + 1);
}

/* ---- all of it ---- */

/* The section of a part leads to it. */
static inline void imap_check_name(const mailproto_mime_tree *tree, uint32_t index)
{
    mailproto_mime_imap_section s;
    mailproto_mime_part part;
    size_t need, made;
    char *name;

    IMAP_DEMAND(mailproto_mime_imap_section_name(tree, index, NULL, 0, &need) == MAILPROTO_ERR_LIMIT);
    name = imap_room(need);
    IMAP_DEMAND(mailproto_mime_imap_section_name(tree, index, name, need, &made) == MAILPROTO_OK && made == need);
    IMAP_DEMAND(mailproto_mime_imap_section_init(&s, sizeof s, tree, name, need) == MAILPROTO_OK);
    mailproto_mime_part_init(&part, sizeof part);
    mailproto_mime_tree_part(tree, index, &part);
    IMAP_DEMAND(s.part == index && s.begin == part.body && s.end == part.end && s.lines == part.body_lines);
    free(name);
}

static inline void imap_check_all(const mailproto_mime_tree *tree)
{
    for (uint32_t flags = 0; flags <= MAILPROTO_MIME_IMAP_REV2; flags++)
        for (int extended = 0; extended < 2; extended++) {
            struct imap_text t = imap_make(tree, extended ? IMAP_MAKE_STRUCTURE : IMAP_MAKE_BODY, 0, flags);

            imap_check_message_body(tree, &t, &t.nodes[1], "", extended, flags);
            imap_free(&t);
            t = imap_make(tree, IMAP_MAKE_ENVELOPE, 0, flags);
            imap_check_envelope(&t, &t.nodes[1]);
            imap_free(&t);
        }
    imap_check_message(tree, "");
    for (uint32_t i = 0; i < mailproto_mime_tree_parts(tree); i++)
        imap_check_name(tree, i);
}

#endif
