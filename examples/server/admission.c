/* admission.c - how many sessions there may be from one address: a table of those that have one.
 * RFC 6177 2 is why an IPv6 address is counted by its first 64 bits. */
#include "admission.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static void make_key(uint8_t key[9], const struct sockaddr_storage *address)
{
    memset(key, 0, 9);
    if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)address;

        key[0] = 6;
        memcpy(key + 1, &v6->sin6_addr, 8);
    } else {
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
    return (hash ^ hash >> 16) % ADMISSION_BUCKETS;
}

struct admission_entry *admission_enter(struct admission *admission, const struct sockaddr_storage *address,
                                        uint64_t most)
{
    struct admission_entry *entry;
    uint8_t key[9];
    uint32_t bucket;

    make_key(key, address);
    bucket = bucket_of(key);
    for (entry = admission->buckets[bucket]; entry; entry = entry->next)
        if (!memcmp(entry->key, key, sizeof key))
            break;
    if (entry && entry->sessions >= most)
        return NULL;
    if (!entry) {
        entry = calloc(1, sizeof *entry);
        if (!entry)
            return NULL;
        memcpy(entry->key, key, sizeof key);
        entry->bucket = bucket;
        entry->next = admission->buckets[bucket];
        admission->buckets[bucket] = entry;
    }
    entry->sessions++;
    return entry;
}

void admission_leave(struct admission *admission, struct admission_entry *entry)
{
    struct admission_entry **at = &admission->buckets[entry->bucket];

    if (--entry->sessions)
        return;
    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    free(entry);
}
