/* base64_runs.c - whole groups of base64, one at a time, and the choice of the fastest version.
 * RFC 2045 section 6.8. */
#include "mime/base64_runs.h"

const char mp_base64_alphabet[64] = {'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P',
                                     'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f',
                                     'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v',
                                     'w', 'x', 'y', 'z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '/'};

const uint8_t mp_base64_values[256] = {
    128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
    128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 62,
    128, 128, 128, 63,  52,  53,  54,  55,  56,  57,  58,  59,  60,  61,  128, 128, 128, 128, 128, 128, 128, 0,
    1,   2,   3,   4,   5,   6,   7,   8,   9,   10,  11,  12,  13,  14,  15,  16,  17,  18,  19,  20,  21,  22,
    23,  24,  25,  128, 128, 128, 128, 128, 128, 26,  27,  28,  29,  30,  31,  32,  33,  34,  35,  36,  37,  38,
    39,  40,  41,  42,  43,  44,  45,  46,  47,  48,  49,  50,  51,  128, 128, 128, 128, 128, 128, 128, 128, 128,
    128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
    128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
    128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
    128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
    128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
    128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
};

void mp_base64_write_scalar(mp_base64_writer *w)
{
    const uint8_t *in = w->io.in;
    uint8_t *out = w->io.out;

    for (; w->io.in_end - in >= 3; in += 3) {
        uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];

        if (w->io.out_end - out < (w->room ? 4 : 6))
            break;
        if (!w->room) {
            *out++ = '\r';
            *out++ = '\n';
            w->room = w->line;
        }
        out[0] = (uint8_t)mp_base64_alphabet[bits >> 18];
        out[1] = (uint8_t)mp_base64_alphabet[bits >> 12 & 63];
        out[2] = (uint8_t)mp_base64_alphabet[bits >> 6 & 63];
        out[3] = (uint8_t)mp_base64_alphabet[bits & 63];
        out += 4;
        w->room -= 4;
    }
    w->io.in = in;
    w->io.out = out;
}

/* Passes the line end that is due. 0: there is none, or none is to be passed. */
static int pass_line_end(mp_base64_reader *r)
{
    if (!r->line || mp_codec_in(&r->io) < r->end || !mp_base64_line_end(r->io.in, r->end))
        return 0;
    r->io.in += r->end;
    r->ends++;
    r->room = r->line;
    return 1;
}

void mp_base64_read_scalar(mp_base64_reader *r)
{
    for (;;) {
        const uint8_t *in;
        uint8_t *out = r->io.out;
        uint32_t a, b, c, d;

        if (!r->room && !pass_line_end(r))
            return;
        in = r->io.in;
        if (r->io.in_end - in < 4 || r->io.out_end - out < 3)
            return;
        a = mp_base64_values[in[0]];
        b = mp_base64_values[in[1]];
        c = mp_base64_values[in[2]];
        d = mp_base64_values[in[3]];
        if ((a | b | c | d) & MP_BASE64_OTHER)
            return;
        out[0] = (uint8_t)(a << 2 | b >> 4);
        out[1] = (uint8_t)(b << 4 | c >> 2);
        out[2] = (uint8_t)(c << 6 | d);
        r->io.in = in + 4;
        r->io.out = out + 3;
        r->room -= 4;
    }
}

static const mp_base64_version scalar = {"scalar", mp_base64_write_scalar, mp_base64_read_scalar};

const mp_base64_version *mp_base64_versions(size_t index)
{
    const mp_base64_version *version;

    if (!index)
        return &scalar;
    version = mp_base64_versions_x86(index - 1);
    return version ? version : mp_base64_versions_arm(index - 1);
}

const mp_base64_version *mp_base64_choose(void)
{
    const mp_base64_version *best = &scalar, *next;

    for (size_t i = 1; (next = mp_base64_versions(i)); i++)
        best = next;
    return best;
}
