/* arena.c - an allocator out of one piece of memory: first fit over an address-ordered free list, joined on free.
 * contract.md section 3: "arena_init(memory, size) makes one without malloc". */
#include "core/memory.h"

#include <string.h>

enum { UNIT = 16 };

/* A free piece; it fits in one unit, so that any freed piece can hold it. */
struct piece {
    struct piece *next;
    size_t size;
};

struct arena {
    struct piece *first;
    size_t used, peak;
};

static size_t round_up(size_t n)
{
    return (n + UNIT - 1) / UNIT * UNIT;
}

static void *arena_alloc(size_t n, void *user)
{
    struct arena *arena = user;
    struct piece **link = &arena->first, *piece;
    size_t size = round_up(n);

    if (size < n)
        return NULL;
    while ((piece = *link) && piece->size < size)
        link = &piece->next;
    if (!piece)
        return NULL;
    if (piece->size > size) {
        struct piece *rest = (struct piece *)(void *)((unsigned char *)piece + size);

        rest->next = piece->next;
        rest->size = piece->size - size;
        *link = rest;
    } else {
        *link = piece->next;
    }
    arena->used += size;
    if (arena->used > arena->peak)
        arena->peak = arena->used;
    return piece;
}

static int touches(const struct piece *low, const struct piece *high)
{
    return low && (const unsigned char *)low + low->size == (const unsigned char *)high;
}

static void arena_free(void *p, size_t n, void *user)
{
    struct arena *arena = user;
    struct piece *piece = p, *before = NULL, *after = arena->first;

    while (after && (unsigned char *)after < (unsigned char *)p) {
        before = after;
        after = after->next;
    }
    piece->size = round_up(n);
    piece->next = after;
    arena->used -= piece->size;
    if (before)
        before->next = piece;
    else
        arena->first = piece;
    if (touches(piece, after)) {
        piece->size += after->size;
        piece->next = after->next;
    }
    if (touches(before, piece)) {
        before->size += piece->size;
        before->next = piece->next;
    }
}

static void *arena_resize(void *p, size_t old_n, size_t n, void *user)
{
    void *moved;

    if (round_up(n) == round_up(old_n))
        return p;
    moved = arena_alloc(n, user);
    if (!moved)
        return NULL;
    memcpy(moved, p, old_n < n ? old_n : n);
    arena_free(p, old_n, user);
    return moved;
}

int32_t mailproto_arena_init(mailproto_allocator *out, void *memory, size_t size)
{
    unsigned char *begin = memory;
    size_t skip = (UNIT - (uintptr_t)memory % UNIT) % UNIT;
    size_t head = round_up(sizeof(struct arena));
    struct arena *arena;

    if (!out || !memory || size < skip + head + 64)
        return MAILPROTO_ERR_ARG;
    arena = (struct arena *)(void *)(begin + skip);
    arena->first = (struct piece *)(void *)(begin + skip + head);
    arena->first->next = NULL;
    arena->first->size = (size - skip - head) / UNIT * UNIT;
    arena->used = arena->peak = 0;
    out->struct_size = sizeof *out;
    out->user = arena;
    out->alloc = arena_alloc;
    out->resize = arena_resize;
    out->free = arena_free;
    return MAILPROTO_OK;
}

size_t mailproto_arena_used(const mailproto_allocator *arena)
{
    return arena && arena->alloc == arena_alloc ? ((const struct arena *)arena->user)->used : 0;
}

size_t mailproto_arena_peak(const mailproto_allocator *arena)
{
    return arena && arena->alloc == arena_alloc ? ((const struct arena *)arena->user)->peak : 0;
}
