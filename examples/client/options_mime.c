/* options_mime.c - the command line of `mailproto mime`.
 * Its options are its own: there is no server to log in to. */
#include "options.h"

#include "exits.h"
#include "json.h"
#include "mime.h"
#include "report.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: mailproto mime VERB [OPTION...] ...\n"
    "\n"
    "Looks into messages on this machine, and composes them; '-' is standard input. A message of an mbox\n"
    "may begin with its From line, which is passed over. VERB is one of\n"
    "\n"
    "  dump FILE...        what each message is made of: fields decoded, parts with their paths, types, sizes and\n"
    "                      file names, and everything that is wrong with it\n"
    "  structure FILE      the ENVELOPE and BODYSTRUCTURE that an IMAP server would show of it\n"
    "  extract FILE PART   a part's body, decoded; PART is its path, as dump shows it: 0 is the message\n"
    "  build               a new message, from what the options say\n"
    "\n"
    "'mailproto mime VERB --help' tells the options of each.\n";

static const char help_dump[] =
    "usage: mailproto mime dump [--jsonl] FILE...\n"
    "\n"
    "Shows what each message is made of: fields decoded, parts with their paths, types, sizes and file names, what\n"
    "is in winmail.dat, and behind '!' everything that is wrong; '-' is standard input.\n"
    "\n"
    "      --jsonl            one JSON object on one line for each message\n";

static const char help_structure[] =
    "usage: mailproto mime structure FILE\n"
    "\n"
    "Shows the ENVELOPE and BODYSTRUCTURE that an IMAP server would show of a message (RFC 3501); '-' is standard\n"
    "input. LF alone counts as CRLF, so sizes are those that the message has on its way.\n"
    "\n";

static const char help_extract[] =
    "usage: mailproto mime extract [OPTION...] FILE PART\n"
    "\n"
    "Writes a part's body, decoded; '-' is standard input. PART is its path, as dump shows it: 0 is the message.\n"
    "\n"
    "  -o, --output FILE      write to FILE, which appears only when it is whole\n"
    "      --raw              the body as it stands in the message, not decoded\n";

static const char help_build[] =
    "usage: mailproto mime build --from ADDRESS [OPTION...]\n"
    "\n"
    "Composes a message of what the options say, with CRLF line ends.\n"
    "\n"
    "  -f, --from ADDRESS     the author, as in 'Ann <ann@example.test>'\n"
    "  -r, --to ADDRESS       a recipient; may be given many times, as may --cc\n"
    "      --cc ADDRESS       one who gets a copy\n"
    "  -s, --subject TEXT     the subject\n"
    "      --text TEXT        what is to be read; --text-file FILE has it from a file, in UTF-8\n"
    "      --html TEXT        the same as HTML; --html-file FILE\n"
    "  -a, --attach FILE      a file that goes with it, octet for octet; may be given many times\n"
    "  -o, --output FILE      write to FILE, which appears only when it is whole\n";

static const char help_common[] = "  -h, --help             print this\n"
                                  "      --version          print the version\n";

static const char help_sha256[] = "\n"
                                  "This build was made without nettle: --jsonl has no sha256_32.\n";

enum { JSONL = OPTION_OWN, RAW, CC, TEXT_OPTION, TEXT_FILE, HTML, HTML_FILE };

static const struct option options_table[] = {
    {"jsonl", no_argument, NULL, JSONL},
    {"output", required_argument, NULL, 'o'},
    {"raw", no_argument, NULL, RAW},
    {"from", required_argument, NULL, 'f'},
    {"to", required_argument, NULL, 'r'},
    {"cc", required_argument, NULL, CC},
    {"subject", required_argument, NULL, 's'},
    {"text", required_argument, NULL, TEXT_OPTION},
    {"text-file", required_argument, NULL, TEXT_FILE},
    {"html", required_argument, NULL, HTML},
    {"html-file", required_argument, NULL, HTML_FILE},
    {"attach", required_argument, NULL, 'a'},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

/* What build is given. 0, or -1: it is none of it. */
static int read_given(struct mime_options *options, int option, const char *value)
{
    static const struct {
        int option;
        enum mime_given_kind kind;
    } kinds[] = {{'f', MIME_GIVEN_FROM},
                 {'r', MIME_GIVEN_TO},
                 {CC, MIME_GIVEN_CC},
                 {'s', MIME_GIVEN_SUBJECT},
                 {TEXT_OPTION, MIME_GIVEN_TEXT},
                 {TEXT_FILE, MIME_GIVEN_TEXT_FILE},
                 {HTML, MIME_GIVEN_HTML},
                 {HTML_FILE, MIME_GIVEN_HTML_FILE},
                 {'a', MIME_GIVEN_ATTACH}};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].option == option) {
            options->given[options->n_given++] = (struct mime_given){kinds[i].kind, value};
            return 0;
        }
    return -1;
}

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
        options->help = 1;
        return 0;
    case OPTION_VERSION:
        options_version();
        return 1;
    default:
        return read_given(options, option, value);
    }
}

/* Each verb: how many words it takes behind it. */
static const struct verb {
    const char *name;
    enum mime_verb verb;
    int min, max;
    const char *takes, *help;
} verbs[] = {
    {"dump", MIME_DUMP, 1, 1000000, "files; '-' is standard input", help_dump},
    {"structure", MIME_STRUCTURE, 1, 1, "one file; '-' is standard input", help_structure},
    {"extract", MIME_EXTRACT, 2, 2, "a file, and the path of a part in it", help_extract},
    {"build", MIME_BUILD, 0, 0, "options only: --from, --to, --text ...", help_build},
};

/* Of the verb that is given, or of all. */
static void print_help(int count, char **words)
{
    const char *text = help;

    for (size_t i = 0; count && i < sizeof verbs / sizeof *verbs; i++)
        if (!strcmp(verbs[i].name, words[0]))
            text = verbs[i].help;
    printf("%s%s%s%s\n%s", text, text == help ? "\n" : "", help_common,
           mime_sha256_there() || (text != help && text != help_dump) ? "" : help_sha256, EXITS_HELP);
}

static int read_verb(struct mime_options *options, int count, char **words)
{
    const struct verb *verb = verbs, *end = verbs + sizeof verbs / sizeof *verbs;

    while (count && verb < end && strcmp(verb->name, words[0]) != 0)
        verb++;
    if (!count)
        report("mime: no verb was given: dump, structure, extract or build");
    else if (verb == end)
        report("mime: there is no verb '%s'; there are dump, structure, extract and build", words[0]);
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

static int given(const struct mime_options *options, enum mime_given_kind kind)
{
    int count = 0;

    for (int i = 0; i < options->n_given; i++)
        count += options->given[i].kind == kind;
    return count;
}

static int is_complete(const struct mime_options *options)
{
    int extracts = options->verb == MIME_EXTRACT, builds = options->verb == MIME_BUILD;

    if (options->jsonl && options->verb != MIME_DUMP)
        report("mime: --jsonl belongs to dump");
    else if (!extracts && options->raw)
        report("mime: --raw belongs to extract");
    else if (!extracts && !builds && options->output)
        report("mime: --output belongs to extract and build");
    else if (!builds && options->n_given)
        report("mime: what a message is made of is for build");
    else if (builds && given(options, MIME_GIVEN_FROM) != 1)
        report("mime: build: one --from is needed: the author's address");
    else if (given(options, MIME_GIVEN_SUBJECT) > 1)
        report("mime: build: there is one --subject");
    else if (given(options, MIME_GIVEN_TEXT) + given(options, MIME_GIVEN_TEXT_FILE) > 1)
        report("mime: build: there is one text: --text or --text-file");
    else if (given(options, MIME_GIVEN_HTML) + given(options, MIME_GIVEN_HTML_FILE) > 1)
        report("mime: build: there is one text in HTML: --html or --html-file");
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
    options->given = calloc((size_t)count, sizeof *options->given); /* one word of them at least is no option */
    if (!options->given) {
        report_no_memory();
        return -1;
    }
    while ((option = getopt_long(count, words, "ho:f:r:s:a:", options_table, NULL)) >= 0) {
        read = read_option(options, option, optarg);
        if (read)
            return read;
    }
    if (options->help) {
        print_help(count - optind, words + optind);
        return 1;
    }
    return read_verb(options, count - optind, words + optind) || !is_complete(options) ? -1 : 0;
}
