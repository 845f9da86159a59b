/* base64.c - fuzz target: base64 is strict, and what it takes is what it gives.
 * RFC 4648 sections 3.5 and 4. */
#include "mime/base64.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

const char *const fuzz_before_message = "", *const fuzz_after_message = "";

static void demand(int kept)
{
    if (!kept)
        abort();
}

/* Copied, so that a sanitizer sees every octet beyond. */
static char *copy(const void *data, size_t n)
{
    char *p = malloc(n + 1);

    demand(p != NULL);
    if (n)
        memcpy(p, data, n);
    return p;
}

static void there_and_back(const uint8_t *data, size_t n)
{
    size_t size = mp_base64_encoded_size(n), len = 0;
    char *text = malloc(size + 1), *back;

    demand(text && mp_base64_encode(text, data, n) == size);
    back = copy(text, size);
    demand(mp_base64_decoded_max(size) >= n);
    demand(!mp_base64_decode(back, size, back, size, &len) && len == n && !memcmp(back, data, n));
    free(back);
    free(text);
}

/* What is taken at all is the one way to write it. */
static void back_and_there(const uint8_t *data, size_t n)
{
    size_t max = mp_base64_decoded_max(n), len = 0;
    char *octets = malloc(max + 1), *text = malloc(n + 1);

    demand(octets && text);
    if (!mp_base64_decode(octets, max, (const char *)data, n, &len)) {
        demand(len <= max && mp_base64_encoded_size(len) == n);
        demand(mp_base64_encode(text, octets, len) == n && !memcmp(text, data, n));
        demand(!len || mp_base64_decode(octets, len - 1, (const char *)data, n, &len) == -1);
    }
    free(octets);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    there_and_back(data, size);
    back_and_there(data, size);
    return 0;
}
