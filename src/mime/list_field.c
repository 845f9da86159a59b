/* list_field.c - what mailing lists say of themselves.
 * RFC 2369 sections 2 and 3; RFC 2919 section 3; RFC 8058 section 3.1. */
#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "mailproto/mime_content.h"
#include "mime/header_scan.h"

#define BIT(name) MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_##name)

int32_t mailproto_mime_list_item_init(mailproto_mime_list_item *item, size_t size)
{
    return mp_struct_init(item, size);
}

/* What stands in the "<>" that begin at `at`. Gives the place behind them. */
static size_t read_url(const mp_scan *s, size_t at, mailproto_mime_list_item *item)
{
    size_t begin = at + 1;

    for (at = begin; at < s->n && s->p[at] != '>' && s->p[at] != '<'; at++)
        ;
    item->kind = MAILPROTO_MIME_LIST_URL;
    item->text = mp_text_of(s->p, begin, at);
    mp_trim(&item->text);
    if (at < s->n && s->p[at] == '>')
        return at + 1;
    item->defects |= BIT(FIELD_SYNTAX);
    return at;
}

static size_t read_word(const mp_scan *s, size_t at, mailproto_mime_list_item *item)
{
    size_t begin = at;

    while (at < s->n && s->p[at] != ',' && s->p[at] != '<' && s->p[at] != '(' && !mp_is_blank(s->p[at]))
        at++;
    item->text = mp_text_of(s->p, begin, at);
    item->kind = MAILPROTO_MIME_LIST_NO;
    if (!mp_ascii_equal(item->text.ptr, item->text.len, "no")) {
        item->kind = MAILPROTO_MIME_LIST_TEXT;
        item->defects |= BIT(FIELD_SYNTAX);
    }
    return at;
}

int32_t mailproto_mime_list_next(const void *in, size_t n, size_t *at, mailproto_mime_list_item *item)
{
    mp_scan s = {mp_octets(in), n, 0};

    if ((!in && n) || !at || !item || item->struct_size < sizeof *item)
        return MAILPROTO_ERR_ARG;
    memset(&item->kind, 0, sizeof *item - offsetof(mailproto_mime_list_item, kind));
    while ((*at = mp_skip_cfws(&s, *at, &item->comment)) < n && s.p[*at] == ',') {
        ++*at;
        item->comment.len = 0;
    }
    if (*at >= n)
        return MAILPROTO_MIME_END;
    *at = s.p[*at] == '<' ? read_url(&s, *at, item) : read_word(&s, *at, item);
    *at = mp_skip_cfws(&s, *at, &item->comment);
    item->defects |= s.defects;
    return MAILPROTO_OK;
}

int32_t mailproto_mime_list_id_read(const void *in, size_t n, mailproto_text *id, mailproto_text *description,
                                    uint64_t *defects)
{
    const char *p = (const char *)mp_octets(in);
    uint64_t found = 0;
    size_t open = n, close;

    if ((!in && n) || !id || !description)
        return MAILPROTO_ERR_ARG;
    while (open && p[open - 1] != '<')
        open--;
    *id = (mailproto_text){p + open, n - open};
    *description = (mailproto_text){p, open ? open - 1 : 0};
    for (close = 0; close < id->len && id->ptr[close] != '>'; close++)
        ;
    if (!open || close == id->len)
        found = BIT(FIELD_SYNTAX);
    id->len = close;
    mp_trim(id);
    mp_trim(description);
    if (!id->len)
        found = BIT(FIELD_SYNTAX);
    if (defects)
        *defects |= found;
    return MAILPROTO_OK;
}

int32_t mailproto_mime_list_is_one_click(const void *in, size_t n)
{
    static const char wanted[] = "list-unsubscribe=one-click";
    const uint8_t *p = mp_octets(in);
    size_t at = 0;

    for (size_t i = 0; in && i < n; i++) {
        if (mp_is_blank(p[i]))
            continue;
        if (at == sizeof wanted - 1 || mp_ascii_lower(p[i]) != wanted[at])
            return 0;
        at++;
    }
    return at == sizeof wanted - 1;
}
