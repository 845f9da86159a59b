/* folders.c - the folders of the mail: made before anybody is let in.
 * Each is durable in its parent (RFC 5321 4.2.5): what takes mail must not vanish with a parent. */
#include "folders.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int folders_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = 0;

    if (fd < 0)
        return -errno;
    if (fsync(fd))
        result = -errno;
    close(fd);
    return result;
}

static int make_one(char *path)
{
    char *slash;
    int result;

    if (mkdir(path, 0700))
        return errno == EEXIST ? 0 : -errno;
    slash = strrchr(path, '/');
    if (!slash)
        return folders_sync(".");
    *slash = 0;
    result = folders_sync(*path ? path : "/");
    *slash = '/';
    return result == -EACCES ? 0 : result; /* who may write there need not be one who may read */
}

int folders_make(const char *path)
{
    char made[PATH_MAX];
    struct stat status;
    size_t len = strlen(path);
    int result = 0;

    if (!stat(path, &status))
        return S_ISDIR(status.st_mode) ? 0 : -ENOTDIR;
    if (!len)
        return -ENOENT;
    if (len >= sizeof made)
        return -ENAMETOOLONG;
    memcpy(made, path, len + 1);
    for (size_t i = 1; i <= len && !result; i++) {
        if (path[i] != '/' && path[i])
            continue;
        if (path[i - 1] == '/') /* several, or one at the end */
            continue;
        made[i] = 0;
        if (stat(made, &status))
            result = make_one(made);
        made[i] = path[i];
    }
    return result;
}

int folders_prepare(const char *path)
{
    static const char *const names[] = {"new", "cur", "tmp"};
    char folder[PATH_MAX];
    int made = 0, result = folders_make(path);

    if (result)
        return result;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (snprintf(folder, sizeof folder, "%s/%s", path, names[i]) >= (int)sizeof folder)
            return -ENAMETOOLONG;
        if (mkdir(folder, 0700) == 0)
            made = 1;
        else if (errno != EEXIST)
            return -errno;
    }
    return made ? folders_sync(path) : 0;
}
