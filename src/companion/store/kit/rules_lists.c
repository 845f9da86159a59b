/* rules_lists.c - the rules of LIST: order, pages, subscribed names, names in UTF-8.
 * mailproto/store.h, RULES; RFC 9051 6.3.9, RFC 5258. */
#include <string.h>

#include "kit.h"

#define QUESTION(name, TYPE) mailproto_store_##name q = {.head = {sizeof q, MAILPROTO_STORE_##TYPE, 0}}

static int subscribe(kit_handle *h, const char *name, uint32_t subscribed)
{
    QUESTION(subscribe, SUBSCRIBE);

    q.name = mp_kit_text(name);
    q.subscribed = subscribed;
    return mp_kit_done(h, &q.head) != NULL;
}

static void list_order(kit *k)
{
    static const char *const made[] = {"b", "a!", "a", "a b", "aa", "a/x", "a/x/y", "a/b"};
    static const char *const order[] = {"a", "a/b", "a/x", "a/x/y", "a b", "a!", "aa", "b"};
    kit_handle *h = &k->handles[0];
    kit_answer *answer;

    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        NEED(mp_kit_create(h, made[i]));
    answer = mp_kit_list(h, 0);
    NEED(answer);
    (void)mp_kit_tells(k, answer, order, sizeof order / sizeof *order);
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
            if (!mp_kit_is_one_of(names, 7, name))
                continue;
            DEMAND(k, found < 7 && mp_kit_is(name, names[found]), "\"%s\" came again, or too early, on page %lu", last,
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
    answer = mp_kit_list(h, 1);
    NEED(answer && mp_kit_tells(k, answer, (const char *const[]){"ghost", "sub"}, 2));
    for (size_t i = 0; i < answer->count; i++) {
        DEMAND(k, !mp_kit_is(KIT_ITEM(answer, i, mailbox)->name, names[0]), "a name is told that is not subscribed");
        DEMAND(k, KIT_ITEM(answer, i, mailbox)->subscribed, "a subscribed name is told as not subscribed");
    }
    NEED(subscribe(h, "sub", 0) && subscribe(h, "ghost", 0));
    answer = mp_kit_list(h, 1);
    NEED(answer);
    for (size_t i = 0; i < answer->count; i++)
        DEMAND(k, !mp_kit_is_one_of(names, 3, KIT_ITEM(answer, i, mailbox)->name), "a name stayed subscribed");
}

static void list_ghost(kit *k)
{
    kit_handle *h = &k->handles[0];
    const mailproto_store_mailbox *item = NULL;
    kit_answer *answer;

    NEED(subscribe(h, "ghost", 1));
    answer = mp_kit_list(h, 0);
    NEED(answer);
    for (size_t i = 0; i < answer->count; i++)
        if (mp_kit_is(KIT_ITEM(answer, i, mailbox)->name, "ghost"))
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
    DEMAND(k, item && mp_kit_is(item->name, "deep/name"), "the name that was asked for is not told");
    NEED(mp_kit_find(h, "deep/nam", &item));
    DEMAND(k, !item, "a name that is not there is told");
    NEED(mp_kit_find(h, "iNboX", &item));
    DEMAND(k, item && mp_kit_is(item->name, "INBOX"), "INBOX is not found in another case");
}

static void list_utf8(kit *k)
{
    static const char name[] = "Entw\xc3\xbcrfe \xe5\x8f\x97\xe4\xbf\xa1";
    kit_handle *h = &k->handles[0];
    const mailproto_store_mailbox *item;

    NEED(mp_kit_create(h, name));
    NEED(mp_kit_find(h, name, &item));
    DEMAND(k, item && mp_kit_is(item->name, name), "a name in UTF-8 does not come back as it was given");
}

/* Whether a name is told as subscribed. */
static int is_subscribed(kit_handle *h, const char *name, int *subscribed)
{
    kit_answer *answer = mp_kit_list(h, 1);

    *subscribed = 0;
    for (size_t i = 0; answer && i < answer->count; i++)
        *subscribed |= mp_kit_is(KIT_ITEM(answer, i, mailbox)->name, name) && KIT_ITEM(answer, i, mailbox)->subscribed;
    return answer != NULL;
}

static void subscribe_stays(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t old = mp_kit_create(h, "old"), gone = mp_kit_create(h, "gone");
    int32_t result;
    int subscribed;

    NEED(old && gone && subscribe(h, "old", 1) && subscribe(h, "gone", 1));
    NEED(mp_kit_rename(h, old, "new", &result));
    DEMAND(k, !result, "RENAME was answered %s", mailproto_result_name(result));
    NEED(is_subscribed(h, "new", &subscribed));
    DEMAND(k, !subscribed, "a RENAME took the subscription along");
    NEED(is_subscribed(h, "old", &subscribed));
    DEMAND(k, subscribed, "a RENAME ended the subscription to the old name");
    NEED(mp_kit_delete(h, gone, &result));
    DEMAND(k, !result, "DELETE was answered %s", mailproto_result_name(result));
    NEED(is_subscribed(h, "gone", &subscribed));
    DEMAND(k, subscribed, "a DELETE ended the subscription");
}

const kit_rule mp_kit_list_rules[] = {
    {"list.order", "mailboxes are told in hierarchy order, component by component, octet by octet", list_order},
    {"list.pages", "LIST goes on behind the name `after`, nothing is told twice or left out", list_pages},
    {"list.want", "LIST gives at most as many mailboxes as are wanted", list_want},
    {"list.subscribed", "with `subscribed` LIST tells the subscribed names alone", list_subscribed},
    {"list.ghost", "subscribed names without a mailbox are in the list, with id 0 and NONEXISTENT", list_ghost},
    {"list.only", "with `only` LIST tells that name alone, INBOX in any case", list_only},
    {"list.utf8", "names in UTF-8 come back as they were given", list_utf8},
    {"subscribe.stays", "a subscription is to a name: it stays when the mailbox is renamed or removed",
     subscribe_stays},
    {NULL, NULL, NULL},
};
