/* smtp_words.c - the words of SMTP that both its roles are shown with.
 * mailproto/smtp.h. */
#include "smtp_words.h"

#include "mailproto/smtp.h"

#define EXTENSION(name)                                                                                                \
    {                                                                                                                  \
#name, MAILPROTO_SMTP_EXT_##name                                                                               \
    }
const struct word smtp_extension_words[] = {
    EXTENSION(SIZE),     EXTENSION(8BITMIME),   EXTENSION(PIPELINING),
    EXTENSION(STARTTLS), EXTENSION(AUTH),       EXTENSION(ENHANCEDSTATUSCODES),
    EXTENSION(DSN),      EXTENSION(CHUNKING),   EXTENSION(BINARYMIME),
    EXTENSION(SMTPUTF8), EXTENSION(REQUIRETLS), EXTENSION(LIMITS),
    EXTENSION(VRFY),     EXTENSION(EXPN),       EXTENSION(HELP),
    {NULL, 0},
};

const struct word smtp_body_words[] = {{"7BIT", MAILPROTO_SMTP_BODY_7BIT},
                                       {"8BITMIME", MAILPROTO_SMTP_BODY_8BITMIME},
                                       {"BINARYMIME", MAILPROTO_SMTP_BODY_BINARYMIME},
                                       {NULL, 0}};
const struct word smtp_ret_words[] = {{"NONE", MAILPROTO_SMTP_RET_NONE},
                                      {"FULL", MAILPROTO_SMTP_RET_FULL},
                                      {"HDRS", MAILPROTO_SMTP_RET_HDRS},
                                      {NULL, 0}};
const struct word smtp_notify_words[] = {{"NEVER", MAILPROTO_SMTP_NOTIFY_NEVER},
                                         {"SUCCESS", MAILPROTO_SMTP_NOTIFY_SUCCESS},
                                         {"FAILURE", MAILPROTO_SMTP_NOTIFY_FAILURE},
                                         {"DELAY", MAILPROTO_SMTP_NOTIFY_DELAY},
                                         {NULL, 0}};

void smtp_show_path(struct buffer *out, mailproto_text path)
{
    buffer_text(out, "<");
    buffer_add(out, path.ptr, path.len);
    buffer_text(out, ">");
}

void smtp_show_flags(struct buffer *out, uint32_t flags)
{
    if (flags & MAILPROTO_SMTP_MAIL_SMTPUTF8)
        buffer_text(out, " smtputf8");
    if (flags & MAILPROTO_SMTP_MAIL_REQUIRETLS)
        buffer_text(out, " requiretls");
}
