/* roles.c - the roles this build has, and what they share: settings, words for numbers.
 * The settings are those of the engines' config structs, by their names there. */
#include <string.h>

#include "mailproto/pop3.h"
#include "role.h"

const struct word tls_words[] = {{"NEVER", MAILPROTO_TLS_NEVER},
                                 {"MAY", MAILPROTO_TLS_MAY},
                                 {"REQUIRED", MAILPROTO_TLS_REQUIRED},
                                 {"IMPLICIT", MAILPROTO_TLS_IMPLICIT},
                                 {NULL, 0}};
const struct word sasl_words[] = {{"PLAIN", MAILPROTO_SASL_PLAIN},
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
                                  {NULL, 0}};

static const struct role *const roles[] = {
#ifdef HAVE_SMTP_SERVER
    &role_smtp_server,
    &role_lmtp_server,
#endif
#ifdef HAVE_SMTP_CLIENT
    &role_smtp_client,
    &role_lmtp_client,
#endif
#ifdef HAVE_POP3_SERVER
    &role_pop3_server,
#endif
#ifdef HAVE_POP3_CLIENT
    &role_pop3_client,
#endif
    NULL,
};

const struct role *role_find(const char *name)
{
    for (size_t i = 0; roles[i]; i++)
        if (!strcmp(roles[i]->name, name))
            return roles[i];
    return NULL;
}

int role_known(const char *name)
{
    static const char *const names[] = {"smtp-server", "lmtp-server", "smtp-client",
                                        "lmtp-client", "pop3-server", "pop3-client"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i], name))
            return 1;
    return 0;
}

void buffer_bits(struct buffer *b, const struct word *table, uint32_t bits)
{
    const char *comma = "";

    for (; table->name; table++)
        if (bits & table->value) {
            buffer_format(b, "%s%s", comma, table->name);
            comma = ",";
            bits &= ~table->value;
        }
    if (bits)
        buffer_format(b, "%s0x%x", comma, (unsigned)bits);
}

const char *value_word(const struct word *table, uint32_t value)
{
    for (; table->name; table++)
        if (table->value == value)
            return table->name;
    return "?";
}

const char *login_name(uint32_t mechanism)
{
    if (mechanism == MAILPROTO_POP3_USER_PASS)
        return "USER_PASS";
    if (mechanism == MAILPROTO_POP3_APOP)
        return "APOP";
    return value_word(sasl_words, mechanism);
}

static int one_word(const struct word *table, const char *ptr, size_t len, uint32_t *value)
{
    for (; table->name; table++)
        if (strlen(table->name) == len && !memcmp(table->name, ptr, len)) {
            *value |= table->value;
            return 0;
        }
    return -1;
}

int word_to_bits(const struct word *table, mailproto_text words, uint32_t *bits)
{
    const char *at = words.ptr, *end = words.ptr + words.len;

    *bits = 0;
    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        size_t n = (size_t)((comma ? comma : end) - at);

        if (one_word(table, at, n, bits))
            return -1;
        at += n + (comma != NULL);
    }
    return 0;
}

static int apply_one(void *config, const struct setting *setting, mailproto_text value)
{
    char *field = (char *)config + setting->offset;
    uint64_t number = 0;
    uint32_t bits = 0;

    switch (setting->kind) {
    case SETTING_TEXT:
        memcpy(field, &value, sizeof value);
        return 0;
    case SETTING_U64:
        if (word_number(value, UINT64_MAX, &number))
            return -1;
        memcpy(field, &number, sizeof number);
        return 0;
    case SETTING_U32:
        if (word_number(value, MAILPROTO_UNLIMITED, &number))
            return -1;
        bits = (uint32_t)number;
        break;
    case SETTING_WORDS:
        if (word_to_bits(setting->table, value, &bits))
            return -1;
        break;
    }
    memcpy(field, &bits, sizeof bits);
    return 0;
}

int settings_apply_word(void *config, const struct setting *settings, mailproto_text word)
{
    mailproto_text value;

    if (word_value(word, "without", &value))
        return 0;
    for (; settings->name; settings++)
        if (word_value(word, settings->name, &value))
            return apply_one(config, settings, value);
    return -1;
}

int settings_apply(struct play *p, void *config, const struct setting *settings)
{
    for (size_t i = 0; i < p->t->config_count; i++)
        if (settings_apply_word(config, settings, p->t->config[i])) {
            play_fail(p, 1, "CONFIG: %s is not a setting, or not a value of it", p->t->config[i].ptr);
            return -1;
        }
    return 0;
}

static int list_has(mailproto_text list, const char *word)
{
    size_t n = strlen(word);

    for (size_t i = 0; i + n <= list.len; i++)
        if (!memcmp(list.ptr + i, word, n) && (!i || list.ptr[i - 1] == ',') &&
            (i + n == list.len || list.ptr[i + n] == ','))
            return 1;
    return 0;
}

int settings_have(const struct play *p, const char *key, const char *word)
{
    mailproto_text value;

    for (size_t i = 0; i < p->t->config_count; i++)
        if (word_value(p->t->config[i], key, &value) && list_has(value, word))
            return 1;
    return 0;
}

int settings_without(const struct play *p, const char *callback)
{
    return settings_have(p, "without", callback);
}

mailproto_text words_value(const struct words *words, const char *key)
{
    mailproto_text value = {"", 0};

    for (size_t i = 0; i < words->count; i++)
        if (word_value(words->word[i], key, &value))
            return value;
    return value;
}

int has_key(const struct words *words, const char *key)
{
    mailproto_text value;

    for (size_t i = 0; i < words->count; i++)
        if (word_value(words->word[i], key, &value))
            return 1;
    return 0;
}

uint64_t words_number(const struct words *words, const char *key, uint64_t otherwise)
{
    uint64_t number;

    return word_number(words_value(words, key), UINT64_MAX, &number) ? otherwise : number;
}
