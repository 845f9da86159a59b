/* authentication_results.c - what a server found out about a message.
 * RFC 8601 section 2.2; RFC 8617 section 4.1.1 (ARC-Authentication-Results). */
#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "mailproto/mime_content.h"
#include "mime/header_scan.h"

#define BIT(name) MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_##name)

int32_t mailproto_mime_authentication_init(mailproto_mime_authentication *item, size_t size)
{
    return mp_struct_init(item, size);
}

/* A word of a key: up to "=", a blank, the separator (0: none), or what ends the result. */
static size_t skip_key(const mp_scan *s, size_t at, uint8_t separator)
{
    while (at < s->n && s->p[at] != '=' && s->p[at] != ';' && s->p[at] != '(' && s->p[at] != '"' &&
           !mp_is_blank(s->p[at]) && (!separator || s->p[at] != separator))
        at++;
    return at;
}

/* A value: a quoted string with what is glued to it (an address), or a word. */
static size_t skip_value(mp_scan *s, size_t at)
{
    while (at < s->n && s->p[at] != ';' && s->p[at] != '(' && !mp_is_blank(s->p[at]))
        at = s->p[at] == '"' ? mp_skip_quoted(s, at) : at + 1;
    return at;
}

/* Whether what begins at `at` is "key=": then it is no authserv-id. */
static int is_key(mp_scan s, size_t at)
{
    size_t end = skip_key(&s, at, 0);

    end = mp_skip_blanks(s.p, s.n, end);
    return end < s.n && s.p[end] == '=';
}

/* "i=1;" of ARC. Gives the place behind it, or `at`. */
static size_t read_instance(mp_scan *s, size_t at, uint32_t *instance)
{
    uint64_t number;
    size_t digits, behind = at + 2;

    if (s->n - at < 3 || mp_ascii_lower(s->p[at]) != 'i' || s->p[at + 1] != '=')
        return at;
    digits = mp_ascii_read_decimal(s->p + behind, s->n - behind, &number);
    behind = mp_skip_cfws(s, behind + digits, NULL);
    if (!digits || number > UINT32_MAX || behind == s->n || s->p[behind] != ';')
        return at;
    *instance = (uint32_t)number;
    return mp_skip_cfws(s, behind + 1, NULL);
}

int32_t mailproto_mime_authentications_init(mailproto_mime_authentications *reader, size_t size, const void *field,
                                            size_t n)
{
    mp_scan s = {mp_octets(field), n, 0};
    size_t at, end;

    if (!reader || size < sizeof *reader || (!field && n))
        return MAILPROTO_ERR_ARG;
    memset(reader, 0, sizeof *reader);
    reader->struct_size = sizeof *reader;
    reader->field = (mailproto_text){(const char *)s.p, n};
    at = read_instance(&s, mp_skip_cfws(&s, 0, NULL), &reader->instance);
    if (at == n || is_key(s, at))
        s.defects |= BIT(FIELD_SYNTAX); /* some servers do not say who they are */
    else {
        end = skip_value(&s, at);
        reader->server = mp_text_of(s.p, at, end);
        at = mp_skip_cfws(&s, end, NULL);
        end = at + mp_ascii_span(s.p + at, n - at, MP_DIGIT);
        reader->version = mp_text_of(s.p, at, end);
        at = end;
        while (at < n && s.p[at] != ';')
            at = s.p[at] == '(' ? mp_skip_comment(&s, at) : at + 1;
    }
    reader->at = at;
    reader->defects = s.defects;
    return MAILPROTO_OK;
}

/* What a key of one or two words says: a method, with its version, or a reason or property of the method before. */
static void set_key(mailproto_mime_authentications *reader, mailproto_mime_authentication *item,
                    const mailproto_text *first, const mailproto_text *second)
{
    if (!reader->inside) {
        item->kind = MAILPROTO_MIME_AUTHENTICATION_METHOD;
        item->name = *first;
        item->version = *second;
    } else if (second->ptr) {
        item->kind = MAILPROTO_MIME_AUTHENTICATION_PROPERTY;
        item->type = *first;
        item->name = *second;
    } else {
        item->name = *first;
        item->kind = MAILPROTO_MIME_AUTHENTICATION_REASON;
        if (!mp_ascii_equal(first->ptr, first->len, "reason")) {
            item->kind = MAILPROTO_MIME_AUTHENTICATION_PROPERTY;
            item->defects |= BIT(FIELD_SYNTAX);
        }
    }
    reader->inside = 1;
}

/* Reads "key = value (comment)" at *at; 0 if it is none. */
static int read_item(mp_scan *s, size_t *at, mailproto_mime_authentications *reader,
                     mailproto_mime_authentication *item)
{
    uint8_t separator = reader->inside ? '.' : '/';
    size_t begin = *at, end = skip_key(s, begin, separator), next = mp_skip_cfws(s, end, NULL);
    mailproto_text first = mp_text_of(s->p, begin, end), second = {NULL, 0};

    if (next < s->n && s->p[next] == separator) {
        begin = mp_skip_cfws(s, next + 1, NULL);
        end = skip_key(s, begin, 0);
        second = mp_text_of(s->p, begin, end);
        next = mp_skip_cfws(s, end, NULL);
    }
    if (!first.len || next == s->n || s->p[next] != '=') {
        if (!mp_ascii_equal(first.ptr, first.len, "none"))
            s->defects |= BIT(FIELD_SYNTAX);
        *at = end > *at ? end : s->p[*at] == '"' ? mp_skip_quoted(s, *at) : *at + 1;
        return 0;
    }
    set_key(reader, item, &first, &second);
    begin = mp_skip_cfws(s, next + 1, NULL);
    end = skip_value(s, begin);
    item->value = mp_text_of(s->p, begin, end);
    *at = mp_skip_cfws(s, end, &item->comment);
    return 1;
}

int32_t mailproto_mime_authentications_next(mailproto_mime_authentications *reader, mailproto_mime_authentication *item)
{
    mp_scan s;

    if (!reader || reader->struct_size < sizeof *reader || !item || item->struct_size < sizeof *item)
        return MAILPROTO_ERR_ARG;
    memset(&item->kind, 0, sizeof *item - offsetof(mailproto_mime_authentication, kind));
    s = (mp_scan){(const uint8_t *)reader->field.ptr, reader->field.len, 0};
    while ((reader->at = mp_skip_cfws(&s, reader->at, NULL)) < s.n) {
        if (s.p[reader->at] == ';') {
            reader->at++;
            reader->inside = 0;
        } else if (read_item(&s, &reader->at, reader, item)) {
            item->defects |= s.defects;
            return MAILPROTO_OK;
        }
    }
    return MAILPROTO_MIME_END;
}
