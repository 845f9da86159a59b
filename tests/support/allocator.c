/* An allocator for tests: fails where it is told to, knows every octet that is out, and checks the sizes it is given.
   contract.md section 3, "One allocator covers every byte". */
#include "support/allocator.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* In front of each piece; as large as the strictest alignment. */
union head {
    size_t size;
    max_align_t align;
};

static int refuse(struct test_allocator *a)
{
    a->count++;
    if (!a->fail_at || (a->fail_on ? a->count < a->fail_at : a->count != a->fail_at))
        return 0;
    a->failed++;
    return 1;
}

static void *take(struct test_allocator *a, size_t n)
{
    union head *head = malloc(sizeof *head + n);

    assert(n > 0);
    if (!head)
        abort();
    head->size = n;
    memset(head + 1, 0xa5, n); /* nobody may count on zeroes */
    a->live++;
    a->used += n;
    if (a->used > a->peak)
        a->peak = a->used;
    return head + 1;
}

static int holds(const char *p, size_t n, const char *secret)
{
    size_t len = strlen(secret);

    for (size_t i = 0; i + len <= n; i++)
        if (!memcmp(p + i, secret, len))
            return 1;
    return 0;
}

static void give_back(void *p, size_t n, void *user)
{
    struct test_allocator *a = user;
    union head *head = (union head *)p - 1;

    assert(head->size == n);
    a->live--;
    a->used -= n;
    if (a->secret)
        a->leaks += (size_t)holds(p, n, a->secret);
    memset(p, 0x5a, n);
    free(head);
}

static void *allocate(size_t n, void *user)
{
    return refuse(user) ? NULL : take(user, n);
}

static void *resize(void *p, size_t old_n, size_t n, void *user)
{
    void *moved;

    assert(((union head *)p - 1)->size == old_n);
    if (refuse(user))
        return NULL;
    moved = take(user, n);
    memcpy(moved, p, old_n < n ? old_n : n);
    give_back(p, old_n, user);
    return moved;
}

void test_allocator_init(struct test_allocator *a)
{
    *a = (struct test_allocator){.api = {sizeof a->api, a, allocate, resize, give_back}};
}
