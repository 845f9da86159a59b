/* maildir_repair.c - repairs what can be repaired in an account: opening it does most, the rest is done here.
 * RFC 9051 2.3.1.1: UIDs are kept; an index that is made again from the messages has a greater UIDVALIDITY.
 *
 * What was repaired is told by looking before and afterwards (maildir_check.c): what is no longer found was repaired. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maildir_check.h"

/* ---- one mailbox ---- */

/* A file of another size, or of a size that was not counted right, is another message: it gets a new UID. */
static int32_t repair_message(mp_maildir *m, const mp_mailbox *box, const mp_message *message, int *good)
{
    char path[MP_PATH_MAX];
    int32_t result;

    if (!mp_maildir_message_path(m, path, box, message))
        return MAILPROTO_ERR_LIMIT;
    *good = mp_check_file(m, path, message) <= 0; /* what cannot be read stays as it is */
    if (*good)
        return 0;
    result = mp_maildir_lost(m, box->id, message->uid);
    return result == MAILPROTO_ERR_GONE ? 0 : result;
}

static int32_t repair_counts(mp_maildir *m, uint64_t id, const mp_counts *counts)
{
    mp_mailbox box, before;
    int32_t result = mp_maildir_write(m, 0); /* what is lost of a repair is found again */

    if (!result)
        result = mp_maildir_mailbox(m, id, &before);
    if (result)
        return result;
    box = before;
    box.messages = counts->messages;
    box.octets = counts->octets;
    box.unseen = counts->unseen;
    box.deleted = counts->deleted;
    box.deleted_octets = counts->deleted_octets;
    result = mp_maildir_mailbox_save(m, &box, &before);
    return result ? result : mp_maildir_commit(m);
}

static int32_t repair_mailbox(mp_maildir *m, uint64_t id)
{
    mp_counts counts = {0};
    mp_mailbox box;
    mp_message message;
    uint32_t *uids = NULL;
    size_t count = 0;
    int good = 1, all_good = 1;
    int32_t result = mp_maildir_mailbox(m, id, &box);

    if (result || box.attributes & MAILPROTO_MAILBOX_NOSELECT)
        return result;
    result = mp_maildir_look(m, &box, MP_LOOK_FORCED);
    if (!result)
        result = mp_maildir_mailbox(m, id, &box);
    if (!result)
        result = mp_maildir_uids(m, &box, NULL, 0, &uids, &count);
    for (size_t i = 0; i < count && !result; i++) {
        result = mp_maildir_message(m, id, uids[i], &message);
        if (!result)
            result = repair_message(m, &box, &message, &good);
        all_good &= good;
        mp_counts_add(&counts, &message);
    }
    free(uids);
    if (!result && all_good && mp_counts_differ(&counts, &box))
        result = repair_counts(m, id, &counts);
    if (result)
        mp_maildir_rollback(m);
    else
        mp_maildir_clean_tmp(m, box.directory);
    return result;
}

static int32_t repair_mailboxes(mp_maildir *m)
{
    uint64_t ids[MP_CHECK_MAILBOXES], after = 0;
    int32_t count = MP_CHECK_MAILBOXES, result = mp_maildir_look_root(m, 1);

    while (!result && count == MP_CHECK_MAILBOXES) {
        count = mp_check_mailboxes(m, after, ids);
        result = count < 0 ? count : 0;
        for (int32_t i = 0; i < count && !result; i++)
            result = repair_mailbox(m, after = ids[i]);
    }
    return result;
}

/* ---- the account ---- */

static int32_t repair_sums(mp_maildir *m)
{
    int64_t wrong = 0;
    int rc;
    int32_t result = mp_sql_number(m, MP_SQL_SUMS_WRONG, 0, NULL, 0, &wrong);

    if (!result && wrong)
        result = mp_maildir_write(m, 0);
    if (result || !wrong)
        return result;
    rc = sqlite3_exec(m->db,
                      "UPDATE account SET messages = (SELECT total(messages) FROM mailboxes),"
                      " octets = (SELECT total(octets) FROM mailboxes)",
                      NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        return mp_maildir_commit(m);
    result = mp_maildir_sql_error(m, rc, "writing the index");
    mp_maildir_rollback(m);
    return result;
}

static int32_t repair_all(mp_maildir *m)
{
    int damaged = 0;
    int32_t result = mp_check_index(m, &damaged, NULL, NULL);

    if (!result && damaged) {
        m->damaged = 1;
        result = mp_maildir_ready(m);
    }
    if (!result)
        result = repair_mailboxes(m);
    return result ? result : repair_sums(m);
}

/* ---- before and afterwards ---- */

struct findings {
    mp_texts texts; /* problems, one behind the other */
    size_t count;
    int failed;
};

static void keep(void *user, uint32_t what, const char *sentence, size_t len)
{
    struct findings *findings = user;

    if (what != MAILPROTO_MAILDIR_PROBLEM)
        return;
    if (mp_texts_add(&findings->texts, sentence, len) == SIZE_MAX)
        findings->failed = 1;
    else
        findings->count++;
}

static int has(const struct findings *findings, const char *sentence)
{
    const char *at = findings->texts.text;

    for (size_t i = 0; i < findings->count; i++, at += strlen(at) + 1)
        if (!strcmp(at, sentence))
            return 1;
    return 0;
}

/* It could not be repaired: all is as it was, and that is the reason. */
static void keep_again(const struct findings *before, struct findings *after, const char *why)
{
    const char *at = before->texts.text;

    for (size_t i = 0; i < before->count; i++, at += strlen(at) + 1)
        keep(after, MAILPROTO_MAILDIR_PROBLEM, at, strlen(at));
    keep(after, MAILPROTO_MAILDIR_PROBLEM, why, strlen(why));
}

struct repair {
    mp_report *report;
    void *user;
    uint32_t problems;
};

static void tell(struct repair *r, uint32_t what, const char *sentence)
{
    r->problems += what == MAILPROTO_MAILDIR_PROBLEM;
    if (r->report)
        r->report(r->user, what, sentence, strlen(sentence));
}

static void tell_all(struct repair *r, const struct findings *before, const struct findings *after)
{
    const char *at = before->texts.text;

    for (size_t i = 0; i < before->count; i++, at += strlen(at) + 1)
        if (!has(after, at))
            tell(r, MAILPROTO_MAILDIR_REPAIRED, at);
    at = after->texts.text;
    for (size_t i = 0; i < after->count; i++, at += strlen(at) + 1)
        tell(r, MAILPROTO_MAILDIR_PROBLEM, at);
}

static int32_t repair(const char *path, const mailproto_maildir_config *config, char why[MP_SENTENCE_MAX])
{
    mailproto_maildir *m;
    int32_t result = mailproto_maildir_open(&m, path, config, why, MP_SENTENCE_MAX);

    if (result)
        return result;
    result = repair_all(m);
    snprintf(why, MP_SENTENCE_MAX, "%s", m->sentence[0] ? m->sentence : mailproto_result_text(result));
    mailproto_maildir_close(m);
    return result;
}

int32_t mailproto_maildir_repair(const char *path, const mailproto_maildir_config *config,
                                 void (*report)(void *user, uint32_t what, const char *sentence, size_t len),
                                 void *user, uint32_t *problems)
{
    struct findings before = {.count = 0}, after = {.count = 0};
    struct repair r = {report, user, 0};
    char why[MP_SENTENCE_MAX];
    int32_t result;

    if (problems)
        *problems = 0;
    if (mailproto_maildir_check(path, config, keep, &before, NULL))
        before = (struct findings){.texts = before.texts}; /* it was not looked at: opening it says what is wrong */
    result = repair(path, config, why);
    if (!result)
        result = mailproto_maildir_check(path, config, keep, &after, NULL);
    else
        keep_again(&before, &after, why);
    tell_all(&r, &before, &after);
    if (!result && (before.failed || after.failed)) {
        result = MAILPROTO_ERR_NOMEM;
        tell(&r, MAILPROTO_MAILDIR_PROBLEM, "there is no memory");
    }
    free(before.texts.text);
    free(after.texts.text);
    if (problems)
        *problems = r.problems;
    return result;
}
