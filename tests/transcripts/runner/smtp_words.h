/* smtp_words.h - the words of SMTP that both its roles are shown with.
 * mailproto/smtp.h. */
#ifndef TRANSCRIPTS_SMTP_WORDS_H
#define TRANSCRIPTS_SMTP_WORDS_H

#include "role.h"

extern const struct word smtp_extension_words[], smtp_body_words[], smtp_ret_words[], smtp_notify_words[];
void smtp_show_path(struct buffer *out, mailproto_text path); /* <a@example> */
void smtp_show_flags(struct buffer *out, uint32_t flags);     /* " smtputf8 requiretls" */

#endif
