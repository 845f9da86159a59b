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

static int read_policy(struct tls_options *tls, const char *value)
{
    static const char *const words[] = {[TLS_MAY] = "may", [TLS_REQUIRED] = "required", [TLS_NEVER] = "never"};

    for (int policy = TLS_MAY; policy <= TLS_NEVER; policy++)
        if (!strcmp(words[policy], value)) {
            tls->policy = (enum tls_policy)policy;
            return 1;
        }
    report("--tls %s: it is may, required or never", value);
    return -1;
}

/* With or without colons between the octets, in letters of any case. */
static int read_pin(struct tls_options *tls, const char *value)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    size_t n = 0;

    for (const char *at = value; *at && n <= TLS_FINGERPRINT; at++) {
        const char *digit = strchr(digits, *at);

        if (!digit && (*at != ':' || n % 2))
            break;
        if (digit && n < TLS_FINGERPRINT)
            tls->pin[n] = digits[(digit - digits) % 16];
        n += digit != NULL;
        if (at[1] == 0 && n == TLS_FINGERPRINT)
            return 1;
    }
    report("--pin %s: the SHA-256 of a certificate is needed, 64 hexadecimal digits", value);
    return -1;
}

static int read_tls(struct tls_options *tls, int option, char *value)
{
    switch (option) {
    case OPTION_TLS:
        return read_policy(tls, value);
    case OPTION_CA:
        tls->ca = value;
        return 1;
    case OPTION_PIN:
        return read_pin(tls, value);
    case OPTION_INSECURE:
        tls->insecure = 1;
        return 1;
    case OPTION_CERTIFICATE:
        tls->certificate = value;
        return 1;
    case OPTION_KEY:
        tls->key = value;
        return 1;
    default:
        return 0;
    }
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
    case OPTION_AUTH:
        return auth_read_order(common->auth, value) ? -1 : 1;
    case OPTION_TOKEN_FILE:
        common->token_file = value;
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
        return read_tls(&common->tls, option, value);
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

/* What was said about TLS must go together: a restriction that does nothing would be believed in. */
static int check_tls(const struct tls_options *tls, const mailproto_host_url *url)
{
    if (url->implicit_tls && tls->policy == TLS_NEVER)
        report("--tls never: %s:// is TLS from the beginning", url->scheme);
    else if (tls->policy == TLS_NEVER && (tls->ca || *tls->pin || tls->insecure || tls->certificate))
        report("--tls never: there is nothing to verify then: leave the other options of TLS out");
    else if (tls->insecure && (tls->ca || *tls->pin))
        report("--insecure-no-verification: with %s there is something to verify: leave one of them out",
               tls->ca ? "--ca" : "--pin");
    else if (tls->ca && *tls->pin)
        report("--pin: the certificate is taken for its fingerprint alone: leave --ca out");
    else if (tls->key && !tls->certificate)
        report("--key: the certificate that it belongs to is missing: --certificate");
    else
        return 0;
    return -1;
}

static int check_auth(const struct common_options *common, int pop3)
{
    if (common->token_file && common->password_file)
        report("--token-file: the token is in the place of the password: leave --password-file out");
    else if (common->token_file && !common->user)
        report("--token-file says how, but not who: the user is missing");
    else if (!pop3 && !auth_is_for_smtp(common))
        report("--auth: USER and APOP are of POP3");
    else
        return 0;
    return -1;
}

int options_url(struct common_options *common, const char *text, int pop3)
{
    const char *wrong = NULL;

    mailproto_host_url_init(&common->url, sizeof common->url);
    common->url.usable = pop3 ? MAILPROTO_HOST_URL_POP3 : MAILPROTO_HOST_URL_SEND;
    common->url.usable |= tls_missing() ? 0u : MAILPROTO_HOST_URL_TLS;
    if (mailproto_host_url_read(&common->url, text, strlen(text), &wrong)) {
        report("%s: %s", *text ? text : "the URL", wrong);
        report_hint("A URL is SCHEME://[USER@]HOST[:PORT]; --password-file tells the password.");
        return -1;
    }
    if (!common->user && *common->url.user)
        common->user = common->url.user;
    return check_tls(&common->tls, &common->url) || check_auth(common, pop3) ? -1 : 0;
}

void options_version(void)
{
    printf("mailproto %s%s%s\n", mailproto_version(), json_writers() ? "" : " (without --json)",
           tls_missing() ? " (without TLS)" : "");
}
