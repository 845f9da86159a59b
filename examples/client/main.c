/* main.c - mailproto: sends messages by SMTP and LMTP, works with POP3 maildrops, reads and composes messages.
 * usage: mailproto send|pop3|mime ...; see mailproto(1). */
#include "exits.h"
#include "interrupt.h"
#include "mime.h"
#include "pop3.h"
#include "report.h"
#include "send.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: mailproto COMMAND ...\n"
    "\n"
    "  mailproto send URL --from ADDRESS --to ADDRESS... [FILE|-]\n"
    "  mailproto pop3 URL capa|stat|list|uidl|retr|top|dele|fetch-all ...\n"
    "  mailproto mime dump|structure|extract|build ...\n"
    "\n"
    "  mailproto send --help, mailproto pop3 --help, mailproto mime --help   tell more\n"
    "  mailproto --version                                                   prints the version\n"
    "\n"
    "Examples:\n"
    "  mailproto send smtp://mx.example.test --from me@example.test --to you@example.test letter.eml\n"
    "  mailproto pop3 pop3://me@example.test@mail.example.test list\n"
    "  mailproto mime dump letter.eml\n"
    "\n" EXITS_HELP;

/* What reading the options answered, made an exit code; -1: go on. */
static int after_options(int read, const struct common_options *common, const char *hint)
{
    if (read < 0)
        report_hint("%s", hint);
    else if (!read && common->trace)
        progress_never();
    return read < 0 ? EXIT_USAGE : read ? EXIT_ALL : -1;
}

static int run_send(int count, char **words)
{
    struct send_options options;
    int read = options_read_send(&options, count, words);
    int status = after_options(read, &options.common, "mailproto send --help tells more.");

    if (status < 0)
        status = send_run(&options);
    recipients_free(&options.to);
    return status;
}

static int run_pop3(int count, char **words)
{
    struct pop3_options options;
    int read = options_read_pop3(&options, count, words);
    int status = after_options(read, &options.common, "mailproto pop3 --help tells more.");

    if (status < 0)
        status = pop3_run(&options);
    free(options.numbers);
    return status;
}

static int run_mime(int count, char **words)
{
    struct mime_options options;
    int read = options_read_mime(&options, count, words);

    int status = read < 0 ? EXIT_USAGE : EXIT_ALL;

    if (read < 0)
        report_hint("mailproto mime --help tells more.");
    else if (!read)
        status = mime_run(&options);
    free(options.given);
    return status;
}

static const struct command {
    const char *name;
    int (*run)(int count, char **words);
} commands[] = {{"send", run_send}, {"pop3", run_pop3}, {"mime", run_mime}};

/* The words behind the program's name. */
static int run(int count, char **words)
{
    static char name[] = "mailproto";
    const char *word = count ? words[0] : "";

    if (!strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help")) {
        fputs(help, stdout);
        return EXIT_ALL;
    }
    if (!strcmp(word, "--version")) {
        options_version();
        return EXIT_ALL;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (!strcmp(commands[i].name, word)) {
            words[0] = name; /* which getopt_long begins its reports with */
            return commands[i].run(count, words);
        }
    if (count)
        report("there is no command '%s'", word);
    fputs(help, stderr);
    return EXIT_USAGE;
}

int main(int count, char **words)
{
    int status;

    interrupt_install();
    status = run(count - 1, words + 1);
    interrupt_end();
    if ((fflush(stdout) || ferror(stdout)) && status == EXIT_ALL) {
        report("the result could not be written to standard output");
        status = EXIT_LOCAL;
    }
    return status;
}
