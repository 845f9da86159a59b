/* maildir_open.c - a handle on an account: made, opened, closed; and the table of its functions.
 * The storage contract is mailproto/store.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files_vfs.h"
#include "maildir.h"

enum { BUSY_MS = 30000, REMEMBER = 10000, STALE_SECONDS = 36 * 60 * 60 };

int32_t mailproto_maildir_config_init(mailproto_maildir_config *config, size_t size)
{
    if (!config || size < sizeof config->struct_size || size > UINT32_MAX)
        return MAILPROTO_ERR_ARG;
    memset(config, 0, size);
    config->struct_size = (uint32_t)size;
    return MAILPROTO_OK;
}

/* Of any size, as base.h says it of structs. */
static int take_config(mailproto_maildir_config *out, const mailproto_maildir_config *config)
{
    const char *bytes = (const char *)config;
    size_t size = config ? config->struct_size : 0;

    *out = (mailproto_maildir_config){.struct_size = sizeof *out};
    if (!config)
        return 1;
    if (size < sizeof config->struct_size)
        return 0;
    for (size_t i = sizeof *out; i < size; i++)
        if (bytes[i])
            return 0;
    memcpy(out, config, size < sizeof *out ? size : sizeof *out);
    return 1;
}

/* ---- a handle ---- */

static char *copy_text(const char *text, size_t len)
{
    char *copy = malloc(len + 1);

    if (!copy)
        return NULL;
    memcpy(copy, text, len);
    copy[len] = 0;
    return copy;
}

/* What may not stand in a file's name becomes '_'. */
static char *host_name(const mailproto_maildir_config *config)
{
    char own[128] = "localhost";
    char *host;

    if (!config->host.len && gethostname(own, sizeof own))
        memcpy(own, "localhost", 10);
    own[sizeof own - 1] = 0;
    host = config->host.len ? copy_text(config->host.ptr, config->host.len) : copy_text(own, strlen(own));
    for (char *at = host; at && *at; at++)
        if (*at == '/' || *at == ':' || *at == ',' || (unsigned char)*at <= ' ')
            *at = '_';
    return host;
}

static void set_functions(mp_maildir *m)
{
    mailproto_store *store = &m->store;

    *store = (mailproto_store){.struct_size = sizeof *store, .user = m};
    store->promises = MAILPROTO_STORE_REMEMBERS_EXPUNGES | MAILPROTO_STORE_SPECIAL_USE | MAILPROTO_STORE_SAVE_DATE;
    store->list = mp_maildir_ask_list;
    store->mailbox_open = mp_maildir_ask_open;
    store->mailbox_close = mp_maildir_ask_close;
    store->status = mp_maildir_ask_status;
    store->mailbox_create = mp_maildir_ask_create;
    store->mailbox_delete = mp_maildir_ask_delete;
    store->mailbox_rename = mp_maildir_ask_rename;
    store->subscribe = mp_maildir_ask_subscribe;
    store->authorise = mp_maildir_ask_authorise;
    store->changes = mp_maildir_ask_changes;
    store->snapshot_end = mp_maildir_ask_snapshot_end;
    store->message_open = mp_maildir_ask_message_open;
    store->message_read = mp_maildir_ask_message_read;
    store->message_close = mp_maildir_ask_message_close;
    store->append_begin = mp_maildir_ask_append_begin;
    store->append_write = mp_maildir_ask_append_write;
    store->append_commit = mp_maildir_ask_append_commit;
    store->append_abort = mp_maildir_ask_append_abort;
    store->append_share = mp_maildir_ask_append_share;
    store->flags = mp_maildir_ask_flags;
    store->copy = mp_maildir_ask_copy;
    store->expunge = mp_maildir_ask_expunge;
    store->cancel = mp_maildir_cancel;
    store->watch = mp_maildir_ask_watch;
    store->blob_read = mp_maildir_ask_blob_read;
    store->blob_write = mp_maildir_ask_blob_write;
    store->quota = mp_maildir_ask_quota;
    store->quota_set = mp_maildir_ask_quota_set;
    store->metadata = mp_maildir_ask_metadata;
    store->metadata_set = mp_maildir_ask_metadata_set;
}

static mp_maildir *new_handle(const char *path, const mailproto_maildir_config *config)
{
    mp_maildir *m = calloc(1, sizeof *m);
    size_t len = strlen(path);

    if (!m)
        return NULL;
    while (len > 1 && path[len - 1] == '/')
        len--;
    m->root = copy_text(path, len);
    m->host = host_name(config);
    m->files = config->files ? *config->files : *mp_files_posix();
    m->sync = config->sync;
    m->busy_ms = config->busy_ms ? config->busy_ms : BUSY_MS;
    m->remember = config->remember ? config->remember : REMEMBER;
    m->options = config->options;
    m->syncs = config->syncs;
    m->open_lock = -1;
    sqlite3_randomness(sizeof m->salt, &m->salt);
    if (m->files.index)
        m->vfs = mp_vfs_new(&m->files);
    if (!m->root || !m->host || (m->files.index && !m->vfs)) {
        mailproto_maildir_close(m);
        return NULL;
    }
    set_functions(m);
    return m;
}

/* ---- the account's folder ---- */

/* The names in the folder above a path are durable. */
static int32_t sync_above(mp_maildir *m, char *path)
{
    char *slash = strrchr(path, '/');
    int error;

    if (slash && slash != path)
        *slash = 0;
    error = mp_maildir_sync_directory(m, !slash ? "." : slash == path ? "/" : path);
    if (slash)
        *slash = '/';
    if (error == -EACCES)
        error = 0; /* who may write there need not be one who may read */
    return error ? mp_maildir_file_error(m, error, "syncing the folder above", path) : 0;
}

/* Each one is durable in its parent, so that an account which takes mail cannot vanish with a parent. */
static int32_t make_folder(mp_maildir *m, char *path)
{
    int error = m->files.mkdir(m->files.user, path);

    if (error == -EEXIST)
        return 0;
    return error ? mp_maildir_file_error(m, error, "making the folder", path) : sync_above(m, path);
}

static int32_t make_root(mp_maildir *m)
{
    char made[MP_PATH_MAX];
    mp_file_status status;
    size_t len = strlen(m->root);
    int error = m->files.stat(m->files.user, m->root, &status);
    int32_t result = 0;

    if (!error)
        return 0;
    if (error != -ENOENT)
        return mp_maildir_file_error(m, error, "looking at", m->root);
    memcpy(made, m->root, len + 1);
    for (size_t i = 1; i <= len && !result; i++) {
        if ((made[i] != '/' && made[i]) || made[i - 1] == '/')
            continue;
        made[i] = 0;
        if (m->files.stat(m->files.user, made, &status))
            result = make_folder(m, made);
        made[i] = m->root[i];
    }
    return result;
}

int32_t mp_maildir_make_own(mp_maildir *m)
{
    char path[MP_PATH_MAX];
    int error;

    if (!mp_maildir_own(m, path, ""))
        return MAILPROTO_ERR_LIMIT;
    error = m->files.mkdir(m->files.user, path);
    if (error == -EEXIST)
        return 0;
    if (!error)
        error = mp_maildir_sync_directory(m, m->root);
    return error ? mp_maildir_file_error(m, error, "making the folder", path) : 0;
}

/* ---- what was never finished ---- */

struct cleaner {
    mp_maildir *m;
    const char *folder;
    int64_t now;
};

static int clean_one(void *context, const char *name)
{
    struct cleaner *cleaner = context;
    mp_maildir *m = cleaner->m;
    mp_file_status status;
    char path[MP_PATH_MAX];

    if (name[0] == '.' || snprintf(path, sizeof path, "%s/%s", cleaner->folder, name) >= (int)sizeof path ||
        m->files.stat(m->files.user, path, &status) || status.kind != MP_FILE_REGULAR)
        return 0;
    if (cleaner->now - status.mtime > STALE_SECONDS && cleaner->now - status.ctime > STALE_SECONDS &&
        !mp_maildir_todo_of(m, name, NULL)) /* a commit may have decided for it, and could not place it yet */
        (void)m->files.unlink(m->files.user, path);
    return 0;
}

/* Files of tmp/ that nobody has touched for 36 hours, once what a commit decided was placed. */
void mp_maildir_clean_tmp(mp_maildir *m, const char *directory)
{
    struct cleaner cleaner = {m, NULL, mp_maildir_now_ns(m) / 1000000000};
    char path[MP_PATH_MAX];

    cleaner.folder = mp_maildir_path(m, path, directory, "tmp", "");
    if (cleaner.folder)
        (void)m->files.list(m->files.user, path, clean_one, &cleaner);
}

/* ---- opening and closing ---- */

int32_t mp_maildir_prepare(mp_maildir *m)
{
    int32_t result = make_root(m);

    if (!result)
        result = mp_maildir_make_directory(m, "");
    if (!result)
        result = mp_maildir_make_own(m);
    return result;
}

static int32_t open_account(mp_maildir *m)
{
    int32_t result = mp_maildir_ready(m);

    if (result)
        return result;
    mp_maildir_todo_now(m, 0, 0);
    mp_maildir_clean_tmp(m, "");
    return 0;
}

static void tell(char *why, size_t size, const char *sentence)
{
    if (why && size)
        snprintf(why, size, "%s", sentence);
}

int32_t mp_maildir_new(mp_maildir **out, const char *path, const mailproto_maildir_config *config, char *why,
                       size_t why_size)
{
    mailproto_maildir_config own;

    tell(why, why_size, "");
    *out = NULL;
    if (!path || !*path || !take_config(&own, config)) {
        tell(why, why_size, "an argument is missing or malformed");
        return MAILPROTO_ERR_ARG;
    }
    if (own.sync > MAILPROTO_MAILDIR_SYNC_NONE || own.busy_ms > INT32_MAX ||
        own.options & ~(uint32_t)(MAILPROTO_MAILDIR_DELIVERY | MAILPROTO_MAILDIR_NO_RESERVE)) {
        tell(why, why_size, "sync, busy_ms or options has no such value");
        return MAILPROTO_ERR_CONFIG;
    }
    if (strlen(path) > MP_PATH_MAX - 4 * MP_NAME_MAX) {
        tell(why, why_size, "the path of the account is too long");
        return MAILPROTO_ERR_LIMIT;
    }
    *out = new_handle(path, &own);
    if (*out)
        return MAILPROTO_OK;
    tell(why, why_size, "there is no memory");
    return MAILPROTO_ERR_NOMEM;
}

int32_t mailproto_maildir_open(mailproto_maildir **out, const char *path, const mailproto_maildir_config *config,
                               char *why, size_t why_size)
{
    mp_maildir *m;
    int32_t result;

    if (!out) {
        tell(why, why_size, "an argument is missing or malformed");
        return MAILPROTO_ERR_ARG;
    }
    *out = NULL;
    result = mp_maildir_new(&m, path, config, why, why_size);
    if (result)
        return result;
    result = m->options & MAILPROTO_MAILDIR_DELIVERY ? MAILPROTO_OK : open_account(m);
    if (result) {
        tell(why, why_size, m->sentence[0] ? m->sentence : mailproto_result_text(result));
        mailproto_maildir_close(m);
        return result;
    }
    *out = m;
    return MAILPROTO_OK;
}

static int32_t make(const char *path, const mailproto_maildir_config *config, int32_t (*does)(mp_maildir *m), char *why,
                    size_t why_size)
{
    mp_maildir *m;
    int32_t result = mp_maildir_new(&m, path, config, why, why_size);

    if (result)
        return result;
    result = make_root(m);
    if (!result)
        result = does(m);
    if (result)
        tell(why, why_size, m->sentence[0] ? m->sentence : mailproto_result_text(result));
    mailproto_maildir_close(m);
    return result;
}

static int32_t make_inbox(mp_maildir *m)
{
    return mp_maildir_make_directory(m, "");
}

int32_t mailproto_maildir_make(const char *path, const mailproto_maildir_config *config, char *why, size_t why_size)
{
    return make(path, config, make_inbox, why, why_size);
}

/* Accounts that were made by somebody who was stopped before their names were durable become so now. */
static int32_t sync_root(mp_maildir *m)
{
    char path[MP_PATH_MAX];

    return mp_maildir_path(m, path, "new", "", "") ? sync_above(m, path) : MAILPROTO_ERR_LIMIT;
}

int32_t mailproto_maildir_make_folder(const char *path, const mailproto_maildir_config *config, char *why,
                                      size_t why_size)
{
    return make(path, config, sync_root, why, why_size);
}

const mailproto_store *mailproto_maildir_store(mailproto_maildir *m)
{
    return m ? &m->store : NULL;
}

void mailproto_maildir_close(mailproto_maildir *m)
{
    if (!m)
        return;
    for (mp_watch *watch = m->watches; watch; watch = watch->next)
        watch->gone = 1;
    mp_maildir_watches_sweep(m);
    while (m->openings) {
        mp_opening *opening = m->openings;

        m->openings = opening->next;
        mp_maildir_opening_free(m, opening);
    }
    while (m->uploads) {
        mp_upload *upload = m->uploads;

        m->uploads = upload->next;
        mp_maildir_upload_free(m, upload);
    }
    while (m->pins) {
        mp_pin *pin = m->pins;

        m->pins = pin->next;
        mp_maildir_pin_free(m, pin);
    }
    if (m->root)
        mp_maildir_index_close(m);
    if (m->released)
        (void)mp_maildir_reserve(m);
    mp_vfs_free(m->vfs);
    free(m->root);
    free(m->host);
    free(m);
}
