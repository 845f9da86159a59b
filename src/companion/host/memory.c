/* memory.c - the host's memory, from the allocator it was given, and the copying of structs that grow.
 * mailproto/base.h: STRUCTS, mailproto_allocator. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

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

int32_t mp_host_allocator_copy(mailproto_allocator *out, const mailproto_allocator *given)
{
    if (!given) {
        *out = (mailproto_allocator){sizeof *out, NULL, libc_alloc, libc_resize, libc_free};
        return MAILPROTO_OK;
    }
    if (mp_host_struct_copy(out, sizeof *out, given) || !out->alloc || !out->resize || !out->free)
        return MAILPROTO_ERR_ARG;
    return MAILPROTO_OK;
}

void *mp_host_alloc(const mailproto_host *host, size_t n)
{
    void *p = host->allocator.alloc(n, host->allocator.user);

    if (p)
        memset(p, 0, n);
    return p;
}

void mp_host_release(const mailproto_host *host, void *p, size_t n)
{
    if (p)
        host->allocator.free(p, n, host->allocator.user);
}

int32_t mp_host_struct_init(void *p, size_t size)
{
    uint32_t struct_size = (uint32_t)size;

    if (!p || size < sizeof struct_size || size > UINT32_MAX)
        return MAILPROTO_ERR_ARG;
    memset(p, 0, size);
    memcpy(p, &struct_size, sizeof struct_size);
    return MAILPROTO_OK;
}

int32_t mp_host_struct_copy(void *to, size_t size, const void *from)
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

void mp_host_wipe(void *p, size_t n)
{
    volatile unsigned char *octet = p;

    while (n--)
        *octet++ = 0;
}
