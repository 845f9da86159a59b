/* allocator.c - an allocator that counts, fails where it is told to, and looks for secrets in what is freed.
 * contract.md section 5.1: every allocation failing in turn. */
#include "allocator.h"

#include <stdlib.h>
#include <string.h>

/* Before each piece: how large it is, so that a wrong size at free is noticed. */
struct head {
    size_t size;
    max_align_t octets[];
};

static struct head *head_of(void *p)
{
    return (struct head *)(void *)((unsigned char *)p - offsetof(struct head, octets));
}

static int fails(struct counting *c)
{
    c->calls++;
    if (!c->fail_at || c->calls < c->fail_at || (c->calls > c->fail_at && !c->fail_on))
        return 0;
    c->failed = 1;
    return 1;
}

static void *take(struct counting *c, size_t n)
{
    struct head *head = malloc(sizeof *head + n);

    if (!head)
        return NULL;
    head->size = n;
    memset(head->octets, 0xa5, n);
    c->live++;
    c->live_octets += n;
    return head->octets;
}

static void *counting_alloc(size_t n, void *user)
{
    struct counting *c = user;

    if (!n)
        c->fault = "an allocation of 0 octets was asked for";
    return fails(c) ? NULL : take(c, n);
}

static void give_back(struct counting *c, void *p, size_t n)
{
    struct head *head = head_of(p);

    if (head->size != n)
        c->fault = "memory was freed with another size than it had";
    for (size_t i = 0; i < c->secret_count; i++)
        if (octets_contain(p, head->size, c->secrets[i].ptr, c->secrets[i].len))
            c->fault = "memory was freed that still held a credential";
    c->live--;
    c->live_octets -= head->size;
    memset(p, 0xdd, head->size);
    free(head);
}

static void counting_free(void *p, size_t n, void *user)
{
    struct counting *c = user;

    if (!p)
        c->fault = "NULL was freed";
    else
        give_back(c, p, n);
}

static void *counting_resize(void *p, size_t old_n, size_t n, void *user)
{
    struct counting *c = user;
    void *moved;

    if (fails(c) || !(moved = take(c, n)))
        return NULL;
    memcpy(moved, p, old_n < n ? old_n : n);
    give_back(c, p, old_n);
    return moved;
}

void counting_init(struct counting *c)
{
    *c = (struct counting){0};
    c->allocator = (mailproto_allocator){
        .struct_size = sizeof c->allocator,
        .user = c,
        .alloc = counting_alloc,
        .resize = counting_resize,
        .free = counting_free,
    };
}
