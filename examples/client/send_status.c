/* send_status.c - the exit code of `mailproto send`: what became of all
 * recipients, in one number. RFC 5321 section 4.2.1 (temporary and permanent).
 */
#include "send.h"

#include "exits.h"

#include <string.h>

int send_is_temporary(const mailproto_smtp_response *reply)
{
    return reply->code / 100 == 4;
}

/* RFC 4954 section 6: 530 is the answer to who has not logged in; RFC 3207 section 4 has it for who has no TLS, too. */
static int wants_login(const mailproto_smtp_response *reply)
{
    static const char starttls[] = "STARTTLS";
    size_t n = sizeof starttls - 1;

    for (size_t i = 0; i + n <= reply->text.len; i++)
        if (!memcmp(reply->text.ptr + i, starttls, n))
            return 0;
    return reply->code == 530;
}

int send_needs_login(const mailproto_host_outcome *o)
{
    if (o->authenticated)
        return 0;
    for (const mailproto_host_result *r = o->recipients; r; r = r->next)
        if (r->outcome == MAILPROTO_SMTP_REFUSED && wants_login(r->reply))
            return 1;
    return wants_login(o->reply);
}

static int is_cut(const mailproto_host_outcome *o)
{
    return !o->reply->code && (o->why == MAILPROTO_ERR_LOST || o->why == MAILPROTO_ERR_TIMEOUT);
}

/* What ended it says of those that it did not reach. */
static int status_of_failure(const mailproto_host_outcome *o)
{
    if (send_is_temporary(o->reply))
        return EXIT_TEMPORARY;
    if (o->why == MAILPROTO_ERR_AUTH || (o->stage == MAILPROTO_SMTP_STAGE_AUTH && !is_cut(o)))
        return EXIT_LOGIN;
    switch (o->why) {
    case MAILPROTO_ERR_TLS:
        return EXIT_TLS;
    case MAILPROTO_ERR_REFUSED:
    case MAILPROTO_ERR_UNSUPPORTED:
    case MAILPROTO_ERR_LIMIT:
    case MAILPROTO_ERR_PROTOCOL:
        return EXIT_REFUSED;
    case MAILPROTO_ERR_BODY:
    case MAILPROTO_ERR_NOMEM:
    case MAILPROTO_ERR_HOST:
        return EXIT_LOCAL;
    default:
        return EXIT_TEMPORARY;
    }
}

int send_status(const mailproto_host_outcome *o)
{
    if (o->withheld)
        return EXIT_USAGE;
    if (o->unknown)
        return EXIT_UNKNOWN;
    if (o->outcome == MAILPROTO_SMTP_ACCEPTED)
        return EXIT_ALL;
    if (o->accepted)
        return EXIT_SOME;
    if (send_needs_login(o))
        return EXIT_LOGIN;
    if (o->not_sent)
        return status_of_failure(o);
    for (const mailproto_host_result *r = o->recipients; r; r = r->next)
        if (send_is_temporary(r->reply))
            return EXIT_TEMPORARY;
    return EXIT_REFUSED;
}
