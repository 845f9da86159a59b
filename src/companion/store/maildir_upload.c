/* maildir_upload.c - uploads: begun, written, shared, committed or forgotten.
 * RFC 9051 6.3.12 (APPEND), RFC 3502 (MULTIAPPEND), RFC 5321 4.1.1.4. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "maildir.h"

mp_upload *mp_maildir_upload_find(mp_maildir *m, uint64_t id)
{
    mp_upload *upload = m->uploads;

    while (upload && upload->id != id)
        upload = upload->next;
    return upload;
}

static mp_upload *take(mp_maildir *m, uint64_t id)
{
    for (mp_upload **at = &m->uploads; *at; at = &(*at)->next) {
        mp_upload *upload = *at;

        if (upload->id == id) {
            *at = upload->next;
            return upload;
        }
    }
    return NULL;
}

void mp_maildir_upload_free(mp_maildir *m, mp_upload *upload)
{
    while (upload->first) {
        mp_part *part = upload->first;

        upload->first = part->next;
        mp_maildir_part_discard(m, upload, part);
        free(part->keywords);
        free(part);
    }
    free(upload->buffer);
    free(upload);
}

/* ---- begin ---- */

static char *copy_keywords(const mailproto_store_keyword *keywords)
{
    size_t size = 1;
    char *copy, *at;

    for (const mailproto_store_keyword *k = keywords; k; k = k->next)
        size += k->name.len + 1;
    at = copy = malloc(size);
    if (!copy)
        return NULL;
    for (const mailproto_store_keyword *k = keywords; k; k = k->next) {
        memcpy(at, k->name.ptr, k->name.len);
        at[k->name.len] = 0;
        at += k->name.len + 1;
    }
    *at = 0;
    return copy;
}

static mp_part *new_part(mp_maildir *m, const mailproto_store_append_begin *question)
{
    mp_part *part = calloc(1, sizeof *part);
    int32_t nanoseconds;

    if (!part)
        return NULL;
    part->fd = -1;
    mp_maildir_unique(m, part->name);
    part->announced = question->options & MAILPROTO_STORE_SIZE_ESTIMATED ? 0 : question->size;
    part->has_date = question->has_date;
    part->date = question->internal_date;
    part->zone = question->zone;
    part->flags = question->flags & (2 * MAILPROTO_FLAG_DRAFT - 1);
    part->options = question->options;
    if (!question->has_date) {
        m->files.now(m->files.user, &part->date, &nanoseconds);
        part->zone = 0;
    }
    if (question->keywords && !(part->keywords = copy_keywords(question->keywords))) {
        free(part);
        return NULL;
    }
    return part;
}

static void put(mp_upload *upload, mp_part *part)
{
    if (upload->last)
        upload->last->next = part;
    else
        upload->first = part;
    upload->last = part;
    upload->count++;
}

static uint64_t octets_of(const mp_upload *upload)
{
    uint64_t octets = 0;

    for (const mp_part *part = upload ? upload->first : NULL; part; part = part->next)
        octets += part->size + part->bare;
    return octets;
}

/* Nothing of it needs the index. */
static int is_quick(mp_maildir *m, const mailproto_store_append_begin *question)
{
    return m->options & MAILPROTO_MAILDIR_DELIVERY && question->mailbox == MAILPROTO_MAILDIR_INBOX &&
           !question->upload && question->options & MAILPROTO_STORE_NO_UIDS && !question->flags &&
           !question->keywords && !mp_maildir_has_quotas(m);
}

static int32_t may_begin(mp_maildir *m, const mailproto_store_append_begin *question, mp_upload *upload,
                         mp_mailbox *box)
{
    uint64_t octets = octets_of(upload), mailbox = question->mailbox;
    int32_t result;

    m->sentence[0] = 0;
    if (question->upload && (!upload || upload->mailbox != question->mailbox))
        return mp_maildir_error(m, MAILPROTO_ERR_ARG, "the upload is over, or of another mailbox");
    if (upload && upload->broken)
        return upload->broken;
    if (is_quick(m, question)) {
        *box = (mp_mailbox){.id = MAILPROTO_MAILDIR_INBOX};
        return 0;
    }
    result = mp_maildir_ready(m);
    if (!result)
        result = mp_maildir_resolve(m, &mailbox);
    if (!result)
        result = mp_maildir_selectable(m, mailbox, box);
    if (result)
        return result;
    if (question->size > UINT64_MAX - octets)
        return mp_maildir_error(m, MAILPROTO_ERR_QUOTA, "the message is too large");
    result = mp_maildir_quota_allows(m, octets + question->size, upload ? upload->count + 1 : 1, 0);
    return result || !upload ? result : mp_maildir_part_end(m, upload);
}

int32_t mp_maildir_ask_append_begin(void *user, mailproto_store_asker *asker,
                                    const mailproto_store_append_begin *question)
{
    mailproto_store_upload item = {.head = {sizeof item, MAILPROTO_STORE_UPLOAD, question->head.token}};
    mp_maildir *m = user;
    mp_upload *upload = question->upload ? mp_maildir_upload_find(m, question->upload) : NULL;
    mp_upload *opened = NULL;
    mp_mailbox box;
    mp_part *part;
    int32_t result = may_begin(m, question, upload, &box);

    if (result)
        return mp_maildir_fail(m, asker, question->head.token, result);
    part = new_part(m, question);
    if (part && !upload)
        upload = opened = calloc(1, sizeof *upload);
    if (!part || !upload) {
        free(part ? part->keywords : NULL);
        free(part);
        return MAILPROTO_ERR_NOMEM;
    }
    if (opened) {
        upload->id = ++m->next_id;
        upload->mailbox = question->mailbox;
        memcpy(upload->directory, box.directory, sizeof upload->directory);
        upload->next = m->uploads;
        m->uploads = upload;
    }
    put(upload, part);
    item.upload = upload->id;
    result = mailproto_store_give(asker, question->head.token, &item.head);
    if (mp_maildir_done(asker, question->head.token, result) && opened && (opened = take(m, item.upload)))
        mp_maildir_upload_free(m, opened);
    return 0;
}

/* ---- write, share ---- */

int32_t mp_maildir_ask_append_write(void *user, mailproto_store_asker *asker,
                                    const mailproto_store_append_write *question)
{
    mp_maildir *m = user;
    mp_upload *upload = mp_maildir_upload_find(m, question->upload);
    mp_part *part = upload ? upload->last : NULL;

    m->sentence[0] = 0;
    if (!part || part->complete)
        return mp_maildir_fail(m, asker, question->head.token, MAILPROTO_ERR_ARG);
    if (!upload->broken && part->announced && question->bytes.len > part->announced - part->size)
        upload->broken = mp_maildir_error(m, MAILPROTO_ERR_LIMIT, "the message is larger than was announced");
    if (!upload->broken && question->bytes.len)
        upload->broken = mp_maildir_part_write(m, upload, question->bytes.ptr, question->bytes.len);
    if (upload->broken)
        return mp_maildir_fail(m, asker, question->head.token, upload->broken);
    (void)mailproto_store_done(asker, question->head.token);
    return 0;
}

/* The other's file gets a second name here; what was written of it is synced once, by whoever is first. */
static int32_t share(mp_maildir *m, mp_upload *upload, mp_maildir *other, mp_upload *theirs)
{
    char from[MP_PATH_MAX], to[MP_PATH_MAX];
    mp_part *part = upload->last, *source = theirs->last;
    int32_t result = mp_maildir_part_end(other, theirs);
    int error;

    if (result) {
        theirs->broken = result; /* its octets are not all there */
        memcpy(m->sentence, other->sentence, sizeof m->sentence);
        return result;
    }
    if (!mp_maildir_part_path(other, from, theirs->directory, source) ||
        !mp_maildir_part_path(m, to, upload->directory, part))
        return MAILPROTO_ERR_LIMIT;
    error = mp_maildir_duplicate(m, from, to, 1);
    if (error)
        return mp_maildir_file_error(m, error, "making", to);
    part->made = 1;
    part->size = source->size;
    part->bare = source->bare;
    part->last = source->last;
    return mp_maildir_part_end(m, upload);
}

int32_t mp_maildir_ask_append_share(void *user, mailproto_store_asker *asker,
                                    const mailproto_store_append_share *question)
{
    mp_maildir *m = user, *other;
    mp_upload *upload = mp_maildir_upload_find(m, question->upload), *theirs;

    m->sentence[0] = 0;
    if (!upload || !upload->last || upload->last->size || upload->last->complete)
        return mp_maildir_fail(m, asker, question->head.token, MAILPROTO_ERR_ARG);
    if (!question->other || question->other->append_share != mp_maildir_ask_append_share)
        return mp_maildir_fail(m, asker, question->head.token, MAILPROTO_ERR_UNSUPPORTED);
    other = question->other->user;
    theirs = mp_maildir_upload_find(other, question->other_upload);
    if (!theirs || !theirs->last || theirs->broken)
        return mp_maildir_fail(m, asker, question->head.token, MAILPROTO_ERR_ARG);
    upload->broken = share(m, upload, other, theirs);
    if (upload->broken)
        return mp_maildir_fail(m, asker, question->head.token, upload->broken);
    (void)mailproto_store_done(asker, question->head.token);
    return 0;
}

/* ---- commit, abort ---- */

static int is_delivery(const mp_upload *upload)
{
    return upload->count == 1 && upload->first->options & MAILPROTO_STORE_NO_UIDS && !upload->first->flags &&
           !upload->first->keywords;
}

static int32_t commit(mp_maildir *m, mp_upload *upload, uint32_t *uidvalidity)
{
    int32_t result = upload->broken ? upload->broken : mp_maildir_part_end(m, upload);
    int error;

    if (result)
        return result;
    error = mp_maildir_reserve(m);
    if (error) /* it could not be fetched, or deleted, any more */
        return mp_maildir_file_error(m, error, "keeping back a little room in", m->root);
    if (is_delivery(upload))
        return mp_maildir_deliver(m, upload);
    result = mp_maildir_ready(m);
    return result ? result : mp_maildir_append(m, upload, uidvalidity);
}

int32_t mp_maildir_ask_append_commit(void *user, mailproto_store_asker *asker,
                                     const mailproto_store_append_commit *question)
{
    mp_maildir *m = user;
    mp_upload *upload = take(m, question->upload);
    uint32_t uidvalidity = 0;
    int32_t result, heard = 0;

    m->sentence[0] = 0;
    if (!upload)
        return mp_maildir_fail(m, asker, question->head.token, MAILPROTO_ERR_ARG);
    result = commit(m, upload, &uidvalidity);
    for (const mp_part *part = result ? NULL : upload->first; part && !heard; part = part->next) {
        mailproto_store_appended item = {.head = {sizeof item, MAILPROTO_STORE_APPENDED, question->head.token}};

        if (part->options & MAILPROTO_STORE_NO_UIDS)
            continue;
        item.uidvalidity = uidvalidity;
        item.uid = part->uid;
        item.modseq = part->modseq;
        heard = mailproto_store_give(asker, question->head.token, &item.head);
    }
    if (result)
        (void)mp_maildir_fail(m, asker, question->head.token, result);
    else
        (void)mp_maildir_done(asker, question->head.token, heard);
    mp_maildir_upload_free(m, upload);
    return 0;
}

int32_t mp_maildir_ask_append_abort(void *user, mailproto_store_asker *asker,
                                    const mailproto_store_append_abort *question)
{
    mp_upload *upload = take(user, question->upload);

    (void)asker;
    if (upload)
        mp_maildir_upload_free(user, upload);
    return 0;
}
