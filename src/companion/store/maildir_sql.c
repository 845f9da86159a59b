/* maildir_sql.c - statements and transactions of the index.
 * SQLite in WAL mode: synchronous=FULL where a commit must survive a loss of power, NORMAL where it may be lost. */
#include <stdio.h>
#include <string.h>

#include "maildir.h"

static const char *const texts[MP_SQL_COUNT] = {
#define TEXT(name, text) [MP_SQL_##name] = (text),
    MP_STATEMENTS(TEXT)
#undef TEXT
};

sqlite3_stmt *mp_sql(mp_maildir *m, unsigned which, int32_t *result)
{
    sqlite3_stmt **statement = &m->statements[which];

    *result = 0;
    if (*statement) {
        sqlite3_reset(*statement);
        sqlite3_clear_bindings(*statement);
        return *statement;
    }
    if (!m->db) {
        *result = mp_maildir_error(m, MAILPROTO_ERR_UNAVAILABLE, "the index is not open");
        return NULL;
    }
    int rc = sqlite3_prepare_v3(m->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);

    if (rc != SQLITE_OK)
        *result = mp_maildir_sql_error(m, rc, "reading the index");
    return *statement;
}

int32_t mp_sql_step(mp_maildir *m, sqlite3_stmt *statement)
{
    int rc = sqlite3_step(statement);
    int32_t result;

    if (rc == SQLITE_ROW)
        return 1;
    if (rc == SQLITE_DONE) {
        sqlite3_reset(statement);
        return 0;
    }
    rc = sqlite3_extended_errcode(m->db);
    result = mp_maildir_sql_error(m, rc, m->writing ? "writing the index" : "reading the index");
    sqlite3_reset(statement);
    return result;
}

int32_t mp_sql_run(mp_maildir *m, sqlite3_stmt *statement)
{
    int32_t result = mp_sql_step(m, statement);

    sqlite3_reset(statement);
    return result < 0 ? result : 0;
}

int32_t mp_sql_do(mp_maildir *m, unsigned which, unsigned count, const int64_t *values)
{
    int32_t result;
    sqlite3_stmt *statement = mp_sql(m, which, &result);

    if (!statement)
        return result;
    for (unsigned i = 0; i < count; i++)
        sqlite3_bind_int64(statement, (int)i + 1, values[i]);
    return mp_sql_run(m, statement);
}

int32_t mp_sql_number(mp_maildir *m, unsigned which, unsigned count, const int64_t *values, int64_t none,
                      int64_t *number)
{
    int32_t result;
    sqlite3_stmt *statement = mp_sql(m, which, &result);

    if (!statement)
        return result;
    for (unsigned i = 0; i < count; i++)
        sqlite3_bind_int64(statement, (int)i + 1, values[i]);
    result = mp_sql_step(m, statement);
    if (result < 0)
        return result;
    *number = result && sqlite3_column_type(statement, 0) != SQLITE_NULL ? sqlite3_column_int64(statement, 0) : none;
    sqlite3_reset(statement);
    return 0;
}

void mp_sql_bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

int mp_sql_text(sqlite3_stmt *statement, int column, char *out, size_t size)
{
    const void *text = sqlite3_column_text(statement, column);
    size_t len = (size_t)sqlite3_column_bytes(statement, column);

    if (!text)
        len = 0;
    if (len >= size)
        return 0;
    if (len)
        memcpy(out, text, len);
    out[len] = 0;
    return 1;
}

/* ---- transactions ---- */

static int32_t set_durable(mp_maildir *m, int durable)
{
    int wanted = m->sync != MAILPROTO_MAILDIR_SYNC_FULL ? 1 : durable ? 2 : 1;
    int rc;

    if (m->durable == wanted)
        return 0;
    rc = sqlite3_exec(m->db, wanted == 2 ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL", NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        return mp_maildir_sql_error(m, rc, "writing the index");
    m->durable = wanted;
    return 0;
}

static int32_t begin(mp_maildir *m, int durable)
{
    int32_t result = m->db ? 0 : mp_maildir_error(m, MAILPROTO_ERR_UNAVAILABLE, "the index is not open");

    if (!result)
        result = set_durable(m, durable);
    if (result)
        return result;
    m->writing = 1;
    result = mp_sql_do(m, MP_SQL_BEGIN, 0, NULL);
    if (result)
        m->writing = 0;
    return result;
}

int32_t mp_maildir_write_plain(mp_maildir *m, int durable)
{
    int needs = 0;
    int32_t result = begin(m, durable);

    if (result || durable)
        return result;
    result = mp_maildir_modseq_needs_durable(m, &needs);
    if (!result && !needs)
        return 0;
    mp_maildir_rollback(m); /* synchronous cannot be changed inside of a transaction */
    return result ? result : begin(m, 1);
}

int32_t mp_maildir_write(mp_maildir *m, int durable)
{
    int64_t any = 0;
    int32_t result = mp_maildir_write_plain(m, durable);

    if (result)
        return result;
    result = mp_sql_number(m, MP_SQL_TODO_ANY, 0, NULL, 0, &any);
    if (!result && any)
        result = mp_maildir_todo_finish(m);
    if (result)
        mp_maildir_rollback(m);
    return result;
}

int32_t mp_maildir_commit(mp_maildir *m)
{
    int32_t result = mp_sql_do(m, MP_SQL_COMMIT, 0, NULL);

    if (result)
        mp_maildir_rollback(m);
    m->writing = 0;
    return result;
}

void mp_maildir_rollback(mp_maildir *m)
{
    char sentence[MP_SENTENCE_MAX];

    memcpy(sentence, m->sentence, sizeof sentence);
    for (size_t i = 0; i < MP_SQL_COUNT; i++)
        if (m->statements[i])
            sqlite3_reset(m->statements[i]);
    if (m->db && !sqlite3_get_autocommit(m->db)) {
        int32_t ignored;
        sqlite3_stmt *statement = mp_sql(m, MP_SQL_ROLLBACK, &ignored);

        if (statement) {
            sqlite3_step(statement);
            sqlite3_reset(statement);
        }
    }
    m->writing = 0;
    memcpy(m->sentence, sentence, sizeof sentence); /* of what made it fail */
}

uint64_t mp_maildir_growth(mp_maildir *m)
{
    sqlite3_stmt *s = NULL;
    mp_file_status status;
    char path[MP_PATH_MAX];
    uint64_t pages = 0, size = 1;

    if (sqlite3_prepare_v2(m->db, "SELECT page_count, page_size FROM pragma_page_count, pragma_page_size", -1, &s,
                           NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW) {
        pages = (uint64_t)sqlite3_column_int64(s, 0);
        size = (uint64_t)sqlite3_column_int64(s, 1);
    }
    sqlite3_finalize(s);
    if (!mp_maildir_own(m, path, "index.sqlite") || m->files.stat(m->files.user, path, &status))
        return UINT64_MAX;
    return pages * size > status.size ? pages * size - status.size : 0;
}

void mp_maildir_checkpoint(mp_maildir *m, uint64_t most)
{
    if (!m->db || mp_maildir_growth(m) > most)
        return;                     /* it would take room before it gives any */
    sqlite3_busy_timeout(m->db, 0); /* where others read or write it is not waited for */
    sqlite3_wal_checkpoint_v2(m->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_busy_timeout(m->db, (int)m->busy_ms);
}

int32_t mp_maildir_read(mp_maildir *m)
{
    return mp_sql_do(m, MP_SQL_BEGIN_READ, 0, NULL);
}

void mp_maildir_read_end(mp_maildir *m)
{
    mp_maildir_rollback(m);
}
