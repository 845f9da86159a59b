/* view_text.c - the text of a part as UTF-8 with LF: as a stream, and in one piece with a limit.
 * RFC 8621 sections 4.1.4 (EmailBodyValue) and 4.2 (maxBodyValueBytes); RFC 2045 section 6, RFC 2046 section 4.1. */
#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "mime/tree.h"
#include "mime/view.h"

#define BIT(name) MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_##name)

/* mailproto_mime_text_stream.state */
enum { CLOSED, READING, DECODED, OVER };

enum { SNIFFED = 1024, NAME_ROOM = 256 };

int32_t mailproto_mime_text_stream_init(mailproto_mime_text_stream *stream, size_t size)
{
    return size < sizeof *stream ? MAILPROTO_ERR_ARG : mp_struct_init(stream, size);
}

int32_t mailproto_mime_value_init(mailproto_mime_value *value, size_t size)
{
    return mp_struct_init(value, size);
}

/* ---- which charset ---- */

/* The charset parameter of Content-Type; how many octets, 0: there is none that counts. */
static size_t declared(const mailproto_mime_part *p, char name[NAME_ROOM])
{
    mailproto_mime_content_type type;
    mailproto_mime_parameters list;
    mailproto_mime_parameter parameter;
    size_t made = 0;

    mailproto_mime_content_type_init(&type, sizeof type);
    mailproto_mime_parameter_init(&parameter, sizeof parameter);
    if (!p->content_type.len || mailproto_mime_content_type_read(p->content_type.ptr, p->content_type.len, &type) ||
        mailproto_mime_parameters_init(&list, sizeof list, type.parameters.ptr, type.parameters.len) ||
        mailproto_mime_parameters_get(&list, "charset", &parameter) ||
        mailproto_mime_parameter_text(&list, &parameter, NULL, name, NAME_ROOM, &made, NULL))
        return 0;
    return made;
}

/* What follows "charset" in HTML: blanks, "=", blanks and quotes, then the name. */
static mailproto_text charset_behind(const uint8_t *p, size_t n)
{
    size_t i = 0, begin;

    while (i < n && (mp_ascii_is_wsp(p[i]) || p[i] == '\r' || p[i] == '\n'))
        i++;
    if (i == n || p[i] != '=')
        return (mailproto_text){0};
    for (i++; i < n && (mp_ascii_is_wsp(p[i]) || p[i] == '"' || p[i] == '\''); i++)
        ;
    for (begin = i; i < n && mp_ascii_is(p[i], MP_LDH | MP_UNDERSCORE); i++)
        ;
    return (mailproto_text){(const char *)p + begin, i - begin};
}

/* What a meta element at the beginning says. What can read it is a superset of ASCII: so UTF-16 and UTF-32 are not meant. */
static mailproto_text charset_of_html(const uint8_t *p, size_t n)
{
    int is_meta = 0;

    for (size_t i = 0; i < n; i++) {
        mailproto_text name;

        if (p[i] == '<')
            is_meta = mp_ascii_begins(p + i, n - i, "<meta") != 0;
        if (!is_meta || !mp_ascii_begins(p + i, n - i, "charset"))
            continue;
        name = charset_behind(p + i + 7, n - i - 7);
        if (name.len && !mp_ascii_begins(name.ptr, name.len, "utf-16") &&
            !mp_ascii_begins(name.ptr, name.len, "utf-32") && mailproto_charset_name(name.ptr, name.len))
            return name;
    }
    return (mailproto_text){0};
}

static size_t sniff(const mailproto_mime_tree *tree, uint32_t part, char name[NAME_ROOM])
{
    mailproto_mime_stream body;
    uint8_t begin[SNIFFED];
    size_t n = 0, made;
    mailproto_text found;

    mailproto_mime_stream_init(&body, sizeof body);
    if (mailproto_mime_tree_open(tree, part, &body))
        return 0;
    while (SNIFFED - n >= MAILPROTO_CODEC_ROOM && !mailproto_mime_stream_read(&body, begin + n, SNIFFED - n, &made))
        n += made;
    found = charset_of_html(begin, n);
    if (!found.len || found.len > NAME_ROOM)
        return 0;
    memcpy(name, found.ptr, found.len);
    return found.len;
}

/* ---- the stream ---- */

static void open_charset(mailproto_charset_decoder *d, const char *name, size_t n,
                         const mailproto_charset_provider *provider)
{
    mailproto_charset_decoder_init(d, sizeof *d);
    mailproto_charset_decoder_open(d, name, n, provider);
}

static int is_whole(const mailproto_charset_provider *provider)
{
    return !provider || (provider->open && provider->convert && provider->close);
}

static void note(mailproto_mime_text_stream *s)
{
    s->defects |= s->body.defects | s->charset.defects;
    if (s->defects & (BIT(CHARSET_UNKNOWN) | BIT(CHARSET_OCTETS) | BIT(ENCODING_UNKNOWN)))
        s->problem = 1;
}

int32_t mailproto_mime_text_open(const mailproto_mime_tree *tree, uint32_t part,
                                 const mailproto_charset_provider *provider, mailproto_mime_text_stream *s)
{
    char name[NAME_ROOM];
    mailproto_mime_part p;
    size_t n;

    p.struct_size = sizeof p;
    if (!s || s->struct_size < sizeof *s || !is_whole(provider) || mailproto_mime_tree_part(tree, part, &p))
        return MAILPROTO_ERR_ARG;
    mp_struct_init(s, s->struct_size);
    mailproto_mime_stream_init(&s->body, sizeof s->body);
    mailproto_mime_tree_open(tree, part, &s->body);
    n = declared(&p, name);
    if (!n && mp_view_type(&p) == MAILPROTO_MIME_VIEW_IS_HTML)
        n = sniff(tree, part, name);
    open_charset(&s->charset, name, n, provider);
    if (s->body.encoding == MAILPROTO_MIME_ENCODING_UNKNOWN)
        s->defects |= BIT(ENCODING_UNKNOWN);
    note(s);
    if (s->charset.defects & BIT(CHARSET_UNKNOWN)) {
        mailproto_charset_decoder_close(&s->charset);
        open_charset(&s->charset, NULL, 0, NULL);
    }
    s->state = READING;
    return MAILPROTO_OK;
}

/* Makes CRLF LF, in place, and gives how many octets are left. A CR at the end waits for what follows: cr is 1. */
static size_t unify(mailproto_mime_text_stream *s, char *p, size_t n)
{
    const char *cr = memchr(p, '\r', n);
    size_t made, i;

    if (!cr)
        return n;
    made = i = (size_t)(cr - p);
    for (; i < n; i++) {
        if (p[i] == '\r' && i + 1 == n)
            s->cr = 1;
        else if (p[i] != '\r' || p[i + 1] != '\n')
            p[made++] = p[i];
    }
    return made;
}

/* The next UTF-8 of the charset. OK, also if there is none yet. */
static int32_t convert(mailproto_mime_text_stream *s, char *out, size_t cap, size_t *made)
{
    size_t took, n;
    int32_t result;

    *made = 0;
    if (s->state == READING && s->held_at == s->held_n) {
        s->held_at = s->held_n = 0;
        if (mailproto_mime_stream_read(&s->body, s->held, sizeof s->held, &n) == MAILPROTO_OK)
            s->held_n = (uint32_t)n;
        else
            s->state = DECODED;
    }
    if (s->state == READING) {
        result =
            mailproto_charset_decode(&s->charset, s->held + s->held_at, s->held_n - s->held_at, &took, out, cap, made);
        s->held_at += (uint32_t)took;
        return result;
    }
    result = mailproto_charset_decode_end(&s->charset, out, cap, made);
    if (result == MAILPROTO_OK)
        s->state = OVER;
    return result == MAILPROTO_CODEC_MORE ? MAILPROTO_OK : result;
}

/* A CR that waited, or the place of one, stands before what comes next: LF takes its place, all else follows it. */
int32_t mailproto_mime_text_read(mailproto_mime_text_stream *s, char *out, size_t cap, size_t *made)
{
    int32_t result = MAILPROTO_OK;

    if (!s || s->struct_size < sizeof *s || s->state == CLOSED || !out || !made || cap < MAILPROTO_MIME_TEXT_ROOM)
        return MAILPROTO_ERR_ARG;
    for (*made = 0; !*made;) {
        const size_t waits = s->cr;
        size_t n;

        if (s->state == OVER) {
            if (!waits)
                return MAILPROTO_MIME_END;
            s->cr = 0;
            out[(*made)++] = '\r';
            return MAILPROTO_OK;
        }
        if (waits)
            out[0] = '\r';
        result = convert(s, out + waits, cap - waits, &n);
        note(s);
        if (result)
            return result;
        if (!n)
            continue;
        s->cr = 0;
        *made = unify(s, out, waits + n);
    }
    return MAILPROTO_OK;
}

void mailproto_mime_text_close(mailproto_mime_text_stream *s)
{
    if (!s || s->struct_size < sizeof *s || s->state == CLOSED)
        return;
    mailproto_charset_decoder_close(&s->charset);
    s->state = CLOSED;
}

/* ---- in one piece ---- */

/* How many of the n octets at p, of which whole characters were cut off behind `most`, are whole characters. */
static size_t whole_characters(const char *p, size_t n)
{
    while (n && ((uint8_t)p[n] & 0xc0) == 0x80)
        n--;
    return n;
}

/* How much of HTML that is cut off at n is not in a tag: only what may begin one counts. */
static size_t whole_tags(const char *p, size_t n)
{
    for (size_t i = n; i-- > 0 && p[i] != '>';)
        if (p[i] == '<' && (i + 1 == n || mp_ascii_is_alpha((uint8_t)p[i + 1]) || p[i + 1] == '/' || p[i + 1] == '!'))
            return i;
    return n;
}

/* Fills out; *truncated: there is more. */
static int32_t fill(mailproto_mime_text_stream *s, char *out, size_t cap, size_t *made, uint32_t *truncated)
{
    char piece[MAILPROTO_MIME_TEXT_ROOM];
    int32_t result;
    size_t n;

    for (*made = 0;; *made += n) {
        const int is_direct = cap - *made >= sizeof piece;
        char *here = is_direct ? out + *made : piece;

        result = mailproto_mime_text_read(s, here, is_direct ? cap - *made : sizeof piece, &n);
        if (result)
            break;
        if (is_direct)
            continue;
        *truncated = n > cap - *made;
        n = *truncated ? whole_characters(piece, cap - *made) : n;
        if (n)
            memcpy(out + *made, piece, n);
        if (*truncated) {
            *made += n;
            return MAILPROTO_OK;
        }
    }
    return result == MAILPROTO_MIME_END ? MAILPROTO_OK : result;
}

int32_t mailproto_mime_view_value(const mailproto_mime_tree *tree, uint32_t part,
                                  const mailproto_charset_provider *provider, char *out, size_t cap,
                                  mailproto_mime_value *value)
{
    mailproto_mime_text_stream s;
    mailproto_mime_part p;
    int32_t result;

    mailproto_mime_text_stream_init(&s, sizeof s);
    if ((!out && cap) || !value || value->struct_size < sizeof *value ||
        mailproto_mime_text_open(tree, part, provider, &s))
        return MAILPROTO_ERR_ARG;
    mp_struct_init(value, value->struct_size);
    result = fill(&s, out, cap, &value->made, &value->truncated);
    p.struct_size = sizeof p;
    mailproto_mime_tree_part(tree, part, &p);
    if (value->truncated && mp_view_type(&p) == MAILPROTO_MIME_VIEW_IS_HTML)
        value->made = whole_tags(out, value->made);
    value->problem = s.problem;
    value->defects = s.defects;
    mailproto_mime_text_close(&s);
    return result;
}
