/* header_words.c - finds the encoded words in a text, also those that break the rules, and decodes them.
 * RFC 2047 sections 2, 4, 5 and 6.2; RFC 2231 section 5 (the language). */
#include <string.h>

#include "core/ascii.h"
#include "mime/header_scan.h"
#include "mime/header_text.h"

#define BIT(name) MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_##name)

enum { WORD_LENGTH = 75 };

/* A word as it is found: the text may have blanks, folds and question marks in it. */
struct word {
    mailproto_text charset;
    const uint8_t *text, *text_end, *end;
    uint8_t encoding; /* 'b' or 'q' */
};

/* Where in a text to look for words. */
struct search {
    const uint8_t *end;
    const uint8_t *close; /* the first "?=" not before where was looked last; NULL: not looked for */
};

/* The "?=" that closes a word whose text begins at p. All searches together read the text once. */
static const uint8_t *find_close(struct search *s, const uint8_t *p)
{
    if (!s->close || s->close < p)
        s->close = mp_find_pair(p, s->end, '?', '=');
    return s->close;
}

/* Whether the word whose "=?" is at p is one, and what its parts are. */
static int read_word(struct search *s, const uint8_t *p, struct word *word)
{
    const uint8_t *at = p + 2, *star;

    while (at < s->end && mp_ascii_is_vchar(*at) && *at != '?' && at - p < 128)
        at++;
    if (s->end - at < 5 || *at != '?' || at[2] != '?')
        return 0;
    word->encoding = (uint8_t)mp_ascii_lower(at[1]);
    if (word->encoding != 'b' && word->encoding != 'q')
        return 0;
    word->charset = (mailproto_text){(const char *)p + 2, (size_t)(at - p) - 2};
    star = memchr(p + 2, '*', word->charset.len);
    if (star)
        word->charset.len = (size_t)(star - p) - 2;
    word->text = at + 3;
    word->text_end = find_close(s, word->text);
    word->end = word->text_end + 2;
    return word->text_end != s->end;
}

/* ---- what a word says ---- */

static int base64_value(uint8_t c)
{
    if (mp_ascii_is_upper(c))
        return c - 'A';
    if (mp_ascii_is_lower(c))
        return c - 'a' + 26;
    if (mp_ascii_is_digit(c))
        return c - '0' + 52;
    /* the last two also as in RFC 4648 5, as some write them */
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* Gives at most cap octets; *at moves on. Octets that do not belong there are skipped, and behind padding a new group
   begins: some put pieces together that were encoded one by one. */
static size_t decode_b(const struct word *word, const uint8_t **at, uint8_t *out, size_t cap, uint64_t *defects)
{
    uint32_t bits = 0, count = 0;
    size_t made = 0;

    for (; *at < word->text_end && made + 3 <= cap; ++*at) {
        int value = base64_value(**at);

        if (value >= 0) {
            bits = bits << 6 | (uint32_t)value;
            if (++count < 4)
                continue;
            out[made++] = (uint8_t)(bits >> 16);
            out[made++] = (uint8_t)(bits >> 8);
            out[made++] = (uint8_t)bits;
            count = bits = 0;
        } else if (**at != '=')
            *defects |= BIT(WORD);
        else {
            if (count > 1)
                out[made++] = (uint8_t)(bits >> (count * 6 - 8));
            if (count > 2)
                out[made++] = (uint8_t)(bits >> 2);
            count = bits = 0;
        }
    }
    if (*at == word->text_end && count > 1 && made + 2 <= cap) {
        *defects |= BIT(WORD);
        out[made++] = (uint8_t)(bits >> (count * 6 - 8));
        if (count > 2)
            out[made++] = (uint8_t)(bits >> 2);
    }
    return made;
}

static size_t decode_q(const struct word *word, const uint8_t **at, uint8_t *out, size_t cap, uint64_t *defects)
{
    size_t made = 0;

    for (; *at < word->text_end && made < cap; ++*at) {
        const uint8_t *p = *at;
        int high, low;

        if (*p == '=') {
            high = word->text_end - p > 2 ? mp_ascii_hex_value(p[1]) : -1;
            low = high >= 0 ? mp_ascii_hex_value(p[2]) : -1;
            if (low >= 0) {
                out[made++] = (uint8_t)(high << 4 | low);
                *at += 2;
                continue;
            }
            *defects |= BIT(WORD);
        } else if (mp_is_blank(*p)) {
            *defects |= BIT(WORD);
            if (mp_header_class[*p] & MP_CLASS_FOLD)
                continue;
        }
        out[made++] = *p == '_' ? ' ' : *p;
    }
    return made;
}

static void decode_word(mp_text *t, const struct word *word)
{
    const uint8_t *at = word->text;
    uint8_t piece[192];

    do {
        size_t made = word->encoding == 'b' ? decode_b(word, &at, piece, sizeof piece, &t->defects)
                                            : decode_q(word, &at, piece, sizeof piece, &t->defects);

        mp_text_octets(t, &word->charset, piece, made);
    } while (at < word->text_end);
}

/* A word; begin says whether it stands where one may: at the begin of the text, or behind a blank. */
static void put_word(mp_text *t, const struct word *word, int is_apart)
{
    if (!is_apart || word->end - word->text > WORD_LENGTH || !word->charset.len)
        t->defects |= BIT(WORD);
    if (t->after_word) {
        t->white.len = 0;
        /* RFC 2047 5: each word is to hold whole characters. Some mailers cut between any two octets */
        if (t->is_open && t->decoder.n_held && t->charset.len == word->charset.len &&
            mp_ascii_same(t->charset.ptr, word->charset.ptr, word->charset.len))
            t->defects |= BIT(WORD_SPLIT);
    }
    decode_word(t, word);
    t->after_word = 1;
}

/* Text up to a word, or up to the end: the white space at its end may have to go. */
static void put_between(mp_text *t, const uint8_t *p, size_t n)
{
    size_t white = mp_skip_blanks(p, n, 0);

    if (!t->after_word || white < n)
        mp_text_raw(t, p, n);
    else if (n)
        t->white = mp_text_of(p, 0, n);
}

void mp_text_words(mp_text *t, const uint8_t *p, size_t n)
{
    struct search s = {p + n, NULL};
    const uint8_t *done = p, *at = p;
    struct word word;

    while ((at = mp_find_pair(at, s.end, '=', '?')) != s.end) {
        if (!read_word(&s, at, &word)) {
            at += 2;
            continue;
        }
        put_between(t, done, (size_t)(at - done));
        put_word(t, &word, at == p || mp_is_blank(at[-1]));
        done = at = word.end;
        if (at < s.end && !mp_is_blank(*at))
            t->defects |= BIT(WORD);
    }
    put_between(t, done, (size_t)(s.end - done));
}
