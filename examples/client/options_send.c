/* options_send.c - the command line of `mailproto send`.
 * RFC 3461 section 4 (NOTIFY, RET, ENVID). */
#include "options.h"

#include "report.h"
#include "text.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

/* More in one transaction than servers have ever been asked to take (RFC 5321 4.5.3.1.8: 100) brings nothing. */
enum { RECIPIENTS_DEFAULT = 1000, RECIPIENTS_MAX = 100000 };

static const char help[] =
    "usage: mailproto send [OPTION...] URL --from ADDRESS --to ADDRESS... [FILE|-]\n"
    "\n"
    "Sends the message in FILE, or on standard input, by SMTP or LMTP. It has its header already, and is sent\n"
    "as it is; line ends become CRLF. URL is one of\n"
    "\n"
    "  smtp://HOST[:PORT]         port 25\n"
    "  submission://HOST[:PORT]   port 587\n"
    "  lmtp://HOST[:PORT]         port 24; lmtp:///PATH is a unix socket\n"
    "\n"
    "with USER@ before the host instead of --user; IPv6 addresses stand in brackets.\n"
    "\n"
    "  -f, --from ADDRESS     the sender; empty for <>, which nothing is returned to\n"
    "  -r, --to ADDRESS       a recipient; may be given many times\n"
    "      --to-file FILE     recipients, one a line but for lines that begin with '#'; many times, too\n"
    "      --notify WHEN      ask for reports (DSN): never, or some of success,failure,delay\n"
    "      --ret WHAT         what comes back with a failure: full or hdrs\n"
    "      --envid TEXT       what reports call this message\n"
    "      --hello NAME       how to greet; by default this machine's full name or its address\n"
    "      --max-recipients N of one transaction; the rest follows in further ones (default 1000)\n"
    "      --smtputf8         the header has UTF-8 in it (RFC 6531); addresses tell by themselves\n"
    "      --long-lines       send lines of more than 998 octets, too: servers may refuse or break them\n"
    "      --no-chunking      DATA even where the server offers BDAT\n"
    "      --no-pipelining    wait for the reply to every command\n";

enum { TO_FILE = OPTION_OWN, NOTIFY, RET, ENVID, HELLO, MAX_RECIPIENTS, UTF8, LONG_LINES, NO_CHUNKING, NO_PIPELINING };

static const struct option options_table[] = {
    OPTIONS_COMMON,
    {"from", required_argument, NULL, 'f'},
    {"to", required_argument, NULL, 'r'},
    {"to-file", required_argument, NULL, TO_FILE},
    {"notify", required_argument, NULL, NOTIFY},
    {"ret", required_argument, NULL, RET},
    {"envid", required_argument, NULL, ENVID},
    {"hello", required_argument, NULL, HELLO},
    {"max-recipients", required_argument, NULL, MAX_RECIPIENTS},
    {"smtputf8", no_argument, NULL, UTF8},
    {"long-lines", no_argument, NULL, LONG_LINES},
    {"no-chunking", no_argument, NULL, NO_CHUNKING},
    {"no-pipelining", no_argument, NULL, NO_PIPELINING},
    {NULL, 0, NULL, 0},
};

/* ---- values ---- */

static int read_notify(struct send_options *options, char *value)
{
    static const struct {
        const char *word;
        uint32_t bit;
    } words[] = {{"never", MAILPROTO_SMTP_NOTIFY_NEVER},
                 {"success", MAILPROTO_SMTP_NOTIFY_SUCCESS},
                 {"failure", MAILPROTO_SMTP_NOTIFY_FAILURE},
                 {"delay", MAILPROTO_SMTP_NOTIFY_DELAY}};

    options->notify = 0;
    for (const char *word = value, *end; word; word = end ? end + 1 : NULL) {
        size_t n, i = 0, count = sizeof words / sizeof *words;

        end = strchr(word, ',');
        n = end ? (size_t)(end - word) : strlen(word);
        while (i < count && (strlen(words[i].word) != n || strncmp(words[i].word, word, n) != 0))
            i++;
        if (i == count)
            return -1;
        options->notify |= words[i].bit;
    }
    /* NEVER stands alone (RFC 3461 4.1) */
    return options->notify & MAILPROTO_SMTP_NOTIFY_NEVER && options->notify != MAILPROTO_SMTP_NOTIFY_NEVER ? -1 : 0;
}

static int read_ret(struct send_options *options, const char *value)
{
    if (!strcmp(value, "full"))
        options->request.ret = MAILPROTO_SMTP_RET_FULL;
    else if (!strcmp(value, "hdrs"))
        options->request.ret = MAILPROTO_SMTP_RET_HDRS;
    else
        return -1;
    return 0;
}

/* -1: the value is wrong, and it was reported. */
static int read_own(void *user, int option, char *value)
{
    struct send_options *options = user;
    mailproto_host_send_request *request = &options->request;

    switch (option) {
    case 'f':
        request->sender = text_of(value);
        return 0;
    case 'r':
        return recipients_add(&options->to, value);
    case TO_FILE:
        return recipients_add_file(&options->to, value);
    case NOTIFY:
        if (!read_notify(options, value))
            return 0;
        report("--notify %s: it is never, or some of success,failure,delay", value);
        return -1;
    case RET:
        if (!read_ret(options, value))
            return 0;
        report("--ret %s: it is full or hdrs", value);
        return -1;
    case MAX_RECIPIENTS:
        if (!options_number(value, 1, RECIPIENTS_MAX, &request->max_recipients))
            return 0;
        report("--max-recipients %s: a number from 1 to %d is needed", value, RECIPIENTS_MAX);
        return -1;
    case ENVID:
        request->envid = text_of(value);
        return 0;
    case HELLO:
        request->hello = text_of(value);
        return 0;
    case LONG_LINES:
        request->max_text_line = MAILPROTO_UNLIMITED;
        return 0;
    default:
        request->flags |= option == UTF8          ? MAILPROTO_HOST_SEND_SMTPUTF8
                          : option == NO_CHUNKING ? MAILPROTO_HOST_SEND_NO_CHUNKING
                                                  : MAILPROTO_HOST_SEND_NO_PIPELINING;
        return 0;
    }
}

/* ---- the whole ---- */

static int read_words(struct send_options *options, int count, char **words)
{
    if (!count) {
        report("send: no URL was given, as in smtp://mx.example.test");
        return -1;
    }
    if (count > 2) {
        report("send: '%s' is too much: one message is sent at a time", words[2]);
        return -1;
    }
    options->request.url = text_of(words[0]);
    options->file = count == 2 ? words[1] : "-";
    return options_url(&options->common, words[0], 0);
}

static int is_complete(const struct send_options *options)
{
    const struct common_options *common = &options->common;

    if (!options->request.sender.ptr)
        report("send: --from is missing: the sender's address");
    else if (!options->to.count)
        report("send: --to is missing: a recipient's address");
    else if (common->password_file && !common->user)
        report("send: --password-file says how, but not who: --user is missing");
    else if (common->user && common->password_file && !strcmp(common->password_file, "-") &&
             !strcmp(options->file, "-"))
        report("send: the password and the message cannot both come from standard input");
    else
        return 1;
    return 0;
}

int options_read_send(struct send_options *options, int count, char **words)
{
    static const struct options_kind kind = {options_table, OPTIONS_COMMON_SHORT "f:r:", help, read_own};
    int read;

    memset(options, 0, sizeof *options);
    mailproto_host_send_request_init(&options->request, sizeof options->request);
    options->request.max_recipients = RECIPIENTS_DEFAULT;
    read = options_read(&kind, &options->common, options, count, words);
    if (read)
        return read;
    return read_words(options, count - optind, words + optind) || !is_complete(options) ? -1 : 0;
}
