/* maildir_schema.c - the tables of the index, and the upgrade of older ones.
 * PRAGMA user_version tells the layout: 0, an empty file; 1, without save dates and blobs; 2, this one. */
#include <stdio.h>

#include "maildir.h"

/* key: the name with octet 1 between components, so that BINARY order is hierarchy order. UIDVALIDITYs are ids: neither
   is given twice. */
static const char tables[] =
    "CREATE TABLE account(id INTEGER PRIMARY KEY CHECK(id = 1), uidvalidity INTEGER NOT NULL,"
    " uidvalidity_bound INTEGER NOT NULL, modseq INTEGER NOT NULL, modseq_bound INTEGER NOT NULL,"
    " epoch INTEGER NOT NULL, messages INTEGER NOT NULL, octets INTEGER NOT NULL,"
    " root_mtime INTEGER NOT NULL, root_settled INTEGER NOT NULL, closed INTEGER NOT NULL, floor INTEGER NOT NULL);"
    "INSERT INTO account VALUES(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);"
    "CREATE TABLE lost(first INTEGER PRIMARY KEY, last INTEGER NOT NULL);"
    "CREATE TABLE mailboxes(id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, directory TEXT UNIQUE,"
    " uidvalidity INTEGER NOT NULL, uidnext INTEGER NOT NULL, modseq INTEGER NOT NULL, horizon INTEGER NOT NULL,"
    " attributes INTEGER NOT NULL, messages INTEGER NOT NULL DEFAULT 0, octets INTEGER NOT NULL DEFAULT 0,"
    " unseen INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0,"
    " deleted_octets INTEGER NOT NULL DEFAULT 0, new_mtime INTEGER NOT NULL DEFAULT 0,"
    " new_settled INTEGER NOT NULL DEFAULT 0, cur_mtime INTEGER NOT NULL DEFAULT 0,"
    " cur_settled INTEGER NOT NULL DEFAULT 0, cur_scanned INTEGER NOT NULL DEFAULT 0,"
    " cur_cost INTEGER NOT NULL DEFAULT 0, scan_epoch INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE messages(mailbox INTEGER NOT NULL, uid INTEGER NOT NULL, base TEXT NOT NULL, info TEXT,"
    " flags INTEGER NOT NULL, keywords TEXT, modseq INTEGER NOT NULL, size INTEGER NOT NULL,"
    " octets INTEGER NOT NULL, date INTEGER NOT NULL, zone INTEGER NOT NULL, state INTEGER NOT NULL,"
    " PRIMARY KEY(mailbox, uid)) WITHOUT ROWID;"
    "CREATE UNIQUE INDEX messages_base ON messages(mailbox, base);"
    "CREATE INDEX messages_modseq ON messages(mailbox, modseq);"
    "CREATE TABLE keywords(mailbox INTEGER NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL,"
    " PRIMARY KEY(mailbox, number)) WITHOUT ROWID;"
    "CREATE TABLE vanished(mailbox INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,"
    " modseq INTEGER NOT NULL, PRIMARY KEY(mailbox, first)) WITHOUT ROWID;"
    "CREATE INDEX vanished_modseq ON vanished(mailbox, modseq);"
    "CREATE TABLE removed(mailbox INTEGER NOT NULL, base TEXT NOT NULL, PRIMARY KEY(mailbox, base)) WITHOUT ROWID;"
    "CREATE TABLE todo(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, mailbox INTEGER NOT NULL, base TEXT NOT NULL,"
    " source TEXT NOT NULL, source_base TEXT NOT NULL, target TEXT NOT NULL);"
    "CREATE TABLE subscriptions(key TEXT PRIMARY KEY) WITHOUT ROWID;"
    "CREATE TABLE metadata(mailbox INTEGER NOT NULL, name TEXT NOT NULL COLLATE NOCASE, value BLOB NOT NULL,"
    " PRIMARY KEY(mailbox, name)) WITHOUT ROWID;"
    "CREATE TABLE quotas(resource INTEGER PRIMARY KEY, bound INTEGER NOT NULL);"
    "PRAGMA user_version = 1;";

/* From version 1, where there were no save dates: they stay unknown for the messages that are there. */
static const char upgrade_1[] = "ALTER TABLE messages ADD COLUMN saved INTEGER;"
                                "CREATE TABLE blobs(mailbox INTEGER NOT NULL, uid INTEGER NOT NULL,"
                                " version INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY(mailbox, uid));"
                                "PRAGMA user_version = 2;";

static int32_t version(mp_maildir *m, int *number)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(m->db, "PRAGMA user_version", -1, &statement, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        *number = sqlite3_column_int(statement, 0);
    else
        rc = sqlite3_extended_errcode(m->db);
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW ? 0 : mp_maildir_sql_error(m, rc, "opening the index");
}

static int32_t run(mp_maildir *m, const char *sql)
{
    int rc = sqlite3_exec(m->db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0
                           : mp_maildir_sql_error(m, sqlite3_extended_errcode(m->db), "making the tables of the index");
}

/* A file of version 0 that has tables is somebody else's. */
static int32_t is_empty(mp_maildir *m)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(m->db, "SELECT count(*) FROM sqlite_master", -1, &statement, NULL), tables_there = 0;

    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        tables_there = sqlite3_column_int(statement, 0);
    else
        rc = sqlite3_extended_errcode(m->db);
    sqlite3_finalize(statement);
    if (rc != SQLITE_ROW)
        return mp_maildir_sql_error(m, rc, "opening the index");
    return tables_there ? mp_maildir_sql_error(m, SQLITE_CORRUPT, "opening the index") : 0;
}

static int32_t steps(mp_maildir *m, int from)
{
    int32_t result = 0;

    if (from == 0) {
        result = is_empty(m);
        if (!result)
            result = run(m, tables);
    }
    if (!result && from <= 1)
        result = run(m, upgrade_1);
    return result;
}

int32_t mp_maildir_schema_version(mp_maildir *m, int *number)
{
    int32_t result = version(m, number);

    if (result || (*number >= 0 && *number <= MP_SCHEMA))
        return result;
    snprintf(m->sentence, sizeof m->sentence,
             "the index %.600s/mailproto/index.sqlite has layout %d, and this program knows those up to %d: use the "
             "newer program, or move the index away to have it made again from the messages",
             m->root, *number, MP_SCHEMA);
    return MAILPROTO_ERR_CONFIG;
}

int32_t mp_maildir_schema(mp_maildir *m)
{
    int from = 0;
    int32_t result = mp_maildir_schema_version(m, &from);

    if (result || from == MP_SCHEMA)
        return result;
    /* tables that are lost with the power are made again; the first durable commit behind them keeps them, too */
    result = run(m, "PRAGMA synchronous=NORMAL; BEGIN IMMEDIATE");
    if (!result)
        result = version(m, &from); /* another process may have been quicker */
    if (!result)
        result = steps(m, from);
    if (!result)
        result = run(m, "COMMIT");
    if (result)
        mp_maildir_rollback(m);
    m->durable = 0;
    return result;
}
