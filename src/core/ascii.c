/* Sets of ASCII characters, one table for all words.
   RFC 5234 appendix B.1; RFC 5321 section 4.1.2; RFC 5322 section 3.2.3. */
#include "core/ascii.h"

#define IN(c, first, last) ((c) >= (first) && (c) <= (last))
#define IS_DIGIT(c)        IN(c, '0', '9')
#define IS_ALNUM(c)        (IS_DIGIT(c) || IN((c) | 0x20, 'a', 'z'))
#define IS_VCHAR(c)        IN(c, '!', '~')
#define NOT_ATEXT(c)                                                                                                   \
    ((c) == '"' || (c) == '(' || (c) == ')' || (c) == ',' || (c) == '.' || IN(c, ':', '<') || (c) == '>' ||            \
     (c) == '@' || IN(c, '[', ']'))
#define SETS(c)                                                                                                        \
    (IS_DIGIT(c) ? MP_DIGIT : 0) | (IS_DIGIT(c) || IN((c) | 0x20, 'a', 'f') ? MP_HEX : 0) |                            \
        (IS_ALNUM(c) || (c) == '-' ? MP_LDH : 0) | ((c) == '_' ? MP_UNDERSCORE : 0) |                                  \
        (IS_VCHAR(c) && !NOT_ATEXT(c) ? MP_ATEXT : 0) | (IS_VCHAR(c) && (c) != '=' ? MP_VALUE : 0) |                   \
        (IS_VCHAR(c) && (c) != '=' && (c) != '+' ? MP_XCHAR : 0) |                                                     \
        (IS_VCHAR(c) && !IN(c, '[', ']') ? MP_DCONTENT : 0) | (IN(c, ' ', '~') ? MP_PRINT : 0)
#define SETS_4(c)  SETS(c), SETS((c) + 1), SETS((c) + 2), SETS((c) + 3)
#define SETS_16(c) SETS_4(c), SETS_4((c) + 4), SETS_4((c) + 8), SETS_4((c) + 12)

int mp_ascii_is(uint8_t c, uint32_t sets)
{
    static const uint16_t table[128] = {SETS_16(0),  SETS_16(16), SETS_16(32), SETS_16(48),
                                        SETS_16(64), SETS_16(80), SETS_16(96), SETS_16(112)};

    return ((c < 128 ? table[c] : MP_HIGH) & sets) != 0;
}

size_t mp_ascii_span(const void *text, size_t n, uint32_t sets)
{
    const uint8_t *p = text;
    size_t i = 0;
    while (i < n && mp_ascii_is(p[i], sets))
        i++;
    return i;
}
