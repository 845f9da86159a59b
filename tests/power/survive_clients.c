/* survive_clients.c - what clients had, brought up to date after a loss of power; and whether the store works on.
 * The rules are those of mailproto/store.h; RFC 7162 3.1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "disk_nodes.h"
#include "message.h"
#include "survive.h"

#define WRONG(...) (snprintf(why, LEDGER_WHY, __VA_ARGS__), -1)

/* ---- clients ---- */

static struct view_message *view_find(struct view *view, uint32_t uid)
{
    for (size_t i = 0; i < view->count; i++)
        if (view->messages[i].uid == uid)
            return &view->messages[i];
    return NULL;
}

static void view_apply(struct view *view, const struct answer *a)
{
    for (size_t i = 0; i < a->count; i++) {
        const mailproto_store_message *message = (const mailproto_store_message *)a->items[i];
        const mailproto_store_uids *gone = (const mailproto_store_uids *)a->items[i];
        struct view_message *found;

        if (a->items[i]->type == MAILPROTO_STORE_VANISHED)
            for (size_t k = view->count; k-- > 0;)
                if (view->messages[k].uid >= gone->first && view->messages[k].uid <= gone->last)
                    view->messages[k] = view->messages[--view->count];
        if (a->items[i]->type != MAILPROTO_STORE_MESSAGE)
            continue;
        found = view_find(view, message->uid);
        if (!found) {
            view->messages = power_memory(view->messages, (view->count + 1) * sizeof *view->messages);
            found = &view->messages[view->count++];
        }
        *found = (struct view_message){message->uid, message->flags};
    }
}

/* Everything there is, as CHANGES since 0 tells it, is what the client has. */
static int view_agrees(struct view *view, const struct answer *all, const char *name, char *why)
{
    size_t count = 0;

    for (size_t i = 0; i < all->count; i++) {
        const mailproto_store_message *m = (const mailproto_store_message *)all->items[i];
        struct view_message *found;

        if (m->head.type != MAILPROTO_STORE_MESSAGE)
            continue;
        count++;
        found = view_find(view, m->uid);
        if (!found)
            return WRONG("%s: CHANGES since %llu do not tell of UID %u", name, (unsigned long long)view->cursor,
                         (unsigned)m->uid);
        if (found->flags != m->flags)
            return WRONG("%s: after CHANGES since %llu a client has flags %x for UID %u, which has %x", name,
                         (unsigned long long)view->cursor, (unsigned)found->flags, (unsigned)m->uid,
                         (unsigned)m->flags);
    }
    if (count != view->count)
        return WRONG("%s: after CHANGES since %llu a client has %zu messages of %zu", name,
                     (unsigned long long)view->cursor, view->count, count);
    return 0;
}

static int view_survives(const struct view *told, const struct seen *seen, uint32_t box, const mailproto_store *store,
                         char *why)
{
    mailproto_store_opened opened;
    struct answer a, all;
    struct view view = *told;
    int32_t result;
    int wrong = 0;

    if (ask_open(store, seen->boxes[box].id, &opened))
        return WRONG("%s cannot be opened: %s", seen->boxes[box].name, ask_why());
    view.messages = power_memory(NULL, told->count * sizeof *view.messages);
    if (told->count)
        memcpy(view.messages, told->messages, told->count * sizeof *view.messages);
    result = ask_changes(&a, store, opened.opening, told->cursor);
    if (!result) {
        view_apply(&view, &a);
        wrong = ask_changes(&all, store, opened.opening, 0)
                    ? WRONG("%s cannot be listed: %s", seen->boxes[box].name, ask_why())
                    : view_agrees(&view, &all, seen->boxes[box].name, why);
        answer_free(&all);
    } else if (result != MAILPROTO_ERR_RESYNC) {
        wrong = WRONG("%s: CHANGES since %llu: %s", seen->boxes[box].name, (unsigned long long)told->cursor, ask_why());
    }
    free(view.messages);
    answer_free(&a);
    ask_close(store, opened.opening);
    return wrong;
}

int views_survive(const struct ledger *ledger, size_t at, const struct seen *seen, const mailproto_store *store,
                  char *why)
{
    for (size_t box = 0; box < seen->box_count; box++) {
        unsigned tried = 0;

        for (size_t i = ledger->view_count; i-- > 0 && tried < 3;) {
            const struct view *view = &ledger->views[i];

            if (view->at > at || view->validity != seen->boxes[box].validity)
                continue;
            tried++;
            if (view_survives(view, seen, (uint32_t)box, store, why))
                return -1;
        }
    }
    return 0;
}

/* ---- does it work on? ---- */

/* The greatest numbers of a mailbox that were told or are there. */
static void greatest(const struct ledger *ledger, size_t at, const struct seen *seen, uint32_t box, uint32_t *uid,
                     uint64_t *modseq)
{
    const struct seen_box *in = &seen->boxes[box];

    *uid = in->uidnext - 1;
    *modseq = in->cursor;
    for (size_t i = 0; i < ledger->told_count; i++) {
        if (ledger->told[i].at > at || ledger->told[i].validity != in->validity)
            continue;
        if (*uid < ledger->told[i].uid)
            *uid = ledger->told[i].uid;
        if (*modseq < ledger->told[i].modseq)
            *modseq = ledger->told[i].modseq;
    }
}

static int flag_and_expunge(const struct seen_box *box, uint32_t uid, uint64_t modseq, const mailproto_store *store,
                            char *why)
{
    struct ask_runs runs;
    struct answer a;
    const mailproto_store_message *flagged;
    const mailproto_store_uids *gone;
    int wrong = 0;

    if (ask_flags(&a, store, box->id, ask_runs(&runs, &uid, 1), MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_DELETED))
        wrong = WRONG("%s takes no flag: %s", box->name, ask_why());
    flagged = answer_item(&a, MAILPROTO_STORE_MESSAGE);
    if (!wrong && (!flagged || flagged->modseq <= modseq))
        wrong = WRONG("%s: a flag got modseq %llu, and %llu was told", box->name,
                      (unsigned long long)(flagged ? flagged->modseq : 0), (unsigned long long)modseq);
    if (flagged)
        modseq = flagged->modseq;
    answer_free(&a);
    if (wrong)
        return wrong;
    if (ask_expunge(&a, store, box->id, ask_runs(&runs, &uid, 1)))
        wrong = WRONG("%s expunges nothing: %s", box->name, ask_why());
    gone = answer_item(&a, MAILPROTO_STORE_VANISHED);
    if (!wrong && (!gone || gone->first != uid || gone->modseq <= modseq))
        wrong = WRONG("%s: UID %u was to be expunged behind modseq %llu", box->name, (unsigned)uid,
                      (unsigned long long)modseq);
    answer_free(&a);
    return wrong;
}

static int box_works(const struct ledger *ledger, size_t at, const struct seen *seen, uint32_t box,
                     const mailproto_store *store, char *why)
{
    const struct seen_box *in = &seen->boxes[box];
    struct answer a;
    const mailproto_store_appended *got;
    uint64_t upload = 0, modseq, new_modseq = 0;
    uint32_t uid, new_uid = 0;
    size_t len;
    char *data = message_make(UINT32_C(4000000000), &len);
    int wrong = 0;

    greatest(ledger, at, seen, box, &uid, &modseq);
    if (ask_begin(store, in->id, &upload, 0, 0, 0) || ask_write(store, upload, data, len) ||
        ask_commit(&a, store, upload))
        wrong = WRONG("%s takes no message: %s", in->name, ask_why());
    free(data);
    if (wrong)
        return wrong;
    got = answer_item(&a, MAILPROTO_STORE_APPENDED);
    if (!got || got->uid <= uid || got->modseq <= modseq || got->uidvalidity != in->validity)
        wrong = WRONG("%s: a message got UID %u and modseq %llu, and %u and %llu were told", in->name,
                      (unsigned)(got ? got->uid : 0), (unsigned long long)(got ? got->modseq : 0), (unsigned)uid,
                      (unsigned long long)modseq);
    if (!wrong) {
        new_uid = got->uid;
        new_modseq = got->modseq;
    }
    answer_free(&a);
    return wrong ? wrong : flag_and_expunge(in, new_uid, new_modseq, store, why);
}

/* A new mailbox has a UIDVALIDITY that is greater than all that were told. */
static int takes_mailbox(const struct ledger *ledger, size_t at, const mailproto_store *store, char *why)
{
    mailproto_store_opened opened;
    uint64_t id;
    int wrong = 0;

    if (ask_create(store, "Z", &id) || ask_open(store, id, &opened))
        return WRONG("no mailbox can be made: %s", ask_why());
    for (size_t i = 0; i < ledger->state_count && !wrong; i++)
        if (ledger->states[i].at <= at && ledger->states[i].validity >= opened.uidvalidity)
            wrong = WRONG("a new mailbox got UIDVALIDITY %u, and %u was told", (unsigned)opened.uidvalidity,
                          (unsigned)ledger->states[i].validity);
    ask_close(store, opened.opening);
    if (!wrong && ask_delete(store, id))
        wrong = WRONG("a mailbox cannot be removed: %s", ask_why());
    return wrong;
}

int store_works(const struct ledger *ledger, size_t at, const struct seen *seen, const mailproto_store *store,
                char *why)
{
    for (size_t i = 0; i < seen->box_count; i++)
        if (box_works(ledger, at, seen, (uint32_t)i, store, why))
            return -1;
    return takes_mailbox(ledger, at, store, why);
}
