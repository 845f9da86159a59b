/* builder_look.c - looks at data once before they are written: which encoding they take, that no boundary is in them.
 * RFC 2045 section 6, RFC 2046 section 5.1.1. */
#include <string.h>

#include "core/memory.h"
#include "mime/builder.h"

/* What the octets of a leaf are. */
typedef struct seen {
    uint64_t n, crs, lfs, bare_crs, bare_lfs, nuls, highs;
    uint64_t escapes;                /* what quoted-printable escapes, CR and LF left out */
    uint64_t soft;                   /* its soft line breaks, if it is text */
    uint64_t column, width, longest; /* of the line in hand: octets, and characters as quoted-printable */
    uint32_t last, matched;
} seen;

/* 1: a NUL, 2: above 127, 4: to be escaped, 8: CR or LF */
static uint32_t class_of(uint8_t octet)
{
    if (octet >= 0x80)
        return 2 | 4;
    if (octet == '\r' || octet == '\n')
        return 8;
    if (octet < ' ')
        return octet == '\t' ? 0 : octet ? 4 : 1 | 4;
    return octet == '=' || octet == 0x7f ? 4 : 0;
}

static void end_of_line(seen *s)
{
    s->soft += s->width ? (s->width - 1) / (MAILPROTO_CODEC_LINE - 1) : 0;
    s->column = s->width = 0;
}

static void see(seen *s, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const uint32_t class = class_of(p[i]), is_lf = p[i] == '\n';

        if (s->last == '\r' && !is_lf)
            s->bare_crs++;
        if (class & 8) {
            s->crs += !is_lf;
            if (is_lf) {
                s->lfs++;
                s->bare_lfs += s->last != '\r';
                if (s->column - (s->last == '\r') > s->longest)
                    s->longest = s->column - (s->last == '\r');
                end_of_line(s);
            } else {
                s->column++;
            }
        } else {
            s->nuls += class & 1;
            s->highs += class >> 1 & 1;
            s->escapes += class >> 2 & 1;
            s->column++;
            s->width += class & 4 ? 3 : 1;
        }
        s->last = p[i];
    }
    s->n += n;
}

static void seen_all(seen *s)
{
    s->bare_crs += s->last == '\r';
    if (s->column > s->longest)
        s->longest = s->column;
    end_of_line(s);
}

/* Whether the tag is in what was seen, also across pieces. Its first octet is in it only once. */
static int has_tag(const char *tag, seen *s, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!s->matched) {
            const uint8_t *found = memchr(p + i, tag[0], n - i);

            if (!found)
                return 0;
            i = (size_t)(found - p);
            s->matched = 1;
        } else {
            s->matched = p[i] == (uint8_t)tag[s->matched] ? s->matched + 1 : p[i] == (uint8_t)tag[0];
        }
        if (s->matched == MP_BUILDER_TAG)
            return 1;
    }
    return 0;
}

/* The shorter of the two. Text counts with CRLF line ends. */
static uint32_t shorter(const mp_builder_node *node, const seen *s)
{
    const uint64_t n = s->n + (node->is_text ? s->bare_lfs : 0);
    const uint64_t base64 = (n + 2) / 3 * 4 + (n + 56) / 57 * 2;
    uint64_t qp;

    if (node->is_text) {
        qp = n + 2 * (s->escapes + s->bare_crs) + 3 * s->soft;
    } else {
        qp = n + 2 * (s->escapes + s->crs + s->lfs);
        qp += qp / (MAILPROTO_CODEC_LINE - 1) * 3;
    }
    return qp <= base64 ? MAILPROTO_MIME_ENCODING_QUOTED_PRINTABLE : MAILPROTO_MIME_ENCODING_BASE64;
}

/* Text that must be kept is text only if CRLF ends all its lines: nothing is then changed, whichever way it is written. */
static uint32_t stays_text(const mp_builder_node *node, const seen *s)
{
    const int whole = node->parent != MAILPROTO_MIME_NO_PART || !s->n || s->last == '\n';

    return node->may_be_text && (!node->exact || (!s->bare_crs && !s->bare_lfs && whole));
}

/* What an encoding asks for that is none. */
static const uint32_t need_of[] = {0, 0, MAILPROTO_MIME_BUILDER_8BITMIME, MAILPROTO_MIME_BUILDER_BINARY, 0, 0};

/* The least that the data can be without being encoded. */
static uint32_t unencoded(const mp_builder_node *node, const seen *s)
{
    const int whole = node->parent != MAILPROTO_MIME_NO_PART || !s->n || s->last == '\n';

    if (s->nuls || s->bare_crs || s->longest > MP_BUILDER_LINE || (!node->is_text && (s->bare_lfs || !whole)))
        return MAILPROTO_MIME_ENCODING_BINARY;
    return s->highs ? MAILPROTO_MIME_ENCODING_8BIT : MAILPROTO_MIME_ENCODING_7BIT;
}

static int32_t choose(mailproto_mime_builder *b, mp_builder_node *node, const seen *s)
{
    const uint32_t least = unencoded(node, s);

    if (node->asked) {
        if (node->asked < least)
            return MAILPROTO_ERR_BODY;
        node->encoding = node->asked;
    } else if (node->kind == MP_BUILDER_RAW || node->is_message || least == MAILPROTO_MIME_ENCODING_7BIT ||
               (least == MAILPROTO_MIME_ENCODING_8BIT && node->is_text &&
                b->config.flags & MAILPROTO_MIME_BUILDER_8BITMIME)) {
        node->encoding = least;
    } else {
        node->encoding = shorter(node, s);
    }
    b->needs |= need_of[node->encoding];
    return MAILPROTO_OK;
}

/* OK; MORE: the tag is in the data. */
static int32_t look(mailproto_mime_builder *b, mp_builder_node *node)
{
    mp_builder_reader *reader = b->reader;
    seen s = {0};
    int32_t result;

    node->looked = 0;
    node->is_text = node->may_be_text && !node->exact;
    if (node->asked > MAILPROTO_MIME_ENCODING_BINARY) {
        node->encoding = node->asked;
        return MAILPROTO_OK;
    }
    reader->offset = reader->piece_at = reader->piece_n = 0;
    for (;;) {
        const uint8_t *p = NULL;
        size_t n = 0;

        result = mp_builder_fetch(b, node, reader, &p, &n);
        if (result)
            return result;
        if (!n)
            break;
        see(&s, p, n);
        if (b->nodes_n > 1 && has_tag(b->tag, &s, p, n))
            return MAILPROTO_CODEC_MORE;
        reader->offset += n;
    }
    seen_all(&s);
    if (node->source.read)
        node->source.n = s.n;
    node->looked = 1;
    node->is_text = stays_text(node, &s);
    return choose(b, node, &s);
}

static int32_t look_at_all(mailproto_mime_builder *b)
{
    b->needs = 0;
    for (uint32_t i = 0; i < b->nodes_n; i++) {
        mp_builder_node *node = &b->nodes[i];
        int32_t result = MAILPROTO_OK;

        if (node->kind == MP_BUILDER_MULTIPART && !node->first_child)
            return MAILPROTO_ERR_STATE;
        if (node->kind == MP_BUILDER_LEAF || node->kind == MP_BUILDER_RAW)
            result = look(b, node);
        if (result)
            return result;
    }
    return MAILPROTO_OK;
}

/* Fields are in UTF-8 only where SMTPUTF8 allows it. */
static void look_at_fields(mailproto_mime_builder *b)
{
    if (!(b->config.flags & MAILPROTO_MIME_BUILDER_SMTPUTF8))
        return;
    for (uint32_t i = 0; i < b->nodes_n; i++)
        for (int list = 0; list < 2; list++) {
            size_t place = list ? b->nodes[i].content.first : b->nodes[i].fields.first;

            while (place) {
                mp_builder_run run;

                memcpy(&run, b->text + place - 1, sizeof run);
                for (size_t k = 0; k < run.n; k++)
                    if (b->text[place - 1 + sizeof run + k] >= 0x80)
                        b->needs |= MAILPROTO_MIME_BUILDER_SMTPUTF8;
                place = run.next;
            }
        }
}

static int32_t new_tag(mailproto_mime_builder *b)
{
    b->tag[0] = '='; /* "=_" is in no data that are encoded, RFC 2045 6.7 */
    b->tag[1] = '_';
    return b->nodes[0].kind == MP_BUILDER_MULTIPART ? mp_builder_random(b, b->tag + 2) : MAILPROTO_OK;
}

int32_t mp_builder_prepare(mailproto_mime_builder *b)
{
    enum { TRIES = 16 };
    int32_t result = MAILPROTO_CODEC_MORE;

    if (b->prepared)
        return MAILPROTO_OK;
    if (b->open.in_group)
        return MAILPROTO_ERR_STATE;
    if (!b->reader)
        b->reader = mp_alloc_zero(&b->memory, sizeof *b->reader);
    if (!b->reader)
        return MAILPROTO_ERR_NOMEM;
    for (int i = 0; i < TRIES && result == MAILPROTO_CODEC_MORE; i++) {
        result = new_tag(b);
        if (!result)
            result = look_at_all(b);
    }
    if (result)
        return result == MAILPROTO_CODEC_MORE ? MAILPROTO_ERR_HOST : result;
    look_at_fields(b);
    memset(b->reader, 0, offsetof(mp_builder_reader, small));
    b->prepared = 1;
    return MAILPROTO_OK;
}
