/* maildrop.c - a Maildir as POP3 sees it: listing, unique ids, lock, and the deletions of QUIT.
 * RFC 1939 4 (lock), 6 (UPDATE state), 7 (unique ids). */
#include "maildrop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "maildir.h"

/* ---- opening ---- */

static uint64_t number(const char **at)
{
    uint64_t value = 0;

    for (; **at >= '0' && **at <= '9' && value < UINT64_MAX / 100; ++*at)
        value = value * 10 + (uint64_t)(**at - '0');
    return value;
}

/* What the name says of the time of delivery: SECONDS.Mmicroseconds..., as most who write Maildirs have it. */
static void read_time(struct maildrop_message *message, const char *name)
{
    message->second = number(&name);
    if (name[0] == '.' && name[1] == 'M') {
        name += 2;
        message->micro = (uint32_t)number(&name);
    }
}

/* ",S=n,W=n" says it without a look at the file: a name that we gave, or whoever else tells both. */
static int said_size(const char *name, uint64_t *size)
{
    const char *at = strstr(name, ",W=");

    if (!at || !strstr(name, ",S="))
        return 0;
    at += 3;
    *size = number(&at);
    return *size && (!*at || *at == ',' || *at == ':');
}

static void *grown(void *items, size_t *room, size_t needed, size_t size)
{
    void *more;
    size_t wanted = *room ? *room : 64;

    if (needed <= *room)
        return items;
    while (wanted < needed)
        wanted *= 2;
    more = realloc(items, wanted * size);
    if (more)
        *room = wanted;
    return more;
}

static int add(struct maildrop *drop, const char *name, int in_new)
{
    size_t len = strlen(name) + 1;
    struct maildrop_message *message;
    struct maildrop_reader reader;
    void *more;
    int result;

    if (!(more = grown(drop->messages, &drop->room, drop->count + 1, sizeof *drop->messages)))
        return -ENOMEM;
    drop->messages = more;
    if (!(more = grown(drop->names, &drop->names_room, drop->names_len + len, 1)))
        return -ENOMEM;
    drop->names = more;
    message = &drop->messages[drop->count];
    *message = (struct maildrop_message){.at = drop->names_len, .in_new = (uint8_t)in_new};
    if (!said_size(name, &message->size)) {
        result = maildrop_reader_open(&reader, drop->path, name, in_new);
        if (result) /* gone meanwhile, or no message at all */
            return result == -ENOENT || result == -EINVAL || result == -EISDIR ? 0 : result;
        message->size = reader.size;
        maildrop_reader_close(&reader);
    }
    read_time(message, name);
    memcpy(drop->names + drop->names_len, name, len);
    drop->names_len += len;
    drop->count++;
    return 0;
}

static int list(struct maildrop *drop, int in_new)
{
    char folder[PATH_MAX];
    struct dirent *entry;
    DIR *directory;
    int result = 0;

    if (snprintf(folder, sizeof folder, "%s/%s", drop->path, in_new ? "new" : "cur") >= (int)sizeof folder)
        return -ENAMETOOLONG;
    directory = opendir(folder);
    if (!directory)
        return -errno;
    while (!result && (entry = readdir(directory)))
        if (entry->d_name[0] != '.')
            result = add(drop, entry->d_name, in_new);
    closedir(directory);
    return result;
}

static int in_order(const void *a, const void *b)
{
    const struct maildrop_message *left = a, *right = b;

    if (left->second != right->second)
        return left->second < right->second ? -1 : 1;
    if (left->micro != right->micro)
        return left->micro < right->micro ? -1 : 1;
    return strcmp(left->name, right->name);
}

static int same_message(const char *left, const char *right)
{
    size_t len = strcspn(left, ":");

    return strcspn(right, ":") == len && !memcmp(left, right, len);
}

/* Puts them in order; one that was moved while the folders were read was found twice, and counts once. */
static void sort(struct maildrop *drop)
{
    size_t kept = 0;

    for (size_t i = 0; i < drop->count; i++)
        drop->messages[i].name = drop->names + drop->messages[i].at;
    if (drop->count)
        qsort(drop->messages, drop->count, sizeof *drop->messages, in_order);
    drop->octets = 0;
    for (size_t i = 0; i < drop->count; i++) {
        if (kept && same_message(drop->messages[kept - 1].name, drop->messages[i].name))
            continue;
        drop->messages[kept++] = drop->messages[i];
        drop->octets += drop->messages[i].size;
    }
    drop->count = kept;
}

/* The lock of this process and of all others: an open file can be locked once only. The file stays, for removing it
   would let two processes lock two files of one name. */
static int lock(struct maildrop *drop)
{
    char file[PATH_MAX];

    if (snprintf(file, sizeof file, "%s/mailprotod.lock", drop->path) >= (int)sizeof file)
        return -ENAMETOOLONG;
    drop->lock = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (drop->lock < 0)
        return -errno;
    return flock(drop->lock, LOCK_EX | LOCK_NB) ? -errno : 0;
}

int maildrop_open(struct maildrop *drop, const char *path)
{
    int result;

    *drop = (struct maildrop){.lock = -1};
    drop->path = strdup(path);
    result = drop->path ? lock(drop) : -ENOMEM;
    if (!result)
        result = list(drop, 1); /* before cur: what is moved meanwhile is then found twice rather than never */
    if (!result)
        result = list(drop, 0);
    if (result) {
        maildrop_close(drop);
        return result;
    }
    sort(drop);
    return 0;
}

void maildrop_close(struct maildrop *drop)
{
    if (drop->lock >= 0)
        close(drop->lock);
    free(drop->path);
    free(drop->messages);
    free(drop->names);
    *drop = (struct maildrop){.lock = -1};
}

/* ---- names ---- */

static uint64_t hash(const char *text, size_t len, uint64_t basis)
{
    for (size_t i = 0; i < len; i++)
        basis = (basis ^ (unsigned char)text[i]) * UINT64_C(1099511628211); /* FNV-1a */
    return basis;
}

size_t maildrop_uid(const struct maildrop *drop, size_t i, char uid[MAILDROP_UID_MAX + 1])
{
    const char *name = drop->messages[i].name;
    size_t len = strcspn(name, ":"), good = 0;

    while (good < len && name[good] > 0x20 && name[good] < 0x7f)
        good++;
    if (good == len && len <= MAILDROP_UID_MAX) {
        memcpy(uid, name, len);
        uid[len] = 0;
        return len;
    }
    return (size_t)snprintf(uid, MAILDROP_UID_MAX + 1, "%016llx%016llx",
                            (unsigned long long)hash(name, len, UINT64_C(14695981039346656037)),
                            (unsigned long long)hash(name, len, UINT64_C(0x9e3779b97f4a7c15)));
}

/* ---- the end ---- */

/* Removes one message; it may have moved from new/ to cur/ since it was listed. */
static int delete_one(struct maildrop *drop, size_t i)
{
    char file[PATH_MAX];
    const char *folder = drop->messages[i].in_new ? "new" : "cur";

    if (snprintf(file, sizeof file, "%s/%s/%s", drop->path, folder, drop->messages[i].name) >= (int)sizeof file)
        return -ENAMETOOLONG;
    if (!unlink(file))
        return 0;
    if (errno != ENOENT)
        return -errno;
    if (maildrop_find(drop->path, drop->messages[i].name, file))
        return 0; /* somebody else deleted it */
    drop->messages[i].in_new = 0;
    return unlink(file) && errno != ENOENT ? -errno : 0;
}

/* Seen (RFC 1939 knows no flags; Maildirs do): new/NAME becomes cur/NAME:2,S. */
static void move_one(struct maildrop *drop, size_t i)
{
    char from[PATH_MAX], to[PATH_MAX];
    const char *name = drop->messages[i].name;
    const char *flags = strchr(name, ':') ? "" : ":2,S";

    if (snprintf(from, sizeof from, "%s/new/%s", drop->path, name) < (int)sizeof from &&
        snprintf(to, sizeof to, "%s/cur/%s%s", drop->path, name, flags) < (int)sizeof to)
        rename(from, to); /* if it fails it stays new, which loses nothing */
}

static int sync_folder(const struct maildrop *drop, const char *folder)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", drop->path, folder);
    return maildir_sync_directory(path);
}

uint32_t maildrop_update(struct maildrop *drop)
{
    uint32_t failed = 0, deleted[2] = {0, 0};

    for (size_t i = 0; i < drop->count; i++) {
        struct maildrop_message *message = &drop->messages[i];

        if (message->deleted) {
            if (delete_one(drop, i))
                failed++;
            else
                deleted[message->in_new]++;
        } else if (message->retrieved && message->in_new) {
            move_one(drop, i);
        }
    }
    /* a deletion that the power undoes was none: the message would come again */
    if (deleted[0] && sync_folder(drop, "cur"))
        failed += deleted[0];
    if (deleted[1] && sync_folder(drop, "new"))
        failed += deleted[1];
    return failed;
}
