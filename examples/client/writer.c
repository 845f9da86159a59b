/* writer.c - a message on its way to a file or a store: collected into large writes, CRLF made LF where that is wanted.
 * A CR without LF stays what it is. */
#include "writer.h"

#include "interrupt.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void writer_begin(struct writer *writer, writer_put_function *out, void *user, int lf)
{
    writer->out = out;
    writer->user = user;
    writer->lf = lf;
    writer->cr = 0;
    writer->n = 0;
}

int writer_to_file(void *user, const char *data, size_t len)
{
    const int *fd = user;

    while (len) {
        ssize_t written = write(*fd, data, len);

        if (written < 0 && errno == EINTR && !interrupted())
            continue;
        if (written < 0)
            return -1;
        data += written;
        len -= (size_t)written;
    }
    return 0;
}

static int drain(struct writer *writer)
{
    size_t n = writer->n;

    writer->n = 0;
    return n ? writer->out(writer->user, writer->buffer, n) : 0;
}

static int put_plain(struct writer *writer, const char *data, size_t len)
{
    while (len) {
        size_t n = sizeof writer->buffer - writer->n;

        if (!n) {
            if (drain(writer))
                return -1;
            continue;
        }
        if (n > len)
            n = len;
        memcpy(writer->buffer + writer->n, data, n);
        writer->n += n;
        data += n;
        len -= n;
    }
    return 0;
}

int writer_put(struct writer *writer, const char *data, size_t len)
{
    if (!writer->lf)
        return put_plain(writer, data, len);
    while (len) {
        const char *cr;
        size_t n;

        if (writer->cr && *data != '\n' && put_plain(writer, "\r", 1))
            return -1;
        writer->cr = 0;
        cr = memchr(data, '\r', len);
        n = cr ? (size_t)(cr - data) : len;
        if (put_plain(writer, data, n))
            return -1;
        writer->cr = cr != NULL;
        n += cr != NULL;
        data += n;
        len -= n;
    }
    return 0;
}

int writer_flush(struct writer *writer)
{
    if (writer->cr && put_plain(writer, "\r", 1))
        return -1;
    writer->cr = 0;
    return drain(writer);
}
