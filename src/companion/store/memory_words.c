/* memory_words.c - keywords of the store in memory: a table of names for the account, sets of bits for messages.
 * RFC 9051 2.3.2: keywords are compared without case, and kept as they were first written. */
#include "memory.h"

#include <string.h>

#include "core/ascii.h"

static int find(const memory *m, mailproto_text name, uint32_t *at)
{
    for (*at = 0; *at < m->word_count; ++*at)
        if (mp_ascii_equal(name.ptr, name.len, m->words[*at]))
            return 1;
    return 0;
}

static int32_t make(memory *m, mailproto_text name)
{
    char *word;

    if (m->word_count == KEYWORDS_MAX || !name.len || memchr(name.ptr, '\0', name.len))
        return MAILPROTO_ERR_LIMIT;
    word = mp_memory_alloc(m, name.len + 1);
    if (!word)
        return m->lacking;
    memcpy(word, name.ptr, name.len);
    m->words[m->word_count++] = word;
    return MAILPROTO_OK;
}

int32_t mp_memory_words(memory *m, const mailproto_store_keyword *list, int may_make, struct words *out)
{
    memset(out, 0, sizeof *out);
    for (; list; list = list->next) {
        uint32_t at;

        if (!find(m, list->name, &at)) {
            int32_t result = may_make ? make(m, list->name) : MAILPROTO_OK;

            if (result)
                return result;
            if (!may_make)
                continue;
        }
        out->bits[at / 64] |= UINT64_C(1) << at % 64;
    }
    return MAILPROTO_OK;
}

int mp_memory_words_add(struct words *to, const struct words *more)
{
    struct words was = *to;

    for (size_t i = 0; i < KEYWORDS_MAX / 64; i++)
        to->bits[i] |= more->bits[i];
    return !mp_memory_words_same(&was, to);
}

int mp_memory_words_remove(struct words *to, const struct words *less)
{
    struct words was = *to;

    for (size_t i = 0; i < KEYWORDS_MAX / 64; i++)
        to->bits[i] &= ~less->bits[i];
    return !mp_memory_words_same(&was, to);
}

int mp_memory_words_same(const struct words *a, const struct words *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

const mailproto_store_keyword *mp_memory_words_list(const memory *m, const struct words *set,
                                                    mailproto_store_keyword *links)
{
    const mailproto_store_keyword *first = NULL;

    for (uint32_t i = m->word_count; i-- > 0;) {
        if (!(set->bits[i / 64] >> i % 64 & 1))
            continue;
        links[i] = (mailproto_store_keyword){sizeof *links, 0, {m->words[i], strlen(m->words[i])}, first};
        first = &links[i];
    }
    return first;
}
