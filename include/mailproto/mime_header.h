/* mailproto/mime_header.h - header fields: unfolding, text, addresses, dates, message identifiers.
 *
 * RFC 5322 sections 2.2, 3.3, 3.4, 3.6.4 and the obsolete syntax of section 4, RFC 2047, RFC 6532. Every function takes
 * the value of a field as it stands behind the colon: folded, with its line end or without, with comments.
 *
 * Nothing here allocates. Readers are structs of the host's: the _init function that has arguments beyond the struct and
 * its size gives it the field, _next gives one item after the other, until it answers MAILPROTO_MIME_END. Texts of items
 * point into the field, which must live as long as they are used; a reader may be copied. Every function may be called
 * anywhere, also in callbacks, from any thread that owns the struct.
 *
 * LENIENT   Nothing that stands in a field is an error: what can be read is read, and what is wrong with it is in the
 *           item's `defects`, a set of MAILPROTO_MIME_DEFECT_BITs.
 * DECODING  Items are raw: decoding is a second call, so that an encoded word never becomes syntax. Decoders write UTF-8,
 *           no NUL behind it, to `out`, which does not overlap what they read. Where it does not fit they answer
 *           ERR_LIMIT, *made is the room it takes and `out` may hold a part. With out NULL and cap 0 they only measure.
 *           They add to *defects, which may be NULL. `provider` are the charsets that the host adds, NULL: those built
 *           in; with one they also answer ERR_ARG if a function of it is missing, and ERR_HOST if it broke its rules.
 *           Text in a charset that is not known is taken as if none were declared (CHARSET_UNKNOWN).
 */
#ifndef MAILPROTO_MIME_HEADER_H
#define MAILPROTO_MIME_HEADER_H

#include "mime_charset.h"
#include "mime_defect.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- text: RFC 5322 section 2.2.3 and 3.2.5, RFC 2047 ---- */

/* Unfolds: line ends are taken out, and blanks at both ends. What is left is as it was. OK; ERR_ARG: NULL; ERR_LIMIT: it
   does not fit, *made says the need. *made is never more than n. */
MAILPROTO_API int32_t mailproto_mime_text_unfold(const void *in, size_t n, char *out, size_t cap, size_t *made);

/* Unfolds and decodes unstructured text (Subject, Comments, Content-Description): encoded words become what they say,
   also those that stand where none may (WORD); white space between two of them goes; a character that is split between
   two of the same charset is put together (WORD_SPLIT). 8-bit text outside of words is taken for UTF-8 or else by the rule
   of mime_charset.h. Controls that come out of it are kept (CONTROL). OK; ERR_ARG: NULL; ERR_LIMIT: it does not fit. */
MAILPROTO_API int32_t mailproto_mime_text_decode(const void *in, size_t n, const mailproto_charset_provider *provider,
                                                 char *out, size_t cap, size_t *made, uint64_t *defects);

/* ---- addresses: RFC 5322 sections 3.4 and 4.4, RFC 6532 ---- */

/* mailproto_mime_address.kind */
enum {
    MAILPROTO_MIME_ADDRESS_MAILBOX = 1,
    MAILPROTO_MIME_ADDRESS_GROUP_BEGIN = 2, /* has a name; what comes until GROUP_END is in it */
    MAILPROTO_MIME_ADDRESS_GROUP_END = 3    /* also where the group is not closed (GROUP) */
};

/* mailproto_mime_address.flags */
enum {
    MAILPROTO_MIME_ADDRESS_NAME_PLAIN = 1,   /* `name` is what a decoder would make of it, octet for octet */
    MAILPROTO_MIME_ADDRESS_SPEC_PLAIN = 2,   /* `local` and `domain` have no quotes, comments or blanks */
    MAILPROTO_MIME_ADDRESS_NAME_COMMENT = 4, /* the name is the last comment behind it: "a@b (Name)" */
    MAILPROTO_MIME_ADDRESS_ANGLE = 8,        /* it stood in "<>" */
    MAILPROTO_MIME_ADDRESS_ROUTE = 16,       /* it has a route */
    MAILPROTO_MIME_ADDRESS_LITERAL = 32,     /* the domain is in "[]" */
    MAILPROTO_MIME_ADDRESS_IN_GROUP = 64,
    MAILPROTO_MIME_ADDRESS_EIGHT_BIT = 128 /* local or domain have octets above 127 (RFC 6532) */
};

/* A mailbox, or the begin or end of a group. Texts that are not there are empty. */
typedef struct mailproto_mime_address {
    uint32_t struct_size;
    uint32_t kind;
    uint32_t flags;
    uint32_t zero;
    uint64_t defects;
    mailproto_text whole; /* all of it, without the separators */
    mailproto_text
        name; /* display name as it stands: atoms, quoted strings, comments; with NAME_PLAIN the text itself */
    mailproto_text route; /* "@a,@b" without the colon, as it stands */
    mailproto_text local; /* local part as it stands: with quotes, comments and blanks unless SPEC_PLAIN. What is no
                             address at all but stands where one must, is a local part without a domain (ADDRESS) */
    mailproto_text domain;
} mailproto_mime_address;
MAILPROTO_API int32_t mailproto_mime_address_init(mailproto_mime_address *address, size_t size);

/* Reads a list of addresses: From, To, Cc, Bcc, Sender, Reply-To and their like. */
typedef struct mailproto_mime_addresses {
    uint32_t struct_size;
    uint32_t in_group; /* its own from here on */
    mailproto_text field;
    size_t at;
    size_t no_angle; /* no "<" comes before this place */
    size_t no_quote; /* a quote from this place on is none */
} mailproto_mime_addresses;

/* Begins with a field's n octets. OK; ERR_ARG: NULL, or size is too small. */
MAILPROTO_API int32_t mailproto_mime_addresses_init(mailproto_mime_addresses *reader, size_t size, const void *field,
                                                    size_t n);

/* The next mailbox, or begin or end of a group; every GROUP_BEGIN is followed by its GROUP_END, and groups do not nest.
   Empty places ("a@b,,c@d") are no items. All calls together read the field once, and nested comments cost nothing.
   OK; MAILPROTO_MIME_END; ERR_ARG: NULL, or a struct that was not prepared. */
MAILPROTO_API int32_t mailproto_mime_addresses_next(mailproto_mime_addresses *reader, mailproto_mime_address *address);

/* The display name for people: words decoded, quotes and comments taken off, white space collapsed, none at the ends.
   Empty if there is none. OK; ERR_ARG: NULL, or an address that was not read; ERR_LIMIT: it does not fit. */
MAILPROTO_API int32_t mailproto_mime_address_name(const mailproto_mime_address *address,
                                                  const mailproto_charset_provider *provider, char *out, size_t cap,
                                                  size_t *made, uint64_t *defects);

/* The same without decoding the encoded words and the 8-bit text: what ENVELOPE shows (RFC 3501 7.4.2). Never more octets
   than the name has. OK; ERR_ARG: NULL, or an address that was not read; ERR_LIMIT: it does not fit. */
MAILPROTO_API int32_t mailproto_mime_address_name_raw(const mailproto_mime_address *address, char *out, size_t cap,
                                                      size_t *made);

/* What mailproto_mime_address_spec writes. */
enum {
    MAILPROTO_MIME_SPEC_WHOLE =
        0, /* local@domain, the local part in quotes where it must be; without a domain: local */
    MAILPROTO_MIME_SPEC_LOCAL = 1,  /* the local part without quotes */
    MAILPROTO_MIME_SPEC_DOMAIN = 2, /* the domain */
    MAILPROTO_MIME_SPEC_ROUTE = 3   /* the route, "@a,@b" */
};

/* The address in normal form: comments, blanks and folds taken out, and quotes that are not needed. Upper case stays. Of
   two addresses that differ in nothing else, the normal forms are the same. OK; ERR_ARG: NULL, an address that was not
   read, or an unknown form; ERR_LIMIT: it does not fit. */
MAILPROTO_API int32_t mailproto_mime_address_spec(const mailproto_mime_address *address, uint32_t form, char *out,
                                                  size_t cap, size_t *made);

/* Verdicts on an address, X(NAME, value, sentence): the high octet is the category, and a greater value is worse.
   They are only ever added to. */
#define MAILPROTO_MIME_VERDICT_TABLE(X)                                                                                \
    X(VALID, 0x000, "it is valid")                                                                                     \
    X(TOP_LEVEL, 0x101, "it is valid for SMTP, but its domain has one label only (RFC 5321 2.3.5)")                    \
    X(TOP_LEVEL_NUMERIC, 0x102, "it is valid for SMTP, but the last label of its domain begins with a digit")          \
    X(QUOTED, 0x103, "it is valid for SMTP, but its local part is a quoted string (RFC 5321 4.1.2)")                   \
    X(LITERAL, 0x104, "it is valid for SMTP, but its domain is an address literal (RFC 5321 4.1.3)")                   \
    X(INTERNATIONAL, 0x105, "it is valid where SMTPUTF8 is spoken (RFC 6531 3.3)")                                     \
    X(COMMENT, 0x201, "it is valid in a message, but has a comment (RFC 5322 3.2.2)")                                  \
    X(BLANK, 0x202, "it is valid in a message, but has blanks (RFC 5322 3.2.2)")                                       \
    X(OLD_LOCAL, 0x301, "the local part is in obsolete syntax (RFC 5322 4.4)")                                         \
    X(OLD_BLANK, 0x302, "blanks stand where only obsolete syntax has them (RFC 5322 4.2, 4.4)")                        \
    X(OLD_QUOTED, 0x303, "a control character is in the quoted string (RFC 5322 4.1)")                                 \
    X(OLD_PAIR, 0x304, "a control character is behind a backslash (RFC 5322 4.1)")                                     \
    X(OLD_COMMENT, 0x305, "comments or blanks stand in between the words (RFC 5322 4.4)")                              \
    X(OLD_COMMENT_TEXT, 0x306, "a control character is in a comment (RFC 5322 4.1)")                                   \
    X(OLD_NEAR_AT, 0x307, "comments or blanks stand next to the @ (RFC 5322 3.4.1)")                                   \
    X(LITERAL_V6_OLD, 0x308, "the IPv6 literal has :: for one group (RFC 5321 4.1.3)")                                 \
    X(DOMAIN, 0x401, "the domain is none that DNS can have (RFC 5321 4.1.2)")                                          \
    X(LONG, 0x402, "it has more than 254 octets (RFC 5321 4.5.3.1.3)")                                                 \
    X(LONG_LOCAL, 0x403, "the local part has more than 64 octets (RFC 5321 4.5.3.1.1)")                                \
    X(LONG_DOMAIN, 0x404, "the domain has more than 255 octets (RFC 5321 4.5.3.1.2)")                                  \
    X(LONG_LABEL, 0x405, "a label of the domain has more than 63 octets (RFC 1035 2.3.4)")                             \
    X(LITERAL_OTHER, 0x406, "the literal is no address (RFC 5321 4.1.3)")                                              \
    X(LITERAL_OLD, 0x407, "the literal is in obsolete syntax (RFC 5322 4.4)")                                          \
    X(LITERAL_V6_GROUPS, 0x408, "the IPv6 literal has not eight groups (RFC 4291 2.2)")                                \
    X(LITERAL_V6_ELISIONS, 0x409, "the IPv6 literal has more than one :: (RFC 4291 2.2)")                              \
    X(LITERAL_V6_OCTET, 0x40a, "the IPv6 literal has an octet that may not be there (RFC 4291 2.2)")                   \
    X(LITERAL_V6_MANY, 0x40b, "the IPv6 literal has more than eight groups (RFC 4291 2.2)")                            \
    X(LITERAL_V6_COLON_FIRST, 0x40c, "the IPv6 literal begins with one colon (RFC 4291 2.2)")                          \
    X(LITERAL_V6_COLON_LAST, 0x40d, "the IPv6 literal ends with one colon (RFC 4291 2.2)")                             \
    X(NO_DOMAIN, 0x501, "there is no domain")                                                                          \
    X(NO_LOCAL, 0x502, "there is no local part")                                                                       \
    X(NO_AT, 0x503, "there is no @: it is a local part only")                                                          \
    X(DOTS, 0x504, "two dots stand together")                                                                          \
    X(DOT_FIRST, 0x505, "the local part or the domain begins with a dot")                                              \
    X(DOT_LAST, 0x506, "the local part or the domain ends with a dot")                                                 \
    X(HYPHEN_FIRST, 0x507, "a label of the domain begins with a hyphen")                                               \
    X(HYPHEN_LAST, 0x508, "a label of the domain ends with a hyphen")                                                  \
    X(ATEXT, 0x509, "an octet that may not be in a word")                                                              \
    X(AFTER_QUOTED, 0x50a, "something stands behind the quoted string")                                                \
    X(AFTER_COMMENT, 0x50b, "something stands behind a comment or blank, and no dot or @ between")                     \
    X(AFTER_LITERAL, 0x50c, "something stands behind the literal")                                                     \
    X(QTEXT, 0x50d, "an octet that may not be in a quoted string")                                                     \
    X(PAIR, 0x50e, "an octet that may not be behind a backslash")                                                      \
    X(CTEXT, 0x50f, "an octet that may not be in a comment")                                                           \
    X(DTEXT, 0x510, "an octet that may not be in a literal")                                                           \
    X(OPEN_QUOTED, 0x511, "the quoted string is not closed")                                                           \
    X(OPEN_COMMENT, 0x512, "a comment is not closed")                                                                  \
    X(OPEN_LITERAL, 0x513, "the literal is not closed")                                                                \
    X(BACKSLASH_LAST, 0x514, "it ends with a backslash")                                                               \
    X(CR_ALONE, 0x515, "a CR without LF")                                                                              \
    X(FOLD_LAST, 0x516, "it ends with a line end")                                                                     \
    X(FOLD_TWICE, 0x517, "line ends follow each other")                                                                \
    X(UTF8, 0x518, "octets above 127 that are no UTF-8")

enum {
#define MAILPROTO_MIME_VERDICT_ENUM(name, value, sentence) MAILPROTO_MIME_VERDICT_##name = value,
    MAILPROTO_MIME_VERDICT_TABLE(MAILPROTO_MIME_VERDICT_ENUM)
#undef MAILPROTO_MIME_VERDICT_ENUM
        MAILPROTO_MIME_VERDICT_END_ = 0x7fffffff
};

/* The categories of verdicts, MAILPROTO_MIME_VERDICT_CATEGORY of one. */
#define MAILPROTO_MIME_VERDICT_CATEGORY(verdict) ((verdict) >> 8)
enum {
    MAILPROTO_MIME_CATEGORY_VALID = 0,
    MAILPROTO_MIME_CATEGORY_SMTP = 1,     /* valid for SMTP, but not as most addresses are */
    MAILPROTO_MIME_CATEGORY_MESSAGE = 2,  /* valid in a message as it stands, for SMTP in normal form */
    MAILPROTO_MIME_CATEGORY_OBSOLETE = 3, /* to be read, not to be written */
    MAILPROTO_MIME_CATEGORY_SYNTAX = 4,   /* syntax of RFC 5322, but no address one can send to */
    MAILPROTO_MIME_CATEGORY_INVALID = 5
};

/* Judges one address, strictly: nothing is before it or behind it. *verdict is the worst of what was found; an address
   that SMTP takes as it stands has a category of at most CATEGORY_SMTP. OK, whatever the verdict is; ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_mime_address_check(const void *in, size_t n, uint32_t *verdict);

/* A sentence for people that says what the verdict is, static; NULL: there is none of this number. */
MAILPROTO_API const char *mailproto_mime_verdict_text(uint32_t verdict);

/* ---- dates: RFC 5322 sections 3.3 and 4.3 ---- */

/* mailproto_mime_date.flags */
enum {
    MAILPROTO_MIME_DATE_ZONE = 1,   /* the zone is known. Not with "-0000", a military zone, another name, or none */
    MAILPROTO_MIME_DATE_WEEKDAY = 2 /* a day of the week is given */
};

/* A point in time, and how it was written. */
typedef struct mailproto_mime_date {
    uint32_t struct_size;
    uint32_t flags;
    int64_t seconds;      /* since 1970-01-01 00:00:00 UTC, without leap seconds */
    int32_t zone_minutes; /* east of UTC; 0 without DATE_ZONE */
    uint32_t weekday;     /* of the date itself in its zone: 0 is Sunday */
    uint64_t defects;     /* DATE_OBSOLETE; DATE: it is no date of RFC 5322, or the weekday is another */
} mailproto_mime_date;
MAILPROTO_API int32_t mailproto_mime_date_init(mailproto_mime_date *date, size_t size);

/* Reads a date: as in RFC 5322, with its obsolete forms and comments, and as seen in the wild (DATE): two or three digits
   of a year, no seconds, no zone, names of zones and offsets, as C's asctime and as ISO 8601 write it, months and
   weekdays in full, 12 hours with AM or PM. OK; ERR_ARG: NULL, or date was not prepared; ERR_PROTOCOL: there is no date in
   it, then only `defects` is written. */
MAILPROTO_API int32_t mailproto_mime_date_read(const void *in, size_t n, mailproto_mime_date *date);

enum { MAILPROTO_MIME_DATE_LENGTH = 31 }; /* "Fri, 21 Nov 1997 09:55:06 -0600" */

/* Writes the date as RFC 5322 3.3 has it, without a NUL, from `seconds`, `zone_minutes` and DATE_ZONE of `flags` ("-0000"
   without it). OK; ERR_ARG: NULL, or date was not prepared, a zone of a day or more, or a year before 1900 or after
   9999; ERR_LIMIT: cap is less than MAILPROTO_MIME_DATE_LENGTH. */
MAILPROTO_API int32_t mailproto_mime_date_write(const mailproto_mime_date *date, char *out, size_t cap, size_t *made);

/* ---- message identifiers: RFC 5322 sections 3.6.4 and 4.5.4 ---- */

/* A message identifier. */
typedef struct mailproto_mime_message_id {
    uint32_t struct_size;
    uint32_t plain; /* 1: `id` has no quotes, comments, blanks or folds */
    uint64_t defects;
    mailproto_text whole; /* as it stands, with its "<>" if it has them */
    mailproto_text id;    /* without them */
} mailproto_mime_message_id;
MAILPROTO_API int32_t mailproto_mime_message_id_init(mailproto_mime_message_id *id, size_t size);

/* Reads Message-ID, In-Reply-To, References, Content-ID: everything in "<>". Phrases and comments between them are passed
   over, as the obsolete syntax has them; a word with an @ but without "<>" is taken (MESSAGE_ID). In a field that
   has neither, each word is taken (MESSAGE_ID). */
typedef struct mailproto_mime_message_ids {
    uint32_t struct_size;
    uint32_t words; /* its own from here on */
    mailproto_text field;
    size_t at;
} mailproto_mime_message_ids;

/* Begins with a field's n octets. OK; ERR_ARG: NULL, or size is too small. */
MAILPROTO_API int32_t mailproto_mime_message_ids_init(mailproto_mime_message_ids *reader, size_t size,
                                                      const void *field, size_t n);

/* The next identifier. OK; MAILPROTO_MIME_END; ERR_ARG: NULL, or a struct that was not prepared. */
MAILPROTO_API int32_t mailproto_mime_message_ids_next(mailproto_mime_message_ids *reader,
                                                      mailproto_mime_message_id *id);

/* The identifier in normal form, without "<>", comments, blanks and folds: what is compared and looked up. OK; ERR_ARG:
   NULL, or an identifier that was not read; ERR_LIMIT: it does not fit. */
MAILPROTO_API int32_t mailproto_mime_message_id_text(const mailproto_mime_message_id *id, char *out, size_t cap,
                                                     size_t *made);

#ifdef __cplusplus
}
#endif
#endif
