/* html_tags.c - what tags of HTML make of the text: lines, marks of items and quotes, links.
 * HTML 4.01 sections 7, 9, 10, 11 and 12. */
#include <string.h>

#include "core/ascii.h"
#include "core/utf8.h"
#include "mime/html_text.h"
#include "mime/view.h"

/* What a tag does. */
enum {
    LINE,  /* begins and ends a line */
    APART, /* is set off by an empty line */
    BREAK,
    CELL,
    ITEM,
    LIST,
    ORDERED,
    PRE,
    QUOTE,
    LINK,
    RAW,  /* what is in it is no text */
    HEAD, /* begins the head */
    PART  /* may stand in the head, and says nothing */
};

enum { NAME = sizeof((mailproto_html_text *)0)->name, LISTS = 16, QUOTES_MOST = 8, BREAKS_MOST = 2 };
enum { DIFFERENT = 0x7fffffff };

/* Sorted by name. */
static const struct {
    char name[NAME];
    uint8_t what;
} tags[] = {
    {"a", LINK},           {"address", LINE},  {"article", LINE},    {"aside", LINE},   {"base", PART},
    {"blockquote", QUOTE}, {"body", LINE},     {"br", BREAK},        {"caption", LINE}, {"center", LINE},
    {"dd", LINE},          {"details", LINE},  {"dir", LIST},        {"div", LINE},     {"dl", LINE},
    {"dt", LINE},          {"fieldset", LINE}, {"figcaption", LINE}, {"figure", LINE},  {"footer", LINE},
    {"form", LINE},        {"h1", APART},      {"h2", APART},        {"h3", APART},     {"h4", APART},
    {"h5", APART},         {"h6", APART},      {"head", HEAD},       {"header", LINE},  {"hr", APART},
    {"html", LINE},        {"iframe", RAW},    {"legend", LINE},     {"li", ITEM},      {"link", PART},
    {"main", LINE},        {"menu", LIST},     {"meta", PART},       {"nav", LINE},     {"noembed", RAW},
    {"noframes", RAW},     {"noscript", PART}, {"ol", ORDERED},      {"option", LINE},  {"p", APART},
    {"pre", PRE},          {"script", RAW},    {"section", LINE},    {"select", LINE},  {"style", RAW},
    {"summary", LINE},     {"table", LINE},    {"tbody", LINE},      {"td", CELL},      {"template", PART},
    {"tfoot", LINE},       {"th", CELL},       {"thead", LINE},      {"title", RAW},    {"tr", LINE},
    {"ul", LIST},          {"xml", RAW},
};
enum { NONE = sizeof tags / sizeof *tags };

static uint32_t find(const uint8_t name[NAME])
{
    uint32_t low = 0, high = NONE;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const int order = memcmp(name, tags[middle].name, NAME);

        if (!order)
            return middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NONE;
}

/* ---- text ---- */

static void queue(mailproto_html_text *h, uint32_t octet)
{
    if (h->queue_n < sizeof h->queue)
        h->queue[h->queue_n++] = (uint8_t)octet;
}

static void queue_text(mailproto_html_text *h, const void *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        queue(h, ((const uint8_t *)text)[i]);
}

/* What stands before the first octet of a line. */
static void begin_line(mailproto_html_text *h)
{
    uint8_t number[MP_ASCII_DECIMAL_MAX];

    if (h->flags & MAILPROTO_HTML_QUOTES)
        for (uint32_t i = 0; i < h->quote && i < QUOTES_MOST; i++)
            queue_text(h, "> ", 2);
    if (h->item == 1)
        queue_text(h, "* ", 2);
    else if (h->item) {
        queue_text(h, number, mp_ascii_write_decimal(number, h->item - 1));
        queue_text(h, ". ", 2);
    }
    h->item = 0;
}

static void flush(mailproto_html_text *h)
{
    if (h->begun)
        for (uint32_t i = 0; i < h->breaks; i++)
            queue(h, '\n');
    if (h->breaks || !h->begun)
        begin_line(h);
    else if (h->space)
        queue(h, ' ');
    h->begun = 1;
    h->breaks = h->space = 0;
}

void mp_html_put(mailproto_html_text *h, uint8_t octet)
{
    if (h->head)
        return;
    flush(h);
    queue(h, octet);
    /* link is where in href its text may begin, and 1 more */
    if (h->link && h->same != DIFFERENT) {
        const uint32_t at = h->link - 1 + h->same;

        h->same = at < h->href_n && h->href[at] == octet ? h->same + 1 : DIFFERENT;
    }
}

static void break_line(mailproto_html_text *h)
{
    if (h->breaks < BREAKS_MOST)
        h->breaks++;
    h->space = 0;
}

void mp_html_white(mailproto_html_text *h, uint8_t octet)
{
    if (h->head)
        return;
    if (!h->pre)
        h->space = 1;
    else if (octet == '\n')
        break_line(h);
    else if (octet != '\r') {
        flush(h);
        queue(h, octet);
    }
}

/* A block begins or ends: so many line breaks are there at least. Behind the mark of an item it goes on in the line. */
static void block(mailproto_html_text *h, uint32_t breaks)
{
    h->space = 0;
    if (h->breaks < breaks && !h->item)
        h->breaks = breaks;
}

/* ---- links ---- */

/* Decodes the references in place: none is shorter than its character. */
static void decode_href(mailproto_html_text *h)
{
    uint32_t made = 0;

    for (uint32_t i = 0; i < h->href_n;) {
        uint32_t n = 0, character = 0;

        if (h->href[i] == '&') {
            while (i + 1 + n < h->href_n && n < sizeof h->reference &&
                   (mp_ascii_is_alnum(h->href[i + 1 + n]) || h->href[i + 1 + n] == '#'))
                n++;
            if (i + 1 + n < h->href_n && h->href[i + 1 + n] == ';')
                character = mp_html_reference(h->href + i + 1, n, 1);
        }
        if (character) {
            made += (uint32_t)mp_utf8_write(h->href + made, character);
            i += n + 2;
        } else
            h->href[made++] = h->href[i++];
    }
    h->href_n = made;
}

/* Where the text that says the same as the link begins, and 1 more; 0: it is not shown. */
static uint32_t kind_of_href(mailproto_html_text *h)
{
    if (!h->href_n || h->href_n > sizeof h->href)
        return 0;
    decode_href(h);
    for (uint32_t i = 0; i < h->href_n; i++)
        if (h->href[i] <= ' ' || h->href[i] == 0x7f || h->href[i] == '<' || h->href[i] == '>')
            return 0;
    if (mp_ascii_begins(h->href, h->href_n, "mailto:"))
        return 1 + 7;
    return mp_ascii_begins(h->href, h->href_n, "https://") || mp_ascii_begins(h->href, h->href_n, "http://");
}

void mp_html_link_end(mailproto_html_text *h)
{
    /* without a text nothing is there to be explained */
    if (h->link && h->same && (h->same == DIFFERENT || h->link - 1 + h->same != h->href_n)) {
        queue_text(h, " <", 2);
        queue_text(h, h->href, h->href_n);
        queue(h, '>');
    }
    h->link = 0;
}

static void link(mailproto_html_text *h)
{
    if (h->closing)
        mp_html_link_end(h);
    if (h->closing || !(h->flags & MAILPROTO_HTML_LINKS))
        return;
    h->link = kind_of_href(h);
    h->same = 0;
}

/* ---- tags ---- */

static void list(mailproto_html_text *h, int is_ordered)
{
    block(h, 1);
    if (h->closing)
        h->lists -= h->lists != 0;
    else if (h->lists < UINT32_MAX) {
        if (h->lists < LISTS)
            h->list[h->lists] = is_ordered ? 1 : 0;
        h->lists++;
    }
}

static void item(mailproto_html_text *h)
{
    uint32_t *number = h->lists && h->lists <= LISTS ? &h->list[h->lists - 1] : NULL;

    h->item = 0;
    block(h, 1);
    if (h->closing)
        return;
    h->item = 1;
    if (number && *number && *number < UINT32_MAX)
        h->item = 1 + (*number)++;
}

/* What is counted as it nests. */
static void nest(mailproto_html_text *h, uint32_t *depth)
{
    h->item = 0;
    block(h, BREAKS_MOST);
    if (!h->closing)
        *depth += *depth != UINT32_MAX;
    else
        *depth -= *depth != 0;
}

static void act(mailproto_html_text *h, uint32_t what)
{
    if (what == LINE)
        block(h, 1);
    else if (what == APART)
        block(h, BREAKS_MOST);
    else if (what == BREAK)
        break_line(h);
    else if (what == CELL)
        h->space = 1;
    else if (what == ITEM)
        item(h);
    else if (what == LIST || what == ORDERED)
        list(h, what == ORDERED);
    else if (what == PRE)
        nest(h, &h->pre);
    else if (what == QUOTE)
        nest(h, &h->quote);
    else if (what == LINK)
        link(h);
}

void mp_html_tag(mailproto_html_text *h)
{
    const uint32_t tag = h->name_n <= NAME ? find(h->name) : NONE;
    const uint32_t what = tag == NONE ? PART : tags[tag].what;

    if (what == HEAD) {
        h->head = !h->closing;
        return;
    }
    /* a head that is not closed ends with what may not stand in it */
    if (!h->closing && (tag == NONE || (what != RAW && what != PART)))
        h->head = 0;
    if (what == RAW)
        h->raw = !h->closing;
    else if (!h->head)
        act(h, what);
}
