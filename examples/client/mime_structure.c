/* mime_structure.c - `mailproto mime structure`: what an IMAP server answers about the message.
 * RFC 3501 section 7.4.2. Such a server has CRLF at the end of every line, and its sizes count that. */
#include "mime.h"

#include "exits.h"
#include "report.h"
#include "text.h"

#include <mailproto/mime_imap.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Gives every line its CRLF. 0, or -1 without memory. */
static int end_lines(struct mime_message *message)
{
    const char *from = message->octets + message->skipped, *end = message->octets + message->n;
    size_t bare = 0, made = 0;
    char *octets;

    for (const char *p = from; p < end; p++)
        bare += *p == '\n' && (p == from || p[-1] != '\r');
    octets = malloc((size_t)(end - from) + bare + 1);
    if (!octets)
        return -1;
    for (const char *p = from; p < end; p++) {
        if (*p == '\n' && (p == from || p[-1] != '\r'))
            octets[made++] = '\r';
        octets[made++] = *p;
    }
    free(message->octets);
    message->octets = octets;
    message->n = made;
    message->skipped = 0;
    return mailproto_mime_tree_parse(message->tree, octets, made) ? -1 : 0;
}

/* Octets for scripts, but on a terminal nothing that it obeys. */
static void put(const char *name, const char *value, size_t n)
{
    printf("%s ", name);
    if (isatty(STDOUT_FILENO))
        text_show(stdout, value, n);
    else
        fwrite(value, 1, n, stdout);
    putchar('\n');
}

static int show(const struct mime_message *message)
{
    const mailproto_mime_tree *tree = message->tree;
    size_t envelope = 0, structure = 0;
    char *out;
    int failed;

    mailproto_mime_imap_envelope(tree, 0, 0, NULL, 0, &envelope);
    mailproto_mime_imap_bodystructure(tree, 0, NULL, 0, &structure);
    out = malloc(envelope + structure + 1);
    if (!out)
        return -1;
    failed = mailproto_mime_imap_envelope(tree, 0, 0, out, envelope, &envelope) ||
             mailproto_mime_imap_bodystructure(tree, 0, out + envelope, structure, &structure);
    if (!failed) {
        put("ENVELOPE", out, envelope);
        put("BODYSTRUCTURE", out + envelope, structure);
    }
    free(out);
    return failed ? -1 : 0;
}

int mime_structure(const struct mime_options *options)
{
    struct mime_message message;
    int failed;

    if (mime_open(&message, options->file))
        return EXIT_LOCAL;
    failed = end_lines(&message) || show(&message);
    if (failed)
        report_no_memory();
    mime_close(&message);
    return failed ? EXIT_LOCAL : EXIT_ALL;
}
