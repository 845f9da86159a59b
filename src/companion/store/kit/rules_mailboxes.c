/* rules_mailboxes.c - the rules of mailboxes: lists, names, numbers, deletes, renames, what is told when one is opened.
 * mailproto/store.h, RULES; RFC 9051 6.3.2 to 6.3.11, RFC 6154 3, RFC 8474 4. */
#include <string.h>

#include "kit.h"

#define QUESTION(name, TYPE) mailproto_store_##name q = {.head = {sizeof q, MAILPROTO_STORE_##TYPE, 0}}

static int is(mailproto_text text, const char *name)
{
    return text.len == strlen(name) && memcmp(text.ptr, name, text.len) == 0;
}

/* Whether the item is of a name; INBOX and what the factory made besides are not looked at. */
static int is_one_of(const char *const *names, size_t count, mailproto_text name)
{
    for (size_t i = 0; i < count; i++)
        if (is(name, names[i]))
            return 1;
    return 0;
}

/* Whether a list tells these names, in this order, each once. */
static int tells(kit *k, const kit_answer *answer, const char *const *names, size_t count)
{
    size_t next = 0;

    for (size_t i = 0; i < answer->count; i++) {
        const mailproto_text name = KIT_ITEM(answer, i, mailbox)->name;

        if (!is_one_of(names, count, name))
            continue;
        if (next == count || !is(name, names[next]))
            return mp_kit_fail(k, "\"%.*s\" is told where \"%s\" has its place", (int)name.len, name.ptr,
                               next < count ? names[next] : "nothing");
        next++;
    }
    return next == count || mp_kit_fail(k, "\"%s\" is not told", names[next]);
}

static int subscribe(kit_handle *h, const char *name, uint32_t subscribed)
{
    QUESTION(subscribe, SUBSCRIBE);

    q.name = mp_kit_text(name);
    q.subscribed = subscribed;
    return mp_kit_done(h, &q.head) != NULL;
}

static kit_answer *list(kit_handle *h, uint32_t subscribed)
{
    QUESTION(list, LIST);

    q.subscribed = subscribed;
    return mp_kit_done(h, &q.head);
}

/* ---- LIST ---- */

static void list_order(kit *k)
{
    static const char *const made[] = {"b", "a!", "a", "a b", "aa", "a/x", "a/x/y", "a/b"};
    static const char *const order[] = {"a", "a/b", "a/x", "a/x/y", "a b", "a!", "aa", "b"};
    kit_handle *h = &k->handles[0];
    kit_answer *answer;

    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        NEED(mp_kit_create(h, made[i]));
    answer = list(h, 0);
    NEED(answer);
    (void)tells(k, answer, order, sizeof order / sizeof *order);
}

static void list_pages(kit *k)
{
    static const char *const names[] = {"p1", "p2", "p3", "p4", "p5", "p6", "p7"};
    kit_handle *h = &k->handles[0];
    char last[64] = "";
    size_t found = 0;
    QUESTION(list, LIST);

    for (size_t i = 7; i-- > 0;)
        NEED(mp_kit_create(h, names[i]));
    q.want = 3;
    for (size_t pages = 0; pages < 20; pages++) {
        kit_answer *answer;

        q.after = mp_kit_text(last);
        answer = mp_kit_done(h, &q.head);
        NEED(answer);
        if (!answer->count)
            break;
        for (size_t i = 0; i < answer->count; i++) {
            const mailproto_text name = KIT_ITEM(answer, i, mailbox)->name;

            DEMAND(k, name.len < sizeof last, "a name of %lu octets came out of nowhere", (unsigned long)name.len);
            memcpy(last, name.ptr, name.len);
            last[name.len] = '\0';
            if (!is_one_of(names, 7, name))
                continue;
            DEMAND(k, found < 7 && is(name, names[found]), "\"%s\" came again, or too early, on page %lu", last,
                   (unsigned long)pages + 1);
            found++;
        }
    }
    DEMAND(k, found == 7, "the pages told %lu of 7 names", (unsigned long)found);
}

static void list_want(kit *k)
{
    kit_handle *h = &k->handles[0];
    kit_answer *answer;
    QUESTION(list, LIST);

    NEED(mp_kit_create(h, "one") && mp_kit_create(h, "two") && mp_kit_create(h, "three"));
    q.want = 2;
    answer = mp_kit_done(h, &q.head);
    NEED(answer);
    DEMAND(k, answer->count == 2, "LIST with want 2 gave %lu names of at least 4", (unsigned long)answer->count);
}

static void list_subscribed(kit *k)
{
    static const char *const names[] = {"not", "ghost", "sub"};
    kit_handle *h = &k->handles[0];
    kit_answer *answer;

    NEED(mp_kit_create(h, "sub") && mp_kit_create(h, "not") && subscribe(h, "sub", 1) && subscribe(h, "ghost", 1));
    answer = list(h, 1);
    NEED(answer && tells(k, answer, (const char *const[]){"ghost", "sub"}, 2));
    for (size_t i = 0; i < answer->count; i++) {
        DEMAND(k, !is(KIT_ITEM(answer, i, mailbox)->name, names[0]), "a name is told that is not subscribed");
        DEMAND(k, KIT_ITEM(answer, i, mailbox)->subscribed, "a subscribed name is told as not subscribed");
    }
    NEED(subscribe(h, "sub", 0) && subscribe(h, "ghost", 0));
    answer = list(h, 1);
    NEED(answer);
    for (size_t i = 0; i < answer->count; i++)
        DEMAND(k, !is_one_of(names, 3, KIT_ITEM(answer, i, mailbox)->name), "a name stayed subscribed");
}

static void list_ghost(kit *k)
{
    kit_handle *h = &k->handles[0];
    const mailproto_store_mailbox *item = NULL;
    kit_answer *answer;

    NEED(subscribe(h, "ghost", 1));
    answer = list(h, 0);
    NEED(answer);
    for (size_t i = 0; i < answer->count; i++)
        if (is(KIT_ITEM(answer, i, mailbox)->name, "ghost"))
            item = KIT_ITEM(answer, i, mailbox);
    DEMAND(k, item, "a subscribed name without a mailbox is not in the list");
    DEMAND(k, item->mailbox == 0 && item->attributes & MAILPROTO_MAILBOX_NONEXISTENT && item->subscribed,
           "it is told with id %lu and attributes 0x%x", (unsigned long)item->mailbox, (unsigned)item->attributes);
}

static void list_only(kit *k)
{
    kit_handle *h = &k->handles[0];
    const mailproto_store_mailbox *item;

    NEED(mp_kit_create(h, "deep") && mp_kit_create(h, "deep/name"));
    NEED(mp_kit_find(h, "deep/name", &item));
    DEMAND(k, item && is(item->name, "deep/name"), "the name that was asked for is not told");
    NEED(mp_kit_find(h, "deep/nam", &item));
    DEMAND(k, !item, "a name that is not there is told");
    NEED(mp_kit_find(h, "iNboX", &item));
    DEMAND(k, item && is(item->name, "INBOX"), "INBOX is not found in another case");
}

static void list_utf8(kit *k)
{
    static const char name[] = "Entw\xc3\xbcrfe \xe5\x8f\x97\xe4\xbf\xa1";
    kit_handle *h = &k->handles[0];
    const mailproto_store_mailbox *item;

    NEED(mp_kit_create(h, name));
    NEED(mp_kit_find(h, name, &item));
    DEMAND(k, item && is(item->name, name), "a name in UTF-8 does not come back as it was given");
}

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
    answer = list(h, 0);
    NEED(answer);
    (void)tells(k, answer, names, 3);
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

/* ---- OPEN, STATUS ---- */

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

const kit_rule mp_kit_mailbox_rules[] = {
    {"list.order", "mailboxes are told in hierarchy order, component by component, octet by octet", list_order},
    {"list.pages", "LIST goes on behind the name `after`, nothing is told twice or left out", list_pages},
    {"list.want", "LIST gives at most as many mailboxes as are wanted", list_want},
    {"list.subscribed", "with `subscribed` LIST tells the subscribed names alone", list_subscribed},
    {"list.ghost", "subscribed names without a mailbox are in the list, with id 0 and NONEXISTENT", list_ghost},
    {"list.only", "with `only` LIST tells that name alone, INBOX in any case", list_only},
    {"list.utf8", "names in UTF-8 come back as they were given", list_utf8},
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
    {"open.state", "OPENED tells messages, UIDNEXT above all UIDs, and a cursor of at least 1", open_state},
    {"open.exclusive", "a mailbox is open EXCLUSIVE once, the next is ERR_BUSY, others may open it", open_exclusive},
    {"status.counts", "the counts of STATUS are those of the messages, all at the cursor that is told", status_counts},
    {NULL, NULL, NULL},
};
