/* UTF-8: whether text is valid, and how far it is plain ASCII.
   RFC 3629 sections 3 and 4. */
#include "core/utf8.h"

#include <string.h>

size_t mp_ascii_prefix(const uint8_t *p, size_t n)
{
    size_t i = 0;
    for (; n - i >= 8; i += 8) {
        uint64_t word;
        memcpy(&word, p + i, sizeof word);
        if ((word & 0x8080808080808080) != 0)
            break;
    }
    while (i < n && p[i] < 0x80)
        i++;
    return i;
}

size_t mp_utf8_read(const uint8_t *p, size_t n, uint32_t *character)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    size_t tails = p[0] < 0xc0 ? p[0] >> 7 : (size_t)(p[0] >= 0xe0) + (p[0] >= 0xf0) + 1;
    uint32_t value = p[0] & (tails ? 0x3fU >> tails : 0x7fU);

    if (n <= tails || (p[0] & 0xc0) == 0x80)
        return 0;
    for (size_t i = 1; i <= tails; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (p[i] & 0x3f);
    }
    if (value < least[tails] || value - 0xd800 < 0x800 || value > 0x10ffff || p[0] > 0xf4)
        return 0;
    *character = value;
    return tails + 1;
}

int mp_utf8_valid(const uint8_t *p, size_t n)
{
    size_t i = 0;
    while ((i += mp_ascii_prefix(p + i, n - i)) < n) {
        uint32_t character;
        size_t length = mp_utf8_read(p + i, n - i, &character);
        if (length == 0)
            return 0;
        i += length;
    }
    return 1;
}
