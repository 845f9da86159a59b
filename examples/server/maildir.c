/* maildir.c - delivery into Maildirs: tmp, fsync, rename into new, directory fsync.
 * RFC 5321 4.2.5: what was answered with 250 must not be lost. */
#include "maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { STALE_SECONDS = 36 * 60 * 60, COPY_OCTETS = 65536 };

struct maildir *maildir_new(const char *path)
{
    struct maildir *box = calloc(1, sizeof *box);

    if (!box)
        return NULL;
    box->path = strdup(path);
    if (!box->path) {
        free(box);
        return NULL;
    }
    box->references = 1;
    pthread_mutex_init(&box->lock, NULL);
    pthread_cond_init(&box->synced_more, NULL);
    return box;
}

struct maildir *maildir_keep(struct maildir *box)
{
    box->references++;
    return box;
}

void maildir_drop(struct maildir *box)
{
    if (!box || --box->references)
        return;
    pthread_mutex_destroy(&box->lock);
    pthread_cond_destroy(&box->synced_more);
    free(box->path);
    free(box);
}

/* Writes PATH/FOLDER or PATH/FOLDER/NAME into `out`, which has PATH_MAX octets. */
static int join(char *out, const struct maildir *box, const char *folder, const char *name)
{
    int n = snprintf(out, PATH_MAX, "%s/%s%s%s", box->path, folder, name ? "/" : "", name ? name : "");

    return n > 0 && n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int maildir_sync_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = 0;

    if (fd < 0)
        return -errno;
    if (fsync(fd))
        result = -errno;
    close(fd);
    return result;
}

/* ---- preparing ---- */

static void remove_stale(const char *tmp)
{
    DIR *directory = opendir(tmp);
    struct dirent *entry;
    struct stat status;
    time_t now = time(NULL);

    if (!directory)
        return;
    while ((entry = readdir(directory))) {
        if (entry->d_name[0] == '.' || fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW))
            continue;
        if (S_ISREG(status.st_mode) && now - status.st_mtime > STALE_SECONDS && now - status.st_atime > STALE_SECONDS)
            unlinkat(dirfd(directory), entry->d_name, 0);
    }
    closedir(directory);
}

/* Each one is durable in its parent, so that a Maildir which takes mail cannot vanish with a parent. */
static int make_folder(char *path)
{
    char *slash;
    int result;

    if (mkdir(path, 0700))
        return errno == EEXIST ? 0 : -errno;
    slash = strrchr(path, '/');
    if (!slash)
        return maildir_sync_directory(".");
    *slash = 0;
    result = maildir_sync_directory(*path ? path : "/");
    *slash = '/';
    return result == -EACCES ? 0 : result; /* who may write there need not be one who may read */
}

int maildir_make_folders(const char *path)
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
            result = make_folder(made);
        made[i] = path[i];
    }
    return result;
}

int maildir_prepare(const struct maildir *box)
{
    static const char *const folders[] = {"new", "cur", "tmp"};
    char path[PATH_MAX];
    int made = 0, result = maildir_make_folders(box->path);

    if (result)
        return result;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        if ((result = join(path, box, folders[i], NULL)))
            return result;
        if (mkdir(path, 0700) == 0)
            made = 1;
        else if (errno != EEXIST)
            return -errno;
    }
    remove_stale(path); /* tmp, the last of them */
    return made ? maildir_sync_directory(box->path) : 0;
}

/* ---- writing ---- */

void maildir_name(struct maildir_file *file, const char *host)
{
    static atomic_uint counter;
    struct timespec now;
    size_t at;

    *file = (struct maildir_file){.fd = -1};
    clock_gettime(CLOCK_REALTIME, &now);
    at = (size_t)snprintf(file->name, sizeof file->name, "%lld.M%06ldP%ldQ%u.", (long long)now.tv_sec,
                          now.tv_nsec / 1000, (long)getpid(), atomic_fetch_add(&counter, 1));
    for (; *host && at < 160; host++) /* room is left for the sizes */
        file->name[at++] = *host == '/' || *host == ':' || *host == ',' ? '_' : *host;
    file->name[at] = 0;
}

int maildir_create(struct maildir_file *file, struct maildir *const *boxes, size_t count)
{
    char path[PATH_MAX];
    int result = -EINVAL;

    for (size_t i = 0; i < count; i++) {
        if ((result = join(path, boxes[i], "tmp", file->name)))
            continue;
        file->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (file->fd >= 0) {
            file->home = boxes[i];
            return 0;
        }
        result = -errno;
    }
    return result;
}

/* A message that came by BDAT may hold LFs of its own: they are what makes W differ from S. */
static void count_bare(struct maildir_file *file, const char *data, size_t len)
{
    const char *at = data, *end = data + len, *lf;

    while ((lf = memchr(at, '\n', (size_t)(end - at)))) {
        if ((lf == data ? file->last : lf[-1]) != '\r')
            file->bare++;
        at = lf + 1;
    }
    file->last = end[-1];
}

int maildir_write(struct maildir_file *file, const void *data, size_t len)
{
    const char *at = data;

    if (len)
        count_bare(file, data, len);
    while (len) {
        ssize_t n = write(file->fd, at, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n ? -errno : -EIO;
        at += n;
        len -= (size_t)n;
        file->size += (uint64_t)n;
    }
    return 0;
}

static void remove_tmp(struct maildir_file *file)
{
    char path[PATH_MAX];

    if (file->home && !join(path, file->home, "tmp", file->name))
        unlink(path);
    file->home = NULL;
}

void maildir_discard(struct maildir_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
    remove_tmp(file);
}

/* ---- into new/ ---- */

static int copy_octets(int to, int from)
{
    char *buffer = malloc(COPY_OCTETS);
    ssize_t n;

    if (!buffer)
        return -ENOMEM;
    while ((n = read(from, buffer, COPY_OCTETS)) > 0) {
        for (ssize_t at = 0, put; at < n; at += put) {
            put = write(to, buffer + at, (size_t)(n - at));
            if (put < 0) {
                free(buffer);
                return -errno;
            }
        }
    }
    free(buffer);
    return n < 0 ? -errno : 0;
}

/* Where no link can lead from one Maildir to the other: a copy of its own, by the same steps. */
static int place_copy(const char *source, const char *tmp, const char *target, enum maildir_sync sync)
{
    int from = open(source, O_RDONLY | O_CLOEXEC), to, result;

    if (from < 0)
        return -errno;
    to = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (to < 0) {
        result = -errno;
        close(from);
        return result;
    }
    result = copy_octets(to, from);
    if (!result && sync != MAILDIR_SYNC_NONE && fsync(to))
        result = -errno;
    close(from);
    if (close(to) && !result)
        result = -errno;
    if (!result && rename(tmp, target))
        result = -errno;
    if (result)
        unlink(tmp);
    return result;
}

static int place(const struct maildir_file *file, const char *final_name, struct maildir *box, enum maildir_sync sync)
{
    char source[PATH_MAX], target[PATH_MAX], tmp[PATH_MAX];
    int result = join(source, file->home, "tmp", file->name);

    if (!result)
        result = join(target, box, "new", final_name);
    if (!result)
        result = join(tmp, box, "tmp", file->name);
    if (result)
        return result;
    if (box == file->home)
        return rename(source, target) ? -errno : 0;
    if (!link(source, target))
        return 0;
    if (errno != EXDEV && errno != EMLINK && errno != EPERM)
        return -errno;
    return place_copy(source, tmp, target, sync);
}

/* Makes the names in new/ durable. Threads that come while one syncs wait, and the next sync is for all of them. */
static int sync_new(struct maildir *box)
{
    char path[PATH_MAX];
    int result = join(path, box, "new", NULL);
    uint64_t mine, target;

    if (result)
        return result;
    pthread_mutex_lock(&box->lock);
    mine = ++box->asked;
    while (box->syncing && box->synced < mine)
        pthread_cond_wait(&box->synced_more, &box->lock);
    if (box->synced >= mine) {
        pthread_mutex_unlock(&box->lock);
        return 0;
    }
    box->syncing = 1;
    target = box->asked;
    pthread_mutex_unlock(&box->lock);
    result = maildir_sync_directory(path);
    pthread_mutex_lock(&box->lock);
    box->syncing = 0;
    if (!result)
        box->synced = target; /* else each of those who wait tries for itself */
    pthread_cond_broadcast(&box->synced_more);
    pthread_mutex_unlock(&box->lock);
    return result;
}

static void remove_placed(struct maildir *box, const char *final_name)
{
    char path[PATH_MAX];

    if (!join(path, box, "new", final_name))
        unlink(path);
}

static int first_failure(const struct maildir_commit *commit)
{
    for (size_t i = 0; i < commit->count; i++)
        if (commit->results[i])
            return commit->results[i];
    return 0;
}

/* All by link, then the home's own by rename, which takes the file out of tmp/. */
static void place_all(struct maildir_file *file, const char *final_name, const struct maildir_commit *commit)
{
    const struct maildir *home = file->home;

    for (int own = 0; own < 2; own++) {
        for (size_t i = 0; i < commit->count; i++) {
            if ((commit->boxes[i] == home) != own)
                continue;
            commit->results[i] = place(file, final_name, commit->boxes[i], commit->sync);
            if (commit->results[i] && commit->all_or_none)
                return;
            if (own && !commit->results[i])
                file->home = NULL;
        }
    }
}

/* What is not known to be durable was not delivered, and must not be found as if it were. */
static void sync_all(const char *final_name, const struct maildir_commit *commit)
{
    for (size_t i = 0; i < commit->count; i++) {
        if (commit->results[i])
            continue;
        commit->results[i] = sync_new(commit->boxes[i]);
        if (!commit->results[i])
            continue;
        remove_placed(commit->boxes[i], final_name);
        if (commit->all_or_none)
            return;
    }
}

static void undo(const char *final_name, const struct maildir_commit *commit, int why)
{
    for (size_t i = 0; i < commit->count; i++) {
        if (!commit->results[i])
            remove_placed(commit->boxes[i], final_name);
        commit->results[i] = why;
    }
}

static int settle(struct maildir_file *file, enum maildir_sync sync)
{
    int result = 0;

    if (sync != MAILDIR_SYNC_NONE && fsync(file->fd))
        result = -errno;
    if (close(file->fd) && !result)
        result = -errno;
    file->fd = -1;
    return result;
}

void maildir_commit(struct maildir_file *file, const struct maildir_commit *commit)
{
    char final_name[MAILDIR_NAME_MAX + 64];
    int result = settle(file, commit->sync);

    snprintf(final_name, sizeof final_name, "%s,S=%llu,W=%llu", file->name, (unsigned long long)file->size,
             (unsigned long long)(file->size + file->bare));
    for (size_t i = 0; i < commit->count; i++)
        commit->results[i] = result;
    if (!result)
        place_all(file, final_name, commit);
    if (commit->sync == MAILDIR_SYNC_FULL && !(commit->all_or_none && first_failure(commit)))
        sync_all(final_name, commit);
    if (commit->all_or_none && (result = first_failure(commit)))
        undo(final_name, commit, result);
    remove_tmp(file);
}
