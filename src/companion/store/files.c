/* files.c - the table of file operations as POSIX has them.
 * IEEE Std 1003.1-2008: open, fsync, rename, link and their kin; an interrupted call is made again. */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int result(int answered)
{
    return answered < 0 ? -errno : answered;
}

static int posix_open(void *user, const char *path, uint32_t how)
{
    int flags = O_CLOEXEC | O_NOFOLLOW, fd;

    (void)user;
    if (how & MP_FILE_WRITE)
        flags |= how & MP_FILE_READ ? O_RDWR : O_WRONLY;
    if (how & MP_FILE_CREATE)
        flags |= O_CREAT;
    if (how & MP_FILE_EXCLUSIVE)
        flags |= O_EXCL;
    if (how & MP_FILE_TRUNCATE)
        flags |= O_TRUNC;
    if (!(how & MP_FILE_WRITE))
        flags |= O_NONBLOCK; /* a fifo among the messages must not stop us */
    do
        fd = open(path, flags, 0600);
    while (fd < 0 && errno == EINTR);
    return result(fd);
}

static int posix_close(void *user, int fd)
{
    (void)user;
    return close(fd) && errno != EINTR ? -errno : 0;
}

static int64_t posix_read(void *user, int fd, void *data, size_t len)
{
    ssize_t n;

    (void)user;
    do
        n = read(fd, data, len);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static int64_t posix_pread(void *user, int fd, void *data, size_t len, uint64_t offset)
{
    ssize_t n;

    (void)user;
    do
        n = pread(fd, data, len, (off_t)offset);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static int64_t posix_write(void *user, int fd, const void *data, size_t len)
{
    ssize_t n;

    (void)user;
    do
        n = write(fd, data, len);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static int64_t posix_pwrite(void *user, int fd, const void *data, size_t len, uint64_t offset)
{
    ssize_t n;

    (void)user;
    do
        n = pwrite(fd, data, len, (off_t)offset);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static int posix_ftruncate(void *user, int fd, uint64_t size)
{
    int answered;

    (void)user;
    do
        answered = ftruncate(fd, (off_t)size);
    while (answered < 0 && errno == EINTR);
    return result(answered);
}

static int posix_fsync(void *user, int fd)
{
    int answered;

    (void)user;
    do
        answered = fsync(fd);
    while (answered < 0 && errno == EINTR);
    return result(answered);
}

static int posix_fdatasync(void *user, int fd)
{
    int answered;

    (void)user;
    do
        answered = fdatasync(fd);
    while (answered < 0 && errno == EINTR);
    return result(answered);
}

static void fill(mp_file_status *to, const struct stat *from)
{
    to->size = (uint64_t)from->st_size;
    to->inode = (uint64_t)from->st_ino;
    to->device = (uint64_t)from->st_dev;
    to->mtime = (int64_t)from->st_mtim.tv_sec;
    to->mtime_ns = (int32_t)from->st_mtim.tv_nsec;
    to->ctime = (int64_t)from->st_ctim.tv_sec;
    to->ctime_ns = (int32_t)from->st_ctim.tv_nsec;
    to->links = (uint32_t)from->st_nlink;
    to->kind = S_ISREG(from->st_mode) ? MP_FILE_REGULAR : S_ISDIR(from->st_mode) ? MP_FILE_DIRECTORY : MP_FILE_OTHER;
}

static int posix_fstat(void *user, int fd, mp_file_status *status)
{
    struct stat found;

    (void)user;
    if (fstat(fd, &found))
        return -errno;
    fill(status, &found);
    return 0;
}

static int posix_set_mtime(void *user, int fd, int64_t seconds)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = (time_t)seconds}};

    (void)user;
    if ((int64_t)times[1].tv_sec != seconds)
        return -EOVERFLOW;
    return result(futimens(fd, times));
}

static int posix_lock(void *user, int fd, uint32_t how)
{
    (void)user;
    return result(flock(fd, (how == MP_LOCK_SHARED ? LOCK_SH : LOCK_EX) | LOCK_NB));
}

static int posix_stat(void *user, const char *path, mp_file_status *status)
{
    struct stat found;

    (void)user;
    if (lstat(path, &found))
        return -errno;
    fill(status, &found);
    return 0;
}

static int posix_rename(void *user, const char *from, const char *to)
{
    (void)user;
    return result(rename(from, to));
}

static int posix_link(void *user, const char *from, const char *to)
{
    (void)user;
    return result(link(from, to));
}

static int posix_unlink(void *user, const char *path)
{
    (void)user;
    return result(unlink(path));
}

static int posix_mkdir(void *user, const char *path)
{
    (void)user;
    return result(mkdir(path, 0700));
}

static int posix_rmdir(void *user, const char *path)
{
    (void)user;
    return result(rmdir(path));
}

static int posix_sync_directory(void *user, const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), answered;

    if (fd < 0)
        return -errno;
    answered = posix_fsync(user, fd);
    close(fd);
    return answered;
}

static int posix_list(void *user, const char *path, int (*each)(void *context, const char *name), void *context)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    int answered = 0;

    (void)user;
    if (!directory)
        return -errno;
    while (!answered) {
        errno = 0;
        entry = readdir(directory);
        if (!entry) {
            answered = -errno;
            break;
        }
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            answered = each(context, entry->d_name);
    }
    closedir(directory);
    return answered;
}

static void posix_now(void *user, int64_t *seconds, int32_t *nanoseconds)
{
    struct timespec now;

    (void)user;
    clock_gettime(CLOCK_REALTIME, &now);
    *seconds = (int64_t)now.tv_sec;
    *nanoseconds = (int32_t)now.tv_nsec;
}

const mailproto_maildir_files *mp_files_posix(void)
{
    static const mailproto_maildir_files files = {
        .open = posix_open,
        .close = posix_close,
        .read = posix_read,
        .pread = posix_pread,
        .write = posix_write,
        .pwrite = posix_pwrite,
        .ftruncate = posix_ftruncate,
        .fsync = posix_fsync,
        .fdatasync = posix_fdatasync,
        .fstat = posix_fstat,
        .set_mtime = posix_set_mtime,
        .lock = posix_lock,
        .stat = posix_stat,
        .rename = posix_rename,
        .link = posix_link,
        .unlink = posix_unlink,
        .mkdir = posix_mkdir,
        .rmdir = posix_rmdir,
        .sync_directory = posix_sync_directory,
        .list = posix_list,
        .now = posix_now,
    };

    return &files;
}

int mp_files_write_all(const mp_files *files, int fd, const void *data, size_t len)
{
    const char *at = data;

    while (len) {
        int64_t n = files->write(files->user, fd, at, len);

        if (n <= 0)
            return n ? (int)n : -EIO;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

int64_t mp_files_read_at(const mp_files *files, int fd, void *data, size_t len, uint64_t offset)
{
    size_t have = 0;

    while (have < len) {
        int64_t n = files->pread(files->user, fd, (char *)data + have, len - have, offset + have);

        if (n < 0)
            return n;
        if (!n)
            break;
        have += (size_t)n;
    }
    return (int64_t)have;
}
