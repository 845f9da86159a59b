/* Octets that are collected at the end and taken from the front, for tests. */
#ifndef TEST_BYTES_H
#define TEST_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct test_bytes {
    uint8_t *ptr;
    size_t len, capacity;
};

void test_bytes_add(struct test_bytes *b, const void *p, size_t n);
void test_bytes_text(struct test_bytes *b, const char *text);
/* Removes the first n. */
void test_bytes_take(struct test_bytes *b, size_t n);
void test_bytes_free(struct test_bytes *b);

#endif
