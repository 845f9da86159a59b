/* faults_messages.c - one thing done wrong for each rule of the kit: messages, answers and what a store need not have.
 * mailproto/store.h, RULES. */
#include "faults.h"

/* ---- messages ---- */

/* What was open when something was expunged cannot be read any more. */
ITEM(message_pin)
{
    if (item->type == MAILPROTO_STORE_MESSAGE_OPENED)
        p->wrong->one = AS(message_opened, item)->message;
    if (ASKED(p, EXPUNGE))
        p->wrong->two = p->wrong->one;
    return wrong_give(p, item);
}

QUESTION(message_pin)
{
    if (!ASKED(p, MESSAGE_READ) || AS(message_read, q)->message > p->wrong->two)
        return 0;
    (void)wrong_end(p, MAILPROTO_ERR_GONE);
    return 1;
}

QUESTION(message_read)
{
    if (ASKED(p, MESSAGE_READ))
        AS(message_read, q)->max++;
    return 0;
}

END(message_gone)
{
    return wrong_end(p, why == MAILPROTO_ERR_GONE ? MAILPROTO_ERR_NOT_FOUND : why);
}

QUESTION(flags_operations)
{
    if (ASKED(p, FLAGS) && AS(flags, q)->operation == MAILPROTO_STORE_FLAGS_REPLACE)
        AS(flags, q)->operation = MAILPROTO_STORE_FLAGS_ADD;
    return 0;
}

QUESTION(flags_unchanged)
{
    if (ASKED(p, FLAGS))
        AS(flags, q)->unchanged_since = UINT64_MAX;
    return 0;
}

ITEM(flags_gone)
{
    if (ASKED(p, FLAGS) && item->type == MAILPROTO_STORE_VANISHED)
        return MAILPROTO_OK;
    return wrong_give(p, item);
}

ITEM(copy_pairs)
{
    if (item->type == MAILPROTO_STORE_COPIED)
        AS(copied, item)->uidvalidity++;
    return wrong_give(p, item);
}

/* What fits is copied before the copy fails. */
END(copy_all)
{
    mailproto_store_run first = {sizeof first, 1, 1, 0, NULL};
    mailproto_store_copy copy;

    if (ASKED(p, COPY) && why == MAILPROTO_ERR_QUOTA) {
        copy = *AS(copy, p->question);
        copy.uids = &first;
        (void)wrong_ask(p->wrong, &copy.head);
    }
    return wrong_end(p, why);
}

/* What was moved cannot be seen at once. */
QUESTION(move_sides)
{
    if (ASKED(p, COPY) && AS(copy, q)->move)
        p->wrong->one = AS(copy, q)->destination;
    return 0;
}

ITEM(move_sides)
{
    struct wrong *w = p->wrong;

    if (item->type == MAILPROTO_STORE_OPENED && w->one && AS(open, p->question)->mailbox == w->one) {
        w->two = AS(opened, item)->opening;
        w->one = 0;
    }
    if (ASKED(p, CHANGES) && w->two && AS(changes, p->question)->opening == w->two &&
        item->type == MAILPROTO_STORE_MESSAGE)
        return MAILPROTO_OK;
    return wrong_give(p, item);
}

QUESTION(expunge_deleted)
{
    mailproto_store_flags flags = {.head = {sizeof flags, MAILPROTO_STORE_FLAGS, 0}};

    if (!ASKED(p, EXPUNGE) || !AS(expunge, q)->uids)
        return 0;
    flags.mailbox = AS(expunge, q)->mailbox;
    flags.uids = AS(expunge, q)->uids;
    flags.unchanged_since = UINT64_MAX;
    flags.operation = MAILPROTO_STORE_FLAGS_ADD;
    flags.flags = MAILPROTO_FLAG_DELETED;
    (void)wrong_ask(p->wrong, &flags.head);
    return 0;
}

QUESTION(expunge_uids)
{
    if (ASKED(p, EXPUNGE))
        AS(expunge, q)->uids = NULL;
    return 0;
}

ITEM(expunge_told)
{
    return ASKED(p, EXPUNGE) ? MAILPROTO_OK : wrong_give(p, item);
}

/* ---- answers ---- */

END(answer_once)
{
    const int32_t result = wrong_end(p, why);

    if (result == MAILPROTO_OK)
        (void)wrong_end(p, why);
    return result;
}

ITEM(answer_enough)
{
    const int32_t result = wrong_give(p, item);

    return result == MAILPROTO_STORE_ENOUGH ? MAILPROTO_OK : result;
}

ITEM(cancel_silent)
{
    const int32_t result = wrong_give(p, item);

    if (result < 0)
        (void)wrong_end(p, 0);
    return result;
}

/* An opening that nobody heard of stays. */
ITEM(cancel_open)
{
    const int32_t result = wrong_give(p, item);

    if (item->type != MAILPROTO_STORE_OPENED || result >= 0)
        return result;
    p->flag = 1;
    return MAILPROTO_OK;
}

END(cancel_open)
{
    return p->flag ? MAILPROTO_OK : wrong_end(p, why);
}

/* A message of a commit that nobody heard of is taken away again. */
QUESTION(cancel_commit)
{
    if (ASKED(p, APPEND_BEGIN))
        p->wrong->one = AS(append_begin, q)->mailbox;
    return 0;
}

ITEM(cancel_commit)
{
    mailproto_store_run run = {sizeof run, 0, 0, 0, NULL};
    mailproto_store_flags flags = {.head = {sizeof flags, MAILPROTO_STORE_FLAGS, 0}};
    mailproto_store_expunge expunge = {.head = {sizeof expunge, MAILPROTO_STORE_EXPUNGE, 0}};
    const int32_t result = wrong_give(p, item);

    if (item->type != MAILPROTO_STORE_APPENDED || result >= 0)
        return result;
    run.first = run.last = AS(appended, item)->uid;
    flags.mailbox = expunge.mailbox = p->wrong->one;
    flags.uids = expunge.uids = &run;
    flags.unchanged_since = UINT64_MAX;
    flags.operation = MAILPROTO_STORE_FLAGS_ADD;
    flags.flags = MAILPROTO_FLAG_DELETED;
    (void)wrong_ask(p->wrong, &flags.head);
    (void)wrong_ask(p->wrong, &expunge.head);
    return result;
}

END(error_codes)
{
    return wrong_end(p, ASKED(p, COPY) && why == MAILPROTO_ERR_NOT_FOUND ? MAILPROTO_ERR_UNAVAILABLE : why);
}

QUESTION(blob_version)
{
    if (ASKED(p, BLOB_WRITE))
        p->wrong->one = AS(blob_write, q)->version;
    if (ASKED(p, BLOB_READ))
        AS(blob_read, q)->version = (uint32_t)p->wrong->one;
    return 0;
}

ITEM(metadata)
{
    if (item->type == MAILPROTO_STORE_METADATA_ITEM && AS(metadata_item, item)->value.len)
        AS(metadata_item, item)->value.len--;
    return wrong_give(p, item);
}

/* ---- what a store need not have ---- */

/* The subscription goes with the mailbox. */
QUESTION(subscribe_stays)
{
    if (ASKED(p, SUBSCRIBE) && AS(subscribe, q)->subscribed)
        set(p->wrong->text, AS(subscribe, q)->name);
    return 0;
}

END(subscribe_stays)
{
    mailproto_store_subscribe ask = {.head = {sizeof ask, MAILPROTO_STORE_SUBSCRIBE, 0}};

    if ((ASKED(p, DELETE) || ASKED(p, RENAME)) && !why) {
        ask.name = (mailproto_text){p->wrong->text, strlen(p->wrong->text)};
        (void)wrong_ask(p->wrong, &ask.head);
    }
    return wrong_end(p, why);
}

END(authorise_agrees)
{
    return wrong_end(p, ASKED(p, AUTHORISE) && AS(authorise, p->question)->rights == MAILPROTO_RIGHT_EXPUNGE
                            ? MAILPROTO_ERR_DENIED
                            : why);
}

QUESTION(watch_lasts)
{
    (void)q;
    if (ASKED(p, WATCH))
        (void)wrong_end(p, 0);
    return ASKED(p, WATCH);
}

/* It is when it is told. */
ITEM(message_saved)
{
    if (item->type == MAILPROTO_STORE_MESSAGE)
        AS(message, item)->save_date += (int64_t)++p->wrong->one;
    return wrong_give(p, item);
}

const struct fault wrong_message_faults[] = {
    {"message.pin", Q(message_pin), I(message_pin)},
    {"message.read", Q(message_read)},
    {"message.gone", E(message_gone)},
    {"flags.operations", Q(flags_operations)},
    {"flags.unchanged_since", Q(flags_unchanged)},
    {"flags.gone", I(flags_gone)},
    {"copy.pairs", I(copy_pairs)},
    {"copy.all", E(copy_all)},
    {"move.sides", Q(move_sides), I(move_sides)},
    {"expunge.deleted", Q(expunge_deleted)},
    {"expunge.uids", Q(expunge_uids)},
    {"expunge.told", I(expunge_told)},
    {"answer.once", E(answer_once)},
    {"answer.enough", I(answer_enough)},
    {"cancel.silent", I(cancel_silent)},
    {"cancel.open", I(cancel_open), E(cancel_open)},
    {"cancel.commit", Q(cancel_commit), I(cancel_commit)},
    {"error.codes", E(error_codes)},
    {"blob.version", Q(blob_version)},
    {"metadata", I(metadata)},
    {"subscribe.stays", Q(subscribe_stays), E(subscribe_stays)},
    {"authorise.agrees", E(authorise_agrees)},
    {"watch.lasts", Q(watch_lasts)},
    {"message.saved", I(message_saved)},
    {.rule = NULL},
};
