/* Octets that are collected at the end and taken from the front, for tests. */
#include "support/bytes.h"

#include <stdlib.h>
#include <string.h>

void test_bytes_add(struct test_bytes *b, const void *p, size_t n)
{
    if (!n)
        return;
    if (b->len + n > b->capacity) {
        b->capacity = 2 * (b->len + n);
        b->ptr = realloc(b->ptr, b->capacity);
        if (!b->ptr)
            abort();
    }
    memcpy(b->ptr + b->len, p, n);
    b->len += n;
}

void test_bytes_text(struct test_bytes *b, const char *text)
{
    test_bytes_add(b, text, strlen(text));
}

void test_bytes_take(struct test_bytes *b, size_t n)
{
    if (n)
        memmove(b->ptr, b->ptr + n, b->len - n);
    b->len -= n;
}

void test_bytes_free(struct test_bytes *b)
{
    free(b->ptr);
    *b = (struct test_bytes){0};
}
