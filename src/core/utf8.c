/* UTF-8: whether text is valid, and how far it is plain ASCII.
   RFC 3629 sections 3 and 4. */
#include "core/utf8.h"

#include <string.h>

#define TOP ((uint64_t)0x8080808080808080)

static uint64_t load_word(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

size_t mp_ascii_prefix(const uint8_t *p, size_t n)
{
    size_t i = 0;
    for (; n - i >= 32; i += 32) {
        uint64_t a = load_word(p + i) | load_word(p + i + 8);
        uint64_t b = load_word(p + i + 16) | load_word(p + i + 24);
        if (((a | b) & TOP) != 0)
            break;
    }
    while (n - i >= 8 && (load_word(p + i) & TOP) == 0)
        i += 8;
    while (i < n && p[i] < 0x80)
        i++;
    return i;
}

static int is_tail(uint8_t octet)
{
    return (octet & 0xc0) == 0x80;
}

/* The length of the one character that p begins with, its first octet above 127; 0 if it is not
   valid. The second octet alone tells overlong forms, surrogates and what is too large. */
static size_t character(const uint8_t *p, size_t n)
{
    uint8_t first = p[0];
    if (first < 0xe0)
        return first >= 0xc2 && n >= 2 && is_tail(p[1]) ? 2 : 0;
    if (first < 0xf0) {
        uint8_t lowest = first == 0xe0 ? 0xa0 : 0x80;
        uint8_t highest = first == 0xed ? 0x9f : 0xbf;
        return n >= 3 && p[1] >= lowest && p[1] <= highest && is_tail(p[2]) ? 3 : 0;
    }
    if (first < 0xf5) {
        uint8_t lowest = first == 0xf0 ? 0x90 : 0x80;
        uint8_t highest = first == 0xf4 ? 0x8f : 0xbf;
        return n >= 4 && p[1] >= lowest && p[1] <= highest && is_tail(p[2]) && is_tail(p[3]) ? 4 : 0;
    }
    return 0;
}

int mp_utf8_valid(const uint8_t *p, size_t n)
{
    size_t i = 0;
    while (i < n) {
        size_t length;
        if (p[i] < 0x80) {
            i += mp_ascii_prefix(p + i, n - i);
            continue;
        }
        length = character(p + i, n - i);
        if (length == 0)
            return 0;
        i += length;
    }
    return 1;
}
