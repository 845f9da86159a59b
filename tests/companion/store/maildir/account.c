/* account.c - a Maildir account in a folder that is removed afterwards, and an asker that waits for its answers.
 * The storage contract is mailproto/store.h. */
#include "account.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

/* ---- accounts ---- */

void remove_tree(const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    char inside[1024];
    struct stat status;

    chmod(path, 0700);
    if (!directory)
        directory = opendir(path);
    while (directory && (entry = readdir(directory))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        if (!lstat(inside, &status) && S_ISDIR(status.st_mode))
            remove_tree(inside);
        else
            unlink(inside);
    }
    if (directory)
        closedir(directory);
    rmdir(path);
}

int32_t account_open(struct account *a)
{
    int32_t result;

    assert_null(a->maildir);
    result = mailproto_maildir_open(&a->maildir, a->path, &a->config, a->why, sizeof a->why);
    a->store = mailproto_maildir_store(a->maildir);
    return result;
}

void account_make(struct account *a)
{
    const char *where = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm"; /* nothing here needs a disk */

    memset(a, 0, sizeof *a);
    snprintf(a->path, sizeof a->path, "%s/maildir-XXXXXX", where);
    assert_non_null(mkdtemp(a->path));
    mailproto_maildir_config_init(&a->config, sizeof a->config);
    if (account_open(a))
        fail_msg("%s", a->why);
}

void account_close(struct account *a)
{
    mailproto_maildir_close(a->maildir);
    a->maildir = NULL;
    a->store = NULL;
}

void account_end(struct account *a)
{
    account_close(a);
    remove_tree(a->path);
}

void account_use_files(struct account *a)
{
    a->files = *mp_files_posix();
    a->config.files = &a->files;
}

const char *account_file(const struct account *a, const char *name)
{
    static char paths[8][1024];
    static unsigned turn;
    char *path = paths[turn++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", a->path, name);
    return path;
}

/* ---- asking ---- */

struct asker {
    mailproto_store_asker base;
    struct answer *answer;
    int ended;
};

static void keep_mailbox(struct answer *answer, size_t at, const mailproto_store_mailbox *item)
{
    answer->number = item->mailbox;
    answer->ids[at] = item->mailbox;
    answer->attributes[at] = item->attributes;
    answer->flags[at] = item->subscribed;
    snprintf(answer->names[at], sizeof answer->names[at], "%.*s", (int)item->name.len, item->name.ptr);
}

static void keep_message(struct answer *answer, const mailproto_store_message *item)
{
    size_t at = answer->messages++;

    if (at >= ITEMS_MAX)
        return;
    answer->uids[at] = item->uid;
    answer->flags[at] = item->flags;
    answer->modseqs[at] = item->modseq;
    answer->sizes[at] = item->size;
    answer->dates[at] = item->internal_date;
    answer->names[at][0] = 0;
    for (const mailproto_store_keyword *k = item->keywords; k; k = k->next) {
        size_t len = strlen(answer->names[at]);

        snprintf(answer->names[at] + len, sizeof answer->names[at] - len, "%s%.*s", len ? " " : "", (int)k->name.len,
                 k->name.ptr);
    }
}

static void keep_opened(struct answer *answer, const mailproto_store_opened *item)
{
    answer->number = item->opening;
    answer->cursor = item->cursor;
    answer->uidvalidity = item->uidvalidity;
    answer->uidnext = item->uidnext;
    answer->total = item->messages;
}

static void keep_status(struct answer *answer, const mailproto_store_status_item *item)
{
    answer->total = item->messages;
    answer->unseen = item->unseen;
    answer->deleted = item->deleted;
    answer->size = item->size;
    answer->uidnext = item->uidnext;
    answer->uidvalidity = item->uidvalidity;
    answer->cursor = item->cursor;
}

static void keep_slice(struct answer *answer, const mailproto_store_slice *item)
{
    assert_true(item->bytes.len < sizeof answer->bytes);
    if (item->bytes.len)
        memcpy(answer->bytes, item->bytes.ptr, item->bytes.len);
    answer->bytes[item->bytes.len] = 0;
    answer->len = item->bytes.len;
}

static void keep_uids(struct answer *answer, const mailproto_store_uids *item)
{
    size_t at = answer->vanished++;

    if (at < ITEMS_MAX) {
        answer->gone[at][0] = item->first;
        answer->gone[at][1] = item->last;
    }
}

static void keep_pair(struct answer *answer, uint32_t uidvalidity, uint32_t from, uint32_t to)
{
    size_t at = answer->messages++;

    answer->uidvalidity = uidvalidity;
    if (at < ITEMS_MAX) {
        answer->uids[at] = from;
        answer->to[at] = to;
    }
}

static void keep(struct answer *answer, const mailproto_event *item)
{
    size_t at = answer->count < ITEMS_MAX ? answer->count : ITEMS_MAX - 1;
    const void *any = item;

    answer->count++;
    switch (item->type) {
    case MAILPROTO_STORE_MAILBOX:
        keep_mailbox(answer, at, any);
        break;
    case MAILPROTO_STORE_OPENED:
        keep_opened(answer, any);
        break;
    case MAILPROTO_STORE_STATUS_ITEM:
        keep_status(answer, any);
        break;
    case MAILPROTO_STORE_MESSAGE:
        keep_message(answer, any);
        break;
    case MAILPROTO_STORE_VANISHED:
    case MAILPROTO_STORE_MODIFIED:
        keep_uids(answer, any);
        break;
    case MAILPROTO_STORE_CURSOR:
        answer->cursor = ((const mailproto_store_cursor *)any)->cursor;
        answer->snapshot = ((const mailproto_store_cursor *)any)->snapshot;
        answer->more = ((const mailproto_store_cursor *)any)->more;
        answer->cursors++;
        break;
    case MAILPROTO_STORE_MESSAGE_OPENED:
        answer->number = ((const mailproto_store_message_opened *)any)->message;
        answer->size = ((const mailproto_store_message_opened *)any)->size;
        break;
    case MAILPROTO_STORE_SLICE:
        keep_slice(answer, any);
        break;
    case MAILPROTO_STORE_UPLOAD:
        answer->number = ((const mailproto_store_upload *)any)->upload;
        break;
    case MAILPROTO_STORE_APPENDED:
        keep_pair(answer, ((const mailproto_store_appended *)any)->uidvalidity,
                  ((const mailproto_store_appended *)any)->uid, 0);
        break;
    case MAILPROTO_STORE_COPIED:
        keep_pair(answer, ((const mailproto_store_copied *)any)->uidvalidity,
                  ((const mailproto_store_copied *)any)->from, ((const mailproto_store_copied *)any)->to);
        break;
    case MAILPROTO_STORE_QUOTA_ITEM:
        answer->size = ((const mailproto_store_quota_item *)any)->used;
        break;
    case MAILPROTO_STORE_METADATA_ITEM:
        snprintf(answer->names[at], sizeof answer->names[at], "%.*s",
                 (int)((const mailproto_store_metadata_item *)any)->value.len,
                 ((const mailproto_store_metadata_item *)any)->value.ptr);
        break;
    default:
        break;
    }
}

static int32_t take_item(mailproto_store_asker *base, uint64_t token, const mailproto_event *item)
{
    struct asker *asker = (struct asker *)base;

    assert_int_equal(token, 1);
    assert_false(asker->ended);
    keep(asker->answer, item);
    return MAILPROTO_OK;
}

static int32_t take_end(mailproto_store_asker *base, uint64_t token, int32_t why, const char *text, size_t len)
{
    struct asker *asker = (struct asker *)base;

    assert_int_equal(token, 1);
    assert_false(asker->ended);
    asker->ended = 1;
    asker->answer->why = why;
    snprintf(asker->answer->text, sizeof asker->answer->text, "%.*s", (int)len, text ? text : "");
    return MAILPROTO_OK;
}

struct answer *ask(const mailproto_store *store, mailproto_event *question)
{
    static struct answer answers[256];
    static unsigned turn;
    struct asker asker = {.base = {sizeof asker.base, 0, take_item, take_end}};

    asker.answer = &answers[turn++ % 256];
    memset(asker.answer, 0, sizeof *asker.answer);
    question->token = 1;
    assert_int_equal(mailproto_store_ask(store, &asker.base, question), 0);
    assert_true(asker.ended);
    return asker.answer;
}

void tell(const mailproto_store *store, mailproto_event *question)
{
    struct asker asker = {.base = {sizeof asker.base, 0, take_item, take_end}};

    question->token = 0;
    assert_int_equal(mailproto_store_ask(store, &asker.base, question), 0);
    assert_false(asker.ended);
}

static struct answer *good(struct answer *answer)
{
    if (answer->why)
        fail_msg("%s: %s", mailproto_result_name(answer->why), answer->text);
    return answer;
}

#define HEAD(question, kind)                                                                                           \
    {                                                                                                                  \
        sizeof question, MAILPROTO_STORE_##kind, 0                                                                     \
    }

uint64_t mailbox_id(const struct account *a, const char *name)
{
    mailproto_store_list list = {.head = HEAD(list, LIST), .only = {name, strlen(name)}};
    struct answer *answer = good(ask(a->store, &list.head));

    return answer->count ? answer->number : 0;
}

uint64_t make_mailbox(const struct account *a, const char *name)
{
    mailproto_store_create create = {.head = HEAD(create, CREATE), .name = {name, strlen(name)}};

    return good(ask(a->store, &create.head))->number;
}

struct answer *open_mailbox(const struct account *a, uint64_t mailbox, uint32_t mode)
{
    mailproto_store_open open = {.head = HEAD(open, OPEN), .mailbox = mailbox, .mode = mode};

    return good(ask(a->store, &open.head));
}

void close_mailbox(const struct account *a, uint64_t opening)
{
    mailproto_store_close close = {.head = HEAD(close, CLOSE), .opening = opening};

    tell(a->store, &close.head);
}

struct answer *changes(const struct account *a, uint64_t opening, uint64_t since)
{
    mailproto_store_changes question = {.head = HEAD(question, CHANGES), .opening = opening, .since = since};

    return good(ask(a->store, &question.head));
}

int32_t try_append(const struct account *a, uint64_t mailbox, const char *text, uint32_t flags, uint32_t options,
                   uint32_t *uid)
{
    mailproto_store_append_begin begin = {.head = HEAD(begin, APPEND_BEGIN), .mailbox = mailbox};
    mailproto_store_append_write write = {.head = HEAD(write, APPEND_WRITE)};
    mailproto_store_append_commit commit = {.head = HEAD(commit, APPEND_COMMIT)};
    mailproto_store_append_abort abort = {.head = HEAD(abort, APPEND_ABORT)};
    struct answer *answer;

    begin.flags = flags;
    begin.options = options;
    answer = ask(a->store, &begin.head);
    if (answer->why)
        return answer->why;
    abort.upload = write.upload = commit.upload = answer->number;
    write.bytes.ptr = text;
    write.bytes.len = strlen(text);
    answer = ask(a->store, &write.head);
    if (answer->why) {
        tell(a->store, &abort.head);
        return answer->why;
    }
    answer = ask(a->store, &commit.head);
    if (uid)
        *uid = answer->messages ? answer->uids[0] : 0;
    return answer->why;
}

uint32_t append(const struct account *a, uint64_t mailbox, const char *text, uint32_t flags, uint32_t options)
{
    uint32_t uid = 0;

    assert_int_equal(try_append(a, mailbox, text, flags, options, &uid), 0);
    return uid;
}

struct answer *set_flags(const struct account *a, uint64_t mailbox, uint32_t uid, uint32_t operation, uint32_t flags)
{
    mailproto_store_run run = {.struct_size = sizeof run, .first = uid, .last = uid};
    mailproto_store_flags question = {.head = HEAD(question, FLAGS), .mailbox = mailbox, .uids = &run};

    question.unchanged_since = UINT64_MAX;
    question.operation = operation;
    question.flags = flags;
    return good(ask(a->store, &question.head));
}

struct answer *expunge(const struct account *a, uint64_t mailbox)
{
    mailproto_store_expunge question = {.head = HEAD(question, EXPUNGE), .mailbox = mailbox};

    return good(ask(a->store, &question.head));
}

struct answer *status(const struct account *a, uint64_t mailbox)
{
    mailproto_store_status question = {.head = HEAD(question, STATUS), .mailbox = mailbox, .wanted = 255};

    return good(ask(a->store, &question.head));
}

struct answer *copy_messages(const struct account *a, uint64_t from, uint32_t first, uint32_t last, uint64_t to,
                             uint32_t move)
{
    mailproto_store_run run = {.struct_size = sizeof run, .first = first, .last = last};
    mailproto_store_copy question = {.head = HEAD(question, COPY), .mailbox = from, .uids = &run, .destination = to};

    question.move = move;
    return good(ask(a->store, &question.head));
}

const char *read_message(const struct account *a, uint64_t mailbox, uint32_t uid, size_t piece)
{
    static char texts[4][262144];
    static unsigned turn;
    char *text = texts[turn++ % 4];
    mailproto_store_message_open open = {.head = HEAD(open, MESSAGE_OPEN), .mailbox = mailbox, .uid = uid};
    mailproto_store_message_read read = {.head = HEAD(read, MESSAGE_READ), .max = piece};
    mailproto_store_message_close close = {.head = HEAD(close, MESSAGE_CLOSE)};
    struct answer *answer = ask(a->store, &open.head);
    uint64_t size = answer->size;

    text[0] = 0;
    if (answer->why)
        return text;
    close.message = read.message = answer->number;
    do {
        answer = good(ask(a->store, &read.head));
        assert_true(read.offset + answer->len < sizeof texts[0]);
        memcpy(text + read.offset, answer->bytes, answer->len);
        read.offset += answer->len;
    } while (answer->len);
    text[read.offset] = 0;
    assert_int_equal(read.offset, size);
    tell(a->store, &close.head);
    return text;
}

/* ---- other programs ---- */

void put_file(const struct account *a, const char *name, const char *text)
{
    FILE *file = fopen(account_file(a, name), "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

size_t count_files(const struct account *a, const char *folder, char first[256])
{
    DIR *directory = opendir(account_file(a, folder));
    struct dirent *entry;
    size_t count = 0;

    assert_non_null(directory);
    while ((entry = readdir(directory))) {
        if (entry->d_name[0] == '.')
            continue;
        if (!count++ && first)
            snprintf(first, 256, "%.255s", entry->d_name);
    }
    closedir(directory);
    return count;
}

void run_sql(const struct account *a, const char *sql)
{
    sqlite3 *db = NULL;
    char *error = NULL;

    assert_int_equal(sqlite3_open(account_file(a, "mailproto/index.sqlite"), &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s", error);
    sqlite3_close(db);
}
