/* grammar.h - the words of POP3 that both roles use: command lines, responses, capability and response code names.
 * RFC 1939 sections 3 and 9; RFC 2449 sections 3, 6 and 8; RFC 3206. */
#ifndef MP_POP3_GRAMMAR_H
#define MP_POP3_GRAMMAR_H

#include "mailproto/pop3.h"

enum {
    MP_POP3_UID_MAX = 70,      /* RFC 1939 7, UIDL */
    MP_POP3_COMMAND_MAX = 255, /* with CRLF: RFC 2449 4 */
    MP_POP3_RESPONSE_MAX = 512 /* with CRLF */
};

/* Takes the first word of a line off it; what follows the single space stays in *rest. 1: there was a space. */
int mp_pop3_word(mailproto_text *rest, mailproto_text *word);

/* Whether the text is a message number, 1 or greater; or a count of lines, from 0. Nothing but digits. */
int mp_pop3_number(mailproto_text text, uint32_t *number);
int mp_pop3_count(mailproto_text text, uint32_t *count);

/* Whether it is a unique-id: 1 to 70 octets from 0x21 to 0x7e. */
int mp_pop3_uid_valid(const char *uid, size_t n);

/* The capability bit of a tag in any case, or 0; the tag of a bit, or NULL. */
uint32_t mp_pop3_capa_bit(mailproto_text tag);
const char *mp_pop3_capa_tag(uint32_t bit);

/* The text in brackets of a MAILPROTO_POP3_RESP_*; NULL for NONE, OTHER and what is no such code. */
const char *mp_pop3_resp_text(uint32_t resp_code);

/* The timestamp in the text of a greeting (RFC 1939 7): the first msg-id of RFC 5322 3.6.4, to the letter, with its brackets. What
   is nearly one is none: it is by other octets that timestamps are forged so that digests tell of passwords. 1; 0: there is none. */
int mp_pop3_timestamp(mailproto_text greeting, mailproto_text *timestamp);

/* Whether it is a dot-atom-text (RFC 5322 3.2.3). */
int mp_pop3_dot_atom(mailproto_text text);

/* Takes the first line of a response apart (RFC 1939 3, RFC 2449 8): 0, or -1 if it is none. */
int mp_pop3_response_parse(const char *line, size_t n, mailproto_pop3_response *response);

#endif
