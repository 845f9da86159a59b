/* faults_uploads.c - one thing done wrong for each rule of the kit: uploads, restarts and changes.
 * mailproto/store.h, RULES. */
#include "faults.h"

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

const struct fault wrong_upload_faults[] = {
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
    {.rule = NULL},
};
