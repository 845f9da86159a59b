/* maildir_messages.c - messages that are open: pinned by their file, read from any offset.
 * RFC 9051 6.4.5, 7.5.2 (a size that was announced is kept), RFC 2180 4.1 (expunged while it is fetched). */
#include <errno.h>
#include <stdlib.h>

#include "maildir.h"

static mp_pin *find(mp_maildir *m, uint64_t id)
{
    mp_pin *pin = m->pins;

    while (pin && pin->id != id)
        pin = pin->next;
    return pin;
}

static void unpin(mp_maildir *m, uint64_t id)
{
    for (mp_pin **at = &m->pins; *at; at = &(*at)->next) {
        mp_pin *pin = *at;

        if (pin->id != id)
            continue;
        *at = pin->next;
        mp_maildir_pin_free(m, pin);
        return;
    }
}

/* The file where the index has it. -ENOENT: not there. */
static int32_t open_file(mp_maildir *m, uint64_t mailbox, uint32_t uid, mp_message *message, int *fd)
{
    char path[MP_PATH_MAX], source[MP_SOURCE_MAX];
    mp_mailbox box;
    int32_t result = mp_maildir_selectable(m, mailbox, &box);

    if (!result)
        result = mp_maildir_message(m, mailbox, uid, message);
    if (result)
        return result;
    if (!mp_maildir_message_path(m, path, &box, message))
        return MAILPROTO_ERR_LIMIT;
    *fd = m->files.open(m->files.user, path, MP_FILE_READ);
    if (*fd == -ENOENT && mp_maildir_todo_of(m, message->base, source) > 0 && mp_maildir_path(m, path, source, "", ""))
        *fd = m->files.open(m->files.user, path, MP_FILE_READ); /* it could not be placed yet */
    return *fd < 0 && *fd != -ENOENT ? mp_maildir_file_error(m, *fd, "opening", path) : 0;
}

/* Another program may have renamed or removed it: the folders are looked at, and it is tried again. */
static int32_t open_anyhow(mp_maildir *m, uint64_t mailbox, uint32_t uid, mp_message *message, int *fd)
{
    mp_mailbox box;
    int32_t result = open_file(m, mailbox, uid, message, fd);

    for (int turn = 0; turn < 3 && !result && *fd == -ENOENT; turn++) {
        result = mp_maildir_selectable(m, mailbox, &box);
        if (!result)
            result = mp_maildir_look(m, &box, MP_LOOK_FORCED);
        if (!result)
            result = open_file(m, mailbox, uid, message, fd);
    }
    if (!result && *fd < 0)
        return mp_maildir_error(m, MAILPROTO_ERR_UNAVAILABLE, "the file of the message is renamed again and again");
    return result;
}

/* What is kept of a message in memory and on disk is one: the same size, and if it was read from the name, counted. */
static int32_t verify(mp_maildir *m, uint64_t mailbox, const mp_message *message, int fd)
{
    int64_t values[] = {(int64_t)mailbox, message->uid, message->state | MP_STATE_COUNTED};
    mp_file_status status;
    uint64_t size;
    int error = m->files.fstat(m->files.user, fd, &status);

    if (error)
        return mp_maildir_file_error(m, error, "looking at", message->base);
    if (status.kind != MP_FILE_REGULAR || status.size != message->octets)
        return mp_maildir_lost(m, mailbox, message->uid);
    if (message->state & MP_STATE_COUNTED)
        return 0;
    error = mp_maildir_measure(m, fd, message->octets, &size);
    if (error == -EILSEQ || (!error && size != message->size))
        return mp_maildir_lost(m, mailbox, message->uid);
    if (error)
        return mp_maildir_file_error(m, error, "reading", message->base);
    if (!mp_maildir_write(m, 0)) { /* not to count it again; it does no harm if this fails */
        (void)mp_sql_do(m, MP_SQL_MESSAGE_STATE, 3, values);
        if (mp_maildir_commit(m))
            mp_maildir_rollback(m);
    }
    return 0;
}

int32_t mp_maildir_ask_message_open(void *user, mailproto_store_asker *asker,
                                    const mailproto_store_message_open *question)
{
    mailproto_store_message_opened item = {.head = {sizeof item, MAILPROTO_STORE_MESSAGE_OPENED, question->head.token}};
    mp_maildir *m = user;
    mp_pin *pin = calloc(1, sizeof *pin);
    mp_message message = {0};
    int32_t result;

    if (!pin)
        return MAILPROTO_ERR_NOMEM;
    pin->fd = -1;
    result = mp_maildir_ready(m);
    if (!result)
        result = open_anyhow(m, question->mailbox, question->uid, &message, &pin->fd);
    if (!result)
        result = verify(m, question->mailbox, &message, pin->fd);
    if (result) {
        mp_maildir_pin_free(m, pin);
        return mp_maildir_fail(m, asker, question->head.token, result);
    }
    item.message = pin->id = ++m->next_id;
    item.size = pin->size = message.size;
    pin->octets = message.octets;
    pin->exact = message.size == message.octets;
    pin->next = m->pins;
    m->pins = pin;
    result = mailproto_store_give(asker, question->head.token, &item.head);
    if (mp_maildir_done(asker, question->head.token, result))
        unpin(m, item.message);
    return 0;
}

int32_t mp_maildir_ask_message_read(void *user, mailproto_store_asker *asker,
                                    const mailproto_store_message_read *question)
{
    mailproto_store_slice item = {.head = {sizeof item, MAILPROTO_STORE_SLICE, question->head.token}};
    mp_maildir *m = user;
    mp_pin *pin = find(m, question->message);
    int64_t n;
    int32_t heard;

    m->sentence[0] = 0;
    if (!pin)
        return mp_maildir_fail(m, asker, question->head.token, MAILPROTO_ERR_GONE);
    n = mp_maildir_pin_read(m, pin, question->offset, question->max);
    if (n == -EILSEQ)
        return mp_maildir_fail(m, asker, question->head.token,
                               mp_maildir_error(m, MAILPROTO_ERR_CORRUPT,
                                                "the message became shorter while it was read"));
    if (n < 0)
        return mp_maildir_fail(m, asker, question->head.token,
                               mp_maildir_file_error(m, (int)n, "reading a message of", m->root));
    item.bytes.ptr = pin->buffer;
    item.bytes.len = (size_t)n;
    heard = mailproto_store_give(asker, question->head.token, &item.head);
    (void)mp_maildir_done(asker, question->head.token, heard);
    return 0;
}

int32_t mp_maildir_ask_message_close(void *user, mailproto_store_asker *asker,
                                     const mailproto_store_message_close *question)
{
    (void)asker;
    unpin(user, question->message);
    return 0;
}
