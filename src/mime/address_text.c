/* address_text.c - the display name of an address as text, and the address in normal form.
 * RFC 5322 sections 3.2.4, 3.2.5, 3.4 and 4.4; RFC 2047 section 5 (3). */
#include <string.h>

#include "mailproto/mime_header.h"
#include "mime/header_scan.h"
#include "mime/header_text.h"

/* A longer name is decoded string by string. */
enum { WHOLE_MAX = 1024 };

static int is_address(const mailproto_mime_address *address)
{
    return address && address->struct_size >= sizeof *address;
}

static int32_t put_all(const mailproto_text *text, char *out, size_t cap, size_t *made)
{
    if (text->len && cap)
        memcpy(out, text->ptr, text->len < cap ? text->len : cap);
    *made = text->len;
    return text->len > cap ? MAILPROTO_ERR_LIMIT : MAILPROTO_OK;
}

/* ---- display names ---- */

/* How the octets of a name are taken: with encoded words and charsets, or as they stand. */
typedef void put_fn(mp_text *t, const uint8_t *p, size_t n);

/* The inside of a quoted string or comment: what is behind a backslash stands for itself. */
static void put_quoted(mp_text *t, const uint8_t *p, size_t n, put_fn *put)
{
    size_t begin = 0, at = 0;

    while (at < n) {
        const uint8_t *next = memchr(p + at, '\\', n - at);

        at = next ? (size_t)(next - p) : n;
        if (at > begin)
            put(t, p + begin, at - begin);
        begin = at + 1;
        at += 2;
    }
    if (begin < n) /* a last character that was behind a backslash */
        put(t, p + begin, n - begin);
}

/* A phrase: quoted strings, words, comments that say nothing. Without recursion, each octet once. */
static void put_phrase(mp_text *t, const mailproto_text *name, put_fn *put)
{
    mp_scan s = {(const uint8_t *)name->ptr, name->len, 0};
    size_t begin = 0, at = 0, end, n;

    while (at < s.n) {
        if (s.p[at] != '"' && s.p[at] != '(') {
            at++;
            continue;
        }
        put(t, s.p + begin, at - begin);
        s.defects = 0;
        if (s.p[at] == '(') {
            at = mp_skip_comment(&s, at);
            put(t, (const uint8_t *)" ", 1);
        } else {
            end = mp_skip_quoted(&s, at);
            n = (s.defects ? end : end - 1) - at - 1;
            if (mp_has_word((const char *)s.p + at + 1, n)) /* RFC 2047 5: none may be in a quoted string */
                t->defects |= MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_WORD);
            put_quoted(t, s.p + at + 1, n, put);
            at = end;
        }
        begin = at;
    }
    put(t, s.p + begin, s.n - begin);
}

static void put_name(mp_text *t, const mailproto_mime_address *address, put_fn *put)
{
    t->collapse = 1;
    if (address->flags & MAILPROTO_MIME_ADDRESS_NAME_COMMENT)
        put_quoted(t, (const uint8_t *)address->name.ptr, address->name.len, put);
    else
        put_phrase(t, &address->name, put);
}

/* A name with encoded words, of which some mailers put a part in quotes: the quotes go first. */
static void put_words(mp_text *t, const mailproto_mime_address *address)
{
    uint8_t raw[WHOLE_MAX];
    mp_text plain;
    size_t made;

    mp_text_begin(&plain, (char *)raw, sizeof raw, NULL, NULL, 0);
    put_name(&plain, address, mp_text_raw);
    if (mp_text_end(&plain, &made, &t->defects) == MAILPROTO_OK) {
        t->collapse = 1;
        mp_text_words(t, raw, made);
    } else
        put_name(t, address, mp_text_words);
}

int32_t mailproto_mime_address_name(const mailproto_mime_address *address, const mailproto_charset_provider *provider,
                                    char *out, size_t cap, size_t *made, uint64_t *defects)
{
    mp_text t;

    if (!is_address(address) || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    if (!address->name.len || address->flags & MAILPROTO_MIME_ADDRESS_NAME_PLAIN)
        return put_all(&address->name, out, cap, made);
    mp_text_begin(&t, out, cap, provider, address->name.ptr, address->name.len);
    if (mp_has_word(address->name.ptr, address->name.len))
        put_words(&t, address);
    else
        put_name(&t, address, mp_text_raw);
    return mp_text_end(&t, made, defects);
}

int32_t mailproto_mime_address_name_raw(const mailproto_mime_address *address, char *out, size_t cap, size_t *made)
{
    mp_text t;

    if (!is_address(address) || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    if (!address->name.len || address->flags & MAILPROTO_MIME_ADDRESS_NAME_PLAIN)
        return put_all(&address->name, out, cap, made);
    mp_text_begin(&t, out, cap, NULL, NULL, 0);
    put_name(&t, address, mp_text_raw);
    return mp_text_end(&t, made, NULL);
}

/* ---- normal form ---- */

/* The local part in the making. */
struct local {
    mp_small_out o;
    int escape;       /* quotes and backslashes get a backslash */
    int dot;          /* nothing, or a dot, was put last */
    int needs_quotes; /* it is no words with dots between */
};

static void put_local(struct local *l, uint8_t c)
{
    if (c == '.' ? l->dot : !(mp_header_class[c] & MP_CLASS_ATEXT))
        l->needs_quotes = 1;
    l->dot = c == '.';
    if (l->escape && (c == '"' || c == '\\'))
        mp_small_put(&l->o, '\\');
    mp_small_put(&l->o, c);
}

/* What a quoted string says; folds are none of it. */
static void put_local_quoted(struct local *l, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\\' && i + 1 < n)
            i++;
        if (!(mp_header_class[p[i]] & MP_CLASS_FOLD))
            put_local(l, p[i]);
    }
}

/* Words and strings without what stands between them. Blanks between two words that have no dot between them are one
   blank, which is to be in quotes. */
static void walk_local(struct local *l, const mailproto_text *text)
{
    mp_scan s = {(const uint8_t *)text->ptr, text->len, 0};
    size_t at = mp_skip_cfws(&s, 0, NULL), end;
    int gap = 0;

    l->dot = 1;
    l->needs_quotes = !s.n;
    for (; at<s.n; gap = end> at, at = end) {
        if (gap && s.p[at] != '.' && !l->dot)
            put_local(l, ' ');
        if (s.p[at] == '"') {
            s.defects = 0;
            end = mp_skip_quoted(&s, at);
            put_local_quoted(l, s.p + at + 1, (s.defects ? end : end - 1) - at - 1);
            if (end - at == 2)
                l->needs_quotes = 1;
            at = end;
        } else {
            for (end = at; end < s.n && s.p[end] != '"' && s.p[end] != '(' && !mp_is_blank(s.p[end]); end++)
                put_local(l, s.p[end]);
            at = end;
        }
        end = mp_skip_cfws(&s, at, NULL);
    }
    l->needs_quotes |= l->dot;
}

static void put_local_part(mp_small_out *o, const mailproto_text *text, uint32_t form)
{
    struct local l = {{NULL, 0, 0}, 0, 0, 0};

    if (form == MAILPROTO_MIME_SPEC_WHOLE)
        walk_local(&l, text);
    l.escape = form == MAILPROTO_MIME_SPEC_WHOLE && l.needs_quotes;
    l.o = *o;
    if (l.escape)
        mp_small_put(&l.o, '"');
    walk_local(&l, text);
    if (l.escape)
        mp_small_put(&l.o, '"');
    *o = l.o;
}

/* A domain or a route: without comments and blanks; those in a literal stay, but for folds. */
static void put_domain(mp_small_out *o, const mailproto_text *text)
{
    mp_scan s = {(const uint8_t *)text->ptr, text->len, 0};
    int literal = 0;

    for (size_t at = 0; at < s.n; at++) {
        literal = s.p[at] == '[' || (literal && s.p[at] != ']');
        if (literal ? mp_header_class[s.p[at]] & MP_CLASS_FOLD : mp_is_blank(s.p[at]))
            continue;
        if (!literal && s.p[at] == '(')
            at = mp_skip_comment(&s, at) - 1;
        else
            mp_small_put(o, s.p[at]);
    }
}

static void put_spec(mp_small_out *o, const mailproto_mime_address *address)
{
    /* <> has neither, and no quotes */
    if (address->local.len || address->domain.len)
        put_local_part(o, &address->local, MAILPROTO_MIME_SPEC_WHOLE);
    if (!address->domain.len)
        return;
    mp_small_put(o, '@');
    put_domain(o, &address->domain);
}

int32_t mailproto_mime_address_spec(const mailproto_mime_address *address, uint32_t form, char *out, size_t cap,
                                    size_t *made)
{
    mp_small_out o = {(uint8_t *)out, cap, 0};
    mailproto_text whole;

    if (!is_address(address) || form > MAILPROTO_MIME_SPEC_ROUTE || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    if (address->flags & MAILPROTO_MIME_ADDRESS_SPEC_PLAIN && form != MAILPROTO_MIME_SPEC_ROUTE) {
        whole = (mailproto_text){address->local.ptr, address->local.len + 1 + address->domain.len};
        return put_all(form == MAILPROTO_MIME_SPEC_WHOLE   ? &whole
                       : form == MAILPROTO_MIME_SPEC_LOCAL ? &address->local
                                                           : &address->domain,
                       out, cap, made);
    }
    if (form == MAILPROTO_MIME_SPEC_WHOLE)
        put_spec(&o, address);
    else if (form == MAILPROTO_MIME_SPEC_LOCAL)
        put_local_part(&o, &address->local, form);
    else
        put_domain(&o, form == MAILPROTO_MIME_SPEC_DOMAIN ? &address->domain : &address->route);
    return mp_small_done(&o, made);
}
