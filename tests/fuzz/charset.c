/* charset.c - fuzz target: charsets give the same however the text is cut, UTF-8 wherever they are known, and no more.
 * mailproto/mime_charset.h. The first octet says which charset, the second how the text is cut. */
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"
#include "mailproto/mime_charset.h"

#include "fuzz.h"

const char *const fuzz_before_message = "AB", *const fuzz_after_message = "";

static void demand(int kept)
{
    if (!kept)
        abort();
}

static const char *const charsets[] = {"",         "utf-8",      "us-ascii",     "latin1", "windows-1252",
                                       "koi8-r",   "iso-8859-8", "windows-1258", "utf-16", "utf-16be",
                                       "utf-16le", "utf-32",     "utf-32be",     "utf-7",  "martian",
                                       "gb2312",   "ibm437",     "macintosh"};

/* In pieces of so many octets, into no more room than a step may need. */
static size_t in_pieces(const char *charset, const uint8_t *in, size_t n, size_t piece, uint8_t *out, size_t cap,
                        uint64_t *defects)
{
    mailproto_charset_decoder d;
    size_t total = 0, took, made;
    int32_t result;

    mailproto_charset_decoder_init(&d, sizeof d);
    demand(!mailproto_charset_decoder_open(&d, charset, strlen(charset), NULL));
    for (size_t at = 0; at < n; at += took, total += made) {
        size_t now = piece < n - at ? piece : n - at;

        demand(cap - total >= MAILPROTO_CODEC_ROOM);
        demand(!mailproto_charset_decode(&d, in + at, now, &took, out + total, MAILPROTO_CODEC_ROOM, &made));
        demand(took <= now && made <= MAILPROTO_CODEC_ROOM && took + made > 0);
    }
    do {
        result = mailproto_charset_decode_end(&d, out + total, MAILPROTO_CODEC_ROOM, &made);
        total += made;
    } while (result == MAILPROTO_CODEC_MORE && made);
    demand(!result);
    demand(!d.invalid == !(d.defects & MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_CHARSET_OCTETS)));
    demand(!d.invalid || d.first_invalid < n);
    *defects = d.defects;
    return total;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *charset;
    uint8_t *whole, *cut, *in;
    uint64_t defects = 0, same = 0;
    size_t n, cap, made, piece;

    if (size < 2)
        return 0;
    charset = charsets[data[0] % (sizeof charsets / sizeof *charsets)];
    piece = 1 + data[1] % 32;
    n = size - 2;
    cap = 3 * n + 3;
    in = malloc(n + 1);
    whole = malloc(cap);
    cut = malloc(cap + 2 * MAILPROTO_CODEC_ROOM);
    demand(in && whole && cut);
    memcpy(in, data + 2, n);
    demand(!mailproto_charset_to_utf8(charset, strlen(charset), in, n, NULL, whole, cap, &made, &defects));
    if (!(defects & MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_CHARSET_UNKNOWN)))
        demand(mp_utf8_valid(whole, made));
    else
        demand(made == n && !memcmp(whole, in, n));
    if (*charset && strcmp(charset, "us-ascii") != 0) {
        demand(in_pieces(charset, in, n, piece, cut, cap + 2 * MAILPROTO_CODEC_ROOM, &same) == made);
        demand(same == defects && !memcmp(whole, cut, made));
    } else { /* what is guessed of a stream may differ from what is guessed of the whole, but not by the cuts */
        made = in_pieces(charset, in, n, n + 1, cut, cap + 2 * MAILPROTO_CODEC_ROOM, &defects);
        demand(made <= cap && mp_utf8_valid(cut, made));
        memcpy(whole, cut, made);
        demand(in_pieces(charset, in, n, piece, cut, cap + 2 * MAILPROTO_CODEC_ROOM, &same) == made);
        demand(same == defects && !memcmp(whole, cut, made));
    }
    mailproto_charset_name((const char *)in, n);
    free(in);
    free(whole);
    free(cut);
    return 0;
}
