/* mime_imap.c - fuzz target: a message as IMAP shows it: what is written parses, and what it lists can be fetched.
 * RFC 3501 sections 6.4.5 and 7.4.2.
 *
 * An input is one octet and a message: '@' has the default limits; of others the bits are 1 few parts, 2 little depth, 4 little
 * header, 8 the message is a section of a fixed one. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "support/imap_check.h"

const char *const fuzz_before_message = "@", *const fuzz_after_message = "";

static const char fixed[] =
    "Subject: a\r\nTo: b\r\nTo: c\r\nX\\Own: d\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    "--x\r\n\r\none\r\n--x\r\nContent-Type: message/rfc822\r\n\r\nTo: e\r\n\r\ntwo\r\n--x--\r\n";

static void play_section(const uint8_t *text, size_t n)
{
    mailproto_mime_tree *tree;
    mailproto_mime_imap_section s;
    size_t octets;

    if (mailproto_mime_tree_new(NULL, fixed, sizeof fixed - 1, &tree))
        abort();
    if (mailproto_mime_imap_section_init(&s, sizeof s, tree, text, n) == MAILPROTO_OK)
        free(imap_octets(s, &octets));
    mailproto_mime_tree_free(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mailproto_mime_config config;
    mailproto_mime_tree *tree;
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
    if (head & 8) {
        play_section(message, size - 1);
    } else {
        if (mailproto_mime_tree_new(&config, message, size - 1, &tree))
            abort();
        imap_check_all(tree);
        mailproto_mime_tree_free(tree);
    }
    free(message);
    return 0;
}
