/* survive.c - reads a store whole, and compares it with what must be there after a loss of power.
 * The rules are those of mailproto/store.h; no part of any protocol. */
#include "survive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "disk_nodes.h"
#include "message.h"

#define WRONG(...) (snprintf(why, LEDGER_WHY, __VA_ARGS__), -1)

/* ---- what is there ---- */

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

static const struct seen_box *seen_name(const struct seen *seen, const char *name)
{
    for (size_t i = 0; i < seen->box_count; i++)
        if (!strcmp(seen->boxes[i].name, name))
            return &seen->boxes[i];
    return NULL;
}

/* How often a message is in a mailbox; *uid: the last one's. */
static unsigned seen_in(const struct seen *seen, const struct seen_box *box, uint32_t message, uint32_t *uid)
{
    unsigned count = 0;

    for (size_t i = 0; box && i < seen->message_count; i++)
        if (&seen->boxes[seen->messages[i].box] == box && seen->messages[i].message == message) {
            count++;
            *uid = seen->messages[i].uid;
        }
    return count;
}

/* ---- what must be there ---- */

static int box_matches(const struct seen *seen, const struct world *world, uint32_t at, int may_rise, char *why)
{
    const struct world_box *box = &world->boxes[at];
    const struct seen_box *found = seen_name(seen, box->name);
    uint32_t expected = 0, uid;

    if (!found)
        return WRONG("%s is not there", box->name);
    if (box->validity && (found->validity < box->validity || (!may_rise && found->validity != box->validity)))
        return WRONG("%s had UIDVALIDITY %u, and has %u", box->name, (unsigned)box->validity,
                     (unsigned)found->validity);
    if (!may_rise && box->id && box->id != found->id)
        return WRONG("%s was mailbox %llu, and is %llu", box->name, (unsigned long long)box->id,
                     (unsigned long long)found->id);
    for (size_t i = 0; i < world->copy_count; i++) {
        const struct world_copy *copy = &world->copies[i];
        unsigned count;

        if (!copy->alive || copy->box != at)
            continue;
        expected++;
        count = seen_in(seen, found, copy->message, &uid);
        if (count != 1)
            return WRONG("%s: message %u (UID %u) is there %u times, not once", box->name, (unsigned)copy->message,
                         (unsigned)copy->uid, count);
        if (copy->uid && found->validity == box->validity && copy->uid != uid)
            return WRONG("%s: message %u had UID %u, and has %u", box->name, (unsigned)copy->message,
                         (unsigned)copy->uid, (unsigned)uid);
    }
    if (expected == found->count)
        return 0;
    for (size_t i = 0; i < seen->message_count; i++)
        if (&seen->boxes[seen->messages[i].box] == found && !world_has(world, at, seen->messages[i].message))
            return WRONG("%s: message %u (UID %u) is there, and should not be", box->name,
                         (unsigned)seen->messages[i].message, (unsigned)seen->messages[i].uid);
    return WRONG("%s has %u messages, and should have %u", box->name, (unsigned)found->count, (unsigned)expected);
}

static int matches(const struct seen *seen, const struct world *world, int may_rise, char *why)
{
    for (size_t i = 0; i < world->box_count; i++)
        if (world->boxes[i].alive && box_matches(seen, world, (uint32_t)i, may_rise, why))
            return -1;
    for (size_t i = 0; i < seen->box_count; i++)
        if (world_find_box(world, seen->boxes[i].name) == UINT32_MAX)
            return WRONG("%s is there, and should not be", seen->boxes[i].name);
    return may_rise ? 0 : beside_same(&world->beside, &seen->beside, why);
}

/* What is pending, as far as it was done for each message: it is on one side or on the other. */
static void choose_each(const struct seen *seen, const struct world *now, struct world *then)
{
    for (size_t i = 0; i < now->copy_count; i++) {
        struct world_copy *copy = &then->copies[i];
        uint32_t uid;

        if (copy->alive == now->copies[i].alive ||
            !seen_in(seen, seen_name(seen, then->boxes[copy->box].name), copy->message, &uid))
            continue;
        copy->alive = now->copies[i].alive;
        for (size_t k = now->copy_count; k < then->copy_count; k++)
            if (then->copies[k].from == i + 1)
                then->copies[k].alive = 0;
    }
}

/* Of mailboxes that were to be made, as those above another, some may be there already, empty. */
static void add_begun(const struct seen *seen, const struct moment *moment, struct world *world)
{
    for (size_t i = 0; i < seen->box_count; i++) {
        const char *name = seen->boxes[i].name;

        if (!seen->boxes[i].count && world_find_box(world, name) == UINT32_MAX &&
            world_find_box(&moment->then, name) != UINT32_MAX)
            world_add_box(world, 0, name);
    }
}

static int world_survives(const struct ledger *ledger, const struct moment *moment, const struct seen *seen,
                          struct world *world, char *why)
{
    char why_then[LEDGER_WHY];
    int wrong;

    world_copy(world, &moment->now);
    if (moment->pending)
        add_begun(seen, moment, world);
    wrong = matches(seen, world, ledger->numbers_may_rise, why);
    if (!wrong || moment->pending == PENDING_NOTHING)
        return wrong;
    world_free(world);
    world_copy(world, &moment->then);
    if (moment->pending == PENDING_EACH)
        choose_each(seen, &moment->now, world);
    wrong = matches(seen, world, ledger->numbers_may_rise, why_then);
    if (wrong)
        snprintf(why + strlen(why), LEDGER_WHY - strlen(why), "; or, done: %.200s", why_then);
    return wrong;
}

/* ---- numbers ---- */

static int number_survives(const struct told *told, const struct seen_box *box, const struct seen_message *m, char *why)
{
    if (told->validity != box->validity || told->uid != m->uid)
        return 0;
    if (told->message && told->message != m->message)
        return WRONG("%s: UIDVALIDITY %u UID %u was message %u, and is %u", box->name, (unsigned)box->validity,
                     (unsigned)m->uid, (unsigned)told->message, (unsigned)m->message);
    if (told->size && (told->size != m->size || told->date != m->date))
        return WRONG("%s, UID %u: %llu octets of %lld were told, now %llu of %lld", box->name, (unsigned)m->uid,
                     (unsigned long long)told->size, (long long)told->date, (unsigned long long)m->size,
                     (long long)m->date);
    if (told->modseq && told->modseq == m->modseq && told->flags != m->flags)
        return WRONG("%s, UID %u: modseq %llu was told with flags %x, and has %x", box->name, (unsigned)m->uid,
                     (unsigned long long)m->modseq, (unsigned)told->flags, (unsigned)m->flags);
    return 0;
}

static int state_survives(const struct told_state *state, const struct seen_box *box, char *why)
{
    if (state->validity == box->validity && state->modseq > box->cursor)
        return WRONG("%s: modseq %llu was told, and the cursor is %llu", box->name, (unsigned long long)state->modseq,
                     (unsigned long long)box->cursor);
    if (state->validity == box->validity && state->uidnext > box->uidnext)
        return WRONG("%s: UIDNEXT %u was told, and is %u", box->name, (unsigned)state->uidnext, (unsigned)box->uidnext);
    if (state->id == box->id && state->validity > box->validity)
        return WRONG("%s: UIDVALIDITY %u was told, and is %u", box->name, (unsigned)state->validity,
                     (unsigned)box->validity);
    return 0;
}

static int numbers_survive(const struct ledger *ledger, size_t at, const struct seen *seen, char *why)
{
    for (size_t i = 0; i < ledger->told_count; i++)
        for (size_t k = 0; ledger->told[i].at <= at && k < seen->message_count; k++)
            if (number_survives(&ledger->told[i], &seen->boxes[seen->messages[k].box], &seen->messages[k], why))
                return -1;
    for (size_t i = 0; i < ledger->state_count; i++)
        for (size_t k = 0; ledger->states[i].at <= at && k < seen->box_count; k++)
            if (state_survives(&ledger->states[i], &seen->boxes[k], why))
                return -1;
    for (size_t i = 0; i < seen->box_count; i++)
        for (size_t k = 0; k < i; k++)
            if (seen->boxes[i].validity == seen->boxes[k].validity)
                return WRONG("%s and %s have the same UIDVALIDITY", seen->boxes[i].name, seen->boxes[k].name);
    return 0;
}

int validities_are_new(const struct ledger *ledger, size_t at, const struct seen *seen, char *why)
{
    for (size_t i = 0; i < ledger->state_count; i++)
        for (size_t k = 0; ledger->states[i].at <= at && k < seen->box_count; k++)
            if (ledger->states[i].validity >= seen->boxes[k].validity)
                return WRONG("%s has UIDVALIDITY %u, and %u was told", seen->boxes[k].name,
                             (unsigned)seen->boxes[k].validity, (unsigned)ledger->states[i].validity);
    return 0;
}

int survives(const struct ledger *ledger, size_t at, const struct seen *seen, struct world *world, char *why)
{
    if (world_survives(ledger, ledger_at(ledger, at), seen, world, why))
        return -1;
    return numbers_survive(ledger, at, seen, why);
}

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
