/* source.h - the message that is to be sent: a file, or a copy of what came on
 * standard input. It is read twice and more: for what MAIL has to say of it,
 * and for each transaction. */
#ifndef MAILPROTO_CLIENT_SOURCE_H
#define MAILPROTO_CLIENT_SOURCE_H

#include <stddef.h>
#include <stdint.h>

struct source {
    const char *name; /* how reports call it */
    int fd;
    uint64_t start; /* of the message in the file */
    uint64_t size;  /* octets of it when it was opened */
};

/* Opens a file, or standard input ("-"), which is copied to a file without a name if it cannot be read twice. 0, or
   -1: it was reported. */
int source_open(struct source *source, const char *path);

/* The octets from `offset` on, at most `room`: n of them, 0 at the end. 0, or -1: it was reported, or a signal came.
   */
int source_read(struct source *source, uint64_t offset, void *out, size_t room, size_t *n);

void source_close(struct source *source);

#endif
