/* options_mime.c - the command line of `mailproto mime`.
 * Its options are its own: there is no server to log in to. */
#include "options.h"

#include "exits.h"
#include "json.h"
#include "mime.h"
#include "report.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: mailproto mime VERB [OPTION...] ...\n"
    "\n"
    "Looks into messages on this machine; '-' is standard input. A message of an mbox may begin with its\n"
    "From line, which is passed over. VERB is one of\n"
    "\n"
    "  dump FILE...        what each message is made of: fields decoded, parts with their paths, types, sizes and\n"
    "                      file names, and everything that is wrong with it\n"
    "  structure FILE      the ENVELOPE and BODYSTRUCTURE that an IMAP server would show of it\n"
    "  extract FILE PART   a part's body, decoded; PART is its path, as dump shows it: 0 is the message\n"
    "\n"
    "      --jsonl            dump: one JSON object on one line for each message\n"
    "  -o, --output FILE      extract: write to FILE, which appears only when it is whole\n"
    "      --raw              extract: the body as it stands in the message, not decoded\n"
    "  -h, --help             print this\n"
    "      --version          print the version\n";

static const char help_sha256[] = "\n"
                                  "This build was made without nettle: --jsonl has no sha256_32.\n";

enum { JSONL = OPTION_OWN, RAW };

static const struct option options_table[] = {
    {"jsonl", no_argument, NULL, JSONL},
    {"output", required_argument, NULL, 'o'},
    {"raw", no_argument, NULL, RAW},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

static int read_option(struct mime_options *options, int option, char *value)
{
    switch (option) {
    case JSONL:
        options->jsonl = 1;
        if (json_writers())
            return 0;
        report("--jsonl: this build has no JSON, for it was made without jansson");
        return -1;
    case 'o':
        options->output = value;
        return 0;
    case RAW:
        options->raw = 1;
        return 0;
    case OPTION_HELP:
        printf("%s%s\n%s", help, mime_sha256_there() ? "" : help_sha256, EXITS_HELP);
        return 1;
    case OPTION_VERSION:
        options_version();
        return 1;
    default:
        return -1;
    }
}

/* Each verb: how many words it takes behind it. */
static const struct verb {
    const char *name;
    enum mime_verb verb;
    int min, max;
    const char *takes;
} verbs[] = {
    {"dump", MIME_DUMP, 1, 1000000, "files; '-' is standard input"},
    {"structure", MIME_STRUCTURE, 1, 1, "one file; '-' is standard input"},
    {"extract", MIME_EXTRACT, 2, 2, "a file, and the path of a part in it"},
};

static int read_verb(struct mime_options *options, int count, char **words)
{
    const struct verb *verb = verbs, *end = verbs + sizeof verbs / sizeof *verbs;

    while (count && verb < end && strcmp(verb->name, words[0]) != 0)
        verb++;
    if (!count)
        report("mime: no verb was given: dump, structure or extract");
    else if (verb == end)
        report("mime: there is no verb '%s'; there are dump, structure and extract", words[0]);
    else if (count - 1 < verb->min || count - 1 > verb->max)
        report("mime: %s takes %s", verb->name, verb->takes);
    else
        options->verb = verb->verb;
    options->files = words + 1;
    options->count = count - 1;
    options->file = count > 1 ? words[1] : NULL;
    options->part = count > 2 ? words[2] : NULL;
    return options->verb == MIME_NONE ? -1 : 0;
}

static int is_complete(const struct mime_options *options)
{
    int extracts = options->verb == MIME_EXTRACT;

    if (options->jsonl && options->verb != MIME_DUMP)
        report("mime: --jsonl belongs to dump");
    else if (!extracts && (options->output || options->raw))
        report("mime: --output and --raw belong to extract");
    else if (options->output && !*options->output)
        report("mime: --output names no file");
    else
        return 1;
    return 0;
}

int options_read_mime(struct mime_options *options, int count, char **words)
{
    int option, read;

    memset(options, 0, sizeof *options);
    while ((option = getopt_long(count, words, "ho:", options_table, NULL)) >= 0) {
        read = read_option(options, option, optarg);
        if (read)
            return read;
    }
    return read_verb(options, count - optind, words + optind) || !is_complete(options) ? -1 : 0;
}
