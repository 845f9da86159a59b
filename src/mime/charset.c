/* charset.c - octets of a charset become UTF-8: which decoder, single octets, the rule for undeclared text, in one piece.
 * RFC 2045 section 2.2, RFC 2978. */
#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "core/utf8.h"
#include "mime/charset.h"

int32_t mailproto_charset_decoder_init(mailproto_charset_decoder *d, size_t size)
{
    return mp_struct_init(d, size);
}

size_t mp_charset_copy_ascii(uint8_t *out, const uint8_t *in, size_t n)
{
    size_t i = 0;
    uint64_t word[4];

    for (; n - i >= 32; i += 32) {
        memcpy(word, in + i, 32);
        if ((word[0] | word[1] | word[2] | word[3]) & UINT64_C(0x8080808080808080))
            break;
        memcpy(out + i, word, 32);
    }
    for (; n - i >= 8; i += 8) {
        memcpy(word, in + i, 8);
        if (word[0] & UINT64_C(0x8080808080808080))
            break;
        memcpy(out + i, word, 8);
    }
    for (; i < n && in[i] < 128; i++)
        out[i] = in[i];
    return i;
}

/* ---- what is wrong ---- */

void mp_charset_note(mailproto_charset_decoder *d, uint64_t offset, uint64_t count)
{
    if (!d->invalid)
        d->first_invalid = offset;
    d->invalid += count;
    d->defects |= MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_CHARSET_OCTETS);
}

static void put_mark(mp_codec_io *io)
{
    memcpy(io->out, "\xef\xbf\xbd", MP_CHARSET_MARK);
    io->out += MP_CHARSET_MARK;
}

void mp_charset_invalid(mailproto_charset_decoder *d, mp_codec_io *io, uint64_t offset)
{
    mp_charset_note(d, offset, 1);
    put_mark(io);
}

/* ---- single octets ---- */

static void put_single(mailproto_charset_decoder *d, mp_codec_io *io, uint8_t octet, uint64_t offset)
{
    uint32_t c = octet < 128 ? octet : d->table[octet - 128];

    if (c == 0xfffd || (octet >= 128 && d->state & MP_CHARSET_COUNTED))
        mp_charset_note(d, offset, 1);
    io->out += mp_utf8_write(io->out, c);
}

static void take_single(mailproto_charset_decoder *d, mp_codec_io *io)
{
    const uint8_t *begin = io->in;

    while (io->in < io->in_end && mp_codec_out(io) >= 3) {
        size_t room = mp_codec_out(io), n = mp_codec_in(io);

        if (*io->in < 128) {
            n = mp_charset_copy_ascii(io->out, io->in, n < room ? n : room);
            io->in += n;
            io->out += n;
            continue;
        }
        put_single(d, io, *io->in, d->offset + (uint64_t)(io->in - begin));
        io->in++;
    }
    d->offset += (uint64_t)(io->in - begin);
}

static void take_raw(mailproto_charset_decoder *d, mp_codec_io *io)
{
    size_t n = mp_codec_in(io) < mp_codec_out(io) ? mp_codec_in(io) : mp_codec_out(io);

    if (!n)
        return;
    memcpy(io->out, io->in, n);
    io->in += n;
    io->out += n;
    d->offset += n;
}

/* ---- the rule for undeclared text ---- */

void mp_charset_give_up_utf8(mailproto_charset_decoder *d, mp_codec_io *io, uint64_t offset)
{
    uint32_t held = d->n_held;

    d->kind = MP_CHARSET_SINGLE;
    d->name = "windows-1252";
    d->n_held = 0;
    mp_charset_fill(d->table, MP_CHARSET_WINDOWS_1252);
    for (uint32_t i = 0; i < held; i++)
        put_single(d, io, d->held[i], offset - held + i);
}

const char *mailproto_charset_of_undeclared(const void *in, size_t n)
{
    const uint8_t *p = in;

    for (size_t i = 0; i < n; i++)
        if (p[i] > 127)
            return mp_charset_is_utf8(p + i, n - i) ? "UTF-8" : "windows-1252";
    return "US-ASCII";
}

/* ---- opening ---- */

static int provider_fits(const mailproto_charset_provider *p)
{
    return !p || (p->struct_size >= sizeof *p && p->open && p->convert && p->close);
}

/* What may stand in the name of a charset that a provider is asked for: iconv gives "/" and "," a meaning of their own. */
static int is_of_name(char c)
{
    return mp_ascii_is_alnum(c) || c == '-' || c == '_' || c == '.' || c == ':' || c == '+';
}

/* A charset that the library has no name for: the provider may know it by what was declared. */
static void *open_unknown(const mailproto_charset_provider *provider, const char *name, size_t n)
{
    char asked[MAILPROTO_CHARSET_NAME_MAX + 1];

    while (n && !mp_ascii_is_alnum(*name)) {
        name++;
        n--;
    }
    while (n && !mp_ascii_is_alnum(name[n - 1]))
        n--;
    if (!n || n >= sizeof asked)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (!is_of_name(name[i]))
            return NULL;
        asked[i] = (char)(mp_ascii_is_lower(name[i]) ? name[i] - 32 : name[i]);
    }
    asked[n] = '\0';
    return provider->open(asked, provider->user);
}

static void open_known(mailproto_charset_decoder *d, const mp_charset_entry *entry)
{
    d->name = entry->name;
    d->kind = entry->kind;
    if (d->kind == MP_CHARSET_SINGLE)
        mp_charset_fill(d->table, entry->number);
    else if (d->kind == MP_CHARSET_UTF16 || d->kind == MP_CHARSET_UTF32)
        d->state |= entry->number;
    else if (d->kind == MP_CHARSET_ASCII) {
        d->kind = MP_CHARSET_GUESS;
        d->state |= MP_CHARSET_COUNTED;
    } else if (d->kind == MP_CHARSET_PROVIDED && d->provider)
        d->converter = d->provider->open(entry->provide, d->provider->user);
}

int32_t mailproto_charset_decoder_open(mailproto_charset_decoder *d, const char *name, size_t n,
                                       const mailproto_charset_provider *provider)
{
    const mp_charset_entry *entry;
    uint32_t known;

    if (!d || d->struct_size < sizeof *d || (!name && n) || !provider_fits(provider))
        return MAILPROTO_ERR_ARG;
    if (d->state & MP_CHARSET_OPEN)
        return MAILPROTO_ERR_STATE;
    d->state = MP_CHARSET_OPEN;
    d->provider = provider;
    known = mp_charset_look_up(name, n, &entry);
    if (known == MP_CHARSET_UNDECLARED) {
        d->name = "US-ASCII";
        d->kind = MP_CHARSET_GUESS;
    } else if (known == MP_CHARSET_KNOWN)
        open_known(d, entry);
    else if (provider) {
        d->kind = MP_CHARSET_PROVIDED;
        d->converter = open_unknown(provider, name, n);
    }
    if (d->kind == MP_CHARSET_PROVIDED && !d->converter)
        d->kind = MP_CHARSET_RAW;
    if (d->kind == MP_CHARSET_RAW)
        d->defects |= MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_CHARSET_UNKNOWN);
    return MAILPROTO_OK;
}

void mailproto_charset_decoder_close(mailproto_charset_decoder *d)
{
    if (!d || !d->converter)
        return;
    d->provider->close(d->converter, d->provider->user);
    d->converter = NULL;
    d->state |= MP_CHARSET_SPENT;
}

/* ---- decoding ---- */

static int32_t take_kind(mailproto_charset_decoder *d, mp_codec_io *io)
{
    switch (d->kind) {
    case MP_CHARSET_UTF8:
    case MP_CHARSET_GUESS:
        mp_charset_take_utf8(d, io);
        return MAILPROTO_OK;
    case MP_CHARSET_SINGLE:
        take_single(d, io);
        return MAILPROTO_OK;
    case MP_CHARSET_UTF16:
        mp_charset_take_utf16(d, io);
        return MAILPROTO_OK;
    case MP_CHARSET_UTF32:
        mp_charset_take_utf32(d, io);
        return MAILPROTO_OK;
    case MP_CHARSET_UTF7:
        mp_charset_take_utf7(d, io);
        return MAILPROTO_OK;
    case MP_CHARSET_PROVIDED:
        return mp_charset_take_provided(d, io);
    default:
        take_raw(d, io);
        return MAILPROTO_OK;
    }
}

int32_t mailproto_charset_decode(mailproto_charset_decoder *d, const void *in, size_t n, size_t *took, void *out,
                                 size_t cap, size_t *made)
{
    mp_codec_io io;
    int32_t result = d ? mp_codec_open(&io, in, n, took, out, cap, made) : MAILPROTO_ERR_ARG;
    uint8_t *begin;
    uint32_t kind;

    if (result)
        return result;
    *took = *made = 0;
    if ((d->state & (MP_CHARSET_OPEN | MP_CHARSET_ENDING | MP_CHARSET_SPENT)) != MP_CHARSET_OPEN)
        return MAILPROTO_ERR_STATE;
    begin = io.out;
    /* what is guessed may turn out to be another kind on the way */
    do {
        kind = d->kind;
        result = take_kind(d, &io);
    } while (!result && kind != d->kind);
    *took = n - mp_codec_in(&io);
    *made = (size_t)(io.out - begin);
    return result;
}

static int32_t end_kind(mailproto_charset_decoder *d, mp_codec_io *io)
{
    switch (d->kind) {
    case MP_CHARSET_UTF8:
        if (d->n_held)
            mp_charset_invalid(d, io, d->offset - d->n_held);
        d->n_held = 0;
        return MAILPROTO_OK;
    case MP_CHARSET_GUESS:
        if (d->n_held)
            mp_charset_give_up_utf8(d, io, d->offset);
        return MAILPROTO_OK;
    case MP_CHARSET_UTF16:
        mp_charset_end_utf16(d, io);
        return MAILPROTO_OK;
    case MP_CHARSET_UTF32:
        mp_charset_end_utf32(d, io);
        return MAILPROTO_OK;
    case MP_CHARSET_UTF7:
        mp_charset_end_utf7(d, io);
        return MAILPROTO_OK;
    case MP_CHARSET_PROVIDED:
        return mp_charset_end_provided(d, io);
    default:
        return MAILPROTO_OK;
    }
}

int32_t mailproto_charset_decode_end(mailproto_charset_decoder *d, void *out, size_t cap, size_t *made)
{
    mp_codec_io io;
    size_t took = 0;
    int32_t result = d ? mp_codec_open(&io, NULL, 0, &took, out, cap, made) : MAILPROTO_ERR_ARG;
    uint8_t *begin;

    if (result)
        return result;
    *made = 0;
    if (!(d->state & MP_CHARSET_OPEN))
        return MAILPROTO_ERR_STATE;
    if (d->state & MP_CHARSET_SPENT)
        return MAILPROTO_OK;
    begin = io.out;
    d->state |= MP_CHARSET_ENDING;
    /* most have nothing to give: then no room is needed */
    if (cap < MP_CHARSET_ROOM &&
        (d->n_held || d->high || d->kind == MP_CHARSET_PROVIDED || d->state & MP_CHARSET_SHIFTED))
        return MAILPROTO_CODEC_MORE;
    result = end_kind(d, &io);
    if (!result)
        d->state |= MP_CHARSET_SPENT;
    *made = (size_t)(io.out - begin);
    return result;
}

/* ---- in one piece ---- */

static int32_t step(void *d, const void *in, size_t n, size_t *took, void *out, size_t cap, size_t *made)
{
    return mailproto_charset_decode(d, in, n, took, out, cap, made);
}

static int32_t last(void *d, void *out, size_t cap, size_t *made)
{
    return mailproto_charset_decode_end(d, out, cap, made);
}

int32_t mailproto_charset_to_utf8(const char *name, size_t n_name, const void *in, size_t n,
                                  const mailproto_charset_provider *provider, void *out, size_t cap, size_t *made,
                                  uint64_t *defects)
{
    static const uint8_t nothing[1] = {0};
    mailproto_charset_decoder d;
    int32_t result;

    if ((!in && n) || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    mailproto_charset_decoder_init(&d, sizeof d);
    result = mailproto_charset_decoder_open(&d, name, n_name, provider);
    if (result)
        return result;
    if (d.kind == MP_CHARSET_GUESS && !mp_charset_is_utf8(in ? in : nothing, n))
        mp_charset_give_up_utf8(&d, NULL, 0);
    result = mp_codec_all(&d, step, last, in, n, out, cap, made);
    mailproto_charset_decoder_close(&d);
    if (defects)
        *defects |= d.defects;
    return result;
}
