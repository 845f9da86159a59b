/* idna.c - fuzz target: a name that is taken has one ASCII form, and shows as one that is the same.
 * RFC 5891 sections 4 and 5, RFC 3492. */
#include <stdlib.h>
#include <string.h>

#include "mailproto/mime_idna.h"

#include "fuzz.h"

const char *const fuzz_before_message = "", *const fuzz_after_message = "";

static void demand(int kept)
{
    if (!kept)
        abort();
}

static void names(const char *in, size_t n)
{
    char ascii[MAILPROTO_IDNA_DOMAIN + 1], again[MAILPROTO_IDNA_DOMAIN + 1], shown[4 * MAILPROTO_IDNA_DOMAIN + 4];
    size_t made, made_again, length;

    if (!mailproto_idna_to_unicode(in, n, shown, sizeof shown, &length))
        demand(length <= sizeof shown);
    if (mailproto_idna_to_ascii(in, n, 0, ascii, sizeof ascii, &made))
        return;
    demand(made <= sizeof ascii);
    for (size_t i = 0; i < made; i++)
        demand(ascii[i] > 32 && ascii[i] < 127);
    demand(!mailproto_idna_to_ascii(ascii, made, 0, again, sizeof again, &made_again));
    demand(made == made_again && !memcmp(ascii, again, made));
    demand(!mailproto_idna_to_unicode(ascii, made, shown, sizeof shown, &length));
    demand(mailproto_idna_same(shown, length, ascii, made) == 1);
    demand(mailproto_idna_same(in, n, ascii, made) == 1);
    demand(!mailproto_idna_to_ascii(in, n, 0, again, made, &made_again));
    demand(made == 0 || mailproto_idna_to_ascii(in, n, 0, again, made - 1, &made_again) == MAILPROTO_ERR_LIMIT);
}

static void punycode(const char *in, size_t n)
{
    char *coded = malloc(16 * n + 16), *back = malloc(4 * n + 16);
    size_t made, length;

    demand(coded && back);
    if (!mailproto_punycode_encode(in, n, coded, 16 * n + 16, &made)) {
        demand(!mailproto_punycode_decode(coded, made, back, n, &length));
        demand(length == n && (!n || !memcmp(back, in, n)));
    }
    if (!mailproto_punycode_decode(in, n, back, 4 * n + 16, &length))
        demand(length <= 4 * n);
    free(coded);
    free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *in = malloc(size + 1);

    demand(in != NULL);
    if (size)
        memcpy(in, data, size);
    names(in, size);
    punycode(in, size);
    free(in);
    return 0;
}
