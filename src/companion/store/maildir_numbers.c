/* maildir_numbers.c - MODSEQ in durable blocks, UIDVALIDITY from the account's counter, and who was the first to open.
 * RFC 7162 3.1.1, RFC 9051 2.3.1.1: numbers are never used again, whatever the power does. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/ascii.h"
#include "maildir.h"

enum { MODSEQ_BLOCK = 1024, UIDVALIDITY_BLOCK = 1024 };

struct account {
    int64_t uidvalidity, uidvalidity_bound, modseq, modseq_bound, epoch, closed, floor;
};

static int32_t account(mp_maildir *m, struct account *out)
{
    int32_t result;
    sqlite3_stmt *statement = mp_sql(m, MP_SQL_ACCOUNT, &result);

    if (!statement)
        return result;
    result = mp_sql_step(m, statement);
    if (result < 0)
        return result;
    if (!result)
        return mp_maildir_sql_error(m, SQLITE_CORRUPT, "reading the account's numbers");
    out->uidvalidity = sqlite3_column_int64(statement, 0);
    out->uidvalidity_bound = sqlite3_column_int64(statement, 1);
    out->modseq = sqlite3_column_int64(statement, 2);
    out->modseq_bound = sqlite3_column_int64(statement, 3);
    out->epoch = sqlite3_column_int64(statement, 4);
    out->closed = sqlite3_column_int64(statement, 9);
    out->floor = sqlite3_column_int64(statement, 10);
    sqlite3_reset(statement);
    return 0;
}

int32_t mp_maildir_modseq_needs_durable(mp_maildir *m, int *needs)
{
    struct account now;
    int32_t result = account(m, &now);

    if (!result)
        *needs = now.epoch != (int64_t)m->epoch || now.modseq + 16 > now.modseq_bound;
    return result;
}

/* A block is reserved in a transaction that is durable. What was given from it since then may be lost with the power, and
   then the numbers would be given again: so the first to open after that begins another block. */
int32_t mp_maildir_new_modseq(mp_maildir *m, uint64_t *modseq)
{
    struct account now;
    int32_t result = account(m, &now);
    sqlite3_int64 values[3];

    if (result)
        return result;
    if (now.epoch != (int64_t)m->epoch)
        now.modseq = now.modseq_bound;
    values[0] = now.modseq + 1;
    values[1] = now.modseq_bound;
    values[2] = (int64_t)m->epoch;
    if (values[0] > values[1])
        values[1] = now.modseq + MODSEQ_BLOCK;
    *modseq = (uint64_t)values[0];
    return mp_sql_do(m, MP_SQL_ACCOUNT_MODSEQ, 3, (const int64_t *)values);
}

/* ---- UIDVALIDITY ---- */

static int read_small(mp_maildir *m, const char *path, char *out, size_t size)
{
    int fd = m->files.open(m->files.user, path, MP_FILE_READ);
    int64_t n;

    if (fd < 0)
        return fd;
    n = mp_files_read_at(&m->files, fd, out, size - 1, 0);
    m->files.close(m->files.user, fd);
    if (n < 0)
        return (int)n;
    out[n] = 0;
    return 0;
}

uint32_t mp_maildir_uidvalidity_bound(mp_maildir *m)
{
    char path[MP_PATH_MAX], text[64];
    uint64_t number = 0;

    if (mp_maildir_own(m, path, "uidvalidity") && !read_small(m, path, text, sizeof text))
        (void)mp_ascii_read_decimal(text, strlen(text), &number);
    return number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

static int write_durably(mp_maildir *m, const char *path, const char *text)
{
    int fd = m->files.open(m->files.user, path, MP_FILE_WRITE | MP_FILE_CREATE | MP_FILE_TRUNCATE), error;

    if (fd < 0)
        return fd;
    error = mp_files_write_all(&m->files, fd, text, strlen(text));
    if (!error)
        error = mp_maildir_sync_file(m, fd);
    m->files.close(m->files.user, fd);
    return error;
}

/* Before any of its numbers is used: an index that is made again begins above them. */
static int32_t write_bound(mp_maildir *m, int64_t bound)
{
    char path[MP_PATH_MAX], made[MP_PATH_MAX], folder[MP_PATH_MAX], text[32];
    int error;

    if (!mp_maildir_own(m, path, "uidvalidity") || !mp_maildir_own(m, made, "uidvalidity.new") ||
        !mp_maildir_own(m, folder, ""))
        return MAILPROTO_ERR_LIMIT;
    snprintf(text, sizeof text, "%lld\n", (long long)bound);
    error = write_durably(m, made, text);
    if (!error)
        error = m->files.rename(m->files.user, made, path);
    if (!error)
        error = mp_maildir_sync_directory(m, folder);
    return error ? mp_maildir_file_error(m, error, "writing", path) : 0;
}

int32_t mp_maildir_new_uidvalidity(mp_maildir *m, uint32_t *uidvalidity)
{
    struct account now;
    int32_t result = account(m, &now), nanoseconds;
    int64_t seconds, values[2];

    if (result)
        return result;
    m->files.now(m->files.user, &seconds, &nanoseconds);
    values[0] = now.uidvalidity + 1;
    values[1] = now.uidvalidity_bound;
    if (values[0] < seconds)
        values[0] = seconds;
    if (!now.uidvalidity_bound && values[0] <= (int64_t)mp_maildir_uidvalidity_bound(m))
        values[0] = (int64_t)mp_maildir_uidvalidity_bound(m) + 1; /* the first of an index that was made again */
    if (values[0] >= UINT32_MAX)
        return mp_maildir_error(m, MAILPROTO_ERR_LIMIT, "the account has used up its UIDVALIDITY numbers");
    if (values[0] > values[1]) {
        values[1] = values[0] + UIDVALIDITY_BLOCK;
        result = write_bound(m, values[1]);
    }
    *uidvalidity = (uint32_t)values[0];
    return result ? result : mp_sql_do(m, MP_SQL_ACCOUNT_UIDVALIDITY, 2, values);
}

/* ---- epochs ---- */

/* The file mailproto/open holds two numbers: the epoch, and the last one that began after an unclean end. It is written by
   the first to open only, who has it locked; what a loss of power does to it is mended by the index's own epoch. */
int32_t mp_maildir_epoch_begin(mp_maildir *m, int first, int *unclean)
{
    char path[MP_PATH_MAX], text[64];
    struct account now;
    uint64_t numbers[2] = {0, 0};
    size_t digits;
    int64_t n;
    int32_t result = account(m, &now);

    if (result)
        return result;
    if (!mp_maildir_own(m, path, "open"))
        return MAILPROTO_ERR_LIMIT;
    n = mp_files_read_at(&m->files, m->open_lock, text, sizeof text - 1, 0);
    if (n < 0)
        return mp_maildir_file_error(m, (int)n, "reading", path);
    text[n] = 0;
    digits = mp_ascii_read_decimal(text, strlen(text), &numbers[0]);
    if (digits && text[digits] == ' ')
        (void)mp_ascii_read_decimal(text + digits + 1, strlen(text + digits + 1), &numbers[1]);
    m->epoch = numbers[0];
    m->unclean = numbers[1];
    *unclean = first && now.epoch != now.closed;
    if (!first)
        return 0;
    if (m->epoch < (uint64_t)now.epoch)
        m->epoch = (uint64_t)now.epoch;
    m->epoch++;
    if (mp_maildir_now_ns(m) > 0 && m->epoch < (uint64_t)mp_maildir_now_ns(m))
        m->epoch = (uint64_t)mp_maildir_now_ns(m); /* greater than any that was lost with the power */
    if (*unclean)
        m->unclean = m->epoch;
    snprintf(text, sizeof text, "%llu %llu\n", (unsigned long long)m->epoch, (unsigned long long)m->unclean);
    n = m->files.pwrite(m->files.user, m->open_lock, text, strlen(text), 0);
    return n < 0 ? mp_maildir_file_error(m, (int)n, "writing", path) : 0;
}

/* Numbers of the block above the last that is known may have been told with what was lost: a cursor among them says nothing,
   and all that is told from now on is above them. */
int32_t mp_maildir_epoch_recover(mp_maildir *m)
{
    struct account now;
    uint64_t floor = 0;
    int64_t values[2];
    int32_t result = account(m, &now);

    if (result)
        return result;
    values[0] = now.modseq + 1;
    values[1] = now.modseq_bound;
    if (values[0] <= values[1])
        result = mp_sql_do(m, MP_SQL_LOST_INSERT, 2, values);
    if (!result)
        result = mp_maildir_new_modseq(m, &floor);
    values[0] = (int64_t)floor;
    return result ? result : mp_sql_do(m, MP_SQL_ACCOUNT_FLOOR, 1, values);
}

/* What is in the log is in order: if this is there after a loss of power, all before it is. */
void mp_maildir_epoch_end(mp_maildir *m)
{
    int64_t epoch = (int64_t)m->epoch;
    struct account now;

    if (account(m, &now) || now.epoch != epoch || now.closed == epoch)
        return;
    if (mp_maildir_write_plain(m, 0))
        return;
    if (mp_sql_do(m, MP_SQL_ACCOUNT_CLOSED, 1, &epoch) || mp_maildir_commit(m))
        mp_maildir_rollback(m);
}

int32_t mp_maildir_cursor(mp_maildir *m, const mp_mailbox *box, uint64_t *cursor)
{
    int64_t floor = 0;
    int32_t result = mp_sql_number(m, MP_SQL_FLOOR, 0, NULL, 0, &floor);

    *cursor = box->modseq > (uint64_t)floor ? box->modseq : (uint64_t)floor;
    return result;
}
