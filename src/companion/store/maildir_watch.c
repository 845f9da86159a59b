/* maildir_watch.c - hints that something changed, given when the host polls.
 * RFC 9051 6.3.13 (IDLE): a hint may come late or merged; whoever hears it asks CHANGES. */
#include <stdlib.h>

#include "maildir.h"

/* What is compared: the mailbox's cursor, or for 0 a number that each change of any mailbox, and of their list, moves. */
static int32_t state_of(mp_maildir *m, uint64_t mailbox, uint64_t *state)
{
    mp_mailbox box;
    int64_t number = 0;
    int32_t result;

    if (!mailbox) {
        result = mp_maildir_look_root(m, 0);
        if (!result)
            result = mp_sql_number(m, MP_SQL_STATE, 0, NULL, 0, &number);
        *state = (uint64_t)number;
        return result;
    }
    result = mp_maildir_selectable(m, mailbox, &box);
    if (!result)
        result = mp_maildir_look(m, &box, MP_LOOK_POLL);
    *state = result ? 0 : box.modseq;
    return result == MAILPROTO_ERR_NOT_FOUND ? 0 : result;
}

int32_t mp_maildir_ask_watch(void *user, mailproto_store_asker *asker, const mailproto_store_watch *question)
{
    mp_maildir *m = user;
    mp_watch *watch = calloc(1, sizeof *watch);
    int32_t result = watch ? mp_maildir_ready(m) : MAILPROTO_ERR_NOMEM;

    if (!result) {
        watch->asker = asker;
        watch->token = question->head.token;
        watch->mailbox = question->mailbox;
        result = state_of(m, question->mailbox, &watch->cursor);
    }
    if (result) {
        free(watch);
        return mp_maildir_fail(m, asker, question->head.token, result);
    }
    watch->next = m->watches;
    m->watches = watch;
    return 0;
}

void mp_maildir_cancel(void *user, mailproto_store_asker *asker, uint64_t token)
{
    mp_maildir *m = user;

    for (mp_watch *watch = m->watches; watch; watch = watch->next)
        if (watch->asker == asker && watch->token == token)
            watch->gone = 1;
    if (m->polling)
        return;
    mp_maildir_watches_sweep(m);
}

void mp_maildir_watches_sweep(mp_maildir *m)
{
    for (mp_watch **at = &m->watches; *at;) {
        mp_watch *watch = *at;

        if (!watch->gone) {
            at = &watch->next;
            continue;
        }
        *at = watch->next;
        free(watch);
    }
}

static int32_t poll_one(mp_maildir *m, mp_watch *watch)
{
    mailproto_store_changed item = {.head = {sizeof item, MAILPROTO_STORE_CHANGED, watch->token}};
    uint64_t state = 0;
    int32_t result = state_of(m, watch->mailbox, &state), heard;

    if (result || state == watch->cursor)
        return result;
    watch->cursor = state;
    item.mailbox = watch->mailbox;
    heard = mailproto_store_give(watch->asker, watch->token, &item.head);
    if (heard < 0)
        watch->gone = 1;
    if (heard != MAILPROTO_STORE_ENOUGH || watch->gone)
        return 0;
    watch->gone = 1;
    (void)mailproto_store_done(watch->asker, watch->token);
    return 0;
}

int32_t mailproto_maildir_poll(mailproto_maildir *m)
{
    int32_t result;

    if (!m)
        return MAILPROTO_ERR_ARG;
    if (!m->watches)
        return MAILPROTO_OK;
    result = mp_maildir_ready(m);
    m->polling = 1;
    for (mp_watch *watch = m->watches; watch && !result; watch = watch->next)
        if (!watch->gone)
            result = poll_one(m, watch);
    m->polling = 0;
    mp_maildir_watches_sweep(m);
    return result;
}
