/* see.c - reads a store whole: mailboxes, messages, octets, numbers.
 * The rules are those of mailproto/store.h; no part of any protocol. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "disk_nodes.h"
#include "message.h"
#include "survive.h"

#define WRONG(...) (snprintf(why, LEDGER_WHY, __VA_ARGS__), -1)

static int see_message(struct seen *seen, uint32_t box, const mailproto_store_message *item,
                       const mailproto_store *store, char *why)
{
    const struct seen_box *in = &seen->boxes[box];
    struct seen_message *m;
    int32_t result;
    size_t len;
    char *data = ask_read(store, in->id, item->uid, &len, &result);

    if (!data)
        return WRONG("%s, UID %u cannot be read: %s", in->name, (unsigned)item->uid, ask_why());
    seen->messages = power_memory(seen->messages, (seen->message_count + 1) * sizeof *seen->messages);
    m = &seen->messages[seen->message_count++];
    *m = (struct seen_message){.box = box,
                               .message = message_number(data, len),
                               .uid = item->uid,
                               .flags = item->flags,
                               .modseq = item->modseq,
                               .size = item->size,
                               .date = item->internal_date};
    free(data);
    if (!m->message)
        return WRONG("%s, UID %u, is not whole: %zu octets", in->name, (unsigned)item->uid, len);
    if (len != item->size)
        return WRONG("%s, UID %u, has %zu octets and not the %llu that it is said to have", in->name,
                     (unsigned)item->uid, len, (unsigned long long)item->size);
    return 0;
}

static int see_messages(struct seen *seen, uint32_t box, const mailproto_store *store, char *why)
{
    mailproto_store_opened opened;
    struct answer a;
    uint32_t last = 0;
    int wrong = 0;

    if (ask_open(store, seen->boxes[box].id, &opened))
        return WRONG("%s cannot be opened: %s", seen->boxes[box].name, ask_why());
    seen->boxes[box].validity = opened.uidvalidity;
    seen->boxes[box].uidnext = opened.uidnext;
    seen->boxes[box].cursor = opened.cursor;
    if (ask_changes(&a, store, opened.opening, 0))
        wrong = WRONG("%s cannot be listed: %s", seen->boxes[box].name, ask_why());
    for (size_t i = 0; i < a.count && !wrong; i++) {
        const mailproto_store_message *item = (const mailproto_store_message *)a.items[i];

        if (item->head.type != MAILPROTO_STORE_MESSAGE)
            continue;
        if (item->uid <= last)
            wrong = WRONG("%s: UID %u stands behind %u", seen->boxes[box].name, (unsigned)item->uid, (unsigned)last);
        else
            wrong = see_message(seen, box, item, store, why);
        last = item->uid;
        seen->boxes[box].count++;
    }
    if (!wrong && last >= opened.uidnext && opened.messages == seen->boxes[box].count)
        wrong = WRONG("%s: UID %u is there, and UIDNEXT is %u", seen->boxes[box].name, (unsigned)last,
                      (unsigned)opened.uidnext);
    answer_free(&a);
    ask_close(store, opened.opening);
    return wrong;
}

int see(struct seen *seen, const mailproto_store *store, char *why)
{
    struct answer a;
    int wrong = 0;

    memset(seen, 0, sizeof *seen);
    if (ask_list(&a, store))
        wrong = WRONG("the mailboxes cannot be listed: %s", ask_why());
    for (size_t i = 0; i < a.count && !wrong; i++) {
        const mailproto_store_mailbox *item = (const mailproto_store_mailbox *)a.items[i];
        struct seen_box *box;

        if (item->head.type != MAILPROTO_STORE_MAILBOX || !item->mailbox ||
            item->attributes & (MAILPROTO_MAILBOX_NOSELECT | MAILPROTO_MAILBOX_NONEXISTENT))
            continue;
        seen->boxes = power_memory(seen->boxes, (seen->box_count + 1) * sizeof *seen->boxes);
        box = &seen->boxes[seen->box_count];
        memset(box, 0, sizeof *box);
        box->id = item->mailbox;
        snprintf(box->name, sizeof box->name, "%.*s", (int)item->name.len, item->name.ptr);
        wrong = see_messages(seen, (uint32_t)seen->box_count++, store, why);
    }
    answer_free(&a);
    for (size_t i = 0; i < seen->box_count && !wrong; i++)
        if (!strcmp(seen->boxes[i].name, "INBOX"))
            wrong = beside_see(&seen->beside, store, seen->boxes[i].id, why);
    return wrong;
}

void seen_free(struct seen *seen)
{
    free(seen->boxes);
    free(seen->messages);
    memset(seen, 0, sizeof *seen);
}
