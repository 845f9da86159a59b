/* random.h - random octets of the operating system, and a secret that is kept.
 * RFC 4086. */
#ifndef MAILPROTOD_RANDOM_H
#define MAILPROTOD_RANDOM_H

#include <stddef.h>
#include <stdint.h>

enum { SECRET_SIZE = 32 };

int random_octets(void *out, size_t len); /* 0, or -1 */

/* The secret of the file ".mailprotod-secret" in a folder, which is made if there is none; nobody else may read it. 0; -1:
   it cannot be kept (why is in errno), and `secret` is drawn for this time only. */
int secret_keep(uint8_t secret[SECRET_SIZE], const char *folder);

#endif
