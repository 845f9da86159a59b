/* rules_optional.c - the rules of rights, hints and save dates.
 * mailproto/store.h, RULES; RFC 4314 2.1, RFC 5465, RFC 8514. */
#include "kit.h"

#define QUESTION(name, TYPE) mailproto_store_##name q = {.head = {sizeof q, MAILPROTO_STORE_##TYPE, 0}}

/* ---- rights ---- */

static kit_answer *authorise(kit_handle *h, uint64_t id, const char *name, uint32_t rights)
{
    QUESTION(authorise, AUTHORISE);

    q.mailbox = id;
    q.name = mp_kit_text(name);
    q.rights = rights;
    return mp_kit_ask(h, &q.head);
}

static void authorise_agrees(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t id = mp_kit_create(h, "mine");
    const mailproto_store_opened *opened;
    kit_answer *answer, *made;
    QUESTION(create, CREATE);

    NEED(id);
    if (!h->store.authorise) {
        (void)mp_kit_leave_out(k, "the store does not say who may do what");
        return;
    }
    opened = mp_kit_open(h, id, MAILPROTO_STORE_READ_ONLY);
    NEED(opened);
    for (uint32_t right = 1; right <= MAILPROTO_RIGHT_ADMIN; right *= 2) {
        const int32_t expected = opened->rights & right ? MAILPROTO_OK : MAILPROTO_ERR_DENIED;

        answer = authorise(h, id, "", right);
        NEED(answer);
        DEMAND(k, answer->result == expected, "OPENED tells the rights 0x%x, and 0x%x was answered %s",
               (unsigned)opened->rights, (unsigned)right, mailproto_result_name(answer->result));
    }
    mp_kit_close(h, opened->opening);
    q.name = mp_kit_text("yet to be made");
    answer = authorise(h, 0, "yet to be made", MAILPROTO_RIGHT_CREATE);
    made = mp_kit_ask(h, &q.head);
    NEED(answer && made);
    DEMAND(k, answer->result == made->result, "whether a name may be made was answered %s, and to make it %s",
           mailproto_result_name(answer->result), mailproto_result_name(made->result));
}

/* ---- hints ---- */

static int is_listed(kit_handle *h, uint64_t id, int *listed)
{
    kit_answer *answer = mp_kit_list(h, 0);

    *listed = 0;
    for (size_t i = 0; answer && i < answer->count; i++)
        *listed |= KIT_ITEM(answer, i, mailbox)->mailbox == id;
    return answer != NULL;
}

/* A hint may come late, or never: so none is demanded. */
static void watch_lasts(kit *k)
{
    kit_handle *h = &k->handles[0], *other = mp_kit_handle(k);
    const uint64_t id = mp_kit_create(h, "watched");
    kit_answer *answer;
    QUESTION(watch, WATCH);

    NEED(other && id);
    if (!h->store.watch) {
        (void)mp_kit_leave_out(k, "the store gives no hints");
        return;
    }
    answer = mp_kit_post(h, &q.head);
    NEED(answer);
    NEED(mp_kit_append(other, id, "x\r\n", 0) && mp_kit_create(other, "another"));
    mp_kit_settle(k);
    DEMAND(k, !answer->ended, "WATCH was answered %s, and nobody cancelled it", mailproto_result_name(answer->result));
    for (size_t i = 0; i < answer->count; i++) {
        const uint64_t changed = KIT_ITEM(answer, i, changed)->mailbox;
        int listed;

        DEMAND(k, answer->items[i]->type == MAILPROTO_STORE_CHANGED, "WATCH gave an item 0x%x",
               (unsigned)answer->items[i]->type);
        NEED(is_listed(h, changed, &listed));
        DEMAND(k, !changed || listed, "mailbox %lu is said to have changed, and is not there", (unsigned long)changed);
    }
    mp_kit_cancel(h, answer);
    mp_kit_settle(k);
    NEED(mp_kit_append(other, id, "y\r\n", 0));
    mp_kit_settle(k);
    DEMAND(k, !h->after_cancel, "a WATCH that was cancelled gave a hint");
}

/* ---- save dates ---- */

/* NULL in *message: it is not told. */
static int saved_at(kit_handle *h, uint64_t id, uint32_t uid, const mailproto_store_message **message)
{
    const mailproto_store_opened *opened = mp_kit_open(h, id, MAILPROTO_STORE_READ_ONLY);
    kit_answer *answer;
    QUESTION(changes, CHANGES);

    *message = NULL;
    if (!opened)
        return 0;
    q.opening = opened->opening;
    answer = mp_kit_done(h, &q.head);
    for (size_t i = 0; answer && i < answer->count; i++)
        if (answer->items[i]->type == MAILPROTO_STORE_MESSAGE && KIT_ITEM(answer, i, message)->uid == uid)
            *message = KIT_ITEM(answer, i, message);
    mp_kit_close(h, opened->opening);
    return answer != NULL;
}

/* The internal date is what APPEND said; the save date is when it came to be in this mailbox, and that was one moment. */
static void message_saved(kit *k)
{
    kit_handle *h = &k->handles[0];
    const uint64_t id = mp_kit_create(h, "saved");
    const mailproto_store_mailbox *item;
    const mailproto_store_message *message;
    uint32_t uid = 0;
    int64_t saved;

    NEED(id && (uid = mp_kit_append(h, id, "x\r\n", 0)) && saved_at(h, id, uid, &message));
    DEMAND(k, message, "UID %u is not told", (unsigned)uid);
    if (!message->has_save_date) {
        (void)mp_kit_leave_out(k, "the store tells no save dates");
        return;
    }
    saved = message->save_date;
    DEMAND(k, saved != message->internal_date, "the save date is the internal date that APPEND gave");
    NEED(mp_kit_flags(h, id, uid, uid, MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_SEEN));
    NEED(saved_at(h, id, uid, &message));
    DEMAND(k, message, "UID %u is not told any more", (unsigned)uid);
    DEMAND(k, message->has_save_date && message->save_date == saved, "the save date was %ld, and is %ld", (long)saved,
           (long)message->save_date);
    if (!k->factory->restart)
        return;
    NEED(mp_kit_restart(k));
    h = &k->handles[0];
    NEED(mp_kit_find(h, "saved", &item));
    if (!item || !item->mailbox || !saved_at(h, item->mailbox, uid, &message) || !message)
        return; /* that it is there is another rule */
    DEMAND(k, message->has_save_date && message->save_date == saved,
           "the save date was %ld, and is %ld after a restart", (long)saved, (long)message->save_date);
}

const kit_rule mp_kit_optional_rules[] = {
    {"authorise.agrees", "AUTHORISE says yes to the rights that OPENED told, and to nothing else", authorise_agrees},
    {"watch.lasts", "WATCH tells of mailboxes that are there, until it is cancelled", watch_lasts},
    {"message.saved", "a save date is when the message was saved, and stays as it is", message_saved},
    {NULL, NULL, NULL},
};
