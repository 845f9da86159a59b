/* words.c - what the rules of the kit do again and again, in one call each.
 * mailproto/store.h, the questions of mailboxes and messages. */
#include <stdlib.h>
#include <string.h>

#include "kit.h"

#define QUESTION(name, TYPE) mailproto_store_##name q = {.head = {sizeof q, MAILPROTO_STORE_##TYPE, 0}}

mailproto_text mp_kit_text(const char *text)
{
    return (mailproto_text){text, strlen(text)};
}

mailproto_store_run mp_kit_run_of(uint32_t first, uint32_t last)
{
    return (mailproto_store_run){sizeof(mailproto_store_run), first, last, 0, NULL};
}

/* The only item of an answer, of that type. NULL: the rule failed. */
static const mailproto_event *only(kit_handle *h, const kit_answer *answer, uint32_t type)
{
    const mailproto_event *found = NULL;

    for (size_t i = 0; answer && i < answer->count; i++) {
        if (answer->items[i]->type != type)
            continue;
        if (found) {
            (void)mp_kit_fail(h->kit, "the answer has more than one item 0x%x", (unsigned)type);
            return NULL;
        }
        found = answer->items[i];
    }
    if (answer && !found)
        (void)mp_kit_fail(h->kit, "the answer has no item 0x%x", (unsigned)type);
    return found;
}

/* ---- mailboxes ---- */

uint64_t mp_kit_create(kit_handle *h, const char *name)
{
    QUESTION(create, CREATE);
    const mailproto_event *item;
    uint64_t id;

    q.name = mp_kit_text(name);
    item = only(h, mp_kit_done(h, &q.head), MAILPROTO_STORE_MAILBOX);
    if (!item)
        return 0;
    id = ((const mailproto_store_mailbox *)(const void *)item)->mailbox;
    return id ? id : (uint64_t)mp_kit_fail(h->kit, "CREATE told mailbox 0");
}

int mp_kit_find(kit_handle *h, const char *name, const mailproto_store_mailbox **item)
{
    QUESTION(list, LIST);
    kit_answer *answer;

    *item = NULL;
    q.only = mp_kit_text(name);
    answer = mp_kit_done(h, &q.head);
    if (!answer)
        return 0;
    if (answer->count)
        *item = KIT_ITEM(answer, 0, mailbox);
    return 1;
}

uint64_t mp_kit_inbox(kit_handle *h)
{
    const mailproto_store_mailbox *item;

    if (!mp_kit_find(h, "INBOX", &item))
        return 0;
    return item && item->mailbox ? item->mailbox : (uint64_t)mp_kit_fail(h->kit, "LIST does not tell an INBOX");
}

int mp_kit_delete(kit_handle *h, uint64_t mailbox, int32_t *result)
{
    QUESTION(delete, DELETE);
    kit_answer *answer;

    q.mailbox = mailbox;
    answer = mp_kit_ask(h, &q.head);
    *result = answer ? answer->result : 0;
    return answer != NULL;
}

int mp_kit_rename(kit_handle *h, uint64_t mailbox, const char *name, int32_t *result)
{
    QUESTION(rename, RENAME);
    kit_answer *answer;

    q.mailbox = mailbox;
    q.name = mp_kit_text(name);
    answer = mp_kit_ask(h, &q.head);
    *result = answer ? answer->result : 0;
    return answer != NULL;
}

const mailproto_store_opened *mp_kit_open(kit_handle *h, uint64_t mailbox, uint32_t mode)
{
    QUESTION(open, OPEN);

    q.mailbox = mailbox;
    q.mode = mode;
    return (const mailproto_store_opened *)(const void *)only(h, mp_kit_done(h, &q.head), MAILPROTO_STORE_OPENED);
}

void mp_kit_close(kit_handle *h, uint64_t opening)
{
    QUESTION(close, CLOSE);

    q.opening = opening;
    mp_kit_tell(h, &q.head);
}

const mailproto_store_status_item *mp_kit_status(kit_handle *h, uint64_t mailbox)
{
    QUESTION(status, STATUS);

    q.mailbox = mailbox;
    q.wanted = 2 * MAILPROTO_STATUS_DELETED_SIZE - 1;
    return (const mailproto_store_status_item *)(const void *)only(h, mp_kit_done(h, &q.head),
                                                                   MAILPROTO_STORE_STATUS_ITEM);
}

/* ---- uploads ---- */

uint64_t mp_kit_begin(kit_handle *h, uint64_t mailbox, uint64_t upload, uint32_t flags)
{
    QUESTION(append_begin, APPEND_BEGIN);
    const mailproto_event *item;
    uint64_t id;

    q.mailbox = mailbox;
    q.upload = upload;
    q.flags = flags;
    q.has_date = 1;
    q.internal_date = 1000000000;
    item = only(h, mp_kit_done(h, &q.head), MAILPROTO_STORE_UPLOAD);
    if (!item)
        return 0;
    id = ((const mailproto_store_upload *)(const void *)item)->upload;
    return id ? id : (uint64_t)mp_kit_fail(h->kit, "APPEND_BEGIN told upload 0");
}

int mp_kit_write(kit_handle *h, uint64_t upload, const char *text, size_t len)
{
    QUESTION(append_write, APPEND_WRITE);

    q.upload = upload;
    q.bytes = (mailproto_text){text, len};
    return mp_kit_done(h, &q.head) != NULL;
}

const mailproto_store_appended *mp_kit_commit(kit_handle *h, uint64_t upload)
{
    QUESTION(append_commit, APPEND_COMMIT);
    const mailproto_store_appended *item;

    q.upload = upload;
    item = (const void *)only(h, mp_kit_done(h, &q.head), MAILPROTO_STORE_APPENDED);
    if (item && !item->uid)
        (void)mp_kit_fail(h->kit, "APPENDED told UID 0");
    return item && item->uid ? item : NULL;
}

void mp_kit_abort(kit_handle *h, uint64_t upload)
{
    QUESTION(append_abort, APPEND_ABORT);

    q.upload = upload;
    mp_kit_tell(h, &q.head);
}

uint32_t mp_kit_append(kit_handle *h, uint64_t mailbox, const char *text, uint32_t flags)
{
    const uint64_t upload = mp_kit_begin(h, mailbox, 0, flags);
    const mailproto_store_appended *item;

    if (!upload || !mp_kit_write(h, upload, text, strlen(text)))
        return 0;
    item = mp_kit_commit(h, upload);
    return item ? item->uid : 0;
}

/* ---- messages ---- */

kit_answer *mp_kit_flags(kit_handle *h, uint64_t mailbox, uint32_t first, uint32_t last, uint32_t operation,
                         uint32_t flags)
{
    const mailproto_store_run run = mp_kit_run_of(first, last);
    QUESTION(flags, FLAGS);

    q.mailbox = mailbox;
    q.uids = &run;
    q.unchanged_since = UINT64_MAX;
    q.operation = operation;
    q.flags = flags;
    return mp_kit_done(h, &q.head);
}

kit_answer *mp_kit_expunge(kit_handle *h, uint64_t mailbox, uint32_t first, uint32_t last)
{
    const mailproto_store_run run = mp_kit_run_of(first, last);
    QUESTION(expunge, EXPUNGE);

    q.mailbox = mailbox;
    q.uids = &run;
    return mp_kit_done(h, &q.head);
}

int mp_kit_remove(kit_handle *h, uint64_t mailbox, uint32_t first, uint32_t last)
{
    return mp_kit_flags(h, mailbox, first, last, MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_DELETED) &&
           mp_kit_expunge(h, mailbox, first, last);
}

kit_answer *mp_kit_copy(kit_handle *h, uint64_t mailbox, uint32_t first, uint32_t last, uint64_t destination, int move)
{
    const mailproto_store_run run = mp_kit_run_of(first, last);
    QUESTION(copy, COPY);

    q.mailbox = mailbox;
    q.uids = &run;
    q.destination = destination;
    q.move = (uint32_t)move;
    return mp_kit_done(h, &q.head);
}

static int read_on(kit_handle *h, uint64_t message, char *octets, size_t size)
{
    QUESTION(message_read, MESSAGE_READ);

    q.message = message;
    while (q.offset < size) {
        const mailproto_store_slice *slice;

        q.max = size - (size_t)q.offset;
        slice = (const void *)only(h, mp_kit_done(h, &q.head), MAILPROTO_STORE_SLICE);
        if (!slice)
            return 0;
        if (!slice->bytes.len || slice->bytes.len > q.max)
            return mp_kit_fail(h->kit, "MESSAGE_READ gave %lu octets of at most %lu", (unsigned long)slice->bytes.len,
                               (unsigned long)q.max);
        memcpy(octets + q.offset, slice->bytes.ptr, slice->bytes.len);
        q.offset += slice->bytes.len;
    }
    return 1;
}

int mp_kit_read(kit_handle *h, uint64_t mailbox, uint32_t uid, char *octets, size_t room, size_t *size)
{
    QUESTION(message_open, MESSAGE_OPEN);
    mailproto_store_message_close close = {{sizeof close, MAILPROTO_STORE_MESSAGE_CLOSE, 0}, 0};
    const mailproto_store_message_opened *opened;
    int result;

    q.mailbox = mailbox;
    q.uid = uid;
    opened = (const void *)only(h, mp_kit_done(h, &q.head), MAILPROTO_STORE_MESSAGE_OPENED);
    if (!opened)
        return 0;
    *size = (size_t)opened->size;
    close.message = opened->message;
    result = *size <= room ? read_on(h, opened->message, octets, *size)
                           : mp_kit_fail(h->kit, "a message of %lu octets is far too large", (unsigned long)*size);
    mp_kit_tell(h, &close.head);
    return result;
}

/* ---- views ---- */

static void take_out(kit_view *view, uint32_t first, uint32_t last)
{
    size_t kept = 0;

    for (size_t i = 0; i < view->count; i++)
        if (view->messages[i].uid < first || view->messages[i].uid > last)
            view->messages[kept++] = view->messages[i];
    view->count = kept;
}

static void put(kit_view *view, const kit_message *message)
{
    size_t i = 0;

    while (i < view->count && view->messages[i].uid < message->uid)
        i++;
    if (i == view->count || view->messages[i].uid != message->uid) {
        if (view->count == KIT_MESSAGES)
            return;
        memmove(view->messages + i + 1, view->messages + i, (view->count++ - i) * sizeof *view->messages);
    }
    view->messages[i] = *message;
}

static int take_message(kit_handle *h, kit_view *out, const mailproto_store_message *item)
{
    if (out->count == KIT_MESSAGES)
        return mp_kit_fail(h->kit, "CHANGES tells more messages than there are");
    put(out, &(kit_message){item->uid, item->flags, item->modseq, item->size});
    return 1;
}

static int take_items(kit_handle *h, kit_view *out, const kit_answer *answer)
{
    for (size_t i = 0; i < answer->count; i++) {
        const mailproto_store_uids *gone = KIT_ITEM(answer, i, uids);

        if (answer->items[i]->type == MAILPROTO_STORE_MESSAGE) {
            if (!take_message(h, out, KIT_ITEM(answer, i, message)))
                return 0;
        } else if (answer->items[i]->type == MAILPROTO_STORE_VANISHED) {
            if (out->gone_count == KIT_RUNS)
                return mp_kit_fail(h->kit, "CHANGES tells more vanished runs than there are");
            out->gone[out->gone_count++] = mp_kit_run_of(gone->first, gone->last);
        }
    }
    return 1;
}

int mp_kit_changes(kit_handle *h, uint64_t opening, uint64_t since, uint32_t want, kit_view *out)
{
    QUESTION(changes, CHANGES);

    memset(out, 0, sizeof *out);
    q.opening = opening;
    q.since = since;
    q.want = want;
    for (;;) {
        kit_answer *answer = mp_kit_ask(h, &q.head);
        const mailproto_store_cursor *cursor;

        if (!answer)
            return 0;
        out->result = answer->result;
        if (answer->result == MAILPROTO_ERR_RESYNC && since)
            return 1;
        if (answer->result)
            return mp_kit_fail(h->kit, "CHANGES was answered %s", mailproto_result_name(answer->result));
        cursor = (const void *)only(h, answer, MAILPROTO_STORE_CURSOR);
        if (!cursor || !take_items(h, out, answer))
            return 0;
        out->cursor = cursor->cursor;
        if (!cursor->more)
            return 1;
        q.snapshot = cursor->snapshot;
    }
}

int mp_kit_view(kit_handle *h, uint64_t mailbox, kit_view *out)
{
    const mailproto_store_opened *opened = mp_kit_open(h, mailbox, MAILPROTO_STORE_READ_ONLY);
    int result;

    if (!opened)
        return 0;
    result = mp_kit_changes(h, opened->opening, 0, 0, out);
    mp_kit_close(h, opened->opening);
    return result;
}

void mp_kit_merge(kit_view *view, const kit_view *changes)
{
    if (changes->result == MAILPROTO_ERR_RESYNC)
        return;
    for (size_t i = 0; i < changes->gone_count; i++)
        take_out(view, changes->gone[i].first, changes->gone[i].last);
    for (size_t i = 0; i < changes->count; i++)
        put(view, &changes->messages[i]);
    view->cursor = changes->cursor;
}

const kit_message *mp_kit_in(const kit_view *view, uint32_t uid)
{
    for (size_t i = 0; i < view->count; i++)
        if (view->messages[i].uid == uid)
            return &view->messages[i];
    return NULL;
}

int mp_kit_same(const kit_view *a, const kit_view *b)
{
    if (a->count != b->count)
        return 0;
    for (size_t i = 0; i < a->count; i++)
        if (a->messages[i].uid != b->messages[i].uid || a->messages[i].flags != b->messages[i].flags ||
            a->messages[i].modseq != b->messages[i].modseq || a->messages[i].size != b->messages[i].size)
            return 0;
    return 1;
}

/* ---- lists and counts ---- */

int mp_kit_is(mailproto_text text, const char *name)
{
    return text.len == strlen(name) && memcmp(text.ptr, name, text.len) == 0;
}

int mp_kit_is_one_of(const char *const *names, size_t count, mailproto_text name)
{
    for (size_t i = 0; i < count; i++)
        if (mp_kit_is(name, names[i]))
            return 1;
    return 0;
}

int mp_kit_tells(kit *k, const kit_answer *answer, const char *const *names, size_t count)
{
    size_t next = 0;

    for (size_t i = 0; i < answer->count; i++) {
        const mailproto_text name = KIT_ITEM(answer, i, mailbox)->name;

        if (!mp_kit_is_one_of(names, count, name))
            continue;
        if (next == count || !mp_kit_is(name, names[next]))
            return mp_kit_fail(k, "\"%.*s\" is told where \"%s\" has its place", (int)name.len, name.ptr,
                               next < count ? names[next] : "nothing");
        next++;
    }
    return next == count || mp_kit_fail(k, "\"%s\" is not told", names[next]);
}
kit_answer *mp_kit_list(kit_handle *h, uint32_t subscribed)
{
    QUESTION(list, LIST);

    q.subscribed = subscribed;
    return mp_kit_done(h, &q.head);
}
int mp_kit_count(kit_handle *h, uint64_t mailbox)
{
    const mailproto_store_status_item *status = mp_kit_status(h, mailbox);

    return status ? (int)status->messages : -1;
}
