/* The books of a host in a test: each request that was raised has one fate, an answer that was taken or one CANCEL.
   contract.md section 2, "Requests". */
#include "support/books.h"

#include <stdlib.h>

/* The latest first: those are asked for. */
struct test_booking *test_books_find(struct test_books *b, uint64_t token)
{
    for (size_t i = b->count; i > 0; i--)
        if (b->list[i - 1].token == token)
            return &b->list[i - 1];
    return NULL;
}

int test_books_open(struct test_books *b, uint64_t token)
{
    if (test_books_find(b, token))
        return 0;
    if (b->count == b->capacity) {
        b->capacity = 2 * b->capacity + 64;
        b->list = realloc(b->list, b->capacity * sizeof *b->list);
        if (!b->list)
            abort();
    }
    b->list[b->count++] = (struct test_booking){.token = token};
    return 1;
}

const struct test_booking *test_books_wrong(const struct test_books *b)
{
    for (size_t i = 0; i < b->count; i++)
        if (b->list[i].answered + b->list[i].cancelled != 1)
            return &b->list[i];
    return NULL;
}

void test_books_free(struct test_books *b)
{
    free(b->list);
    *b = (struct test_books){0};
}
