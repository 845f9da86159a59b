/* maildir_check_mailbox.c - looks at one mailbox: its files against the rows of the index, and the rows against its counts.
 * RFC 9051 2.3.1.1, 2.3.4 (a size that was told is kept).
 *
 * On an account that is in use the index, which is that of one moment, and the folders, which are read as they are now, may
 * differ: so what looks wrong is looked at again, with the index as it is then. A message leaves the index before it leaves
 * the folder, and comes into the folder before it comes into the index: what then is wrong, is. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "maildir_check.h"

struct looked {
    mp_mailbox box;
    mp_scan scan;
    uint32_t fresh, changed; /* files that the index does not know; known ones with other flags, or another place */
};

static void compare(struct looked *l)
{
    mp_scan *scan = &l->scan;

    for (size_t i = 0; i < scan->found_count; i++) {
        const mp_found *found = &scan->found[i];
        const char *name = mp_scan_text(scan, found->name);
        size_t len = mp_maildir_base_length(name);
        mp_known *known = mp_scan_find(scan, name, len);

        if (!known) {
            l->fresh++;
        } else if (known->uid && !known->seen) {
            known->seen = 1;
            known->seen_as = i;
            l->changed += known->in_new != found->in_new ||
                          (!found->in_new && strcmp(mp_scan_text(scan, known->info), name + len));
        } else if (!known->uid) {
            scan->leftovers++;
        }
    }
}

/* ERR_NOT_FOUND: there is no such mailbox any more, or it is only a name, or its folder is still to get its new name. */
static int32_t look(mp_check *c, uint64_t id, struct looked *l)
{
    int32_t result;

    memset(l, 0, sizeof *l);
    l->scan = (mp_scan){.m = c->m, .box = &l->box, .full = 1};
    result = mp_maildir_selectable(c->m, id, &l->box);
    if (!result)
        result = mp_maildir_todo_directory(c->m, l->box.directory);
    if (result > 0)
        return MAILPROTO_ERR_NOT_FOUND;
    if (!result)
        result = mp_scan_load(&l->scan);
    if (!result)
        result = mp_scan_list(&l->scan, 1);
    if (!result)
        result = mp_scan_list(&l->scan, 0);
    if (!result)
        compare(l);
    return result;
}

static const char *folder_of(mp_check *c, char *out, const mp_mailbox *box)
{
    return mp_maildir_path(c->m, out, box->directory, "", "") ? out : c->m->root;
}

int mp_check_file(mp_maildir *m, const char *path, const mp_message *message)
{
    mp_file_status status;
    uint64_t size = 0;
    int fd = m->files.open(m->files.user, path, MP_FILE_READ), error;

    if (fd < 0)
        return fd;
    error = m->files.fstat(m->files.user, fd, &status);
    if (!error && (status.kind != MP_FILE_REGULAR || status.size != message->octets))
        error = -EILSEQ;
    if (!error)
        error = mp_maildir_measure(m, fd, message->octets, &size);
    m->files.close(m->files.user, fd);
    if (!error && size == message->size)
        return 0;
    return error && error != -EILSEQ ? error : 1;
}

/* One message: 1, something is wrong with it, which is told if `aloud`. */
static int32_t examine(mp_check *c, const struct looked *l, const mp_known *known, int aloud)
{
    char path[MP_PATH_MAX], folder[MP_PATH_MAX];
    const mp_scan *scan = &l->scan;
    mp_message message = {0};
    int32_t result = mp_maildir_message(c->m, l->box.id, known->uid, &message);
    int wrong;

    if (result)
        return result;
    if (!known->seen) {
        result = mp_maildir_todo_of(c->m, message.base, NULL);
        if (result) /* a commit decided where it is to be placed */
            return result < 0 ? result : 0;
        if (aloud)
            mp_check_tell(c, MAILPROTO_MAILDIR_PROBLEM,
                          "the file of UID %lu, %s, is in no folder of %s: it was removed, and clients will be told so",
                          (unsigned long)message.uid, message.base, folder_of(c, folder, &l->box));
        return 1;
    }
    if (!mp_maildir_path(c->m, path, l->box.directory, scan->found[known->seen_as].in_new ? "new" : "cur",
                         mp_scan_text(scan, scan->found[known->seen_as].name)))
        return MAILPROTO_ERR_LIMIT;
    wrong = mp_check_file(c->m, path, &message);
    if (wrong > 0 && aloud)
        mp_check_tell(c, MAILPROTO_MAILDIR_PROBLEM, "%s is not of the size %llu that was told of UID %lu", path,
                      (unsigned long long)message.size, (unsigned long)message.uid);
    if (wrong < 0 && aloud) {
        (void)mp_maildir_file_error(c->m, wrong, "reading", path);
        mp_check_tell_error(c, 0);
    }
    return wrong != 0;
}

/* ---- sums ---- */

void mp_counts_add(mp_counts *counts, const mp_message *message)
{
    counts->messages++;
    counts->octets += message->size;
    counts->unseen += !(message->flags & MAILPROTO_FLAG_SEEN);
    if (message->flags & MAILPROTO_FLAG_DELETED) {
        counts->deleted++;
        counts->deleted_octets += message->size;
    }
}

int mp_counts_differ(const mp_counts *counts, const mp_mailbox *box)
{
    return counts->messages != box->messages || counts->octets != box->octets || counts->unseen != box->unseen ||
           counts->deleted != box->deleted || counts->deleted_octets != box->deleted_octets;
}

/* What the index says of a mailbox against what it says of its messages. */
static int32_t check_rows(mp_check *c, const mp_mailbox *box)
{
    char folder[MP_PATH_MAX];
    mp_counts counts = {0};
    mp_message message;
    int32_t result;
    sqlite3_stmt *s = mp_sql(c->m, MP_SQL_MESSAGES, &result);

    if (!s)
        return result;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)box->id);
    sqlite3_bind_int64(s, 2, 0);
    sqlite3_bind_int64(s, 3, UINT32_MAX);
    while ((result = mp_sql_step(c->m, s)) > 0) {
        result = mp_maildir_message_columns(c->m, s, &message);
        if (result)
            break;
        mp_counts_add(&counts, &message);
        if (message.uid >= box->uidnext)
            mp_check_tell(c, MAILPROTO_MAILDIR_PROBLEM,
                          "UID %lu of %s is not below UIDNEXT: move the index away to have it made again",
                          (unsigned long)message.uid, folder_of(c, folder, box));
    }
    sqlite3_reset(s);
    if (!result && mp_counts_differ(&counts, box))
        mp_check_tell(c, MAILPROTO_MAILDIR_PROBLEM,
                      "the counts of the mailbox in %s are wrong: %lu messages of %llu octets are %lu of %llu",
                      folder_of(c, folder, box), (unsigned long)box->messages, (unsigned long long)box->octets,
                      (unsigned long)counts.messages, (unsigned long long)counts.octets);
    return result;
}

/* ---- mailboxes ---- */

static void remark(mp_check *c, const struct looked *l)
{
    char folder[MP_PATH_MAX];

    folder_of(c, folder, &l->box);
    if (l->fresh)
        mp_check_tell(c, MAILPROTO_MAILDIR_REMARK,
                      "%lu message%s in %s came since it was opened last: %s UIDs when it is opened next",
                      (unsigned long)l->fresh, l->fresh == 1 ? "" : "s", folder,
                      l->fresh == 1 ? "it gets its" : "they get their");
    if (l->changed)
        mp_check_tell(c, MAILPROTO_MAILDIR_REMARK, "another program renamed the files of %lu message%s in %s",
                      (unsigned long)l->changed, l->changed == 1 ? "" : "s", folder);
    if (l->scan.leftovers)
        mp_check_tell(c, MAILPROTO_MAILDIR_REMARK, "%d file%s of removed messages %s still in %s", l->scan.leftovers,
                      l->scan.leftovers == 1 ? "" : "s", l->scan.leftovers == 1 ? "is" : "are", folder);
}

/* UIDs of what looks wrong, and their number. */
static int32_t suspects(mp_check *c, const struct looked *l, uint32_t **uids, size_t *count)
{
    int32_t result = 0;

    *count = 0;
    *uids = malloc((l->scan.known_count + 1) * sizeof **uids);
    if (!*uids)
        return mp_maildir_error(c->m, MAILPROTO_ERR_NOMEM, "there is no memory");
    for (size_t i = 0; i < l->scan.known_count && result >= 0; i++) {
        if (!l->scan.known[i].uid)
            continue;
        result = examine(c, l, &l->scan.known[i], 0);
        if (result > 0)
            (*uids)[(*count)++] = l->scan.known[i].uid;
    }
    return result < 0 ? result : 0;
}

static int by_uid(const void *left, const void *right)
{
    const uint32_t *a = left, *b = right;

    return *a < *b ? -1 : *a > *b;
}

/* With the index as it is after something looked wrong. */
static int32_t look_again(mp_check *c, uint64_t id, uint32_t *uids, size_t count)
{
    struct looked l;
    int32_t result = mp_check_index_now(c);

    if (result)
        return result;
    result = look(c, id, &l);
    qsort(uids, count, sizeof *uids, by_uid);
    for (size_t i = 0; i < l.scan.known_count && result >= 0; i++) {
        const uint32_t *uid = &l.scan.known[i].uid;

        if (*uid && bsearch(uid, uids, count, sizeof *uids, by_uid))
            result = examine(c, &l, &l.scan.known[i], 1);
    }
    mp_scan_free(&l.scan);
    return result < 0 ? result : 0;
}

/* A mailbox may be removed or renamed meanwhile. */
static int32_t look_first(mp_check *c, uint64_t id, struct looked *l)
{
    int32_t result = look(c, id, l);

    if (!result || result == MAILPROTO_ERR_NOT_FOUND)
        return result;
    mp_scan_free(&l->scan);
    memset(&l->scan, 0, sizeof l->scan);
    c->m->sentence[0] = 0;
    result = mp_check_index_now(c);
    return result ? result : look(c, id, l);
}

int32_t mp_check_mailbox(mp_check *c, uint64_t id)
{
    struct looked l;
    uint32_t *uids = NULL;
    size_t count = 0;
    int32_t result = look_first(c, id, &l);

    if (!result)
        result = check_rows(c, &l.box);
    if (!result)
        result = suspects(c, &l, &uids, &count);
    if (!result)
        remark(c, &l);
    mp_scan_free(&l.scan);
    if (!result && count)
        result = look_again(c, id, uids, count);
    free(uids);
    if (result && c->m->damaged)
        return result;
    if (result && result != MAILPROTO_ERR_NOT_FOUND)
        mp_check_tell_error(c, result);
    c->m->sentence[0] = 0;
    return 0;
}
