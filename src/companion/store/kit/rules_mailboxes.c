/* rules_mailboxes.c - the rules of mailboxes: names, numbers, deletes, renames.
 * mailproto/store.h, RULES; RFC 9051 6.3.4 to 6.3.6, RFC 6154 3, RFC 8474 4. */
#include <string.h>

#include "kit.h"

#define QUESTION(name, TYPE) mailproto_store_##name q = {.head = {sizeof q, MAILPROTO_STORE_##TYPE, 0}}

/* ---- CREATE, DELETE ---- */

static void inbox_stays(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t inbox = mp_kit_inbox(h);
    int32_t result;

    NEED(inbox && mp_kit_delete(h, inbox, &result));
    DEMAND(k, result == MAILPROTO_ERR_DENIED, "DELETE of INBOX was answered %s", mailproto_result_name(result));
    NEED(mp_kit_inbox(h));
}

static void create_exists(kit *k)
{
    kit_handle *h = &k->handles[0];
    kit_answer *answer;
    QUESTION(create, CREATE);

    NEED(mp_kit_create(h, "twice"));
    q.name = mp_kit_text("twice");
    answer = mp_kit_ask(h, &q.head);
    NEED(answer);
    DEMAND(k, answer->result == MAILPROTO_ERR_EXISTS, "the second CREATE was answered %s",
           mailproto_result_name(answer->result));
}

static void create_parents(kit *k)
{
    static const char *const names[] = {"over", "over/middle", "over/middle/under"};
    kit_handle *h = &k->handles[0];
    kit_answer *answer;

    NEED(mp_kit_create(h, names[2]));
    answer = mp_kit_list(h, 0);
    NEED(answer);
    (void)mp_kit_tells(k, answer, names, 3);
}

static void create_special(kit *k)
{
    kit_handle *h = &k->handles[0];
    const mailproto_store_mailbox *item;
    QUESTION(create, CREATE);

    if (!(h->store.promises & MAILPROTO_STORE_SPECIAL_USE)) {
        (void)mp_kit_leave_out(k, "the store does not promise MAILPROTO_STORE_SPECIAL_USE");
        return;
    }
    q.name = mp_kit_text("gone out");
    q.special_use = MAILPROTO_MAILBOX_SENT;
    NEED(mp_kit_done(h, &q.head) && mp_kit_find(h, "gone out", &item));
    DEMAND(k, item && item->attributes & MAILPROTO_MAILBOX_SENT, "LIST does not tell the special use");
}

static void delete_gone(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t id = mp_kit_create(h, "away");
    const mailproto_store_mailbox *item;
    kit_answer *answer;
    int32_t result;
    QUESTION(status, STATUS);

    NEED(id && mp_kit_append(h, id, "x\r\n", 0) && mp_kit_delete(h, id, &result));
    DEMAND(k, !result, "DELETE was answered %s", mailproto_result_name(result));
    NEED(mp_kit_find(h, "away", &item));
    DEMAND(k, !item, "LIST tells a mailbox that was deleted");
    q.mailbox = id;
    q.wanted = MAILPROTO_STATUS_MESSAGES;
    answer = mp_kit_ask(h, &q.head);
    NEED(answer);
    DEMAND(k, answer->result == MAILPROTO_ERR_NOT_FOUND, "STATUS of a deleted mailbox was answered %s",
           mailproto_result_name(answer->result));
}

static void delete_inferiors(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t above = mp_kit_create(h, "above"), below = mp_kit_create(h, "above/below");
    mailproto_store_open open = {.head = {sizeof open, MAILPROTO_STORE_OPEN, 0}};
    mailproto_store_changes changes = {.head = {sizeof changes, MAILPROTO_STORE_CHANGES, 0}};
    const mailproto_store_opened *opened;
    const mailproto_store_mailbox *item;
    kit_answer *answer;
    int32_t result;

    NEED(above && below && mp_kit_append(h, below, "x\r\n", 0));
    opened = mp_kit_open(h, above, MAILPROTO_STORE_READ_WRITE);
    NEED(opened && mp_kit_delete(h, above, &result));
    DEMAND(k, !result, "DELETE was answered %s", mailproto_result_name(result));
    NEED(mp_kit_find(h, "above", &item));
    DEMAND(k, item && item->attributes & (MAILPROTO_MAILBOX_NOSELECT | MAILPROTO_MAILBOX_NONEXISTENT),
           "a mailbox with inferiors that was deleted is %s", item ? "told as one to select" : "not told any more");
    open.mailbox = item->mailbox;
    open.mode = MAILPROTO_STORE_READ_ONLY;
    NEED((answer = mp_kit_ask(h, &open.head)));
    DEMAND(k, answer->result == MAILPROTO_ERR_NOT_FOUND, "OPEN of what is left of it was answered %s",
           mailproto_result_name(answer->result));
    NEED(mp_kit_find(h, "above/below", &item));
    DEMAND(k, item && item->mailbox == below, "the inferior is not what it was");
    NEED(mp_kit_status(h, below) && mp_kit_create(h, "above") && mp_kit_find(h, "above", &item));
    DEMAND(k, item && !(item->attributes & MAILPROTO_MAILBOX_NOSELECT), "CREATE does not make a mailbox of it again");
    changes.opening = opened->opening;
    NEED((answer = mp_kit_ask(h, &changes.head)));
    DEMAND(k, answer->result, "what was open before DELETE shows the mailbox that was made again");
    mp_kit_close(h, opened->opening);
}

static void delete_selected(kit *k)
{
    kit_handle *h = &k->handles[0], *other = mp_kit_handle(k);
    const uint64_t id = mp_kit_create(h, "selected");
    const mailproto_store_opened *opened;
    kit_answer *answer;
    int32_t result;
    QUESTION(changes, CHANGES);

    NEED(other && id);
    opened = mp_kit_open(h, id, MAILPROTO_STORE_READ_WRITE);
    NEED(opened && mp_kit_delete(other, id, &result));
    DEMAND(k, !result, "DELETE was answered %s", mailproto_result_name(result));
    q.opening = opened->opening;
    q.since = opened->cursor;
    answer = mp_kit_ask(h, &q.head);
    NEED(answer);
    DEMAND(k, answer->result == MAILPROTO_ERR_NOT_FOUND, "CHANGES of a deleted mailbox was answered %s",
           mailproto_result_name(answer->result));
    mp_kit_close(h, opened->opening);
}

static void delete_numbers(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t id = mp_kit_create(h, "again");
    const mailproto_store_opened *opened, *anew;
    uint64_t second;
    int32_t result;

    NEED(id);
    opened = mp_kit_open(h, id, MAILPROTO_STORE_READ_WRITE);
    NEED(opened);
    mp_kit_close(h, opened->opening);
    mp_kit_settle(k);
    NEED(mp_kit_delete(h, id, &result));
    second = mp_kit_create(h, "again");
    NEED(second);
    DEMAND(k, second != id, "a mailbox made anew has the id of the one that was deleted");
    anew = mp_kit_open(h, second, MAILPROTO_STORE_READ_WRITE);
    NEED(anew);
    DEMAND(k, anew->uidvalidity > opened->uidvalidity, "UIDVALIDITY was %u and is %u after DELETE and CREATE",
           (unsigned)opened->uidvalidity, (unsigned)anew->uidvalidity);
    mp_kit_close(h, anew->opening);
}

static void object_ids(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t one = mp_kit_create(h, "one"), two = mp_kit_create(h, "two");
    const mailproto_store_mailbox *a, *b, *c;
    int32_t result;

    if (!(h->store.promises & MAILPROTO_STORE_OBJECT_IDS)) {
        (void)mp_kit_leave_out(k, "the store does not promise MAILPROTO_STORE_OBJECT_IDS");
        return;
    }
    NEED(one && two && mp_kit_find(h, "one", &a) && mp_kit_find(h, "two", &b) &&
         mp_kit_rename(h, one, "three", &result) && mp_kit_find(h, "three", &c));
    DEMAND(k, a && b && c && a->object_id.len && b->object_id.len, "a mailbox has no object id");
    DEMAND(k, a->object_id.len != b->object_id.len || memcmp(a->object_id.ptr, b->object_id.ptr, b->object_id.len),
           "two mailboxes have the object id \"%.*s\"", (int)a->object_id.len, a->object_id.ptr);
    DEMAND(k, a->object_id.len == c->object_id.len && !memcmp(a->object_id.ptr, c->object_id.ptr, c->object_id.len),
           "RENAME changed the object id");
}

/* ---- RENAME ---- */

static void rename_identity(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t id = mp_kit_create(h, "before");
    const mailproto_store_opened *opened, *anew;
    const mailproto_store_mailbox *item;
    kit_view view, after;
    int32_t result;

    NEED(id && mp_kit_append(h, id, "x\r\n", 0) && mp_kit_append(h, id, "y\r\n", MAILPROTO_FLAG_SEEN));
    opened = mp_kit_open(h, id, MAILPROTO_STORE_READ_WRITE);
    NEED(opened && mp_kit_changes(h, opened->opening, 0, 0, &view) && mp_kit_rename(h, id, "after", &result));
    DEMAND(k, !result, "RENAME was answered %s", mailproto_result_name(result));
    NEED(mp_kit_find(h, "after", &item));
    DEMAND(k, item && item->mailbox == id, "the mailbox has another id after RENAME");
    NEED(mp_kit_find(h, "before", &item));
    DEMAND(k, !item, "the old name is still told");
    NEED(mp_kit_changes(h, opened->opening, 0, 0, &after));
    DEMAND(k, mp_kit_same(&view, &after), "the messages changed with RENAME");
    anew = mp_kit_open(h, id, MAILPROTO_STORE_READ_WRITE);
    NEED(anew);
    DEMAND(k, anew->uidvalidity == opened->uidvalidity, "UIDVALIDITY was %u and is %u after RENAME",
           (unsigned)opened->uidvalidity, (unsigned)anew->uidvalidity);
    mp_kit_close(h, anew->opening);
    mp_kit_close(h, opened->opening);
}

static void rename_inferiors(kit *k)
{
    static const char *const names[] = {"tree", "tree/branch", "tree/branch/leaf"};
    static const char *const after[] = {"wood", "wood/branch", "wood/branch/leaf"};
    kit_handle *h = &k->handles[0];
    const mailproto_store_mailbox *item;
    uint64_t ids[3];
    int32_t result;

    for (size_t i = 0; i < 3; i++)
        NEED((ids[i] = mp_kit_create(h, names[i])));
    NEED(mp_kit_rename(h, ids[0], "wood", &result));
    DEMAND(k, !result, "RENAME was answered %s", mailproto_result_name(result));
    for (size_t i = 0; i < 3; i++) {
        NEED(mp_kit_find(h, after[i], &item));
        DEMAND(k, item && item->mailbox == ids[i], "\"%s\" did not become \"%s\"", names[i], after[i]);
        NEED(mp_kit_find(h, names[i], &item));
        DEMAND(k, !item, "\"%s\" is still told", names[i]);
    }
}

static void rename_exists(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t one = mp_kit_create(h, "one"), two = mp_kit_create(h, "two");
    const mailproto_store_mailbox *item;
    int32_t result;

    NEED(one && two && mp_kit_rename(h, one, "two", &result));
    DEMAND(k, result == MAILPROTO_ERR_EXISTS, "RENAME to a name that is there was answered %s",
           mailproto_result_name(result));
    NEED(mp_kit_find(h, "one", &item));
    DEMAND(k, item && item->mailbox == one, "it was renamed nevertheless");
    NEED(mp_kit_find(h, "two", &item));
    DEMAND(k, item && item->mailbox == two, "the other mailbox is lost");
}

static void rename_inbox(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t inbox = mp_kit_inbox(h), below = mp_kit_create(h, "INBOX/below");
    const mailproto_store_opened *opened;
    const mailproto_store_mailbox *item;
    kit_view view;
    int32_t result;

    NEED(inbox && below && mp_kit_append(h, inbox, "x\r\n", 0) && mp_kit_append(h, inbox, "y\r\n", 0));
    opened = mp_kit_open(h, inbox, MAILPROTO_STORE_READ_WRITE);
    NEED(opened && mp_kit_rename(h, inbox, "old mail", &result));
    DEMAND(k, !result, "RENAME of INBOX was answered %s", mailproto_result_name(result));
    DEMAND(k, mp_kit_inbox(h) == inbox, "INBOX is another mailbox than before");
    NEED(mp_kit_changes(h, opened->opening, 0, 0, &view));
    DEMAND(k, !view.count, "INBOX has %lu messages after RENAME", (unsigned long)view.count);
    mp_kit_close(h, opened->opening);
    NEED(mp_kit_find(h, "old mail", &item));
    DEMAND(k, item && item->mailbox && item->mailbox != inbox, "the new mailbox is not there");
    NEED(mp_kit_view(h, item->mailbox, &view));
    DEMAND(k, view.count == 2, "%lu of 2 messages are in the new mailbox", (unsigned long)view.count);
    NEED(mp_kit_find(h, "INBOX/below", &item));
    DEMAND(k, item && item->mailbox == below, "what is below INBOX did not stay");
}

const kit_rule mp_kit_mailbox_rules[] = {
    {"inbox.stays", "INBOX always exists, and DELETE of it is ERR_DENIED", inbox_stays},
    {"create.exists", "CREATE of a name that is there is ERR_EXISTS", create_exists},
    {"create.parents", "CREATE makes the mailboxes above, too", create_parents},
    {"create.special", "CREATE keeps the special use, if the store promises so", create_special},
    {"delete.gone", "a deleted mailbox is not listed, and ERR_NOT_FOUND", delete_gone},
    {"delete.inferiors", "a deleted mailbox with inferiors stays as a name that cannot be selected", delete_inferiors},
    {"delete.selected", "CHANGES of an open mailbox that was deleted is ERR_NOT_FOUND", delete_selected},
    {"delete.numbers", "a name that was deleted and made again gets another id and a greater UIDVALIDITY",
     delete_numbers},
    {"object.ids", "object ids of mailboxes differ, and RENAME keeps them, if the store promises so", object_ids},
    {"rename.identity", "RENAME keeps id, UIDs, UIDVALIDITY and what is open", rename_identity},
    {"rename.inferiors", "inferiors follow a RENAME", rename_inferiors},
    {"rename.exists", "RENAME to a name that is there is ERR_EXISTS, and changes nothing", rename_exists},
    {"rename.inbox", "RENAME of INBOX moves its messages to a new mailbox, INBOX and its inferiors stay", rename_inbox},
    {NULL, NULL, NULL},
};
