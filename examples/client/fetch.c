/* fetch.c - `mailproto pop3 URL fetch-all`: brings what is new into a Maildir, and may delete it on the server then.
 * RFC 1939 sections 5 to 7. A message is told as known, and deleted, only when it is on this disk for good. */
#include "pop3.h"

#include "interrupt.h"
#include "maildir.h"
#include "report.h"
#include "seen.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So many messages are asked for ahead of the one that arrives. */
enum { AHEAD = 16 };

struct fetch {
    struct maildir maildir;
    struct seen seen;
    uint64_t uidl;   /* the command */
    int no_uidl;     /* the server does not know it */
    uint32_t next;   /* the item to look at next */
    uint32_t open;   /* commands on their way */
    uint64_t before; /* octets of the messages before the one that arrives */
};

static int32_t cannot(struct pop3_job *job, const char *what)
{
    if (!interrupted())
        report("%s %s: %s", what, job->options->maildir, strerror(errno));
    return pop3_stop(job);
}

static int32_t cannot_store(struct pop3_job *job)
{
    const struct fetch *own = job->own;

    if (!interrupted())
        report("cannot store into %s: %s", job->options->maildir, own->maildir.why);
    return pop3_stop(job);
}

/* ---- the Maildir and what is known ---- */

/* "user@host:port", without spaces: what unique ids belong to. */
static void account_name(const struct pop3_options *options, char *out, size_t size)
{
    size_t n = 0;

    for (const char *p = options->common.user; *p; p++)
        if (*p <= ' ' || *p == '%')
            n += (size_t)snprintf(out + n, size - n, "%%%02X", (unsigned)(unsigned char)*p);
        else
            out[n++] = *p;
    snprintf(out + n, size - n, "@%s:%u", options->common.url.host, options->common.url.port);
}

static int begin(struct pop3_job *job)
{
    const char *path = job->options->maildir;
    struct fetch *own = calloc(1, sizeof *own);
    char account[1300];
    int result;

    job->own = own;
    if (!own) {
        report_no_memory();
        return -1;
    }
    if (maildir_open(&own->maildir, path)) {
        report("cannot use %s as a Maildir: %s", path, own->maildir.why);
        free(own);
        return -1;
    }
    account_name(job->options, account, sizeof account);
    result = seen_open(&own->seen, own->maildir.base, account);
    if (!result)
        return 0;
    if (result == 1)
        report("another mailproto is fetching into %s: wait for its end", path);
    else
        report("cannot use %s/.mailproto-uidl: %s", path, strerror(errno));
    maildir_close(&own->maildir);
    free(own);
    return -1;
}

/* What is gone from the server needs not be known any more. */
static void forget_gone(struct pop3_job *job, struct fetch *own)
{
    struct pop3_result *result = job->result;
    const char **uids = calloc(result->count + 1, sizeof *uids);
    int removed = result->update == MAILPROTO_POP3_UPDATE_DONE;
    size_t kept = 0, fetched = 0;

    for (uint32_t i = 0; uids && i < result->count; i++) {
        const struct item *item = &result->items[i];

        fetched += item->state == ITEM_DONE;
        if ((item->state == ITEM_DONE || item->state == ITEM_KNOWN) && !(item->marked && removed))
            uids[kept++] = item->text;
    }
    if (uids && kept != own->seen.count + fetched && seen_replace(&own->seen, uids, kept))
        report("cannot write %s/.mailproto-uidl: %s", job->options->maildir, strerror(errno));
    free(uids);
}

static void end(struct pop3_job *job)
{
    struct fetch *own = job->own;

    if (!job->result->why && !own->no_uidl && job->result->update)
        forget_gone(job, own);
    maildir_close(&own->maildir);
    seen_close(&own->seen);
    free(own);
}

/* ---- what there is ---- */

static int32_t start(struct pop3_job *job)
{
    struct fetch *own = job->own;
    uint64_t list;
    int32_t failed = mailproto_pop3_client_uidl(job->client, 0, &own->uidl);

    return failed ? failed : mailproto_pop3_client_list(job->client, 0, &list);
}

static int32_t entry(struct pop3_job *job, const mailproto_pop3_entry *event)
{
    struct fetch *own = job->own;
    struct item *item = event->command == own->uidl ? NULL : pop3_find(job->result, event->number);

    if (!item && (event->command == own->uidl || own->no_uidl))
        item = pop3_item(job->result, event->number);
    else if (!item)
        return 0; /* it was not there when UIDL was answered, and should not be now */
    if (!item)
        return pop3_stop(job);
    if (event->command == own->uidl) {
        item->text = text_copy(event->uid);
        if (!item->text)
            return pop3_stop(job);
        return 0;
    }
    item->has_size = 1;
    item->size = event->size;
    return 0;
}

/* ---- what is to be done ---- */

/* Submits for one item. Answers 1 if there was something to be done, a negative result if it cannot be. */
static int32_t submit(struct pop3_job *job, struct item *item)
{
    uint64_t command;
    int32_t failed = 0;

    if (item->state == ITEM_LISTED)
        failed = mailproto_pop3_client_retr(job->client, item->number, &command);
    else if (job->options->remove)
        failed = mailproto_pop3_client_dele(job->client, item->number, &command);
    else
        return 0;
    return failed ? failed : 1;
}

/* Keeps the server busy; QUIT when all is done. */
static int32_t go_on(struct pop3_job *job)
{
    struct fetch *own = job->own;
    struct pop3_result *result = job->result;

    while (own->open < AHEAD && own->next < result->count) {
        int32_t did = submit(job, &result->items[own->next++]);

        if (did < 0)
            return did;
        own->open += (uint32_t)did;
    }
    if (own->open)
        return 0;
    if (!own->no_uidl && seen_sync(&own->seen))
        return cannot(job, "cannot write .mailproto-uidl in");
    return mailproto_session_finish(job->session);
}

static int32_t plan(struct pop3_job *job)
{
    struct fetch *own = job->own;
    uint64_t octets = 0;

    for (uint32_t i = 0; i < job->result->count; i++) {
        struct item *item = &job->result->items[i];

        if (item->text && seen_has(&own->seen, item->text))
            item->state = ITEM_KNOWN;
        else
            octets += item->size;
    }
    progress_begin("fetching", octets);
    return go_on(job);
}

/* ---- what is done ---- */

static int32_t message(struct pop3_job *job, const mailproto_pop3_message *event)
{
    struct fetch *own = job->own;

    (void)event;
    return maildir_begin(&own->maildir) ? cannot_store(job) : 0;
}

static int32_t body(struct pop3_job *job, const mailproto_pop3_body *event)
{
    struct fetch *own = job->own;

    if (maildir_write(&own->maildir, event->bytes.ptr, event->bytes.len))
        return cannot_store(job);
    progress_at(own->before + event->offset + event->bytes.len);
    return 0;
}

static int32_t keep(struct pop3_job *job, struct item *item)
{
    struct fetch *own = job->own;
    int32_t did;

    if (maildir_commit(&own->maildir)) {
        item->state = ITEM_FAILED;
        return cannot_store(job);
    }
    if (item->text && seen_add(&own->seen, item->text))
        return cannot(job, "cannot write .mailproto-uidl in");
    did = submit(job, item);
    if (did > 0)
        own->open++;
    return did < 0 ? did : 0;
}

static int32_t retrieved(struct pop3_job *job, const mailproto_pop3_done *event)
{
    struct fetch *own = job->own;
    struct item *item = pop3_find(job->result, event->number);
    int32_t failed = 0;

    own->open--;
    own->before += event->octets;
    if (job->result->local)
        item->state = ITEM_FAILED;
    else
        pop3_note(job->result, item, "RETR", event);
    if (item->state == ITEM_DONE)
        failed = keep(job, item);
    else
        maildir_discard(&own->maildir);
    return failed ? failed : event->why && event->why != MAILPROTO_ERR_REFUSED ? 0 : go_on(job);
}

static int32_t marked(struct pop3_job *job, const mailproto_pop3_done *event)
{
    struct fetch *own = job->own;
    struct item *item = pop3_find(job->result, event->number);

    own->open--;
    item->marked = !event->why;
    if (event->why == MAILPROTO_ERR_REFUSED)
        pop3_note_refused(job->result, "DELE", event->reply);
    return event->why && event->why != MAILPROTO_ERR_REFUSED ? 0 : go_on(job);
}

/* Without unique ids nothing tells the new from the old, unless what was fetched is deleted. */
static int32_t uidl_done(struct pop3_job *job, const mailproto_pop3_done *event)
{
    struct fetch *own = job->own;

    if (event->why != MAILPROTO_ERR_REFUSED)
        return 0;
    own->no_uidl = 1;
    if (!job->options->remove)
        pop3_note_refused(job->result, "UIDL", event->reply);
    return 0;
}

static int32_t list_done(struct pop3_job *job, const mailproto_pop3_done *event)
{
    struct fetch *own = job->own;

    if (event->why && event->why != MAILPROTO_ERR_REFUSED)
        return 0;
    if (event->why && own->no_uidl)
        pop3_note_refused(job->result, "LIST", event->reply);
    return job->result->refused_at ? mailproto_session_finish(job->session) : plan(job);
}

static int32_t done(struct pop3_job *job, const mailproto_pop3_done *event)
{
    switch (event->verb) {
    case MAILPROTO_POP3_VERB_UIDL:
        return uidl_done(job, event);
    case MAILPROTO_POP3_VERB_LIST:
        return list_done(job, event);
    case MAILPROTO_POP3_VERB_DELE:
        return marked(job, event);
    default:
        return retrieved(job, event);
    }
}

const struct pop3_work pop3_fetch = {
    .begin = begin, .end = end, .start = start, .entry = entry, .message = message, .body = body, .done = done};
