/* fault_gate.c - preloaded into mailprotod by its tests: a disk that is full, read-only, forbidden or broken.
 * Below $FAULT_FOLDER, operations on files fail as the file $FAULT_GATE says: ENOSPC, EROFS, EACCES or EIO in it. */
#define _GNU_SOURCE      /* RTLD_NEXT, and the calls that are replaced */
#undef _FILE_OFFSET_BITS /* each of a pair of calls is replaced under its own name */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What an operation does. */
enum { READS = 1, CHANGES = 2, GROWS = 4, SYNCS = 8, READS_ON = 16 /* what is open already */ };

#define REAL(result, name, ...)                                                                                        \
    static result (*real)(__VA_ARGS__);                                                                                \
    if (!real) {                                                                                                       \
        void *found = dlsym(RTLD_NEXT, #name);                                                                         \
        memcpy(&real, &found, sizeof real);                                                                            \
    }

static int real_open(const char *path, int flags, mode_t mode)
{
    REAL(int, open, const char *, int, ...)
    return real(path, flags, mode);
}

/* The error that an operation of this kind has now; 0: none. */
static int gate(unsigned what)
{
    static const struct {
        const char *word;
        int error;
        unsigned what;
    } conditions[] = {{"ENOSPC", ENOSPC, GROWS},
                      {"EROFS", EROFS, CHANGES},
                      {"EACCES", EACCES, READS | CHANGES},
                      {"EIO", EIO, READS | CHANGES | SYNCS | READS_ON}};
    const char *path = getenv("FAULT_GATE");
    int fd = path ? real_open(path, O_RDONLY | O_CLOEXEC, 0) : -1;
    char word[16] = "";

    if (fd < 0)
        return 0;
    if (read(fd, word, sizeof word - 1) < 0)
        word[0] = 0;
    close(fd);
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++)
        if (!strcmp(word, conditions[i].word) && conditions[i].what & what)
            return conditions[i].error;
    return 0;
}

static int inside(const char *path)
{
    const char *folder = getenv("FAULT_FOLDER");

    return folder && path && !strncmp(path, folder, strlen(folder));
}

static int fd_inside(int fd)
{
    char link[64], path[4096];
    ssize_t len;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    len = fd > 2 ? readlink(link, path, sizeof path - 1) : -1;
    if (len < 0)
        return 0;
    path[len] = 0;
    return inside(path);
}

static int refuse(int there, unsigned what)
{
    int error = there ? gate(what) : 0;

    if (error)
        errno = error;
    return error;
}

static unsigned of_flags(int flags)
{
    return (flags & O_ACCMODE) == O_RDONLY ? READS : CHANGES | (flags & O_CREAT ? GROWS : 0);
}

/* ---- files ---- */

#define MODE(flags)                                                                                                    \
    va_list list;                                                                                                      \
    mode_t mode = 0;                                                                                                   \
    va_start(list, flags);                                                                                             \
    if (flags & O_CREAT)                                                                                               \
        mode = va_arg(list, mode_t);                                                                                   \
    va_end(list)

int open(const char *path, int flags, ...)
{
    MODE(flags);
    return refuse(inside(path), of_flags(flags)) ? -1 : real_open(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    MODE(flags);
    return refuse(inside(path), of_flags(flags)) ? -1 : real_open(path, flags, mode);
}

int openat(int at, const char *path, int flags, ...)
{
    MODE(flags);
    REAL(int, openat, int, const char *, int, ...)
    return refuse(inside(path), of_flags(flags)) ? -1 : real(at, path, flags, mode);
}

int openat64(int at, const char *path, int flags, ...)
{
    MODE(flags);
    REAL(int, openat64, int, const char *, int, ...)
    return refuse(inside(path), of_flags(flags)) ? -1 : real(at, path, flags, mode);
}

ssize_t pread(int fd, void *data, size_t len, off_t offset)
{
    REAL(ssize_t, pread, int, void *, size_t, off_t)
    return refuse(fd_inside(fd), READS_ON) ? -1 : real(fd, data, len, offset);
}

ssize_t pread64(int fd, void *data, size_t len, off64_t offset)
{
    REAL(ssize_t, pread64, int, void *, size_t, off64_t)
    return refuse(fd_inside(fd), READS_ON) ? -1 : real(fd, data, len, offset);
}

ssize_t write(int fd, const void *data, size_t len)
{
    REAL(ssize_t, write, int, const void *, size_t)
    return refuse(fd_inside(fd), GROWS | CHANGES) ? -1 : real(fd, data, len);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
    REAL(ssize_t, pwrite, int, const void *, size_t, off_t)
    return refuse(fd_inside(fd), GROWS | CHANGES) ? -1 : real(fd, data, len, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset)
{
    REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t)
    return refuse(fd_inside(fd), GROWS | CHANGES) ? -1 : real(fd, data, len, offset);
}

int fsync(int fd)
{
    REAL(int, fsync, int)
    return refuse(fd_inside(fd), SYNCS) ? -1 : real(fd);
}

int fdatasync(int fd)
{
    REAL(int, fdatasync, int)
    return refuse(fd_inside(fd), SYNCS) ? -1 : real(fd);
}

int ftruncate(int fd, off_t size)
{
    REAL(int, ftruncate, int, off_t)
    return refuse(fd_inside(fd), CHANGES | GROWS) ? -1 : real(fd, size);
}

int ftruncate64(int fd, off64_t size)
{
    REAL(int, ftruncate64, int, off64_t)
    return refuse(fd_inside(fd), CHANGES | GROWS) ? -1 : real(fd, size);
}

/* ---- names ---- */

int rename(const char *from, const char *to)
{
    REAL(int, rename, const char *, const char *)
    return refuse(inside(to), CHANGES | GROWS) ? -1 : real(from, to);
}

int link(const char *from, const char *to)
{
    REAL(int, link, const char *, const char *)
    return refuse(inside(to), CHANGES | GROWS) ? -1 : real(from, to);
}

int unlink(const char *path)
{
    REAL(int, unlink, const char *)
    return refuse(inside(path), CHANGES) ? -1 : real(path);
}

int mkdir(const char *path, mode_t mode)
{
    REAL(int, mkdir, const char *, mode_t)
    return refuse(inside(path), CHANGES | GROWS) ? -1 : real(path, mode);
}

int rmdir(const char *path)
{
    REAL(int, rmdir, const char *)
    return refuse(inside(path), CHANGES) ? -1 : real(path);
}
