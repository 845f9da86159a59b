/* rules_answers.c - the rules of answers: once, no more than are wanted, nothing after a cancel; errors; what is kept besides.
 * mailproto/store.h, QUESTIONS, ITEMS and CANCEL; RFC 5464 (annotations). */
#include <string.h>

#include "kit.h"

#define QUESTION(name, TYPE) mailproto_store_##name q = {.head = {sizeof q, MAILPROTO_STORE_##TYPE, 0}}

/* Questions of every kind about a mailbox with some messages, each passed to `use`. 0: the rule failed. */
struct about {
    uint64_t id, other;
    uint32_t uids[4];
};
typedef int use_function(kit *k, kit_handle *h, mailproto_event *question);

static int make(kit_handle *h, const char *name, struct about *about)
{
    about->id = mp_kit_create(h, name);
    about->other = about->id ? mp_kit_inbox(h) : 0;
    for (size_t i = 0; about->other && i < 4; i++)
        if (!(about->uids[i] = mp_kit_append(h, about->id, "x\r\n", 0)))
            return 0;
    return about->other != 0;
}

static int each(kit *k, kit_handle *h, const struct about *about, use_function *use)
{
    const mailproto_store_run run = mp_kit_run_of(about->uids[0], about->uids[1]);
    mailproto_store_list list = {.head = {sizeof list, MAILPROTO_STORE_LIST, 0}};
    mailproto_store_status status = {.head = {sizeof status, MAILPROTO_STORE_STATUS, 0}};
    mailproto_store_open open = {.head = {sizeof open, MAILPROTO_STORE_OPEN, 0}};
    mailproto_store_message_open pin = {.head = {sizeof pin, MAILPROTO_STORE_MESSAGE_OPEN, 0}};
    mailproto_store_append_begin begin = {.head = {sizeof begin, MAILPROTO_STORE_APPEND_BEGIN, 0}};
    mailproto_store_flags flags = {.head = {sizeof flags, MAILPROTO_STORE_FLAGS, 0}};
    mailproto_store_copy copy = {.head = {sizeof copy, MAILPROTO_STORE_COPY, 0}};
    mailproto_store_expunge expunge = {.head = {sizeof expunge, MAILPROTO_STORE_EXPUNGE, 0}};
    mailproto_store_subscribe subscribe = {.head = {sizeof subscribe, MAILPROTO_STORE_SUBSCRIBE, 0}};
    mailproto_store_authorise authorise = {.head = {sizeof authorise, MAILPROTO_STORE_AUTHORISE, 0}};

    status.mailbox = open.mailbox = pin.mailbox = begin.mailbox = flags.mailbox = copy.mailbox = about->id;
    expunge.mailbox = authorise.mailbox = about->id;
    open.mode = MAILPROTO_STORE_EXCLUSIVE;
    pin.uid = about->uids[0];
    flags.uids = copy.uids = &run;
    flags.unchanged_since = UINT64_MAX;
    flags.operation = MAILPROTO_STORE_FLAGS_ADD;
    flags.flags = MAILPROTO_FLAG_DELETED;
    copy.destination = about->other;
    subscribe.name = mp_kit_text("INBOX");
    authorise.rights = MAILPROTO_RIGHT_READ;
    return use(k, h, &list.head) && use(k, h, &status.head) && use(k, h, &open.head) && use(k, h, &pin.head) &&
           use(k, h, &begin.head) && use(k, h, &flags.head) && use(k, h, &copy.head) && use(k, h, &expunge.head) &&
           use(k, h, &subscribe.head) && use(k, h, &authorise.head);
}

/* ---- once ---- */

/* Asks, and closes what the answer opened. */
static int ask(kit *k, kit_handle *h, mailproto_event *question)
{
    const kit_answer *answer = mp_kit_ask(h, question);

    (void)k;
    if (!answer)
        return 0;
    if (answer->count && answer->items[0]->type == MAILPROTO_STORE_OPENED)
        mp_kit_close(h, KIT_ITEM(answer, 0, opened)->opening);
    if (answer->count && answer->items[0]->type == MAILPROTO_STORE_UPLOAD)
        mp_kit_abort(h, KIT_ITEM(answer, 0, upload)->upload);
    if (answer->count && answer->items[0]->type == MAILPROTO_STORE_MESSAGE_OPENED) {
        mailproto_store_message_close close = {{sizeof close, MAILPROTO_STORE_MESSAGE_CLOSE, 0}, 0};

        close.message = KIT_ITEM(answer, 0, message_opened)->message;
        mp_kit_tell(h, &close.head);
    }
    return 1;
}

static void answer_once(kit *k)
{
    kit_handle *h = &k->handles[0];
    struct about about;

    NEED(make(h, "once", &about) && each(k, h, &about, ask));
    mp_kit_settle(k);
    DEMAND(k, !h->strays, "%lu items or ends came for questions that had been answered", (unsigned long)h->strays);
}

/* ---- enough ---- */

static void answer_enough(kit *k)
{
    kit_handle *h = &k->handles[0];
    const mailproto_store_opened *opened;
    struct about about;
    kit_answer *answer;
    mailproto_store_changes changes = {.head = {sizeof changes, MAILPROTO_STORE_CHANGES, 0}};
    QUESTION(list, LIST);

    NEED(make(h, "enough", &about) && mp_kit_create(h, "more") && mp_kit_create(h, "much more"));
    opened = mp_kit_open(h, about.id, MAILPROTO_STORE_READ_ONLY);
    NEED(opened);
    changes.opening = opened->opening;
    NEED((answer = mp_kit_post_enough(h, &changes.head, 2)) && mp_kit_wait(h, answer));
    DEMAND(k, !answer->after_enough, "CHANGES went on after it was told ENOUGH");
    DEMAND(k, !answer->result, "CHANGES that was told ENOUGH ended with %s", mailproto_result_name(answer->result));
    NEED((answer = mp_kit_post_enough(h, &q.head, 2)) && mp_kit_wait(h, answer));
    DEMAND(k, !answer->after_enough && answer->count == 2, "LIST went on after it was told ENOUGH");
    mp_kit_close(h, opened->opening);
}

/* ---- cancel ---- */

/* Cancels somewhere on the way: before the first item, or with it. */
static int ask_and_cancel(kit *k, kit_handle *h, mailproto_event *question)
{
    kit_answer *answer = mp_kit_post_cancel(h, question, mp_kit_random(k, 2) ? 1 : 0);

    if (!answer)
        return 0;
    mp_kit_steps(k, mp_kit_random(k, 3));
    if (answer->ended)
        return answer->count ? ask(k, h, question) : 1;
    mp_kit_cancel(h, answer);
    return 1;
}

static void cancel_silent(kit *k)
{
    kit_handle *h = &k->handles[0];
    struct about about;

    NEED(make(h, "silent", &about));
    for (int i = 0; i < 4; i++) {
        NEED(each(k, h, &about, ask_and_cancel));
        mp_kit_settle(k);
        DEMAND(k, !h->after_cancel, "a question that was cancelled was answered all the same, %lu times",
               (unsigned long)h->after_cancel);
    }
}

/* The lock of an answer that nobody heard is given back. */
static void cancel_open(kit *k)
{
    kit_handle *h = &k->handles[0], *other = mp_kit_handle(k);
    const mailproto_store_opened *opened;
    struct about about;
    QUESTION(open, OPEN);

    NEED(other && make(h, "lock", &about));
    q.mailbox = about.id;
    q.mode = MAILPROTO_STORE_EXCLUSIVE;
    for (int i = 0; i < 8; i++) {
        kit_answer *answer = mp_kit_post_cancel(h, &q.head, i % 2);

        NEED(answer);
        mp_kit_steps(k, (size_t)i / 2);
        if (answer->ended && answer->count)
            mp_kit_close(h, KIT_ITEM(answer, 0, opened)->opening);
        mp_kit_cancel(h, answer);
        mp_kit_settle(k);
        opened = mp_kit_open(other, about.id, MAILPROTO_STORE_EXCLUSIVE);
        NEED(opened);
        mp_kit_close(other, opened->opening);
        mp_kit_settle(k);
    }
}

/* A commit that was cancelled happened, or it did not. */
static void cancel_commit(kit *k)
{
    kit_handle *h = &k->handles[0];
    const mailproto_store_status_item *status;
    uint32_t before = 0;
    struct about about;
    QUESTION(append_commit, APPEND_COMMIT);

    NEED(make(h, "halves", &about) && (status = mp_kit_status(h, about.id)));
    before = status->messages;
    for (int i = 0; i < 6; i++) {
        kit_answer *answer;

        NEED((q.upload = mp_kit_begin(h, about.id, 0, 0)) && mp_kit_write(h, q.upload, "1\r\n", 3));
        NEED(mp_kit_begin(h, about.id, q.upload, 0) && mp_kit_write(h, q.upload, "2\r\n", 3));
        NEED((answer = mp_kit_post_cancel(h, &q.head, 1 + i % 2)));
        mp_kit_steps(k, (size_t)i / 2);
        mp_kit_cancel(h, answer);
        mp_kit_abort(h, q.upload);
        mp_kit_settle(k);
        NEED((status = mp_kit_status(h, about.id)));
        DEMAND(k, status->messages == before || status->messages == before + 2,
               "%d of 2 messages are there of a commit that was cancelled", (int)status->messages - (int)before);
        before = status->messages;
    }
}

/* ---- errors ---- */

/* What an upload ends with: a store that gathers octets looks for the mailbox when it has them. */
static int upload_to(kit_handle *h, uint64_t mailbox, int32_t *result)
{
    mailproto_store_append_begin begin = {.head = {sizeof begin, MAILPROTO_STORE_APPEND_BEGIN, 0}};
    mailproto_store_append_write write = {.head = {sizeof write, MAILPROTO_STORE_APPEND_WRITE, 0}};
    mailproto_store_append_commit commit = {.head = {sizeof commit, MAILPROTO_STORE_APPEND_COMMIT, 0}};
    mailproto_event *const all[] = {&begin.head, &write.head, &commit.head};

    begin.mailbox = mailbox;
    write.bytes = mp_kit_text("for nobody\r\n");
    *result = MAILPROTO_OK;
    for (size_t i = 0; i < sizeof all / sizeof *all && !*result; i++) {
        const kit_answer *answer = mp_kit_ask(h, all[i]);

        if (!answer)
            return 0;
        *result = answer->result;
        if (i == 0 && answer->count)
            write.upload = commit.upload = KIT_ITEM(answer, 0, upload)->upload;
        if (i == 1 && *result)
            mp_kit_abort(h, write.upload);
    }
    return 1;
}

static void error_codes(kit *k)
{
    kit_handle *h = &k->handles[0];
    const mailproto_store_run run = mp_kit_run_of(1, 1);
    struct about about;
    const uint64_t id = mp_kit_create(h, "no more");
    mailproto_store_open open = {.head = {sizeof open, MAILPROTO_STORE_OPEN, 0}};
    mailproto_store_flags flags = {.head = {sizeof flags, MAILPROTO_STORE_FLAGS, 0}};
    mailproto_store_copy copy = {.head = {sizeof copy, MAILPROTO_STORE_COPY, 0}};
    mailproto_store_expunge expunge = {.head = {sizeof expunge, MAILPROTO_STORE_EXPUNGE, 0}};
    mailproto_store_delete again = {.head = {sizeof again, MAILPROTO_STORE_DELETE, 0}};
    mailproto_store_rename rename = {.head = {sizeof rename, MAILPROTO_STORE_RENAME, 0}};
    mailproto_event *const all[] = {&open.head, &flags.head, &copy.head, &expunge.head, &again.head, &rename.head};
    int32_t result;

    NEED(id && make(h, "there", &about) && mp_kit_delete(h, id, &result));
    open.mailbox = flags.mailbox = expunge.mailbox = again.mailbox = rename.mailbox = id;
    open.mode = MAILPROTO_STORE_READ_ONLY;
    flags.uids = copy.uids = &run;
    flags.unchanged_since = UINT64_MAX;
    flags.operation = MAILPROTO_STORE_FLAGS_ADD;
    copy.mailbox = about.id;
    copy.destination = id;
    rename.name = mp_kit_text("renamed");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const kit_answer *answer = mp_kit_ask(h, all[i]);

        NEED(answer);
        DEMAND(k, answer->result == MAILPROTO_ERR_NOT_FOUND,
               "question 0x%x of a mailbox that is not there was answered %s", (unsigned)all[i]->type,
               mailproto_result_name(answer->result));
    }
    NEED(upload_to(h, id, &result));
    DEMAND(k, result == MAILPROTO_ERR_NOT_FOUND, "an upload to a mailbox that is not there was answered %s",
           mailproto_result_name(result));
}

/* ---- what is kept besides ---- */

static kit_answer *blob(kit_handle *h, const struct about *about, uint32_t version)
{
    QUESTION(blob_read, BLOB_READ);

    q.mailbox = about->id;
    q.uid = about->uids[0];
    q.version = version;
    return mp_kit_done(h, &q.head);
}

static void blob_version(kit *k)
{
    kit_handle *h = &k->handles[0];
    struct about about;
    kit_answer *answer;
    QUESTION(blob_write, BLOB_WRITE);

    NEED(make(h, "blobs", &about));
    if (!h->store.blob_write || !h->store.blob_read) {
        (void)mp_kit_leave_out(k, "the store keeps no blobs");
        return;
    }
    q.mailbox = about.id;
    q.uid = about.uids[0];
    q.version = 7;
    q.bytes = (mailproto_text){"a\0b", 3};
    NEED(mp_kit_done(h, &q.head) && (answer = blob(h, &about, 7)));
    DEMAND(k,
           !answer->count || (KIT_ITEM(answer, 0, slice)->bytes.len == 3 &&
                              !memcmp(KIT_ITEM(answer, 0, slice)->bytes.ptr, "a\0b", 3)),
           "a blob is not what was written");
    NEED((answer = blob(h, &about, 8)));
    DEMAND(k, !answer->count, "a blob of version 7 was given for version 8");
}

static kit_answer *annotate(kit_handle *h, uint64_t id, const char *name, const char *value)
{
    QUESTION(metadata_set, METADATA_SET);

    q.mailbox = id;
    q.name = mp_kit_text(name);
    q.has_value = value != NULL;
    q.value = mp_kit_text(value ? value : "");
    return mp_kit_ask(h, &q.head);
}

static void metadata(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t id = mp_kit_create(h, "notes");
    kit_answer *answer;
    QUESTION(metadata, METADATA);

    NEED(id && (answer = annotate(h, id, "/private/comment", "mine")));
    if (answer->result) {
        (void)mp_kit_leave_out(k, "the store takes no annotations");
        return;
    }
    NEED(annotate(h, id, "/private/comment/deep", "below"));
    q.mailbox = id;
    q.name = mp_kit_text("/private/comment");
    NEED((answer = mp_kit_done(h, &q.head)));
    DEMAND(k, answer->count == 1, "%lu entries are told with depth 0", (unsigned long)answer->count);
    DEMAND(k,
           KIT_ITEM(answer, 0, metadata_item)->value.len == 4 &&
               !memcmp(KIT_ITEM(answer, 0, metadata_item)->value.ptr, "mine", 4),
           "a value is not what was set");
    q.depth = MAILPROTO_UNLIMITED;
    NEED((answer = mp_kit_done(h, &q.head)));
    DEMAND(k, answer->count == 2, "%lu of 2 entries are told with any depth", (unsigned long)answer->count);
    NEED(annotate(h, id, "/private/comment", NULL) && (answer = mp_kit_done(h, &q.head)));
    DEMAND(k, answer->count == 1, "an entry without a value is still there");
}

const kit_rule mp_kit_answer_rules[] = {
    {"answer.once", "a question is answered once, and nothing is said of it afterwards", answer_once},
    {"answer.enough", "no item is given to who said ENOUGH, and the answer ends well", answer_enough},
    {"cancel.silent", "a question that was cancelled is not answered", cancel_silent},
    {"cancel.open", "what the answer to a cancelled question would have opened is closed", cancel_open},
    {"cancel.commit", "a commit that was cancelled is whole or not at all", cancel_commit},
    {"error.codes", "what is asked of a mailbox that is not there is ERR_NOT_FOUND", error_codes},
    {"blob.version", "a blob is given for its own version alone", blob_version},
    {"metadata", "annotations are told as they were set, down to the depth that is asked for", metadata},
    {NULL, NULL, NULL},
};
