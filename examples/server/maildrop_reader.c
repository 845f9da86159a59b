/* maildrop_reader.c - a message of a Maildir, read with CRLF line ends and its exact size.
 * RFC 1939 3 and 11: what is sent has CRLF, and sizes are those of what is sent. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "maildrop.h"

enum { SCAN = 65536 };

/* The number behind ",S=" or ",W=" in a name; 0: there is none. */
static uint64_t field(const char *name, const char *mark)
{
    const char *at = strstr(name, mark);
    uint64_t value = 0;

    if (!at)
        return 0;
    for (at += 3; *at >= '0' && *at <= '9' && value < UINT64_MAX / 100; at++)
        value = value * 10 + (uint64_t)(*at - '0');
    return value;
}

/* Reads it all to count the LFs that lack their CR: what other programs left here has LF. */
static int measure(struct maildrop_reader *reader, uint64_t octets)
{
    char *buffer = malloc(SCAN), last = 0;
    uint64_t bare = 0, all = 0;
    ssize_t n = 0;

    if (!buffer)
        return -ENOMEM;
    while ((n = pread(reader->fd, buffer, SCAN, (off_t)all)) > 0) {
        const char *at = buffer, *end = buffer + n, *lf;

        while ((lf = memchr(at, '\n', (size_t)(end - at)))) {
            bare += (lf == buffer ? last : lf[-1]) != '\r';
            at = lf + 1;
        }
        last = end[-1];
        all += (uint64_t)n;
    }
    free(buffer);
    if (n < 0 || all != octets)
        return n < 0 ? -errno : -EIO; /* somebody changes it while it is read */
    reader->exact = !bare;
    reader->size = all + bare;
    return 0;
}

int maildrop_find(const char *path, const char *name, char *file)
{
    char folder[PATH_MAX];
    size_t len = strcspn(name, ":");
    struct dirent *entry;
    DIR *directory;
    int result = -ENOENT;

    if (snprintf(folder, sizeof folder, "%s/cur", path) >= (int)sizeof folder)
        return -ENAMETOOLONG;
    directory = opendir(folder);
    if (!directory)
        return -errno;
    while (result && (entry = readdir(directory)))
        if (strcspn(entry->d_name, ":") == len && !memcmp(entry->d_name, name, len))
            result = snprintf(file, PATH_MAX, "%s/cur/%s", path, entry->d_name) < PATH_MAX ? 0 : -ENAMETOOLONG;
    closedir(directory);
    return result;
}

int maildrop_reader_open(struct maildrop_reader *reader, const char *path, const char *name, int in_new)
{
    char file[PATH_MAX];
    struct stat status;
    uint64_t octets;
    int result = 0;

    if (snprintf(file, sizeof file, "%s/%s/%s", path, in_new ? "new" : "cur", name) >= (int)sizeof file)
        return -ENAMETOOLONG;
    *reader = (struct maildrop_reader){.fd = open(file, O_RDONLY | O_CLOEXEC)};
    if (reader->fd < 0 && errno == ENOENT && !maildrop_find(path, name, file))
        reader->fd = open(file, O_RDONLY | O_CLOEXEC);
    if (reader->fd < 0)
        return -errno;
    if (fstat(reader->fd, &status)) {
        result = -errno;
    } else if (!S_ISREG(status.st_mode)) {
        result = -EINVAL;
    } else {
        octets = (uint64_t)status.st_size;
        reader->exact = 1;
        reader->size = octets;
        if (octets && (field(name, ",S=") != octets || field(name, ",W=") != octets))
            result = measure(reader, octets);
    }
    if (result)
        maildrop_reader_close(reader);
    return result;
}

/* CR is put before each LF that lacks it. In place: the raw octets lie at the end of `out`, and are never overtaken. */
static size_t convert(struct maildrop_reader *reader, char *out, const char *raw, size_t len)
{
    size_t at = 0;

    for (size_t i = 0; i < len; i++) {
        char c = raw[i];

        if (c == '\n' && reader->last != '\r')
            out[at++] = '\r';
        out[at++] = reader->last = c;
    }
    return at;
}

ssize_t maildrop_reader_read(struct maildrop_reader *reader, char *out, size_t cap)
{
    size_t most = reader->exact ? cap : cap / 2;
    char *raw = out + (cap - most);
    ssize_t n;

    do
        n = read(reader->fd, raw, most);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    return reader->exact ? n : (ssize_t)convert(reader, out, raw, (size_t)n);
}

void maildrop_reader_close(struct maildrop_reader *reader)
{
    if (reader->fd >= 0)
        close(reader->fd);
    reader->fd = -1;
}
