/* random.c - random octets of the operating system, and a secret that is kept in a file.
 * RFC 4086. The file gets its name when it is whole; of two servers that begin at once both have the same. */
#define _XOPEN_SOURCE 700 /* mkstemp */
#include "random.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int random_octets(void *out, size_t len)
{
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    size_t at = 0;
    ssize_t n = 1;

    while (fd >= 0 && at < len && (n > 0 || errno == EINTR)) {
        n = read(fd, (char *)out + at, len - at);
        at += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0)
        close(fd);
    return at == len ? 0 : -1;
}

/* 0, or -1; ENOENT: there is none. */
static int take(uint8_t secret[SECRET_SIZE], const char *path)
{
    uint8_t read_to[SECRET_SIZE + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n;

    if (fd < 0)
        return -1;
    n = read(fd, read_to, sizeof read_to);
    close(fd);
    if (n < 0)
        return -1;
    errno = EINVAL;
    if (n != SECRET_SIZE)
        return -1;
    memcpy(secret, read_to, SECRET_SIZE);
    return 0;
}

/* Another may have been quicker: then it is his. */
static int make(const char *path)
{
    char fresh[PATH_MAX + 8];
    uint8_t drawn[SECRET_SIZE];
    int fd, failed, why;

    if (random_octets(drawn, sizeof drawn))
        return -1;
    snprintf(fresh, sizeof fresh, "%s.XXXXXX", path);
    fd = mkstemp(fresh);
    if (fd < 0)
        return -1;
    errno = EIO;
    failed = write(fd, drawn, sizeof drawn) != (ssize_t)sizeof drawn || fsync(fd);
    failed |= close(fd);
    if (!failed)
        failed = link(fresh, path) && errno != EEXIST;
    why = errno;
    unlink(fresh);
    errno = why;
    return failed ? -1 : 0;
}

int secret_keep(uint8_t secret[SECRET_SIZE], const char *folder)
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s/.mailprotod-secret", folder);
    int kept = len > 0 && len < (int)sizeof path &&
               (!take(secret, path) || (errno == ENOENT && !make(path) && !take(secret, path)));
    int why = errno;

    if (!kept)
        (void)random_octets(secret, SECRET_SIZE);
    errno = why;
    return kept ? 0 : -1;
}
