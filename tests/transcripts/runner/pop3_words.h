/* pop3_words.h - the words of POP3 that both its roles are shown with.
 * mailproto/pop3.h. */
#ifndef TRANSCRIPTS_POP3_WORDS_H
#define TRANSCRIPTS_POP3_WORDS_H

#include "role.h"

extern const struct word pop3_capability_words[], pop3_login_words[], pop3_code_words[];
/* The bit that CAPABILITY names: as CAPA spells it ("RESP-CODES"). */
int pop3_capability(const char *name, uint32_t *bits);

#endif
