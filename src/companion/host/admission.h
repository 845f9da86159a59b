/* admission.h - how many sessions there may be from one address.
 * An IPv6 network of 64 bits counts as one address: that is what one site has (RFC 6177 2). */
#ifndef MP_HOST_ADMISSION_H
#define MP_HOST_ADMISSION_H

#include <mailproto/base.h>
#include <sys/socket.h>

enum { MP_HOST_ADMISSION_BUCKETS = 1024 };

struct mp_host_admission_entry {
    struct mp_host_admission_entry *next;
    uint8_t key[9]; /* family, then the address or the network */
    uint32_t bucket;
    uint64_t sessions;
};

struct mp_host_admission {
    struct mp_host_admission_entry *buckets[MP_HOST_ADMISSION_BUCKETS];
};

/* Counts a session of that address. *entry is what to leave with. OK; ERR_LIMIT: there are `most` from it;
   ERR_NOMEM. */
int32_t mp_host_admission_enter(struct mp_host_admission *admission, const mailproto_allocator *allocator,
                                const struct sockaddr *address, uint64_t most, struct mp_host_admission_entry **entry);
void mp_host_admission_leave(struct mp_host_admission *admission, const mailproto_allocator *allocator,
                             struct mp_host_admission_entry *entry);

#endif
