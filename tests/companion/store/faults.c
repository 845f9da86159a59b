/* faults.c - one thing done wrong for each rule of the kit, as small as it can be.
 * mailproto/store.h, RULES. */
#include <stdlib.h>
#include <string.h>

#include "core/ascii.h"
#include "wrong.h"

#define AS(name, event) ((mailproto_store_##name *)(void *)(event))
#define ASKED(p, TYPE)  ((p)->question->type == MAILPROTO_STORE_##TYPE)

/* Functions of a fault are named after its rule. */
#define QUESTION(rule) static int rule##_question(struct passing *p, mailproto_event *q)
#define ITEM(rule)     static int32_t rule##_item(struct passing *p, mailproto_event *item)
#define END(rule)      static int32_t rule##_end(struct passing *p, int32_t why)

static int is(mailproto_text text, const char *name)
{
    return text.len == strlen(name) && memcmp(text.ptr, name, text.len) == 0;
}

static int is_below(mailproto_text name, const char *above)
{
    const size_t n = strlen(above);

    return n && name.len > n && name.ptr[n] == '/' && memcmp(name.ptr, above, n) == 0;
}

static void set(char *to, mailproto_text text)
{
    const size_t n = text.len < WRONG_TEXT ? text.len : WRONG_TEXT - 1;

    memcpy(to, text.ptr, n);
    to[n] = '\0';
}

/* Keeps an item back. */
static int32_t hold(struct passing *p, const mailproto_event *item)
{
    return mailproto_store_keep(&p->held, item, NULL) ? MAILPROTO_ERR_NOMEM : MAILPROTO_OK;
}

static int32_t let_go(struct passing *p)
{
    const int32_t result = p->held ? wrong_give(p, p->held) : MAILPROTO_OK;

    mailproto_store_kept_free(p->held, NULL);
    p->held = NULL;
    return result;
}

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

/* ---- uploads ---- */

ITEM(append_kept)
{
    if (item->type == MAILPROTO_STORE_MESSAGE)
        AS(message, item)->zone = 0;
    return wrong_give(p, item);
}

/* The last of a group is told first. */
ITEM(append_order)
{
    if (item->type != MAILPROTO_STORE_APPENDED || p->count == 16)
        return wrong_give(p, item);
    return mailproto_store_keep(&p->all[p->count++], item, NULL) ? MAILPROTO_ERR_NOMEM : MAILPROTO_OK;
}

END(append_order)
{
    int32_t result = MAILPROTO_OK;

    for (size_t i = p->count; i-- > 0 && !result;)
        result = wrong_give(p, p->all[i]);
    return result < 0 ? result : wrong_end(p, why);
}

/* The first of a group can be seen before the last is committed. */
QUESTION(append_together)
{
    if (ASKED(p, APPEND_BEGIN) && AS(append_begin, q)->upload)
        p->wrong->flag = 1;
    if (ASKED(p, APPEND_COMMIT) || ASKED(p, APPEND_ABORT))
        p->wrong->flag = 0;
    return 0;
}

ITEM(append_together)
{
    if (item->type == MAILPROTO_STORE_STATUS_ITEM)
        AS(status_item, item)->messages += (uint32_t)p->wrong->flag;
    return wrong_give(p, item);
}

QUESTION(append_abort)
{
    mailproto_store_append_commit commit = {.head = {sizeof commit, MAILPROTO_STORE_APPEND_COMMIT, 0}};

    if (!ASKED(p, APPEND_ABORT))
        return 0;
    commit.upload = AS(append_abort, q)->upload;
    (void)wrong_ask(p->wrong, &commit.head);
    return 1;
}

QUESTION(append_size)
{
    if (ASKED(p, APPEND_BEGIN))
        AS(append_begin, q)->size = 0;
    return 0;
}

QUESTION(append_estimated)
{
    if (ASKED(p, APPEND_BEGIN))
        AS(append_begin, q)->options &= ~(uint32_t)MAILPROTO_STORE_SIZE_ESTIMATED;
    return 0;
}

/* Nothing is shared. */
QUESTION(append_share)
{
    (void)q;
    if (!ASKED(p, APPEND_SHARE))
        return 0;
    (void)wrong_end(p, 0);
    return 1;
}

/* The size counts LF as it was written. */
QUESTION(append_crlf)
{
    const mailproto_text *bytes = &AS(append_write, q)->bytes;

    for (size_t i = 0; ASKED(p, APPEND_WRITE) && i < bytes->len; i++)
        if (bytes->ptr[i] == '\n' && (!i || bytes->ptr[i - 1] != '\r'))
            p->wrong->flag = 1;
    return 0;
}

ITEM(append_crlf)
{
    if (item->type == MAILPROTO_STORE_MESSAGE && p->wrong->flag)
        AS(message, item)->size--;
    return wrong_give(p, item);
}

QUESTION(append_no_uids)
{
    if (ASKED(p, APPEND_BEGIN))
        AS(append_begin, q)->options &= ~(uint32_t)MAILPROTO_STORE_NO_UIDS;
    return 0;
}

ITEM(append_numbers)
{
    if (item->type == MAILPROTO_STORE_APPENDED)
        AS(appended, item)->uidvalidity++;
    return wrong_give(p, item);
}

/* One of many uploads is lost, and told as if it were not. */
QUESTION(append_concurrent)
{
    struct wrong *w = p->wrong;
    mailproto_store_append_abort abort = {.head = {sizeof abort, MAILPROTO_STORE_APPEND_ABORT, 0}};
    mailproto_store_appended item = {.head = {sizeof item, MAILPROTO_STORE_APPENDED, p->token}, .uid = 1000};

    if (ASKED(p, APPEND_BEGIN) && !AS(append_begin, q)->upload)
        w->one++;
    if (!ASKED(p, APPEND_COMMIT) || w->one-- < 8 || w->flag++)
        return 0;
    abort.upload = AS(append_commit, q)->upload;
    (void)wrong_ask(w, &abort.head);
    (void)wrong_give(p, &item.head);
    (void)wrong_end(p, 0);
    return 1;
}

/* An upload that was begun earlier gets no greater UID than one that was committed before it. */
ITEM(uid_visible)
{
    struct wrong *w = p->wrong;

    if (item->type != MAILPROTO_STORE_APPENDED)
        return wrong_give(p, item);
    if (AS(append_commit, p->question)->upload < w->one) {
        AS(appended, item)->uid = (uint32_t)w->two;
    } else {
        w->one = AS(append_commit, p->question)->upload;
        w->two = AS(appended, item)->uid;
    }
    return wrong_give(p, item);
}

ITEM(uid_reuse)
{
    struct wrong *w = p->wrong;

    if (ASKED(p, EXPUNGE))
        w->one = AS(uids, item)->last;
    if (item->type == MAILPROTO_STORE_APPENDED && w->one) {
        AS(appended, item)->uid = (uint32_t)w->one;
        w->one = 0;
    }
    return wrong_give(p, item);
}

QUESTION(quota)
{
    (void)q;
    if (!ASKED(p, QUOTA_SET))
        return 0;
    (void)wrong_end(p, 0);
    return 1;
}

/* ---- restarts ---- */

ITEM(restart_kept)
{
    if (p->wrong->restarted && ASKED(p, CHANGES) && item->type == MAILPROTO_STORE_MESSAGE && !p->flag++)
        return MAILPROTO_OK;
    return wrong_give(p, item);
}

ITEM(restart_numbers)
{
    if (p->wrong->restarted && item->type == MAILPROTO_STORE_OPENED)
        AS(opened, item)->cursor = 1;
    return wrong_give(p, item);
}

/* ---- changes ---- */

QUESTION(modseq_rises)
{
    mailproto_store_flags off;

    if (!ASKED(p, FLAGS) || AS(flags, q)->unchanged_since != UINT64_MAX ||
        AS(flags, q)->operation != MAILPROTO_STORE_FLAGS_ADD)
        return 0;
    off = *AS(flags, q);
    off.operation = MAILPROTO_STORE_FLAGS_REMOVE;
    (void)wrong_ask(p->wrong, &off.head);
    return 0;
}

/* The cursor is ahead of what was told. */
ITEM(changes_watermark)
{
    if (item->type == MAILPROTO_STORE_CURSOR && AS(changes, p->question)->since)
        AS(cursor, item)->cursor++;
    return wrong_give(p, item);
}

ITEM(changes_vanished)
{
    if (ASKED(p, CHANGES) && item->type == MAILPROTO_STORE_VANISHED)
        return MAILPROTO_OK;
    return wrong_give(p, item);
}

ITEM(changes_pages)
{
    if (item->type == MAILPROTO_STORE_CURSOR && AS(changes, p->question)->snapshot)
        AS(cursor, item)->cursor++;
    return wrong_give(p, item);
}

QUESTION(changes_want)
{
    if (ASKED(p, CHANGES))
        AS(changes, q)->want = 0;
    return 0;
}

QUESTION(changes_uids)
{
    if (ASKED(p, CHANGES))
        AS(changes, q)->uids = NULL;
    return 0;
}

/* Every second message comes before the one in front of it. */
ITEM(changes_order)
{
    int32_t result;

    if (!ASKED(p, CHANGES))
        return wrong_give(p, item);
    if (item->type == MAILPROTO_STORE_MESSAGE && !p->held)
        return hold(p, item);
    if (item->type == MAILPROTO_STORE_MESSAGE) {
        result = wrong_give(p, item);
        return result ? result : let_go(p);
    }
    result = let_go(p);
    return result ? result : wrong_give(p, item);
}

QUESTION(changes_since)
{
    if (ASKED(p, CHANGES) && AS(changes, q)->since > 1)
        AS(changes, q)->since--;
    return 0;
}

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

#define Q(rule) .question = rule##_question
#define I(rule) .item = rule##_item
#define E(rule) .end = rule##_end

const struct fault wrong_faults[] = {
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
    {"append.kept", I(append_kept)},
    {"append.order", I(append_order), E(append_order)},
    {"append.together", Q(append_together), I(append_together)},
    {"append.abort", Q(append_abort)},
    {"append.size", Q(append_size)},
    {"append.estimated", Q(append_estimated)},
    {"append.share", Q(append_share)},
    {"append.crlf", Q(append_crlf), I(append_crlf)},
    {"append.no_uids", Q(append_no_uids)},
    {"append.numbers", I(append_numbers)},
    {"append.concurrent", Q(append_concurrent)},
    {"uid.visible", I(uid_visible)},
    {"uid.reuse", I(uid_reuse)},
    {"quota", Q(quota)},
    {"restart.kept", I(restart_kept)},
    {"restart.numbers", I(restart_numbers)},
    {"modseq.rises", Q(modseq_rises)},
    {"changes.watermark", I(changes_watermark)},
    {"changes.vanished", I(changes_vanished)},
    {"changes.pages", I(changes_pages)},
    {"changes.want", Q(changes_want)},
    {"changes.uids", Q(changes_uids)},
    {"changes.order", I(changes_order)},
    {"changes.since", Q(changes_since)},
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
    {.rule = NULL},
};
