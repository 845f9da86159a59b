/* memory_max.h - what lines and output of an engine take at most, for the sums that `..._memory_max` gives.
 * contract.md section 3, "`..._memory_max` states the worst case". */
#ifndef MP_CORE_MEMORY_MAX_H
#define MP_CORE_MEMORY_MAX_H

#include "core/engine.h"

enum {
    MP_GRAIN = 16, /* what an allocator may round up to */
    MP_CHUNK_HEAD = sizeof(struct mp_chunk) + MP_GRAIN
};

static inline size_t mp_larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The buffer that a line is put together in is doubled from 128 octets on. */
static inline size_t mp_line_buffer(size_t max_line)
{
    size_t n = 128;

    while (n < max_line)
        n *= 2;
    return n;
}

/* While it grows, the old one is there, too. */
static inline size_t mp_line_memory_max(size_t max_line)
{
    size_t n = mp_line_buffer(max_line);

    return n + n / 2;
}

/* `pending` octets that are unsent, put by reservations of at most `max_reserve`. The first chunk may be sent but for its
   end, the last have one octet, a spare may be promised. Those between are unsent, and lacked room for the reservation that
   came next: short ones are nearly full; else two neighbours hold more than one could. */
static inline size_t mp_output_memory_max(size_t pending, size_t max_reserve)
{
    size_t largest = mp_larger(max_reserve, MP_CHUNK) + MP_CHUNK_HEAD;

    if (max_reserve <= MP_CHUNK / 2)
        return (pending / (MP_CHUNK - max_reserve) + 3) * largest;
    return 3 * largest + 2 * pending + (2 * pending / MP_CHUNK + 1) * MP_CHUNK_HEAD;
}

#endif
