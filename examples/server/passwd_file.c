/* passwd_file.c - the configuration as lines of text, and its replacement by other lines.
 * rename(2) makes it whole; fsync(2) of file and folder makes it last. */
#define _GNU_SOURCE /* realpath, fchown, flock */
#include "passwd_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_OS = 71, EXIT_CANNOT_CREATE = 73, LINES_MAX = 1000000 };

void passwd_wipe(void *at, size_t len)
{
    for (volatile unsigned char *octet = at; len; len--)
        *octet++ = 0;
}

static int is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whoever had the lock before has put another file in the place of this one. */
int passwd_lock(struct passwd_lock *lock, const char *path)
{
    struct stat now;

    for (;;) {
        lock->fd = open(path, O_RDONLY | O_CLOEXEC);
        if (lock->fd < 0)
            return -1;
        if (!flock(lock->fd, LOCK_EX) && !fstat(lock->fd, &lock->status) && !stat(path, &now)) {
            if (is_same(&lock->status, &now))
                return 0;
        } else if (errno != EINTR) {
            passwd_unlock(lock);
            return -1;
        }
        passwd_unlock(lock);
    }
}

void passwd_unlock(struct passwd_lock *lock)
{
    if (lock->fd >= 0)
        close(lock->fd);
    lock->fd = -1;
}

int passwd_changed(const struct passwd_lock *lock, const char *path)
{
    const struct stat *then = &lock->status;
    struct stat now;

    return stat(path, &now) || !is_same(then, &now) || then->st_size != now.st_size ||
           then->st_mtim.tv_sec != now.st_mtim.tv_sec || then->st_mtim.tv_nsec != now.st_mtim.tv_nsec;
}

int passwd_lines_read(struct passwd_lines *lines, const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL, **grown;
    size_t size = 0;
    int failed = !file;

    while (!failed && getline(&line, &size, file) > 0) {
        grown = lines->count < LINES_MAX ? realloc(lines->items, (lines->count + 1) * sizeof *grown) : NULL;
        failed = !grown;
        if (failed)
            break;
        lines->items = grown;
        lines->items[lines->count++] = line;
        line = NULL;
        size = 0;
    }
    free(line);
    failed = failed || ferror(file);
    if (file)
        fclose(file);
    return failed ? -1 : 0;
}

void passwd_lines_drop(struct passwd_lines *lines, size_t at)
{
    passwd_wipe(lines->items[at], strlen(lines->items[at]));
}

int passwd_lines_append(struct passwd_lines *lines, size_t at, const char *text)
{
    size_t len = strlen(lines->items[at]);
    int ends = len && lines->items[at][len - 1] == '\n';
    char *grown = realloc(lines->items[at], len + strlen(text) + 2);

    if (!grown)
        return -1;
    lines->items[at] = grown;
    sprintf(grown + len, "%s%s", ends ? "" : "\n", text);
    return 0;
}

void passwd_lines_clear(struct passwd_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++) {
        passwd_wipe(lines->items[i], strlen(lines->items[i]));
        free(lines->items[i]);
    }
    free(lines->items);
    *lines = (struct passwd_lines){0};
}

static int write_all(const struct passwd_lines *lines, int fd)
{
    for (size_t i = 0; i < lines->count; i++)
        for (const char *at = lines->items[i]; *at;) {
            ssize_t n = write(fd, at, strlen(at));

            if (n < 0)
                return -1;
            at += n;
        }
    return fsync(fd);
}

static int sync_folder(char *path)
{
    int fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC), failed;

    failed = fd < 0 || fsync(fd);
    if (fd >= 0)
        close(fd);
    return failed ? -1 : 0;
}

/* `path` has no links in it: the file itself is replaced. */
static int replace(const struct passwd_lines *lines, char *path)
{
    char fresh[PATH_MAX + 8];
    struct stat status;
    int fd, failed;

    if (stat(path, &status))
        return -1;
    snprintf(fresh, sizeof fresh, "%s.XXXXXX", path);
    fd = mkstemp(fresh);
    if (fd < 0)
        return -1;
    failed = ((status.st_uid != geteuid() || status.st_gid != getegid()) && fchown(fd, status.st_uid, status.st_gid)) ||
             fchmod(fd, status.st_mode & 07777) || write_all(lines, fd);
    failed |= close(fd);
    if (failed || rename(fresh, path)) {
        int error = errno;

        unlink(fresh);
        errno = error;
        return -1;
    }
    return sync_folder(path);
}

int passwd_lines_save(const struct passwd_lines *lines, const char *path)
{
    char *real = realpath(path, NULL);
    int failed = !real || replace(lines, real);

    if (failed)
        fprintf(stderr, "mailprotod: %s cannot be written: %s\n", path, strerror(errno));
    free(real);
    return failed ? EXIT_CANNOT_CREATE : 0;
}
