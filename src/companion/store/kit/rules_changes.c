/* rules_changes.c - the rules of the feed of changes: cursors, pages, order, what vanished.
 * mailproto/store.h, RULES and CHANGES; RFC 7162 3.1 and 3.2. */
#include <string.h>

#include "kit.h"

#define QUESTION(name, TYPE) mailproto_store_##name q = {.head = {sizeof q, MAILPROTO_STORE_##TYPE, 0}}

/* Makes a mailbox with n messages and opens it. UIDs are put into `uids`. NULL: the rule failed. */
static const mailproto_store_opened *filled(kit_handle *h, const char *name, size_t n, uint64_t *id, uint32_t *uids)
{
    *id = mp_kit_create(h, name);
    if (!*id)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        uids[i] = mp_kit_append(h, *id, "x\r\n", 0);
        if (!uids[i])
            return NULL;
    }
    return mp_kit_open(h, *id, MAILPROTO_STORE_READ_WRITE);
}

static uint64_t cursor_of(kit_handle *h, uint64_t mailbox)
{
    const mailproto_store_status_item *status = mp_kit_status(h, mailbox);

    return status ? status->cursor : 0;
}

static void modseq_rises(kit *k)
{
    kit_handle *h = &k->handles[0];
    uint64_t id, other = mp_kit_create(h, "source"), before, after, modseq;
    const mailproto_store_opened *opened;
    kit_answer *answer;
    uint32_t uids[2], uid;

    NEED(other && (uid = mp_kit_append(h, other, "y\r\n", 0)));
    opened = filled(h, "rises", 2, &id, uids);
    NEED(opened);
    before = opened->cursor;
    NEED((answer = mp_kit_flags(h, id, uids[0], uids[0], MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_SEEN)));
    DEMAND(k, answer->count == 1 && answer->items[0]->type == MAILPROTO_STORE_MESSAGE,
           "FLAGS of one message does not tell it");
    modseq = KIT_ITEM(answer, 0, message)->modseq;
    NEED((after = cursor_of(h, id)));
    DEMAND(k, modseq > before && after >= modseq, "flags: the cursor was %lu, the modseq is %lu, the cursor now %lu",
           (unsigned long)before, (unsigned long)modseq, (unsigned long)after);
    NEED((answer = mp_kit_flags(h, id, uids[0], uids[0], MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_SEEN)));
    DEMAND(k, answer->count == 1 && KIT_ITEM(answer, 0, message)->modseq == modseq,
           "flags that were set already got a new modseq");
    before = after;
    NEED(mp_kit_append(h, id, "z\r\n", 0) && (after = cursor_of(h, id)));
    DEMAND(k, after > before, "an append left the cursor at %lu", (unsigned long)after);
    before = after;
    NEED(mp_kit_copy(h, other, uid, uid, id, 0) && (after = cursor_of(h, id)));
    DEMAND(k, after > before, "a copy left the cursor at %lu", (unsigned long)after);
    NEED(mp_kit_flags(h, id, uids[1], uids[1], MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_DELETED));
    NEED((before = cursor_of(h, id)) && mp_kit_expunge(h, id, uids[1], uids[1]) && (after = cursor_of(h, id)));
    DEMAND(k, after > before, "an expunge left the cursor at %lu", (unsigned long)after);
    mp_kit_close(h, opened->opening);
}

/* One of two stores changes something, at random, without waiting for the answer. */
static int change(kit *k, kit_handle *h, uint64_t id, uint64_t *uploads, size_t *count)
{
    const mailproto_store_run run = mp_kit_run_of(1, 1 + (uint32_t)mp_kit_random(k, 6));
    mailproto_store_flags flags = {.head = {sizeof flags, MAILPROTO_STORE_FLAGS, 0}};
    mailproto_store_append_commit commit = {.head = {sizeof commit, MAILPROTO_STORE_APPEND_COMMIT, 0}};

    if (*count && mp_kit_random(k, 2)) {
        commit.upload = uploads[--*count];
        return mp_kit_post(h, &commit.head) != NULL;
    }
    flags.mailbox = id;
    flags.uids = &run;
    flags.unchanged_since = UINT64_MAX;
    flags.operation = mp_kit_random(k, 2) ? MAILPROTO_STORE_FLAGS_ADD : MAILPROTO_STORE_FLAGS_REMOVE;
    flags.flags = 1u << mp_kit_random(k, 3);
    return mp_kit_post(h, &flags.head) != NULL;
}

enum { ROUNDS = 40, UPLOADS = 10 };

/* What is learnt bit by bit, always from the last cursor on, is in the end all there is. */
static void watermark(kit *k)
{
    kit_handle *h = &k->handles[0], *writers[2] = {mp_kit_handle(k), mp_kit_handle(k)};
    const mailproto_store_opened *opened;
    uint64_t id, uploads[2][UPLOADS];
    size_t counts[2] = {UPLOADS, UPLOADS};
    kit_view view, changes, whole;
    uint32_t uids[3];

    NEED(writers[0] && writers[1]);
    opened = filled(h, "watermark", 3, &id, uids);
    NEED(opened && mp_kit_changes(h, opened->opening, 0, 0, &view));
    for (size_t i = 0; i < 2 * UPLOADS; i++) {
        kit_handle *writer = writers[i % 2];

        NEED((uploads[i % 2][i / 2] = mp_kit_begin(writer, id, 0, 0)));
        NEED(mp_kit_write(writer, uploads[i % 2][i / 2], "z\r\n", 3));
    }
    for (size_t i = 0; i <= ROUNDS; i++) {
        for (size_t n = mp_kit_random(k, 4); n > 0 && i < ROUNDS; n--) {
            const size_t who = mp_kit_random(k, 2);

            NEED(change(k, writers[who], id, uploads[who], &counts[who]));
        }
        if (i < ROUNDS)
            mp_kit_steps(k, mp_kit_random(k, 6));
        for (size_t n = 0; n < 2 && i == ROUNDS; n++)
            for (kit_answer *a = writers[n]->answers; a; a = a->next)
                NEED(mp_kit_wait(writers[n], a));
        NEED(mp_kit_changes(h, opened->opening, view.cursor, 0, &changes));
        if (changes.result)
            NEED(mp_kit_changes(h, opened->opening, 0, 0, &changes));
        for (size_t n = 0; n < changes.count; n++) {
            const kit_message *m = &changes.messages[n];

            DEMAND(k, m->modseq <= changes.cursor, "modseq %lu is told with cursor %lu", (unsigned long)m->modseq,
                   (unsigned long)changes.cursor);
        }
        mp_kit_merge(&view, &changes);
    }
    NEED(mp_kit_changes(h, opened->opening, 0, 0, &whole));
    DEMAND(k, mp_kit_same(&view, &whole),
           "a change appeared at or below a cursor that had been told: %lu messages are known, and %lu there",
           (unsigned long)view.count, (unsigned long)whole.count);
    mp_kit_close(h, opened->opening);
}

enum { VANISH = 40 };

/* Every other message goes, one by one: what vanished is told exactly, or ERR_RESYNC. */
static void vanished(kit *k)
{
    kit_handle *h = &k->handles[0];
    const mailproto_store_opened *opened;
    uint32_t uids[VANISH];
    kit_view view, changes;
    uint64_t id;

    opened = filled(h, "vanished", VANISH, &id, uids);
    NEED(opened && mp_kit_changes(h, opened->opening, 0, 0, &view));
    DEMAND(k, view.count == VANISH && !view.gone_count, "since 0 %lu messages and %lu vanished runs are told",
           (unsigned long)view.count, (unsigned long)view.gone_count);
    for (size_t i = 0; i < VANISH; i += 2)
        NEED(mp_kit_remove(h, id, uids[i], uids[i]));
    NEED(mp_kit_changes(h, opened->opening, opened->cursor, 0, &changes));
    mp_kit_close(h, opened->opening);
    if (changes.result == MAILPROTO_ERR_RESYNC)
        return;
    mp_kit_merge(&view, &changes);
    for (size_t i = 0; i < VANISH; i++) {
        const int there = mp_kit_in(&view, uids[i]) != NULL;

        DEMAND(k, there == (int)(i % 2), "UID %u %s", (unsigned)uids[i],
               there ? "vanished, and is not told" : "is there, and told as vanished");
    }
}

/* A page that is asked for while the mailbox changes shows what the first one did. */
static void pages(kit *k)
{
    kit_handle *h = &k->handles[0], *other = mp_kit_handle(k);
    const mailproto_store_opened *opened;
    uint64_t id, first = 0;
    uint32_t uids[7];
    size_t told = 0;
    QUESTION(changes, CHANGES);

    NEED(other);
    opened = filled(h, "pages", 7, &id, uids);
    NEED(opened);
    q.opening = opened->opening;
    q.want = 3;
    for (size_t page = 0; page < 10; page++) {
        kit_answer *answer = mp_kit_done(h, &q.head);
        const mailproto_store_cursor *cursor;

        NEED(answer && answer->count);
        for (size_t i = 0; i < answer->count; i++) {
            const mailproto_store_message *item = KIT_ITEM(answer, i, message);

            if (item->head.type != MAILPROTO_STORE_MESSAGE)
                continue;
            told++;
            DEMAND(k, item->uid <= uids[6], "UID %u came between the pages, and is told", (unsigned)item->uid);
            DEMAND(k, !item->flags, "UID %u is told with flags that it got between the pages", (unsigned)item->uid);
        }
        cursor = KIT_ITEM(answer, answer->count - 1, cursor);
        DEMAND(k, cursor->head.type == MAILPROTO_STORE_CURSOR, "a page does not end with CURSOR");
        DEMAND(k, !page || cursor->cursor == first, "the first page told cursor %lu, a later one %lu",
               (unsigned long)first, (unsigned long)cursor->cursor);
        first = cursor->cursor;
        if (!cursor->more)
            break;
        DEMAND(k, cursor->snapshot, "CURSOR has more, and no snapshot");
        q.snapshot = cursor->snapshot;
        if (page)
            continue;
        NEED(mp_kit_append(other, id, "new\r\n", 0) && mp_kit_remove(other, id, uids[5], uids[5]) &&
             mp_kit_flags(other, id, uids[6], uids[6], MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_FLAGGED));
    }
    DEMAND(k, told == 7, "the pages told %lu messages of 7", (unsigned long)told);
    mp_kit_close(h, opened->opening);
}

static void want(kit *k)
{
    kit_handle *h = &k->handles[0];
    const mailproto_store_opened *opened;
    mailproto_store_snapshot_end end = {.head = {sizeof end, MAILPROTO_STORE_SNAPSHOT_END, 0}};
    uint32_t uids[5];
    kit_answer *answer;
    uint64_t id;
    QUESTION(changes, CHANGES);

    opened = filled(h, "want", 5, &id, uids);
    NEED(opened);
    q.opening = opened->opening;
    q.want = 2;
    answer = mp_kit_done(h, &q.head);
    NEED(answer);
    DEMAND(k, answer->count == 3 && KIT_ITEM(answer, 2, cursor)->head.type == MAILPROTO_STORE_CURSOR,
           "CHANGES with want 2 gave %lu items, not 2 and CURSOR", (unsigned long)answer->count);
    DEMAND(k, KIT_ITEM(answer, 2, cursor)->more, "CURSOR does not say that there is more");
    end.opening = opened->opening;
    end.snapshot = KIT_ITEM(answer, 2, cursor)->snapshot;
    mp_kit_tell(h, &end.head);
    mp_kit_close(h, opened->opening);
}

static void uids_alone(kit *k)
{
    kit_handle *h = &k->handles[0];
    const mailproto_store_opened *opened;
    mailproto_store_run second, run;
    uint32_t uids[6];
    kit_answer *answer;
    uint64_t id;
    QUESTION(changes, CHANGES);

    opened = filled(h, "filter", 6, &id, uids);
    NEED(opened);
    second = mp_kit_run_of(uids[3], uids[4]);
    run = mp_kit_run_of(uids[1], uids[1]);
    run.next = &second;
    q.opening = opened->opening;
    q.uids = &run;
    answer = mp_kit_done(h, &q.head);
    NEED(answer);
    for (size_t i = 0; i < answer->count; i++) {
        const mailproto_store_message *item = KIT_ITEM(answer, i, message);

        DEMAND(k,
               item->head.type != MAILPROTO_STORE_MESSAGE || item->uid == uids[1] || item->uid == uids[3] ||
                   item->uid == uids[4],
               "UID %u is told, which was not asked for", (unsigned)item->uid);
    }
    DEMAND(k, answer->count == 4, "%lu items instead of 3 messages and CURSOR", (unsigned long)answer->count);
    mp_kit_close(h, opened->opening);
}

static void order(kit *k)
{
    kit_handle *h = &k->handles[0];
    const mailproto_store_opened *opened;
    uint32_t uids[6], last = 0;
    kit_answer *answer;
    int messages = 0;
    uint64_t id;
    QUESTION(changes, CHANGES);

    opened = filled(h, "order", 6, &id, uids);
    NEED(opened && mp_kit_remove(h, id, uids[2], uids[3]));
    NEED(mp_kit_flags(h, id, uids[4], uids[5], MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_SEEN));
    NEED(mp_kit_flags(h, id, uids[0], uids[0], MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_SEEN));
    q.opening = opened->opening;
    q.since = opened->cursor;
    answer = mp_kit_ask(h, &q.head);
    NEED(answer);
    if (answer->result == MAILPROTO_ERR_RESYNC) {
        q.since = 0;
        answer = mp_kit_done(h, &q.head);
    }
    NEED(answer);
    for (size_t i = 0; i < answer->count; i++) {
        const mailproto_store_message *item = KIT_ITEM(answer, i, message);

        if (item->head.type == MAILPROTO_STORE_VANISHED) {
            DEMAND(k, !messages, "VANISHED comes after a message");
        } else if (item->head.type == MAILPROTO_STORE_MESSAGE) {
            DEMAND(k, item->uid > last, "UID %u comes after UID %u", (unsigned)item->uid, (unsigned)last);
            last = item->uid;
            messages++;
        } else {
            DEMAND(k, item->head.type == MAILPROTO_STORE_CURSOR && i + 1 == answer->count,
                   "CURSOR is not the last item");
        }
    }
    DEMAND(k, messages >= 3, "%d of 3 changed messages are told", messages);
    mp_kit_close(h, opened->opening);
}

static void since(kit *k)
{
    kit_handle *h = &k->handles[0];
    const mailproto_store_opened *opened;
    uint32_t uids[4];
    kit_view view;
    uint64_t id;

    opened = filled(h, "since", 4, &id, uids);
    NEED(opened && mp_kit_changes(h, opened->opening, opened->cursor, 0, &view));
    DEMAND(k, view.result || !view.count, "since the cursor itself %lu messages are told", (unsigned long)view.count);
    NEED(mp_kit_flags(h, id, uids[2], uids[2], MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_SEEN));
    NEED(mp_kit_changes(h, opened->opening, opened->cursor, 0, &view));
    DEMAND(k, view.result || (view.count == 1 && view.messages[0].uid == uids[2]),
           "%lu messages are told, and one changed", (unsigned long)view.count);
    mp_kit_close(h, opened->opening);
}

const kit_rule mp_kit_change_rules[] = {
    {"modseq.rises", "every change raises cursor and modseq; flags that were so already do not", modseq_rises},
    {"changes.watermark", "no change at or below a cursor that was told appears later", watermark},
    {"changes.vanished", "CHANGES tells exactly what vanished, or ERR_RESYNC; since 0 nothing vanished", vanished},
    {"changes.pages", "all pages of an answer show one moment, and tell one cursor", pages},
    {"changes.want", "CHANGES gives at most as many messages as are wanted, and says that there is more", want},
    {"changes.uids", "with `uids` CHANGES tells of these alone", uids_alone},
    {"changes.order", "VANISHED comes first, then messages in UID order, CURSOR last", order},
    {"changes.since", "CHANGES tells what changed behind the cursor, and no more", since},
    {NULL, NULL, NULL},
};
