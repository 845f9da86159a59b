/* admission.h - how many sessions there may be, of all and from one address.
 * An IPv6 network of 64 bits counts as one address: that is what one site has (RFC 6177 2). */
#ifndef MAILPROTOD_ADMISSION_H
#define MAILPROTOD_ADMISSION_H

#include <stdint.h>
#include <sys/socket.h>

enum { ADMISSION_BUCKETS = 1024 };

struct admission_entry {
    struct admission_entry *next;
    uint8_t key[9]; /* family, then the address or the network */
    uint32_t bucket;
    uint64_t sessions;
};

struct admission {
    struct admission_entry *buckets[ADMISSION_BUCKETS];
};

/* Counts a session of that address. The entry to leave with; NULL: there are `most` from it, or no memory is left. */
struct admission_entry *admission_enter(struct admission *admission, const struct sockaddr_storage *address,
                                        uint64_t most);
void admission_leave(struct admission *admission, struct admission_entry *entry);

#endif
