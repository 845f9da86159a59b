/* writer.h - a message on its way to a file or a store: collected into large writes, CRLF made LF where that is wanted.
 * Messages come from the engine in whatever pieces the network made. */
#ifndef MAILPROTO_CLIENT_WRITER_H
#define MAILPROTO_CLIENT_WRITER_H

#include <stddef.h>

/* Takes octets. 0, or -1. */
typedef int writer_put_function(void *user, const char *data, size_t len);

struct writer {
    writer_put_function *out;
    void *user; /* of out */
    int lf;     /* lines end with LF there */
    int cr;     /* the last octet was a CR, and was not written yet */
    size_t n;
    char buffer[65536];
};

void writer_begin(struct writer *writer, writer_put_function *out, void *user, int lf);
/* 0, or -1 as `out` said. */
int writer_put(struct writer *writer, const char *data, size_t len);
int writer_flush(struct writer *writer);

/* For `out`: user points to a descriptor. 0, or -1 with errno. */
int writer_to_file(void *user, const char *data, size_t len);

#endif
