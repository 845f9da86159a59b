/* builder_content.c - says what a node is: a multipart, a leaf, the octets of a whole part.
 * RFC 2045 section 5, RFC 2046 section 5, RFC 2183, RFC 1847 section 2.1. */
#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "mime/builder.h"

enum { TYPE_MAX = 80 };

int32_t mailproto_mime_builder_content_init(mailproto_mime_builder_content *content, size_t size)
{
    return mp_struct_init(content, size);
}

static int is_given(mailproto_text text)
{
    return text.len != 0;
}

/* "type/subtype" */
static int is_type(mailproto_text type)
{
    const char *slash = type.len && type.len <= TYPE_MAX ? memchr(type.ptr, '/', type.len) : NULL;
    const size_t n = slash ? (size_t)(slash - type.ptr) : 0;

    return slash && mp_builder_is_token(type.ptr, n) && mp_builder_is_token(slash + 1, type.len - n - 1);
}

static int32_t may_become(const mailproto_mime_builder *b, uint32_t node)
{
    int32_t result = mp_builder_may(b, node);

    return !result && b->nodes[node].kind != MP_BUILDER_NOTHING ? MAILPROTO_ERR_STATE : result;
}

/* Begins the Content-Type, which stays open. */
static void begin_type(mailproto_mime_builder *b, uint32_t node, const char *type, size_t n)
{
    mp_builder_field(b, node, MP_BUILDER_VALUE, "Content-Type", 1);
    mp_builder_word(b, " ", 1, type, n);
}

int32_t mailproto_mime_builder_multipart(mailproto_mime_builder *b, uint32_t node, const char *subtype)
{
    static const char multipart[] = "multipart/";
    char type[sizeof multipart + TYPE_MAX];
    size_t n = subtype ? strlen(subtype) : 0;
    mp_builder_mark mark;
    int32_t result = may_become(b, node);

    if (result || n > TYPE_MAX || !mp_builder_is_token(subtype, n))
        return result ? result : MAILPROTO_ERR_ARG;
    memcpy(type, multipart, sizeof multipart - 1);
    memcpy(type + sizeof multipart - 1, subtype, n);
    mp_builder_begin(b, node, &mark);
    b->nodes[node].kind = MP_BUILDER_MULTIPART;
    begin_type(b, node, type, sizeof multipart - 1 + n);
    return mp_builder_end(b, &mark);
}

/* ---- leaves ---- */

static int32_t take_content(mailproto_mime_builder_content *c, const mailproto_mime_builder_content *host)
{
    const uint32_t known = MAILPROTO_MIME_CONTENT_COPY | MAILPROTO_MIME_CONTENT_TEXT | MAILPROTO_MIME_CONTENT_EXACT;

    if (!host || mp_struct_copy(c, sizeof *c, host))
        return MAILPROTO_ERR_ARG;
    if (c->flags & ~known || c->encoding > MAILPROTO_MIME_ENCODING_BASE64 || (!c->data.ptr && c->data.len) ||
        (c->read && is_given(c->data)))
        return MAILPROTO_ERR_ARG;
    return MAILPROTO_OK;
}

static int are_texts(const mailproto_mime_builder *b, const mailproto_mime_builder_content *c)
{
    return mp_builder_is_text(c->file_name.ptr, c->file_name.len) &&
           mp_builder_is_text(c->description.ptr, c->description.len) && (!is_given(c->type) || is_type(c->type)) &&
           (!is_given(c->charset) || mp_builder_is_token(c->charset.ptr, c->charset.len)) &&
           c->charset.len <= TYPE_MAX && c->disposition.len <= TYPE_MAX &&
           (!is_given(c->disposition) || mp_builder_is_token(c->disposition.ptr, c->disposition.len)) &&
           (!is_given(c->content_id) || mp_builder_is_id(b, c->content_id.ptr, c->content_id.len));
}

static void set_source(mailproto_mime_builder *b, uint32_t node, const mailproto_mime_builder_content *c)
{
    mp_builder_source *source = &b->nodes[node].source;

    memset(source, 0, sizeof *source);
    if (c->read) {
        source->read = c->read;
        source->user = c->user;
        return;
    }
    source->n = c->data.len;
    source->lent = (const uint8_t *)c->data.ptr;
    if (c->flags & MAILPROTO_MIME_CONTENT_COPY && c->data.len) {
        source->copied = mp_builder_reserve(b, c->data.len);
        if (source->copied)
            memcpy(b->text + source->copied - 1, c->data.ptr, c->data.len);
    }
}

static void put_disposition(mailproto_mime_builder *b, uint32_t node, const mailproto_mime_builder_content *c)
{
    mailproto_text disposition = c->disposition;

    if (!is_given(disposition) && !is_given(c->file_name))
        return;
    if (!is_given(disposition))
        disposition = (mailproto_text){"attachment", 10};
    mp_builder_field(b, node, MP_BUILDER_VALUE, "Content-Disposition", 1);
    mp_builder_word(b, " ", 1, disposition.ptr, disposition.len);
    if (is_given(c->file_name))
        mp_builder_parameter(b, "filename", c->file_name.ptr, c->file_name.len);
}

static void put_id(mailproto_mime_builder *b, uint32_t node, mailproto_text id)
{
    char text[MP_BUILDER_WORD + 2];

    if (!is_given(id))
        return;
    text[0] = '<';
    memcpy(text + 1, id.ptr, id.len);
    text[id.len + 1] = '>';
    mp_builder_field(b, node, MP_BUILDER_CLOSED, "Content-ID", 1);
    mp_builder_word(b, " ", 1, text, id.len + 2);
}

int32_t mailproto_mime_builder_leaf(mailproto_mime_builder *b, uint32_t node,
                                    const mailproto_mime_builder_content *content)
{
    static const mailproto_text plain = {"text/plain", 10}, utf8 = {"utf-8", 5};
    mailproto_mime_builder_content c;
    mp_builder_mark mark;
    mp_builder_node *n;
    int32_t result = may_become(b, node), is_text;

    if (!result)
        result = take_content(&c, content);
    if (result || !are_texts(b, &c))
        return result ? result : MAILPROTO_ERR_ARG;
    if (!is_given(c.type))
        c.type = plain;
    if (mp_ascii_begins(c.type.ptr, c.type.len, "multipart/"))
        return MAILPROTO_ERR_ARG;
    is_text = mp_ascii_begins(c.type.ptr, c.type.len, "text/") != 0;
    if (is_text && !is_given(c.charset))
        c.charset = utf8;
    mp_builder_begin(b, node, &mark);
    n = &b->nodes[node];
    n->kind = MP_BUILDER_LEAF;
    n->asked = c.encoding;
    n->may_be_text =
        is_text || c.flags & MAILPROTO_MIME_CONTENT_TEXT || mp_ascii_begins(c.type.ptr, c.type.len, "message/");
    n->exact = c.flags & MAILPROTO_MIME_CONTENT_EXACT;
    n->is_message = mp_ascii_equal(c.type.ptr, c.type.len, "message/rfc822") ||
                    mp_ascii_equal(c.type.ptr, c.type.len, "message/global") ||
                    mp_ascii_equal(c.type.ptr, c.type.len, "message/partial");
    if (n->is_message && n->asked > MAILPROTO_MIME_ENCODING_BINARY)
        mp_builder_fail(b, MAILPROTO_ERR_ARG);
    set_source(b, node, &c);
    put_disposition(b, node, &c);
    put_id(b, node, c.content_id);
    if (is_given(c.description)) {
        mp_builder_field(b, node, MP_BUILDER_CLOSED, "Content-Description", 1);
        mp_builder_unstructured(b, c.description.ptr, c.description.len);
    }
    begin_type(b, node, c.type.ptr, c.type.len);
    if (is_given(c.charset))
        mp_builder_parameter(b, "charset", c.charset.ptr, c.charset.len);
    return mp_builder_end(b, &mark);
}

int32_t mailproto_mime_builder_raw(mailproto_mime_builder *b, uint32_t node,
                                   const mailproto_mime_builder_content *content)
{
    mailproto_mime_builder_content c;
    mp_builder_mark mark;
    int32_t result = may_become(b, node);

    if (!result)
        result = take_content(&c, content);
    if (result)
        return result;
    if (c.encoding || c.flags & ~(uint32_t)MAILPROTO_MIME_CONTENT_COPY || is_given(c.type) || is_given(c.charset) ||
        is_given(c.disposition) || is_given(c.file_name) || is_given(c.content_id) || is_given(c.description))
        return MAILPROTO_ERR_ARG;
    if (b->nodes[node].fields.first || (b->open.kind != MP_BUILDER_CLOSED && b->open.node == node))
        return MAILPROTO_ERR_STATE;
    mp_builder_begin(b, node, &mark);
    b->nodes[node].kind = MP_BUILDER_RAW;
    set_source(b, node, &c);
    return mp_builder_end(b, &mark);
}
