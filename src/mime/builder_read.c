/* builder_read.c - gives the message: headers, boundaries and bodies in their order, in pieces of any size.
 * RFC 5322 section 2.1, RFC 2046 section 5.1.1. */
#include <string.h>

#include "core/memory.h"
#include "mime/builder.h"

enum { FIELDS, VERSION, CONTENT, HEADER_END, BODY, AFTER, NEXT, DONE };

/* ---- small texts ---- */

static void small_put(mp_builder_reader *r, const char *p, size_t n)
{
    memcpy(r->small + r->small_n, p, n);
    r->small_n += n;
}

static void small_text(mp_builder_reader *r, const char *p)
{
    small_put(r, p, strlen(p));
}

static void small_boundary(const mailproto_mime_builder *b, mp_builder_reader *r, uint32_t node)
{
    static const char digits[] = "0123456789abcdef";
    char number[9] = "_";

    for (int i = 0; i < 8; i++)
        number[1 + i] = digits[node >> (28 - 4 * i) & 15];
    small_put(r, b->tag, MP_BUILDER_TAG);
    small_put(r, number, sizeof number);
}

/* ---- what stands behind what ---- */

static void begin_node(mailproto_mime_builder *b, mp_builder_reader *r, uint32_t node)
{
    const mp_builder_node *n = &b->nodes[node];

    r->node = node;
    r->stage = n->kind == MP_BUILDER_RAW ? BODY : FIELDS;
    r->run = n->fields.first;
    r->run_at = 0;
    r->offset = r->piece_at = r->piece_n = r->text_n = r->text_at = 0;
    r->cr = r->begun = 0;
}

static const char *encoding_name(uint32_t encoding)
{
    static const char *const names[] = {"7bit", "7bit", "8bit", "binary", "quoted-printable", "base64"};

    return names[encoding];
}

static void end_header(mailproto_mime_builder *b, mp_builder_reader *r, const mp_builder_node *n)
{
    if (n->kind == MP_BUILDER_MULTIPART) {
        small_text(r, ";\r\n boundary=\"");
        small_boundary(b, r, r->node);
        small_text(r, "\"\r\n\r\n--");
        small_boundary(b, r, r->node);
        small_text(r, "\r\n");
        r->stage = NEXT;
        return;
    }
    if (n->kind == MP_BUILDER_LEAF) {
        small_text(r, "\r\n");
        if (n->encoding != MAILPROTO_MIME_ENCODING_7BIT) {
            small_text(r, "Content-Transfer-Encoding: ");
            small_text(r, encoding_name(n->encoding));
            small_text(r, "\r\n");
        }
    }
    small_text(r, "\r\n");
    r->stage = n->kind == MP_BUILDER_LEAF ? BODY : AFTER;
}

/* A node has ended: the next one of its parent, or the end of that. */
static void after_node(mailproto_mime_builder *b, mp_builder_reader *r, const mp_builder_node *n)
{
    if (n->parent == MAILPROTO_MIME_NO_PART) {
        if (r->last != '\n')
            small_text(r, "\r\n");
        r->stage = DONE;
        return;
    }
    small_text(r, "\r\n--");
    small_boundary(b, r, n->parent);
    if (n->next) {
        small_text(r, "\r\n");
        begin_node(b, r, n->next);
        return;
    }
    small_text(r, "--");
    r->node = n->parent;
}

/* The runs of a list. Gives what was written; 0: they are through. */
static size_t put_runs(mailproto_mime_builder *b, mp_builder_reader *r, uint8_t *out, size_t cap)
{
    while (r->run) {
        mp_builder_run run;
        size_t n;

        memcpy(&run, b->text + r->run - 1, sizeof run);
        n = run.n - r->run_at < cap ? run.n - r->run_at : cap;
        memcpy(out, b->text + r->run - 1 + sizeof run + r->run_at, n);
        r->run_at += n;
        if (n)
            return n;
        r->run = run.next;
        r->run_at = 0;
    }
    return 0;
}

/* ---- steps ---- */

static int32_t small_step(mp_builder_reader *r, uint8_t *out, size_t cap, size_t *made)
{
    *made = r->small_n - r->small_at < cap ? r->small_n - r->small_at : cap;
    memcpy(out, r->small + r->small_at, *made);
    r->small_at += *made;
    if (r->small_at == r->small_n)
        r->small_at = r->small_n = 0;
    return MAILPROTO_OK;
}

static int32_t step(mailproto_mime_builder *b, mp_builder_reader *r, uint8_t *out, size_t cap, size_t *made)
{
    const mp_builder_node *n = &b->nodes[r->node];
    int32_t result;

    *made = 0;
    if (r->small_n)
        return small_step(r, out, cap, made);
    switch (r->stage) {
    case FIELDS:
    case CONTENT:
        *made = put_runs(b, r, out, cap);
        r->stage += *made == 0;
        return MAILPROTO_OK;
    case VERSION:
        if (n->fields.first)
            small_text(r, "\r\n");
        if (!r->node && n->kind != MP_BUILDER_NOTHING)
            small_text(r, "MIME-Version: 1.0\r\n");
        r->run = n->content.first;
        r->run_at = 0;
        r->stage = CONTENT;
        return MAILPROTO_OK;
    case HEADER_END:
        end_header(b, r, n);
        return MAILPROTO_OK;
    case BODY:
        result = mp_builder_body(b, n, r, out, cap, made);
        if (result != MAILPROTO_MIME_END)
            return result;
        r->stage = AFTER;
        return MAILPROTO_OK;
    case AFTER:
        after_node(b, r, n);
        return MAILPROTO_OK;
    case NEXT:
        begin_node(b, r, n->first_child);
        return MAILPROTO_OK;
    default:
        return MAILPROTO_MIME_END;
    }
}

static int32_t read_from(mailproto_mime_builder *b, mp_builder_reader *r, uint8_t *out, size_t cap, size_t *made)
{
    *made = 0;
    while (*made < cap) {
        size_t n;
        int32_t result = step(b, r, out + *made, cap - *made, &n);

        *made += n;
        if (*made)
            r->last = out[*made - 1];
        if (result == MAILPROTO_CODEC_MORE)
            return MAILPROTO_OK;
        if (result)
            return *made ? MAILPROTO_OK : result;
    }
    return MAILPROTO_OK;
}

static void rewind_to(mailproto_mime_builder *b, mp_builder_reader *r)
{
    r->small_n = r->small_at = 0;
    r->last = 0;
    begin_node(b, r, 0);
}

/* ---- calls ---- */

/* The first call makes ready. */
static int32_t make_ready(mailproto_mime_builder *b)
{
    int32_t result;

    if (b->busy)
        return MAILPROTO_ERR_STATE;
    if (b->prepared)
        return MAILPROTO_OK;
    result = mp_builder_prepare(b);
    if (!result)
        rewind_to(b, b->reader);
    return result;
}

int32_t mailproto_mime_builder_read(mailproto_mime_builder *b, void *out, size_t cap, size_t *made)
{
    int32_t result;

    if (!b || !out || cap < MAILPROTO_CODEC_ROOM || !made)
        return MAILPROTO_ERR_ARG;
    *made = 0;
    result = make_ready(b);
    return result ? result : read_from(b, b->reader, out, cap, made);
}

int32_t mailproto_mime_builder_rewind(mailproto_mime_builder *b)
{
    if (!b)
        return MAILPROTO_ERR_ARG;
    if (b->busy)
        return MAILPROTO_ERR_STATE;
    if (b->prepared)
        rewind_to(b, b->reader);
    return MAILPROTO_OK;
}

int32_t mailproto_mime_builder_size(mailproto_mime_builder *b, uint64_t *size)
{
    mp_builder_reader *r;
    uint8_t piece[1024];
    uint64_t sum = 0;
    size_t made;
    int32_t result;

    if (!b || !size)
        return MAILPROTO_ERR_ARG;
    result = make_ready(b);
    if (result)
        return result;
    r = mp_alloc_zero(&b->memory, sizeof *r);
    if (!r)
        return MAILPROTO_ERR_NOMEM;
    rewind_to(b, r);
    while ((result = read_from(b, r, piece, sizeof piece, &made)) == MAILPROTO_OK)
        sum += made;
    mp_free(&b->memory, r, sizeof *r);
    if (result != MAILPROTO_MIME_END)
        return result;
    *size = sum;
    return MAILPROTO_OK;
}

int32_t mailproto_mime_builder_needs(mailproto_mime_builder *b, uint32_t *needs)
{
    int32_t result;

    if (!b || !needs)
        return MAILPROTO_ERR_ARG;
    result = make_ready(b);
    if (!result)
        *needs = b->needs;
    return result;
}
