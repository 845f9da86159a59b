/* maildir_copy.c - copies and moves messages: one commit decides for all of them, links and removals follow.
 * RFC 9051 6.4.7, 6.4.8 (RFC 6851 3.3: a message is on exactly one side at any moment), RFC 4315 3 (COPYUID). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maildir.h"

struct pair {
    uint32_t from, to;
    char name[MP_NAME_MAX]; /* of a copy, in tmp/ of the destination */
};

struct copying {
    mp_maildir *m;
    const mailproto_store_copy *question;
    mp_mailbox boxes[2];         /* 1 is unused where both are one */
    mp_mailbox *source, *target; /* may be one */
    mp_keywords keywords[2];
    struct pair *pairs;
    size_t count, linked;
    uint32_t *uids;
    uint64_t modseq;
    int missing; /* a file was not where the index has it */
};

/* Numbers of keywords differ from mailbox to mailbox. */
static int32_t translate(struct copying *c, mp_message *message)
{
    char set[sizeof message->keywords];
    int32_t result = 0;

    if (c->source == c->target || !message->keywords[0])
        return 0;
    memcpy(set, message->keywords, sizeof set);
    message->keywords[0] = 0;
    for (unsigned i = 1; i <= c->keywords[0].count && !result; i++) {
        const char *name = c->keywords[0].names[i - 1];
        unsigned number;

        if (!name || !mp_keywords_has(set, i))
            continue;
        result = mp_keywords_number(c->m, c->target->id, &c->keywords[1], name, strlen(name), 1, &number);
        if (!result && !mp_keywords_add(message->keywords, sizeof message->keywords, number))
            result = mp_maildir_error(c->m, MAILPROTO_ERR_LIMIT, "the message has too many keywords");
    }
    return result;
}

/* A copy's octets are durable, under a name in tmp/ of the destination, before the commit speaks of it. */
static int32_t link_copy(struct copying *c, const mp_message *message, struct pair *pair)
{
    char from[MP_PATH_MAX], to[MP_PATH_MAX];
    mp_maildir *m = c->m;
    int error;

    mp_maildir_unique(m, pair->name);
    if (!mp_maildir_message_path(m, from, c->source, message) ||
        !mp_maildir_path(m, to, c->target->directory, "tmp", pair->name))
        return MAILPROTO_ERR_LIMIT;
    error = mp_maildir_duplicate(m, from, to, message->state & MP_STATE_DURABLE);
    c->missing = error == -ENOENT;
    return error ? mp_maildir_file_error(m, error, "copying", from) : 0;
}

/* A message that is moved stays where it is until then; it has to be durable, too. */
static int32_t check_move(struct copying *c, const mp_message *message)
{
    mp_file_status status;
    char path[MP_PATH_MAX];
    mp_maildir *m = c->m;
    int error, fd;

    if (!mp_maildir_message_path(m, path, c->source, message))
        return MAILPROTO_ERR_LIMIT;
    if (message->state & MP_STATE_DURABLE) {
        error = m->files.stat(m->files.user, path, &status);
    } else {
        error = fd = m->files.open(m->files.user, path, MP_FILE_READ);
        if (fd >= 0) {
            error = mp_maildir_sync_file(m, fd);
            m->files.close(m->files.user, fd);
        }
    }
    c->missing = error == -ENOENT;
    return error ? mp_maildir_file_error(m, error, "moving", path) : 0;
}

static int32_t plan(struct copying *c, const mp_message *from, const mp_message *to, const struct pair *pair)
{
    const mp_mailbox *box = c->question->move ? c->source : c->target;
    mp_todo todo = {.kind = MP_TODO_PLACE, .mailbox = c->target->id};
    const char *between = *box->directory ? "/" : "";

    memcpy(todo.base, to->base, sizeof todo.base);
    memcpy(todo.source_base, c->question->move ? from->base : pair->name, sizeof todo.source_base);
    if (c->question->move)
        snprintf(todo.source, sizeof todo.source, "%.255s%s%s/%.255s%.255s", box->directory, between,
                 from->in_new ? "new" : "cur", from->base, from->in_new ? "" : from->info);
    else
        snprintf(todo.source, sizeof todo.source, "%s%stmp/%s", box->directory, between, pair->name);
    return mp_maildir_todo_add(c->m, &todo);
}

static int32_t copy_one(struct copying *c, struct pair *pair, int64_t now)
{
    mp_message from, to;
    char name[MP_NAME_MAX];
    int32_t result = mp_maildir_message(c->m, c->source->id, pair->from, &from);

    if (!result)
        result = c->question->move ? check_move(c, &from) : link_copy(c, &from, pair);
    if (result)
        return result;
    c->linked++;
    to = from;
    mp_maildir_unique(c->m, name);
    snprintf(to.base, sizeof to.base, "%.200s,S=%llu,W=%llu", name, (unsigned long long)from.octets,
             (unsigned long long)from.size);
    mp_maildir_info_make(to.info, from.in_new ? "" : from.info, from.flags);
    to.in_new = 0;
    to.modseq = c->modseq;
    to.saved = now;
    to.state |= MP_STATE_DURABLE;
    result = translate(c, &to);
    if (!result)
        result = mp_maildir_message_add(c->m, c->target, &to);
    pair->to = to.uid;
    if (!result)
        result = plan(c, &from, &to, pair);
    if (!result && c->question->move)
        result = mp_maildir_message_remove(c->m, c->source, &from, 1);
    return result;
}

static int32_t prepare(struct copying *c)
{
    mp_maildir *m = c->m;
    uint64_t octets = 0;
    mp_message message;
    int32_t result = mp_maildir_uids(m, c->source, c->question->uids, 0, &c->uids, &c->count);

    if (!result)
        result = mp_keywords_load(m, c->source->id, &c->keywords[0]);
    if (!result && c->target != c->source)
        result = mp_keywords_load(m, c->target->id, &c->keywords[1]);
    for (size_t i = 0; i < c->count && !result && !c->question->move; i++) {
        result = mp_maildir_message(m, c->source->id, c->uids[i], &message);
        octets += message.size;
    }
    if (!result && !c->question->move)
        result = mp_maildir_quota_allows(m, octets, c->count, 0);
    if (result || !c->count)
        return result;
    c->pairs = calloc(c->count, sizeof *c->pairs);
    if (!c->pairs)
        return mp_maildir_error(m, MAILPROTO_ERR_NOMEM, "there is no memory");
    for (size_t i = 0; i < c->count; i++)
        c->pairs[i].from = c->uids[i];
    return mp_maildir_new_modseq(m, &c->modseq);
}

static int32_t sync_tmp(struct copying *c)
{
    char path[MP_PATH_MAX];
    int error;

    if (c->question->move)
        return 0;
    if (!mp_maildir_path(c->m, path, c->target->directory, "tmp", ""))
        return MAILPROTO_ERR_LIMIT;
    error = mp_maildir_sync_directory(c->m, path);
    return error ? mp_maildir_file_error(c->m, error, "syncing", path) : 0;
}

static int32_t copy_all(struct copying *c)
{
    mp_mailbox before[2];
    int64_t now = mp_maildir_now_ns(c->m) / 1000000000;
    int32_t result = prepare(c);

    memcpy(before, c->boxes, sizeof before);
    if (result || !c->count)
        return result;
    for (size_t i = 0; i < c->count && !result; i++)
        result = copy_one(c, &c->pairs[i], now);
    if (!result)
        result = sync_tmp(c);
    c->target->modseq = c->modseq;
    if (!result && c->question->move) {
        c->source->modseq = c->modseq;
        result = mp_maildir_vanish(c->m, c->source, c->uids, c->count, c->modseq);
    }
    if (!result && (c->source == c->target || c->question->move))
        result = mp_maildir_mailbox_save(c->m, c->source, &before[0]);
    if (!result && c->source != c->target)
        result = mp_maildir_mailbox_save(c->m, c->target, &before[1]);
    return result;
}

static void remove_links(struct copying *c)
{
    char path[MP_PATH_MAX];

    for (size_t i = 0; i < c->linked && !c->question->move; i++)
        if (mp_maildir_path(c->m, path, c->target->directory, "tmp", c->pairs[i].name))
            (void)c->m->files.unlink(c->m->files.user, path);
}

static void forget(struct copying *c)
{
    mp_keywords_free(&c->keywords[0]);
    mp_keywords_free(&c->keywords[1]);
    free(c->pairs);
    free(c->uids);
    c->pairs = NULL;
    c->uids = NULL;
    c->count = c->linked = 0;
}

/* Both mailboxes; ERR_NOT_FOUND. The source is looked at, so that what other programs renamed is where the index has it. */
static int32_t find_both(struct copying *c, int how)
{
    mp_maildir *m = c->m;
    int32_t result = mp_maildir_selectable(m, c->question->mailbox, &c->boxes[0]);

    c->source = c->target = &c->boxes[0];
    if (!result && how >= 0)
        result = mp_maildir_look(m, c->source, how);
    if (!result && c->question->destination != c->question->mailbox) {
        c->target = &c->boxes[1];
        result = mp_maildir_selectable(m, c->question->destination, c->target);
    }
    return result;
}

static int32_t copy_once(struct copying *c, int how)
{
    int32_t result = find_both(c, how);

    c->missing = 0;
    if (!result)
        result = mp_maildir_write(c->m, 1);
    if (result)
        return result;
    result = find_both(c, -1);
    if (!result)
        result = copy_all(c);
    if (!result)
        result = mp_maildir_commit(c->m);
    if (!result)
        return 0;
    mp_maildir_rollback(c->m);
    remove_links(c);
    return result;
}

int32_t mp_maildir_copy(mp_maildir *m, const mailproto_store_copy *question, mp_copied **pairs, size_t *count,
                        uint32_t *uidvalidity)
{
    struct copying c = {.m = m, .question = question};
    int32_t result = copy_once(&c, MP_LOOK_POLL);

    for (int turn = 0; turn < 3 && result && c.missing; turn++) {
        forget(&c);
        result = copy_once(&c, MP_LOOK_FORCED); /* the files are looked for; what is gone is left out */
    }
    *count = result ? 0 : c.count;
    *pairs = calloc(*count + 1, sizeof **pairs);
    if (!*pairs)
        result = result ? result : MAILPROTO_ERR_NOMEM; /* it was done all the same, as a cancelled question may be */
    for (size_t i = 0; i < *count && *pairs; i++)
        (*pairs)[i] = (mp_copied){c.pairs[i].from, c.pairs[i].to};
    *uidvalidity = result ? 0 : c.target->uidvalidity;
    if (!result && c.count)
        mp_maildir_todo_now(m, c.target->id, question->move ? c.source->id : 0);
    forget(&c);
    return result;
}

int32_t mp_maildir_ask_copy(void *user, mailproto_store_asker *asker, const mailproto_store_copy *question)
{
    mp_maildir *m = user;
    mp_copied *pairs = NULL;
    uint32_t uidvalidity = 0;
    size_t count = 0;
    int32_t result = mp_maildir_ready(m), heard = 0;

    if (!result)
        result = mp_maildir_copy(m, question, &pairs, &count, &uidvalidity);
    for (size_t i = 0; i < count && !result && !heard; i++) {
        mailproto_store_copied item = {.head = {sizeof item, MAILPROTO_STORE_COPIED, question->head.token}};

        item.uidvalidity = uidvalidity;
        item.from = pairs[i].from;
        item.to = pairs[i].to;
        heard = mailproto_store_give(asker, question->head.token, &item.head);
    }
    free(pairs);
    if (result)
        return mp_maildir_fail(m, asker, question->head.token, result);
    (void)mp_maildir_done(asker, question->head.token, heard);
    return 0;
}
