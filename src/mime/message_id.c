/* message_id.c - the message identifiers of a field, one after the other.
 * RFC 5322 sections 3.6.4 and 4.5.4; RFC 2045 section 7 (Content-ID). */
#include <string.h>

#include "core/memory.h"
#include "mailproto/mime_header.h"
#include "mime/header_scan.h"
#include "mime/small.h"

/* Quotes are looked for so far: an identifier with longer ones is none. */
enum { QUOTED_MAX = 256 };

#define BIT(name) MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_##name)

int32_t mailproto_mime_message_id_init(mailproto_mime_message_id *id, size_t size)
{
    return mp_struct_init(id, size);
}

int32_t mailproto_mime_message_ids_init(mailproto_mime_message_ids *reader, size_t size, const void *field, size_t n)
{
    if (!reader || size < sizeof *reader || (!field && n))
        return MAILPROTO_ERR_ARG;
    *reader = (mailproto_mime_message_ids){sizeof *reader, 0, {(const char *)mp_octets(field), n}, 0};
    /* without "<" and @ there are only words to be taken for identifiers */
    reader->words = !memchr(reader->field.ptr, '<', n) && !memchr(reader->field.ptr, '@', n);
    return MAILPROTO_OK;
}

/* The end of the identifier whose "<" is at `at`: a ">" outside of quotes, or where another begins. */
static size_t find_end(const mp_scan *s, size_t at)
{
    size_t begin = at;
    int quoted = 0;

    for (at++; at < s->n && (quoted || (s->p[at] != '>' && s->p[at] != '<')); at++) {
        if (at - begin > QUOTED_MAX && quoted)
            break;
        if (s->p[at] == '"')
            quoted = !quoted;
        else if (quoted && s->p[at] == '\\')
            at++;
    }
    if (!quoted)
        return at;
    /* a single quote is no quote */
    for (at = begin + 1; at < s->n && s->p[at] != '>' && s->p[at] != '<'; at++)
        ;
    return at;
}

/* Fills in what stands at p[begin..end). */
static void set_id(mailproto_mime_message_id *id, const uint8_t *p, size_t begin, size_t end)
{
    uint32_t seen = 0;
    int at_signs = 0;

    begin = mp_skip_blanks(p, end, begin);
    end = mp_trim_end(p, begin, end);
    id->id = mp_text_of(p, begin, end);
    for (size_t i = begin; i < end; i++) {
        seen |= mp_header_class[p[i]];
        at_signs += p[i] == '@';
    }
    id->plain = !(seen & (MP_CLASS_BLANK | MP_CLASS_ESCAPE | MP_CLASS_PAREN));
    if (at_signs != 1 || begin == end || p[begin] == '@' || p[end - 1] == '@' ||
        seen & (MP_CLASS_BLANK | MP_CLASS_CONTROL))
        id->defects |= BIT(MESSAGE_ID);
}

/* What stands in "<>". */
static size_t read_angle(const mp_scan *s, size_t at, mailproto_mime_message_id *id)
{
    size_t begin = at, end = find_end(s, at), behind = end;

    if (end < s->n && s->p[end] == '>')
        behind = end + 1;
    else {
        id->defects |= BIT(MESSAGE_ID);
        /* another one begins here, or the field ends: blanks end this one */
        end = begin + 1;
        end = mp_skip_blanks(s->p, behind, end);
        while (end < behind && !mp_is_blank(s->p[end]))
            end++;
    }
    set_id(id, s->p, begin + 1, end < s->n ? end : s->n);
    id->whole = mp_text_of(s->p, begin, behind < s->n ? behind : s->n);
    return behind;
}

/* The end of a word. *has_at says whether there is an @ in it. */
static size_t skip_word(mp_scan *s, size_t at, int *has_at)
{
    *has_at = 0;
    while (at < s->n && !mp_is_blank(s->p[at]) && s->p[at] != '<' && s->p[at] != ',' && s->p[at] != ';' &&
           s->p[at] != '(' && s->p[at] != '"')
        *has_at |= s->p[at++] == '@';
    return at;
}

int32_t mailproto_mime_message_ids_next(mailproto_mime_message_ids *reader, mailproto_mime_message_id *id)
{
    mp_scan s;
    size_t at, begin;
    int has_at;

    if (!reader || reader->struct_size < sizeof *reader || !id || id->struct_size < sizeof *id)
        return MAILPROTO_ERR_ARG;
    memset(&id->plain, 0, sizeof *id - offsetof(mailproto_mime_message_id, plain));
    s = (mp_scan){(const uint8_t *)reader->field.ptr, reader->field.len, 0};
    for (at = reader->at; (at = mp_skip_cfws(&s, at, NULL)) < s.n;) {
        id->defects = 0;
        if (s.p[at] == '<') {
            at = read_angle(&s, at, id);
            if (!id->id.len) /* "<>" names nothing */
                continue;
            reader->at = at;
            return MAILPROTO_OK;
        }
        begin = at;
        at = skip_word(&s, at, &has_at);
        if (at > begin && (has_at || reader->words)) {
            set_id(id, s.p, begin, s.p[at - 1] == '>' ? at - 1 : at);
            id->whole = mp_text_of(s.p, begin, at);
            id->defects |= BIT(MESSAGE_ID);
            if (!id->id.len) /* ">" alone */
                continue;
            reader->at = at;
            return MAILPROTO_OK;
        }
        if (at == begin)
            at = s.p[at] == '"' ? mp_skip_quoted(&s, at) : at + 1;
    }
    reader->at = s.n;
    return MAILPROTO_MIME_END;
}

int32_t mailproto_mime_message_id_text(const mailproto_mime_message_id *id, char *out, size_t cap, size_t *made)
{
    mp_small_out o = {(uint8_t *)out, cap, 0};
    mp_scan s;
    int quoted = 0;

    if (!id || id->struct_size < sizeof *id || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    s = (mp_scan){(const uint8_t *)id->id.ptr, id->id.len, 0};
    for (size_t at = 0; at < s.n; at++) {
        if (s.p[at] == '"')
            quoted = !quoted;
        else if (!quoted && s.p[at] == '(' && !id->plain) {
            at = mp_skip_comment(&s, at) - 1;
            continue;
        }
        if (quoted ? mp_header_class[s.p[at]] & MP_CLASS_FOLD : mp_is_blank(s.p[at]))
            continue;
        mp_small_put(&o, s.p[at]);
        if (quoted && s.p[at] == '\\' && at + 1 < s.n)
            mp_small_put(&o, s.p[++at]);
    }
    return mp_small_done(&o, made);
}
