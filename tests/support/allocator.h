/* An allocator for tests: fails where it is told to, knows every octet that is out, and checks the sizes it is given.
   contract.md section 3, "One allocator covers every byte". */
#ifndef TEST_ALLOCATOR_H
#define TEST_ALLOCATOR_H

#include <mailproto/base.h>

struct test_allocator {
    mailproto_allocator api; /* hand out its address */
    size_t fail_at;          /* the number of the allocation that fails, from 1; 0: none */
    int fail_on;             /* all after it fail, too */
    size_t count;            /* allocations asked for, resizes that grow or move included */
    size_t failed;           /* how many of them were refused */
    size_t live;             /* pieces that are out */
    size_t used, peak;       /* octets */
    const char *secret;      /* NULL, or what no piece may hold when it is given back */
    size_t leaks;            /* how many held it */
};

void test_allocator_init(struct test_allocator *a);

#endif
