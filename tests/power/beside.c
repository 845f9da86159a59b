/* beside.c - subscriptions, an annotation and a limit, set and looked at.
 * RFC 9051 6.3.7, RFC 5464, RFC 9208; the contract of mailproto/store.h. */
#include "beside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mailproto/maildir.h>
#include <mailproto/store_optional.h>

#include "ask.h"
#include "ledger.h"

#define WRONG(...) (snprintf(why, LEDGER_WHY, __VA_ARGS__), -1)

static const char *const names[BESIDE_NAMES] = {"A", "Lists/c", "Old"};
static const char note_name[] = "/private/comment";

const char *beside_name(unsigned at)
{
    return names[at];
}

static mailproto_text text_of(const char *text)
{
    return (mailproto_text){text, strlen(text)};
}

/* ---- set ---- */

int32_t beside_set_subscribed(const mailproto_store *store, unsigned at, int subscribed)
{
    mailproto_store_subscribe question = {.name = text_of(names[at]), .subscribed = (uint32_t)subscribed};
    struct answer a;
    int32_t result = ASK(&a, store, &question, MAILPROTO_STORE_SUBSCRIBE);

    answer_free(&a);
    return result;
}

int32_t beside_set_note(const mailproto_store *store, uint64_t mailbox, uint32_t note)
{
    mailproto_store_metadata_set question = {.mailbox = mailbox, .name = text_of(note_name), .has_value = note != 0};
    struct answer a;
    char value[20];
    int32_t result;

    snprintf(value, sizeof value, "%u", (unsigned)note);
    if (note)
        question.value = text_of(value);
    result = ASK(&a, store, &question, MAILPROTO_STORE_METADATA_SET);
    answer_free(&a);
    return result;
}

int32_t beside_set_limit(const mailproto_store *store, uint64_t limit)
{
    mailproto_store_quota_set question = {.resource = MAILPROTO_QUOTA_STORAGE, .has_limit = limit != 0, .limit = limit};
    struct answer a;
    int32_t result = ASK(&a, store, &question, MAILPROTO_STORE_QUOTA_SET);

    answer_free(&a);
    return result;
}

/* ---- see ---- */

static int see_subscribed(struct beside *beside, const mailproto_store *store, char *why)
{
    struct answer a;
    int32_t result = ask_list(&a, store);

    for (size_t i = 0; i < a.count && !result; i++) {
        const mailproto_store_mailbox *item = (const mailproto_store_mailbox *)a.items[i];

        for (unsigned k = 0; k < BESIDE_NAMES && item->head.type == MAILPROTO_STORE_MAILBOX; k++)
            if (item->subscribed && item->name.len == strlen(names[k]) &&
                !memcmp(item->name.ptr, names[k], item->name.len))
                beside->subscribed |= 1u << k;
    }
    answer_free(&a);
    return result ? WRONG("subscriptions cannot be listed: %s", ask_why()) : 0;
}

static int see_note(struct beside *beside, const mailproto_store *store, uint64_t inbox, char *why)
{
    mailproto_store_metadata question = {.mailbox = inbox, .name = text_of(note_name)};
    const mailproto_store_metadata_item *item;
    struct answer a;
    int32_t result = ASK(&a, store, &question, MAILPROTO_STORE_METADATA);
    char value[20] = "";

    item = answer_item(&a, MAILPROTO_STORE_METADATA_ITEM);
    if (item)
        snprintf(value, sizeof value, "%.*s", (int)item->value.len, item->value.ptr);
    beside->note = (uint32_t)strtoul(value, NULL, 10);
    answer_free(&a);
    return result ? WRONG("the annotation cannot be read: %s", ask_why()) : 0;
}

static int see_limit(struct beside *beside, const mailproto_store *store, uint64_t inbox, char *why)
{
    mailproto_store_quota question = {.mailbox = inbox};
    const mailproto_store_quota_item *item;
    struct answer a;
    int32_t result = ASK(&a, store, &question, MAILPROTO_STORE_QUOTA);

    item = answer_item(&a, MAILPROTO_STORE_QUOTA_ITEM);
    if (item && item->has_limit && item->resource == MAILPROTO_QUOTA_STORAGE)
        beside->limit = item->limit;
    answer_free(&a);
    return result ? WRONG("the limit cannot be read: %s", ask_why()) : 0;
}

int beside_see(struct beside *beside, const mailproto_store *store, uint64_t inbox, char *why)
{
    memset(beside, 0, sizeof *beside);
    return see_subscribed(beside, store, why) || see_note(beside, store, inbox, why) ||
                   see_limit(beside, store, inbox, why)
               ? -1
               : 0;
}

/* ---- compare ---- */

int beside_same(const struct beside *expected, const struct beside *seen, char *why)
{
    for (unsigned i = 0; i < BESIDE_NAMES; i++)
        if ((expected->subscribed ^ seen->subscribed) >> i & 1)
            return WRONG("%s is %ssubscribed to, and should%s be", names[i], seen->subscribed >> i & 1 ? "" : "not ",
                         expected->subscribed >> i & 1 ? "" : " not");
    if (expected->note != seen->note)
        return WRONG("the annotation was %u, and is %u", (unsigned)expected->note, (unsigned)seen->note);
    if (expected->limit != seen->limit)
        return WRONG("the limit was %llu octets, and is %llu", (unsigned long long)expected->limit,
                     (unsigned long long)seen->limit);
    return 0;
}

int beside_limit_holds(const struct beside *beside, const mailproto_store *delivery, char *why)
{
    mailproto_store_append_begin question = {.mailbox = MAILPROTO_MAILDIR_INBOX,
                                             .size = beside->limit + 1,
                                             .options = MAILPROTO_STORE_NO_UIDS};
    struct answer a;
    int32_t result;

    if (!beside->limit)
        return 0;
    result = ASK(&a, delivery, &question, MAILPROTO_STORE_APPEND_BEGIN);
    answer_free(&a);
    if (result == MAILPROTO_ERR_QUOTA)
        return 0;
    return WRONG("a delivery of more than the limit of %llu octets is not refused: %s",
                 (unsigned long long)beside->limit, mailproto_result_name(result));
}
