/* source.c - the message that is to be sent: a file, or a copy of what came on
 * standard input. What its lines end with is the business of the library:
 * mailproto/host.h, one-call send. */
#include "source.h"

#include "interrupt.h"
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- opening ---- */

static int cannot(const char *what, const char *name)
{
    if (!interrupted())
        report("%s %s: %s", what, name, strerror(errno));
    return -1;
}

/* A file without a name: gone when it is closed, whatever ends the program. */
static int temporary(void)
{
    const char *folder = getenv("TMPDIR");
    char path[4096];
    int fd;

    if (!folder || !*folder)
        folder = "/tmp";
    if (snprintf(path, sizeof path, "%s/mailproto-XXXXXX", folder) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkstemp(path);
    if (fd >= 0)
        unlink(path);
    return fd;
}

static int write_all(int fd, const char *data, size_t n)
{
    while (n) {
        ssize_t written = write(fd, data, n);

        if (written < 0)
            return -1;
        data += written;
        n -= (size_t)written;
    }
    return 0;
}

/* Copies what can be read once only to a file, and goes on with that. */
static int spool(struct source *source)
{
    int copy = temporary();
    char piece[65536];
    ssize_t n;

    if (copy < 0)
        return cannot("cannot make a temporary file for", source->name);
    while ((n = read(source->fd, piece, sizeof piece)) > 0)
        if (write_all(copy, piece, (size_t)n)) {
            cannot("cannot write a temporary file for", source->name);
            close(copy);
            return -1;
        }
    close(source->fd);
    source->fd = copy;
    return n < 0 ? cannot("cannot read", source->name) : 0;
}

static int prepare(struct source *source)
{
    struct stat about;
    off_t start = -1;

    if (fstat(source->fd, &about) || S_ISDIR(about.st_mode)) {
        errno = EISDIR;
        return cannot("cannot read", source->name);
    }
    if (S_ISREG(about.st_mode))
        start = lseek(source->fd, 0, SEEK_CUR);
    if (start < 0 && (spool(source) || fstat(source->fd, &about)))
        return -1;
    source->start = start < 0 ? 0 : (uint64_t)start;
    source->size = (uint64_t)about.st_size > source->start ? (uint64_t)about.st_size - source->start : 0;
    return 0;
}

int source_open(struct source *source, const char *path)
{
    memset(source, 0, sizeof *source);
    source->name = strcmp(path, "-") ? path : "standard input";
    source->fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);
    if (source->fd < 0)
        return cannot("cannot read", source->name);
    if (!prepare(source))
        return 0;
    source_close(source);
    return -1;
}

int source_read(struct source *source, uint64_t offset, void *out, size_t room, size_t *n)
{
    ssize_t got = interrupted() ? -1 : pread(source->fd, out, room, (off_t)(source->start + offset));

    *n = got < 0 ? 0 : (size_t)got;
    return got < 0 ? cannot("cannot read", source->name) : 0;
}

void source_close(struct source *source)
{
    close(source->fd);
}
