/* allocator.h - an allocator that counts, fails where it is told to, and looks for secrets in what is freed.
 * contract.md section 5.1: every allocation failing in turn. */
#ifndef TRANSCRIPTS_ALLOCATOR_H
#define TRANSCRIPTS_ALLOCATOR_H

#include "text.h"

struct counting {
    mailproto_allocator allocator; /* give this to the session */
    size_t calls;                  /* of alloc and resize */
    size_t live, live_octets;      /* what was not freed */
    size_t fail_at;                /* this call fails, counted from 1; 0: none */
    int fail_on;                   /* and all behind it */
    int failed;                    /* one did fail */
    const mailproto_text *secrets;
    size_t secret_count;
    const char *fault; /* what was wrong, or NULL */
};

void counting_init(struct counting *c);

#endif
