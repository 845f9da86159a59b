/* faults_mailboxes.c - one thing done wrong for each rule of the kit: lists, mailboxes and what is open.
 * mailproto/store.h, RULES. */
#include "core/ascii.h"
#include "faults.h"

/* ---- lists ---- */

/* What is below something changes places with what comes behind. */
ITEM(list_order)
{
    int32_t result;

    if (item->type != MAILPROTO_STORE_MAILBOX || AS(list, p->question)->only.len || !ASKED(p, LIST))
        return wrong_give(p, item);
    if (memchr(AS(mailbox, item)->name.ptr, '/', AS(mailbox, item)->name.len)) {
        result = let_go(p);
        return result ? result : hold(p, item);
    }
    result = wrong_give(p, item);
    return result ? result : let_go(p);
}

END(list_order)
{
    (void)let_go(p);
    return wrong_end(p, why);
}

/* Pages begin with the last name of the page before. */
QUESTION(list_pages)
{
    mailproto_store_list first = {.head = {sizeof first, MAILPROTO_STORE_LIST, 0}};

    if (ASKED(p, LIST) && AS(list, q)->after.len) {
        first.only = AS(list, q)->after;
        wrong_forward(p, &first.head);
    }
    return 0;
}

QUESTION(list_want)
{
    if (ASKED(p, LIST))
        AS(list, q)->want = 0;
    return 0;
}

QUESTION(list_subscribed)
{
    if (ASKED(p, LIST))
        AS(list, q)->subscribed = 0;
    return 0;
}

/* Subscribed names that are no mailboxes are left out of the whole list. */
ITEM(list_ghost)
{
    if (ASKED(p, LIST) && !AS(list, p->question)->subscribed &&
        AS(mailbox, item)->attributes & MAILPROTO_MAILBOX_NONEXISTENT)
        return MAILPROTO_OK;
    return wrong_give(p, item);
}

QUESTION(list_only)
{
    const mailproto_text *only = &AS(list, q)->only;

    if (!ASKED(p, LIST) || !mp_ascii_equal(only->ptr, only->len, "INBOX") || is(*only, "INBOX"))
        return 0;
    (void)wrong_end(p, 0);
    return 1;
}

ITEM(list_utf8)
{
    mailproto_store_mailbox *box = AS(mailbox, item);
    char name[WRONG_TEXT];

    if (item->type == MAILPROTO_STORE_MAILBOX) {
        set(name, box->name);
        for (char *c = name; *c; c++)
            if (*c & 0x80)
                *c = '?';
        box->name = (mailproto_text){name, strlen(name)};
    }
    return wrong_give(p, item);
}

/* ---- mailboxes ---- */

END(inbox_stays)
{
    return wrong_end(p, ASKED(p, DELETE) && why == MAILPROTO_ERR_DENIED ? 0 : why);
}

END(create_exists)
{
    return wrong_end(p, ASKED(p, CREATE) && why == MAILPROTO_ERR_EXISTS ? 0 : why);
}

/* What was made along with what is below it is not told. */
QUESTION(create_parents)
{
    struct wrong *w = p->wrong;

    if (ASKED(p, CREATE) && w->box_count < WRONG_BOXES)
        set(w->boxes[w->box_count++].name, AS(create, q)->name);
    return 0;
}

ITEM(create_parents)
{
    const struct wrong *w = p->wrong;
    char name[WRONG_TEXT];
    int made = 0, above = 0;

    if (!ASKED(p, LIST))
        return wrong_give(p, item);
    set(name, AS(mailbox, item)->name);
    for (size_t i = 0; i < w->box_count; i++) {
        const mailproto_text created = {w->boxes[i].name, strlen(w->boxes[i].name)};

        made |= strcmp(w->boxes[i].name, name) == 0;
        above |= is_below(created, name);
    }
    return above && !made && strcmp(name, "INBOX") != 0 ? MAILPROTO_OK : wrong_give(p, item);
}

QUESTION(create_special)
{
    if (ASKED(p, CREATE))
        AS(create, q)->special_use = 0;
    return 0;
}

END(delete_gone)
{
    mailproto_store_status_item item = {.head = {sizeof item, MAILPROTO_STORE_STATUS_ITEM, p->token}};

    if (!ASKED(p, STATUS) || why != MAILPROTO_ERR_NOT_FOUND)
        return wrong_end(p, why);
    (void)wrong_give(p, &item.head);
    return wrong_end(p, 0);
}

ITEM(delete_inferiors)
{
    if (item->type == MAILPROTO_STORE_MAILBOX)
        AS(mailbox, item)->attributes &= ~(uint32_t)MAILPROTO_MAILBOX_NOSELECT;
    return wrong_give(p, item);
}

/* Who knows the mailbox already is told that nothing changed. */
END(delete_selected)
{
    mailproto_store_cursor item = {.head = {sizeof item, MAILPROTO_STORE_CURSOR, p->token}};

    if (!ASKED(p, CHANGES) || why != MAILPROTO_ERR_NOT_FOUND || !AS(changes, p->question)->since)
        return wrong_end(p, why);
    item.cursor = AS(changes, p->question)->since;
    (void)wrong_give(p, &item.head);
    return wrong_end(p, 0);
}

/* A name has the UIDVALIDITY that it had first. */
ITEM(delete_numbers)
{
    struct wrong *w = p->wrong;
    struct wrong_box *box = w->boxes, *end = w->boxes + w->box_count;

    if (ASKED(p, CREATE)) {
        while (box < end && !is(AS(mailbox, item)->name, box->name))
            box++;
        if (box == w->boxes + WRONG_BOXES)
            return wrong_give(p, item);
        w->box_count += box == end;
        set(box->name, AS(mailbox, item)->name);
        box->id = AS(mailbox, item)->mailbox;
    } else if (item->type == MAILPROTO_STORE_OPENED) {
        while (box < end && box->id != AS(open, p->question)->mailbox)
            box++;
        if (box == end)
            return wrong_give(p, item);
        if (box->uidvalidity)
            AS(opened, item)->uidvalidity = box->uidvalidity;
        box->uidvalidity = AS(opened, item)->uidvalidity;
    }
    return wrong_give(p, item);
}

ITEM(object_ids)
{
    if (item->type == MAILPROTO_STORE_MAILBOX)
        AS(mailbox, item)->object_id = (mailproto_text){"F1", 2};
    return wrong_give(p, item);
}

/* ---- renames ---- */

QUESTION(rename_identity)
{
    if (ASKED(p, RENAME))
        p->wrong->one = AS(rename, q)->mailbox;
    return 0;
}

ITEM(rename_identity)
{
    if (item->type == MAILPROTO_STORE_OPENED && AS(open, p->question)->mailbox == p->wrong->one)
        AS(opened, item)->uidvalidity++;
    return wrong_give(p, item);
}

QUESTION(rename_inferiors)
{
    if (ASKED(p, RENAME))
        set(p->wrong->text, AS(rename, q)->name);
    return 0;
}

ITEM(rename_inferiors)
{
    if (item->type == MAILPROTO_STORE_MAILBOX && is_below(AS(mailbox, item)->name, p->wrong->text))
        return MAILPROTO_OK;
    return wrong_give(p, item);
}

END(rename_exists)
{
    return wrong_end(p, ASKED(p, RENAME) && why == MAILPROTO_ERR_EXISTS ? MAILPROTO_ERR_UNAVAILABLE : why);
}

/* INBOX keeps its messages. */
QUESTION(rename_inbox)
{
    mailproto_store_create create = {.head = {sizeof create, MAILPROTO_STORE_CREATE, 0}};

    if (!ASKED(p, RENAME) || AS(rename, q)->mailbox != p->wrong->one)
        return 0;
    create.name = AS(rename, q)->name;
    (void)wrong_end(p, wrong_ask(p->wrong, &create.head));
    return 1;
}

ITEM(rename_inbox)
{
    if (item->type == MAILPROTO_STORE_MAILBOX && is(AS(mailbox, item)->name, "INBOX"))
        p->wrong->one = AS(mailbox, item)->mailbox;
    return wrong_give(p, item);
}

/* ---- what is open ---- */

ITEM(open_state)
{
    if (item->type == MAILPROTO_STORE_OPENED)
        AS(opened, item)->messages++;
    return wrong_give(p, item);
}

QUESTION(open_exclusive)
{
    if (ASKED(p, OPEN))
        AS(open, q)->mode = MAILPROTO_STORE_READ_WRITE;
    return 0;
}

ITEM(status_counts)
{
    if (item->type == MAILPROTO_STORE_STATUS_ITEM)
        AS(status_item, item)->unseen++;
    return wrong_give(p, item);
}

const struct fault wrong_mailbox_faults[] = {
    {"list.order", I(list_order), E(list_order)},
    {"list.pages", Q(list_pages)},
    {"list.want", Q(list_want)},
    {"list.subscribed", Q(list_subscribed)},
    {"list.ghost", I(list_ghost)},
    {"list.only", Q(list_only)},
    {"list.utf8", I(list_utf8)},
    {"inbox.stays", E(inbox_stays)},
    {"create.exists", E(create_exists)},
    {"create.parents", Q(create_parents), I(create_parents)},
    {"create.special", Q(create_special)},
    {"delete.gone", E(delete_gone)},
    {"delete.inferiors", I(delete_inferiors)},
    {"delete.selected", E(delete_selected)},
    {"delete.numbers", I(delete_numbers)},
    {"object.ids", I(object_ids)},
    {"rename.identity", Q(rename_identity), I(rename_identity)},
    {"rename.inferiors", Q(rename_inferiors), I(rename_inferiors)},
    {"rename.exists", E(rename_exists)},
    {"rename.inbox", Q(rename_inbox), I(rename_inbox)},
    {"open.state", I(open_state)},
    {"open.exclusive", Q(open_exclusive)},
    {"status.counts", I(status_counts)},
    {.rule = NULL},
};
