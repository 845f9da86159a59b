/* admission.c - how many sessions there may be from one address: a table of those that have one.
 * RFC 6177 2 is why an IPv6 address is counted by its first 64 bits. */
#include "admission.h"

#include <netinet/in.h>
#include <string.h>

/* Unix sockets are all one address: this machine's. */
static void make_key(uint8_t key[9], const struct sockaddr *address)
{
    memset(key, 0, 9);
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)address;

        key[0] = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) ? 4 : 6;
        if (key[0] == 4)
            memcpy(key + 1, v6->sin6_addr.s6_addr + 12, 4);
        else
            memcpy(key + 1, &v6->sin6_addr, 8);
    } else if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)address;

        key[0] = 4;
        memcpy(key + 1, &v4->sin_addr, 4);
    }
}

static uint32_t bucket_of(const uint8_t key[9])
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (int i = 0; i < 9; i++)
        hash = (hash ^ key[i]) * 16777619u;
    return (hash ^ hash >> 16) % MP_HOST_ADMISSION_BUCKETS;
}

static struct mp_host_admission_entry *find(const struct mp_host_admission *admission, uint32_t bucket,
                                            const uint8_t key[9])
{
    struct mp_host_admission_entry *entry = admission->buckets[bucket];

    while (entry && memcmp(entry->key, key, sizeof entry->key))
        entry = entry->next;
    return entry;
}

int32_t mp_host_admission_enter(struct mp_host_admission *admission, const mailproto_allocator *allocator,
                                const struct sockaddr *address, uint64_t most, struct mp_host_admission_entry **entry)
{
    struct mp_host_admission_entry *e;
    uint8_t key[9];
    uint32_t bucket;

    make_key(key, address);
    bucket = bucket_of(key);
    e = find(admission, bucket, key);
    if (e && e->sessions >= most)
        return MAILPROTO_ERR_LIMIT;
    if (!e) {
        e = allocator->alloc(sizeof *e, allocator->user);
        if (!e)
            return MAILPROTO_ERR_NOMEM;
        memset(e, 0, sizeof *e);
        memcpy(e->key, key, sizeof key);
        e->bucket = bucket;
        e->next = admission->buckets[bucket];
        admission->buckets[bucket] = e;
    }
    e->sessions++;
    *entry = e;
    return MAILPROTO_OK;
}

void mp_host_admission_leave(struct mp_host_admission *admission, const mailproto_allocator *allocator,
                             struct mp_host_admission_entry *entry)
{
    struct mp_host_admission_entry **at = &admission->buckets[entry->bucket];

    if (--entry->sessions)
        return;
    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    allocator->free(entry, sizeof *entry, allocator->user);
}
