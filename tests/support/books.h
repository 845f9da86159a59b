/* The books of a host in a test: each request that was raised has one fate, an answer that was taken or one CANCEL.
   contract.md section 2, "Requests". */
#ifndef TEST_BOOKS_H
#define TEST_BOOKS_H

#include <stddef.h>
#include <stdint.h>

struct test_booking {
    uint64_t token;
    int answered, cancelled;
};

struct test_books {
    struct test_booking *list;
    size_t count, capacity;
};

/* A request was raised. 0: its token was seen before. */
int test_books_open(struct test_books *b, uint64_t token);
/* The booking of a token, or NULL: it was never seen. */
struct test_booking *test_books_find(struct test_books *b, uint64_t token);
/* The first that has not exactly one fate, or NULL. */
const struct test_booking *test_books_wrong(const struct test_books *b);
void test_books_free(struct test_books *b);

#endif
