/* report.c - blocks of fields: reads and writes them by a table, and makes leaves of them.
 * RFC 3464 section 2.1, RFC 6522, RFC 6533. */
#include "mime/report.h"

#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "mime/builder.h"

/* ---- reading ---- */

/* The end of the line that begins at `at`, with its line end. */
static size_t line_end(mailproto_text octets, size_t at)
{
    const char *lf = memchr(octets.ptr + at, '\n', octets.len - at);

    return lf ? (size_t)(lf - octets.ptr) + 1 : octets.len;
}

static int is_empty_line(mailproto_text octets, size_t at)
{
    return octets.ptr[at] == '\n' || (octets.ptr[at] == '\r' && at + 1 < octets.len && octets.ptr[at + 1] == '\n');
}

static mailproto_text trimmed(const char *p, size_t n)
{
    while (n && (mp_ascii_is_wsp(*p) || *p == '\r' || *p == '\n')) {
        p++;
        n--;
    }
    while (n && (mp_ascii_is_wsp(p[n - 1]) || p[n - 1] == '\r' || p[n - 1] == '\n'))
        n--;
    return (mailproto_text){p, n};
}

int32_t mp_report_take(mailproto_text octets, size_t *at, mailproto_text *name, mailproto_text *value,
                       mailproto_text *raw)
{
    const size_t begin = *at;
    const char *colon;
    size_t end;

    if (begin >= octets.len)
        return MAILPROTO_MIME_END;
    end = line_end(octets, begin);
    if (is_empty_line(octets, begin)) {
        *at = end;
        return MAILPROTO_MIME_END;
    }
    while (end < octets.len && mp_ascii_is_wsp(octets.ptr[end]))
        end = line_end(octets, end);
    *at = end;
    *raw = (mailproto_text){octets.ptr + begin, end - begin};
    colon = memchr(raw->ptr, ':', line_end(octets, begin) - begin);
    *name = colon ? trimmed(raw->ptr, (size_t)(colon - raw->ptr)) : (mailproto_text){raw->ptr, 0};
    *value = colon ? trimmed(colon + 1, (size_t)(raw->ptr + raw->len - colon) - 1) : *raw;
    return MAILPROTO_OK;
}

int32_t mailproto_mime_report_init(mailproto_mime_report_reader *reader, size_t size, const void *octets, size_t n)
{
    if (!reader || size < sizeof *reader || (!octets && n))
        return MAILPROTO_ERR_ARG;
    mp_struct_init(reader, size);
    reader->octets = (mailproto_text){n ? octets : "", n};
    while (reader->at < n && is_empty_line(reader->octets, reader->at))
        reader->at = line_end(reader->octets, reader->at);
    return MAILPROTO_OK;
}

int32_t mailproto_mime_report_field(mailproto_mime_report_reader *reader, mailproto_text *name, mailproto_text *value)
{
    mailproto_text raw;

    if (!reader || reader->struct_size < sizeof *reader || !name || !value)
        return MAILPROTO_ERR_ARG;
    while (reader->at < reader->octets.len && !is_empty_line(reader->octets, reader->at)) {
        mp_report_take(reader->octets, &reader->at, name, value, &raw);
        if (name->len)
            return MAILPROTO_OK;
    }
    return MAILPROTO_MIME_END;
}

int32_t mailproto_mime_report_block(mailproto_mime_report_reader *reader)
{
    mailproto_text name, value, raw;

    if (!reader || reader->struct_size < sizeof *reader)
        return MAILPROTO_ERR_ARG;
    while (mp_report_take(reader->octets, &reader->at, &name, &value, &raw) == MAILPROTO_OK)
        ;
    while (reader->at < reader->octets.len && is_empty_line(reader->octets, reader->at))
        reader->at = line_end(reader->octets, reader->at);
    return reader->at < reader->octets.len ? MAILPROTO_OK : MAILPROTO_MIME_END;
}

static mailproto_text *text_of(void *values, uint32_t offset)
{
    return (mailproto_text *)(void *)((char *)values + offset);
}

static mailproto_text get(const void *values, size_t offset)
{
    mailproto_text text;

    memcpy(&text, (const char *)values + offset, sizeof text);
    return text;
}

/* "type; text" into two. */
static void set(void *to, const mp_report_entry *e, mailproto_text value)
{
    const char *semicolon;

    if (!(e->flags & MP_REPORT_TYPED)) {
        *text_of(to, e->offset) = value;
        return;
    }
    semicolon = memchr(value.ptr, ';', value.len);
    if (semicolon) {
        const size_t n = (size_t)(semicolon - value.ptr);

        text_of(to, e->offset)[0] = trimmed(value.ptr, n);
        value = trimmed(semicolon + 1, value.len - n - 1);
    }
    text_of(to, e->offset)[1] = value;
}

static size_t place_of(const mp_report_entry *e)
{
    return e->offset + (e->flags & MP_REPORT_TYPED ? sizeof(mailproto_text) : 0);
}

int mp_report_read(mailproto_mime_report_reader *reader, const mp_report_entry *entries, size_t count, void *to)
{
    mailproto_text name, value;
    int complete = 1;

    while (mailproto_mime_report_field(reader, &name, &value) == MAILPROTO_OK)
        for (size_t i = 0; i < count; i++)
            if (mp_ascii_equal(name.ptr, name.len, entries[i].name) && !get(to, place_of(&entries[i])).len)
                set(to, &entries[i], value);
    for (size_t i = 0; i < count; i++)
        if (entries[i].flags & MP_REPORT_MUST && !get(to, place_of(&entries[i])).len)
            complete = 0;
    return complete;
}

/* ---- writing ---- */

static void put(mp_small_out *out, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        mp_small_put(out, (uint8_t)p[i]);
}

/* The value, folded where it has blanks; *column is where the line stands. 0: a word is longer than a line may be. */
static int put_folded(mp_small_out *out, mailproto_text value, size_t *column)
{
    for (size_t i = 0; i < value.len;) {
        size_t end = i, word;

        while (end < value.len && mp_ascii_is_wsp(value.ptr[end]))
            end++;
        word = end;
        while (end < value.len && !mp_ascii_is_wsp(value.ptr[end]))
            end++;
        if (end - i > MP_BUILDER_WORD)
            return 0;
        if (word > i && end > word && *column + (end - i) > MP_BUILDER_COLUMNS) {
            put(out, "\r\n", 2);
            *column = 0;
        }
        put(out, value.ptr + i, end - i);
        *column += end - i;
        i = end;
    }
    return 1;
}

int mp_report_write_field(const char *name, mailproto_text type, mailproto_text value, mp_small_out *out)
{
    size_t column = strlen(name) + 1;

    value = trimmed(value.ptr, value.len);
    if (!mp_builder_is_text(value.ptr, value.len) || (type.len && !mp_builder_is_token(type.ptr, type.len)) ||
        type.len > MP_BUILDER_NAME)
        return 0;
    put(out, name, strlen(name));
    put(out, ": ", 2);
    if (type.len) {
        put(out, type.ptr, type.len);
        put(out, "; ", 2);
        column += type.len + 2;
    }
    if (!put_folded(out, value, &column))
        return 0;
    put(out, "\r\n", 2);
    return 1;
}

int mp_report_write(const mp_report_entry *entries, size_t count, const void *from, mp_small_out *out)
{
    static const mailproto_text none = {NULL, 0};

    for (size_t i = 0; i < count; i++) {
        const mp_report_entry *e = &entries[i];
        const int typed = e->flags & MP_REPORT_TYPED;
        const mailproto_text value = get(from, place_of(e)), type = typed ? get(from, e->offset) : none;

        if ((!value.ptr && value.len) || (!type.ptr && type.len))
            return 0;
        if (!value.len && e->flags & MP_REPORT_MUST)
            return 0;
        if (value.len && ((typed && !type.len) || !mp_report_write_field(e->name, type, value, out)))
            return 0;
    }
    return 1;
}

int32_t mp_report_build(mailproto_mime_builder *b, uint32_t node, const char *type, const char *global,
                        mp_report_writer write, const void *values)
{
    mailproto_mime_builder_content content;
    mp_small_out out = {NULL, 0, 0};
    mp_builder_mark mark;
    size_t place;
    int32_t result = mp_builder_may(b, node), high = 0;

    if (result || !write(values, &out))
        return result ? result : MAILPROTO_ERR_ARG;
    mailproto_mime_builder_content_init(&content, sizeof content);
    mp_builder_begin(b, node, &mark);
    place = mp_builder_reserve(b, out.made);
    if (!place)
        return mp_builder_end(b, &mark);
    out = (mp_small_out){b->text + place - 1, out.made, 0};
    write(values, &out);
    for (size_t i = 0; i < out.made; i++)
        high |= out.out[i] >= 0x80;
    content.type = (mailproto_text){high && global ? global : type, strlen(high && global ? global : type)};
    if (high && !(b->config.flags & MAILPROTO_MIME_BUILDER_SMTPUTF8 && global))
        result = MAILPROTO_ERR_ARG;
    if (!result)
        result = mailproto_mime_builder_leaf(b, node, &content);
    if (result) {
        b->failed = result;
        return mp_builder_end(b, &mark);
    }
    b->nodes[node].source.copied = place;
    b->nodes[node].source.n = out.made;
    return MAILPROTO_OK;
}
