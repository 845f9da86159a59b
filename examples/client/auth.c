/* auth.c - how to log in: what --auth and --token-file say, and the order without them.
 * RFC 5802, RFC 7628, RFC 4616; what proves most and tells least comes first. */
#include "auth.h"

#include "options.h"
#include "report.h"
#include "text.h"

#include <string.h>

static const uint32_t usual[] = {MAILPROTO_SASL_SCRAM_SHA_512_PLUS,
                                 MAILPROTO_SASL_SCRAM_SHA_256_PLUS,
                                 MAILPROTO_SASL_SCRAM_SHA_1_PLUS,
                                 MAILPROTO_SASL_SCRAM_SHA_512,
                                 MAILPROTO_SASL_SCRAM_SHA_256,
                                 MAILPROTO_SASL_SCRAM_SHA_1,
                                 MAILPROTO_SASL_PLAIN,
                                 MAILPROTO_SASL_LOGIN,
                                 MAILPROTO_POP3_USER_PASS,
                                 0};
static const uint32_t tokens[] = {MAILPROTO_SASL_OAUTHBEARER, MAILPROTO_SASL_XOAUTH2, 0};
static const uint32_t plain[] = {MAILPROTO_SASL_PLAIN, MAILPROTO_SASL_LOGIN, MAILPROTO_POP3_USER_PASS, 0};

static const uint32_t *order_of(const struct common_options *common)
{
    if (common->auth[0])
        return common->auth;
    if (common->token_file)
        return tokens;
    return tls_crypto() ? usual : plain;
}

const char *auth_name(uint32_t mechanism)
{
    if (mechanism == MAILPROTO_POP3_USER_PASS)
        return "USER";
    if (mechanism == MAILPROTO_POP3_APOP)
        return "APOP";
    return mailproto_sasl_mechanism_name(mechanism);
}

static uint32_t mechanism_of(const char *name, size_t len)
{
    if (len == 4 && !strncmp(name, "USER", 4))
        return MAILPROTO_POP3_USER_PASS;
    if (len == 4 && !strncmp(name, "APOP", 4))
        return MAILPROTO_POP3_APOP;
    return mailproto_sasl_mechanism(name, len);
}

int auth_read_order(uint32_t order[AUTH_ORDER], const char *text)
{
    size_t count = 0;

    for (const char *name = text, *end; name; name = end ? end + 1 : NULL) {
        size_t len;

        end = strchr(name, ',');
        len = end ? (size_t)(end - name) : strlen(name);
        order[count] = mechanism_of(name, len);
        if (!order[count] || count + 1 == AUTH_ORDER) {
            report("--auth %s: \"%.*s\" is no mechanism that is known, or one too many", text, (int)len, name);
            report_hint(
                "There are SCRAM-SHA-256-PLUS, SCRAM-SHA-256 (and 512, 1), PLAIN, LOGIN, CRAM-MD5, OAUTHBEARER, "
                "XOAUTH2, EXTERNAL, ANONYMOUS; for POP3 also USER and APOP.");
            return -1;
        }
        order[++count] = 0;
    }
    return 0;
}

static int is_in_order(const struct common_options *common, uint32_t mechanisms)
{
    for (const uint32_t *at = order_of(common); *at; at++)
        if (*at & mechanisms)
            return 1;
    return 0;
}

static int is_all_in(const struct common_options *common, uint32_t mechanisms)
{
    for (const uint32_t *at = order_of(common); *at; at++)
        if (!(*at & mechanisms))
            return 0;
    return 1;
}

int auth_is_wanted(const struct common_options *common)
{
    return common->user || (common->auth[0] && is_in_order(common, MAILPROTO_SASL_EXTERNAL | MAILPROTO_SASL_ANONYMOUS));
}

int auth_needs_secret(const struct common_options *common)
{
    return auth_is_wanted(common) && !is_all_in(common, MAILPROTO_SASL_EXTERNAL | MAILPROTO_SASL_ANONYMOUS);
}

int auth_is_safe(const struct common_options *common)
{
    return !is_in_order(common, MAILPROTO_SASL_CLEARTEXT | MAILPROTO_POP3_USER_PASS);
}

int auth_is_for_smtp(const struct common_options *common)
{
    return !common->auth[0] || !is_in_order(common, MAILPROTO_POP3_USER_PASS | MAILPROTO_POP3_APOP);
}

int auth_config(mailproto_sasl_client_config *sasl, const struct common_options *common)
{
    size_t count = 0;

    mailproto_sasl_client_config_init(sasl, sizeof *sasl);
    if (!tls_crypto() && !common->auth[0] && !common->token_file)
        return -1;
    sasl->crypto = tls_crypto();
    sasl->host_name = text_of(common->url.host);
    sasl->port = common->url.port;
    for (const uint32_t *at = order_of(common); *at; at++)
        if (mailproto_sasl_mechanism_name(*at))
            sasl->order[count++] = *at;
    return 0;
}

void auth_pop3_order(uint32_t login[AUTH_ORDER], const struct common_options *common)
{
    for (const uint32_t *at = order_of(common); *at; at++)
        *login++ = *at;
    *login = 0;
}
