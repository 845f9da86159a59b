/* address_list.c - the mailboxes and groups of a field, one after the other.
 * RFC 5322 sections 3.4 and 4.4; RFC 6532 section 3.2; and what is seen in the wild in their place. */
#include <string.h>

#include "core/memory.h"
#include "mailproto/mime_header.h"
#include "mime/header_scan.h"

#define BIT(name) MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_##name)
#define NOWHERE   SIZE_MAX

/* What is known of the item that is being read. Places are offsets in the field, or NOWHERE. */
struct item {
    size_t begin;      /* its first octet */
    size_t word;       /* where the words that may be a local part begin: words with dots between */
    size_t local;      /* the local part begins */
    size_t at_sign;    /* the last @ that is syntax */
    size_t domain;     /* the domain begins ... */
    size_t domain_end; /* ... and ends */
    size_t end;        /* behind the last octet that is no blank and no comment */
    size_t split;      /* a second address begins here, if there is no "<" */
    int gap, dot;      /* what was read last: blanks or a comment; a dot before them */
    mailproto_text comment;
};

int32_t mailproto_mime_address_init(mailproto_mime_address *address, size_t size)
{
    return mp_struct_init(address, size);
}

int32_t mailproto_mime_addresses_init(mailproto_mime_addresses *reader, size_t size, const void *field, size_t n)
{
    if (!reader || size < sizeof *reader || (!field && n))
        return MAILPROTO_ERR_ARG;
    *reader = (mailproto_mime_addresses){sizeof *reader, 0, {(const char *)mp_octets(field), n}, 0, 0, SIZE_MAX};
    return MAILPROTO_OK;
}

/* ---- the name and the flags of an item ---- */

/* Whether a decoder would leave the text as it is. `specials` are the classes that it would not. */
static int is_plain(const uint8_t *p, size_t begin, size_t end, uint32_t specials)
{
    uint32_t seen = 0;

    if (begin == end || mp_is_blank(p[begin]) || mp_is_blank(p[end - 1]))
        return 0;
    for (size_t i = begin; i < end; i++) {
        seen |= mp_header_class[p[i]];
        if (mp_is_blank(p[i]) && (p[i] != ' ' || p[i + 1] == ' '))
            return 0;
    }
    if (seen & (specials | MP_CLASS_FOLD | MP_CLASS_HIGH | MP_CLASS_CONTROL | MP_CLASS_ESCAPE))
        return 0;
    return !(seen & MP_CLASS_EQUAL) || !mp_has_word((const char *)p + begin, end - begin);
}

/* The display name p[begin..end), which may have blanks at its ends. */
static void set_name(mailproto_mime_address *address, const uint8_t *p, size_t begin, size_t end)
{
    begin = mp_skip_blanks(p, end, begin);
    end = mp_trim_end(p, begin, end);
    if (end - begin > 2 && p[begin] == '"' && p[end - 1] == '"' && is_plain(p, begin + 1, end - 1, 0)) {
        begin++;
        end--;
        address->flags |= MAILPROTO_MIME_ADDRESS_NAME_PLAIN;
    } else if (is_plain(p, begin, end, MP_CLASS_PAREN))
        address->flags |= MAILPROTO_MIME_ADDRESS_NAME_PLAIN;
    address->name = mp_text_of(p, begin, end);
}

/* Without a name before it, the comment behind it is one (RFC 822 3.4.3: an old custom). */
static void set_comment_name(mailproto_mime_address *address, const mailproto_text *comment)
{
    const uint8_t *p = (const uint8_t *)comment->ptr;

    if (address->name.len || !comment->len)
        return;
    address->name = *comment;
    mp_trim(&address->name);
    address->flags |= MAILPROTO_MIME_ADDRESS_NAME_COMMENT;
    if (is_plain(p, (size_t)(address->name.ptr - comment->ptr),
                 (size_t)(address->name.ptr - comment->ptr) + address->name.len, 0))
        address->flags |= MAILPROTO_MIME_ADDRESS_NAME_PLAIN;
}

/* Whether the text is words with dots between. Adds the classes of its octets. */
static int is_dotted(const mailproto_text *text, uint32_t *seen)
{
    const uint8_t *p = (const uint8_t *)text->ptr;
    int dot = 1;

    for (size_t i = 0; i < text->len; i++) {
        *seen |= mp_header_class[p[i]];
        if (p[i] == '.') {
            if (dot)
                return 0;
            dot = 1;
        } else if (mp_header_class[p[i]] & MP_CLASS_ATEXT)
            dot = 0;
        else
            return 0;
    }
    return !dot;
}

/* Flags and defects of local part and domain: p[local..at_sign) and p[domain..end). */
static void set_spec(mailproto_mime_address *address, const uint8_t *p, size_t local, size_t at_sign, size_t domain,
                     size_t end)
{
    uint32_t seen = 0, verdict;

    local = mp_skip_blanks(p, at_sign, local);
    address->local = mp_text_of(p, local, mp_trim_end(p, local, at_sign));
    domain = mp_skip_blanks(p, end, domain);
    end = mp_trim_end(p, domain, end);
    address->domain = mp_text_of(p, domain, end);
    if (end > domain && p[domain] == '[')
        address->flags |= MAILPROTO_MIME_ADDRESS_LITERAL;
    if (is_dotted(&address->local, &seen) && is_dotted(&address->domain, &seen) &&
        address->local.ptr + address->local.len + 1 == address->domain.ptr)
        address->flags |= MAILPROTO_MIME_ADDRESS_SPEC_PLAIN;
    else if (mailproto_mime_address_check(p + local, (domain < end ? end : at_sign) - local, &verdict) ==
             MAILPROTO_OK) {
        verdict = MAILPROTO_MIME_VERDICT_CATEGORY(verdict);
        if (verdict >= MAILPROTO_MIME_CATEGORY_SYNTAX)
            address->defects |= BIT(ADDRESS);
        else if (verdict >= MAILPROTO_MIME_CATEGORY_MESSAGE)
            address->defects |= BIT(ADDRESS_OBSOLETE);
    }
    for (size_t i = local; i < end && !(seen & MP_CLASS_HIGH); i++)
        seen |= mp_header_class[p[i]];
    if (seen & MP_CLASS_HIGH)
        address->flags |= MAILPROTO_MIME_ADDRESS_EIGHT_BIT;
}

/* Steps over a quoted string. If it is not closed, this quote and all behind it stand for themselves: so no address is
   lost, and the field is not searched again for each. */
static size_t skip_quoted(mp_scan *s, size_t at, mailproto_mime_addresses *reader)
{
    uint64_t before = s->defects;
    size_t end;

    if (at >= reader->no_quote)
        return at + 1;
    s->defects = 0;
    end = mp_skip_quoted(s, at);
    if (s->defects) {
        reader->no_quote = at;
        end = at + 1;
    }
    s->defects |= before;
    return end;
}

/* ---- in "<>" ---- */

/* A route, RFC 5322 4.4: "@a,@b:". Gives the place behind the colon, or `at` if there is none. */
static size_t read_route(mp_scan *s, size_t at, mailproto_mime_address *address)
{
    size_t begin = at = mp_skip_blanks(s->p, s->n, at);

    if (at == s->n || (s->p[at] != '@' && s->p[at] != ','))
        return at;
    while (at < s->n && (s->p[at] == '@' || s->p[at] == ',' || !(mp_header_class[s->p[at]] & MP_CLASS_STOP)))
        at++;
    if (at == s->n || s->p[at] != ':')
        return begin;
    address->route = mp_text_of(s->p, begin, mp_trim_end(s->p, begin, at));
    address->flags |= MAILPROTO_MIME_ADDRESS_ROUTE;
    address->defects |= BIT(ADDRESS_OBSOLETE);
    return at + 1;
}

/* A domain literal that begins at `at`: the place behind it, or `at` if it is none. */
static size_t skip_literal(const mp_scan *s, size_t at)
{
    size_t end = at + 1;

    while (end < s->n && s->p[end] != ']' && s->p[end] != '[' && s->p[end] != '>' && s->p[end] != ',' &&
           s->p[end] != '@')
        end++;
    return end < s->n && s->p[end] == ']' ? end + 1 : at;
}

/* Reads what stands behind the "<" at `at`. Gives the place behind it. */
static size_t read_angle(mp_scan *s, size_t at, mailproto_mime_addresses *reader, mailproto_mime_address *address)
{
    size_t begin, at_sign = NOWHERE, end;

    while (at < s->n && (s->p[at] == '<' || mp_is_blank(s->p[at]))) {
        if (s->p[at++] == '<' && (address->flags & MAILPROTO_MIME_ADDRESS_ANGLE))
            address->defects |= BIT(ADDRESS);
        address->flags |= MAILPROTO_MIME_ADDRESS_ANGLE;
    }
    begin = at = read_route(s, at, address);
    for (; at < s->n; at++) {
        uint8_t c = s->p[at];

        if (!(mp_header_class[c] & MP_CLASS_STOP))
            continue;
        if (c == '"')
            at = skip_quoted(s, at, reader) - 1;
        else if (c == '(')
            at = mp_skip_comment(s, at) - 1;
        else if (c == '@')
            at_sign = at;
        else if (c == '[' && at_sign != NOWHERE) {
            size_t literal = skip_literal(s, at);

            at = literal > at ? literal - 1 : at;
        } else if (c == '>' || c == ',' || c == ';' || c == '<')
            break;
    }
    end = at < s->n ? at : s->n;
    if (at_sign == NOWHERE)
        set_spec(address, s->p, begin, end, end, end);
    else
        set_spec(address, s->p, begin, at_sign, at_sign + 1, end);
    if (end == s->n || s->p[end] != '>') {
        address->defects |= BIT(ADDRESS);
        return end;
    }
    while (end < s->n && s->p[end] == '>')
        end++;
    return end;
}

/* ---- without "<>" ---- */

/* The domain behind the @ at `at`: words with dots between, around which comments and blanks may stand. Gives the place
   behind it and behind what comments and blanks follow it. */
static size_t read_domain(mp_scan *s, size_t at, struct item *i)
{
    i->at_sign = at;
    at = mp_skip_cfws(s, at + 1, NULL);
    i->domain = i->domain_end = at;
    i->comment.len = 0;
    if (at < s->n && s->p[at] == '[') {
        i->domain_end = at = skip_literal(s, at);
        return mp_skip_cfws(s, at, &i->comment);
    }
    for (;;) {
        size_t begin = at;

        while (at < s->n && !(mp_header_class[s->p[at]] & (MP_CLASS_STOP | MP_CLASS_BLANK)))
            at++;
        if (at > begin)
            i->domain_end = at;
        begin = at;
        at = mp_skip_cfws(s, at, &i->comment);
        if (at == begin || at == s->n || (s->p[at] != '.' && s->p[i->domain_end - 1] != '.') ||
            mp_header_class[s->p[at]] & MP_CLASS_STOP)
            return at;
    }
}

/* Words, up to what has a meaning. */
static size_t read_words(mp_scan *s, size_t at, struct item *i)
{
    const uint8_t *p = s->p;

    while (at < s->n && !(mp_header_class[p[at]] & MP_CLASS_STOP)) {
        if (mp_is_blank(p[at])) {
            i->gap = 1;
            at++;
            continue;
        }
        if (i->word == NOWHERE || (i->gap && !i->dot && p[at] != '.'))
            i->word = at;
        while (at < s->n && !(mp_header_class[p[at]] & (MP_CLASS_STOP | MP_CLASS_BLANK)))
            at++;
        i->dot = p[at - 1] == '.';
        i->gap = 0;
        i->end = at;
    }
    return at;
}

static size_t read_quoted(mp_scan *s, size_t at, struct item *i, mailproto_mime_addresses *reader)
{
    if (i->word == NOWHERE || (i->gap && !i->dot))
        i->word = at;
    i->gap = i->dot = 0;
    return i->end = skip_quoted(s, at, reader);
}

/* An @. Gives the place behind the domain; *over says that a second address begins at it instead. */
static size_t read_at_sign(mp_scan *s, size_t at, struct item *i, int no_angle, int *over)
{
    int again = i->at_sign != NOWHERE;

    if (again && at != i->domain_end) {
        size_t second = i->word != NOWHERE ? i->word : at;

        if (no_angle) {
            *over = 1;
            return second;
        }
        if (i->split == NOWHERE)
            i->split = second;
    }
    if (i->split != NOWHERE) /* it is read again, or it is in a name */
        return i->end = at + 1;
    if (!again)
        i->local = i->word != NOWHERE ? i->word : at;
    at = read_domain(s, at, i);
    i->word = NOWHERE;
    i->gap = at > i->domain_end;
    i->dot = 0;
    i->end = i->domain_end;
    return at;
}

/* Reads up to the octet that ends the item or makes it a group or an address in "<>", and gives its place. */
static size_t read_item(mp_scan *s, size_t at, struct item *i, mailproto_mime_addresses *reader,
                        mailproto_mime_address *address)
{
    int over = 0;

    while (!over) {
        at = read_words(s, at, i);
        if (at == s->n)
            break;
        switch (s->p[at]) {
        case '"':
            at = read_quoted(s, at, i, reader);
            break;
        case '(':
            at = mp_skip_cfws(s, at, &i->comment);
            i->gap = 1;
            break;
        case '@':
            at = read_at_sign(s, at, i, at < reader->no_angle, &over);
            break;
        case '<':
        case ',':
        case ';':
            return at;
        case ':':
            if (!reader->in_group && i->at_sign == NOWHERE)
                return at;
            address->defects |= reader->in_group ? BIT(GROUP) : BIT(ADDRESS);
            i->word = NOWHERE;
            i->gap = 1;
            i->end = ++at;
            break;
        default: /* ">" and "[" */
            address->defects |= BIT(ADDRESS);
            if (i->word == NOWHERE && s->p[at] == '[')
                i->word = at;
            i->gap = s->p[at] == '>';
            i->dot = 0;
            at++;
            if (!i->gap)
                i->end = at;
            break;
        }
    }
    return at;
}

/* A mailbox without "<>": what comes before its local part is a name, too. */
static void set_bare(mailproto_mime_address *address, const uint8_t *p, const struct item *i)
{
    if (i->at_sign == NOWHERE) {
        set_spec(address, p, i->begin, i->end, i->end, i->end);
    } else {
        set_name(address, p, i->begin, i->local);
        set_spec(address, p, i->local, i->at_sign, i->domain, i->domain_end);
        if (address->name.len || i->end > i->domain_end)
            address->defects |= BIT(ADDRESS);
    }
}

/* ---- the reader ---- */

/* Steps over what stands between items; *over: the group ends. */
static size_t skip_separators(const mailproto_mime_addresses *reader, int *over)
{
    const uint8_t *p = (const uint8_t *)reader->field.ptr;
    size_t at = reader->at, n = reader->field.len;

    *over = 0;
    while (at < n && (mp_is_blank(p[at]) || p[at] == ',' || p[at] == ';' || p[at] == '>')) {
        if (p[at++] == ';' && reader->in_group) {
            *over = 1;
            break;
        }
    }
    return at;
}

static int32_t end_group(mailproto_mime_addresses *reader, mailproto_mime_address *address)
{
    const uint8_t *p = (const uint8_t *)reader->field.ptr;

    address->kind = MAILPROTO_MIME_ADDRESS_GROUP_END;
    if (!reader->at || p[reader->at - 1] != ';')
        address->defects |= BIT(GROUP);
    address->whole = mp_text_of(p, reader->at, reader->at);
    reader->in_group = 0;
    return MAILPROTO_OK;
}

/* What follows the octet where read_item stopped. Gives the place behind the item. */
static size_t finish(mp_scan *s, size_t at, struct item *i, mailproto_mime_addresses *reader,
                     mailproto_mime_address *address)
{
    int more = at < s->n;

    address->kind = MAILPROTO_MIME_ADDRESS_MAILBOX;
    if (more && s->p[at] == '<') {
        set_name(address, s->p, i->begin, at);
        i->end = at = read_angle(s, at, reader, address);
        at = mp_skip_cfws(s, at, NULL);
        if (at < s->n && s->p[at] != ',' && s->p[at] != ';')
            address->defects |= BIT(ADDRESS);
        return at;
    }
    if (more && s->p[at] == ':' && !reader->in_group && i->at_sign == NOWHERE) {
        address->kind = MAILPROTO_MIME_ADDRESS_GROUP_BEGIN;
        set_name(address, s->p, i->begin, at);
        reader->in_group = 1;
        return i->end = at + 1;
    }
    if (i->split != NOWHERE) {
        reader->no_angle = at;
        i->end = mp_trim_end(s->p, i->begin, at = i->split);
        address->defects |= BIT(ADDRESS);
    }
    if (more && s->p[at] != ',' && !(s->p[at] == ';' && reader->in_group))
        address->defects |= BIT(ADDRESS);
    set_bare(address, s->p, i);
    set_comment_name(address, &i->comment);
    return at;
}

int32_t mailproto_mime_addresses_next(mailproto_mime_addresses *reader, mailproto_mime_address *address)
{
    struct item i = {0, NOWHERE, NOWHERE, NOWHERE, 0, 0, 0, NOWHERE, 1, 0, {NULL, 0}};
    mp_scan s;
    size_t at;
    int over;

    if (!reader || reader->struct_size < sizeof *reader || !address || address->struct_size < sizeof *address)
        return MAILPROTO_ERR_ARG;
    s = (mp_scan){(const uint8_t *)reader->field.ptr, reader->field.len, 0};
    memset(&address->kind, 0, sizeof *address - offsetof(mailproto_mime_address, kind));
    do { /* nothing but a comment may stand between separators */
        reader->at = skip_separators(reader, &over);
        if (over)
            return end_group(reader, address);
        i.begin = i.end = at = reader->at = mp_skip_cfws(&s, reader->at, &i.comment);
    } while (at < s.n && (s.p[at] == ',' || s.p[at] == ';' || s.p[at] == '>'));
    if (at == s.n)
        return reader->in_group ? end_group(reader, address) : MAILPROTO_MIME_END;
    at = read_item(&s, at, &i, reader, address);
    if (reader->in_group)
        address->flags |= MAILPROTO_MIME_ADDRESS_IN_GROUP;
    reader->at = finish(&s, at, &i, reader, address);
    address->whole = mp_text_of(s.p, i.begin, i.end);
    address->defects |= s.defects;
    return MAILPROTO_OK;
}
