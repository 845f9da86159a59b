/* rules_messages.c - the rules of messages: reading, flags, copies, moves, expunges.
 * mailproto/store.h, RULES; RFC 9051 6.4.3 to 6.4.9, RFC 7162 3.1.3, RFC 6851, RFC 8474 5.1. */
#include <string.h>

#include "kit.h"

#define QUESTION(name, TYPE) mailproto_store_##name q = {.head = {sizeof q, MAILPROTO_STORE_##TYPE, 0}}

/* Makes a mailbox with n messages. 0: the rule failed. */
static uint64_t filled(kit_handle *h, const char *name, size_t n, uint32_t *uids)
{
    const uint64_t id = mp_kit_create(h, name);

    for (size_t i = 0; id && i < n; i++) {
        const char text[] = {(char)('1' + i), '\r', '\n', '\0'};

        uids[i] = mp_kit_append(h, id, text, 0);
        if (!uids[i])
            return 0;
    }
    return id;
}

/* The pinned message. NULL: the rule failed. */
static const mailproto_store_message_opened *pin(kit_handle *h, uint64_t mailbox, uint32_t uid)
{
    kit_answer *answer;
    QUESTION(message_open, MESSAGE_OPEN);

    q.mailbox = mailbox;
    q.uid = uid;
    answer = mp_kit_done(h, &q.head);
    return answer && answer->count == 1 ? KIT_ITEM(answer, 0, message_opened) : NULL;
}

static void unpin(kit_handle *h, uint64_t message)
{
    QUESTION(message_close, MESSAGE_CLOSE);

    q.message = message;
    mp_kit_tell(h, &q.head);
}

static const mailproto_store_slice *read_at(kit_handle *h, uint64_t message, uint64_t offset, size_t max)
{
    kit_answer *answer;
    QUESTION(message_read, MESSAGE_READ);

    q.message = message;
    q.offset = offset;
    q.max = max;
    answer = mp_kit_done(h, &q.head);
    if (answer && answer->count == 1)
        return KIT_ITEM(answer, 0, slice);
    if (answer)
        (void)mp_kit_fail(h->kit, "MESSAGE_READ gave %lu slices", (unsigned long)answer->count);
    return NULL;
}

/* ---- reading ---- */

static void message_pin(kit *k)
{
    kit_handle *h = &k->handles[0], *other = mp_kit_handle(k);
    const mailproto_store_message_opened *opened;
    const mailproto_store_slice *slice;
    uint32_t uids[2];
    uint64_t id;
    char octets[8];

    NEED(other && (id = filled(h, "pin", 2, uids)));
    opened = pin(h, id, uids[0]);
    NEED(opened);
    DEMAND(k, opened->size == 3, "MESSAGE_OPENED tells %lu octets of 3", (unsigned long)opened->size);
    NEED(mp_kit_remove(other, id, uids[0], uids[0]));
    for (uint64_t at = 0; at < 3; at++) {
        slice = read_at(h, opened->message, at, 1);
        NEED(slice);
        DEMAND(k, slice->bytes.len >= 1, "a read at %lu of an expunged message gave %lu octets", (unsigned long)at,
               (unsigned long)slice->bytes.len);
        octets[at] = slice->bytes.ptr[0];
    }
    DEMAND(k, !memcmp(octets, "1\r\n", 3), "an open message changed when it was expunged");
    unpin(h, opened->message);
}

static void message_read(kit *k)
{
    static const char text[] = "A: b\r\n\r\n12345678901234567890\r\n";
    kit_handle *h = &k->handles[0];
    const uint64_t id = mp_kit_create(h, "read");
    const mailproto_store_message_opened *opened;
    const mailproto_store_slice *slice;
    uint64_t at = 0;
    uint32_t uid;

    NEED(id && (uid = mp_kit_append(h, id, text, 0)));
    opened = pin(h, id, uid);
    NEED(opened);
    DEMAND(k, opened->size == sizeof text - 1, "the size is %lu of %lu", (unsigned long)opened->size,
           (unsigned long)sizeof text - 1);
    while (at < opened->size) {
        slice = read_at(h, opened->message, at, 3);
        NEED(slice);
        DEMAND(k, slice->bytes.len >= 1 && slice->bytes.len <= 3, "%lu octets of at most 3 were read",
               (unsigned long)slice->bytes.len);
        DEMAND(k, at + slice->bytes.len <= opened->size, "more octets can be read than the size says");
        DEMAND(k, !memcmp(slice->bytes.ptr, text + at, slice->bytes.len), "other octets are at %lu", (unsigned long)at);
        at += slice->bytes.len;
    }
    slice = read_at(h, opened->message, at, 3);
    NEED(slice);
    DEMAND(k, !slice->bytes.len, "behind the last octet there are more");
    unpin(h, opened->message);
}

static void message_gone(kit *k)
{
    kit_handle *h = &k->handles[0];
    uint32_t uids[2];
    const uint64_t id = filled(h, "gone", 2, uids);
    kit_answer *answer;
    QUESTION(message_open, MESSAGE_OPEN);

    NEED(id && mp_kit_remove(h, id, uids[0], uids[0]));
    q.mailbox = id;
    q.uid = uids[0];
    answer = mp_kit_ask(h, &q.head);
    NEED(answer);
    DEMAND(k, answer->result == MAILPROTO_ERR_GONE, "MESSAGE_OPEN of a removed message was answered %s",
           mailproto_result_name(answer->result));
}

/* ---- flags ---- */

static int has_word(const mailproto_store_message *item, const char *word)
{
    for (const mailproto_store_keyword *k = item->keywords; k; k = k->next)
        if (k->name.len == strlen(word) && !memcmp(k->name.ptr, word, k->name.len))
            return 1;
    return 0;
}

/* The flags of one message after a change; NULL: the rule failed. */
static const mailproto_store_message *after(kit_handle *h, uint64_t id, uint32_t uid, uint32_t operation,
                                            uint32_t flags, const char *word)
{
    const mailproto_store_keyword keyword = {sizeof keyword, 0, mp_kit_text(word), NULL};
    const mailproto_store_run run = mp_kit_run_of(uid, uid);
    kit_answer *answer;
    QUESTION(flags, FLAGS);

    q.mailbox = id;
    q.uids = &run;
    q.unchanged_since = UINT64_MAX;
    q.operation = operation;
    q.flags = flags;
    q.keywords = *word ? &keyword : NULL;
    answer = mp_kit_done(h, &q.head);
    if (answer && answer->count == 1 && answer->items[0]->type == MAILPROTO_STORE_MESSAGE)
        return KIT_ITEM(answer, 0, message);
    if (answer)
        (void)mp_kit_fail(h->kit, "FLAGS of one message does not tell it");
    return NULL;
}

static void flags_operations(kit *k)
{
    kit_handle *h = &k->handles[0];
    const mailproto_store_message *item;
    uint32_t uids[1];
    const uint64_t id = filled(h, "flags", 1, uids);

    NEED(id);
    NEED((item = after(h, id, uids[0], MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_SEEN | MAILPROTO_FLAG_DRAFT, "Work")));
    DEMAND(k, item->flags == (MAILPROTO_FLAG_SEEN | MAILPROTO_FLAG_DRAFT) && has_word(item, "Work"),
           "ADD gave flags 0x%x", (unsigned)item->flags);
    NEED((item = after(h, id, uids[0], MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_FLAGGED, "WORK")));
    DEMAND(k, has_word(item, "Work") && !item->keywords->next, "a keyword in another case is another keyword");
    NEED((item = after(h, id, uids[0], MAILPROTO_STORE_FLAGS_REMOVE, MAILPROTO_FLAG_SEEN, "work")));
    DEMAND(k, item->flags == (MAILPROTO_FLAG_FLAGGED | MAILPROTO_FLAG_DRAFT) && !item->keywords,
           "REMOVE left flags 0x%x%s", (unsigned)item->flags, item->keywords ? " and the keyword" : "");
    NEED((item = after(h, id, uids[0], MAILPROTO_STORE_FLAGS_REPLACE, MAILPROTO_FLAG_ANSWERED, "New")));
    DEMAND(k, item->flags == MAILPROTO_FLAG_ANSWERED && has_word(item, "New"), "REPLACE gave flags 0x%x",
           (unsigned)item->flags);
}

/* Two at once say "if it is as I saw it": one of them is right. */
static void flags_unchanged(kit *k)
{
    kit_handle *asked[2] = {&k->handles[0], mp_kit_handle(k)};
    uint32_t uids[1];
    const uint64_t id = filled(&k->handles[0], "compare", 1, uids);
    const mailproto_store_status_item *status;
    mailproto_store_run run;
    kit_answer *answers[2];
    int set = 0, modified = 0;
    QUESTION(flags, FLAGS);

    NEED(asked[1] && id && (status = mp_kit_status(asked[0], id)));
    run = mp_kit_run_of(uids[0], uids[0]);
    q.mailbox = id;
    q.uids = &run;
    q.unchanged_since = status->cursor;
    q.operation = MAILPROTO_STORE_FLAGS_ADD;
    q.flags = MAILPROTO_FLAG_SEEN;
    NEED((answers[0] = mp_kit_post(asked[0], &q.head)));
    q.flags = MAILPROTO_FLAG_FLAGGED;
    NEED((answers[1] = mp_kit_post(asked[1], &q.head)));
    for (int i = 0; i < 2; i++) {
        NEED(mp_kit_wait(asked[i], answers[i]));
        DEMAND(k, !answers[i]->result && answers[i]->count == 1, "FLAGS was answered %s with %lu items",
               mailproto_result_name(answers[i]->result), (unsigned long)answers[i]->count);
        set += answers[i]->items[0]->type == MAILPROTO_STORE_MESSAGE;
        modified += answers[i]->items[0]->type == MAILPROTO_STORE_MODIFIED;
    }
    DEMAND(k, set == 1 && modified == 1, "of two that compared with the same modseq %d were set and %d told MODIFIED",
           set, modified);
}

static void flags_gone(kit *k)
{
    kit_handle *h = &k->handles[0];
    uint32_t uids[3];
    const uint64_t id = filled(h, "absent", 3, uids);
    int told = 0, others = 0;
    kit_answer *answer;

    NEED(id && mp_kit_remove(h, id, uids[1], uids[1]));
    answer = mp_kit_flags(h, id, uids[0], uids[2], MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_SEEN);
    NEED(answer);
    for (size_t i = 0; i < answer->count; i++) {
        const mailproto_store_uids *item = KIT_ITEM(answer, i, uids);

        others += answer->items[i]->type == MAILPROTO_STORE_MESSAGE;
        if (answer->items[i]->type == MAILPROTO_STORE_VANISHED)
            told += item->first <= uids[1] && item->last >= uids[1];
    }
    DEMAND(k, others == 2, "%d of 2 messages were set", others);
    DEMAND(k, told == 1, "a UID that is gone is not told by VANISHED");
}

/* ---- copies and moves ---- */

static void copy_pairs(kit *k)
{
    kit_handle *h = &k->handles[0];
    uint32_t uids[4], last = 0;
    const uint64_t id = filled(h, "from", 4, uids), to = mp_kit_create(h, "to");
    const mailproto_store_opened *opened;
    kit_answer *answer;
    kit_view source, view;

    NEED(id && to && mp_kit_append(h, to, "first\r\n", 0) && mp_kit_remove(h, id, uids[1], uids[1]));
    NEED(mp_kit_flags(h, id, uids[2], uids[2], MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_ANSWERED));
    opened = mp_kit_open(h, to, MAILPROTO_STORE_READ_ONLY);
    NEED(opened && (answer = mp_kit_copy(h, id, uids[0], uids[3], to, 0)));
    NEED(mp_kit_view(h, id, &source) && mp_kit_view(h, to, &view));
    DEMAND(k, answer->count == 3, "%lu pairs are told of 3 messages", (unsigned long)answer->count);
    DEMAND(k, source.count == 3 && view.count == 4, "%lu messages are in the source of 3, %lu in the destination of 4",
           (unsigned long)source.count, (unsigned long)view.count);
    for (size_t i = 0; i < 3; i++) {
        const mailproto_store_copied *pair = KIT_ITEM(answer, i, copied);
        const kit_message *from = mp_kit_in(&source, pair->from), *copy = mp_kit_in(&view, pair->to);
        char octets[8];
        size_t size;

        DEMAND(k, pair->from > last, "the pairs are not in UID order");
        last = pair->from;
        DEMAND(k, from && copy, "UID %u was copied to UID %u, and one of them is not there", (unsigned)pair->from,
               (unsigned)pair->to);
        DEMAND(k, from->flags == copy->flags && from->size == copy->size, "a copy has other flags or another size");
        DEMAND(k, pair->uidvalidity == opened->uidvalidity, "COPIED tells UIDVALIDITY %u, OPENED %u",
               (unsigned)pair->uidvalidity, (unsigned)opened->uidvalidity);
        NEED(mp_kit_read(h, to, pair->to, octets, sizeof octets, &size));
        DEMAND(k,
               size == 3 && octets[0] == (char)('1' + (pair->from == uids[0]   ? 0
                                                       : pair->from == uids[2] ? 2
                                                                               : 3)),
               "a copy is another message");
    }
    mp_kit_close(h, opened->opening);
}

static void copy_all(kit *k)
{
    kit_handle *h = &k->handles[0];
    uint32_t uids[3];
    const uint64_t id = filled(h, "from", 3, uids), to = mp_kit_create(h, "to");
    const mailproto_store_run run = mp_kit_run_of(1, UINT32_MAX);
    kit_answer *answer;
    kit_view view;
    mailproto_store_quota_set quota = {.head = {sizeof quota, MAILPROTO_STORE_QUOTA_SET, 0}};
    QUESTION(copy, COPY);

    NEED(id && to);
    quota.resource = MAILPROTO_QUOTA_MESSAGE;
    quota.has_limit = 1;
    quota.limit = 4;
    answer = mp_kit_ask(h, &quota.head);
    NEED(answer);
    if (answer->result) {
        (void)mp_kit_leave_out(k, "the store takes no quota of messages by QUOTA_SET, so no copy can fail");
        return;
    }
    q.mailbox = id;
    q.uids = &run;
    q.destination = to;
    answer = mp_kit_ask(h, &q.head);
    NEED(answer && mp_kit_view(h, to, &view));
    DEMAND(k, view.count == (answer->result ? 0 : 3), "COPY of 3 messages was answered %s, and %lu are there",
           mailproto_result_name(answer->result), (unsigned long)view.count);
}

/* While they are moved, a look at the source, then one at the destination, finds each; the other way round finds none
   twice. */
static void move_sides(kit *k)
{
    kit_handle *h = &k->handles[0], *other = mp_kit_handle(k);
    uint32_t uids[4];
    const uint64_t id = filled(h, "side", 4, uids), to = mp_kit_create(h, "other side");
    const mailproto_store_run run = mp_kit_run_of(uids[0], uids[3]);
    kit_answer *answer;
    kit_view a, b;
    int over = 0;
    QUESTION(copy, COPY);

    NEED(other && id && to);
    q.mailbox = id;
    q.uids = &run;
    q.destination = to;
    q.move = 1;
    NEED((answer = mp_kit_post(h, &q.head)));
    for (int i = 0; i < 50 && over < 2; i++) {
        over += answer->ended;
        NEED(mp_kit_view(other, id, &a) && mp_kit_view(other, to, &b));
        DEMAND(k, a.count + b.count >= 4, "%lu messages of 4 can be seen while they are moved",
               (unsigned long)(a.count + b.count));
        NEED(mp_kit_view(other, to, &b) && mp_kit_view(other, id, &a));
        DEMAND(k, a.count + b.count <= 4, "%lu messages of 4 can be seen while they are moved",
               (unsigned long)(a.count + b.count));
    }
    NEED(mp_kit_wait(h, answer));
    DEMAND(k, !answer->result && answer->count == 4, "the move was answered %s, with %lu pairs of 4",
           mailproto_result_name(answer->result), (unsigned long)answer->count);
    NEED(mp_kit_view(h, id, &a) && mp_kit_view(h, to, &b));
    DEMAND(k, !a.count && b.count == 4, "%lu messages stayed, %lu of 4 are on the other side", (unsigned long)a.count,
           (unsigned long)b.count);
}

/* ---- expunge ---- */

static void expunge_deleted(kit *k)
{
    kit_handle *h = &k->handles[0];
    uint32_t uids[3];
    const uint64_t id = filled(h, "deleted", 3, uids);
    kit_view view;

    NEED(id && mp_kit_flags(h, id, uids[1], uids[1], MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_DELETED) &&
         mp_kit_expunge(h, id, uids[0], uids[2]) && mp_kit_view(h, id, &view));
    DEMAND(k, !mp_kit_in(&view, uids[1]), "a message that was \\Deleted is still there");
    DEMAND(k, mp_kit_in(&view, uids[0]) && mp_kit_in(&view, uids[2]), "a message that was not \\Deleted is gone");
}

static void expunge_uids(kit *k)
{
    kit_handle *h = &k->handles[0];
    uint32_t uids[3];
    const uint64_t id = filled(h, "named", 3, uids);
    kit_view view;

    NEED(id && mp_kit_flags(h, id, uids[0], uids[2], MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_DELETED) &&
         mp_kit_expunge(h, id, uids[1], uids[1]) && mp_kit_view(h, id, &view));
    DEMAND(k, !mp_kit_in(&view, uids[1]), "the message that was named is still there");
    DEMAND(k, mp_kit_in(&view, uids[0]) && mp_kit_in(&view, uids[2]), "a message that was not named is gone");
}

static void expunge_told(kit *k)
{
    kit_handle *h = &k->handles[0];
    uint32_t uids[4];
    const uint64_t id = filled(h, "told", 4, uids);
    const mailproto_store_status_item *status;
    kit_answer *answer;
    int told[4] = {0};
    QUESTION(expunge, EXPUNGE);

    NEED(id && mp_kit_flags(h, id, uids[0], uids[1], MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_DELETED) &&
         mp_kit_flags(h, id, uids[3], uids[3], MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_DELETED));
    status = mp_kit_status(h, id);
    q.mailbox = id;
    NEED(status && (answer = mp_kit_done(h, &q.head)));
    for (size_t i = 0; i < answer->count; i++) {
        const mailproto_store_uids *run = KIT_ITEM(answer, i, uids);

        DEMAND(k, run->head.type == MAILPROTO_STORE_VANISHED && run->modseq > status->cursor,
               "VANISHED tells modseq %lu, and the cursor was %lu", (unsigned long)run->modseq,
               (unsigned long)status->cursor);
        for (size_t n = 0; n < 4; n++)
            told[n] += uids[n] >= run->first && uids[n] <= run->last;
    }
    DEMAND(k, told[0] == 1 && told[1] == 1 && !told[2] && told[3] == 1,
           "VANISHED does not tell exactly what was removed");
}

const kit_rule mp_kit_message_rules[] = {
    {"message.pin", "an open message can be read to its end, even if it is expunged meanwhile", message_pin},
    {"message.read", "a slice has 1 to `max` octets, and none only behind the last", message_read},
    {"message.gone", "MESSAGE_OPEN of a message that was removed is ERR_GONE", message_gone},
    {"flags.operations", "flags and keywords are added, removed and replaced; keywords in any case", flags_operations},
    {"flags.unchanged_since", "a message with a greater modseq is left and told by MODIFIED, in one step",
     flags_unchanged},
    {"flags.gone", "FLAGS tells UIDs that are gone by VANISHED", flags_gone},
    {"copy.pairs", "COPIED tells each pair in UID order, and the destination's UIDVALIDITY; copies are equal",
     copy_pairs},
    {"copy.all", "a copy is all or none", copy_all},
    {"move.sides", "a message that is moved is on exactly one side at any moment", move_sides},
    {"expunge.deleted", "EXPUNGE removes what is \\Deleted, and nothing else", expunge_deleted},
    {"expunge.uids", "EXPUNGE removes what is named, and nothing else", expunge_uids},
    {"expunge.told", "EXPUNGE tells what it removed, at a new modseq", expunge_told},
    {NULL, NULL, NULL},
};
