/* mime_digest.c - what a body is, whatever its line ends: its decoded octets with LF for CRLF, and none at the end.
 * RFC 2045 section 6; it goes through in pieces, so that its size does not matter. */
#include "mime.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE = 65536 };

struct lines {
    struct mime_sha256 *sum;
    uint64_t octets;
    uint64_t ends; /* LFs that were not counted yet: more may follow */
    int cr;        /* a CR before the next octet, not counted yet */
    size_t n;
    char out[PIECE];
};

static void put(struct lines *lines, const char *p, size_t n)
{
    while (n) {
        size_t step = n < PIECE - lines->n ? n : PIECE - lines->n;

        memcpy(lines->out + lines->n, p, step);
        lines->n += step;
        p += step;
        n -= step;
        if (lines->n < PIECE && n == 0)
            return;
        mime_sha256_put(lines->sum, lines->out, lines->n);
        lines->octets += lines->n;
        lines->n = 0;
    }
}

static void put_ends(struct lines *lines)
{
    for (; lines->ends; lines->ends--)
        put(lines, "\n", 1);
}

/* Octets between line ends. A CR waits for what follows it. */
static void put_text(struct lines *lines, const char *p, size_t n)
{
    if (!n)
        return;
    if (lines->cr) {
        put_ends(lines);
        put(lines, "\r", 1);
    }
    lines->cr = p[n - 1] == '\r';
    n -= (size_t)lines->cr;
    if (n) {
        put_ends(lines);
        put(lines, p, n);
    }
}

static void take(struct lines *lines, const char *p, size_t n)
{
    const char *end = p + n, *lf;

    while ((lf = memchr(p, '\n', (size_t)(end - p)))) {
        put_text(lines, p, (size_t)(lf - p));
        lines->cr = 0; /* of the CRLF */
        lines->ends++;
        p = lf + 1;
    }
    put_text(lines, p, (size_t)(end - p));
}

/* The end: LFs are left out, a CR is not. */
static void finish(struct lines *lines, struct mime_digest *digest)
{
    if (lines->cr) {
        put_ends(lines);
        put(lines, "\r", 1);
    }
    mime_sha256_put(lines->sum, lines->out, lines->n);
    digest->octets = lines->octets + lines->n;
    mime_sha256_end(lines->sum, digest->sha256);
}

int mime_digest(const struct mime_message *message, uint32_t index, struct mime_digest *digest)
{
    struct lines *lines = malloc(sizeof *lines);
    mailproto_mime_stream stream;
    char piece[16384];
    size_t n;

    memset(digest, 0, sizeof *digest);
    if (!lines)
        return -1;
    memset(lines, 0, offsetof(struct lines, out));
    lines->sum = mime_sha256_new();
    mailproto_mime_stream_init(&stream, sizeof stream);
    mailproto_mime_tree_open(message->tree, index, &stream);
    while (!mailproto_mime_stream_read(&stream, piece, sizeof piece, &n))
        take(lines, piece, n);
    finish(lines, digest);
    digest->defects = stream.defects;
    free(lines);
    return 0;
}
