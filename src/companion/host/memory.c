/* memory.c - the host's memory, from the allocator it was given.
 * mailproto/base.h, mailproto_allocator. */
#include <string.h>

#include "internal.h"

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

void mp_host_wipe(void *p, size_t n)
{
    volatile unsigned char *octet = p;

    while (n--)
        *octet++ = 0;
}
