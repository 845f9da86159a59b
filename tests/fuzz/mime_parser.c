/* mime_parser.c - fuzz target: a message gives the same events however it is cut, and the same as its tree.
 * RFC 5322, RFC 2046; docs/design/mime.md, "One structure machine".
 *
 * An input is one octet and a message: '@' has the default limits; of others the bits are 1 few parts, 2 little depth, 4 little
 * header, 8 a cut at every place. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "support/mime_play.h"

const char *const fuzz_before_message = "@", *const fuzz_after_message = "";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mailproto_mime_config config;
    uint8_t *message;
    const uint32_t head = size ? data[0] : 0;

    if (!size)
        return 0;
    mailproto_mime_config_init(&config, sizeof config);
    config.max_parts = head & 1 ? 3 : 0;
    config.max_depth = head & 2 ? 2 : 0;
    config.max_header = head & 4 ? 100 : 0;
    message = malloc(size); /* of its own size, so that a sanitizer sees every octet beyond */
    if (!message)
        abort();
    memcpy(message, data + 1, size - 1);
    mime_play_all(message, size - 1, &config, head & 8 && size < 400);
    free(message);
    return 0;
}
