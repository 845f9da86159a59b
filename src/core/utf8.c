/* UTF-8: characters, and whether text is valid.
   RFC 3629 sections 3 and 4. */
#include "core/utf8.h"

size_t mp_utf8_read(const uint8_t *p, size_t n, uint32_t *character)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    uint32_t value = p[0];
    size_t tails = 0, i = 0;

    if (value > 0x7f) {
        if (value < 0xc0)
            return 0;
        tails = 1 + (size_t)(value > 0xdf) + (value > 0xef);
        value &= 0x7fU >> tails;
    }
    if (tails >= n)
        return 0;
    while (i < tails) {
        uint32_t tail = p[++i] ^ 0x80U;

        if (tail > 0x3f)
            return 0;
        value = value << 6 | tail;
    }
    if (value < least[tails] || value - 0xd800 < 0x800 || value > 0x10ffff)
        return 0;
    *character = value;
    return tails + 1;
}

int mp_utf8_valid(const uint8_t *p, size_t n)
{
    uint32_t character;
    size_t length;
    for (size_t i = 0; i < n; i += length) {
        length = mp_utf8_read(p + i, n - i, &character);
        if (length == 0)
            return 0;
    }
    return 1;
}
