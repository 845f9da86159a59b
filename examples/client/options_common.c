/* options_common.c - the options that both commands have, and the values that options take.
 * POSIX getopt_long of the C library; nothing here depends on the locale. */
#include "options.h"

#include "exits.h"
#include "json.h"
#include "report.h"

#include <getopt.h>
#include <mailproto/version.h>
#include <stdio.h>
#include <string.h>

int options_number(const char *text, uint32_t min, uint32_t max, uint32_t *number)
{
    uint64_t n = 0;

    if (!*text)
        return -1;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        n = n * 10 + (uint64_t)(*text - '0');
        if (n > max)
            return -1;
    }
    if (n < min)
        return -1;
    *number = (uint32_t)n;
    return 0;
}

static int read_timeout(struct common_options *common, const char *value)
{
    uint32_t seconds;

    if (options_number(value, 1, 86400, &seconds)) {
        report("--timeout %s: seconds from 1 to 86400 are needed", value);
        return -1;
    }
    common->timeout_ms = seconds * 1000;
    return 1;
}

/* 1: the option was one of both commands; 0: it was not; -1: its value is wrong. */
static int read_common(struct common_options *common, int option, char *value)
{
    switch (option) {
    case 'u':
        common->user = value;
        return 1;
    case 't':
        common->trace = 1;
        return 1;
    case 'q':
        common->quiet = 1;
        return 1;
    case OPTION_PASSWORD_FILE:
        common->password_file = value;
        return 1;
    case OPTION_CLEAR_TEXT_AUTH:
        common->clear_text_auth = 1;
        return 1;
    case OPTION_TIMEOUT:
        return read_timeout(common, value);
    case OPTION_JSON:
        common->json = 1;
        if (json_writers())
            return 1;
        report("--json: this build has no JSON, for it was made without jansson");
        return -1;
    default:
        return 0;
    }
}

int options_read(const struct options_kind *kind, struct common_options *common, void *options, int count, char **words)
{
    int option, known;

    while ((option = getopt_long(count, words, kind->letters, kind->table, NULL)) >= 0) {
        if (option == OPTION_HELP) {
            printf("%s%s\n%s", kind->help, OPTIONS_COMMON_HELP, EXITS_HELP);
            return 1;
        }
        if (option == OPTION_VERSION) {
            options_version();
            return 1;
        }
        if (option == '?')
            return -1;
        known = read_common(common, option, optarg);
        if (known < 0 || (!known && kind->own(options, option, optarg)))
            return -1;
    }
    return 0;
}

int options_url(struct common_options *common, const char *text, int pop3)
{
    const char *wrong = NULL;

    mailproto_host_url_init(&common->url, sizeof common->url);
    common->url.usable = pop3 ? MAILPROTO_HOST_URL_POP3 : MAILPROTO_HOST_URL_SEND; /* this build has no TLS */
    if (mailproto_host_url_read(&common->url, text, strlen(text), &wrong)) {
        report("%s: %s", *text ? text : "the URL", wrong);
        report_hint("A URL is SCHEME://[USER@]HOST[:PORT]; --password-file tells the password.");
        return -1;
    }
    if (!common->user && *common->url.user)
        common->user = common->url.user;
    return 0;
}

void options_version(void)
{
    printf("mailproto %s%s\n", mailproto_version(), json_writers() ? "" : " (without --json)");
}
