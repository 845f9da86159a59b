/* allocator.h - what every companion does with what a program gives it: structs that grow, and an allocator or none.
 * mailproto/base.h: STRUCTS, mailproto_allocator. Inline, for each companion is a library of its own. */
#ifndef MP_COMPANION_ALLOCATOR_H
#define MP_COMPANION_ALLOCATOR_H

#include <stdlib.h>
#include <string.h>

#include <mailproto/base.h>

/* The body of a public _init. OK; ERR_ARG. */
static inline int32_t mp_companion_struct_init(void *p, size_t size)
{
    uint32_t struct_size = (uint32_t)size;

    if (!p || size < sizeof struct_size || size > UINT32_MAX)
        return MAILPROTO_ERR_ARG;
    memset(p, 0, size);
    memcpy(p, &struct_size, sizeof struct_size);
    return MAILPROTO_OK;
}

/* The program's struct as one of ours: what it does not have is 0. OK; ERR_ARG: NULL, no size, or one that is larger and
   says something that is not known here. */
static inline int32_t mp_companion_struct_copy(void *to, size_t size, const void *from)
{
    uint32_t given, own = (uint32_t)size;
    const unsigned char *octet = (const unsigned char *)from;

    if (!from)
        return MAILPROTO_ERR_ARG;
    memcpy(&given, from, sizeof given);
    if (given < sizeof given)
        return MAILPROTO_ERR_ARG;
    for (size_t i = size; i < given; i++)
        if (octet[i])
            return MAILPROTO_ERR_ARG;
    memset(to, 0, size);
    memcpy(to, from, given < size ? given : size);
    memcpy(to, &own, sizeof own);
    return MAILPROTO_OK;
}

static inline void *mp_companion_libc_alloc(size_t n, void *user)
{
    (void)user;
    return malloc(n);
}

static inline void *mp_companion_libc_resize(void *p, size_t old_n, size_t n, void *user)
{
    (void)old_n;
    (void)user;
    return realloc(p, n);
}

static inline void mp_companion_libc_free(void *p, size_t n, void *user)
{
    (void)n;
    (void)user;
    free(p);
}

/* Fills *out from the program's allocator; NULL: the C library's. OK; ERR_ARG: it is none, or a function is missing. */
static inline int32_t mp_companion_allocator_copy(mailproto_allocator *out, const mailproto_allocator *given)
{
    if (!given) {
        *out = (mailproto_allocator){sizeof *out, NULL, mp_companion_libc_alloc, mp_companion_libc_resize,
                                     mp_companion_libc_free};
        return MAILPROTO_OK;
    }
    if (mp_companion_struct_copy(out, sizeof *out, given) || !out->alloc || !out->resize || !out->free)
        return MAILPROTO_ERR_ARG;
    return MAILPROTO_OK;
}

#endif
