/* source.h - the message that is to be sent: read from a file or standard input, given out as the wire has it.
 * RFC 5321 section 2.3.8: lines end with CRLF; in files they end with LF, too. */
#ifndef MAILPROTO_CLIENT_SOURCE_H
#define MAILPROTO_CLIENT_SOURCE_H

#include <stddef.h>
#include <stdint.h>

enum { SOURCE_LINE_MAX = 998 }; /* RFC 5321 4.5.3.1.6, without the CRLF */

struct source {
    const char *name; /* how reports call it */
    int fd;
    uint64_t size;      /* octets on the wire: line ends are CRLF, the last line has one */
    int eight_bit;      /* there are octets above 127 */
    uint64_t long_line; /* the number of the first line longer than SOURCE_LINE_MAX, or 0 */
    size_t long_octets; /* what it has */
    uint64_t nul_line;  /* the number of the first line with a NUL octet, or 0 */
    /* reading: */
    int64_t start; /* of the message in the file */
    char in[65536];
    size_t head, tail;
    int ended; /* the file is at its end */
    int last;  /* the octet given last: what CR and LF mean depends on it */
};

/* Opens a file, or standard input ("-"), which is copied to a file without a name if it cannot be read twice, and reads
   it once for what MAIL has to say of it. 0, or -1: it was reported. */
int source_open(struct source *source, const char *path);

/* Goes back to the beginning. 0, or -1. */
int source_rewind(struct source *source);

/* The next octets as the wire has them, at least 2 and at most max: *n of them, 0 at the end. 0, or -1: the file cannot
   be read. max >= 2. */
int source_read(struct source *source, char *out, size_t max, size_t *n);

void source_close(struct source *source);

#endif
