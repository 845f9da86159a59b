/* pop3_words.c - the words of POP3 that both its roles are shown with.
 * mailproto/pop3.h. */
#include "pop3_words.h"

#include <string.h>

#include "mailproto/pop3.h"

#define CAPABILITY(name)                                                                                               \
    {                                                                                                                  \
#name, MAILPROTO_POP3_CAPA_##name                                                                              \
    }
const struct word pop3_capability_words[] = {
    CAPABILITY(TOP),
    CAPABILITY(USER),
    CAPABILITY(SASL),
    CAPABILITY(RESP_CODES),
    CAPABILITY(LOGIN_DELAY),
    CAPABILITY(PIPELINING),
    CAPABILITY(EXPIRE),
    CAPABILITY(UIDL),
    CAPABILITY(IMPLEMENTATION),
    CAPABILITY(STLS),
    CAPABILITY(AUTH_RESP_CODE),
    CAPABILITY(APOP),
    {NULL, 0},
};

const struct word pop3_login_words[] = {{"PLAIN", MAILPROTO_SASL_PLAIN},
                                        {"LOGIN", MAILPROTO_SASL_LOGIN},
                                        {"CRAM-MD5", MAILPROTO_SASL_CRAM_MD5},
                                        {"SCRAM-SHA-1", MAILPROTO_SASL_SCRAM_SHA_1},
                                        {"SCRAM-SHA-256", MAILPROTO_SASL_SCRAM_SHA_256},
                                        {"SCRAM-SHA-512", MAILPROTO_SASL_SCRAM_SHA_512},
                                        {"SCRAM-SHA-1-PLUS", MAILPROTO_SASL_SCRAM_SHA_1_PLUS},
                                        {"SCRAM-SHA-256-PLUS", MAILPROTO_SASL_SCRAM_SHA_256_PLUS},
                                        {"SCRAM-SHA-512-PLUS", MAILPROTO_SASL_SCRAM_SHA_512_PLUS},
                                        {"XOAUTH2", MAILPROTO_SASL_XOAUTH2},
                                        {"OAUTHBEARER", MAILPROTO_SASL_OAUTHBEARER},
                                        {"EXTERNAL", MAILPROTO_SASL_EXTERNAL},
                                        {"ANONYMOUS", MAILPROTO_SASL_ANONYMOUS},
                                        {"OTHER", MAILPROTO_SASL_OTHER},
                                        {"USER_PASS", MAILPROTO_POP3_USER_PASS},
                                        {"APOP", MAILPROTO_POP3_APOP},
                                        {NULL, 0}};

const struct word pop3_code_words[] = {{"NONE", MAILPROTO_POP3_RESP_NONE},
                                       {"IN-USE", MAILPROTO_POP3_RESP_IN_USE},
                                       {"LOGIN-DELAY", MAILPROTO_POP3_RESP_LOGIN_DELAY},
                                       {"SYS/TEMP", MAILPROTO_POP3_RESP_SYS_TEMP},
                                       {"SYS/PERM", MAILPROTO_POP3_RESP_SYS_PERM},
                                       {"AUTH", MAILPROTO_POP3_RESP_AUTH},
                                       {"OTHER", MAILPROTO_POP3_RESP_OTHER},
                                       {NULL, 0}};

int pop3_capability(const char *name, uint32_t *bits)
{
    char spelled[40];
    size_t n = strlen(name);

    if (n >= sizeof spelled)
        return -1;
    for (size_t i = 0; i <= n; i++)
        spelled[i] = name[i] == '-' ? '_' : name[i];
    return word_to_bits(pop3_capability_words, (mailproto_text){spelled, n}, bits);
}
