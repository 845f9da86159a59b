/* pop3_query.c - the verbs that ask and mark: capa, stat, list, uidl, dele.
 * RFC 1939 sections 5 to 7; RFC 2449 section 5. All is submitted at once, with QUIT behind it. */
#include "pop3.h"

#include "report.h"
#include "text.h"

static int32_t listing(struct pop3_job *job, uint32_t number)
{
    uint64_t command;

    if (job->options->verb == POP3_LIST)
        return mailproto_pop3_client_list(job->client, number, &command);
    if (job->options->verb == POP3_UIDL)
        return mailproto_pop3_client_uidl(job->client, number, &command);
    return mailproto_pop3_client_dele(job->client, number, &command);
}

static int32_t start(struct pop3_job *job)
{
    const struct pop3_options *options = job->options;
    uint64_t command;
    int32_t failed = 0;

    if (options->verb == POP3_CAPA)
        failed = mailproto_pop3_client_capa(job->client, &command);
    else if (options->verb == POP3_STAT)
        failed = mailproto_pop3_client_stat(job->client, &command);
    else if (!options->count)
        failed = listing(job, 0);
    for (uint32_t i = 0; !failed && i < options->count; i++)
        failed = listing(job, options->numbers[i]);
    return failed ? failed : mailproto_session_finish(job->session);
}

static int32_t entry(struct pop3_job *job, const mailproto_pop3_entry *event)
{
    struct item *item = pop3_item(job->result, event->number);

    if (!item)
        return pop3_stop(job);
    item->has_size = job->options->verb == POP3_LIST;
    item->size = event->size;
    if (job->options->verb == POP3_UIDL)
        item->text = text_copy(event->uid);
    return 0;
}

static int32_t capability(struct pop3_job *job, const mailproto_pop3_capability *event)
{
    struct item *item = pop3_item(job->result, 0);

    if (!item)
        return pop3_stop(job);
    item->name = text_copy(event->name);
    item->text = text_copy(event->arguments);
    return 0;
}

static const char *verb_word(uint32_t verb)
{
    switch (verb) {
    case MAILPROTO_POP3_VERB_STAT:
        return "STAT";
    case MAILPROTO_POP3_VERB_LIST:
        return "LIST";
    case MAILPROTO_POP3_VERB_UIDL:
        return "UIDL";
    case MAILPROTO_POP3_VERB_DELE:
        return "DELE";
    default:
        return "CAPA";
    }
}

static int32_t done(struct pop3_job *job, const mailproto_pop3_done *event)
{
    struct pop3_result *result = job->result;
    struct item *item = NULL;

    if (event->verb == MAILPROTO_POP3_VERB_DELE) {
        item = pop3_item(result, event->number);
        if (!item)
            return pop3_stop(job);
    }
    if (event->verb == MAILPROTO_POP3_VERB_STAT && !event->why) {
        result->messages = event->number;
        result->octets = event->octets;
    }
    result->listed = !event->why;
    result->cut |= event->why && event->why != MAILPROTO_ERR_REFUSED;
    pop3_note(result, item, verb_word(event->verb), event);
    return 0;
}

const struct pop3_work pop3_query = {.start = start, .entry = entry, .capability = capability, .done = done};
