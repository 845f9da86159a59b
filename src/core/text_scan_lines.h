/* What a version of the text scan is made of, and the part that all share.
   RFC 5321 section 4.5.3.1.6. Private to the text_scan*.c files. */
#ifndef MP_CORE_TEXT_SCAN_LINES_H
#define MP_CORE_TEXT_SCAN_LINES_H

#include "core/text_scan.h"

#define MP_CR 0x0d
#define MP_LF 0x0a

/* Octets are judged in pairs, each with the one before it, so a version needs no state from block
   to block: it loads the same block twice, one octet apart. A pair is bad when
   - it is CR and not LF, or LF and not behind CR;
   - it is a dot behind LF, or an octet that the flags forbid.
   Line length is left out of it: lines are hopped over afterwards, from limit to limit, so that
   only the last line end before each limit is looked for. */

/* The first j of from..to-1 where (p[j-1], p[j]) is bad, or to. 0 < from <= to. The pairs before
   from are known to be good: they may be judged again. */
typedef size_t (*mp_pairs_fn)(const uint8_t *p, size_t from, size_t to, uint32_t flags);

/* The index behind the last LF of from..to-1, or 0. All octets of 0..to-1 may be read. */
typedef size_t (*mp_line_begin_fn)(const uint8_t *p, size_t from, size_t to);

/* With dots let through, the octet looked for behind LF is LF: that pair is bad anyway. */
static inline uint8_t mp_text_dot(uint32_t flags)
{
    return flags & MP_TEXT_ANY_DOT ? MP_LF : (uint8_t)'.';
}

/* The same an octet at a time, for what is left over. */
size_t mp_pairs_by_octet(const uint8_t *p, size_t from, size_t to, uint32_t flags);
size_t mp_line_begin_by_octet(const uint8_t *p, size_t from, size_t to);

/* The scan, made of the two: windows, line lengths and the column are the same in all versions. */
size_t mp_text_scan_with(const uint8_t *p, size_t n, size_t max_line, uint32_t flags, size_t *column, mp_pairs_fn pairs,
                         mp_line_begin_fn line_begin);

#endif
