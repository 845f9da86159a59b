/* structure.c - the structure machine over pieces: what a cut leaves over is held until its end is there.
 * RFC 5322 section 2, RFC 2046 section 5.1. */
#include "mime/structure.h"

#include <string.h>

#include "core/memory.h"
#include "core/memory_max.h"

enum {
    MAX_DEPTH = 100,
    MAX_PARTS = 10000,
    MAX_HEADER = 10 << 20,
    HOLD_FIRST = 256,
    HOLD_KEPT = 16384, /* a larger hold is given back when it is empty */
    JOINED_MOST = 512  /* so many octets of a piece are joined to what is held at once */
};

int32_t mp_structure_init(mp_structure *s, const mailproto_mime_config *config, const mailproto_allocator *memory)
{
    mailproto_mime_config c = {0};

    memset(s, 0, sizeof *s);
    if (config && mp_struct_copy(&c, sizeof c, config))
        return MAILPROTO_ERR_ARG;
    s->memory = memory;
    s->scan = mp_scan_choose();
    s->max_depth = c.max_depth ? c.max_depth : MAX_DEPTH;
    s->max_parts = c.max_parts ? c.max_parts : MAX_PARTS;
    s->max_header = c.max_header ? c.max_header : MAX_HEADER;
    if (s->max_header > UINT32_MAX)
        s->max_header = UINT32_MAX;
    mp_structure_reset(s);
    return MAILPROTO_OK;
}

void mp_structure_free(mp_structure *s)
{
    mp_free(s->memory, s->hold, s->hold_cap);
    mp_free(s->memory, s->open, s->open_cap * sizeof *s->open);
    mp_free(s->memory, s->heads, s->heads_cap * sizeof *s->heads);
    mp_free(s->memory, s->names, s->names_cap);
}

void mp_structure_reset(mp_structure *s)
{
    while (s->open_n)
        mp_structure_pop(s);
    s->window = s->at = s->end = NULL;
    s->window_at = 0;
    s->last = s->in_hold = 0;
    s->held = 0;
    s->state = s->parts = 0;
    s->header_left = s->max_header;
    s->header = s->lines = s->defects = s->pending = 0;
}

/* ---- pieces ---- */

static void look_at(mp_structure *s, const uint8_t *p, size_t n, uint64_t at, int last)
{
    s->window = s->at = p;
    s->end = p + n;
    s->window_at = at;
    s->last = last;
}

static int grow_hold(mp_structure *s, size_t n)
{
    size_t cap = s->hold_cap ? s->hold_cap : HOLD_FIRST;
    uint8_t *hold;

    if (n <= s->hold_cap)
        return 1;
    while (cap < n)
        cap *= 2;
    hold = mp_resize(s->memory, s->hold, s->hold_cap, cap);
    if (!hold)
        return 0;
    s->hold = hold;
    s->hold_cap = cap;
    return 1;
}

/* Joins some more octets of the piece to what is held: those to the end of a line and one, for a blank there continues
   a field. 0: no memory. */
static int join(mp_structure *s, size_t hold_n)
{
    const uint8_t *more = s->piece + s->joined;
    size_t n = s->piece_n - s->joined;
    const uint8_t *lf;
    const uint64_t at = mp_structure_offset(s, s->at);

    lf = n ? memchr(more, '\n', n < JOINED_MOST ? n : JOINED_MOST) : NULL;
    if (lf && (size_t)(lf - more) + 2 < n)
        n = (size_t)(lf - more) + 2;
    else if (!lf && n > JOINED_MOST)
        n = JOINED_MOST;
    if (!grow_hold(s, hold_n + n))
        return 0;
    if (n)
        memcpy(s->hold + hold_n, more, n);
    s->joined += n;
    look_at(s, s->hold, hold_n + n, at, s->piece_last && s->joined == s->piece_n);
    return 1;
}

/* Keeps what is left of the piece for the next one. */
static int hold_rest(mp_structure *s)
{
    const size_t n = (size_t)(s->end - s->at);
    const uint64_t at = mp_structure_offset(s, s->at);

    if (n && !grow_hold(s, n))
        return MP_STEP_NOMEM;
    if (n)
        memcpy(s->hold, s->at, n);
    look_at(s, s->hold, n, at, 0);
    s->held = n;
    return MP_STEP_MORE;
}

/* What was held before the piece is used up: the rest is looked at in the piece itself. */
static void leave_hold(mp_structure *s, size_t used)
{
    const size_t taken = used - s->held;

    look_at(s, s->piece + taken, s->piece_n - taken, s->window_at + used, s->piece_last);
    s->in_hold = 0;
    s->held = 0;
    if (s->hold_cap > HOLD_KEPT) {
        mp_free(s->memory, s->hold, s->hold_cap);
        s->hold = NULL;
        s->hold_cap = 0;
    }
}

void mp_structure_feed(mp_structure *s, const uint8_t *p, size_t n, int last)
{
    const uint64_t at = s->window_at + (uint64_t)(s->end - s->window) - s->held;

    s->piece = p;
    s->piece_n = n;
    s->piece_last = last;
    s->joined = 0;
    s->in_hold = s->held > 0;
    if (s->in_hold)
        look_at(s, s->hold, s->held, at, last && !n);
    else
        look_at(s, p, n, at, last);
}

int mp_structure_next(mp_structure *s)
{
    for (;;) {
        const int step = mp_structure_run(s);
        size_t used, left;

        if (step != MP_STEP_MORE)
            return step;
        if (!s->in_hold)
            return hold_rest(s);
        used = (size_t)(s->at - s->window);
        left = (size_t)(s->end - s->at);
        if (used >= s->held) {
            leave_hold(s, used);
            continue;
        }
        if (used)
            memmove(s->hold, s->at, left);
        s->held -= used;
        s->window = s->hold;
        s->window_at += used;
        s->at = s->hold;
        s->end = s->hold + left;
        if (s->joined == s->piece_n) {
            s->held = left;
            return MP_STEP_MORE;
        }
        if (!join(s, left))
            return MP_STEP_NOMEM;
    }
}

/* ---- memory ---- */

static size_t doubled(size_t first, size_t n)
{
    while (first < n)
        first *= 2;
    return first;
}

/* What is doubled from `first` on: while it grows, the old one is there, too. */
static size_t grown_max(size_t first, size_t n, size_t each)
{
    const size_t most = doubled(first, n);

    return most > SIZE_MAX / 4 / each ? SIZE_MAX / 4 : most * each + most * each / 2 + 2 * MP_GRAIN;
}

size_t mp_structure_memory_max(const mailproto_mime_config *config)
{
    mp_structure s;
    uint64_t hold;
    size_t names;

    if (mp_structure_init(&s, config, NULL) || s.max_depth >= MAILPROTO_UNLIMITED)
        return SIZE_MAX;
    hold = (s.max_header > MP_BOUNDARY_LINE_MAX ? s.max_header : MP_BOUNDARY_LINE_MAX) + 2 + JOINED_MOST + 2;
    if (hold > SIZE_MAX / 8)
        return SIZE_MAX;
    names = (s.max_depth + (size_t)1) * MP_BOUNDARY_MAX;
    return grown_max(HOLD_FIRST, (size_t)hold, 1) + grown_max(8, s.max_depth + (size_t)1, sizeof(mp_open)) +
           grown_max(8, s.max_depth + (size_t)1, sizeof(uint32_t)) + grown_max(256, names, 1);
}
