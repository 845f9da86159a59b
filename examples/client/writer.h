/* writer.h - a message on its way to a file: collected into large writes, CRLF made LF where that is wanted.
 * Messages come from the engine in whatever pieces the network made. */
#ifndef MAILPROTO_CLIENT_WRITER_H
#define MAILPROTO_CLIENT_WRITER_H

#include <stddef.h>

struct writer {
    int fd;
    int lf; /* lines end with LF in the file */
    int cr; /* the last octet was a CR, and was not written yet */
    size_t n;
    char buffer[65536];
};

void writer_begin(struct writer *writer, int fd, int lf);
/* 0, or -1 with errno. */
int writer_put(struct writer *writer, const char *data, size_t len);
int writer_flush(struct writer *writer);

#endif
