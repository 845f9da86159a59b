/* mime_mbox.c - fuzz target: a mailbox is read the same however it is cut, its octets all told; and a message that is
 * written is the one that is read.
 * RFC 4155; mailproto/mime_mbox.h. The first octet is flags, the second the pieces. */
#include <stdlib.h>
#include <string.h>

#include "mailproto/mime_mbox.h"

#include "fuzz.h"
#include "mime_check.h"

const char *const fuzz_before_message = "@p", *const fuzz_after_message = "";

enum { HEAD = 2 };

/* Messages as they were told: a line of its own for each begin and end, so that two readings can be compared. */
struct heard {
    char *text;
    size_t n, messages, data;
};

static void add(struct heard *h, const void *p, size_t n)
{
    if (n)
        memcpy(h->text + h->n, p, n);
    h->n += n;
}

static void note(struct heard *h, const mailproto_mbox_item *item)
{
    if (item->kind == MAILPROTO_MBOX_DATA) {
        demand(item->text.len);
        h->data += item->text.len;
    } else {
        add(h, item->kind == MAILPROTO_MBOX_BEGIN ? "\1" : "\2", 1);
        add(h, &item->offset, sizeof item->offset);
        h->messages += item->kind == MAILPROTO_MBOX_BEGIN;
    }
    add(h, item->text.ptr, item->text.len);
}

static struct heard hear(const char *in, size_t n, size_t cut, uint32_t flags)
{
    struct heard h = {room(18 * n + 64), 0, 0, 0};
    mailproto_mbox_reader r;
    mailproto_mbox_item item;
    size_t fed = 0;
    int32_t result;

    mailproto_mbox_reader_init(&r, sizeof r);
    mailproto_mbox_item_init(&item, sizeof item);
    r.flags = flags;
    do {
        const size_t octets = cut < n - fed ? cut : n - fed;
        char *piece = room(octets);

        if (octets)
            memcpy(piece, in + fed, octets);
        fed += octets;
        demand(mailproto_mbox_feed(&r, piece, octets, fed == n) == MAILPROTO_OK);
        while ((result = mailproto_mbox_next(&r, &item)) == MAILPROTO_OK)
            note(&h, &item);
        free(piece);
        demand(result == (fed == n ? MAILPROTO_MIME_END : MAILPROTO_CODEC_MORE));
    } while (fed < n);
    demand(h.n <= 18 * n + 64 && h.data <= n);
    return h;
}

static size_t write_message(const char *in, size_t n, size_t cut, char *out, size_t cap)
{
    mailproto_mbox_writer w;
    size_t at = 0, made = 0, took, now;

    mailproto_mbox_writer_init(&w, sizeof w);
    w.flags = MAILPROTO_MBOX_KEEP_CRLF;
    demand(mailproto_mbox_from_write("a@b", 3, 0, out, cap, &made) == MAILPROTO_OK);
    while (at < n) {
        const size_t piece = cut < n - at ? cut : n - at, left = cap - made;

        demand(mailproto_mbox_write(&w, in + at, piece, &took, out + made, left < cut + 16 ? left : cut + 16, &now) ==
               MAILPROTO_OK);
        demand(took || now);
        at += took;
        made += now;
    }
    demand(mailproto_mbox_write_end(&w, out + made, cap - made, &now) == MAILPROTO_OK);
    return made + now;
}

/* It comes back, with the line end that it may have lacked, for it was quoted: no line of it begins a message. */
static void round_trip(const char *in, size_t n, size_t cut)
{
    const size_t cap = 3 * n + 128, head = 1 + sizeof(uint64_t), from_n = 33;
    char *out = room(cap);
    const size_t made = write_message(in, n, cut, out, cap);
    struct heard h = hear(out, made, cut, MAILPROTO_MBOX_UNQUOTE);
    const char *text = h.text + head + from_n;

    demand(h.messages == 1 && h.data >= n && h.data <= n + 2);
    demand(!n || !memcmp(text, in, n));
    free(out);
    free(h.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *in = (const char *)data + HEAD;
    struct heard one, other;
    size_t n, cut;

    if (size < HEAD || size > 1 << 16)
        return 0;
    n = size - HEAD;
    cut = data[1] % 37 ? data[1] % 37 : 1200;
    one = hear(in, n, n + 1, data[0] & 1);
    other = hear(in, n, cut, data[0] & 1);
    demand(one.messages == other.messages && one.n == other.n && !memcmp(one.text, other.text, one.n));
    free(one.text);
    free(other.text);
    round_trip(in, n, cut);
    return 0;
}
