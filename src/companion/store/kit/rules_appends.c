/* rules_appends.c - the rules of uploads, and of quotas.
 * mailproto/store.h, RULES; RFC 9051 6.3.12, RFC 3502, RFC 4315, RFC 5322 2.1, RFC 9208. */
#include <stdio.h>
#include <string.h>

#include "kit.h"

#define QUESTION(name, TYPE) mailproto_store_##name q = {.head = {sizeof q, MAILPROTO_STORE_##TYPE, 0}}

/* The item MESSAGE of a UID. NULL: the rule failed. */
static const mailproto_store_message *message(kit_handle *h, uint64_t mailbox, uint32_t uid)
{
    const mailproto_store_opened *opened = mp_kit_open(h, mailbox, MAILPROTO_STORE_READ_ONLY);
    kit_answer *answer;
    QUESTION(changes, CHANGES);

    if (!opened)
        return NULL;
    q.opening = opened->opening;
    answer = mp_kit_done(h, &q.head);
    mp_kit_close(h, opened->opening);
    for (size_t i = 0; answer && i < answer->count; i++)
        if (answer->items[i]->type == MAILPROTO_STORE_MESSAGE && KIT_ITEM(answer, i, message)->uid == uid)
            return KIT_ITEM(answer, i, message);
    (void)mp_kit_fail(h->kit, "UID %u is not among the messages", (unsigned)uid);
    return NULL;
}

static void append_kept(kit *k)
{
    const mailproto_store_keyword word = {sizeof word, 0, {"$Forwarded", 10}, NULL};
    kit_handle *h = &k->handles[0];
    const uint64_t id = mp_kit_create(h, "kept");
    const mailproto_store_appended *appended;
    const mailproto_store_message *item;
    kit_answer *answer;
    char octets[64];
    size_t size;
    QUESTION(append_begin, APPEND_BEGIN);

    NEED(id);
    q.mailbox = id;
    q.size = 13;
    q.has_date = 1;
    q.internal_date = INT64_C(4102444800); /* beyond 32 bits that have a sign */
    q.zone = -210;
    q.flags = MAILPROTO_FLAG_SEEN | MAILPROTO_FLAG_DRAFT;
    q.keywords = &word;
    answer = mp_kit_done(h, &q.head);
    NEED(answer && answer->count == 1 &&
         mp_kit_write(h, KIT_ITEM(answer, 0, upload)->upload, "A: b\r\n\r\nc\r\n.", 13));
    appended = mp_kit_commit(h, KIT_ITEM(answer, 0, upload)->upload);
    NEED(appended);
    item = message(h, id, appended->uid);
    NEED(item);
    DEMAND(k, item->flags == q.flags, "the flags 0x%x became 0x%x", (unsigned)q.flags, (unsigned)item->flags);
    DEMAND(k, item->internal_date == q.internal_date, "the internal date is not what was given");
    DEMAND(k, item->zone == q.zone, "the zone %d became %d", (int)q.zone, (int)item->zone);
    DEMAND(k, item->keywords && item->keywords->name.len == 10 && !memcmp(item->keywords->name.ptr, "$Forwarded", 10),
           "the keyword is lost");
    NEED(mp_kit_read(h, id, appended->uid, octets, sizeof octets, &size));
    DEMAND(k, size == 13 && !memcmp(octets, "A: b\r\n\r\nc\r\n.", 13), "the octets are not those that were written");
}

static void append_order(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t id = mp_kit_create(h, "group");
    uint64_t upload = 0;
    kit_answer *answer;
    char octets[8];
    size_t size;
    QUESTION(append_commit, APPEND_COMMIT);

    NEED(id);
    for (int i = 0; i < 3; i++) {
        const char text[] = {(char)('1' + i), '\r', '\n', '\0'};

        upload = mp_kit_begin(h, id, upload, 0);
        NEED(upload && mp_kit_write(h, upload, text, 3));
    }
    q.upload = upload;
    answer = mp_kit_done(h, &q.head);
    NEED(answer);
    DEMAND(k, answer->count == 3, "%lu items APPENDED for 3 messages", (unsigned long)answer->count);
    for (size_t i = 0; i < 3; i++) {
        const mailproto_store_appended *item = KIT_ITEM(answer, i, appended);

        DEMAND(k, !i || item->uid > KIT_ITEM(answer, i - 1, appended)->uid, "UIDs do not rise within a group");
        NEED(mp_kit_read(h, id, item->uid, octets, sizeof octets, &size));
        DEMAND(k, size == 3 && octets[0] == (char)('1' + i), "APPENDED %lu is not the message begun as that one",
               (unsigned long)i + 1);
    }
}

static void append_together(kit *k)
{
    kit_handle *h = &k->handles[0], *other = mp_kit_handle(k);
    const uint64_t id = mp_kit_create(h, "together");
    uint64_t upload;
    kit_answer *answer;
    int seen;
    QUESTION(append_commit, APPEND_COMMIT);

    NEED(other && id);
    upload = mp_kit_begin(h, id, 0, 0);
    NEED(upload && mp_kit_write(h, upload, "1\r\n", 3) && mp_kit_begin(h, id, upload, 0));
    NEED(mp_kit_write(h, upload, "2\r\n", 3));
    seen = mp_kit_count(other, id);
    NEED(seen >= 0);
    DEMAND(k, !seen, "%d messages of a group can be seen before it is committed", seen);
    q.upload = upload;
    answer = mp_kit_post(h, &q.head);
    NEED(answer);
    for (int i = 0; i < 20 && !answer->ended; i++) {
        mp_kit_steps(k, 1);
        seen = mp_kit_count(other, id);
        NEED(seen >= 0);
        DEMAND(k, seen == 0 || seen == 2, "%d messages of a group of 2 can be seen", seen);
    }
    NEED(mp_kit_wait(h, answer));
    seen = mp_kit_count(other, id);
    DEMAND(k, answer->result || seen == 2, "%d messages of a group of 2 can be seen after commit", seen);
}

static void append_abort(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t id = mp_kit_create(h, "abort");
    uint64_t upload;
    int seen;

    NEED(id);
    upload = mp_kit_begin(h, id, 0, 0);
    NEED(upload && mp_kit_write(h, upload, "1\r\n", 3) && mp_kit_begin(h, id, upload, 0));
    NEED(mp_kit_write(h, upload, "2\r\n", 3));
    mp_kit_abort(h, upload);
    mp_kit_settle(k);
    seen = mp_kit_count(h, id);
    DEMAND(k, seen <= 0, "%d messages are there after abort", seen);
}

/* Begins a message of 5 octets, writes, commits: the first result that is not OK. */
static int try_size(kit_handle *h, uint64_t id, const char *text, int32_t *result)
{
    mailproto_store_append_write write = {.head = {sizeof write, MAILPROTO_STORE_APPEND_WRITE, 0}};
    mailproto_store_append_commit commit = {.head = {sizeof commit, MAILPROTO_STORE_APPEND_COMMIT, 0}};
    kit_answer *answer;
    QUESTION(append_begin, APPEND_BEGIN);

    q.mailbox = id;
    q.size = 5;
    answer = mp_kit_ask(h, &q.head);
    if (!answer || answer->result || answer->count != 1) {
        *result = answer ? answer->result : 0;
        return answer && answer->result;
    }
    write.upload = commit.upload = KIT_ITEM(answer, 0, upload)->upload;
    write.bytes = mp_kit_text(text);
    answer = mp_kit_ask(h, &write.head);
    if (answer && answer->result) {
        *result = answer->result;
        mp_kit_abort(h, write.upload);
        mp_kit_settle(h->kit);
        return 1;
    }
    answer = answer ? mp_kit_ask(h, &commit.head) : NULL;
    *result = answer ? answer->result : 0;
    return answer != NULL;
}

static void append_size(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t id = mp_kit_create(h, "size");
    int32_t result;

    NEED(id && try_size(h, id, "123\r\n", &result));
    DEMAND(k, !result, "a message of its announced size was answered %s", mailproto_result_name(result));
    NEED(try_size(h, id, "12\r\n", &result));
    DEMAND(k, result, "a message with fewer octets than announced was taken");
    NEED(try_size(h, id, "1234\r\n", &result));
    DEMAND(k, result, "a message with more octets than announced was taken");
    DEMAND(k, mp_kit_count(h, id) <= 1, "a message that broke its announced size is there");
}

/* What a sender merely said is not held against the message. */
static void append_estimated(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t id = mp_kit_create(h, "estimated");
    kit_answer *answer;
    char octets[16];
    size_t size;
    const mailproto_store_appended *appended;
    mailproto_store_append_write write = {.head = {sizeof write, MAILPROTO_STORE_APPEND_WRITE, 0}};
    QUESTION(append_begin, APPEND_BEGIN);

    NEED(id);
    q.mailbox = id;
    q.options = MAILPROTO_STORE_SIZE_ESTIMATED;
    for (q.size = 4; q.size < 10; q.size += 5) { /* less than come, and more */
        answer = mp_kit_done(h, &q.head);
        NEED(answer && answer->count == 1);
        write.upload = KIT_ITEM(answer, 0, upload)->upload;
        write.bytes = mp_kit_text("12345\r\n");
        NEED((answer = mp_kit_ask(h, &write.head)));
        DEMAND(k, !answer->result, "7 octets were refused where %u had been estimated", (unsigned)q.size);
        appended = mp_kit_commit(h, write.upload);
        NEED(appended && mp_kit_read(h, id, appended->uid, octets, sizeof octets, &size));
        DEMAND(k, size == 7, "%lu of 7 octets are there", (unsigned long)size);
    }
}

/* The octets of one upload are those of another. */
static void append_share(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t id = mp_kit_create(h, "one"), other = mp_kit_create(h, "other");
    const mailproto_store_appended *appended;
    uint64_t upload, to;
    kit_answer *answer;
    char octets[16];
    size_t size;
    QUESTION(append_share, APPEND_SHARE);

    if (!h->store.append_share) {
        (void)mp_kit_leave_out(k, "the store does not share the octets of uploads");
        return;
    }
    NEED(id && other && (upload = mp_kit_begin(h, id, 0, 0)) && mp_kit_write(h, upload, "12345\r\n", 7) &&
         (to = mp_kit_begin(h, other, 0, 0)));
    q.upload = to;
    q.other = &h->store;
    q.other_upload = upload;
    NEED((answer = mp_kit_ask(h, &q.head)));
    DEMAND(k, !answer->result, "APPEND_SHARE between uploads of one store was answered %s",
           mailproto_result_name(answer->result));
    mp_kit_abort(h, upload);
    mp_kit_settle(k);
    appended = mp_kit_commit(h, to);
    NEED(appended && mp_kit_read(h, other, appended->uid, octets, sizeof octets, &size));
    DEMAND(k, size == 7 && !memcmp(octets, "12345\r\n", 7), "the message that shares octets has %lu others",
           (unsigned long)size);
}

/* Bare LF becomes CRLF, wherever it is cut; CR and CRLF stay. */
static void append_crlf(kit *k)
{
    static const char text[] = "A: b\n\nc\r\nd\re\r\r\n\n", served[] = "A: b\r\n\r\nc\r\nd\re\r\r\n\r\n";
    kit_handle *h = &k->handles[0];
    const uint64_t id = mp_kit_create(h, "lines");
    const size_t len = sizeof text - 1, expected = sizeof served - 1;

    NEED(id);
    for (size_t cut = 0; cut <= len; cut++) {
        const uint64_t upload = mp_kit_begin(h, id, 0, 0);
        const mailproto_store_appended *appended;
        const mailproto_store_message *item;
        char octets[64];
        size_t size;

        NEED(upload && mp_kit_write(h, upload, text, cut) && mp_kit_write(h, upload, text + cut, len - cut));
        appended = mp_kit_commit(h, upload);
        NEED(appended && mp_kit_read(h, id, appended->uid, octets, sizeof octets, &size));
        DEMAND(k, size == expected && !memcmp(octets, served, size), "LF became something else than CRLF, cut at %lu",
               (unsigned long)cut);
        item = message(h, id, appended->uid);
        NEED(item);
        DEMAND(k, item->size == size, "CHANGES tells %lu octets, and %lu can be read", (unsigned long)item->size,
               (unsigned long)size);
    }
}

static void append_no_uids(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t id = mp_kit_create(h, "delivered");
    mailproto_store_append_commit commit = {.head = {sizeof commit, MAILPROTO_STORE_APPEND_COMMIT, 0}};
    kit_answer *answer;
    kit_view view;
    QUESTION(append_begin, APPEND_BEGIN);

    NEED(id);
    q.mailbox = id;
    q.options = MAILPROTO_STORE_NO_UIDS;
    answer = mp_kit_done(h, &q.head);
    NEED(answer && answer->count == 1);
    commit.upload = KIT_ITEM(answer, 0, upload)->upload;
    NEED(mp_kit_write(h, commit.upload, "x\r\n", 3));
    answer = mp_kit_done(h, &commit.head);
    NEED(answer);
    DEMAND(k, !answer->count, "an item is given to who did not want UIDs");
    NEED(mp_kit_view(h, id, &view));
    DEMAND(k, view.count == 1 && view.messages[0].uid, "the message is not there");
}

static void append_numbers(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t id = mp_kit_create(h, "numbers");
    const mailproto_store_opened *opened;
    const mailproto_store_appended *appended;
    const mailproto_store_message *item;
    uint64_t upload;

    NEED(id);
    opened = mp_kit_open(h, id, MAILPROTO_STORE_READ_WRITE);
    upload = mp_kit_begin(h, id, 0, 0);
    NEED(opened && upload && mp_kit_write(h, upload, "x\r\n", 3));
    appended = mp_kit_commit(h, upload);
    NEED(appended);
    DEMAND(k, appended->uidvalidity == opened->uidvalidity, "APPENDED tells UIDVALIDITY %u, OPENED %u",
           (unsigned)appended->uidvalidity, (unsigned)opened->uidvalidity);
    DEMAND(k, appended->uid >= opened->uidnext, "UID %u was given, and UIDNEXT was %u", (unsigned)appended->uid,
           (unsigned)opened->uidnext);
    item = message(h, id, appended->uid);
    NEED(item);
    DEMAND(k, item->modseq == appended->modseq && item->modseq > opened->cursor,
           "APPENDED tells modseq %lu, CHANGES %lu, and the cursor was %lu", (unsigned long)appended->modseq,
           (unsigned long)item->modseq, (unsigned long)opened->cursor);
    mp_kit_close(h, opened->opening);
}

enum { MANY = 12 };

/* A dozen uploads of several stores at once, piece by piece in any order. */
static void append_concurrent(kit *k)
{
    kit_handle *all[KIT_HANDLES];
    const uint64_t id = mp_kit_create(&k->handles[0], "crowd");
    kit_answer *commits[MANY];
    uint64_t uploads[MANY];
    int seen[MANY] = {0};
    kit_view view;

    for (size_t i = 0; i < KIT_HANDLES; i++)
        NEED((all[i] = i ? mp_kit_handle(k) : &k->handles[0]));
    NEED(id);
    for (size_t i = 0; i < MANY; i++) {
        char text[16];

        (void)snprintf(text, sizeof text, "%02u\r\n", (unsigned)i);
        uploads[i] = mp_kit_begin(all[i % KIT_HANDLES], id, 0, 0);
        NEED(uploads[i] && mp_kit_write(all[i % KIT_HANDLES], uploads[i], text, 4));
    }
    for (size_t i = 0; i < MANY; i++) {
        const size_t n = (i * 5 + 3) % MANY;
        QUESTION(append_commit, APPEND_COMMIT);

        q.upload = uploads[n];
        NEED((commits[n] = mp_kit_post(all[n % KIT_HANDLES], &q.head)));
        mp_kit_steps(k, mp_kit_random(k, 3));
    }
    for (size_t i = 0; i < MANY; i++) {
        NEED(mp_kit_wait(all[i % KIT_HANDLES], commits[i]));
        DEMAND(k, !commits[i]->result, "commit %lu was answered %s", (unsigned long)i,
               mailproto_result_name(commits[i]->result));
    }
    NEED(mp_kit_view(all[0], id, &view));
    DEMAND(k, view.count == MANY, "%lu of %d messages are there", (unsigned long)view.count, (int)MANY);
    for (size_t i = 0; i < view.count; i++) {
        char octets[16];
        size_t size;
        int n;

        NEED(mp_kit_read(all[0], id, view.messages[i].uid, octets, sizeof octets, &size));
        n = size == 4 ? (octets[0] - '0') * 10 + octets[1] - '0' : -1;
        DEMAND(k, n >= 0 && n < MANY && !seen[n]++, "a message is there twice, or is none of those that were written");
    }
}

static void quota(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t id = mp_kit_create(h, "quota");
    kit_answer *answer;
    int32_t result;
    QUESTION(quota_set, QUOTA_SET);

    NEED(id && mp_kit_append(h, id, "x\r\n", 0));
    q.resource = MAILPROTO_QUOTA_MESSAGE;
    q.has_limit = 1;
    q.limit = 1;
    answer = mp_kit_ask(h, &q.head);
    NEED(answer);
    if (answer->result) {
        (void)mp_kit_leave_out(k, "the store takes no quota of messages by QUOTA_SET");
        return;
    }
    NEED(try_size(h, id, "123\r\n", &result));
    DEMAND(k, result == MAILPROTO_ERR_QUOTA, "a second message was answered %s, and the quota is 1",
           mailproto_result_name(result));
    DEMAND(k, mp_kit_count(h, id) == 1, "it is there nevertheless");
}

const kit_rule mp_kit_append_rules[] = {
    {"append.kept", "octets, flags, keywords, internal date and zone are kept as they were given", append_kept},
    {"append.order", "APPENDED comes for each message of a group, in the order in which they were begun", append_order},
    {"append.together", "the messages of a group become visible together, with the commit", append_together},
    {"append.abort", "nothing is left of an upload that was aborted", append_abort},
    {"append.size", "an announced size is enforced", append_size},
    {"append.estimated", "a size that is estimated is not enforced", append_estimated},
    {"append.share", "octets that are shared are those of the other upload, even if that is aborted", append_share},
    {"append.crlf", "lines end in CRLF whatever was written, and the size is exact for that", append_crlf},
    {"append.no_uids", "with NO_UIDS a commit gives no item, and the message is there", append_no_uids},
    {"append.numbers", "APPENDED tells the UID, UIDVALIDITY and modseq that CHANGES and OPENED tell", append_numbers},
    {"append.concurrent", "uploads of several stores at once are all there, whole, once", append_concurrent},
    {"quota", "what a quota does not allow is ERR_QUOTA, and not there", quota},
    {NULL, NULL, NULL},
};
