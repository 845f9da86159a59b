/* view_preview.c - the beginning of a message's text on one line.
 * RFC 8970 section 3.3; RFC 8621 section 4.1.4; RFC 3676 section 4.3 (signatures); RFC 9580 section 6.2 (armour). */
#include <string.h>

#include "core/ascii.h"
#include "core/utf8.h"
#include "mime/tree.h"
#include "mime/view.h"

enum { PIECE = 1024, LINE = 1024 };

/* Where in the armour of PGP a text is. */
enum { NO_ARMOUR, ARMOUR_HEADER, ARMOURED };

typedef struct preview {
    uint8_t *out;
    size_t cap, made;
    uint32_t left;   /* characters that may still be put */
    uint32_t hidden; /* an invisible character that waits for what follows it; 0: there is none */
    int space;       /* white space waits */
    int is_full;
    int takes_quotes;
    /* of the part that is read */
    int is_over; /* a signature: the rest is not looked at */
    int armour;
    int is_going_on; /* the line was begun: this is more of it */
    int is_skipped;  /* and it is not to be shown */
    int has_colon;   /* the last line with something in it ends with a colon */
    size_t before;   /* where the line before that began, and what was left */
    uint32_t before_left;
    size_t line_n;
    uint8_t line[LINE];
} preview;

/* ---- characters ---- */

static int is_white(uint32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

/* Controls, and what turns the direction of writing: a preview stands among others. */
static int is_dropped(uint32_t c)
{
    return c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f || c == 0x61c ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* What is not seen. Some of these are needed inside of a word, and senders fill previews with them. */
static int is_hidden(uint32_t c)
{
    return c == 0xad || c == 0x34f || c == 0x200b || c == 0x200c || c == 0x200d || c == 0x2060 || c == 0xfeff ||
           c == 0x180e;
}

/* 0: it does not fit, and nothing does any more. */
static int put(preview *v, uint32_t c)
{
    uint8_t octets[4];
    const size_t n = mp_utf8_write(octets, c);

    if (!v->left || n > v->cap - v->made) {
        v->is_full = 1;
        return 0;
    }
    memcpy(v->out + v->made, octets, n);
    v->made += n;
    v->left--;
    return 1;
}

static void see(preview *v, uint32_t c)
{
    if (is_white(c)) {
        v->space = v->made != 0;
        v->hidden = 0;
    } else if (is_hidden(c))
        v->hidden = v->made && !v->space ? c : 0;
    else if (!is_dropped(c)) {
        /* a space is not the last that is put */
        if (v->space && v->left > 1 && v->cap - v->made > 4)
            put(v, ' ');
        else if (v->space)
            v->is_full = 1;
        else if (v->hidden && v->left > 1 && v->cap - v->made > 7)
            put(v, v->hidden);
        v->space = 0;
        v->hidden = 0;
        if (!v->is_full)
            put(v, c);
    }
}

static void see_text(preview *v, const uint8_t *p, size_t n)
{
    while (n && !v->is_full) {
        uint32_t c = 0;
        const size_t octets = mp_utf8_read(p, n, &c);

        if (octets)
            see(v, c);
        p += octets ? octets : 1;
        n -= octets ? octets : 1;
    }
}

/* ---- lines ---- */

static size_t without_blanks(const uint8_t *p, size_t n)
{
    while (n && (mp_ascii_is_wsp(p[n - 1]) || p[n - 1] == '\r'))
        n--;
    return n;
}

/* Behind "-----BEGIN PGP SIGNED MESSAGE-----" come fields and an empty line, then the text; what other armour holds is
   no text. 1: the line belongs to the armour. */
static int is_armour(preview *v, const uint8_t *p, size_t n)
{
    if (mp_ascii_begins(p, n, "-----BEGIN PGP SIGNED MESSAGE-----"))
        v->armour = ARMOUR_HEADER;
    else if (mp_ascii_begins(p, n, "-----BEGIN PGP "))
        v->armour = ARMOURED;
    else if (mp_ascii_begins(p, n, "-----END PGP "))
        v->armour = NO_ARMOUR;
    else if (v->armour == ARMOUR_HEADER && !n)
        v->armour = NO_ARMOUR;
    else
        return v->armour != NO_ARMOUR;
    return 1;
}

static int is_signature(const uint8_t *p, size_t n)
{
    n -= n && p[n - 1] == '\r';
    return n == 3 && !memcmp(p, "-- ", 3);
}

/* Whether a line that begins so is shown. */
static int is_shown(preview *v, const uint8_t *p, size_t n)
{
    const size_t words = without_blanks(p, n);

    if (is_signature(p, n)) {
        v->is_over = 1;
        return 0;
    }
    if (is_armour(v, p, words))
        return 0;
    if (v->takes_quotes || !words || p[0] != '>')
        return 1;
    /* the line that says whose words these are goes as well */
    if (v->has_colon) {
        v->made = v->before;
        v->left = v->before_left;
        v->is_full = v->space = v->has_colon = 0;
        v->hidden = 0;
        v->space = v->made != 0;
    }
    return 0;
}

/* Sees what there is of a line; ends: that is all of it. */
static void see_line(preview *v, int ends)
{
    const uint8_t *p = v->line;
    size_t n = v->line_n, words;

    if (!v->is_going_on)
        v->is_skipped = !is_shown(v, p, n);
    words = without_blanks(p, n);
    if (!v->is_skipped && words) {
        if (!v->is_going_on) {
            v->before = v->made;
            v->before_left = v->left;
        }
        /* marks of quotes that are shown all the same are no text */
        while (v->takes_quotes && !v->is_going_on && n && (*p == '>' || mp_ascii_is_wsp(*p))) {
            p++;
            n--;
        }
        see_text(v, p, n);
        v->has_colon = ends && !v->is_going_on && v->line[words - 1] == ':';
    }
    if (ends)
        see(v, ' ');
    /* of what is full nothing is taken back but a line that ends with a colon */
    if (v->is_full && !(v->has_colon && !v->takes_quotes))
        v->is_over = 1;
    v->is_going_on = !ends;
    v->line_n = 0;
}

/* Puts text together to lines. One that is too long is seen in pieces that end with whole characters. */
static void see_lines(preview *v, const uint8_t *p, size_t n)
{
    while (n && !v->is_over) {
        const uint8_t *end = memchr(p, '\n', n);
        size_t take = end ? (size_t)(end - p) : n;
        const int ends = end != NULL && take <= LINE - v->line_n;

        take = take < LINE - v->line_n ? take : LINE - v->line_n;
        memcpy(v->line + v->line_n, p, take);
        v->line_n += take;
        p += take + (ends ? 1 : 0);
        n -= take + (ends ? 1 : 0);
        if (ends)
            see_line(v, 1);
        else if (v->line_n == LINE) {
            size_t whole = LINE;
            uint8_t rest[8];

            while (whole > LINE - 4 && (v->line[whole - 1] & 0xc0) == 0x80)
                whole--;
            whole -= v->line[whole - 1] >= 0xc0;
            memcpy(rest, v->line + whole, LINE - whole);
            v->line_n = whole;
            see_line(v, 0);
            memcpy(v->line, rest, LINE - whole);
            v->line_n = LINE - whole;
        }
    }
}

/* ---- parts ---- */

static void see_html(preview *v, mailproto_html_text *h, const char *p, size_t n)
{
    uint8_t text[PIECE];
    size_t took, made;

    do {
        mailproto_html_text_feed(h, p, n, &took, text, sizeof text, &made);
        p += took;
        n -= took;
        see_lines(v, text, made);
    } while (n || made);
}

static void end_html(preview *v, mailproto_html_text *h)
{
    uint8_t text[PIECE];
    int32_t result;
    size_t made;

    do {
        result = mailproto_html_text_end(h, text, sizeof text, &made);
        see_lines(v, text, made);
    } while (result == MAILPROTO_CODEC_MORE);
}

static int32_t see_part(preview *v, const mailproto_mime_tree *tree, uint32_t part, int is_html,
                        const mailproto_charset_provider *provider)
{
    mailproto_mime_text_stream s;
    mailproto_html_text h;
    char piece[PIECE];
    int32_t result;
    size_t n;

    mailproto_mime_text_stream_init(&s, sizeof s);
    mailproto_html_text_init(&h, sizeof h);
    h.flags = MAILPROTO_HTML_QUOTES;
    v->is_over = v->armour = v->is_going_on = v->has_colon = 0;
    v->line_n = 0;
    result = mailproto_mime_text_open(tree, part, provider, &s);
    while (!result && !v->is_over) {
        result = mailproto_mime_text_read(&s, piece, sizeof piece, &n);
        if (!result && is_html)
            see_html(v, &h, piece, n);
        else if (!result)
            see_lines(v, (const uint8_t *)piece, n);
    }
    if (is_html && !v->is_over)
        end_html(v, &h);
    if (!v->is_over)
        see_line(v, 1);
    mailproto_mime_text_close(&s);
    return result == MAILPROTO_MIME_END ? MAILPROTO_OK : result;
}

int32_t mailproto_mime_preview(const mailproto_mime_tree *tree, const uint32_t *roles, size_t n_roles,
                               const mailproto_charset_provider *provider, uint32_t most, char *out, size_t cap,
                               size_t *made)
{
    static const uint32_t bodies[] = {MAILPROTO_MIME_VIEW_TEXT, MAILPROTO_MIME_VIEW_HTML};
    const uint32_t parts = mailproto_mime_tree_parts(tree);
    int32_t result = MAILPROTO_OK;
    preview v;

    if (!tree || (!roles && parts) || n_roles < parts || most > MAILPROTO_MIME_PREVIEW_MOST || (!out && cap) || !made ||
        (provider && !(provider->open && provider->convert && provider->close)))
        return MAILPROTO_ERR_ARG;
    v.made = 0;
    /* four times at most: text, HTML, and both again with what is quoted */
    for (uint32_t pass = 0; pass < 4 && !v.made && !result; pass++) {
        v.out = (uint8_t *)out;
        v.cap = cap;
        v.left = most ? most : MAILPROTO_MIME_PREVIEW_DEFAULT;
        v.hidden = 0;
        v.is_full = v.space = 0;
        v.takes_quotes = pass >= 2;
        for (uint32_t i = 0; i < parts && !v.is_full && !result; i++)
            if (roles[i] & bodies[pass & 1] && roles[i] & (MAILPROTO_MIME_VIEW_IS_PLAIN | MAILPROTO_MIME_VIEW_IS_HTML))
                result = see_part(&v, tree, i, (roles[i] & MAILPROTO_MIME_VIEW_IS_HTML) != 0, provider);
    }
    *made = v.made;
    return result;
}
