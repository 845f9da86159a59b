/* field_name.c - the numbers of header fields by their names, found without a search.
 * RFC 5322 section 3.6, RFC 2045 section 3. */
#include <string.h>

#include "core/ascii.h"
#include "mime/structure.h"

static const char *const names[MAILPROTO_MIME_FIELDS] = {
#define NAME_OF(name, value, text) [value] = text,
    MAILPROTO_MIME_FIELD_TABLE(NAME_OF)
#undef NAME_OF
};

static const uint8_t lengths[MAILPROTO_MIME_FIELDS] = {
#define LENGTH_OF(name, value, text) [value] = sizeof(text) - 1,
    MAILPROTO_MIME_FIELD_TABLE(LENGTH_OF)
#undef LENGTH_OF
};

/* Where a name is in `numbers`: by its length and its first, last and middle octet in lower case. The factors are such
   that no two names of the table share a place; a test holds them to it. */
static uint32_t place_of(const uint8_t *name, size_t n)
{
    return ((uint32_t)n * 99 + (name[0] | 32U) * 221 + (name[n - 1] | 32U) * 53 + (name[n / 2] | 32U) * 26) & 255;
}

static const uint8_t numbers[256] = {
    0,  0,  0,  0, 26, 0,  49, 38, 0,  0, 0,  0,  28, 48, 0,  0,  0,  0, 0,  0,  0,  0,  0,  0,  0,  0, 0,  0,  0,
    35, 0,  0,  0, 9,  0,  16, 0,  0,  0, 0,  0,  0,  0,  4,  0,  0,  0, 0,  0,  0,  60, 0,  54, 18, 0, 47, 0,  0,
    50, 0,  0,  0, 0,  0,  17, 10, 0,  0, 34, 0,  0,  0,  0,  0,  61, 0, 0,  43, 0,  0,  6,  0,  0,  0, 0,  0,  0,
    0,  0,  11, 0, 2,  25, 45, 0,  24, 0, 0,  0,  0,  0,  21, 0,  0,  0, 53, 0,  0,  0,  41, 40, 0,  0, 1,  0,  0,
    39, 0,  0,  0, 0,  42, 0,  0,  0,  0, 0,  0,  0,  0,  0,  46, 0,  0, 0,  32, 20, 0,  0,  0,  13, 0, 0,  30, 29,
    7,  0,  0,  0, 0,  0,  0,  0,  0,  0, 0,  0,  27, 0,  52, 12, 58, 0, 0,  0,  0,  0,  0,  0,  0,  0, 0,  0,  0,
    0,  0,  0,  0, 0,  33, 0,  0,  0,  0, 36, 0,  0,  0,  0,  57, 0,  0, 0,  0,  0,  0,  8,  14, 0,  3, 0,  55, 5,
    0,  15, 0,  0, 51, 0,  0,  0,  0,  0, 0,  0,  0,  19, 59, 0,  0,  0, 22, 0,  37, 23, 0,  0,  0,  0, 0,  0,  0,
    0,  0,  0,  0, 0,  0,  0,  0,  0,  0, 0,  31, 56, 0,  0,  0,  0,  0, 44, 0,  0,  0,  0,  0,
};

static uint64_t load(const uint8_t *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof word);
    return word;
}

/* Octets whose bits differ at most in that of the case. What is compared with is of the table, so in lower case, and its
   letters and signs have one of the bits 32 and 64: a control must not pass for one of them. */
static uint64_t differ(uint64_t octets, uint64_t lower)
{
    const uint64_t each = UINT64_C(0x0101010101010101);

    return ((octets ^ lower) & ~(each * 32)) | (~(octets | octets >> 1) & (each * 32));
}

/* Four to seven octets: the first four and the last four. */
static uint64_t load_few(const uint8_t *p, size_t n)
{
    uint32_t half[2];

    memcpy(&half[0], p, sizeof half[0]);
    memcpy(&half[1], p + n - sizeof half[1], sizeof half[1]);
    return (uint64_t)half[0] << 32 | half[1];
}

static int same_name(const uint8_t *name, const uint8_t *lower, size_t n)
{
    uint64_t wrong;

    if (n < 4)
        return mp_ascii_same(name, lower, n);
    if (n < 8)
        return !differ(load_few(name, n), load_few(lower, n));
    wrong = differ(load(name), load(lower)) | differ(load(name + n - 8), load(lower + n - 8));
    for (size_t i = 8; i + 8 < n; i += 8)
        wrong |= differ(load(name + i), load(lower + i));
    return !wrong;
}

uint32_t mp_field_id(const uint8_t *name, size_t n)
{
    uint32_t id;

    if (!n)
        return MAILPROTO_MIME_FIELD_OTHER;
    id = numbers[place_of(name, n)];
    return lengths[id] == n && same_name(name, (const uint8_t *)names[id], n) ? id : MAILPROTO_MIME_FIELD_OTHER;
}

uint32_t mailproto_mime_field_id(const char *name, size_t n)
{
    return name ? mp_field_id((const uint8_t *)name, n) : MAILPROTO_MIME_FIELD_OTHER;
}

const char *mailproto_mime_field_name(uint32_t id)
{
    return id < MAILPROTO_MIME_FIELDS ? names[id] : NULL;
}
