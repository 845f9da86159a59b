/* maildir_check.c - reads an account and tells what is wrong, and repairs what can be repaired.
 * RFC 9051 2.3.1.1: UIDs are kept; an index that is made again from the messages has a greater UIDVALIDITY. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maildir_scan.h"

struct check {
    mp_maildir *m;
    void (*report)(void *user, uint32_t fixed, const char *sentence, size_t len);
    void *user;
    int repair;
    uint32_t problems;
};

__attribute__((format(printf, 3, 4))) static void tell(struct check *c, uint32_t fixed, const char *format, ...)
{
    char sentence[MP_SENTENCE_MAX];
    va_list arguments;
    int len;

    va_start(arguments, format);
    len = vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    c->problems += !fixed;
    if (len >= (int)sizeof sentence)
        len = (int)sizeof sentence - 1;
    if (c->report)
        c->report(c->user, fixed, sentence, len > 0 ? (size_t)len : 0);
}

/* ---- the index itself ---- */

static int32_t check_index(struct check *c, int *damaged)
{
    mp_maildir *m = c->m;
    sqlite3_stmt *s = NULL;
    char line[400];
    int rc = sqlite3_prepare_v2(m->db, "PRAGMA integrity_check(10)", -1, &s, NULL);

    *damaged = 0;
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(s);
        if (rc != SQLITE_ROW || !mp_sql_text(s, 0, line, sizeof line) || !strcmp(line, "ok"))
            continue;
        *damaged = 1;
        tell(c, (uint32_t)c->repair, "the index is damaged: %s", line);
    }
    sqlite3_finalize(s);
    if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB) {
        *damaged = 1;
        tell(c, (uint32_t)c->repair, "the index cannot be read: %s", sqlite3_errstr(rc));
        return 0;
    }
    return rc == SQLITE_DONE ? 0 : mp_maildir_sql_error(m, rc, "checking the index");
}

/* ---- messages ---- */

struct counts {
    uint32_t messages, unseen, deleted;
    uint64_t octets, deleted_octets;
};

static void add(struct counts *counts, const mp_message *message)
{
    counts->messages++;
    counts->octets += message->size;
    counts->unseen += !(message->flags & MAILPROTO_FLAG_SEEN);
    if (message->flags & MAILPROTO_FLAG_DELETED) {
        counts->deleted++;
        counts->deleted_octets += message->size;
    }
}

/* A file of another size, or of a size that was not counted right, is another message: it gets a new UID. */
static int32_t check_message(struct check *c, const mp_mailbox *box, const mp_message *message, int *good)
{
    char path[MP_PATH_MAX];
    mp_maildir *m = c->m;
    mp_file_status status;
    uint64_t size = 0;
    int fd, error;
    int32_t result;

    *good = 1;
    if (!mp_maildir_message_path(m, path, box, message))
        return MAILPROTO_ERR_LIMIT;
    fd = m->files.open(m->files.user, path, MP_FILE_READ);
    if (fd < 0) {
        tell(c, 0, "%s cannot be read: error %d", path, -fd);
        return 0;
    }
    error = m->files.fstat(m->files.user, fd, &status);
    if (!error && status.size == message->octets)
        error = mp_maildir_measure(m, fd, message->octets, &size);
    m->files.close(m->files.user, fd);
    if (!error && size == message->size)
        return 0;
    if (error && error != -EILSEQ) {
        tell(c, 0, "%s cannot be read: error %d", path, -error);
        return 0;
    }
    *good = 0;
    tell(c, (uint32_t)c->repair, "%s is not of the size %llu that was told of UID %lu", path,
         (unsigned long long)message->size, (unsigned long)message->uid);
    if (!c->repair)
        return 0;
    result = mp_maildir_lost(m, box->id, message->uid);
    return result == MAILPROTO_ERR_GONE ? 0 : result;
}

static int32_t check_counts(struct check *c, mp_mailbox *box, const struct counts *counts)
{
    mp_mailbox before;
    int32_t result;

    if (counts->messages == box->messages && counts->octets == box->octets && counts->unseen == box->unseen &&
        counts->deleted == box->deleted && counts->deleted_octets == box->deleted_octets)
        return 0;
    tell(c, (uint32_t)c->repair, "the counts of the mailbox in \"%s\" are wrong: %lu messages are %lu", box->directory,
         (unsigned long)box->messages, (unsigned long)counts->messages);
    if (!c->repair)
        return 0;
    result = mp_maildir_write(c->m, 1);
    if (!result)
        result = mp_maildir_mailbox(c->m, box->id, &before);
    if (result)
        return result;
    *box = before;
    box->messages = counts->messages;
    box->octets = counts->octets;
    box->unseen = counts->unseen;
    box->deleted = counts->deleted;
    box->deleted_octets = counts->deleted_octets;
    result = mp_maildir_mailbox_save(c->m, box, &before);
    return result ? result : mp_maildir_commit(c->m);
}

static int32_t check_mailbox(struct check *c, uint64_t id)
{
    struct counts counts = {0};
    mp_mailbox box;
    mp_message message;
    uint32_t *uids = NULL;
    size_t count = 0;
    int good, all_good = 1;
    int32_t result = mp_maildir_mailbox(c->m, id, &box);

    if (result || box.attributes & MAILPROTO_MAILBOX_NOSELECT)
        return result;
    result = mp_maildir_look(c->m, &box, MP_LOOK_FORCED);
    if (!result)
        result = mp_maildir_mailbox(c->m, id, &box);
    if (!result)
        result = mp_maildir_uids(c->m, &box, NULL, 0, &uids, &count);
    for (size_t i = 0; i < count && !result; i++) {
        result = mp_maildir_message(c->m, id, uids[i], &message);
        if (result)
            break;
        if (message.uid >= box.uidnext)
            tell(c, 0, "UID %lu of \"%s\" is above UIDNEXT: have the index made again (move it away)",
                 (unsigned long)message.uid, box.directory);
        result = check_message(c, &box, &message, &good);
        all_good &= good;
        add(&counts, &message);
    }
    free(uids);
    if (!result && all_good)
        result = check_counts(c, &box, &counts);
    if (result)
        mp_maildir_rollback(c->m);
    if (!result && c->repair)
        mp_maildir_clean_tmp(c->m, box.directory);
    return result;
}

/* ---- the account ---- */

static int32_t check_mailboxes(struct check *c)
{
    uint64_t ids[64], after = 0;
    size_t count = 64;
    int32_t result = mp_maildir_look_root(c->m, 1);

    while (!result && count == sizeof ids / sizeof *ids) {
        sqlite3_stmt *s = mp_sql(c->m, MP_SQL_MAILBOX_ALL, &result);

        count = 0;
        if (!s)
            return result;
        sqlite3_bind_int64(s, 1, (sqlite3_int64)after);
        while (count < sizeof ids / sizeof *ids && (result = mp_sql_step(c->m, s)) > 0)
            ids[count++] = after = (uint64_t)sqlite3_column_int64(s, 0);
        sqlite3_reset(s);
        result = result < 0 ? result : 0;
        for (size_t i = 0; i < count && !result; i++)
            result = check_mailbox(c, ids[i]);
    }
    return result;
}

static int32_t check_sums(struct check *c)
{
    int64_t wrong = 0;
    int rc;
    int32_t result = mp_sql_number(c->m, MP_SQL_SUMS_WRONG, 0, NULL, 0, &wrong);

    if (result || !wrong)
        return result;
    tell(c, (uint32_t)c->repair, "the sums of the account, which the quota looks at, are wrong");
    if (!c->repair)
        return 0;
    result = mp_maildir_write(c->m, 1);
    if (result)
        return result;
    rc = sqlite3_exec(c->m->db,
                      "UPDATE account SET messages = (SELECT total(messages) FROM mailboxes),"
                      " octets = (SELECT total(octets) FROM mailboxes)",
                      NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        return mp_maildir_commit(c->m);
    result = mp_maildir_sql_error(c->m, rc, "writing the index");
    mp_maildir_rollback(c->m);
    return result;
}

/* Folders that look like mailboxes and are none, and what a commit decided and could not be done. */
static int one_directory(void *context, const char *name)
{
    struct check *c = context;
    char key[MP_MAILBOX_MAX], path[MP_PATH_MAX];
    mp_file_status status;
    int32_t result;
    sqlite3_stmt *s;

    if (name[0] != '.' || strlen(name) >= MP_NAME_MAX || !mp_maildir_path(c->m, path, name, "cur", "") ||
        c->m->files.stat(c->m->files.user, path, &status))
        return 0;
    s = mp_sql(c->m, MP_SQL_MAILBOX_BY_DIRECTORY, &result);
    if (!s)
        return 0;
    mp_sql_bind_text(s, 1, name);
    result = mp_sql_step(c->m, s);
    sqlite3_reset(s);
    if (!result)
        tell(c, 0, "the folder %s is no mailbox: %s; rename it", name,
             mp_maildir_key_of(name, key, sizeof key) ? "another folder has the same name in other words"
                                                      : "its name is not one of Maildir++");
    return 0;
}

static int32_t check_folders(struct check *c)
{
    int64_t any = 0;
    int error = c->m->files.list(c->m->files.user, c->m->root, one_directory, c);
    int32_t result = error ? mp_maildir_file_error(c->m, error, "reading", c->m->root) : 0;

    if (!result)
        result = mp_sql_number(c->m, MP_SQL_TODO_ANY, 0, NULL, 0, &any);
    if (!result && any)
        tell(c, 0, "files of the account could not be renamed or removed: look at the permissions of %s", c->m->root);
    return result;
}

static int32_t check_all(struct check *c)
{
    int damaged = 0;
    int32_t result = check_index(c, &damaged);

    if (!result && damaged && !c->repair)
        return 0; /* what it says of the messages is not worth telling */
    if (!result && damaged) {
        c->m->damaged = 1;
        result = mp_maildir_ready(c->m);
    }
    if (!result)
        result = check_mailboxes(c);
    if (!result)
        result = check_sums(c);
    return result ? result : check_folders(c);
}

static int32_t check(const char *path, const mailproto_maildir_config *config,
                     void (*report)(void *user, uint32_t fixed, const char *sentence, size_t len), void *user,
                     uint32_t *problems, int repair)
{
    struct check c = {.report = report, .user = user, .repair = repair};
    char why[MP_SENTENCE_MAX];
    int32_t result;

    if (problems)
        *problems = 0;
    result = mailproto_maildir_open(&c.m, path, config, why, sizeof why);
    if (result) {
        tell(&c, 0, "%s", why);
    } else {
        result = check_all(&c);
        if (result)
            tell(&c, 0, "%s", c.m->sentence[0] ? c.m->sentence : mailproto_result_text(result));
        mailproto_maildir_close(c.m);
    }
    if (problems)
        *problems = c.problems;
    return result;
}

int32_t mailproto_maildir_check(const char *path, const mailproto_maildir_config *config,
                                void (*report)(void *user, uint32_t fixed, const char *sentence, size_t len),
                                void *user, uint32_t *problems)
{
    return check(path, config, report, user, problems, 0);
}

int32_t mailproto_maildir_repair(const char *path, const mailproto_maildir_config *config,
                                 void (*report)(void *user, uint32_t fixed, const char *sentence, size_t len),
                                 void *user, uint32_t *problems)
{
    return check(path, config, report, user, problems, 1);
}
