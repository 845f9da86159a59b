/* options.h - the command line: what was asked for.
 * `mailproto [send|pop3] ...`, read with getopt_long. */
#ifndef MAILPROTO_CLIENT_OPTIONS_H
#define MAILPROTO_CLIENT_OPTIONS_H

#include "auth.h"
#include "recipients.h"
#include "tls.h"

#include <stdint.h>

/* What both commands are told. */
struct common_options {
    mailproto_host_url url;
    const char *user;          /* who logs in; NULL: nobody */
    const char *password_file; /* NULL: ask on the terminal */
    const char *token_file;    /* a bearer token instead of the password; NULL: none */
    uint32_t auth[AUTH_ORDER]; /* the mechanisms that may be used, the best first; none: the usual ones */
    int clear_text_auth;       /* a password may cross a network as it is */
    int trace, json, quiet;
    uint32_t timeout_ms; /* 0: the engines' own limits */
    struct tls_options tls;
};

struct send_options {
    struct common_options common;
    mailproto_host_send_request request; /* what options say of it */
    struct recipients to;
    const char *file; /* "-": standard input */
    uint32_t notify;  /* MAILPROTO_SMTP_NOTIFY_* */
};

enum pop3_verb { POP3_CAPA, POP3_STAT, POP3_LIST, POP3_UIDL, POP3_RETR, POP3_TOP, POP3_DELE, POP3_FETCH_ALL };

struct pop3_options {
    struct common_options common;
    enum pop3_verb verb;
    const char *verb_name;
    uint32_t *numbers; /* of the messages that were named */
    uint32_t count;
    uint32_t lines;      /* of top */
    const char *output;  /* NULL: standard output */
    const char *maildir; /* of fetch-all */
    int remove;          /* fetch-all: delete what is kept here */
    int lf;              /* retr, top: lines end with LF instead of CRLF */
};

/* They read the arguments behind the command's name. 0; 1: help or the version was asked for and given; -1: they are
   wrong, and it was reported. In any case the recipients and the numbers of messages are to be freed. */
int options_read_send(struct send_options *options, int count, char **words);
int options_read_pop3(struct pop3_options *options, int count, char **words);

/* options_common.c: for the two of them. Reads all options: what both have itself, the others by `own`, which answers
   0, or -1 when it has reported what is wrong. Answers as options_read_send; the words behind are from optind on. */
struct option;
struct options_kind {
    const struct option *table;
    const char *letters, *help;
    int (*own)(void *options, int option, char *value);
};
int options_read(const struct options_kind *kind, struct common_options *common, void *options, int count,
                 char **words);
void options_version(void);
/* A decimal number. 0, or -1. */
int options_number(const char *text, uint32_t min, uint32_t max, uint32_t *number);
/* The URL, its user taken for --user if there was none. 0, or -1: it was reported. */
int options_url(struct common_options *common, const char *text, int pop3);

/* The options that options_common knows, for the table of getopt_long, and their paragraph in --help. */
enum {
    OPTION_HELP = 'h',
    OPTION_JSON = 256,
    OPTION_VERSION,
    OPTION_PASSWORD_FILE,
    OPTION_CLEAR_TEXT_AUTH,
    OPTION_TIMEOUT,
    OPTION_AUTH,
    OPTION_TOKEN_FILE,
    OPTION_TLS,
    OPTION_CA,
    OPTION_PIN,
    OPTION_INSECURE,
    OPTION_CERTIFICATE,
    OPTION_KEY,
    OPTION_OWN /* and above: those of one command */
};
#define OPTIONS_COMMON                                                                                                 \
    {"help", no_argument, NULL, OPTION_HELP}, {"user", required_argument, NULL, 'u'},                                  \
        {"password-file", required_argument, NULL, OPTION_PASSWORD_FILE},                                              \
        {"auth", required_argument, NULL, OPTION_AUTH}, {"token-file", required_argument, NULL, OPTION_TOKEN_FILE},    \
        {"clear-text-auth", no_argument, NULL, OPTION_CLEAR_TEXT_AUTH}, {"trace", no_argument, NULL, 't'},             \
        {"json", no_argument, NULL, OPTION_JSON}, {"quiet", no_argument, NULL, 'q'},                                   \
        {"timeout", required_argument, NULL, OPTION_TIMEOUT}, {"tls", required_argument, NULL, OPTION_TLS},            \
        {"ca", required_argument, NULL, OPTION_CA}, {"pin", required_argument, NULL, OPTION_PIN},                      \
        {"insecure-no-verification", no_argument, NULL, OPTION_INSECURE},                                              \
        {"certificate", required_argument, NULL, OPTION_CERTIFICATE}, {"key", required_argument, NULL, OPTION_KEY},    \
    {                                                                                                                  \
        "version", no_argument, NULL, OPTION_VERSION                                                                   \
    }
#define OPTIONS_COMMON_SHORT "hu:tq"
#define OPTIONS_COMMON_HELP                                                                                            \
    "  -u, --user NAME        log in as NAME\n"                                                                        \
    "      --password-file F  the password is the first line of file F; '-': "                                         \
    "of standard input.\n"                                                                                             \
    "                         Without it the terminal is asked\n"                                                      \
    "      --auth NAME,...    log in by one of these, the best first, and by no other:\n"                              \
    "                         SCRAM-SHA-256, PLAIN, EXTERNAL, ... Default: SCRAM, then PLAIN\n"                        \
    "      --token-file F     a bearer token, for OAUTHBEARER or XOAUTH2, instead of a password\n"                     \
    "      --tls WHEN         may: where the server offers it; required; never. Default: may,\n"                       \
    "                         and required where a password crosses the network\n"                                     \
    "      --ca FILE          trust who is in this PEM file, instead of whom the system trusts\n"                      \
    "      --pin SHA256       take the certificate with this fingerprint, and no other\n"                              \
    "      --insecure-no-verification\n"                                                                               \
    "                         take any certificate: whoever is in between reads all\n"                                 \
    "      --certificate FILE, --key FILE\n"                                                                           \
    "                         what to show a server that asks for a certificate\n"                                     \
    "      --clear-text-auth  send the password although there is no TLS: "                                            \
    "everyone on the way can\n"                                                                                        \
    "                         read it. Not needed where the server is on this "                                        \
    "machine (loopback)\n"                                                                                             \
    "      --timeout SECONDS  for each wait for the server, the connection "                                           \
    "included\n"                                                                                                       \
    "                         (default: 30 s to connect, then the limits of "                                          \
    "the RFCs: minutes)\n"                                                                                             \
    "      --json             print one JSON object on standard output, for "                                          \
    "scripts\n"                                                                                                        \
    "  -q, --quiet            print no result; errors are told all the same\n"                                         \
    "  -t, --trace            show the conversation on standard error, "                                               \
    "credentials hidden\n"                                                                                             \
    "  -h, --help             print this\n"                                                                            \
    "      --version          print the version\n"

#endif
