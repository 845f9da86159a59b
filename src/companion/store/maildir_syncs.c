/* maildir_syncs.c - fsync of files and directories as the config wants it; one of a directory serves all who wait for it.
 * RFC 5321 4.2.5: what was answered with 250 must not be lost. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "maildir.h"

struct directory {
    struct directory *next;
    uint64_t asked, synced; /* how often; the newest that a sync which is done began after */
    unsigned users;
    int syncing;
    char path[];
};

struct mailproto_maildir_syncs {
    pthread_mutex_t lock;
    pthread_cond_t done;
    struct directory *directories; /* those that are being synced or waited for */
};

int32_t mailproto_maildir_syncs_new(mailproto_maildir_syncs **out)
{
    mailproto_maildir_syncs *syncs;

    if (!out)
        return MAILPROTO_ERR_ARG;
    *out = NULL;
    syncs = calloc(1, sizeof *syncs);
    if (!syncs)
        return MAILPROTO_ERR_NOMEM;
    if (pthread_mutex_init(&syncs->lock, NULL)) {
        free(syncs);
        return MAILPROTO_ERR_NOMEM;
    }
    if (pthread_cond_init(&syncs->done, NULL)) {
        pthread_mutex_destroy(&syncs->lock);
        free(syncs);
        return MAILPROTO_ERR_NOMEM;
    }
    *out = syncs;
    return MAILPROTO_OK;
}

void mailproto_maildir_syncs_free(mailproto_maildir_syncs *syncs)
{
    if (!syncs)
        return;
    pthread_cond_destroy(&syncs->done);
    pthread_mutex_destroy(&syncs->lock);
    free(syncs);
}

static struct directory *join(mailproto_maildir_syncs *syncs, const char *path)
{
    struct directory *d = syncs->directories;
    size_t size = strlen(path) + 1;

    while (d && strcmp(d->path, path))
        d = d->next;
    if (!d) {
        d = calloc(1, sizeof *d + size);
        if (!d)
            return NULL;
        memcpy(d->path, path, size);
        d->next = syncs->directories;
        syncs->directories = d;
    }
    d->users++;
    return d;
}

static void leave(mailproto_maildir_syncs *syncs, struct directory *d)
{
    struct directory **at = &syncs->directories;

    if (--d->users)
        return;
    while (*at != d)
        at = &(*at)->next;
    *at = d->next;
    free(d);
}

/* Those who come while one syncs wait, and the next sync is for all of them. 1: there is no memory to wait with. */
static int sync_shared(mp_maildir *m, mailproto_maildir_syncs *syncs, const char *path)
{
    struct directory *d;
    uint64_t mine, target;
    int error = 0;

    pthread_mutex_lock(&syncs->lock);
    d = join(syncs, path);
    if (!d) {
        pthread_mutex_unlock(&syncs->lock);
        return 1;
    }
    mine = ++d->asked;
    while (d->syncing && d->synced < mine)
        pthread_cond_wait(&syncs->done, &syncs->lock);
    if (d->synced < mine) {
        d->syncing = 1;
        target = d->asked;
        pthread_mutex_unlock(&syncs->lock);
        error = m->files.sync_directory(m->files.user, path);
        pthread_mutex_lock(&syncs->lock);
        d->syncing = 0;
        if (!error)
            d->synced = target; /* else each of those who wait tries for itself */
        pthread_cond_broadcast(&syncs->done);
    }
    leave(syncs, d);
    pthread_mutex_unlock(&syncs->lock);
    return error;
}

int mp_maildir_sync_directory(mp_maildir *m, const char *path)
{
    int error;

    if (m->sync != MAILPROTO_MAILDIR_SYNC_FULL)
        return 0;
    error = m->syncs ? sync_shared(m, m->syncs, path) : 1;
    return error > 0 ? m->files.sync_directory(m->files.user, path) : error;
}

int mp_maildir_sync_file(mp_maildir *m, int fd)
{
    return m->sync == MAILPROTO_MAILDIR_SYNC_NONE ? 0 : m->files.fsync(m->files.user, fd);
}
