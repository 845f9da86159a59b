/* yenc_decoder.c - yEnc as it comes: control lines, data, sums.
 * yenc-draft.1.3.txt. */
#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "mime/yenc.h"

/* The decoder's own, behind those of yenc.h. */
enum { ESCAPED = 8, CONTROL = 16, CR_SEEN = 32 };

int32_t mailproto_yenc_file_init(mailproto_yenc_file *file, size_t size)
{
    return mp_struct_init(file, size);
}

int32_t mailproto_yenc_decoder_init(mailproto_yenc_decoder *d, size_t size)
{
    return mp_struct_init(d, size);
}

uint32_t mailproto_yenc_crc32(uint32_t crc, const void *in, size_t n)
{
    /* half an octet at a time: the remainders of 0 to 15 by the polynomial 0xedb88320 */
    static const uint32_t remainder[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                                           0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                           0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    const uint8_t *p = in;

    for (crc = ~crc; n--; p++) {
        crc ^= *p;
        crc = crc >> 4 ^ remainder[crc & 15];
        crc = crc >> 4 ^ remainder[crc & 15];
    }
    return ~crc;
}

static void note(const mailproto_yenc_decoder *d, uint32_t kind, uint64_t offset)
{
    mp_codec_note(d->report, kind, 1, offset);
}

/* ---- control lines ---- */

/* The value of " KEY=..." in a control line, to the next blank; NULL: it is not there. */
static const char *value_of(const char *line, size_t n, const char *key, size_t *length)
{
    size_t k = strlen(key);

    for (size_t at = 0; at + k < n; at++) {
        if (line[at] != ' ' || n - at < k + 2 || memcmp(line + at + 1, key, k) != 0 || line[at + 1 + k] != '=')
            continue;
        at += k + 2;
        for (*length = 0; at + *length < n && line[at + *length] != ' ';)
            ++*length;
        return line + at;
    }
    return NULL;
}

static int number_of(const char *line, size_t n, const char *key, uint64_t *number)
{
    size_t length = 0;
    const char *value = value_of(line, n, key, &length);

    return value && mp_ascii_parse_decimal(value, length, number);
}

static int sum_of(const char *line, size_t n, const char *key, uint32_t *sum)
{
    size_t length = 0;
    uint64_t number = 0;
    const char *value = value_of(line, n, key, &length);

    if (!value || !length || mp_ascii_read_hex(value, length, &number) != length || number > UINT32_MAX)
        return 0;
    *sum = (uint32_t)number;
    return 1;
}

/* The name is the last, and goes to the end of the line, blanks and all. */
static void take_name(mailproto_yenc_decoder *d, const char *line, size_t n)
{
    mailproto_yenc_file *file = d->file;
    size_t length, cut;
    const char *name = value_of(line, n, "name", &length);

    if (!name || !file)
        return;
    length = n - (size_t)(name - line);
    while (length && mp_ascii_is_wsp(name[length - 1]))
        length--;
    cut = length < MAILPROTO_YENC_NAME ? length : MAILPROTO_YENC_NAME;
    memcpy(file->name, name, cut);
    file->name[cut] = '\0';
    file->name_length = (uint32_t)cut;
}

static void take_begin(mailproto_yenc_decoder *d, const char *line, size_t n)
{
    uint64_t number, part = 0, total = 0, width = 0;
    size_t length, before = n;
    const char *name = value_of(line, n, "name", &length);

    /* what is in the name is not looked at */
    if (name)
        before = (size_t)(name - line);
    if (number_of(line, before, "size", &number)) {
        d->said_size = number;
        d->stated |= MAILPROTO_YENC_SIZE;
    } else
        note(d, MAILPROTO_CODEC_FRAME, d->begin);
    if (number_of(line, before, "part", &part) && part <= UINT32_MAX) {
        d->said_part = (uint32_t)part;
        d->stated |= MAILPROTO_YENC_PART;
    }
    if (number_of(line, before, "total", &total) && total <= UINT32_MAX)
        d->stated |= MAILPROTO_YENC_TOTAL;
    number_of(line, before, "line", &width);
    take_name(d, line, n);
    if (d->file) {
        d->file->size = d->said_size;
        d->file->part = d->said_part;
        d->file->total = d->stated & MAILPROTO_YENC_TOTAL ? (uint32_t)total : 0;
        d->file->line_length = width < 1000 ? (uint32_t)width : 0;
        d->file->stated = d->stated;
    }
}

static void take_part(mailproto_yenc_decoder *d, const char *line, size_t n)
{
    uint64_t begin, end;

    if (!number_of(line, n, "begin", &begin) || !number_of(line, n, "end", &end)) {
        note(d, MAILPROTO_CODEC_FRAME, d->offset);
        return;
    }
    d->stated |= MAILPROTO_YENC_RANGE;
    if (d->file) {
        d->file->begin = begin;
        d->file->end = end;
        d->file->stated = d->stated;
    }
}

static void take_end(mailproto_yenc_decoder *d, const char *line, size_t n)
{
    d->where = MAILPROTO_YENC_AFTER;
    d->end = d->offset;
    if (number_of(line, n, "size", &d->said_end_size))
        d->stated |= MAILPROTO_YENC_END_SIZE;
    else
        note(d, MAILPROTO_CODEC_FRAME, d->offset);
    if (sum_of(line, n, "crc32", &d->said_crc))
        d->stated |= MAILPROTO_YENC_CRC;
    if (sum_of(line, n, "pcrc32", &d->said_part_crc))
        d->stated |= MAILPROTO_YENC_PART_CRC;
    if (!d->file)
        return;
    d->file->end_size = d->said_end_size;
    d->file->crc = d->said_crc;
    d->file->part_crc = d->said_part_crc;
    d->file->stated = d->stated;
}

static int begins(const char *line, size_t n, const char *word)
{
    size_t k = strlen(word);

    return n >= k && !memcmp(line, word, k) && (n == k || line[k] == ' ');
}

/* A line that was gathered: before the data any, else one that begins with "=y". */
static void take_line(mailproto_yenc_decoder *d, uint64_t begin)
{
    const char *line = (const char *)d->line;
    size_t n = d->held;

    if (n && line[n - 1] == '\r')
        n--;
    d->held = 0;
    if (d->where == MAILPROTO_YENC_BEFORE) {
        if (begins(line, n, "=ybegin")) {
            d->where = MAILPROTO_YENC_INSIDE;
            d->begin = begin;
            take_begin(d, line, n);
        } else if (n)
            note(d, MAILPROTO_CODEC_OUTSIDE, begin);
    } else if (begins(line, n, "=ypart"))
        take_part(d, line, n);
    else if (begins(line, n, "=yend"))
        take_end(d, line, n);
    else
        note(d, MAILPROTO_CODEC_OUTSIDE, begin);
}

/* Gathers up to the end of the line. */
static void take_control(mailproto_yenc_decoder *d, mp_codec_io *io)
{
    const uint8_t *lf = memchr(io->in, '\n', mp_codec_in(io));
    const uint8_t *end = lf ? lf + 1 : io->in_end;
    size_t n = (size_t)((lf ? lf : end) - io->in), fits = sizeof d->line - d->held;

    memcpy(d->line + d->held, io->in, n < fits ? n : fits);
    d->held += (uint32_t)(n < fits ? n : fits);
    d->column += n;
    d->offset += (uint64_t)(end - io->in);
    io->in = end;
    if (!lf)
        return;
    d->state &= ~(uint32_t)CONTROL;
    take_line(d, d->offset - 1 - d->column);
    d->column = 0;
}

/* ---- data ---- */

static void give(mailproto_yenc_decoder *d, mp_codec_io *io, uint32_t value)
{
    *io->out++ = (uint8_t)(value - MP_YENC_SHIFT);
    d->column++;
}

static void take_octet(mailproto_yenc_decoder *d, mp_codec_io *io)
{
    uint8_t octet = *io->in++;

    d->offset++;
    if (d->state & ESCAPED) {
        d->state &= ~(uint32_t)ESCAPED;
        if (octet == 'y' && d->column == 1) { /* no encoder escapes so: it is a control line */
            d->state |= CONTROL;
            memcpy(d->line, "=y", 2);
            d->held = 2;
            d->column = 2;
            return;
        }
        if (octet != '\r' && octet != '\n') {
            give(d, io, octet - (uint32_t)MP_YENC_ESCAPED);
            return;
        }
        note(d, MAILPROTO_CODEC_ESCAPE, d->offset - 2);
    }
    if (octet == '=') {
        d->state |= ESCAPED;
        d->column++;
    } else if (octet == '\n' || octet == '\r')
        d->column = 0;
    else {
        if (!octet)
            note(d, MAILPROTO_CODEC_INVALID, d->offset - 1);
        give(d, io, octet);
    }
}

/* Data up to what is no plain octet, or the room's end. */
static void take_plain(mailproto_yenc_decoder *d, mp_codec_io *io)
{
    size_t n = mp_codec_in(io) < mp_codec_out(io) ? mp_codec_in(io) : mp_codec_out(io), i = 0;

    for (; i < n && io->in[i] != '=' && io->in[i] != '\r' && io->in[i] != '\n' && io->in[i]; i++)
        io->out[i] = (uint8_t)(io->in[i] - MP_YENC_SHIFT);
    io->in += i;
    io->out += i;
    d->offset += i;
    d->column += i;
}

static void take(mailproto_yenc_decoder *d, mp_codec_io *io)
{
    while (io->in < io->in_end) {
        if (d->where == MAILPROTO_YENC_AFTER) {
            d->offset += mp_codec_in(io);
            io->in = io->in_end;
        } else if (d->where == MAILPROTO_YENC_BEFORE || d->state & CONTROL)
            take_control(d, io);
        else if (io->out == io->out_end)
            break;
        else {
            if (!(d->state & ESCAPED))
                take_plain(d, io);
            if (io->in < io->in_end && io->out < io->out_end)
                take_octet(d, io);
        }
    }
}

static int32_t open(mailproto_yenc_decoder *d, mp_codec_io *io, const void *in, size_t n, size_t *took, void *out,
                    size_t cap, size_t *made)
{
    int32_t result = d && d->struct_size >= sizeof *d && mp_codec_report_fits(d->report) &&
                             (!d->file || d->file->struct_size >= sizeof *d->file)
                         ? mp_codec_open(io, in, n, took, out, cap, made)
                         : MAILPROTO_ERR_ARG;

    if (result)
        return result;
    *took = *made = 0;
    d->state |= MP_YENC_USED;
    return MAILPROTO_OK;
}

int32_t mailproto_yenc_decode(mailproto_yenc_decoder *d, const void *in, size_t n, size_t *took, void *out, size_t cap,
                              size_t *made)
{
    mp_codec_io io;
    int32_t result = open(d, &io, in, n, took, out, cap, made);

    if (result)
        return result;
    if (d->state & (MP_YENC_ENDING | MP_YENC_SPENT))
        return MAILPROTO_ERR_STATE;
    take(d, &io);
    *took = n - mp_codec_in(&io);
    *made = mp_codec_made(&io, out);
    if (*made)
        d->crc = mailproto_yenc_crc32(d->crc, out, *made);
    d->size += *made;
    return MAILPROTO_OK;
}

/* Whether what is stated is what came. */
static void compare(mailproto_yenc_decoder *d)
{
    int whole = !(d->stated & MAILPROTO_YENC_PART);

    if (d->where != MAILPROTO_YENC_AFTER) {
        note(d, MAILPROTO_CODEC_FRAME, d->offset);
        return;
    }
    if ((d->stated & MAILPROTO_YENC_END_SIZE && d->said_end_size != d->size) ||
        (whole && d->stated & MAILPROTO_YENC_SIZE && d->said_size != d->size))
        note(d, MAILPROTO_CODEC_CHECKSUM, d->end);
    else if ((d->stated & MAILPROTO_YENC_PART_CRC && d->said_part_crc != d->crc) ||
             (whole && d->stated & MAILPROTO_YENC_CRC && d->said_crc != d->crc))
        note(d, MAILPROTO_CODEC_CHECKSUM, d->end);
}

int32_t mailproto_yenc_decode_end(mailproto_yenc_decoder *d, void *out, size_t cap, size_t *made)
{
    mp_codec_io io;
    size_t took = 0;
    int32_t result = open(d, &io, NULL, 0, &took, out, cap, made);

    if (result || d->state & MP_YENC_SPENT)
        return result;
    if (d->held && (d->where == MAILPROTO_YENC_BEFORE || d->state & CONTROL))
        take_line(d, d->offset - d->column);
    else if (d->state & ESCAPED)
        note(d, MAILPROTO_CODEC_TRUNCATED, d->offset);
    compare(d);
    d->state |= MP_YENC_ENDING | MP_YENC_SPENT;
    return MAILPROTO_OK;
}

/* ---- in one piece ---- */

static int32_t step(void *d, const void *in, size_t n, size_t *took, void *out, size_t cap, size_t *made)
{
    return mailproto_yenc_decode(d, in, n, took, out, cap, made);
}

static int32_t last(void *d, void *out, size_t cap, size_t *made)
{
    return mailproto_yenc_decode_end(d, out, cap, made);
}

int32_t mailproto_yenc_decode_all(mailproto_yenc_decoder *d, const void *in, size_t n, void *out, size_t cap,
                                  size_t *made)
{
    if (d && d->state)
        return MAILPROTO_ERR_STATE;
    return mp_codec_all(d, step, last, in, n, out, cap, made);
}
