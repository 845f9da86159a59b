/* seen.c - DIR/.mailproto-uidl: the unique ids of what was fetched into DIR by earlier runs.
 * RFC 1939 section 7 (UIDL). A line that a crash cut off does not count, and goes. */
#include "seen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char file_name[] = ".mailproto-uidl", new_name[] = ".mailproto-uidl.new";

/* ---- opening ---- */

/* 0; 1: somebody else has it. The file may have been replaced between open and lock: then it is opened again. */
static int open_locked(struct seen *seen)
{
    struct flock lock;
    struct stat mine, now;

    for (;;) {
        memset(&lock, 0, sizeof lock);
        lock.l_type = F_WRLCK;
        lock.l_whence = SEEK_SET;
        seen->fd = openat(seen->base, file_name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (seen->fd < 0)
            return -1;
        if (fcntl(seen->fd, F_SETLK, &lock))
            return errno == EACCES || errno == EAGAIN ? 1 : -1;
        if (!fstat(seen->fd, &mine) && !fstatat(seen->base, file_name, &now, 0) && mine.st_ino == now.st_ino &&
            mine.st_dev == now.st_dev)
            return 0;
        close(seen->fd);
    }
}

static int read_text(struct seen *seen)
{
    struct stat about;
    size_t n = 0, size;
    ssize_t got = 1;

    if (fstat(seen->fd, &about))
        return -1;
    size = (size_t)about.st_size;
    seen->text = malloc(size + 1);
    if (!seen->text)
        return -1;
    while (n < size && (got = read(seen->fd, seen->text + n, size - n)) > 0)
        n += (size_t)got;
    if (got < 0)
        return -1;
    while (n && seen->text[n - 1] != '\n')
        n--;
    seen->text[n] = 0;
    return n < size ? ftruncate(seen->fd, (off_t)n) : 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Cuts the text into lines: ids of the account, and lines of others. */
static int sort_lines(struct seen *seen)
{
    size_t lines = 1, n = strlen(seen->account);
    char *next;

    for (const char *p = seen->text; *p; p++)
        lines += *p == '\n';
    seen->uids = calloc(lines, sizeof *seen->uids);
    seen->others = calloc(lines, sizeof *seen->others);
    if (!seen->uids || !seen->others)
        return -1;
    for (char *line = seen->text; *line; line = next) {
        next = strchr(line, '\n');
        *next++ = 0;
        if (!strncmp(line, seen->account, n) && line[n] == ' ')
            seen->uids[seen->count++] = line + n + 1;
        else if (*line)
            seen->others[seen->other_count++] = line;
    }
    qsort(seen->uids, seen->count, sizeof *seen->uids, compare);
    return 0;
}

int seen_open(struct seen *seen, int base, const char *account)
{
    int result;

    memset(seen, 0, sizeof *seen);
    seen->base = base;
    seen->fd = -1;
    seen->account = strdup(account);
    result = seen->account ? open_locked(seen) : -1;
    if (!result && (read_text(seen) || sort_lines(seen)))
        result = -1;
    if (result) {
        int saved = errno;

        seen_close(seen);
        errno = saved;
    }
    return result;
}

void seen_close(struct seen *seen)
{
    if (seen->fd >= 0)
        close(seen->fd);
    seen->fd = -1;
    free(seen->account);
    free(seen->text);
    free(seen->uids);
    free(seen->others);
}

/* ---- asking and adding ---- */

int seen_has(const struct seen *seen, const char *uid)
{
    return seen->count && bsearch(&uid, seen->uids, seen->count, sizeof *seen->uids, compare) != NULL;
}

static int write_line(int fd, const char *account, const char *uid)
{
    char line[2048]; /* name and host of 255 octets, percent-encoded; 70 of the id */
    int n = snprintf(line, sizeof line, "%s%s%s\n", account, *account ? " " : "", uid);
    ssize_t written;

    if (n < 0 || n >= (int)sizeof line) {
        errno = ENAMETOOLONG;
        return -1;
    }
    do
        written = write(fd, line, (size_t)n);
    while (written < 0 && errno == EINTR);
    if (written >= 0 && written < n)
        errno = ENOSPC;
    return written == n ? 0 : -1;
}

int seen_add(struct seen *seen, const char *uid)
{
    return write_line(seen->fd, seen->account, uid);
}

int seen_sync(struct seen *seen)
{
    return fsync(seen->fd) || fsync(seen->base) ? -1 : 0;
}

/* ---- replacing ---- */

static int write_all(const struct seen *seen, int fd, const char *const *uids, size_t count)
{
    for (size_t i = 0; i < seen->other_count; i++)
        if (write_line(fd, "", seen->others[i]))
            return -1;
    for (size_t i = 0; i < count; i++)
        if (write_line(fd, seen->account, uids[i]))
            return -1;
    return fsync(fd);
}

int seen_replace(struct seen *seen, const char *const *uids, size_t count)
{
    int fd = openat(seen->base, new_name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), failed;

    if (fd < 0)
        return -1;
    failed = write_all(seen, fd, uids, count);
    close(fd);
    if (!failed)
        failed = renameat(seen->base, new_name, seen->base, file_name);
    if (failed)
        unlinkat(seen->base, new_name, 0);
    else
        failed = fsync(seen->base);
    return failed;
}
