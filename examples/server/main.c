/* main.c - mailprotod: SMTP, submission and LMTP reception and POP3 over Maildirs. Its arguments.
 * Exit codes are those of sysexits.h; mailprotod(8) lists them. */
#define _GNU_SOURCE /* getopt_long */
#include <getopt.h>
#include <mailproto/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_mail.h"
#include "demo.h"
#include "passwd.h"
#include "privileges.h"
#include "server.h"

enum { EXIT_USAGE = 64, EXIT_NO_USER = 67, EXIT_OS = 71 };

static const char help_main[] = "usage: mailprotod COMMAND [OPTION...]\n"
                                "\n"
                                "Receives mail by SMTP, submission and LMTP into Maildirs, and gives it out by POP3.\n"
                                "\n"
                                "  demo        serve two users on 127.0.0.1, without a configuration\n"
                                "  serve       serve what a configuration file says\n"
                                "  check       tell what is wrong with a configuration file\n"
                                "  passwd      put the keys of a password into a configuration file\n"
                                "  check-mail  tell what is wrong with the mail, and repair it\n"
                                "\n"
                                "  --help     this text; after a command, what its options are\n"
                                "  --version  the version\n";

static const char help_demo[] =
    "usage: mailprotod demo [--dir DIR] [--port-base N] [--trace]\n"
    "\n"
    "Serves alice@example.test and bob@example.test, password \"secret\", on 127.0.0.1:\n"
    "SMTP on port N + 25, submission on N + 587, LMTP on N + 24, POP3 on N + 110, all with STARTTLS; with TLS from "
    "the\n"
    "beginning, submission on N + 465 and POP3 on N + 995. It makes a certificate for that, and tells its SHA-256.\n"
    "\n"
    "  --dir DIR      where the mail is kept; made if it is not there (default: mailprotod-demo)\n"
    "  --port-base N  what the ports are counted from, 0 to 64000 (default: 10000)\n"
    "  --trace        log what clients and server say to each other; passwords are hidden\n"
    "  --help         this text\n"
    "  --version      the version\n"
    "\n"
    "Exit status: 0 it was ended; 64 wrong arguments; 69 a port cannot be had; 71 there is no memory;\n"
    "73 a folder cannot be made or used, or another demo uses it.\n";

static const char help_serve[] =
    "usage: mailprotod serve --config FILE [--trace]\n"
    "\n"
    "Serves what FILE says, until SIGTERM or SIGINT; a second one ends it at once.\n"
    "SIGHUP reads the users, [listen] and the certificate of FILE again. mailprotod(8) tells how FILE is written.\n"
    "\n"
    "  --config FILE  the configuration\n"
    "  --trace        log what clients and server say to each other; passwords are hidden\n"
    "  --help         this text\n"
    "  --version      the version\n"
    "\n"
    "Exit status: 0 it was ended; 64 wrong arguments; 66 FILE cannot be read; 67 run_as names nobody;\n"
    "69 a port cannot be had; 71 there is no memory; 73 a folder cannot be made or used;\n"
    "77 run_as is not allowed; 78 FILE is wrong.\n";

static const char help_check[] =
    "usage: mailprotod check --config FILE\n"
    "\n"
    "Reads FILE and tells what is wrong with it. Nothing is started or made.\n"
    "\n"
    "  --config FILE  the configuration\n"
    "  --help         this text\n"
    "  --version      the version\n"
    "\n"
    "Exit status: 0 it is good; 64 wrong arguments; 66 FILE cannot be read; 67 run_as names nobody;\n"
    "78 FILE is wrong.\n";

static const char help_passwd[] =
    "usage: mailprotod passwd [--sha-1] [--iterations N] --config FILE ADDRESS\n"
    "       mailprotod passwd [--sha-1] [--iterations N] --config FILE --convert\n"
    "\n"
    "Asks for the new password of the user ADDRESS, on the terminal or, if that is none, as the first line of "
    "standard\n"
    "input, and puts keys (SCRAM) into FILE, from which the password cannot be read. A running server takes them at "
    "SIGHUP.\n"
    "\n"
    "  --config FILE   the configuration; ADDRESS has a section in it\n"
    "  --convert       no question: make keys of all passwords that stand in FILE in clear text\n"
    "  --sha-1         keys for SCRAM-SHA-1, too, which older clients have; it is offered when all users have them\n"
    "  --iterations N  how often it is hashed, 4096 to 1000000 (default: 10000): more is safer, and slower for "
    "clients\n"
    "  --help          this text\n"
    "  --version       the version\n"
    "\n"
    "Exit status: 0 it was done; 64 wrong arguments; 65 it cannot be a password; 66 FILE cannot be read; 67 ADDRESS "
    "has no\n"
    "section; 69 this mailprotod was built without mbedTLS; 71 there is no memory; 73 FILE cannot be written;\n"
    "75 another program changed FILE meanwhile.\n";

static const char help_check_mail[] =
    "usage: mailprotod check-mail [--repair] --config FILE\n"
    "       mailprotod check-mail [--repair] DIR...\n"
    "\n"
    "Looks at the Maildirs of the users in FILE, or in the folders DIR, and tells what is wrong with them and their\n"
    "indexes. Messages are never removed. A server may be running meanwhile.\n"
    "Without --repair nothing is made, changed or locked. What is marked \"note:\" is not wrong. --repair opens each\n"
    "Maildir, which notices new mail and makes an index that is missing, and repairs the rest.\n"
    "\n"
    "  --config FILE  the configuration; as root it is done as the user that run_as names\n"
    "  --repair       repair what is wrong\n"
    "  --help         this text\n"
    "  --version      the version\n"
    "\n"
    "Exit status: 0 nothing is wrong (notes do not count), or all was repaired; 1 problems are left; 64 wrong\n"
    "arguments; 66 FILE cannot be read, or a Maildir is not there or cannot be looked at; 67 run_as names nobody; 77 "
    "run_as is not allowed; 78 FILE is wrong.\n";

struct arguments {
    const char *command, *help;
    const char *config;
    struct demo demo;
    int trace;
    int repair;
    struct passwd passwd;
    int convert;
    int takes_folders; /* what is no option is a folder, or a user */
};

enum {
    OPTION_HELP = 1,
    OPTION_VERSION,
    OPTION_CONFIG,
    OPTION_DIR,
    OPTION_PORT_BASE,
    OPTION_TRACE,
    OPTION_REPAIR,
    OPTION_CONVERT,
    OPTION_SHA_1,
    OPTION_ITERATIONS
};

static const struct option options_serve[] = {{"help", no_argument, NULL, OPTION_HELP},
                                              {"version", no_argument, NULL, OPTION_VERSION},
                                              {"config", required_argument, NULL, OPTION_CONFIG},
                                              {"trace", no_argument, NULL, OPTION_TRACE},
                                              {NULL, 0, NULL, 0}};
static const struct option options_check[] = {{"help", no_argument, NULL, OPTION_HELP},
                                              {"version", no_argument, NULL, OPTION_VERSION},
                                              {"config", required_argument, NULL, OPTION_CONFIG},
                                              {NULL, 0, NULL, 0}};
static const struct option options_check_mail[] = {{"help", no_argument, NULL, OPTION_HELP},
                                                   {"version", no_argument, NULL, OPTION_VERSION},
                                                   {"config", required_argument, NULL, OPTION_CONFIG},
                                                   {"repair", no_argument, NULL, OPTION_REPAIR},
                                                   {NULL, 0, NULL, 0}};
static const struct option options_passwd[] = {{"help", no_argument, NULL, OPTION_HELP},
                                               {"version", no_argument, NULL, OPTION_VERSION},
                                               {"config", required_argument, NULL, OPTION_CONFIG},
                                               {"convert", no_argument, NULL, OPTION_CONVERT},
                                               {"sha-1", no_argument, NULL, OPTION_SHA_1},
                                               {"iterations", required_argument, NULL, OPTION_ITERATIONS},
                                               {NULL, 0, NULL, 0}};
static const struct option options_demo[] = {{"help", no_argument, NULL, OPTION_HELP},
                                             {"version", no_argument, NULL, OPTION_VERSION},
                                             {"dir", required_argument, NULL, OPTION_DIR},
                                             {"port-base", required_argument, NULL, OPTION_PORT_BASE},
                                             {"trace", no_argument, NULL, OPTION_TRACE},
                                             {NULL, 0, NULL, 0}};

/* What was wrong was said; this says where to look. */
static int usage(const char *command)
{
    fprintf(stderr, "mailprotod: \"mailprotod %s%s--help\" tells how it is used\n", command, *command ? " " : "");
    return EXIT_USAGE;
}

static int parse_port_base(struct arguments *arguments, const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end || value > DEMO_PORT_BASE_MAX) {
        fprintf(stderr, "mailprotod: --port-base must be a number from 0 to %d, not \"%s\"\n", DEMO_PORT_BASE_MAX,
                text);
        return -1;
    }
    arguments->demo.port_base = (unsigned)value;
    return 0;
}

static int parse_iterations(struct arguments *arguments, const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end || value < KEYS_ITERATIONS_MIN || value > KEYS_ITERATIONS_MAX) {
        fprintf(stderr, "mailprotod: --iterations must be a number from %d to %d, not \"%s\"\n", KEYS_ITERATIONS_MIN,
                KEYS_ITERATIONS_MAX, text);
        return -1;
    }
    arguments->passwd.iterations = (uint32_t)value;
    return 0;
}

/* The last one must not win in silence. */
static int take_once(const struct arguments *arguments, const char **value, const char *name)
{
    if (*value) {
        fprintf(stderr, "mailprotod: %s is said twice: \"%s\" and \"%s\"\n", name, *value, optarg);
        return usage(arguments->command);
    }
    *value = optarg;
    return -1;
}

static void print_version(void)
{
    printf("mailprotod %s%s\n", mailproto_version(), tls_missing() ? " (without TLS)" : "");
}

/* -1: go on; else the exit code. */
static int take_option(struct arguments *arguments, int option)
{
    switch (option) {
    case OPTION_HELP:
        fputs(arguments->help, stdout);
        return EXIT_SUCCESS;
    case OPTION_VERSION:
        print_version();
        return EXIT_SUCCESS;
    case OPTION_CONFIG:
        return take_once(arguments, &arguments->config, "--config");
    case OPTION_DIR:
        return take_once(arguments, &arguments->demo.dir, "--dir");
    case OPTION_PORT_BASE:
        return parse_port_base(arguments, optarg) ? usage(arguments->command) : -1;
    case OPTION_TRACE:
        arguments->trace = 1;
        return -1;
    case OPTION_CONVERT:
        arguments->convert = 1;
        return -1;
    case OPTION_SHA_1:
        arguments->passwd.sha_1 = 1;
        return -1;
    case OPTION_ITERATIONS:
        return parse_iterations(arguments, optarg) ? usage(arguments->command) : -1;
    case OPTION_REPAIR:
        arguments->repair = 1;
        return -1;
    default: /* getopt has said what is wrong */
        return usage(arguments->command);
    }
}

static int parse(struct arguments *arguments, const struct option *options, int argc, char **argv)
{
    int option, result = -1;

    while (result < 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1)
        result = take_option(arguments, option);
    if (result < 0 && optind < argc && !arguments->takes_folders) {
        fprintf(stderr, "mailprotod: %s takes no argument \"%s\"\n", arguments->command, argv[optind]);
        return usage(arguments->command);
    }
    return result;
}

/* ---- the commands ---- */

static int run(struct settings *settings, const struct arguments *arguments,
               void (*ready)(const struct arguments *, const struct settings *))
{
    struct server *server = calloc(1, sizeof *server);
    int result;

    if (!server) {
        fprintf(stderr, "mailprotod: there is no memory left\n");
        return EXIT_OS;
    }
    result = server_start(server, settings, arguments->config, arguments->trace);
    if (!result) {
        if (ready)
            ready(arguments, settings);
        result = server_run(server);
    }
    free(server);
    return result;
}

static void explain(const struct arguments *arguments, const struct settings *settings)
{
    demo_explain(&arguments->demo, settings);
}

static int demo(int argc, char **argv)
{
    struct arguments arguments = {.command = "demo", .help = help_demo, .demo = {.port_base = DEMO_PORT_BASE}};
    struct settings settings;
    int result = parse(&arguments, options_demo, argc, argv);

    if (result >= 0)
        return result;
    if (!arguments.demo.dir)
        arguments.demo.dir = "mailprotod-demo";
    settings_init(&settings);
    result = demo_settings(&arguments.demo, &settings);
    if (!result)
        result = run(&settings, &arguments, explain);
    settings_clear(&settings);
    return result;
}

static int need_config(const struct arguments *arguments)
{
    if (arguments->config)
        return 0;
    fprintf(stderr, "mailprotod: %s needs --config FILE\n", arguments->command);
    return usage(arguments->command);
}

static int serve(int argc, char **argv)
{
    struct arguments arguments = {.command = "serve", .help = help_serve};
    struct settings settings;
    int result = parse(&arguments, options_serve, argc, argv);

    if (result < 0)
        result = need_config(&arguments) ? EXIT_USAGE : -1;
    if (result >= 0)
        return result;
    settings_init(&settings);
    result = config_read(&settings, arguments.config, stderr);
    if (!result)
        result = run(&settings, &arguments, NULL);
    settings_clear(&settings);
    return result;
}

static int check(int argc, char **argv)
{
    struct arguments arguments = {.command = "check", .help = help_check};
    struct settings settings;
    int result = parse(&arguments, options_check, argc, argv);

    if (result < 0)
        result = need_config(&arguments) ? EXIT_USAGE : -1;
    if (result >= 0)
        return result;
    settings_init(&settings);
    result = config_read(&settings, arguments.config, stderr);
    if (settings.run_as && !privileges_exist(settings.run_as)) {
        fprintf(stderr, "%s: run_as: there is no user %s on this machine\n", arguments.config, settings.run_as);
        result = result ? result : EXIT_NO_USER;
    }
    if (!result)
        printf("%s: good; %zu user%s\n", arguments.config, settings.users.count, settings.users.count == 1 ? "" : "s");
    if (!result && tls_missing())
        printf("%s: without TLS: %s\n", arguments.config, tls_missing());
    settings_clear(&settings);
    return result;
}

static int passwd(int argc, char **argv)
{
    struct arguments arguments = {.command = "passwd",
                                  .help = help_passwd,
                                  .passwd = {.iterations = KEYS_ITERATIONS},
                                  .takes_folders = 1};
    int result = parse(&arguments, options_passwd, argc, argv);

    if (result < 0)
        result = need_config(&arguments) ? EXIT_USAGE : -1;
    if (result >= 0)
        return result;
    if (argc - optind != !arguments.convert) {
        fprintf(stderr, "mailprotod: passwd needs %s\n",
                arguments.convert ? "no ADDRESS with --convert" : "one ADDRESS, or --convert");
        return usage(arguments.command);
    }
    arguments.passwd.config = arguments.config;
    arguments.passwd.user = arguments.convert ? NULL : argv[optind];
    return passwd_run(&arguments.passwd);
}

/* As the user who has the mail: a file that root makes could not be written by the server. */
static int check_configured(struct check_mail *work, const char *config)
{
    struct settings settings;
    int result;

    settings_init(&settings);
    result = config_read(&settings, config, stderr);
    if (!result && settings.run_as)
        result = privileges_become(settings.run_as);
    if (!result)
        check_mail_users(work, &settings.users);
    settings_clear(&settings);
    return result;
}

static int check_mail(int argc, char **argv)
{
    struct arguments arguments = {.command = "check-mail", .help = help_check_mail, .takes_folders = 1};
    struct check_mail work = {.repair = 0};
    int result = parse(&arguments, options_check_mail, argc, argv);

    if (result >= 0)
        return result;
    if ((arguments.config != NULL) == (optind < argc)) {
        fprintf(stderr, "mailprotod: check-mail needs --config FILE or folders%s\n",
                arguments.config ? ", not both" : "");
        return usage(arguments.command);
    }
    work.repair = arguments.repair;
    if (arguments.config)
        result = check_configured(&work, arguments.config);
    for (; optind < argc; optind++)
        check_mail_folder(&work, argv[optind]);
    return result > 0 ? result : check_mail_end(&work);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } commands[] = {{"demo", demo}, {"serve", serve}, {"check", check}, {"passwd", passwd}, {"check-mail", check_mail}};
    static char program[] = "mailprotod";
    const char *name = argc > 1 ? argv[1] : "";

    privileges_no_core();
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (!strcmp(name, commands[i].name)) {
            argv[1] = program; /* getopt's complaints begin with it */
            return commands[i].run(argc - 1, argv + 1);
        }
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
        fputs(help_main, stdout);
        return EXIT_SUCCESS;
    }
    if (!strcmp(name, "--version")) {
        print_version();
        return EXIT_SUCCESS;
    }
    if (*name)
        fprintf(stderr, "mailprotod: there is no command \"%s\"; there are demo, serve, check, passwd and check-mail\n",
                name);
    else
        fprintf(stderr, "mailprotod: say what to do: demo, serve, check, passwd or check-mail\n");
    return usage("");
}
