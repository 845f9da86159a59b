/* rules_openings.c - the rules of what is told when a mailbox is opened, and of STATUS.
 * mailproto/store.h, RULES; RFC 9051 6.3.2, 6.3.3 and 6.3.11. */
#include "kit.h"

#define QUESTION(name, TYPE) mailproto_store_##name q = {.head = {sizeof q, MAILPROTO_STORE_##TYPE, 0}}

static void open_state(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t id = mp_kit_create(h, "state");
    const mailproto_store_opened *opened;
    uint32_t last = 0;

    NEED(id);
    opened = mp_kit_open(h, id, MAILPROTO_STORE_READ_ONLY);
    NEED(opened);
    DEMAND(k, opened->opening && opened->cursor && opened->uidvalidity && opened->uidnext,
           "an opening, cursor, UIDVALIDITY or UIDNEXT of 0 is told");
    mp_kit_close(h, opened->opening);
    for (int i = 0; i < 3; i++)
        NEED((last = mp_kit_append(h, id, "x\r\n", 0)));
    opened = mp_kit_open(h, id, MAILPROTO_STORE_READ_ONLY);
    NEED(opened);
    DEMAND(k, opened->messages == 3, "OPENED tells %u messages of 3", (unsigned)opened->messages);
    DEMAND(k, opened->uidnext > last, "UIDNEXT is %u, and UID %u is there", (unsigned)opened->uidnext, (unsigned)last);
    mp_kit_close(h, opened->opening);
}

static void open_exclusive(kit *k)
{
    kit_handle *h = &k->handles[0], *other = mp_kit_handle(k);
    const uint64_t id = mp_kit_create(h, "locked");
    const mailproto_store_opened *opened, *also;
    kit_answer *answer;
    QUESTION(open, OPEN);

    NEED(other && id);
    opened = mp_kit_open(h, id, MAILPROTO_STORE_EXCLUSIVE);
    NEED(opened);
    q.mailbox = id;
    q.mode = MAILPROTO_STORE_EXCLUSIVE;
    answer = mp_kit_ask(other, &q.head);
    NEED(answer);
    DEMAND(k, answer->result == MAILPROTO_ERR_BUSY, "a second EXCLUSIVE was answered %s",
           mailproto_result_name(answer->result));
    also = mp_kit_open(other, id, MAILPROTO_STORE_READ_WRITE);
    NEED(also);
    mp_kit_close(other, also->opening);
    mp_kit_close(h, opened->opening);
    mp_kit_settle(k);
    opened = mp_kit_open(other, id, MAILPROTO_STORE_EXCLUSIVE);
    NEED(opened);
    mp_kit_close(other, opened->opening);
}

static void status_counts(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t id = mp_kit_create(h, "counts");
    const mailproto_store_status_item *status;
    const mailproto_store_opened *opened;

    NEED(id && mp_kit_append(h, id, "12345678\r\n", MAILPROTO_FLAG_SEEN) && mp_kit_append(h, id, "1234\r\n", 0) &&
         mp_kit_append(h, id, "12\r\n", MAILPROTO_FLAG_DELETED | MAILPROTO_FLAG_SEEN));
    opened = mp_kit_open(h, id, MAILPROTO_STORE_READ_ONLY);
    status = mp_kit_status(h, id);
    NEED(opened && status);
    DEMAND(k, status->messages == 3 && status->unseen == 1 && status->deleted == 1,
           "STATUS tells %u messages, %u unseen, %u deleted, of 3, 1, 1", (unsigned)status->messages,
           (unsigned)status->unseen, (unsigned)status->deleted);
    DEMAND(k, status->size == 20 && status->deleted_size == 4, "STATUS tells %lu octets, %lu deleted, of 20, 4",
           (unsigned long)status->size, (unsigned long)status->deleted_size);
    DEMAND(k, status->uidnext == opened->uidnext && status->uidvalidity == opened->uidvalidity,
           "UIDNEXT or UIDVALIDITY is not what OPENED told");
    DEMAND(k, status->cursor == opened->cursor, "the cursor is %lu, and OPENED told %lu", (unsigned long)status->cursor,
           (unsigned long)opened->cursor);
    mp_kit_close(h, opened->opening);
}

const kit_rule mp_kit_opening_rules[] = {
    {"open.state", "OPENED tells messages, UIDNEXT above all UIDs, and a cursor of at least 1", open_state},
    {"open.exclusive", "a mailbox is open EXCLUSIVE once, the next is ERR_BUSY, others may open it", open_exclusive},
    {"status.counts", "the counts of STATUS are those of the messages, all at the cursor that is told", status_counts},
    {NULL, NULL, NULL},
};
