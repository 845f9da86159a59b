/* maildir_optional.c - quotas, annotations, and blobs that the engine keeps with messages.
 * RFC 9208 3, RFC 5464 4. */
#include <stdlib.h>
#include <string.h>

#include "core/ascii.h"
#include "maildir_scan.h"

/* Ends a transaction by what became of it, and answers. */
static int32_t finish(mp_maildir *m, mailproto_store_asker *asker, uint64_t token, int32_t result)
{
    if (!result)
        result = mp_maildir_commit(m);
    if (result) {
        mp_maildir_rollback(m);
        return mp_maildir_fail(m, asker, token, result);
    }
    (void)mailproto_store_done(asker, token);
    return 0;
}

/* ---- quotas ---- */

struct quota {
    uint32_t resource;
    uint64_t limit;
};

static int32_t load_quotas(mp_maildir *m, struct quota quotas[3], size_t *count)
{
    int32_t result;
    sqlite3_stmt *s = mp_sql(m, MP_SQL_QUOTAS, &result);

    *count = 0;
    if (!s)
        return result;
    while (*count < 3 && (result = mp_sql_step(m, s)) > 0) {
        quotas[*count].resource = (uint32_t)sqlite3_column_int(s, 0);
        quotas[*count].limit = (uint64_t)sqlite3_column_int64(s, 1);
        ++*count;
    }
    sqlite3_reset(s);
    return result < 0 ? result : 0;
}

static int32_t used(mp_maildir *m, uint32_t resource, uint64_t *value)
{
    int64_t number = 0;
    int32_t result;
    sqlite3_stmt *s;

    if (resource == MAILPROTO_QUOTA_MAILBOX) {
        result = mp_sql_number(m, MP_SQL_MAILBOX_COUNT, 0, NULL, 0, &number);
        *value = (uint64_t)number;
        return result;
    }
    s = mp_sql(m, MP_SQL_ACCOUNT, &result);
    if (!s)
        return result;
    result = mp_sql_step(m, s);
    if (result > 0)
        *value = (uint64_t)sqlite3_column_int64(s, resource == MAILPROTO_QUOTA_MESSAGE ? 5 : 6);
    sqlite3_reset(s);
    return result < 0 ? result : 0;
}

int32_t mp_maildir_quota_allows(mp_maildir *m, uint64_t octets, uint64_t messages, uint64_t mailboxes)
{
    struct quota quotas[3];
    size_t count;
    int32_t result = load_quotas(m, quotas, &count);

    for (size_t i = 0; i < count && !result; i++) {
        uint64_t more = quotas[i].resource == MAILPROTO_QUOTA_STORAGE   ? octets
                        : quotas[i].resource == MAILPROTO_QUOTA_MESSAGE ? messages
                                                                        : mailboxes;
        uint64_t now = 0;

        result = used(m, quotas[i].resource, &now);
        if (!result && more && (more > quotas[i].limit || now > quotas[i].limit - more))
            result = mp_maildir_error(m, MAILPROTO_ERR_QUOTA, "the quota of the account does not allow more");
    }
    return result;
}

int32_t mp_maildir_ask_quota(void *user, mailproto_store_asker *asker, const mailproto_store_quota *question)
{
    mp_maildir *m = user;
    struct quota quotas[3];
    uint64_t use[3] = {0, 0, 0};
    size_t count = 0;
    int32_t result = mp_maildir_ready(m), heard = 0;

    if (!result)
        result = load_quotas(m, quotas, &count);
    for (size_t i = 0; i < count && !result; i++)
        result = used(m, quotas[i].resource, &use[i]);
    for (size_t i = 0; i < count && !result && !heard; i++) {
        mailproto_store_quota_item item = {.head = {sizeof item, MAILPROTO_STORE_QUOTA_ITEM, question->head.token}};

        item.resource = quotas[i].resource;
        item.has_limit = 1;
        item.used = use[i];
        item.limit = quotas[i].limit;
        heard = mailproto_store_give(asker, question->head.token, &item.head);
    }
    if (result)
        return mp_maildir_fail(m, asker, question->head.token, result);
    (void)mp_maildir_done(asker, question->head.token, heard);
    return 0;
}

/* A file tells those who deliver without the index that there is something to be asked of it. */
int mp_maildir_has_quotas(mp_maildir *m)
{
    mp_file_status status;
    char path[MP_PATH_MAX];

    return mp_maildir_own(m, path, "quotas") && !m->files.stat(m->files.user, path, &status);
}

static int32_t mark_quotas(mp_maildir *m)
{
    char path[MP_PATH_MAX], folder[MP_PATH_MAX];
    int fd;

    if (mp_maildir_has_quotas(m))
        return 0;
    if (!mp_maildir_own(m, path, "quotas") || !mp_maildir_own(m, folder, ""))
        return MAILPROTO_ERR_LIMIT;
    fd = m->files.open(m->files.user, path, MP_FILE_WRITE | MP_FILE_CREATE);
    if (fd >= 0)
        fd = m->files.close(m->files.user, fd);
    if (!fd)
        fd = mp_maildir_sync_directory(m, folder);
    return fd ? mp_maildir_file_error(m, fd, "making", path) : 0;
}

int32_t mp_maildir_ask_quota_set(void *user, mailproto_store_asker *asker, const mailproto_store_quota_set *question)
{
    mp_maildir *m = user;
    int64_t values[] = {question->resource, question->limit > INT64_MAX ? INT64_MAX : (int64_t)question->limit};
    int32_t result = mp_maildir_ready(m);

    if (!result && (question->root.len || question->resource < MAILPROTO_QUOTA_STORAGE ||
                    question->resource > MAILPROTO_QUOTA_MAILBOX))
        result = mp_maildir_error(m, MAILPROTO_ERR_NOT_FOUND, "there is no such quota");
    if (!result && question->has_limit)
        result = mark_quotas(m);
    if (!result)
        result = mp_maildir_write(m, 1);
    if (result)
        return mp_maildir_fail(m, asker, question->head.token, result);
    if (question->has_limit)
        result = mp_sql_do(m, MP_SQL_QUOTA_INSERT, 2, values);
    else
        result = mp_sql_do(m, MP_SQL_QUOTA_DELETE, 1, values);
    return finish(m, asker, question->head.token, result);
}

/* ---- annotations ---- */

/* Whether an entry is `name` or lies at most `depth` levels below it. */
static int is_below(const char *entry, mailproto_text name, uint32_t depth)
{
    size_t len = strlen(entry);
    uint32_t levels = 0;

    while (name.len && name.ptr[name.len - 1] == '/')
        name.len--;
    if (len < name.len || !mp_ascii_same(entry, name.ptr, name.len))
        return 0;
    if (len == name.len)
        return 1;
    if (entry[name.len] != '/')
        return 0;
    for (const char *at = entry + name.len; *at; at++)
        levels += *at == '/';
    return depth == MAILPROTO_UNLIMITED || levels <= depth;
}

struct annotations {
    mp_texts texts; /* name, value; lengths apart */
    size_t *lengths;
    size_t count, room;
};

static int add_annotation(struct annotations *a, const char *name, const void *value, size_t len)
{
    if (a->count == a->room) {
        size_t room = a->room ? 2 * a->room : 16;
        size_t *more = realloc(a->lengths, room * sizeof *more);

        if (!more)
            return 0;
        a->lengths = more;
        a->room = room;
    }
    a->lengths[a->count++] = len;
    return mp_texts_add(&a->texts, name, strlen(name)) != SIZE_MAX &&
           mp_texts_add(&a->texts, value ? value : "", len) != SIZE_MAX;
}

static int32_t load_annotations(mp_maildir *m, const mailproto_store_metadata *question, struct annotations *a)
{
    int32_t result;
    sqlite3_stmt *s = mp_sql(m, MP_SQL_METADATA, &result);

    if (!s)
        return result;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)question->mailbox);
    while ((result = mp_sql_step(m, s)) > 0) {
        const void *name = sqlite3_column_text(s, 0), *value = sqlite3_column_blob(s, 1);

        if (!name || !is_below(name, question->name, question->depth))
            continue;
        if (!add_annotation(a, name, value, (size_t)sqlite3_column_bytes(s, 1))) {
            result = mp_maildir_error(m, MAILPROTO_ERR_NOMEM, "there is no memory");
            break;
        }
    }
    sqlite3_reset(s);
    return result;
}

/* Of a mailbox that is there, or 0: of the server. */
static int32_t may_annotate(mp_maildir *m, uint64_t mailbox)
{
    mp_mailbox box;
    int32_t result = mp_maildir_ready(m);

    return result || !mailbox ? result : mp_maildir_mailbox(m, mailbox, &box);
}

int32_t mp_maildir_ask_metadata(void *user, mailproto_store_asker *asker, const mailproto_store_metadata *question)
{
    mp_maildir *m = user;
    struct annotations a = {0};
    const char *at;
    int32_t result = may_annotate(m, question->mailbox), heard = 0;

    if (!result)
        result = load_annotations(m, question, &a);
    at = a.texts.text;
    for (size_t i = 0; i < a.count && !result && !heard; i++) {
        mailproto_store_metadata_item item = {
            .head = {sizeof item, MAILPROTO_STORE_METADATA_ITEM, question->head.token}};

        item.name.ptr = at;
        item.name.len = strlen(at);
        item.value.ptr = at + item.name.len + 1;
        item.value.len = a.lengths[i];
        at = item.value.ptr + item.value.len + 1;
        heard = mailproto_store_give(asker, question->head.token, &item.head);
    }
    free(a.texts.text);
    free(a.lengths);
    if (result)
        return mp_maildir_fail(m, asker, question->head.token, result);
    (void)mp_maildir_done(asker, question->head.token, heard);
    return 0;
}

int32_t mp_maildir_ask_metadata_set(void *user, mailproto_store_asker *asker,
                                    const mailproto_store_metadata_set *question)
{
    mp_maildir *m = user;
    sqlite3_stmt *s;
    int32_t result = may_annotate(m, question->mailbox);

    if (!result)
        result = mp_maildir_write(m, 1);
    if (result)
        return mp_maildir_fail(m, asker, question->head.token, result);
    s = mp_sql(m, question->has_value ? MP_SQL_METADATA_INSERT : MP_SQL_METADATA_REMOVE, &result);
    if (s) {
        sqlite3_bind_int64(s, 1, (sqlite3_int64)question->mailbox);
        sqlite3_bind_text(s, 2, question->name.ptr, (int)question->name.len, SQLITE_STATIC);
        if (question->has_value)
            sqlite3_bind_blob64(s, 3, question->value.len ? question->value.ptr : "", question->value.len,
                                SQLITE_STATIC);
        result = mp_sql_run(m, s);
    }
    return finish(m, asker, question->head.token, result);
}

/* ---- blobs ---- */

int32_t mp_maildir_ask_blob_read(void *user, mailproto_store_asker *asker, const mailproto_store_blob_read *question)
{
    mailproto_store_slice item = {.head = {sizeof item, MAILPROTO_STORE_SLICE, question->head.token}};
    mp_maildir *m = user;
    mp_texts copy = {0};
    sqlite3_stmt *s;
    int32_t result = mp_maildir_ready(m), found = 0, heard = 0;

    s = result ? NULL : mp_sql(m, MP_SQL_BLOB, &result);
    if (s) {
        sqlite3_bind_int64(s, 1, (sqlite3_int64)question->mailbox);
        sqlite3_bind_int64(s, 2, question->uid);
        sqlite3_bind_int64(s, 3, question->version);
        found = mp_sql_step(m, s);
        result = found < 0 ? found : 0;
        if (found > 0) {
            const void *bytes = sqlite3_column_blob(s, 0);

            item.bytes.len = (size_t)sqlite3_column_bytes(s, 0);
            if (mp_texts_add(&copy, bytes ? bytes : "", item.bytes.len) == SIZE_MAX)
                result = MAILPROTO_ERR_NOMEM;
        }
        sqlite3_reset(s);
    }
    item.bytes.ptr = copy.text;
    if (!result && found > 0)
        heard = mailproto_store_give(asker, question->head.token, &item.head);
    free(copy.text);
    if (result)
        return mp_maildir_fail(m, asker, question->head.token, result);
    (void)mp_maildir_done(asker, question->head.token, heard);
    return 0;
}

/* It may be lost at any time: no fsync. */
int32_t mp_maildir_ask_blob_write(void *user, mailproto_store_asker *asker, const mailproto_store_blob_write *question)
{
    mp_maildir *m = user;
    mp_message message;
    sqlite3_stmt *s;
    int32_t result = mp_maildir_ready(m);

    if (!result)
        result = mp_maildir_write(m, 0);
    if (result)
        return mp_maildir_fail(m, asker, question->head.token, result);
    result = mp_maildir_message(m, question->mailbox, question->uid, &message);
    s = result ? NULL : mp_sql(m, MP_SQL_BLOB_INSERT, &result);
    if (s) {
        sqlite3_bind_int64(s, 1, (sqlite3_int64)question->mailbox);
        sqlite3_bind_int64(s, 2, question->uid);
        sqlite3_bind_int64(s, 3, question->version);
        sqlite3_bind_blob64(s, 4, question->bytes.len ? question->bytes.ptr : "", question->bytes.len, SQLITE_STATIC);
        result = mp_sql_run(m, s);
    }
    return finish(m, asker, question->head.token, result);
}
