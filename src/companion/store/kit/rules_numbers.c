/* rules_numbers.c - the rules of UIDs that are given once, and of what a restart keeps.
 * mailproto/store.h, RULES; RFC 9051 2.3.1.1. */
#include <string.h>

#include "kit.h"

#define QUESTION(name, TYPE) mailproto_store_##name q = {.head = {sizeof q, MAILPROTO_STORE_##TYPE, 0}}

/* The upload that was begun first is committed last: its UID is the greater one. */
static void uid_visible(kit *k)
{
    kit_handle *h = &k->handles[0], *other = mp_kit_handle(k);
    const uint64_t id = mp_kit_create(h, "visible");
    const mailproto_store_appended *a, *b;
    uint64_t first, second;

    NEED(other && id);
    first = mp_kit_begin(h, id, 0, 0);
    second = mp_kit_begin(other, id, 0, 0);
    NEED(first && second && mp_kit_write(h, first, "1\r\n", 3) && mp_kit_write(other, second, "2\r\n", 3));
    b = mp_kit_commit(other, second);
    NEED(b);
    a = mp_kit_commit(h, first);
    NEED(a);
    DEMAND(k, a->uid > b->uid, "UID %u became visible after UID %u", (unsigned)a->uid, (unsigned)b->uid);
}

static void uid_reuse(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t id = mp_kit_create(h, "reuse");
    uint32_t last = 0, next;

    NEED(id);
    for (int i = 0; i < 3; i++)
        NEED((last = mp_kit_append(h, id, "x\r\n", 0)));
    NEED(mp_kit_remove(h, id, last, last));
    next = mp_kit_append(h, id, "y\r\n", 0);
    NEED(next);
    DEMAND(k, next > last, "UID %u was given after UID %u was expunged", (unsigned)next, (unsigned)last);
}

/* ---- across a restart ---- */

static void restart_kept(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t id = mp_kit_create(h, "lasting");
    const mailproto_store_mailbox *item;
    kit_view before, after;
    char octets[8];
    size_t size;

    NEED(id && mp_kit_append(h, id, "1\r\n", MAILPROTO_FLAG_SEEN) && mp_kit_append(h, id, "2\r\n", 0));
    NEED(mp_kit_view(h, id, &before) && mp_kit_restart(k));
    h = &k->handles[0];
    NEED(mp_kit_find(h, "lasting", &item));
    DEMAND(k, item && item->mailbox, "the mailbox is gone after a restart");
    NEED(mp_kit_view(h, item->mailbox, &after));
    DEMAND(k, after.count == 2, "%lu of 2 messages are there after a restart", (unsigned long)after.count);
    for (size_t i = 0; i < 2; i++) {
        DEMAND(k, after.messages[i].uid == before.messages[i].uid, "UID %u became %u with a restart",
               (unsigned)before.messages[i].uid, (unsigned)after.messages[i].uid);
        NEED(mp_kit_read(h, item->mailbox, after.messages[i].uid, octets, sizeof octets, &size));
        DEMAND(k, size == 3 && octets[0] == (char)('1' + i), "a message is not what it was after a restart");
    }
}

static void restart_numbers(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t id = mp_kit_create(h, "counting");
    const mailproto_store_opened *opened;
    const mailproto_store_mailbox *item;
    uint32_t uidvalidity, last;
    uint64_t cursor;

    NEED(id && (last = mp_kit_append(h, id, "1\r\n", 0)) && mp_kit_remove(h, id, last, last));
    opened = mp_kit_open(h, id, MAILPROTO_STORE_READ_ONLY);
    NEED(opened);
    uidvalidity = opened->uidvalidity;
    cursor = opened->cursor;
    mp_kit_close(h, opened->opening);
    NEED(mp_kit_restart(k));
    h = &k->handles[0];
    NEED(mp_kit_find(h, "counting", &item));
    DEMAND(k, item && item->mailbox, "the mailbox is gone after a restart");
    opened = mp_kit_open(h, item->mailbox, MAILPROTO_STORE_READ_ONLY);
    NEED(opened);
    DEMAND(k, opened->uidvalidity == uidvalidity, "UIDVALIDITY %u became %u", (unsigned)uidvalidity,
           (unsigned)opened->uidvalidity);
    DEMAND(k, opened->cursor >= cursor, "the cursor was %lu, and is %lu after a restart", (unsigned long)cursor,
           (unsigned long)opened->cursor);
    DEMAND(k, opened->uidnext > last, "UID %u is given again after a restart", (unsigned)last);
    mp_kit_close(h, opened->opening);
}

const kit_rule mp_kit_number_rules[] = {
    {"uid.visible", "UIDs rise in the order in which messages become visible", uid_visible},
    {"uid.reuse", "the UID of an expunged message is never given again", uid_reuse},
    {"restart.kept", "what was answered is there after a restart, with its UIDs", restart_kept},
    {"restart.numbers", "UIDVALIDITY stays, cursor and UIDNEXT do not go back with a restart", restart_numbers},
    {NULL, NULL, NULL},
};
