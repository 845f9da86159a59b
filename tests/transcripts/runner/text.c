/* text.c - octets, growing buffers, quoting.
 * The format is told in ../README.md. */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct block {
    struct block *next;
    max_align_t octets[];
};

struct pool {
    struct block *first;
};

static void *must(void *p)
{
    if (!p) {
        fputs("the runner itself is out of memory\n", stderr);
        exit(2);
    }
    return p;
}

struct pool *pool_new(void)
{
    return must(calloc(1, sizeof(struct pool)));
}

void pool_free(struct pool *pool)
{
    while (pool->first) {
        struct block *next = pool->first->next;

        free(pool->first);
        pool->first = next;
    }
    free(pool);
}

void *pool_get(struct pool *pool, size_t n)
{
    struct block *block = must(calloc(1, sizeof *block + n));

    block->next = pool->first;
    pool->first = block;
    return block->octets;
}

char *pool_copy(struct pool *pool, const char *ptr, size_t len)
{
    char *copy = pool_get(pool, len + 1);

    if (len)
        memcpy(copy, ptr, len);
    return copy;
}

void buffer_add(struct buffer *b, const void *data, size_t n)
{
    if (b->len + n + 1 > b->capacity) {
        b->capacity = (b->len + n + 1) * 2;
        b->ptr = must(realloc(b->ptr, b->capacity));
    }
    if (n)
        memcpy(b->ptr + b->len, data, n);
    b->len += n;
    b->ptr[b->len] = '\0';
}

void buffer_text(struct buffer *b, const char *text)
{
    buffer_add(b, text, strlen(text));
}

void buffer_format(struct buffer *b, const char *format, ...)
{
    char line[512];
    va_list list;
    int n;

    va_start(list, format);
    n = vsnprintf(line, sizeof line, format, list);
    va_end(list);
    if (n > 0)
        buffer_add(b, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

void buffer_clear(struct buffer *b)
{
    b->len = 0;
    if (b->ptr)
        b->ptr[0] = '\0';
}

void buffer_free(struct buffer *b)
{
    free(b->ptr);
    *b = (struct buffer){0};
}

const char *buffer_string(const struct buffer *b)
{
    return b->ptr ? b->ptr : "";
}

/* Whether it may stand in a file of text as it is: well-formed UTF-8, as far as its lengths. */
static int is_utf8(const char *ptr, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)ptr[i];
        size_t more = c < 0x80 ? 0 : c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;

        if (c > 0xf4 || (c >= 0x80 && c < 0xc2) || len - i <= more)
            return 0;
        for (; more; more--)
            if (((unsigned char)ptr[++i] & 0xc0) != 0x80)
                return 0;
    }
    return 1;
}

void buffer_quote(struct buffer *b, const char *ptr, size_t len)
{
    int text = is_utf8(ptr, len);

    buffer_text(b, "\"");
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)ptr[i];

        if (c == '\r')
            buffer_text(b, "\\r");
        else if (c == '\n')
            buffer_text(b, "\\n");
        else if (c == '"' || c == '\\')
            buffer_format(b, "\\%c", c);
        else if (c < ' ' || c == 0x7f || (c > 0x7f && !text))
            buffer_format(b, "\\x%02x", c);
        else
            buffer_add(b, ptr + i, 1);
    }
    buffer_text(b, "\"");
}

void buffer_word(struct buffer *b, const char *ptr, size_t len)
{
    int plain = len > 0;

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)ptr[i];

        plain &= c > ' ' && c != '"' && c != '\\' && c != 0x7f;
    }
    if (plain)
        buffer_add(b, ptr, len);
    else
        buffer_quote(b, ptr, len);
}

void buffer_pair(struct buffer *b, const char *key, mailproto_text value)
{
    buffer_format(b, " %s=", key);
    buffer_word(b, value.ptr, value.len);
}

static int hex(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* One escape behind a backslash. Answers what is behind it, or NULL. */
static const char *parse_escape(const char *at, char *c)
{
    switch (*at) {
    case 'r':
        *c = '\r';
        return at + 1;
    case 'n':
        *c = '\n';
        return at + 1;
    case 't':
        *c = '\t';
        return at + 1;
    case '"':
    case '\\':
        *c = *at;
        return at + 1;
    case 'x':
        if (hex(at[1]) < 0 || hex(at[2]) < 0)
            return NULL;
        *c = (char)(hex(at[1]) * 16 + hex(at[2]));
        return at + 3;
    default:
        return NULL;
    }
}

/* A quoted text, from behind its first quote. Answers what is behind its last one, or NULL. */
static const char *parse_quoted(const char *at, struct buffer *out)
{
    char c;

    while (*at && *at != '"') {
        c = *at++;
        if (c == '\\' && !(at = parse_escape(at, &c)))
            return NULL;
        buffer_add(out, &c, 1);
    }
    return *at == '"' ? at + 1 : NULL;
}

int parse_octets(const char *text, struct buffer *out)
{
    const char *at = text;

    while (*at) {
        size_t from = out->len;
        unsigned long times = 1;

        if (*at == ' ') {
            at++;
            continue;
        }
        if (*at != '"' || !(at = parse_quoted(at + 1, out)))
            return -1;
        if (*at == '*') {
            char *end, *copy;
            size_t n = out->len - from;

            times = strtoul(at + 1, &end, 10);
            if (end == at + 1)
                return -1;
            at = end;
            copy = must(malloc(n + 1));
            memcpy(copy, out->ptr + from, n);
            for (out->len = from; times; times--)
                buffer_add(out, copy, n);
            free(copy);
        }
    }
    return 0;
}

/* One word. Answers what is behind it, or NULL. */
static const char *parse_word(const char *at, struct buffer *word)
{
    while (*at && *at != ' ') {
        if (*at == '"') {
            at = parse_quoted(at + 1, word);
            if (!at)
                return NULL;
        } else {
            buffer_add(word, at++, 1);
        }
    }
    return at;
}

int parse_words(struct pool *pool, const char *text, struct words *words)
{
    struct buffer word = {0};
    int result = 0;

    words->count = 0;
    while (*text && !result) {
        if (*text == ' ') {
            text++;
            continue;
        }
        buffer_clear(&word);
        text = parse_word(text, &word);
        if (!text || words->count == MAX_WORDS) {
            result = -1;
            break;
        }
        words->word[words->count++] = (mailproto_text){pool_copy(pool, buffer_string(&word), word.len), word.len};
    }
    buffer_free(&word);
    return result;
}

int word_is(mailproto_text word, const char *text)
{
    return word.len == strlen(text) && !memcmp(word.ptr, text, word.len);
}

int word_value(mailproto_text word, const char *key, mailproto_text *value)
{
    size_t n = strlen(key);

    if (word.len <= n || memcmp(word.ptr, key, n) || word.ptr[n] != '=')
        return 0;
    *value = (mailproto_text){word.ptr + n + 1, word.len - n - 1};
    return 1;
}

int word_number(mailproto_text word, uint64_t unlimited, uint64_t *number)
{
    uint64_t n = 0;

    if (word_is(word, "unlimited")) {
        *number = unlimited;
        return 0;
    }
    for (size_t i = 0; i < word.len; i++) {
        if (word.ptr[i] < '0' || word.ptr[i] > '9')
            return -1;
        n = n * 10 + (uint64_t)(word.ptr[i] - '0');
    }
    *number = n;
    return word.len ? 0 : -1;
}

const char *after_words(const char *text, size_t n)
{
    for (;;) {
        text += strspn(text, " ");
        if (!n)
            return *text ? text : NULL;
        text += strcspn(text, " ");
        n--;
    }
}

#define RESULT_ROW(name, value, sentence) {#name, value},
static const struct {
    const char *name;
    int32_t value;
} results[] = {MAILPROTO_RESULT_TABLE(RESULT_ROW)};

int parse_result(mailproto_text name, int32_t *result)
{
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        if (word_is(name, results[i].name)) {
            *result = results[i].value;
            return 0;
        }
    return -1;
}

const char *result_name(int32_t result)
{
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        if (results[i].value == result)
            return results[i].name;
    return "?";
}

int octets_contain(const char *whole, size_t len, const char *part, size_t part_len)
{
    const char *end = whole + len, *at = whole;

    while ((size_t)(end - at) >= part_len && (at = memchr(at, part[0], (size_t)(end - at) - part_len + 1))) {
        if (!memcmp(at, part, part_len))
            return 1;
        at++;
    }
    return 0;
}
