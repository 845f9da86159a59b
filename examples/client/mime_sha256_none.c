/* mime_sha256_none.c - this build has no SHA-256: nettle was not found.
 * The sums of bodies are left out, and --help says so. */
#include "mime.h"

int mime_sha256_there(void)
{
    return 0;
}

struct mime_sha256 *mime_sha256_new(void)
{
    return NULL;
}

void mime_sha256_put(struct mime_sha256 *sum, const void *octets, size_t n)
{
    (void)sum;
    (void)octets;
    (void)n;
}

void mime_sha256_end(struct mime_sha256 *sum, char *digits)
{
    (void)sum;
    *digits = 0;
}
