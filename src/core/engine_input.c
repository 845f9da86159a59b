/* engine_input.c - input: lines, found where they lie or put together, and what framers of bodies take.
 * contract.md section 2, "Framing before grammar": only what is complete is interpreted; what is too long is skipped in step. */
#include <string.h>

#include "core/engine.h"

const uint8_t *mp_in(const struct mp_engine *e)
{
    return e->in ? e->in + e->in_pos : NULL;
}

size_t mp_in_left(const struct mp_engine *e)
{
    return e->in_len - e->in_pos;
}

uint64_t mp_in_offset(const struct mp_engine *e)
{
    return e->in_base + e->in_pos;
}

void mp_in_take(struct mp_engine *e, size_t n)
{
    if (e->tracer)
        e->tracer->in(e, mp_in(e), n, MAILPROTO_TRACE_BODY);
    e->in_pos += (uint32_t)n;
}

/* Describes the `n` octets at text, LF included, as a line. */
static void describe(struct mp_line *line, const char *text, size_t n, uint64_t offset)
{
    line->ptr = text;
    line->len = n - 1;
    line->offset = offset;
    line->flags = 0;
    if (line->len && text[line->len - 1] == '\r')
        line->len--;
    else
        line->flags = MP_LINE_BARE_LF;
}

/* Its length on the wire. */
static size_t wire(const struct mp_line *line)
{
    return line->len + (line->flags & MP_LINE_BARE_LF ? 1 : 2);
}

static void clear_line(struct mp_engine *e)
{
    if (e->line_private && e->line)
        mp_wipe(e->line, e->line_len);
    e->line_len = 0;
    e->line_ready = e->line_taken = e->line_skipping = e->line_private = e->line_followed = 0;
    e->line_skipped = 0;
}

/* Makes room by hand rather than by resize: the old place may hold a secret. */
static int grow(struct mp_engine *e, size_t capacity)
{
    char *line = mp_alloc(&e->allocator, capacity);

    if (!line)
        return -1;
    if (e->line) {
        memcpy(line, e->line, e->line_len);
        mp_wipe(e->line, e->line_len);
        mp_free(&e->allocator, e->line, e->line_capacity);
    }
    e->line = line;
    e->line_capacity = (uint32_t)capacity;
    return 0;
}

static int append(struct mp_engine *e, const uint8_t *data, size_t n)
{
    size_t capacity = e->line_capacity ? e->line_capacity : 128;

    while (capacity < e->line_len + n)
        capacity *= 2;
    if (capacity != e->line_capacity && grow(e, capacity))
        return -1;
    memcpy(e->line + e->line_len, data, n);
    e->line_len += (uint32_t)n;
    return 0;
}

MP_OUTLINE static void skip(struct mp_engine *e, size_t n)
{
    e->line_skipping = 1;
    e->line_skipped += e->line_len + n;
    if (e->line_len)
        mp_wipe(e->line, e->line_len); /* credentials may be too long, too */
    e->line_len = 0;
    if (e->line_skipped > e->max_skip && !e->ending) {
        mp_engine_end(e, MAILPROTO_ERR_LIMIT, "a line went on beyond what is skipped of one");
        e->error_offset = e->line_offset; /* the same wherever the input was cut */
    }
}

/* Keeps the next n octets of the input as part of the line; `max` is how long it may become. */
static void collect(struct mp_engine *e, size_t n, size_t max)
{
    if (!e->line_len && !e->line_skipping)
        e->line_offset = mp_in_offset(e);
    if (e->line_skipping || e->line_len + n > max)
        skip(e, n);
    else if (append(e, mp_in(e), n))
        mp_engine_nomem(e);
    e->in_pos += (uint32_t)n;
}

static void kept_line(struct mp_engine *e, struct mp_line *line)
{
    if (e->line_skipping)
        *line = (struct mp_line){"", 0, MP_LINE_TOO_LONG, e->line_offset};
    else
        describe(line, e->line, e->line_len, e->line_offset);
}

int mp_line_find(struct mp_engine *e, size_t max, struct mp_line *line)
{
    const uint8_t *from, *lf;
    size_t n;

    if (e->line_taken)
        clear_line(e);
    if (!e->line_ready) {
        if (!mp_in_left(e))
            return 0;
        from = mp_in(e);
        lf = memchr(from, '\n', mp_in_left(e));
        n = lf ? (size_t)(lf - from) + 1 : mp_in_left(e);
        if (lf && n <= max && !e->line_len && !e->line_skipping) {
            describe(line, (const char *)from, n, mp_in_offset(e));
            return 1;
        }
        collect(e, n, max);
        if (!lf || e->ending)
            return 0;
        e->line_ready = 1;
        e->line_followed = mp_in_left(e) != 0;
    }
    kept_line(e, line);
    return 1;
}

/* What of `text` a command must not have: a CR or NUL inside; and whether it is 7-bit. Eight octets at a time. */
static uint32_t line_flags(const char *text, size_t n)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
    uint64_t word, any = 0, bad = 0;
    uint32_t flags = 0;
    size_t i = 0;

    for (; i + 8 <= n; i += 8) {
        uint64_t cr;

        memcpy(&word, text + i, 8);
        any |= word;
        cr = word ^ (ones * '\r');
        bad |= ((word - ones) & ~word) | ((cr - ones) & ~cr);
    }
    for (; i < n; i++) {
        any |= (uint8_t)text[i];
        bad |= text[i] == '\r' || text[i] == '\0' ? high : 0;
    }
    if (any & high)
        flags |= MP_LINE_8BIT;
    if (!(bad & high))
        return flags;
    if (memchr(text, '\r', n))
        flags |= MP_LINE_BARE_CR;
    if (memchr(text, '\0', n))
        flags |= MP_LINE_NUL;
    return flags;
}

int mp_line_peek(struct mp_engine *e, size_t max, struct mp_line *line)
{
    int found = mp_line_find(e, max, line);

    if (found)
        line->flags |= line_flags(line->ptr, line->len);
    return found;
}

void mp_line_take(struct mp_engine *e, const struct mp_line *line, uint32_t kind)
{
    if (e->tracer && !(line->flags & MP_LINE_TOO_LONG))
        e->tracer->in(e, line->ptr, wire(line), kind);
    if (e->line_ready) {
        e->line_ready = 0;
        e->line_taken = 1;
        e->line_private = kind == MAILPROTO_TRACE_PRIVATE;
    } else {
        e->in_pos += (uint32_t)wire(line);
    }
}

void mp_line_forget(struct mp_engine *e)
{
    if (e->line_taken)
        clear_line(e);
}

void mp_line_wait(struct mp_engine *e, const struct mp_line *line)
{
    if (e->line_ready)
        return;
    e->line_offset = line->offset;
    if (append(e, mp_in(e), wire(line)))
        mp_engine_nomem(e);
    e->in_pos += (uint32_t)wire(line);
    e->line_ready = 1;
    e->line_followed = mp_in_left(e) != 0;
}

void mp_input_idle(struct mp_engine *e)
{
    clear_line(e);
    mp_free(&e->allocator, e->line, e->line_capacity);
    e->line = NULL;
    e->line_capacity = 0;
}

void mp_input_free(struct mp_engine *e)
{
    e->line_private |= e->line_ready || e->line_taken || e->line_len; /* what it was is not known: wipe it */
    mp_input_idle(e);
}
