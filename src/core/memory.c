/* memory.c - allocation through the host's allocator, wiping, and the copying of size-prefixed structs.
 * contract.md section 3: one allocator; append-only structs. */
#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

static void *libc_alloc(size_t n, void *user)
{
    (void)user;
    return malloc(n);
}

static void *libc_resize(void *p, size_t old_n, size_t n, void *user)
{
    (void)old_n;
    (void)user;
    return realloc(p, n);
}

static void libc_free(void *p, size_t n, void *user)
{
    (void)n;
    (void)user;
    free(p);
}

int32_t mp_allocator_copy(mailproto_allocator *out, const mailproto_allocator *host)
{
    static const mailproto_allocator libc = {sizeof libc, NULL, libc_alloc, libc_resize, libc_free};
    int32_t result;

    if (!host) {
        *out = libc;
        return MAILPROTO_OK;
    }
    result = mp_struct_copy(out, sizeof *out, host);
    if (result)
        return result;
    return out->alloc && out->resize && out->free ? MAILPROTO_OK : MAILPROTO_ERR_ARG;
}

void *mp_alloc(const mailproto_allocator *a, size_t n)
{
    return a->alloc(n, a->user);
}

void *mp_alloc_zero(const mailproto_allocator *a, size_t n)
{
    void *p = a->alloc(n, a->user);

    if (p)
        memset(p, 0, n);
    return p;
}

void *mp_resize(const mailproto_allocator *a, void *p, size_t old_n, size_t n)
{
    return p ? a->resize(p, old_n, n, a->user) : a->alloc(n, a->user);
}

void mp_free(const mailproto_allocator *a, void *p, size_t n)
{
    if (p)
        a->free(p, n, a->user);
}

void mp_wipe(void *p, size_t n)
{
#if defined(__GNUC__)
    if (n)
        memset(p, 0, n);
    __asm__ volatile("" : : "r"(p) : "memory"); /* the octets are looked at, as far as the compiler knows */
#else
    volatile unsigned char *octet = p;

    while (n--)
        *octet++ = 0;
#endif
}

int32_t mp_struct_init(void *p, size_t size)
{
    uint32_t struct_size = (uint32_t)size;

    if (!p || size < sizeof struct_size || size > UINT32_MAX)
        return MAILPROTO_ERR_ARG;
    memset(p, 0, size);
    memcpy(p, &struct_size, sizeof struct_size);
    return MAILPROTO_OK;
}

int32_t mp_struct_copy(void *to, size_t size, const void *from)
{
    uint32_t given, own = (uint32_t)size;
    const unsigned char *octet = from;

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
