/* maildir_look.c - when to look at the folders of a mailbox, and what is kept of a look so that the next may be spared.
 * https://cr.yp.to/proto/maildir.html; RFC 7162 3.1: what other programs did gets modseqs as if we had done it.
 *
 * The time of a folder tells whether names in it changed. It is rough: a change in the same tick leaves it as it is, so a
 * time is trusted ("settled") only if it was old when it was read. new/ is looked at until it is settled: it is kept
 * empty. cur/ is changed by us, too, and reading it all after each such change would cost the square: after one it is
 * read again when the mailbox is opened, and while it is open at most for a hundredth of the time. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "maildir_scan.h"

enum { PASSES = 8, SHARE = 100, FORGET_REMOVED = 512, PART = 64 };

int64_t mp_maildir_now_ns(mp_maildir *m)
{
    int64_t seconds;
    int32_t nanoseconds;

    m->files.now(m->files.user, &seconds, &nanoseconds);
    return seconds * 1000000000 + nanoseconds;
}

int64_t mp_maildir_mtime(mp_maildir *m, const char *directory, const char *folder)
{
    mp_file_status status;
    char path[MP_PATH_MAX];
    int error;

    if (!mp_maildir_path(m, path, directory, folder, ""))
        return -ENAMETOOLONG;
    error = m->files.stat(m->files.user, path, &status);
    return error ? error : status.mtime * 1000000000 + status.mtime_ns;
}

int mp_maildir_settled(int64_t mtime, int64_t now)
{
    int64_t tick = mtime % 1000000000 ? 20000000 : 2000000000; /* some file systems count in 1 or 2 seconds */

    return now - mtime >= tick;
}

static int32_t save(mp_maildir *m, mp_mailbox *box)
{
    int64_t values[] = {(int64_t)box->id, box->new_mtime,   box->new_settled, box->cur_mtime,
                        box->cur_settled, box->cur_scanned, box->cur_cost,    (int64_t)m->epoch};

    box->scan_epoch = m->epoch;
    return mp_sql_do(m, MP_SQL_MAILBOX_SCANNED, 8, values);
}

/* ---- our own changes ---- */

void mp_maildir_own_begin(mp_maildir *m, const mp_mailbox *box, mp_own_change *change)
{
    change->before = mp_maildir_mtime(m, box->directory, "cur");
    change->known = change->before == box->cur_mtime;
}

int32_t mp_maildir_own_end(mp_maildir *m, mp_mailbox *box, const mp_own_change *change)
{
    if (!change->known)
        return 0; /* somebody else changed it, and that is still to be looked at */
    box->cur_mtime = mp_maildir_mtime(m, box->directory, "cur");
    box->cur_settled = 0;
    return save(m, box);
}

/* ---- one look ---- */

/* One pass over new/, and in the first one over cur/ if it is wanted. */
static int32_t pass(mp_scan *scan, int with_cur, int64_t *now)
{
    mp_maildir *m = scan->m;
    mp_mailbox *box = scan->box;
    int32_t result;

    scan->took = 0;
    scan->found_start = scan->found_count;
    scan->fresh_count = 0;
    *now = mp_maildir_now_ns(m);
    box->new_mtime = mp_maildir_mtime(m, box->directory, "new");
    if (with_cur)
        box->cur_mtime = mp_maildir_mtime(m, box->directory, "cur");
    for (size_t i = 0; i < scan->known_count; i++)
        scan->known[i].seen = scan->known[i].seen && !with_cur;
    result = mp_scan_list(scan, 1);
    if (!result && with_cur)
        result = mp_scan_list(scan, 0);
    if (!result && !scan->full)
        result = mp_scan_load_found(scan);
    if (!result)
        result = mp_scan_compare(scan);
    if (!result && scan->fresh_count)
        result = mp_scan_adopt(scan);
    return result;
}

/* Names of removed files need not be remembered once their removal is durable. */
static int32_t forget_removed(mp_scan *scan)
{
    int64_t id = (int64_t)scan->box->id, count = 0;
    char cur[MP_PATH_MAX], fresh[MP_PATH_MAX];
    mp_maildir *m = scan->m;
    int32_t result = mp_sql_number(m, MP_SQL_REMOVED_COUNT, 1, &id, 0, &count);

    if (result || count < FORGET_REMOVED || scan->leftovers)
        return result;
    if (!mp_maildir_path(m, cur, scan->box->directory, "cur", "") ||
        !mp_maildir_path(m, fresh, scan->box->directory, "new", ""))
        return MAILPROTO_ERR_LIMIT;
    if (mp_maildir_sync_directory(m, cur) || mp_maildir_sync_directory(m, fresh))
        return 0;
    scan->changed = 1;
    return mp_sql_do(m, MP_SQL_REMOVED_FORGET, 1, &id);
}

static int32_t passes(mp_scan *scan)
{
    mp_maildir *m = scan->m;
    mp_mailbox *box = scan->box;
    int64_t begun = mp_maildir_now_ns(m), now = begun, before = mp_maildir_mtime(m, box->directory, "cur");
    int known = before == box->cur_mtime, turn = 0;
    int32_t result = scan->full ? mp_scan_load(scan) : 0;

    do
        if (!result)
            result = pass(scan, scan->full && turn == 0, &now);
    while (!result && scan->took && ++turn < PASSES);
    if (!result && scan->full)
        result = mp_scan_vanish(scan);
    if (!result && scan->full)
        result = forget_removed(scan);
    box->new_settled = !scan->took && !scan->left_out && mp_maildir_settled(box->new_mtime, now);
    if (scan->full) {
        box->cur_settled = !scan->own && !scan->left_out && mp_maildir_settled(box->cur_mtime, begun);
        box->cur_scanned = begun / 1000000;
        box->cur_cost = (mp_maildir_now_ns(m) - begun) / 1000000;
    }
    if (scan->own && (scan->full || known)) {
        box->cur_mtime = mp_maildir_mtime(m, box->directory, "cur");
        box->cur_settled = 0;
    }
    return result;
}

/* Nothing but what is kept of the look is new: that may be lost with the power, and costs no fsync. */
static int32_t keep_times(mp_maildir *m, mp_mailbox *box)
{
    int32_t result;

    mp_maildir_rollback(m);
    result = mp_maildir_write(m, 0);
    if (!result)
        result = save(m, box);
    if (!result)
        result = mp_maildir_commit(m);
    if (result)
        mp_maildir_rollback(m);
    return result;
}

/* On a full disk nothing is committed after which to delete would need more room than is kept back for it. Where room was given
   up the disk may have more of it again. */
static int is_too_much(mp_maildir *m, size_t limit)
{
    uint64_t growth = limit || m->released ? mp_maildir_growth(m) : 0;

    return growth > MP_GROWTH && (limit || !mp_maildir_has_room(m, growth + MP_ROOM_TO_SEE + MP_ROOM_TO_DELETE));
}

/* limit: no more new messages than that; 0: all. 1: there are more. */
static int32_t scan_mailbox(mp_maildir *m, mp_mailbox *box, int full, size_t limit)
{
    mp_scan scan = {.m = m, .box = box, .full = full, .limit = limit};
    mp_mailbox before;
    int32_t result = mp_maildir_write(m, 1);

    if (result)
        return result;
    result = mp_maildir_selectable(m, box->id, box);
    before = *box;
    if (!result)
        result = mp_maildir_directory_ready(m, box->directory); /* or what has its name is another's */
    if (!result)
        result = passes(&scan);
    if (!result && !scan.changed) {
        result = keep_times(m, box);
        if (result == MAILPROTO_ERR_FULL)
            result = 0; /* then it is looked at again */
    } else {
        if (!result)
            result = mp_maildir_mailbox_save(m, box, &before);
        if (!result)
            result = save(m, box);
        if (!result && is_too_much(m, limit))
            result = MAILPROTO_ERR_FULL;
        if (!result)
            result = mp_maildir_commit(m);
        else
            mp_maildir_rollback(m);
    }
    mp_scan_free(&scan);
    if (!result && full)
        mp_maildir_clean_tmp(m, box->directory);
    return result ? result : scan.limited;
}

/* ---- whether to look ---- */

static int cur_is_due(mp_maildir *m, const mp_mailbox *box, int64_t mtime, int how)
{
    int64_t age = mp_maildir_now_ns(m) / 1000000 - box->cur_scanned;
    int64_t wait = box->cur_cost * SHARE > 1000 ? box->cur_cost * SHARE : 1000;

    if (how == MP_LOOK_FORCED || mtime != box->cur_mtime || box->scan_epoch < m->unclean)
        return 1;
    return !box->cur_settled && (how == MP_LOOK_OPEN || age >= wait || age < 0);
}

static int32_t folder_error(mp_maildir *m, const mp_mailbox *box, int64_t error)
{
    char path[MP_PATH_MAX];

    if (!mp_maildir_path(m, path, box->directory, "", ""))
        return MAILPROTO_ERR_LIMIT;
    return mp_maildir_file_error(m, (int)error, "looking at", path);
}

/* A folder is missing: the mailbox may have been removed or renamed by another program; if not, it is made again. */
static int32_t missing(mp_maildir *m, mp_mailbox *box)
{
    int32_t result = mp_maildir_look_root(m, 1);

    if (!result)
        result = mp_maildir_selectable(m, box->id, box);
    return result ? result : mp_maildir_complete_directory(m, box->directory);
}

static int32_t look(mp_maildir *m, mp_mailbox *box, int how)
{
    int64_t in_new = mp_maildir_mtime(m, box->directory, "new"), in_cur = mp_maildir_mtime(m, box->directory, "cur");
    int32_t result;
    int full;

    if (in_new == -ENOENT || in_cur == -ENOENT) {
        result = missing(m, box);
        if (result)
            return result;
        in_new = mp_maildir_mtime(m, box->directory, "new");
        in_cur = mp_maildir_mtime(m, box->directory, "cur");
    }
    if (in_new < 0 || in_cur < 0)
        return folder_error(m, box, in_new < 0 ? in_new : in_cur);
    full = cur_is_due(m, box, in_cur, how);
    if (!full && in_new == box->new_mtime && box->new_settled)
        return 0;
    return scan_mailbox(m, box, full, 0);
}

/* As many of the new messages as there is room for in the log, which is used again and again. */
static int32_t scan_in_parts(mp_maildir *m, mp_mailbox *box)
{
    int32_t result = 0;

    for (size_t limit = PART; limit; limit /= 4) {
        do {
            mp_maildir_checkpoint(m, MP_GROWTH);
            result = scan_mailbox(m, box, 1, limit);
        } while (result > 0);
        if (result != MAILPROTO_ERR_FULL)
            break;
    }
    return result;
}

/* On a full disk mail can be read, too: what was kept back is used, and if nothing new can be kept any more, what is known
   is what there is. */
int32_t mp_maildir_look(mp_maildir *m, mp_mailbox *box, int how)
{
    int32_t result = look(m, box, how);

    if (result == MAILPROTO_ERR_FULL && mp_maildir_release(m, MP_TO_SEE))
        result = look(m, box, MP_LOOK_FORCED);
    if (result == MAILPROTO_ERR_FULL)
        result = scan_in_parts(m, box);
    if (result != MAILPROTO_ERR_FULL || how == MP_LOOK_FORCED)
        return result;
    m->sentence[0] = 0;
    return mp_maildir_selectable(m, box->id, box);
}

/* Its name may say a wrong size: it gets one that says none, so that it will be counted. */
static void rename_lost(mp_maildir *m, const mp_mailbox *box, const mp_message *message)
{
    char from[MP_PATH_MAX], to[MP_PATH_MAX];
    mp_message other = *message;
    mp_file_status status;

    other.base[strcspn(other.base, ",")] = 0;
    if (!strcmp(other.base, message->base) || !mp_maildir_message_path(m, from, box, message) ||
        !mp_maildir_message_path(m, to, box, &other))
        return;
    if (m->files.stat(m->files.user, to, &status) != -ENOENT) {
        mp_maildir_unique(m, other.base);
        if (!mp_maildir_message_path(m, to, box, &other))
            return;
    }
    (void)m->files.rename(m->files.user, from, to);
}

int32_t mp_maildir_lost(mp_maildir *m, uint64_t mailbox, uint32_t uid)
{
    mp_mailbox box, before;
    mp_message message;
    uint64_t modseq;
    int32_t result = mp_maildir_write(m, 0); /* if this is lost, the file is missed again */

    if (result)
        return result;
    result = mp_maildir_selectable(m, mailbox, &box);
    before = box;
    if (!result)
        result = mp_maildir_message(m, mailbox, uid, &message);
    if (!result)
        result = mp_maildir_new_modseq(m, &modseq);
    if (!result) {
        box.modseq = modseq;
        box.cur_mtime = 0; /* what is there now is looked at next */
        rename_lost(m, &box, &message);
        result = mp_maildir_message_remove(m, &box, &message, 0);
    }
    if (!result)
        result = mp_maildir_vanish(m, &box, &uid, 1, modseq);
    if (!result)
        result = mp_maildir_mailbox_save(m, &box, &before);
    if (!result)
        result = save(m, &box);
    if (result) {
        mp_maildir_rollback(m);
        return result;
    }
    result = mp_maildir_commit(m);
    return result ? result : mp_maildir_error(m, MAILPROTO_ERR_GONE, "the file of the message was changed or removed");
}
