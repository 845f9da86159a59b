/* options_pop3.c - the command line of `mailproto pop3`.
 * The verbs are the commands of RFC 1939, and fetch-all. */
#include "options.h"

#include "report.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: mailproto pop3 [OPTION...] URL VERB\n"
    "\n"
    "Works with the maildrop that URL names: pop3://USER@HOST[:PORT], port 110 by default. The last '@' ends the\n"
    "user's name, so it may hold one itself: pop3://bob@example.test@mail.example.test. VERB is one of\n"
    "\n"
    "  capa            the server's capabilities; without a USER those before the login\n"
    "  stat            how many messages there are, and how many octets\n"
    "  list [N]        numbers and sizes\n"
    "  uidl [N]        numbers and unique ids\n"
    "  retr N          message N on standard output, octet by octet as the server has it\n"
    "  top N LINES     its header and the first lines of its body\n"
    "  dele N...       delete these messages\n"
    "  fetch-all       fetch what is new into a Maildir\n"
    "\n"
    "  -o, --output FILE      retr, top: write to FILE, which appears only when the message is whole\n"
    "      --lf               retr, top: end lines with LF, as files do, instead of CRLF\n"
    "  -m, --maildir DIR      fetch-all: the Maildir, made if there is none; DIR/.mailproto-uidl keeps the\n"
    "                         unique ids of what was fetched\n"
    "      --delete           fetch-all: delete on the server what is safe in DIR\n";

enum { LF = OPTION_OWN, DELETE };

static const struct option options_table[] = {
    OPTIONS_COMMON,
    {"output", required_argument, NULL, 'o'},
    {"lf", no_argument, NULL, LF},
    {"maildir", required_argument, NULL, 'm'},
    {"delete", no_argument, NULL, DELETE},
    {NULL, 0, NULL, 0},
};

/* Each verb: how many words it takes behind it. */
static const struct verb {
    const char *name;
    enum pop3_verb verb;
    int min, max;
    const char *takes;
} verbs[] = {
    {"capa", POP3_CAPA, 0, 0, "nothing behind it"},
    {"stat", POP3_STAT, 0, 0, "nothing behind it"},
    {"list", POP3_LIST, 0, 1, "the number of a message, or nothing"},
    {"uidl", POP3_UIDL, 0, 1, "the number of a message, or nothing"},
    {"retr", POP3_RETR, 1, 1, "the number of a message"},
    {"top", POP3_TOP, 2, 2, "the number of a message and a number of lines"},
    {"dele", POP3_DELE, 1, 1000000, "numbers of messages"},
    {"fetch-all", POP3_FETCH_ALL, 0, 0, "nothing behind it"},
};

static int read_own(void *user, int option, char *value)
{
    struct pop3_options *options = user;

    if (option == 'o')
        options->output = value;
    else if (option == 'm')
        options->maildir = value;
    else if (option == LF)
        options->lf = 1;
    else
        options->remove = 1;
    return 0;
}

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (!strcmp(verbs[i].name, name))
            return &verbs[i];
    report("pop3: there is no verb '%s'; there are capa, stat, list, uidl, retr, top, dele and fetch-all", name);
    return NULL;
}

static int read_numbers(struct pop3_options *options, const struct verb *verb, int count, char **words)
{
    int messages = verb->verb == POP3_TOP ? 1 : count;

    if (count < verb->min || count > verb->max) {
        report("pop3: %s takes %s", verb->name, verb->takes);
        return -1;
    }
    options->numbers = calloc((size_t)count + 1, sizeof *options->numbers);
    if (!options->numbers) {
        report_no_memory();
        return -1;
    }
    for (int i = 0; i < messages; i++)
        if (options_number(words[i], 1, UINT32_MAX, &options->numbers[options->count++])) {
            report("pop3: %s %s: messages have numbers from 1 on", verb->name, words[i]);
            return -1;
        }
    if (verb->verb == POP3_TOP && options_number(words[1], 0, UINT32_MAX, &options->lines)) {
        report("pop3: top %s %s: the second is a number of lines", words[0], words[1]);
        return -1;
    }
    return 0;
}

static int read_words(struct pop3_options *options, int count, char **words)
{
    const struct verb *verb;

    if (count < 2) {
        report(count ? "pop3: no verb was given behind the URL: stat, list, retr ..."
                     : "pop3: no URL was given, as in pop3://user@mail.example.test");
        return -1;
    }
    if (options_url(&options->common, words[0], 1))
        return -1;
    verb = find_verb(words[1]);
    if (!verb)
        return -1;
    options->verb = verb->verb;
    options->verb_name = verb->name;
    return read_numbers(options, verb, count - 2, words + 2);
}

static int is_complete(const struct pop3_options *options)
{
    const char *verb = options->verb_name;
    int brings = options->verb == POP3_RETR || options->verb == POP3_TOP, fetches = options->verb == POP3_FETCH_ALL;

    if (!auth_is_wanted(&options->common) && options->verb != POP3_CAPA)
        report("pop3: %s: whose maildrop? Name the user: pop3://USER@%s", verb, options->common.url.where);
    else if (!options->common.user && options->common.password_file)
        report("pop3: --password-file says how, but not who: the user is missing");
    else if (fetches && (!options->maildir || !*options->maildir))
        report("pop3: fetch-all: --maildir is missing%s", options->maildir ? ": its name is empty" : "");
    else if (!fetches && (options->maildir || options->remove))
        report("pop3: %s: --maildir and --delete belong to fetch-all", verb);
    else if (!brings && (options->output || options->lf))
        report("pop3: %s: --output and --lf belong to retr and top", verb);
    else if (options->output && !*options->output)
        report("pop3: %s: --output names no file", verb);
    else if (brings && options->common.json && !options->output)
        report("pop3: %s: with --json the message needs --output, for standard output has the JSON", verb);
    else
        return 1;
    return 0;
}

int options_read_pop3(struct pop3_options *options, int count, char **words)
{
    static const struct options_kind kind = {options_table, OPTIONS_COMMON_SHORT "o:m:", help, read_own};
    int read;

    memset(options, 0, sizeof *options);
    read = options_read(&kind, &options->common, options, count, words);
    if (read)
        return read;
    return read_words(options, count - optind, words + optind) || !is_complete(options) ? -1 : 0;
}
