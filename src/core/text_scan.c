/* The text scan an octet at a time, a word at a time, and the choice of the fastest version.
   RFC 5321 sections 4.1.1.4, 4.5.2 and 4.5.3.1.6. */
#include "core/text_scan.h"

#include <string.h>

#include "core/text_scan_lines.h"
#include "core/text_scan_x86.h"

static int octet_bad(uint8_t octet, uint32_t flags)
{
    return (octet == 0 && (flags & MP_TEXT_NO_NUL)) || (octet > 127 && (flags & MP_TEXT_7BIT));
}

size_t mp_text_scan_scalar(const uint8_t *p, size_t n, size_t max_line, uint32_t flags, size_t *column)
{
    size_t i = 0;
    size_t in_line = *column;
    while (i < n) {
        if (p[i] == MP_CR && n - i > 1 && p[i + 1] == MP_LF) {
            i += 2;
            in_line = 0;
            continue;
        }
        if (p[i] == MP_CR || p[i] == MP_LF || in_line >= max_line || octet_bad(p[i], flags) ||
            (p[i] == '.' && in_line == 0 && !(flags & MP_TEXT_ANY_DOT)))
            break;
        i++;
        if (in_line < SIZE_MAX)
            in_line++;
    }
    *column = in_line;
    return i;
}

static int pair_bad(uint8_t before, uint8_t octet, uint32_t flags)
{
    return (before == MP_CR) != (octet == MP_LF) || (before == MP_LF && octet == mp_text_dot(flags)) ||
           octet_bad(octet, flags);
}

size_t mp_pairs_by_octet(const uint8_t *p, size_t from, size_t to, uint32_t flags)
{
    while (from < to && !pair_bad(p[from - 1], p[from], flags))
        from++;
    return from;
}

size_t mp_line_begin_by_octet(const uint8_t *p, size_t from, size_t to)
{
    while (to > from && p[to - 1] != MP_LF)
        to--;
    return to > from ? to : 0;
}

/* Small enough that its lines are hopped over while they are in the first-level cache, and that a
   line too long near the beginning of a large buffer wastes little. */
#define WINDOW ((size_t)8192)

/* Where the line in hand begins. carried: its octets before p; room: how many more it may have. */
typedef struct text_line {
    size_t begin;
    size_t carried;
    size_t room;
} text_line;

/* Hops over the lines of line->begin..end-1, whose pairs are good. Returns end, or the first octet
   that makes its line too long. */
static size_t hop(const uint8_t *p, size_t end, size_t max_line, text_line *line, mp_line_begin_fn line_begin)
{
    while (end - line->begin > line->room) {
        size_t limit = line->begin + line->room;
        size_t next = line_begin(p, line->begin, end - limit > 2 ? limit + 2 : end);
        if (next == 0)
            return limit;
        line->begin = next;
        line->carried = 0;
        line->room = max_line;
    }
    return end;
}

static size_t column_at(const uint8_t *p, size_t end, const text_line *line, mp_line_begin_fn line_begin)
{
    size_t begin = line_begin(p, line->begin, end);
    size_t octets = end - line->begin;
    if (begin != 0)
        return end - begin;
    return octets > SIZE_MAX - line->carried ? SIZE_MAX : octets + line->carried;
}

size_t mp_text_scan_with(const uint8_t *p, size_t n, size_t max_line, uint32_t flags, size_t *column, mp_pairs_fn pairs,
                         mp_line_begin_fn line_begin)
{
    text_line line = {0, *column, *column < max_line ? max_line - *column : 0};
    size_t at = 1;
    /* What precedes p is no CR, and LF only if p begins a line: that judges the first octet. */
    if (n == 0 || pair_bad(*column == 0 ? MP_LF : 0, p[0], flags))
        return 0;
    for (;;) {
        size_t to = n - at > WINDOW ? at + WINDOW : n;
        size_t bad = pairs(p, at, to, flags);
        /* A CR is good only together with its LF. */
        size_t end = p[bad - 1] == MP_CR ? bad - 1 : bad;
        size_t good = hop(p, end, max_line, &line, line_begin);
        if (good < end || bad < to || to == n) {
            *column = column_at(p, good, &line, line_begin);
            return good;
        }
        at = to;
    }
}

#define EACH ((uint64_t)0x0101010101010101)
#define TOP  (EACH * 0x80)

static uint64_t load_word(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

/* The top bit of each octet that is zero. No carry leaves its octet, so the byte order is free. */
static uint64_t zero_octets(uint64_t word)
{
    return ~(((word & ~TOP) + ~TOP) | word | ~TOP);
}

static size_t pairs_by_word(const uint8_t *p, size_t from, size_t to, uint32_t flags)
{
    const uint64_t dot = EACH * mp_text_dot(flags);
    const uint64_t nul = flags & MP_TEXT_NO_NUL ? TOP : 0;
    const uint64_t high = flags & MP_TEXT_7BIT ? TOP : 0;
    for (; to - from >= 8; from += 8) {
        uint64_t before = load_word(p + from - 1);
        uint64_t octets = load_word(p + from);
        uint64_t bad = zero_octets(before ^ EACH * MP_CR) ^ zero_octets(octets ^ EACH * MP_LF);
        bad |= zero_octets(before ^ EACH * MP_LF) & zero_octets(octets ^ dot);
        bad |= (zero_octets(octets) & nul) | (octets & high);
        if (bad != 0)
            break;
    }
    return mp_pairs_by_octet(p, from, to, flags);
}

static size_t line_begin_by_word(const uint8_t *p, size_t from, size_t to)
{
    while (to - from >= 8 && zero_octets(load_word(p + to - 8) ^ EACH * MP_LF) == 0)
        to -= 8;
    return mp_line_begin_by_octet(p, from, to);
}

static size_t scan_by_word(const uint8_t *p, size_t n, size_t max_line, uint32_t flags, size_t *column)
{
    return mp_text_scan_with(p, n, max_line, flags, column, pairs_by_word, line_begin_by_word);
}

mp_text_scan_fn mp_text_scan_version(size_t index, const char **name)
{
    if (index > 1)
        return mp_text_scan_x86_version(index - 2, name);
    *name = index == 0 ? "scalar" : "word";
    return index == 0 ? mp_text_scan_scalar : scan_by_word;
}

/* -Dtext_scan=octet is for programs that are to be small: then no other version is linked. */
mp_text_scan_fn mp_text_scan_choose(void)
{
#ifdef MAILPROTO_TEXT_SCAN_OCTET
    return mp_text_scan_scalar;
#else
    mp_text_scan_fn fastest = mp_text_scan_x86_choose();
    return fastest ? fastest : scan_by_word;
#endif
}

size_t mp_text_scan(const uint8_t *p, size_t n, size_t max_line, uint32_t flags, size_t *column)
{
    return mp_text_scan_choose()(p, n, max_line, flags, column);
}
