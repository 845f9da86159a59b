/* maildir_mailboxes.c - LIST, CREATE, DELETE, SUBSCRIBE: mailboxes as rows and folders.
 * RFC 9051 6.3.4, 6.3.5, 6.3.7 to 6.3.9; RFC 6154 3 (special use). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ascii.h"
#include "maildir_scan.h"

enum { SPECIAL = 0xff00 };

/* ---- LIST ---- */

struct listing {
    uint64_t *ids;
    uint32_t *attributes; /* 0x80000000: subscribed */
    mp_texts names;
    size_t count, room;
};

static void free_listing(struct listing *l)
{
    free(l->ids);
    free(l->attributes);
    free(l->names.text);
}

static int add_listed(struct listing *l, sqlite3_stmt *s)
{
    char key[MP_MAILBOX_MAX];

    if (l->count == l->room) {
        size_t room = l->room ? 2 * l->room : 64;
        uint64_t *ids = realloc(l->ids, room * sizeof *ids);
        uint32_t *attributes;

        if (!ids)
            return 0;
        l->ids = ids;
        attributes = realloc(l->attributes, room * sizeof *attributes);
        if (!attributes)
            return 0;
        l->attributes = attributes;
        l->room = room;
    }
    if (!mp_sql_text(s, 1, key, sizeof key))
        return 1;
    mp_maildir_name_of(key);
    if (mp_texts_add(&l->names, key, strlen(key)) == SIZE_MAX)
        return 0;
    l->ids[l->count] = (uint64_t)sqlite3_column_int64(s, 0);
    l->attributes[l->count++] = (uint32_t)sqlite3_column_int64(s, 2) | (sqlite3_column_int(s, 3) ? 0x80000000U : 0);
    return 1;
}

static int32_t gather_list(mp_maildir *m, const mailproto_store_list *question, struct listing *l)
{
    char key[MP_MAILBOX_MAX] = "";
    mailproto_text name = question->only.len ? question->only : question->after;
    int32_t result = mp_maildir_look_root(m, 0);
    sqlite3_stmt *s;

    if (!result && name.len && mp_maildir_key(m, name, key, sizeof key)) {
        if (question->only.len)
            return 0; /* there can be no such mailbox */
        snprintf(key, sizeof key, "%.*s", (int)(name.len < 1000 ? name.len : 1000), name.ptr);
        for (char *at = key; *at; at++)
            *at = *at == '/' ? 1 : *at;
    }
    s = result ? NULL : mp_sql(m, question->only.len ? MP_SQL_LIST_ONE : MP_SQL_LIST, &result);
    if (!s)
        return result;
    mp_sql_bind_text(s, 1, key);
    sqlite3_bind_int(s, 2, question->subscribed == 1);
    sqlite3_bind_int64(s, 3, question->want ? (sqlite3_int64)question->want : -1);
    while ((result = mp_sql_step(m, s)) > 0) {
        if (!add_listed(l, s)) {
            result = mp_maildir_error(m, MAILPROTO_ERR_NOMEM, "there is no memory");
            break;
        }
    }
    sqlite3_reset(s);
    return result;
}

static int32_t give_mailbox(mailproto_store_asker *asker, uint64_t token, uint64_t id, const char *name,
                            uint32_t attributes, uint32_t subscribed)
{
    mailproto_store_mailbox item = {.head = {sizeof item, MAILPROTO_STORE_MAILBOX, token}, .mailbox = id};
    char object[24];

    item.name.ptr = name;
    item.name.len = strlen(name);
    item.attributes = attributes;
    item.subscribed = subscribed;
    if (id) {
        item.object_id.ptr = object;
        item.object_id.len = (size_t)snprintf(object, sizeof object, "M%llu", (unsigned long long)id);
    }
    return mailproto_store_give(asker, token, &item.head);
}

/* Delivery to INBOX needs no index. */
static int is_quick(const mp_maildir *m, const mailproto_store_list *question)
{
    return m->options & MAILPROTO_MAILDIR_DELIVERY && !question->subscribed &&
           mp_ascii_equal(question->only.ptr, question->only.len, "INBOX");
}

static int32_t give_inbox(mailproto_store_asker *asker, uint64_t token)
{
    mailproto_store_mailbox item = {.head = {sizeof item, MAILPROTO_STORE_MAILBOX, token}};

    item.mailbox = MAILPROTO_MAILDIR_INBOX;
    item.name.ptr = "INBOX";
    item.name.len = 5;
    (void)mp_maildir_done(asker, token, mailproto_store_give(asker, token, &item.head));
    return 0;
}

int32_t mp_maildir_resolve(mp_maildir *m, uint64_t *mailbox)
{
    if (*mailbox != MAILPROTO_MAILDIR_INBOX || !(m->options & MAILPROTO_MAILDIR_DELIVERY))
        return 0;
    return mp_maildir_mailbox_by_key(m, "INBOX", mailbox);
}

int32_t mp_maildir_ask_list(void *user, mailproto_store_asker *asker, const mailproto_store_list *question)
{
    mp_maildir *m = user;
    struct listing l = {0};
    const char *name;
    int32_t result, heard = 0;

    if (is_quick(m, question))
        return give_inbox(asker, question->head.token);
    result = mp_maildir_ready(m);
    if (!result)
        result = gather_list(m, question, &l);
    name = l.names.text;
    for (size_t i = 0; i < l.count && !result && !heard; i++, name += strlen(name) + 1)
        heard = give_mailbox(asker, question->head.token, l.ids[i], name, l.attributes[i] & 0x7fffffff,
                             l.attributes[i] >> 31);
    free_listing(&l);
    if (result)
        return mp_maildir_fail(m, asker, question->head.token, result);
    (void)mp_maildir_done(asker, question->head.token, heard);
    return 0;
}

/* ---- CREATE ---- */

static int32_t free_to_make(mp_maildir *m, const char *key)
{
    mp_mailbox box;
    uint64_t id;
    int32_t result = mp_maildir_mailbox_by_key(m, key, &id);

    if (!result && id)
        result = mp_maildir_mailbox(m, id, &box);
    if (!result && id && !(box.attributes & MAILPROTO_MAILBOX_NOSELECT))
        return mp_maildir_error(m, MAILPROTO_ERR_EXISTS, "there is a mailbox of that name already");
    return result;
}

static int32_t create(mp_maildir *m, const char *key, uint32_t special, uint64_t *id)
{
    mp_own_change own;
    int32_t result = mp_maildir_look_root(m, 0);

    if (!result)
        result = mp_maildir_write(m, 1);
    if (result)
        return result;
    mp_maildir_root_begin(m, &own);
    result = free_to_make(m, key);
    if (!result)
        result = mp_maildir_quota_allows(m, 0, 0, 1);
    if (!result)
        result = mp_maildir_add_mailbox(m, key, special, id);
    if (!result)
        result = mp_maildir_root_end(m, &own);
    if (!result)
        result = mp_maildir_commit(m);
    if (result)
        mp_maildir_rollback(m);
    return result;
}

int32_t mp_maildir_ask_create(void *user, mailproto_store_asker *asker, const mailproto_store_create *question)
{
    mp_maildir *m = user;
    char key[MP_MAILBOX_MAX], directory[MP_NAME_MAX];
    int64_t subscribed = 0;
    uint64_t id = 0;
    sqlite3_stmt *s;
    int32_t result = mp_maildir_ready(m);

    if (!result)
        result = mp_maildir_key(m, question->name, key, sizeof key);
    if (!result)
        result = mp_maildir_directory_of(m, key, directory, sizeof directory);
    if (!result && question->special_use & ~(uint32_t)SPECIAL)
        result = mp_maildir_error(m, MAILPROTO_ERR_UNSUPPORTED, "there is no such special use");
    if (!result)
        result = create(m, key, question->special_use, &id);
    if (result)
        return mp_maildir_fail(m, asker, question->head.token, result);
    s = mp_sql(m, MP_SQL_SUBSCRIBED, &result);
    if (s) {
        mp_sql_bind_text(s, 1, key);
        subscribed = mp_sql_step(m, s) > 0;
        sqlite3_reset(s);
    }
    mp_maildir_name_of(key);
    result = give_mailbox(asker, question->head.token, id, key, question->special_use, (uint32_t)subscribed);
    (void)mp_maildir_done(asker, question->head.token, result);
    return 0;
}

/* ---- DELETE ---- */

int32_t mp_maildir_forget_messages(mp_maildir *m, uint64_t id)
{
    static const unsigned all[] = {MP_SQL_MESSAGES_DELETE, MP_SQL_KEYWORDS_DELETE, MP_SQL_VANISHED_DELETE,
                                   MP_SQL_REMOVED_FORGET,  MP_SQL_BLOBS_DELETE,    MP_SQL_METADATA_DELETE};
    int64_t value = (int64_t)id;
    int32_t result = 0;

    for (size_t i = 0; i < sizeof all / sizeof *all && !result; i++)
        result = mp_sql_do(m, all[i], 1, &value);
    return result;
}

/* A name that cannot be selected has no folder, and stays while there are mailboxes below it. */
static int32_t remove_mailbox(mp_maildir *m, uint64_t id)
{
    mp_todo todo = {.kind = MP_TODO_REMOVE};
    mp_mailbox box;
    int32_t result = mp_maildir_mailbox(m, id, &box);

    if (!result && !strcmp(box.key, "INBOX"))
        return mp_maildir_error(m, MAILPROTO_ERR_DENIED, "INBOX cannot be removed");
    if (!result)
        result = mp_maildir_todo_none(m);
    if (!result)
        result = mp_maildir_drop_mailbox(m, &box);
    if (result || box.attributes & MAILPROTO_MAILBOX_NOSELECT)
        return result;
    memcpy(todo.source, box.directory, sizeof box.directory);
    snprintf(todo.target, sizeof todo.target, "mailproto/removed-%llu-%lu", (unsigned long long)id,
             (unsigned long)box.uidvalidity);
    return mp_maildir_todo_add(m, &todo);
}

int32_t mp_maildir_ask_delete(void *user, mailproto_store_asker *asker, const mailproto_store_delete *question)
{
    mp_maildir *m = user;
    int32_t result = mp_maildir_ready(m);

    if (!result)
        result = mp_maildir_write(m, 1);
    if (!result) {
        result = remove_mailbox(m, question->mailbox);
        if (!result)
            result = mp_maildir_commit(m);
        if (result)
            mp_maildir_rollback(m);
    }
    if (result)
        return mp_maildir_fail(m, asker, question->head.token, result);
    mp_maildir_todo_now(m, 0, 0);
    (void)mailproto_store_done(asker, question->head.token);
    return 0;
}

/* ---- SUBSCRIBE, and who may ---- */

int32_t mp_maildir_ask_subscribe(void *user, mailproto_store_asker *asker, const mailproto_store_subscribe *question)
{
    mp_maildir *m = user;
    char key[MP_MAILBOX_MAX];
    sqlite3_stmt *s;
    int32_t result = mp_maildir_ready(m);

    if (!result)
        result = mp_maildir_key(m, question->name, key, sizeof key);
    if (!result)
        result = mp_maildir_write(m, 1);
    if (result)
        return mp_maildir_fail(m, asker, question->head.token, result);
    s = mp_sql(m, question->subscribed ? MP_SQL_SUBSCRIBE : MP_SQL_UNSUBSCRIBE, &result);
    if (s) {
        mp_sql_bind_text(s, 1, key);
        result = mp_sql_run(m, s);
    }
    if (!result)
        result = mp_maildir_commit(m);
    if (result) {
        mp_maildir_rollback(m);
        return mp_maildir_fail(m, asker, question->head.token, result);
    }
    (void)mailproto_store_done(asker, question->head.token);
    return 0;
}

/* An account is its owner's. */
int32_t mp_maildir_ask_authorise(void *user, mailproto_store_asker *asker, const mailproto_store_authorise *question)
{
    (void)user;
    (void)mailproto_store_done(asker, question->head.token);
    return 0;
}
