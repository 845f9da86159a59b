/* charset_utf7.c - UTF-7 as it comes in bodies and encoded words; mailbox names are another form: utf7.c.
 * RFC 2152. All of ASCII is taken directly but "+": writers do not keep to the smaller set. */
#include "mime/base64_runs.h"
#include "mime/charset.h"

/* What a shift leaves that ends at an offset: the bits of its last character that make no unit are fewer than 6, and zero. */
static void end_shift(mailproto_charset_decoder *d, mp_codec_io *io, uint64_t at)
{
    /* a "+" with nothing behind it, or bits that are left */
    if (d->state & MP_CHARSET_EMPTY || d->n_bits >= 6 || d->bits & ((1u << d->n_bits) - 1))
        mp_charset_invalid(d, io, at - 1);
    mp_charset_end_units(d, io);
    d->state &= ~(uint32_t)(MP_CHARSET_SHIFTED | MP_CHARSET_EMPTY);
    d->bits = d->n_bits = 0;
}

static void take_shifted(mailproto_charset_decoder *d, mp_codec_io *io, uint8_t octet)
{
    uint8_t value = mp_base64_values[octet];

    if (value != MP_BASE64_OTHER) {
        d->state &= ~(uint32_t)MP_CHARSET_EMPTY;
        d->bits = d->bits << 6 | value;
        d->n_bits += 6;
        if (d->n_bits < 16)
            return;
        d->n_bits -= 16;
        mp_charset_put_unit(d, io, d->bits >> d->n_bits & 0xffff, d->offset);
        return;
    }
    if (octet == '-' && d->state & MP_CHARSET_EMPTY) {
        *io->out++ = '+';
        d->state &= ~(uint32_t)(MP_CHARSET_SHIFTED | MP_CHARSET_EMPTY);
        return;
    }
    end_shift(d, io, d->offset);
    if (octet < 128 && octet != '-')
        *io->out++ = octet;
    else if (octet > 127)
        mp_charset_invalid(d, io, d->offset);
}

void mp_charset_take_utf7(mailproto_charset_decoder *d, mp_codec_io *io)
{
    /* the bits, a lone surrogate and an octet are wrong, at most */
    for (; io->in < io->in_end && mp_codec_out(io) >= 9; d->offset++) {
        uint8_t octet = *io->in++;

        if (d->state & MP_CHARSET_SHIFTED)
            take_shifted(d, io, octet);
        else if (octet == '+')
            d->state |= MP_CHARSET_SHIFTED | MP_CHARSET_EMPTY;
        else if (octet > 127)
            mp_charset_invalid(d, io, d->offset);
        else
            *io->out++ = octet;
    }
}

void mp_charset_end_utf7(mailproto_charset_decoder *d, mp_codec_io *io)
{
    if (d->state & MP_CHARSET_SHIFTED)
        end_shift(d, io, d->offset);
}
