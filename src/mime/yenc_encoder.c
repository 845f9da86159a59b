/* yenc_encoder.c - a file, or a part of one, as yEnc, so that it crosses mail.
 * yenc-draft.1.3.txt. */
#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "mime/yenc.h"

/* The encoder's own, behind those of yenc.h. */
enum { TRAILER = 8 };
enum { LINE_MOST = 997, STEP = 4 };

int32_t mailproto_yenc_encoder_init(mailproto_yenc_encoder *e, size_t size)
{
    return mp_struct_init(e, size);
}

static int file_fits(const mailproto_yenc_file *file)
{
    if (!file || file->struct_size < sizeof *file || !file->name_length || file->name_length > MAILPROTO_YENC_NAME ||
        file->line_length > LINE_MOST)
        return 0;
    for (uint32_t i = 0; i < file->name_length; i++)
        if (!file->name[i] || file->name[i] == '\r' || file->name[i] == '\n')
            return 0;
    if (!file->part)
        return 1;
    return file->begin && file->end >= file->begin - 1 && file->end <= file->size;
}

/* How many octets are to come. */
static uint64_t expected(const mailproto_yenc_file *file)
{
    return file->part ? file->end - file->begin + 1 : file->size;
}

/* ---- control lines ---- */

static void put(mailproto_yenc_encoder *e, const char *text, size_t n)
{
    memcpy(e->line + e->n, text, n);
    e->n += (uint32_t)n;
}

static void put_word(mailproto_yenc_encoder *e, const char *word)
{
    put(e, word, strlen(word));
}

static void put_number(mailproto_yenc_encoder *e, const char *word, uint64_t number)
{
    put_word(e, word);
    e->n += (uint32_t)mp_ascii_write_decimal(e->line + e->n, number);
}

static void put_sum(mailproto_yenc_encoder *e, const char *word, uint32_t sum)
{
    put_word(e, word);
    for (int shift = 28; shift >= 0; shift -= 4)
        e->line[e->n++] = (uint8_t) "0123456789abcdef"[sum >> shift & 15];
}

static uint32_t line_length(const mailproto_yenc_file *file)
{
    return file->line_length ? file->line_length : (uint32_t)MAILPROTO_YENC_LINE;
}

static void put_begin(mailproto_yenc_encoder *e)
{
    const mailproto_yenc_file *file = e->file;

    put_word(e, "=ybegin");
    if (file->part)
        put_number(e, " part=", file->part);
    if (file->part && file->total)
        put_number(e, " total=", file->total);
    put_number(e, " line=", line_length(file));
    put_number(e, " size=", file->size);
    put_word(e, " name=");
    put(e, file->name, file->name_length);
    put(e, "\r\n", 2);
    if (file->part) {
        put_number(e, "=ypart begin=", file->begin);
        put_number(e, " end=", file->end);
        put(e, "\r\n", 2);
    }
}

static void put_end(mailproto_yenc_encoder *e)
{
    const mailproto_yenc_file *file = e->file;

    if (e->column)
        put(e, "\r\n", 2);
    put_number(e, "=yend size=", e->size);
    if (file->part) {
        put_number(e, " part=", file->part);
        put_sum(e, " pcrc32=", e->crc);
        if (file->crc)
            put_sum(e, " crc32=", file->crc);
    } else
        put_sum(e, " crc32=", e->crc);
    put(e, "\r\n", 2);
}

/* Gives out of a control line as much as fits. 0: it is not all out. */
static int drain(mailproto_yenc_encoder *e, mp_codec_io *io)
{
    size_t now = e->n - e->at;

    if (now > mp_codec_out(io))
        now = mp_codec_out(io);
    if (now)
        memcpy(io->out, e->line + e->at, now);
    io->out += now;
    e->at += (uint32_t)now;
    if (e->at < e->n)
        return 0;
    e->at = e->n = 0;
    return 1;
}

/* ---- data ---- */

/* An octet; `last` says that the data end behind it. */
static void give(mailproto_yenc_encoder *e, mp_codec_io *io, uint8_t octet, int last)
{
    uint32_t length = line_length(e->file);
    uint8_t value = (uint8_t)(octet + MP_YENC_SHIFT);
    int blank = (value == ' ' || value == '\t') && (!e->column || e->column + 1 >= length || last);

    if (!value || value == '\r' || value == '\n' || value == '=' || blank || (value == '.' && !e->column)) {
        *io->out++ = '=';
        value = (uint8_t)(value + MP_YENC_ESCAPED);
        e->column++;
    }
    *io->out++ = value;
    if (++e->column < length)
        return;
    *io->out++ = '\r';
    *io->out++ = '\n';
    e->column = 0;
}

static int32_t open(mailproto_yenc_encoder *e, mp_codec_io *io, const void *in, size_t n, size_t *took, void *out,
                    size_t cap, size_t *made)
{
    int32_t result = e && e->struct_size >= sizeof *e && (e->state & MP_YENC_USED || file_fits(e->file))
                         ? mp_codec_open(io, in, n, took, out, cap, made)
                         : MAILPROTO_ERR_ARG;

    if (result)
        return result;
    *took = *made = 0;
    if (!(e->state & MP_YENC_USED))
        put_begin(e);
    e->state |= MP_YENC_USED;
    return MAILPROTO_OK;
}

int32_t mailproto_yenc_encode(mailproto_yenc_encoder *e, const void *in, size_t n, size_t *took, void *out, size_t cap,
                              size_t *made)
{
    mp_codec_io io;
    int32_t result = open(e, &io, in, n, took, out, cap, made);

    if (result)
        return result;
    if (e->state & (MP_YENC_ENDING | MP_YENC_SPENT))
        return MAILPROTO_ERR_STATE;
    if (drain(e, &io)) {
        /* one octet waits: whether a blank ends the data is known at the end */
        for (; io.in < io.in_end && mp_codec_out(&io) >= STEP; io.in++) {
            if (e->held)
                give(e, &io, (uint8_t)(e->held - 1), 0);
            e->held = 1u + *io.in;
        }
    }
    *took = n - mp_codec_in(&io);
    *made = mp_codec_made(&io, out);
    if (*took)
        e->crc = mailproto_yenc_crc32(e->crc, in, *took);
    e->size += *took;
    return MAILPROTO_OK;
}

int32_t mailproto_yenc_encode_end(mailproto_yenc_encoder *e, void *out, size_t cap, size_t *made)
{
    mp_codec_io io;
    size_t took = 0;
    int32_t result = open(e, &io, NULL, 0, &took, out, cap, made);

    if (result || e->state & MP_YENC_SPENT)
        return result;
    if (e->size != expected(e->file))
        return MAILPROTO_ERR_BODY;
    e->state |= MP_YENC_ENDING;
    if (drain(e, &io) && !(e->state & TRAILER) && (!e->held || mp_codec_out(&io) >= STEP)) {
        if (e->held)
            give(e, &io, (uint8_t)(e->held - 1), 1);
        e->held = 0;
        put_end(e);
        e->state |= TRAILER;
    }
    if (e->state & TRAILER && drain(e, &io))
        e->state |= MP_YENC_SPENT;
    *made = mp_codec_made(&io, out);
    return e->state & MP_YENC_SPENT ? MAILPROTO_OK : MAILPROTO_CODEC_MORE;
}

/* ---- in one piece ---- */

static int32_t step(void *e, const void *in, size_t n, size_t *took, void *out, size_t cap, size_t *made)
{
    return mailproto_yenc_encode(e, in, n, took, out, cap, made);
}

static int32_t last(void *e, void *out, size_t cap, size_t *made)
{
    return mailproto_yenc_encode_end(e, out, cap, made);
}

int32_t mailproto_yenc_encode_all(mailproto_yenc_encoder *e, const void *in, size_t n, void *out, size_t cap,
                                  size_t *made)
{
    if (e && e->state)
        return MAILPROTO_ERR_STATE;
    return mp_codec_all(e, step, last, in, n, out, cap, made);
}
