/* before_tls.h - that nothing of a login happens before TLS where TLS is required.
 * contract.md section 2, "Security is the default". */
#ifndef TRANSCRIPTS_BEFORE_TLS_H
#define TRANSCRIPTS_BEFORE_TLS_H

#include "transcript.h"

struct before_tls {
    unsigned long transcripts; /* that were looked at */
    unsigned long required[2]; /* of clients, of servers, in which TLS is required or implicit */
    unsigned long logins[2];   /* of these, those in which there is a login */
    unsigned long faults;
};

/* Looks at one. 0: nothing of a login came before TLS. */
int before_tls_check(const struct transcript *t, struct before_tls *sum);
/* Says what was found. 0: no fault, and each side was seen to log in. */
int before_tls_end(const struct before_tls *sum);

#endif
