/* A store in memory for tests, which holds its askers to the storage contract.
   support/scripted_store.h; mailproto/store.h. */
#include "support/scripted_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(int kept, const char *rule)
{
    if (!kept) {
        fprintf(stderr, "an asker broke a rule of the store: %s\n", rule);
        abort();
    }
}

static void *room(size_t n)
{
    void *p = calloc(1, n ? n : 1);

    must(p != NULL, "the test has memory");
    return p;
}

/* ---- messages ---- */

uint32_t test_store_add(struct test_store *s, const void *text, size_t len)
{
    struct test_stored *m;

    if (s->count == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 16;
        s->messages = realloc(s->messages, s->capacity * sizeof *s->messages);
        must(s->messages != NULL, "the test has memory");
    }
    m = &s->messages[s->count++];
    *m = (struct test_stored){.uid = s->uidnext++, .modseq = ++s->modseq};
    test_bytes_add(&m->text, text, len);
    return m->uid;
}

static struct test_stored *by_uid(struct test_store *s, uint32_t uid)
{
    size_t low = 0, high = s->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (s->messages[middle].uid < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->count && s->messages[low].uid == uid ? &s->messages[low] : NULL;
}

void test_store_remove(struct test_store *s, uint32_t uid)
{
    struct test_stored *m = by_uid(s, uid);

    must(m && !m->gone, "the test removes what is there");
    m->gone = 1;
    m->modseq = ++s->modseq;
}

size_t test_store_messages(const struct test_store *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->count; i++)
        n += !s->messages[i].gone;
    return n;
}

static int listed(const mailproto_store_run *uids, uint32_t uid)
{
    if (!uids)
        return 1;
    for (; uids; uids = uids->next)
        if (uids->first <= uid && uid <= uids->last)
            return 1;
    return 0;
}

static void check_runs(const mailproto_store_run *uids)
{
    uint32_t last = 0;

    for (; uids; uids = uids->next) {
        must(uids->struct_size == sizeof *uids && uids->first > last && uids->first <= uids->last,
             "runs rise and do not overlap");
        last = uids->last;
    }
}

/* ---- handles ---- */

static size_t find(const uint64_t *handles, uint64_t number)
{
    for (size_t i = 0; i < TEST_STORE_HANDLES; i++)
        if (handles[i] == number)
            return i;
    must(0, number ? "what is used or closed is open" : "the test has room for handles");
    return 0;
}

static struct test_snapshot *find_snapshot(struct test_store *s, uint64_t number)
{
    for (size_t i = 0; i < TEST_STORE_HANDLES; i++)
        if (s->snapshots[i].number == number)
            return &s->snapshots[i];
    must(0, number ? "a snapshot that is used or ended is open" : "the test has room for snapshots");
    return NULL;
}

static struct test_upload *find_upload(struct test_store *s, uint64_t number)
{
    for (size_t i = 0; i < TEST_STORE_HANDLES; i++)
        if (s->uploads[i].number == number)
            return &s->uploads[i];
    must(0, number ? "an upload that is used is open" : "the test has room for uploads");
    return NULL;
}

static void end_snapshot(struct test_snapshot *snapshot)
{
    free(snapshot->at);
    *snapshot = (struct test_snapshot){0};
}

static void end_upload(struct test_upload *upload)
{
    test_bytes_free(&upload->text);
    *upload = (struct test_upload){0};
}

static void close_opening(struct test_store *s, uint64_t opening)
{
    s->openings[find(s->openings, opening)] = 0;
    if (s->exclusive == opening)
        s->exclusive = 0;
    for (size_t i = 0; i < TEST_STORE_HANDLES; i++)
        if (s->snapshots[i].number && s->snapshots[i].opening == opening)
            end_snapshot(&s->snapshots[i]);
}

/* Closes what an answer that did not come to its end opened. */
static void undo(struct test_store *s, const struct test_asked *a)
{
    if (!a->handle)
        return;
    if (a->question->type == MAILPROTO_STORE_OPEN)
        close_opening(s, a->handle);
    else if (a->question->type == MAILPROTO_STORE_MESSAGE_OPEN)
        s->opened_messages[find(s->opened_messages, a->handle)] = 0;
    else if (a->question->type == MAILPROTO_STORE_APPEND_BEGIN)
        end_upload(find_upload(s, a->handle));
}

/* ---- answers: each gives its items, and says how it ends ---- */

static int32_t give(struct test_asked *a, void *item, size_t size, uint32_t type)
{
    mailproto_event *head = item;
    int32_t result;

    head->struct_size = (uint32_t)size;
    head->type = type;
    result = mailproto_store_give(a->asker, a->question->token, head);
    must(result == MAILPROTO_OK || result == MAILPROTO_STORE_ENOUGH, "an open question takes its items");
    return result;
}

static int32_t answer_list(struct test_store *s, struct test_asked *a)
{
    const mailproto_store_list *q = (const void *)a->question;
    mailproto_store_mailbox item = {.mailbox = s->inbox, .name = {"INBOX", 5}};

    must(q->only.len == 5 && !memcmp(q->only.ptr, "INBOX", 5), "INBOX is looked for");
    if (s->inbox)
        give(a, &item, sizeof item, MAILPROTO_STORE_MAILBOX);
    return 0;
}

static int32_t answer_open(struct test_store *s, struct test_asked *a)
{
    const mailproto_store_open *q = (const void *)a->question;
    mailproto_store_opened item = {.opening = ++s->last_handle,
                                   .cursor = s->modseq,
                                   .uidvalidity = s->uidvalidity,
                                   .uidnext = s->uidnext,
                                   .messages = (uint32_t)test_store_messages(s),
                                   .rights = s->rights};

    must(q->mailbox == s->inbox && q->mode == MAILPROTO_STORE_EXCLUSIVE, "INBOX is locked");
    if (s->exclusive)
        return MAILPROTO_ERR_BUSY;
    s->exclusive = a->handle = item.opening;
    s->openings[find(s->openings, 0)] = item.opening;
    give(a, &item, sizeof item, MAILPROTO_STORE_OPENED);
    return 0;
}

static void take_snapshot(struct test_store *s, struct test_snapshot *snapshot, const mailproto_store_changes *q)
{
    snapshot->at = room(s->count * sizeof *snapshot->at);
    for (size_t i = 0; i < s->count; i++)
        if (!s->messages[i].gone && listed(q->uids, s->messages[i].uid))
            snapshot->at[snapshot->count++] = (uint32_t)i;
    snapshot->number = ++s->last_handle;
    snapshot->opening = q->opening;
}

static int32_t answer_changes(struct test_store *s, struct test_asked *a)
{
    const mailproto_store_changes *q = (const void *)a->question;
    struct test_snapshot *snapshot = find_snapshot(s, q->snapshot);
    mailproto_store_cursor cursor = {.cursor = s->modseq};
    uint32_t given = 0;
    int32_t enough = 0;

    find(s->openings, q->opening);
    check_runs(q->uids);
    must(!q->since, "a maildrop is asked for whole");
    if (!q->snapshot)
        take_snapshot(s, snapshot, q);
    while (!s->empty_pages && snapshot->next < snapshot->count && (!q->want || given < q->want) && !enough) {
        const struct test_stored *m = &s->messages[snapshot->at[snapshot->next++]];
        mailproto_store_message item = {.uid = m->uid, .flags = m->flags, .modseq = m->modseq, .size = m->text.len};

        given++;
        enough = give(a, &item, sizeof item, MAILPROTO_STORE_MESSAGE);
    }
    cursor.more = snapshot->next < snapshot->count;
    cursor.snapshot = cursor.more ? snapshot->number : 0;
    give(a, &cursor, sizeof cursor, MAILPROTO_STORE_CURSOR);
    if (!cursor.more)
        end_snapshot(snapshot);
    return 0;
}

static int32_t answer_message_open(struct test_store *s, struct test_asked *a)
{
    const mailproto_store_message_open *q = (const void *)a->question;
    struct test_stored *m = by_uid(s, q->uid);
    mailproto_store_message_opened item = {.message = ++s->last_handle};
    size_t i;

    must(q->mailbox == s->inbox, "the mailbox is the one that was found");
    if (!m || m->gone)
        return MAILPROTO_ERR_GONE;
    i = find(s->opened_messages, 0);
    s->opened_messages[i] = a->handle = item.message;
    s->message_of[i] = (size_t)(m - s->messages);
    item.size = m->text.len;
    give(a, &item, sizeof item, MAILPROTO_STORE_MESSAGE_OPENED);
    return 0;
}

static uint64_t lease(struct test_store *s, mailproto_text *bytes)
{
    for (size_t i = 0; i < TEST_STORE_LEASES; i++)
        if (!s->leased[i]) {
            s->leased[i] = room(bytes->len);
            memcpy(s->leased[i], bytes->ptr, bytes->len);
            bytes->ptr = s->leased[i];
            return i + 1;
        }
    must(0, "leases are released");
    return 0;
}

static int32_t answer_message_read(struct test_store *s, struct test_asked *a)
{
    const mailproto_store_message_read *q = (const void *)a->question;
    const struct test_stored *m = &s->messages[s->message_of[find(s->opened_messages, q->message)]];
    mailproto_store_slice item = {0};
    size_t n = q->max;

    must(q->offset < m->text.len && q->max, "what is read is there");
    if (n > m->text.len - q->offset)
        n = m->text.len - (size_t)q->offset;
    if (s->slice && n > s->slice)
        n = (size_t)s->slice;
    item.bytes = (mailproto_text){(const char *)m->text.ptr + q->offset, n};
    if (s->leases && test_random_below(&s->random, 2))
        item.lease = lease(s, &item.bytes);
    give(a, &item, sizeof item, MAILPROTO_STORE_SLICE);
    return 0;
}

static int32_t answer_flags(struct test_store *s, struct test_asked *a)
{
    const mailproto_store_flags *q = (const void *)a->question;

    must(q->mailbox == s->inbox && q->operation == MAILPROTO_STORE_FLAGS_ADD && q->flags == MAILPROTO_FLAG_DELETED &&
             q->unchanged_since == UINT64_MAX && q->uids,
         "\\Deleted is set on some messages");
    check_runs(q->uids);
    for (size_t i = 0; i < s->count; i++) {
        struct test_stored *m = &s->messages[i];
        mailproto_store_message item = {.uid = m->uid, .flags = m->flags | MAILPROTO_FLAG_DELETED};
        mailproto_store_uids gone = {.first = m->uid, .last = m->uid};

        if (!listed(q->uids, m->uid))
            continue;
        if (m->gone) {
            give(a, &gone, sizeof gone, MAILPROTO_STORE_VANISHED);
            continue;
        }
        m->flags |= MAILPROTO_FLAG_DELETED;
        give(a, &item, sizeof item, MAILPROTO_STORE_MESSAGE);
    }
    return 0;
}

static int32_t answer_expunge(struct test_store *s, struct test_asked *a)
{
    const mailproto_store_expunge *q = (const void *)a->question;
    uint32_t n = 0;

    must(q->mailbox == s->inbox && q->uids, "some messages are expunged, not all");
    check_runs(q->uids);
    s->expunges++;
    for (size_t i = 0; i < s->count; i++) {
        struct test_stored *m = &s->messages[i];
        mailproto_store_uids item = {.first = m->uid, .last = m->uid};

        if (m->gone || !listed(q->uids, m->uid) || !(m->flags & MAILPROTO_FLAG_DELETED))
            continue;
        if (s->keep_deleted && n++ % s->keep_deleted == 0)
            continue;
        m->gone = 1;
        give(a, &item, sizeof item, MAILPROTO_STORE_VANISHED);
    }
    return 0;
}

static int32_t answer_append_begin(struct test_store *s, struct test_asked *a)
{
    const mailproto_store_append_begin *q = (const void *)a->question;
    struct test_upload *upload = find_upload(s, 0);
    mailproto_store_upload item = {.upload = ++s->last_handle};

    must(q->mailbox == s->inbox && !q->upload &&
             q->options == (MAILPROTO_STORE_NO_UIDS | MAILPROTO_STORE_SIZE_ESTIMATED),
         "one message is delivered");
    if (s->room && q->size > s->room)
        return MAILPROTO_ERR_QUOTA;
    upload->number = a->handle = item.upload;
    give(a, &item, sizeof item, MAILPROTO_STORE_UPLOAD);
    return 0;
}

static int32_t answer_append_write(struct test_store *s, struct test_asked *a)
{
    const mailproto_store_append_write *q = (const void *)a->question;
    struct test_upload *upload = find_upload(s, q->upload);

    upload->busy = 0;
    s->writes++;
    test_bytes_add(&upload->text, q->bytes.ptr, q->bytes.len);
    return s->room && upload->text.len > s->room ? MAILPROTO_ERR_QUOTA : 0;
}

static int32_t answer_append_share(struct test_store *s, struct test_asked *a)
{
    const mailproto_store_append_share *q = (const void *)a->question;
    struct test_upload *upload = find_upload(s, q->upload);
    const struct test_upload *other = find_upload(q->other->user, q->other_upload);

    upload->busy = 0;
    must(!upload->text.len && !other->busy, "what is shared was written, and nothing to the other");
    s->shares++;
    test_bytes_add(&upload->text, other->text.ptr, other->text.len);
    return s->room && upload->text.len > s->room ? MAILPROTO_ERR_QUOTA : 0;
}

static int32_t answer_append_commit(struct test_store *s, struct test_asked *a)
{
    const mailproto_store_append_commit *q = (const void *)a->question;
    struct test_upload *upload = find_upload(s, q->upload);

    test_store_add(s, upload->text.ptr, upload->text.len);
    s->commits++;
    end_upload(upload);
    return 0;
}

static int32_t answer_items(struct test_store *s, struct test_asked *a)
{
    switch (a->question->type) {
    case MAILPROTO_STORE_LIST:
        return answer_list(s, a);
    case MAILPROTO_STORE_OPEN:
        return answer_open(s, a);
    case MAILPROTO_STORE_CHANGES:
        return answer_changes(s, a);
    case MAILPROTO_STORE_MESSAGE_OPEN:
        return answer_message_open(s, a);
    case MAILPROTO_STORE_MESSAGE_READ:
        return answer_message_read(s, a);
    case MAILPROTO_STORE_FLAGS:
        return answer_flags(s, a);
    case MAILPROTO_STORE_EXPUNGE:
        return answer_expunge(s, a);
    case MAILPROTO_STORE_APPEND_BEGIN:
        return answer_append_begin(s, a);
    case MAILPROTO_STORE_APPEND_WRITE:
        return answer_append_write(s, a);
    case MAILPROTO_STORE_APPEND_SHARE:
        return answer_append_share(s, a);
    default:
        return answer_append_commit(s, a);
    }
}

/* ---- questions ---- */

/* An upload whose write or commit failed is over for the store, or is to be aborted. */
static void fail_upload(struct test_store *s, const mailproto_event *question)
{
    if (question->type == MAILPROTO_STORE_APPEND_COMMIT)
        end_upload(find_upload(s, ((const mailproto_store_append_commit *)(const void *)question)->upload));
    else if (question->type == MAILPROTO_STORE_APPEND_WRITE)
        find_upload(s, ((const mailproto_store_append_write *)(const void *)question)->upload)->busy = 0;
    else if (question->type == MAILPROTO_STORE_APPEND_SHARE)
        find_upload(s, ((const mailproto_store_append_share *)(const void *)question)->upload)->busy = 0;
}

static int32_t items(struct test_store *s, struct test_asked *a)
{
    int32_t end;

    if (a->question->type == s->silent_type && !s->silent_after--) {
        s->silent_after = 0;
        return 0;
    }
    if (a->question->type == s->fail_type) {
        if (s->fail_after) {
            s->fail_after--;
        } else {
            if (s->fail_times && !--s->fail_times)
                s->fail_type = 0;
            if (a->question->type == MAILPROTO_STORE_OPEN || a->question->type == MAILPROTO_STORE_MESSAGE_OPEN ||
                a->question->type == MAILPROTO_STORE_CHANGES) {
                end = answer_items(s, a); /* what was given before the failure does not count */
                if (end)
                    return end;
            } else {
                fail_upload(s, a->question);
            }
            return s->fail_why;
        }
    }
    return answer_items(s, a);
}

static void end(struct test_store *s, struct test_asked *a)
{
    uint64_t token = a->question->token;
    int32_t result;

    if (a->end)
        undo(s, a);
    result =
        a->end ? mailproto_store_fail(a->asker, token, a->end, "scripted", 8) : mailproto_store_done(a->asker, token);
    must(result == MAILPROTO_OK, "an open question takes its end");
    must(mailproto_store_done(a->asker, token) == MAILPROTO_ERR_TOKEN, "a question ends once");
    mailproto_store_kept_free(a->question, NULL);
}

int test_store_act(struct test_store *s)
{
    size_t i, n = s->asked_count;
    struct test_asked a;

    if (!n)
        return 0;
    i = test_random_below(&s->random, n);
    if (s->hang_type)
        for (size_t tried = 0; tried < n && s->asked[i].question->type == s->hang_type; tried++)
            i = (i + 1) % n;
    if (s->hang_type && s->asked[i].question->type == s->hang_type)
        return 0;
    a = s->asked[i];
    if (!a.told) {
        a.told = 1;
        a.end = items(s, &a);
        s->asked[i] = a;
        if (test_random_below(&s->random, 2))
            return 1;
    }
    s->asked[i] = s->asked[--s->asked_count];
    end(s, &a);
    return 1;
}

/* One question at a time for what has an order. */
static void check_order(struct test_store *s, const mailproto_event *question)
{
    struct test_upload *upload = NULL;

    if (question->type == MAILPROTO_STORE_APPEND_WRITE)
        upload = find_upload(s, ((const mailproto_store_append_write *)(const void *)question)->upload);
    else if (question->type == MAILPROTO_STORE_APPEND_SHARE)
        upload = find_upload(s, ((const mailproto_store_append_share *)(const void *)question)->upload);
    else if (question->type == MAILPROTO_STORE_APPEND_COMMIT)
        upload = find_upload(s, ((const mailproto_store_append_commit *)(const void *)question)->upload);
    if (upload) {
        must(!upload->busy, "an upload has one question at a time");
        upload->busy = 1;
    }
}

static int32_t ask(void *user, mailproto_store_asker *asker, const mailproto_event *question)
{
    struct test_store *s = user;
    struct test_asked a = {.asker = asker};

    must(question->token != 0, "a question that has an answer has a token");
    for (size_t i = 0; i < s->asked_count; i++)
        must(s->asked[i].asker != asker || s->asked[i].question->token != question->token, "tokens differ");
    s->questions++;
    check_order(s, question);
    must(mailproto_store_keep(&a.question, question, NULL) == MAILPROTO_OK, "questions are well formed");
    if (!s->late && question->type != s->hang_type) {
        a.end = items(s, &a);
        if (a.end && test_random_below(&s->random, 2)) { /* the function's own result says it, too */
            int32_t why = a.end;

            undo(s, &a);
            mailproto_store_kept_free(a.question, NULL);
            return why;
        }
        end(s, &a);
        return 0;
    }
    must(s->asked_count < TEST_STORE_ASKED, "the test has room for questions");
    s->asked[s->asked_count++] = a;
    return 0;
}

static void cancel(void *user, mailproto_store_asker *asker, uint64_t token)
{
    struct test_store *s = user;
    size_t i = 0;

    while (i < s->asked_count && (s->asked[i].asker != asker || s->asked[i].question->token != token))
        i++;
    must(i < s->asked_count, "what is cancelled is open");
    s->cancels++;
    undo(s, &s->asked[i]);
    if (!s->asked[i].told)
        fail_upload(s, s->asked[i].question); /* else it has happened */
    must(mailproto_store_done(asker, token) == MAILPROTO_ERR_TOKEN, "what is cancelled takes no end");
    mailproto_store_kept_free(s->asked[i].question, NULL);
    s->asked[i] = s->asked[--s->asked_count];
}

static void release(void *user, uint64_t number)
{
    struct test_store *s = user;

    must(number && number <= TEST_STORE_LEASES && s->leased[number - 1], "a lease is released once");
    free(s->leased[number - 1]);
    s->leased[number - 1] = NULL;
}

/* ---- what has no answer ---- */

static int32_t mailbox_close(void *user, mailproto_store_asker *asker, const mailproto_store_close *q)
{
    struct test_store *s = user;

    (void)asker;
    must(!q->head.token, "CLOSE has no answer");
    for (size_t i = 0; i < TEST_STORE_HANDLES; i++)
        must(!s->opened_messages[i], "messages are closed before their maildrop");
    close_opening(s, q->opening);
    return 0;
}

static int32_t snapshot_end(void *user, mailproto_store_asker *asker, const mailproto_store_snapshot_end *q)
{
    struct test_store *s = user;

    (void)asker;
    find(s->openings, q->opening);
    must(q->snapshot != 0, "a snapshot has a number");
    end_snapshot(find_snapshot(s, q->snapshot));
    return 0;
}

static int32_t message_close(void *user, mailproto_store_asker *asker, const mailproto_store_message_close *q)
{
    struct test_store *s = user;

    (void)asker;
    s->opened_messages[find(s->opened_messages, q->message)] = 0;
    return 0;
}

static int32_t append_abort(void *user, mailproto_store_asker *asker, const mailproto_store_append_abort *q)
{
    struct test_store *s = user;

    (void)asker;
    must(q->upload != 0, "an upload has a number");
    s->aborts++;
    end_upload(find_upload(s, q->upload));
    return 0;
}

/* ---- the table ---- */

#define ASK(function, type)                                                                                            \
    static int32_t function(void *user, mailproto_store_asker *asker, const mailproto_store_##type *q)                 \
    {                                                                                                                  \
        return ask(user, asker, &q->head);                                                                             \
    }
ASK(list, list)
ASK(mailbox_open, open)
ASK(changes, changes)
ASK(message_open, message_open)
ASK(message_read, message_read)
ASK(flags, flags)
ASK(expunge, expunge)
ASK(append_begin, append_begin)
ASK(append_write, append_write)
ASK(append_commit, append_commit)
ASK(append_share, append_share)

void test_store_start(struct test_store *s, uint64_t seed)
{
    memset(s, 0, sizeof *s);
    mailproto_store_init(&s->api, sizeof s->api);
    s->api.user = s;
    s->api.list = list;
    s->api.mailbox_open = mailbox_open;
    s->api.mailbox_close = mailbox_close;
    s->api.changes = changes;
    s->api.snapshot_end = snapshot_end;
    s->api.message_open = message_open;
    s->api.message_read = message_read;
    s->api.message_close = message_close;
    s->api.flags = flags;
    s->api.expunge = expunge;
    s->api.append_begin = append_begin;
    s->api.append_write = append_write;
    s->api.append_commit = append_commit;
    s->api.append_abort = append_abort;
    s->api.cancel = cancel;
    s->api.release = release;
    s->random.state = seed;
    s->uidvalidity = 4000000000u;
    s->uidnext = 1;
    s->rights = UINT32_MAX;
    s->modseq = 1;
    s->inbox = 77;
}

void test_store_share(struct test_store *s)
{
    s->api.append_share = append_share;
}

size_t test_store_open(const struct test_store *s)
{
    size_t n = s->asked_count;

    for (size_t i = 0; i < TEST_STORE_HANDLES; i++)
        n += (s->openings[i] != 0) + (s->opened_messages[i] != 0) + (s->snapshots[i].number != 0) +
             (s->uploads[i].number != 0);
    for (size_t i = 0; i < TEST_STORE_LEASES; i++)
        n += s->leased[i] != NULL;
    return n;
}

void test_store_free(struct test_store *s)
{
    for (size_t i = 0; i < s->count; i++)
        test_bytes_free(&s->messages[i].text);
    free(s->messages);
    must(test_store_open(s) == 0, "nothing is left open");
}
