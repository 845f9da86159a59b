/* maildir_scan.c - compares the files of a mailbox with the index: flags changed, files moved, doubled, left over, gone.
 * https://cr.yp.to/proto/maildir.html; RFC 9051 2.3.1.1: what the index did not know gets UIDs in order of delivery. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maildir_scan.h"

/* What is changed by one look has one modseq. */
int32_t mp_scan_modseq(mp_scan *scan)
{
    int32_t result = scan->modseq ? 0 : mp_maildir_new_modseq(scan->m, &scan->modseq);

    if (!result)
        scan->box->modseq = scan->modseq;
    scan->changed = 1;
    return result;
}

static const char *path_of(mp_scan *scan, char *out, const mp_found *found)
{
    return mp_maildir_path(scan->m, out, scan->box->directory, found->in_new ? "new" : "cur",
                           mp_scan_text(scan, found->name));
}

static const char *info_of(const mp_scan *scan, const mp_found *found)
{
    const char *name = mp_scan_text(scan, found->name);

    return name + mp_maildir_base_length(name);
}

/* ---- a message that is known ---- */

/* Another program gave it flags, or put it elsewhere. Keywords stay. */
static int32_t take_info(mp_scan *scan, mp_known *known, const char *info)
{
    mp_message message = {0};
    uint32_t flags = mp_maildir_info_flags(info);
    int64_t values[] = {(int64_t)scan->box->id, known->uid};
    int32_t result;
    sqlite3_stmt *s;

    scan->changed = 1;
    known->in_new = 0;
    if (flags == known->flags) {
        s = mp_sql(scan->m, MP_SQL_MESSAGE_INFO, &result);
        if (!s)
            return result;
        sqlite3_bind_int64(s, 1, values[0]);
        sqlite3_bind_int64(s, 2, values[1]);
        mp_sql_bind_text(s, 3, info);
        return mp_sql_run(scan->m, s);
    }
    result = mp_maildir_message(scan->m, scan->box->id, known->uid, &message);
    if (!result)
        result = mp_scan_modseq(scan);
    if (result)
        return result;
    mp_maildir_uncount(scan->box, &message);
    known->flags = message.flags = flags;
    message.modseq = scan->modseq;
    message.in_new = 0;
    snprintf(message.info, sizeof message.info, "%s", info);
    mp_maildir_count(scan->box, &message);
    return mp_maildir_message_save(scan->m, scan->box->id, &message);
}

static int32_t set_apart(mp_scan *scan, size_t index, const char *first);

/* It lies in new/: it is put into cur/, as the index has it. What cannot be moved stays, and is found there. */
static int32_t into_cur(mp_scan *scan, mp_known *known, size_t index)
{
    const mp_found *found = &scan->found[index];
    char from[MP_PATH_MAX], to[MP_PATH_MAX], info[MP_NAME_MAX], name[2 * MP_NAME_MAX];
    mp_maildir *m = scan->m;

    mp_file_status status;
    int was_in_new = known->in_new;

    if (was_in_new)
        mp_maildir_info_make(info, info_of(scan, found), known->flags);
    else
        snprintf(info, sizeof info, "%s", mp_scan_text(scan, known->info));
    snprintf(name, sizeof name, "%s%s", mp_scan_text(scan, known->base), info);
    if (!path_of(scan, from, found) || !mp_maildir_path(m, to, scan->box->directory, "cur", name))
        return MAILPROTO_ERR_LIMIT;
    if (m->files.stat(m->files.user, to, &status) != -ENOENT) {
        known->seen = 0; /* the file there is the one that is known */
        return set_apart(scan, index, to);
    }
    if (m->files.rename(m->files.user, from, to))
        return 0;
    scan->took = scan->own = 1;
    return was_in_new ? take_info(scan, known, info) : 0;
}

/* ---- two files of one base name ---- */

static int32_t add_fresh(mp_scan *scan, size_t index)
{
    if (scan->fresh_count == scan->fresh_room) {
        size_t room = scan->fresh_room ? 2 * scan->fresh_room : 64;
        size_t *more = realloc(scan->fresh, room * sizeof *more);

        if (!more)
            return mp_maildir_error(scan->m, MAILPROTO_ERR_NOMEM, "there is no memory");
        scan->fresh = more;
        scan->fresh_room = room;
    }
    scan->fresh[scan->fresh_count++] = index;
    return 0;
}

/* Two files: the one that was found is a message of its own, and gets a name of its own. One file under two names (a crash
   between link and unlink): the name that was found goes. A name that is gone was renamed while we read. */
static int32_t set_apart(mp_scan *scan, size_t index, const char *first)
{
    char path[MP_PATH_MAX], name[MP_NAME_MAX], to[MP_PATH_MAX];
    mp_file_status here, there;
    mp_found *found = &scan->found[index];
    mp_maildir *m = scan->m;

    if (!path_of(scan, path, found))
        return MAILPROTO_ERR_LIMIT;
    if (m->files.stat(m->files.user, path, &here) || m->files.stat(m->files.user, first, &there))
        return 0;
    scan->own = 1;
    if (here.inode == there.inode && here.device == there.device) {
        (void)m->files.unlink(m->files.user, path);
        return 0;
    }
    mp_maildir_unique(m, name);
    if (!mp_maildir_path(m, to, scan->box->directory, found->in_new ? "new" : "cur", name))
        return MAILPROTO_ERR_LIMIT;
    if (m->files.rename(m->files.user, path, to))
        return 0;
    found->name = mp_texts_add(&scan->texts, name, strlen(name));
    if (found->name == SIZE_MAX)
        return mp_maildir_error(m, MAILPROTO_ERR_NOMEM, "there is no memory");
    return add_fresh(scan, index);
}

/* Another file of a base name of which one was seen. */
static int32_t second(mp_scan *scan, mp_known *known, size_t index)
{
    char path[MP_PATH_MAX], first[MP_PATH_MAX];
    mp_file_status there;
    mp_found *found = &scan->found[index];

    if (!path_of(scan, path, found) || !path_of(scan, first, &scan->found[known->seen_as]))
        return MAILPROTO_ERR_LIMIT;
    if (strcmp(path, first) && !scan->m->files.stat(scan->m->files.user, first, &there))
        return set_apart(scan, index, first);
    if (scan->m->files.stat(scan->m->files.user, path, &there))
        return 0;
    known->seen_as = index;
    return found->in_new ? into_cur(scan, known, index) : take_info(scan, known, info_of(scan, found));
}

/* A file whose message was removed: it goes now, and never comes back as a new one. */
static int32_t leftover(mp_scan *scan, const mp_found *found, const mp_known *known)
{
    char path[MP_PATH_MAX];
    int32_t pending = mp_maildir_todo_of(scan->m, mp_scan_text(scan, known->base), NULL);
    int error;

    scan->leftovers++;
    if (pending) /* it was moved, and is still to be placed from here */
        return pending < 0 ? pending : 0;
    error = path_of(scan, path, found) ? scan->m->files.unlink(scan->m->files.user, path) : -ENAMETOOLONG;
    if (!error && found->in_new)
        scan->took = 1;
    else if (!error)
        scan->own = 1;
    return 0;
}

static int32_t compare_one(mp_scan *scan, size_t index)
{
    mp_found *found = &scan->found[index];
    const char *name = mp_scan_text(scan, found->name);
    mp_known *known = mp_scan_find(scan, name, mp_maildir_base_length(name));

    if (!known)
        return add_fresh(scan, index);
    if (!known->uid)
        return leftover(scan, found, known);
    if (known->seen)
        return known->seen_as == index ? 0 : second(scan, known, index);
    known->seen = 1;
    known->seen_as = index;
    if (found->in_new)
        return into_cur(scan, known, index);
    if (known->in_new || strcmp(mp_scan_text(scan, known->info), info_of(scan, found)))
        return take_info(scan, known, info_of(scan, found));
    return 0;
}

int32_t mp_scan_compare(mp_scan *scan)
{
    int32_t result = 0;

    for (size_t i = scan->found_start; i < scan->found_count && !result; i++)
        result = compare_one(scan, i);
    return result;
}

/* ---- what vanished ---- */

static size_t missing(const mp_scan *scan)
{
    size_t count = 0;

    for (size_t i = 0; i < scan->known_count; i++)
        count += scan->known[i].uid && !scan->known[i].seen;
    return count;
}

static int by_uid(const void *left, const void *right)
{
    const uint32_t *a = left, *b = right;

    return *a < *b ? -1 : *a > *b;
}

/* What a commit decided and could not be placed yet is not missing. */
static int32_t spare_pending(mp_scan *scan)
{
    int64_t any = 0;
    int32_t result = mp_sql_number(scan->m, MP_SQL_TODO_ANY, 0, NULL, 0, &any);

    for (size_t i = 0; i < scan->known_count && any && result >= 0; i++) {
        mp_known *known = &scan->known[i];

        if (!known->uid || known->seen)
            continue;
        result = mp_maildir_todo_of(scan->m, mp_scan_text(scan, known->base), NULL);
        known->seen = result > 0;
    }
    return result < 0 ? result : 0;
}

static int32_t remove_missing(mp_scan *scan, uint32_t *uids)
{
    mp_message message;
    size_t count = 0;
    int32_t result = mp_scan_modseq(scan);

    for (size_t i = 0; i < scan->known_count && !result; i++) {
        if (!scan->known[i].uid || scan->known[i].seen)
            continue;
        result = mp_maildir_message(scan->m, scan->box->id, scan->known[i].uid, &message);
        if (!result)
            result = mp_maildir_message_remove(scan->m, scan->box, &message, 0);
        uids[count++] = scan->known[i].uid;
    }
    if (result)
        return result;
    qsort(uids, count, sizeof *uids, by_uid);
    return mp_maildir_vanish(scan->m, scan->box, uids, count, scan->modseq);
}

/* A file that is renamed while a folder is read may be read under neither name: so what is missing is looked for twice. */
int32_t mp_scan_vanish(mp_scan *scan)
{
    uint32_t *uids;
    size_t count = missing(scan);
    int32_t result = 0;

    if (!count)
        return 0;
    scan->found_start = scan->found_count;
    for (size_t i = 0; i < scan->known_count; i++)
        scan->known[i].seen = 0;
    result = mp_scan_list(scan, 1);
    if (!result)
        result = mp_scan_list(scan, 0);
    scan->fresh_count = 0;
    if (!result)
        result = mp_scan_compare(scan);
    if (!result && scan->fresh_count)
        result = mp_scan_adopt(scan);
    if (!result)
        result = spare_pending(scan);
    count = missing(scan);
    if (result || !count)
        return result;
    uids = malloc(count * sizeof *uids);
    if (!uids)
        return mp_maildir_error(scan->m, MAILPROTO_ERR_NOMEM, "there is no memory");
    result = remove_missing(scan, uids);
    free(uids);
    return result;
}
