/* uucode.c - fuzz target: uuencode and yEnc take anything, the same however it is cut, and give back what they wrote.
 * mailproto/mime_uucode.h, mailproto/mime_yenc.h. The first octet says how it is cut, and its highest bit whether begin lines
 * are put before it. */
#include <stdlib.h>
#include <string.h>

#include "mailproto/mime_uucode.h"
#include "mailproto/mime_yenc.h"

#include "fuzz.h"

const char *const fuzz_before_message = "A", *const fuzz_after_message = "";

static void demand(int kept)
{
    if (!kept)
        abort();
}

static size_t uu_in_pieces(const uint8_t *in, size_t n, size_t piece, uint8_t *out, size_t cap,
                           mailproto_codec_report *report)
{
    mailproto_uu_decoder d;
    size_t total = 0, took, made;

    mailproto_codec_report_init(report, sizeof *report);
    mailproto_uu_decoder_init(&d, sizeof d);
    d.report = report;
    for (size_t at = 0; at < n; at += took, total += made) {
        size_t now = piece < n - at ? piece : n - at;

        demand(!mailproto_uu_decode(&d, in + at, now, &took, out + total, cap - total, &made));
        demand(took <= now && took + made > 0);
    }
    demand(!mailproto_uu_decode_end(&d, out + total, cap - total, &made));
    demand(d.where != MAILPROTO_UU_AFTER || (d.end <= n && d.begin < d.end));
    return total + made;
}

static size_t yenc_in_pieces(const uint8_t *in, size_t n, size_t piece, uint8_t *out, size_t cap,
                             mailproto_codec_report *report)
{
    mailproto_yenc_decoder d;
    mailproto_yenc_file file;
    size_t total = 0, took, made;

    mailproto_codec_report_init(report, sizeof *report);
    mailproto_yenc_file_init(&file, sizeof file);
    mailproto_yenc_decoder_init(&d, sizeof d);
    d.report = report;
    d.file = &file;
    for (size_t at = 0; at < n; at += took, total += made) {
        size_t now = piece < n - at ? piece : n - at;

        demand(!mailproto_yenc_decode(&d, in + at, now, &took, out + total, cap - total, &made));
        demand(took <= now && took + made > 0);
    }
    demand(!mailproto_yenc_decode_end(&d, out + total, cap - total, &made));
    demand(d.size == total && d.crc == mailproto_yenc_crc32(0, out, total));
    return total + made;
}

static void there_and_back(const uint8_t *in, size_t n)
{
    size_t cap = 2 * n + 1024, made, length;
    uint8_t *coded = malloc(cap), *back = malloc(n + 1);
    mailproto_uu_encoder uu;
    mailproto_uu_decoder uu_back;
    mailproto_yenc_encoder yenc;
    mailproto_yenc_decoder yenc_back;
    mailproto_yenc_file file;

    demand(coded && back);
    mailproto_uu_encoder_init(&uu, sizeof uu);
    demand(!mailproto_uu_encode_all(&uu, in, n, coded, cap, &made));
    mailproto_uu_decoder_init(&uu_back, sizeof uu_back);
    demand(!mailproto_uu_decode_all(&uu_back, coded, made, back, n, &length));
    demand(length == n && (!n || !memcmp(back, in, n)));
    mailproto_yenc_file_init(&file, sizeof file);
    file.size = n;
    file.name_length = 1;
    file.name[0] = 'x';
    mailproto_yenc_encoder_init(&yenc, sizeof yenc);
    yenc.file = &file;
    demand(!mailproto_yenc_encode_all(&yenc, in, n, coded, cap, &made));
    mailproto_yenc_decoder_init(&yenc_back, sizeof yenc_back);
    demand(!mailproto_yenc_decode_all(&yenc_back, coded, made, back, n, &length));
    demand(length == n && (!n || !memcmp(back, in, n)));
    free(coded);
    free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char uu[] = "begin 644 x\n", yenc[] = "=ybegin line=128 size=9 name=x\n";
    mailproto_codec_report a, b;
    size_t n, head, made, piece;
    uint8_t *in, *whole, *cut;

    if (!size)
        return 0;
    there_and_back(data + 1, size - 1);
    piece = 1 + data[0] % 64;
    for (int is_yenc = 0; is_yenc < 2; is_yenc++) {
        head = data[0] & 128 ? strlen(is_yenc ? yenc : uu) : 0;
        n = head + size - 1;
        in = malloc(n + 1);
        whole = malloc(32 * n + 64);
        cut = malloc(32 * n + 64);
        demand(in && whole && cut);
        memcpy(in, is_yenc ? yenc : uu, head);
        memcpy(in + head, data + 1, size - 1);
        made = (is_yenc ? yenc_in_pieces : uu_in_pieces)(in, n, n + 1, whole, 32 * n + 64, &a);
        demand((is_yenc ? yenc_in_pieces : uu_in_pieces)(in, n, piece, cut, 32 * n + 64, &b) == made);
        demand(!memcmp(&a, &b, sizeof a) && !memcmp(whole, cut, made));
        free(in);
        free(whole);
        free(cut);
    }
    return 0;
}
