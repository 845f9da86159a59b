/* mailproto/mime_defect.h - everything that can be wrong with a message, in one table.
 *
 * A defect never costs anything: what could be read was read, and the raw octets stay reachable. Small things (an address,
 * a date, a field) have a set of them, `uint64_t defects` with the bit MAILPROTO_MIME_DEFECT_BIT of each; parsers of
 * whole messages give them one by one, with the offset of the octet that is meant.
 */
#ifndef MAILPROTO_MIME_DEFECT_H
#define MAILPROTO_MIME_DEFECT_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(NAME, value, sentence): values are below 64, explicit, and only ever added to. */
#define MAILPROTO_MIME_DEFECT_TABLE(X)                                                                                 \
    X(BARE_CR, 0, "a CR without LF behind it (RFC 5322 2.2)")                                                          \
    X(BARE_LF, 1, "a line ends with LF alone (RFC 5322 2.2)")                                                          \
    X(NUL, 2, "a NUL octet (RFC 5322 4)")                                                                              \
    X(LONG_LINE, 3, "a line of more than 998 octets (RFC 5322 2.1.1)")                                                 \
    X(EIGHT_BIT_HEADER, 4, "octets above 127 in a header that are no UTF-8 (RFC 5322 2.2, RFC 6532 3)")                \
    X(EIGHT_BIT_BODY, 5, "octets above 127 in a body that is declared 7bit (RFC 2045 6.2)")                            \
    X(NO_COLON, 6, "a header line without a colon: it is skipped (RFC 5322 2.2)")                                      \
    X(FIELD_NAME, 7, "a field name with blanks before the colon or octets that may not be in one (RFC 5322 4.5)")      \
    X(ENVELOPE_LINE, 8, "an mbox From line before or in the header: it is skipped (RFC 4155)")                         \
    X(HEADER_BEGINS_FOLDED, 9, "the header begins with a folded line: it is skipped (RFC 5322 2.2.3)")                 \
    X(NO_HEADER_END, 10, "the header is not ended by an empty line (RFC 5322 2.1)")                                    \
    X(DUPLICATE_FIELD, 11, "a field is there more often than it may be (RFC 5322 3.6)")                                \
    X(MULTIPLE_FROM, 12, "there is more than one From field (RFC 5322 3.6)")                                           \
    X(CONTROL, 13, "a control character where none may be (RFC 5322 4)")                                               \
    X(CONTENT_TYPE, 14, "a Content-Type that is no type/subtype: text/plain is taken (RFC 2045 5.2)")                  \
    X(PARAMETER, 15, "a parameter that breaks the syntax (RFC 2045 5.1)")                                              \
    X(PARAMETER_TWICE, 16, "a parameter is given twice: the first one counts (RFC 2045 5.1)")                          \
    X(PARAMETER_SECTION, 17, "a section of a continued parameter is missing, doubled or misnumbered (RFC 2231 3)")     \
    X(PARAMETER_WORD, 18, "an encoded word in a parameter: it is decoded (RFC 2047 5)")                                \
    X(PARAMETERS_MANY, 19, "more parameters than the limit: the rest is not looked at")                                \
    X(FILE_NAMES, 20, "the fields give different names of the file (RFC 2183 2.3)")                                    \
    X(ENCODING_UNKNOWN, 21, "an unknown Content-Transfer-Encoding: the octets are left as they are (RFC 2045 6.4)")    \
    X(ENCODING_OF_PARTS, 22, "a multipart or message with an encoding other than 7bit, 8bit, binary (RFC 2045 6.4)")   \
    X(NO_BOUNDARY, 23, "a multipart without a boundary: its body is one opaque part (RFC 2046 5.1.1)")                 \
    X(BOUNDARY_LENGTH, 24, "a boundary that is empty or longer than 70 characters (RFC 2046 5.1.1)")                   \
    X(BOUNDARY_NESTED, 25, "a multipart inside of another with the same boundary (RFC 2046 5.1.2)")                    \
    X(NO_FIRST_BOUNDARY, 26, "a multipart whose boundary never comes (RFC 2046 5.1.1)")                                \
    X(NO_LAST_BOUNDARY, 27, "a multipart that is not closed (RFC 2046 5.1.1)")                                         \
    X(DEPTH_MANY, 28, "parts are nested deeper than the limit: the rest is one opaque part")                           \
    X(PARTS_MANY, 29, "more parts than the limit: the rest is one opaque part")                                        \
    X(HEADER_LARGE, 30, "more header than the limit: the rest is not looked at")                                       \
    X(BASE64, 31, "base64 with octets that do not belong there, or cut short (RFC 2045 6.8)")                          \
    X(QUOTED_PRINTABLE, 32, "quoted-printable with broken escapes (RFC 2045 6.7)")                                     \
    X(UUENCODE, 33, "uuencoded data with broken lines, or without an end")                                             \
    X(CHARSET_UNKNOWN, 34, "a charset that is not known (RFC 2978)")                                                   \
    X(CHARSET_OCTETS, 35, "octets that are not of the charset that is declared")                                       \
    X(WORD, 36, "an encoded word that breaks the rules, but can be read (RFC 2047 2, 5)")                              \
    X(WORD_SPLIT, 37, "a character is split between two encoded words (RFC 2047 5)")                                   \
    X(ADDRESS, 38, "an address that breaks the syntax (RFC 5322 3.4)")                                                 \
    X(ADDRESS_OBSOLETE, 39, "an address in obsolete syntax: routes, blanks around dots (RFC 5322 4.4)")                \
    X(GROUP, 40, "a group that is not closed, or stands in another (RFC 5322 3.4)")                                    \
    X(COMMENT, 41, "a comment that is not closed (RFC 5322 3.2.2)")                                                    \
    X(QUOTED_STRING, 42, "a quoted string that is not closed (RFC 5322 3.2.4)")                                        \
    X(DATE, 43, "a date that cannot be read, or says what cannot be (RFC 5322 3.3)")                                   \
    X(DATE_OBSOLETE, 44, "a date in obsolete syntax: two-digit years, zone names (RFC 5322 4.3)")                      \
    X(MESSAGE_ID, 45, "a message identifier that breaks the syntax (RFC 5322 3.6.4)")                                  \
    X(DISPOSITION, 46, "a Content-Disposition that breaks the syntax (RFC 2183 2)")                                    \
    X(TRUNCATED, 47, "the message ends inside of a field or an encoded group")                                         \
    X(VERSION, 48, "MIME fields without MIME-Version, or another version than 1.0 (RFC 2045 4)")                       \
    X(FIELD_SYNTAX, 49, "a structured field that breaks its syntax")                                                   \
    X(EMPTY_MULTIPART, 50, "a multipart without a part (RFC 2046 5.1.1)")                                              \
    X(YENC, 51, "yEnc data with broken lines, without an end, or of another size or checksum than stated")

enum {
#define MAILPROTO_MIME_DEFECT_ENUM(name, value, sentence) MAILPROTO_MIME_DEFECT_##name = value,
    MAILPROTO_MIME_DEFECT_TABLE(MAILPROTO_MIME_DEFECT_ENUM)
#undef MAILPROTO_MIME_DEFECT_ENUM
        MAILPROTO_MIME_DEFECTS = 64 /* all values are below */
};

/* What the _next function of a reader answers when there is nothing more: positive, it is no error. */
enum { MAILPROTO_MIME_END = 4 };

/* The bit of a defect in a set. */
#define MAILPROTO_MIME_DEFECT_BIT(defect) (UINT64_C(1) << (defect))

/* The name of a defect ("NO_COLON"), static; NULL: there is none of this number. */
MAILPROTO_API const char *mailproto_mime_defect_name(uint32_t defect);

/* A sentence for people that says what is wrong, static; NULL: there is none of this number. */
MAILPROTO_API const char *mailproto_mime_defect_text(uint32_t defect);

#ifdef __cplusplus
}
#endif
#endif
