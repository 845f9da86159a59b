/* UTF-8: characters, and whether text is valid.
   RFC 3629 sections 3 and 4. */
#include "core/utf8.h"

size_t mp_utf8_read(const uint8_t *p, size_t n, uint32_t *character)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    size_t tails = p[0] < 0xc0 ? p[0] >> 7 : (size_t)(p[0] >= 0xe0) + (p[0] >= 0xf0) + 1;
    uint32_t value = p[0] & 0x7fU >> tails;

    if (n <= tails || (p[0] & 0xc0) == 0x80)
        return 0;
    for (size_t i = 1; i <= tails; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (p[i] & 0x3f);
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
