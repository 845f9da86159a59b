/* source.c - the message that is to be sent: read from a file or standard input, given out as the wire has it.
 * RFC 5321 sections 2.3.8 (line ends) and 4.5.3.1.6 (the length of a line). */
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
    ssize_t n;

    if (copy < 0)
        return cannot("cannot make a temporary file for", source->name);
    while ((n = read(source->fd, source->in, sizeof source->in)) > 0)
        if (write_all(copy, source->in, (size_t)n)) {
            cannot("cannot write a temporary file for", source->name);
            close(copy);
            return -1;
        }
    close(source->fd);
    source->fd = copy;
    return n < 0 ? cannot("cannot read", source->name) : 0;
}

/* ---- reading ---- */

static int fill(struct source *source)
{
    ssize_t n = read(source->fd, source->in, sizeof source->in);

    source->head = 0;
    source->tail = n > 0 ? (size_t)n : 0;
    source->ended = n == 0;
    return n < 0 ? -1 : 0;
}

/* Octets up to the next CR or LF. */
static size_t plain(const char *p, size_t n)
{
    const char *lf = memchr(p, '\n', n), *cr;

    n = lf ? (size_t)(lf - p) : n;
    cr = memchr(p, '\r', n);
    return cr ? (size_t)(cr - p) : n;
}

/* Takes what is in the buffer to out: runs of text as they are, each line end as CRLF. */
static size_t convert(struct source *source, char *out, size_t max)
{
    size_t made = 0;

    while (source->head < source->tail && max - made >= 2) {
        const char *p = source->in + source->head;
        size_t left = source->tail - source->head, n = plain(p, left < max - made ? left : max - made);

        memcpy(out + made, p, n);
        made += n;
        source->head += n;
        if (n)
            source->last = 0;
        if (n == left || max - made < 2 || (*(p + n) != '\r' && *(p + n) != '\n'))
            continue;
        /* LF behind CR: the line end was made already; anything else is one of its own */
        if (!(p[n] == '\n' && source->last == '\r')) {
            out[made++] = '\r';
            out[made++] = '\n';
        }
        source->last = p[n];
        source->head++;
    }
    return made;
}

int source_read(struct source *source, char *out, size_t max, size_t *n)
{
    *n = 0;
    while (!*n && !source->ended) {
        if (source->head == source->tail && fill(source))
            return -1;
        *n = convert(source, out, max);
    }
    if (!*n && !source->last) {
        /* the file does not end with a line end: the message does */
        memcpy(out, "\r\n", 2);
        source->last = '\n';
        *n = 2;
    }
    return 0;
}

int source_rewind(struct source *source)
{
    source->head = source->tail = 0;
    source->ended = 0;
    source->last = '\n';
    return lseek(source->fd, (off_t)source->start, SEEK_SET) < 0 ? -1 : 0;
}

/* ---- what MAIL has to say of it ---- */

struct scan {
    uint64_t line;
    size_t column;
};

static void scan_piece(struct source *source, struct scan *scan, const char *p, size_t n)
{
    const char *end = p + n;
    unsigned char all = 0;

    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        const char *stop = lf ? lf + 1 : end;

        if (!source->nul_line && memchr(p, 0, (size_t)(stop - p)))
            source->nul_line = scan->line;
        scan->column += (size_t)(stop - p);
        if (!source->long_line && scan->column > SOURCE_LINE_MAX + 2)
            source->long_line = scan->line;
        if (source->long_line == scan->line)
            source->long_octets = scan->column - (lf ? 2 : 0);
        for (; p < stop; p++)
            all |= (unsigned char)*p;
        if (lf) {
            scan->line++;
            scan->column = 0;
        }
    }
    source->eight_bit |= all >= 0x80;
}

static int scan(struct source *source)
{
    struct scan scan = {.line = 1};
    char piece[65536];
    size_t n;

    if (source_rewind(source))
        return -1;
    for (uint64_t size = 0;; size += n) {
        if (source_read(source, piece, sizeof piece, &n))
            return -1;
        if (!n) {
            source->size = size;
            return source_rewind(source);
        }
        scan_piece(source, &scan, piece, n);
    }
}

int source_open(struct source *source, const char *path)
{
    struct stat about;

    memset(source, 0, sizeof *source);
    source->name = strcmp(path, "-") ? path : "standard input";
    source->fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);
    if (source->fd < 0)
        return cannot("cannot read", source->name);
    if (fstat(source->fd, &about) || S_ISDIR(about.st_mode)) {
        errno = EISDIR;
        cannot("cannot read", source->name);
        source_close(source);
        return -1;
    }
    source->start = S_ISREG(about.st_mode) ? (int64_t)lseek(source->fd, 0, SEEK_CUR) : -1;
    if (source->start < 0) {
        source->start = 0;
        if (spool(source)) {
            source_close(source);
            return -1;
        }
    }
    if (!scan(source))
        return 0;
    cannot("cannot read", source->name);
    source_close(source);
    return -1;
}

void source_close(struct source *source)
{
    if (source->fd >= 0)
        close(source->fd);
    source->fd = -1;
}
