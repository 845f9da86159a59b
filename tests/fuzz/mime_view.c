/* mime_view.c - fuzz target: what a reader sees of a message, and HTML as text, are the same in every piece and at every limit.
 * RFC 8621 sections 4.1.4 and 4.2, RFC 8970; mailproto/mime_view.h.
 *
 * An input is one octet and a message: of '@' and those behind it the low six bits say what is cut where. */
#include "mailproto/mime_view.h"
#include "core/utf8.h"
#include "fuzz.h"
#include "mime_check.h"

const char *const fuzz_before_message = "@", *const fuzz_after_message = "";

static void valid(const char *p, size_t n)
{
    demand(mp_utf8_valid((const uint8_t *)p, n));
}

/* ---- HTML ---- */

static size_t html_in_pieces(const char *html, size_t n, uint32_t flags, size_t piece, char *out, size_t cap)
{
    mailproto_html_text h;
    size_t all = 0, at = 0, took, made;
    int32_t result;

    mailproto_html_text_init(&h, sizeof h);
    h.flags = flags;
    while (at < n) {
        const size_t next = piece < n - at ? piece : n - at;

        demand(!mailproto_html_text_feed(&h, html + at, next, &took, out + all, cap - all, &made));
        demand(took == next); /* there is room for all of it */
        at += took;
        all += made;
    }
    do {
        result = mailproto_html_text_end(&h, out + all, cap - all, &made);
        all += made;
    } while (result == MAILPROTO_CODEC_MORE);
    demand(!result);
    return all;
}

static void html(const char *text, size_t n, uint32_t head)
{
    const uint32_t flags = head & 3;
    size_t need, made;
    char *out, *again;

    mailproto_html_text_all(text, n, flags, NULL, 0, &need);
    out = room(need);
    demand(!mailproto_html_text_all(text, n, flags, out, need, &made) && made == need);
    if (mp_utf8_valid((const uint8_t *)text, n))
        valid(out, made);
    again = room(need + 1024);
    demand(html_in_pieces(text, n, flags, 1 + (head >> 2), again, need + 1024) == need);
    demand(!need || !memcmp(out, again, need));
    free(again);
    free(out);
}

/* ---- texts ---- */

static void text_of(const mailproto_mime_tree *tree, uint32_t part, uint32_t head)
{
    mailproto_mime_text_stream s;
    mailproto_mime_value value;
    mailproto_text raw;
    size_t cap, n = 0, made;
    char *out, *cut;
    int32_t result;

    demand(!mailproto_mime_tree_text(tree, part, NULL, &raw));
    cap = 3 * raw.len + 3;
    out = room(cap);
    mailproto_mime_value_init(&value, sizeof value);
    demand(!mailproto_mime_view_value(tree, part, NULL, out, cap, &value) && !value.truncated);
    valid(out, value.made);
    mailproto_mime_text_stream_init(&s, sizeof s);
    demand(!mailproto_mime_text_open(tree, part, NULL, &s));
    for (;;) {
        char piece[MAILPROTO_MIME_TEXT_ROOM + 64];

        result = mailproto_mime_text_read(&s, piece, MAILPROTO_MIME_TEXT_ROOM + head, &made);
        if (result)
            break;
        demand(made && made <= value.made - n && !memcmp(piece, out + n, made));
        valid(piece, made);
        n += made;
    }
    demand(result == MAILPROTO_MIME_END && n == value.made);
    mailproto_mime_text_close(&s);
    html(out, n, head);
    cap = n * (head + 1) / 65;
    cut = room(cap);
    demand(!mailproto_mime_view_value(tree, part, NULL, cut, cap, &value));
    demand(value.made <= cap && value.truncated == (cap < n) && !memcmp(cut, out, value.made));
    valid(cut, value.made);
    free(cut);
    free(out);
}

/* ---- the message ---- */

static void preview_of(const mailproto_mime_tree *tree, const uint32_t *roles, uint32_t parts, uint32_t head)
{
    char whole[MAILPROTO_MIME_PREVIEW_ROOM], *out;
    size_t all, made, characters = 0;
    const size_t cap = head;

    demand(!mailproto_mime_preview(tree, roles, parts, NULL, 256, whole, sizeof whole, &all));
    valid(whole, all);
    for (size_t i = 0; i < all; i++) {
        characters += ((uint8_t)whole[i] & 0xc0) != 0x80;
        demand((uint8_t)whole[i] >= ' ' && whole[i] != 0x7f);
        demand(whole[i] != ' ' || (i && i + 1 < all && whole[i - 1] != ' '));
    }
    demand(characters <= 256);
    out = room(cap);
    demand(!mailproto_mime_preview(tree, roles, parts, NULL, 0, out, cap, &made) && made <= cap);
    valid(out, made);
    free(out);
}

/* A part has a role, or is a multipart, or is inside of a message, or is nothing. */
static void roles_of(const mailproto_mime_tree *tree, const mailproto_mime_view *view, const uint32_t *roles)
{
    const uint32_t any = MAILPROTO_MIME_VIEW_TEXT | MAILPROTO_MIME_VIEW_HTML | MAILPROTO_MIME_VIEW_ATTACHMENT;
    uint32_t inside_until = 0;
    mailproto_mime_part p;

    mailproto_mime_part_init(&p, sizeof p);
    for (uint32_t i = 0; i < view->parts; i++) {
        demand(!mailproto_mime_tree_part(tree, i, &p));
        demand(!(roles[i] >> 9));
        if (i < inside_until || (p.kind == MAILPROTO_MIME_MULTIPART && p.children))
            demand(!roles[i]);
        else
            demand(roles[i] & any || p.end == p.body);
        if (p.kind == MAILPROTO_MIME_MESSAGE && p.after > inside_until)
            inside_until = p.after;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint32_t head = size ? data[0] & 63 : 0;
    struct field message;
    mailproto_mime_tree *tree;
    mailproto_mime_view view;
    uint32_t parts, *roles;
    size_t made;

    if (!size)
        return 0;
    message = field_of(data + 1, size - 1);
    demand(!mailproto_mime_tree_new(NULL, message.p, message.n, &tree));
    parts = mailproto_mime_tree_parts(tree);
    roles = (uint32_t *)(void *)room(parts * sizeof *roles);
    mailproto_mime_view_init(&view, sizeof view);
    demand(!mailproto_mime_view_read(tree, roles, parts, &view) && view.parts == parts);
    roles_of(tree, &view, roles);
    for (uint32_t i = 0; i < parts; i++) {
        char name[64];
        int32_t result = mailproto_mime_view_name(tree, i, NULL, name, sizeof name, &made, NULL);

        demand(result == MAILPROTO_OK || result == MAILPROTO_MIME_END || result == MAILPROTO_ERR_LIMIT);
        if (roles[i] & MAILPROTO_MIME_VIEW_NAMED)
            demand(result != MAILPROTO_MIME_END && made);
        if (roles[i] & (MAILPROTO_MIME_VIEW_TEXT | MAILPROTO_MIME_VIEW_HTML))
            text_of(tree, i, head);
    }
    preview_of(tree, roles, parts, head);
    html(message.p, message.n, head);
    free(roles);
    mailproto_mime_tree_free(tree);
    free(message.p);
    return 0;
}
