/* grammar.h - the words of SMTP, parsed for the server and checked for the client by the same functions.
 * RFC 5321 section 4.1.2 and 4.1.3, RFC 6531, RFC 3461 section 4, RFC 3463 section 2. */
#ifndef MP_SMTP_GRAMMAR_H
#define MP_SMTP_GRAMMAR_H

#include "core/outline.h"
#include "mailproto/base.h"

/* What a function lets through beyond the plain grammar. */
enum {
    MP_SMTP_UTF8 = 1,       /* RFC 6531: UTF-8 in local parts, U-labels in domains, UTF-8 in parameter values */
    MP_SMTP_NULL_PATH = 2,  /* "<>" stands for a path: MAIL */
    MP_SMTP_POSTMASTER = 4, /* "<Postmaster>", in any case, needs no domain: RCPT */
    MP_SMTP_UNDERSCORE = 8, /* '_' in a domain: hosts call themselves so in EHLO, and mail is not refused for it */
    MP_SMTP_UTF8_TYPE = 16  /* the address of an ORCPT is of type "utf-8" */
};

/* ---- paths (RFC 5321 4.1.2) ---- */

/* Reads the path, angle brackets included, that text begins with; a source route is read over. Gives its octets and the
   mailbox inside ("" for <>), which points into text; 0: there is no path there. */
size_t mp_smtp_read_path(const char *text, size_t n, uint32_t flags, mailproto_text *mailbox);

/* Whether text is one Mailbox: Local-part "@" ( Domain / address-literal ). Holds no CR, LF, NUL or control then. */
int mp_smtp_is_mailbox(const char *text, size_t n, uint32_t flags);

/* ---- domains (RFC 5321 4.1.2, 4.1.3) ---- */

/* How many octets the Domain takes that text begins with, 0 if none: labels of letters, digits and inner hyphens, at most
   63 octets each and 255 together. */
size_t mp_smtp_read_domain(const char *text, size_t n, uint32_t flags);
int mp_smtp_is_domain(const char *text, size_t n, uint32_t flags);

/* Whether text is "[192.0.2.1]", "[IPv6:2001:db8::1]" or "[tag:content]". */
int mp_smtp_is_address_literal(const char *text, size_t n);

/* Whether text may be the argument of EHLO, LHLO and HELO: a Domain (with MP_SMTP_UNDERSCORE) or an address literal. */
int mp_smtp_is_hello(const char *text, size_t n);

/* ---- parameters (RFC 5321 4.1.2, RFC 3461 4) ---- */

int mp_smtp_is_keyword(const char *text, size_t n);
int mp_smtp_is_value(const char *text, size_t n, uint32_t flags);

/* Reads the next of " keyword[=value]..." at *text, which it moves on. 1: there was one (value->ptr NULL: no '=');
   0: nothing is left but spaces; -1: malformed. */
int mp_smtp_next_parameter(const char **text, const char *end, uint32_t flags, mailproto_text *keyword,
                           mailproto_text *value);

/* xtext: out needs room for n octets, and may be text. 0 and *len; -1: malformed, or a control character in it (RFC 3461
   4.2 and 4.4 want printable ones; CR, LF and NUL may not get further). */
int mp_xtext_decode(char *out, const char *text, size_t n, size_t *len);
/* Encodes n octets; out NULL: only counts. Gives the octets that they become. With MP_SMTP_UTF8_TYPE it is the address of
   an ORCPT. */
size_t mp_xtext_encode(char *out, const char *text, size_t n, uint32_t flags);

/* The address of ORCPT=, which is xtext unless its type is "utf-8" (RFC 6533 3: \x{...} or, with MP_SMTP_UTF8, UTF-8 as
   it is). out needs room for n octets. */
/* MP_SMTP_UTF8_TYPE, or 0. */
uint32_t mp_orcpt_type(mailproto_text type);
int mp_orcpt_decode(char *out, mailproto_text type, const char *text, size_t n, uint32_t flags, size_t *len);

/* ---- replies (RFC 5321 4.2, RFC 3463 2) ---- */

/* How many octets the enhanced status code takes that text begins with, 0 if none. What follows is not a digit. */
MP_OUTLINE size_t mp_smtp_read_enhanced(const char *text, size_t n);
/* Whether text is one, and nothing else. */
int mp_smtp_is_enhanced(const char *text, size_t n);

#endif
