/* maildir_openings.c - mailboxes that are open, the lock of those who have one alone, and STATUS.
 * RFC 9051 6.3.2, 6.3.11; RFC 1939 4 (the lock of a maildrop). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "maildir.h"

mp_opening *mp_maildir_opening_find(mp_maildir *m, uint64_t id)
{
    mp_opening *opening = m->openings;

    while (opening && opening->id != id)
        opening = opening->next;
    return opening;
}

static void remove_opening(mp_maildir *m, uint64_t id)
{
    for (mp_opening **at = &m->openings; *at; at = &(*at)->next) {
        mp_opening *opening = *at;

        if (opening->id != id)
            continue;
        *at = opening->next;
        mp_maildir_opening_free(m, opening);
        return;
    }
}

void mp_maildir_opening_free(mp_maildir *m, mp_opening *opening)
{
    while (opening->snapshots) {
        mp_snapshot *snapshot = opening->snapshots;

        opening->snapshots = snapshot->next;
        mp_maildir_snapshot_end(snapshot);
    }
    if (opening->lock >= 0)
        m->files.close(m->files.user, opening->lock);
    free(opening);
}

/* The file stays, for removing it would let two processes lock two files of one name. */
static int32_t lock(mp_maildir *m, mp_opening *opening)
{
    char path[MP_PATH_MAX], name[40];
    int error;

    snprintf(name, sizeof name, "exclusive-%llu", (unsigned long long)opening->mailbox);
    if (!mp_maildir_own(m, path, name))
        return MAILPROTO_ERR_LIMIT;
    opening->lock = m->files.open(m->files.user, path, MP_FILE_READ | MP_FILE_WRITE | MP_FILE_CREATE);
    if (opening->lock < 0)
        return mp_maildir_file_error(m, opening->lock, "opening", path);
    error = m->files.lock(m->files.user, opening->lock, MP_LOCK_EXCLUSIVE);
    if (error == -EWOULDBLOCK)
        return mp_maildir_error(m, MAILPROTO_ERR_BUSY, "another session has the mailbox locked");
    return error ? mp_maildir_file_error(m, error, "locking", path) : 0;
}

static int32_t open_mailbox(mp_maildir *m, const mailproto_store_open *question, mp_opening *opening, mp_mailbox *box)
{
    int32_t result = mp_maildir_ready(m);

    if (!result)
        result = mp_maildir_selectable(m, question->mailbox, box);
    if (!result && question->mode == MAILPROTO_STORE_EXCLUSIVE)
        result = lock(m, opening);
    if (!result)
        result = mp_maildir_look(m, box, MP_LOOK_OPEN);
    return result ? result : mp_maildir_cursor(m, box, &box->modseq);
}

static int32_t give_opened(mailproto_store_asker *asker, uint64_t token, const mp_opening *opening,
                           const mp_mailbox *box)
{
    mailproto_store_opened item = {.head = {sizeof item, MAILPROTO_STORE_OPENED, token}};

    item.opening = opening->id;
    item.cursor = box->modseq;
    item.uidvalidity = box->uidvalidity;
    item.uidnext = box->uidnext;
    item.messages = box->messages;
    item.rights = 2 * MAILPROTO_RIGHT_ADMIN - 1;
    return mailproto_store_give(asker, token, &item.head);
}

static int32_t give_keywords(mailproto_store_asker *asker, uint64_t token, const mp_keywords *keywords)
{
    int32_t heard = 0;

    for (unsigned i = 0; i < keywords->count && !heard; i++) {
        mailproto_store_keyword_item item = {.head = {sizeof item, MAILPROTO_STORE_KEYWORD, token}};

        if (!keywords->names[i])
            continue;
        item.name.ptr = keywords->names[i];
        while (item.name.ptr[item.name.len])
            item.name.len++;
        heard = mailproto_store_give(asker, token, &item.head);
    }
    return heard;
}

int32_t mp_maildir_ask_open(void *user, mailproto_store_asker *asker, const mailproto_store_open *question)
{
    mp_maildir *m = user;
    mp_opening *opening = calloc(1, sizeof *opening);
    mp_keywords keywords = {0};
    uint64_t token = question->head.token, id;
    mp_mailbox box;
    int32_t result;

    if (!opening)
        return MAILPROTO_ERR_NOMEM;
    *opening = (mp_opening){.id = id = ++m->next_id, .mailbox = question->mailbox, .mode = question->mode, .lock = -1};
    result = open_mailbox(m, question, opening, &box);
    if (result == MAILPROTO_ERR_FULL && mp_maildir_release(m, MP_TO_SEE))
        result = open_mailbox(m, question, opening, &box);
    if (!result)
        result = mp_keywords_load(m, question->mailbox, &keywords);
    if (result) {
        mp_maildir_opening_free(m, opening);
        return mp_maildir_fail(m, asker, token, result);
    }
    opening->next = m->openings;
    m->openings = opening;
    result = give_opened(asker, token, opening, &box);
    if (!result)
        result = give_keywords(asker, token, &keywords);
    mp_keywords_free(&keywords);
    if (mp_maildir_done(asker, token, result))
        remove_opening(m, id); /* nobody waits for it any more */
    return 0;
}

int32_t mp_maildir_ask_close(void *user, mailproto_store_asker *asker, const mailproto_store_close *question)
{
    (void)asker;
    remove_opening(user, question->opening);
    return 0;
}

int32_t mp_maildir_ask_status(void *user, mailproto_store_asker *asker, const mailproto_store_status *question)
{
    mailproto_store_status_item item = {.head = {sizeof item, MAILPROTO_STORE_STATUS_ITEM, question->head.token}};
    mp_maildir *m = user;
    mp_mailbox box;
    int32_t result = mp_maildir_ready(m);

    if (!result)
        result = mp_maildir_selectable(m, question->mailbox, &box);
    if (!result)
        result = mp_maildir_look(m, &box, MP_LOOK_POLL);
    if (!result)
        result = mp_maildir_cursor(m, &box, &box.modseq);
    if (result)
        return mp_maildir_fail(m, asker, question->head.token, result);
    item.messages = box.messages;
    item.unseen = box.unseen;
    item.deleted = box.deleted;
    item.uidnext = box.uidnext;
    item.uidvalidity = box.uidvalidity;
    item.size = box.octets;
    item.deleted_size = box.deleted_octets;
    item.cursor = box.modseq;
    result = mailproto_store_give(asker, question->head.token, &item.head);
    (void)mp_maildir_done(asker, question->head.token, result);
    return 0;
}
