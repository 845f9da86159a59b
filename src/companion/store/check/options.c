/* options.c - the command line of mailproto-store-check.
 * IEEE Std 1003.1-2008, 12.2 (how options are written); docs/man/mailproto-store-check.1. */
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "core/ascii.h"

static const char help[] =
    "mailproto-store-check runs the rules of the storage contract (mailproto/store.h) against a store, each on an\n"
    "account of its own, and prints a line a rule. Every rule is run twice: as the store answers, and through a store\n"
    "that asks and answers later, in an order that a seed decides.\n"
    "\n"
    "usage: mailproto-store-check [-pq] [-r RULE]... [-s SEED] STORE [ARGUMENT]\n"
    "       mailproto-store-check -l | --help | --version\n"
    "\n"
    "STORE is one of\n"
    "  memory       the store in memory of mailproto-store\n"
#ifdef MP_CHECK_MAILDIR
    "  maildir      the Maildir with SQLite of mailproto-store; ARGUMENT is the folder below which accounts are made,\n"
    "               and removed again: /tmp without it\n"
#endif
    "  ./object.so  a shared object, with a slash in its name, that exports mailproto_store_kit_entry\n"
    "               (mailproto/store_kit.h), which gets ARGUMENT\n"
    "\n"
    "  -l           lists the rules with what they demand\n"
    "  -p           does not run the rules a second time through the late store\n"
    "  -q           tells what failed, and the sums, alone\n"
    "  -r RULE      runs this rule alone; may be given several times\n"
    "  -s SEED      the seed of all that is random, a number: 1 without it\n"
    "  -h, --help   prints this\n"
    "  --version    prints the version\n"
    "\n"
    "Exit codes: 0, no rule failed; 1, a rule failed; 2, the rules could not be run: the command line, the shared\n"
    "object, or a store that could not be made. Standard error then says why.\n"
    "\n"
    "Examples:\n"
    "  mailproto-store-check memory\n"
    "  mailproto-store-check -r uid.reuse -s 7 ./mystore.so mail.example\n";

void mp_check_help(FILE *to)
{
    (void)fputs(help, to);
}

void mp_check_complain(const char *sentence, ...)
{
    va_list arguments;

    (void)fputs("mailproto-store-check: ", stderr);
    va_start(arguments, sentence);
    (void)vfprintf(stderr, sentence, arguments);
    va_end(arguments);
    (void)fputs("\n", stderr);
}

/* Tells what can be told of all ways to misunderstand it. */
static int misused(void)
{
    (void)fputs("mailproto-store-check --help tells more.\n", stderr);
    return -1;
}

/* ---- rules ---- */

static int is_rule(const char *name)
{
    const char *rule;

    for (uint32_t i = 0; mailproto_store_kit_rule(i, &rule, NULL) == MAILPROTO_OK; i++)
        if (strcmp(rule, name) == 0)
            return 1;
    return 0;
}

static void complain_of_rule(const char *name)
{
    const char *rule;
    size_t column = 0;

    mp_check_complain("there is no rule \"%s\". These are the rules; -l tells what they demand:", name);
    for (uint32_t i = 0; mailproto_store_kit_rule(i, &rule, NULL) == MAILPROTO_OK; i++) {
        if (column && column + strlen(rule) > 100) {
            (void)fputs("\n", stderr);
            column = 0;
        }
        (void)fprintf(stderr, "%s%s", column ? " " : "    ", rule);
        column += strlen(rule) + 1;
    }
    (void)fputs("\n", stderr);
}

static int add_rule(mp_check_options *options, const char *name)
{
    if (!is_rule(name)) {
        complain_of_rule(name);
        return -1;
    }
    for (size_t i = 0; i < options->rule_count; i++)
        if (strcmp(options->rules[i], name) == 0) {
            mp_check_complain("-r %s is there twice: a rule is run once, with one seed", name);
            return -1;
        }
    if (options->rule_count == MP_CHECK_RULES)
        return -1; /* there are not so many */
    options->rules[options->rule_count++] = name;
    return 0;
}

/* ---- the command line ---- */

static int take_seed(mp_check_options *options, const char *text)
{
    if (mp_ascii_parse_decimal(text, strlen(text), &options->seed))
        return 0;
    mp_check_complain("-s \"%s\": the seed is a number from 0 to 18446744073709551615, in decimal digits", text);
    return -1;
}

/* One option. 0, or -1: it was told what is wrong. */
static int take(mp_check_options *options, int option)
{
    switch (option) {
    case 'h':
        options->help = 1;
        return 0;
    case 'l':
        options->list = 1;
        return 0;
    case 'p':
        options->only_prompt = 1;
        return 0;
    case 'q':
        options->quiet = 1;
        return 0;
    case 'r':
        return add_rule(options, optarg);
    case 's':
        return take_seed(options, optarg);
    case ':':
        mp_check_complain(optopt == 'r' ? "-r needs the name of a rule behind it" : "-s needs a number behind it");
        return misused();
    default:
        mp_check_complain("there is no option -%c", optopt);
        return misused();
    }
}

/* --help and --version. 1: it was one; -1: there is no such. */
static int take_long(mp_check_options *options, const char *word)
{
    if (strcmp(word, "--help") == 0)
        options->help = 1;
    else if (strcmp(word, "--version") == 0)
        options->version = 1;
    else if (strncmp(word, "--", 2) == 0 && word[2]) {
        mp_check_complain("there is no option %s", word);
        return misused();
    } else
        return 0;
    return 1;
}

static int take_store(mp_check_options *options, int count, char **words)
{
    if (!count) {
        mp_check_complain("say which store: memory, "
#ifdef MP_CHECK_MAILDIR
                          "maildir, "
#endif
                          "or a shared object as ./object.so");
        return misused();
    }
    if (count > 2) {
        mp_check_complain("\"%s\" is too much: a store has one argument, and options stand before it", words[2]);
        return misused();
    }
    options->store = words[0];
    options->argument = count > 1 ? words[1] : "";
    return 0;
}

int mp_check_read_options(mp_check_options *options, int argc, char **argv)
{
    int option;

    memset(options, 0, sizeof *options);
    opterr = 0;
    for (;;) {
        int is_long = optind < argc ? take_long(options, argv[optind]) : 0;

        if (is_long)
            return is_long < 0 ? -1 : 0;
        option = getopt(argc, argv, "+:hlpqr:s:");
        if (option == -1)
            break;
        if (take(options, option))
            return -1;
        if (options->help || options->list)
            return 0;
    }
    return take_store(options, argc - optind, argv + optind);
}
