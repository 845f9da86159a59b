/* mailproto/mime_content.h - fields with a grammar of their own: Content-*, parameters, file names, Received, results of
 * authentication, List-*.
 *
 * RFC 2045 section 5 and 6, RFC 2183, RFC 2231, RFC 5322 section 3.6.7, RFC 8601, RFC 2369, RFC 2919, RFC 8058. The
 * conventions are those of mime_header.h: fields are given as they stand behind the colon, nothing allocates, items point
 * into the field, decoding is a second call, and every function may be called anywhere.
 */
#ifndef MAILPROTO_MIME_CONTENT_H
#define MAILPROTO_MIME_CONTENT_H

#include "mime_charset.h"
#include "mime_header.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Content-Type: RFC 2045 section 5 ---- */

/* A Content-Type. Where it is none, type and subtype are empty (CONTENT_TYPE): text/plain is meant. */
typedef struct mailproto_mime_content_type {
    uint32_t struct_size;
    uint32_t zero;
    uint64_t defects;
    mailproto_text type;    /* as written; of "Content-Type: text" it is there, and subtype is empty (CONTENT_TYPE) */
    mailproto_text subtype; /* as written */
    mailproto_text parameters; /* all behind it: what mailproto_mime_parameters_init takes */
} mailproto_mime_content_type;
MAILPROTO_API int32_t mailproto_mime_content_type_init(mailproto_mime_content_type *type, size_t size);

/* Reads a Content-Type. OK, whatever is in it; ERR_ARG: NULL, or `type` was not prepared. */
MAILPROTO_API int32_t mailproto_mime_content_type_read(const void *in, size_t n, mailproto_mime_content_type *type);

/* Whether it is type/subtype, which are NUL-terminated and in lower case, by what it means ("Content-Type: text" is
   text/plain); subtype NULL: any. 1 or 0. */
MAILPROTO_API int32_t mailproto_mime_content_type_is(const mailproto_mime_content_type *content_type, const char *type,
                                                     const char *subtype);

/* Writes "type/subtype" in lower case, of what it means: "text/plain" if it is no type. OK; ERR_ARG: NULL, or one that was
   not read; ERR_LIMIT: it does not fit. */
MAILPROTO_API int32_t mailproto_mime_content_type_text(const mailproto_mime_content_type *type, char *out, size_t cap,
                                                       size_t *made);

/* ---- parameters: RFC 2045 section 5.1, RFC 2231 ---- */

enum { MAILPROTO_MIME_PARAMETERS_MAX = 256 }; /* how many are read of a field, each section of a long one counted */

/* The parameters of a field. */
typedef struct mailproto_mime_parameters {
    uint32_t struct_size;
    uint32_t count;   /* sections: what stands in the field, each on its own */
    uint64_t defects; /* of the list: PARAMETER, PARAMETERS_MANY, COMMENT, QUOTED_STRING */
    mailproto_text field;
    uint32_t at; /* its own from here on */
    uint32_t zero;
    uint64_t own[3 * MAILPROTO_MIME_PARAMETERS_MAX]; /* of `count` sections */
} mailproto_mime_parameters;

/* mailproto_mime_parameter.flags */
enum {
    MAILPROTO_MIME_PARAMETER_PLAIN = 1,     /* `value` is the value, as a decoder would give it */
    MAILPROTO_MIME_PARAMETER_QUOTED = 2,    /* it stood in quotes */
    MAILPROTO_MIME_PARAMETER_EXTENDED = 4,  /* name*=: the value has a charset and percent signs (RFC 2231 4) */
    MAILPROTO_MIME_PARAMETER_CONTINUED = 8, /* name*0=: it is in sections (RFC 2231 3) */
    MAILPROTO_MIME_PARAMETER_WORDS = 16     /* it has encoded words, where none may be (PARAMETER_WORD) */
};

/* A parameter. */
typedef struct mailproto_mime_parameter {
    uint32_t struct_size;
    uint32_t flags;
    uint64_t defects;     /* PARAMETER, PARAMETER_TWICE, PARAMETER_SECTION, PARAMETER_WORD, QUOTED_STRING */
    mailproto_text name;  /* as written, without "*0*" */
    mailproto_text value; /* as it stands, without quotes; of a continued one: of the section that came first */
    uint32_t section;     /* its first section in the list */
    uint32_t zero;
} mailproto_mime_parameter;
MAILPROTO_API int32_t mailproto_mime_parameter_init(mailproto_mime_parameter *parameter, size_t size);

/* Reads the parameters of a field: what is left of it behind the type, in mailproto_mime_content_type.parameters and the
   like. The struct is large (6 KB), but only what is needed of it is touched. Read are, besides what RFC 2045 has: missing
   and doubled semicolons, values without quotes that should have them, blanks around "=". What has no value is passed
   over (PARAMETER). Of a
   field of more than 2^32 - 1 octets the rest is not looked at (PARAMETERS_MANY). OK; ERR_ARG: NULL, or size is too
   small. */
MAILPROTO_API int32_t mailproto_mime_parameters_init(mailproto_mime_parameters *list, size_t size, const void *field,
                                                     size_t n);

/* The next parameter, in the order in which they begin: the sections of a continued one are one parameter. Where name and
   name* are both there, they are two (RFC 6266 4.3). OK; MAILPROTO_MIME_END; ERR_ARG: NULL, or a struct that was not
   prepared. */
MAILPROTO_API int32_t mailproto_mime_parameters_next(mailproto_mime_parameters *list,
                                                     mailproto_mime_parameter *parameter);

/* The one of a name (NUL-terminated, in lower case): the extended one if there is one, else the first, with PARAMETER_TWICE
   if there are more. OK; MAILPROTO_MIME_END: there is none; ERR_ARG: NULL, or a struct that was not prepared. */
MAILPROTO_API int32_t mailproto_mime_parameters_get(const mailproto_mime_parameters *list, const char *name,
                                                    mailproto_mime_parameter *parameter);

/* The parameter number `index`, below list->count, as it stands in the field: its name with "*0*" if it has that, its value
   for mailproto_mime_parameter_raw. OK; MAILPROTO_MIME_END: there are not so many; ERR_ARG: NULL, or a struct that was not
   prepared. */
MAILPROTO_API int32_t mailproto_mime_parameters_section(const mailproto_mime_parameters *list, uint32_t index,
                                                        mailproto_mime_parameter *parameter);

/* The value as UTF-8: sections put together in their order, quotes and backslashes taken off, percent signs and encoded
   words decoded, folds taken out. Blanks inside of it stay. Adds to *defects, which may be NULL. OK; ERR_ARG: NULL, or a
   parameter that is not of the list; ERR_LIMIT: it does not fit. */
MAILPROTO_API int32_t mailproto_mime_parameter_text(const mailproto_mime_parameters *list,
                                                    const mailproto_mime_parameter *parameter,
                                                    const mailproto_charset_provider *provider, char *out, size_t cap,
                                                    size_t *made, uint64_t *defects);

/* The value of one section as it stands, but without quotes, backslashes and folds: nothing is decoded or put together:
   what BODYSTRUCTURE shows, and what a boundary is. Never more octets than `value` has. OK; ERR_ARG: NULL, or a parameter
   that was not read; ERR_LIMIT: it does not fit. */
MAILPROTO_API int32_t mailproto_mime_parameter_raw(const mailproto_mime_parameter *parameter, char *out, size_t cap,
                                                   size_t *made);

/* ---- Content-Disposition: RFC 2183 ---- */

/* mailproto_mime_disposition.kind */
enum {
    MAILPROTO_MIME_DISPOSITION_NONE = 0, /* there is no type (DISPOSITION) */
    MAILPROTO_MIME_DISPOSITION_INLINE = 1,
    MAILPROTO_MIME_DISPOSITION_ATTACHMENT = 2,
    MAILPROTO_MIME_DISPOSITION_OTHER = 3 /* to be treated as an attachment (RFC 2183 2.8) */
};

/* A Content-Disposition. */
typedef struct mailproto_mime_disposition {
    uint32_t struct_size;
    uint32_t kind;
    uint64_t defects;
    mailproto_text type;       /* as written */
    mailproto_text parameters; /* all behind it: what mailproto_mime_parameters_init takes */
} mailproto_mime_disposition;
MAILPROTO_API int32_t mailproto_mime_disposition_init(mailproto_mime_disposition *disposition, size_t size);

/* Reads a Content-Disposition. OK, whatever is in it; ERR_ARG: NULL, or `disposition` was not prepared. */
MAILPROTO_API int32_t mailproto_mime_disposition_read(const void *in, size_t n,
                                                      mailproto_mime_disposition *disposition);

/* ---- file names ---- */

/* Where a name comes from: mailproto_mime_file_name.source. */
enum {
    MAILPROTO_MIME_FILE_DISPOSITION = 1, /* filename of Content-Disposition */
    MAILPROTO_MIME_FILE_TYPE = 2         /* name of Content-Type (an old custom), or filename of it (a mistake) */
};

/* mailproto_mime_file_name.flags. What is flagged is still there: nothing is cut out of a name. */
enum {
    MAILPROTO_MIME_FILE_BEST = 1,      /* this one is to be taken, if one is */
    MAILPROTO_MIME_FILE_PATH = 2,      /* it has a slash or backslash, begins as "C:", or is "." or ".." */
    MAILPROTO_MIME_FILE_CONTROL = 4,   /* it has control characters, or those that turn the direction of writing */
    MAILPROTO_MIME_FILE_EMPTY = 8,     /* it is empty, or nothing but blanks and dots */
    MAILPROTO_MIME_FILE_DIFFERENT = 16 /* it is not the same as the best */
};

/* A name that a part is given. Its text: mailproto_mime_parameter_text with the list that `source` names. */
typedef struct mailproto_mime_file_name {
    uint32_t struct_size;
    uint32_t source;
    uint32_t flags;
    uint32_t zero;
    uint64_t defects; /* those of the parameter, of decoding it, and FILE_NAMES if it is not the same as another */
    mailproto_mime_parameter parameter;
} mailproto_mime_file_name;
MAILPROTO_API int32_t mailproto_mime_file_name_init(mailproto_mime_file_name *name, size_t size);

/* Gives all names of a part. */
typedef struct mailproto_mime_file_names {
    uint32_t struct_size;
    uint32_t count;                                      /* how many there are */
    uint64_t defects;                                    /* FILE_NAMES: they are not all the same */
    const mailproto_mime_parameters *disposition, *type; /* its own from here on */
    const mailproto_charset_provider *provider;
    uint32_t source, at;
    uint32_t best_source, best_section;
    size_t best_made; /* octets of it as text */
} mailproto_mime_file_names;

/* Begins with the parameters of both fields; each may be NULL, and must live as long as the reader. The best name is: of
   those that are not empty, filename* before filename before name* before name before filename of Content-Type, and the first of each. "filename*0" is
   one of filename*. Names are compared by their first 1024 octets and their length. OK; ERR_ARG: NULL, or size is too
   small. */
MAILPROTO_API int32_t mailproto_mime_file_names_init(mailproto_mime_file_names *reader, size_t size,
                                                     const mailproto_mime_parameters *disposition,
                                                     const mailproto_mime_parameters *type,
                                                     const mailproto_charset_provider *provider);

/* The next name, those of the disposition first. OK; MAILPROTO_MIME_END; ERR_ARG: NULL, or a struct that was not
   prepared. */
MAILPROTO_API int32_t mailproto_mime_file_names_next(mailproto_mime_file_names *reader, mailproto_mime_file_name *name);

/* Decodes the best name in one call: from the values of Content-Disposition and Content-Type as they stand (NULL: there is
   none). OK; MAILPROTO_MIME_END: there is no name, *made is 0; ERR_ARG: made is NULL, or out is and cap is not 0; ERR_LIMIT: it does not fit. */
MAILPROTO_API int32_t mailproto_mime_file_name_text(const mailproto_text *disposition, const mailproto_text *type,
                                                    const mailproto_charset_provider *provider, char *out, size_t cap,
                                                    size_t *made, uint64_t *defects);

/* ---- other fields of a part ---- */

/* What a Content-Transfer-Encoding says. */
enum {
    MAILPROTO_MIME_ENCODING_UNKNOWN = 0,
    MAILPROTO_MIME_ENCODING_7BIT = 1, /* also if there is nothing in the field */
    MAILPROTO_MIME_ENCODING_8BIT = 2,
    MAILPROTO_MIME_ENCODING_BINARY = 3,
    MAILPROTO_MIME_ENCODING_QUOTED_PRINTABLE = 4,
    MAILPROTO_MIME_ENCODING_BASE64 = 5,
    MAILPROTO_MIME_ENCODING_UUENCODE = 6, /* x-uuencode, x-uue, uuencode */
    MAILPROTO_MIME_ENCODING_YENC = 7      /* x-yenc */
};

/* Reads a Content-Transfer-Encoding (RFC 2045 6). *token, which may be NULL, is its word as written. Adds to *defects,
   which may be NULL. OK, whatever is in it; ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_mime_transfer_encoding_read(const void *in, size_t n, uint32_t *encoding,
                                                            mailproto_text *token, uint64_t *defects);

/* Reads words with commas between them: Content-Language (RFC 3282), List-like and other fields. Call it with *at 0, and
   again with what it left there: each call gives one word without comments and blanks around it. OK; MAILPROTO_MIME_END;
   ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_mime_words_next(const void *in, size_t n, size_t *at, mailproto_text *word);

/* A URL as it stands in Content-Location, Content-Base (RFC 2557 4.4) or in "<>" of a List-* field: folds and blanks
   taken out, quotes around it too, encoded words decoded. OK; ERR_ARG: NULL; ERR_LIMIT: it does not fit. */
MAILPROTO_API int32_t mailproto_mime_url_text(const void *in, size_t n, char *out, size_t cap, size_t *made);

/* Reads a Content-MD5 (RFC 1864) to the 16 octets at digest. OK; ERR_ARG: NULL; ERR_PROTOCOL: it is none. */
MAILPROTO_API int32_t mailproto_mime_content_md5_read(const void *in, size_t n, uint8_t *digest);

/* A value of a structured field that may be a quoted string: quotes, backslashes, comments and folds taken off; it is not
   decoded. Never more octets than n. OK; ERR_ARG: NULL; ERR_LIMIT: it does not fit. */
MAILPROTO_API int32_t mailproto_mime_value_text(const void *in, size_t n, char *out, size_t cap, size_t *made);

/* ---- Received: RFC 5322 section 3.6.7, RFC 5321 section 4.4 ---- */

/* A line of the trace. Each clause has its words, and the comments that follow them as they stand, with their "()": those
   of `from` hold what the server saw of the client (TCP-info), those of `with` often the TLS. Of a clause that comes
   twice it is the first (FIELD_SYNTAX), as are words that belong to none. */
typedef struct mailproto_mime_received {
    uint32_t struct_size;
    uint32_t zero;
    uint64_t defects;
    mailproto_text from, from_comment;
    mailproto_text by, by_comment;
    mailproto_text via, via_comment;
    mailproto_text with, with_comment;
    mailproto_text id, id_comment;
    mailproto_text recipient, recipient_comment; /* "for" */
    mailproto_text date;                         /* behind the last semicolon: for mailproto_mime_date_read */
} mailproto_mime_received;
MAILPROTO_API int32_t mailproto_mime_received_init(mailproto_mime_received *received, size_t size);

/* Reads a Received field. OK, whatever is in it; ERR_ARG: NULL, or `received` was not prepared. */
MAILPROTO_API int32_t mailproto_mime_received_read(const void *in, size_t n, mailproto_mime_received *received);

/* ---- Authentication-Results: RFC 8601 ---- */

/* mailproto_mime_authentication.kind */
enum {
    MAILPROTO_MIME_AUTHENTICATION_METHOD = 1,  /* `name`, `version`, and the result in `value` */
    MAILPROTO_MIME_AUTHENTICATION_REASON = 2,  /* `value` */
    MAILPROTO_MIME_AUTHENTICATION_PROPERTY = 3 /* `type`.`name`=`value` */
};

/* A result, or what was looked at for it: reasons and properties follow the method they are of. */
typedef struct mailproto_mime_authentication {
    uint32_t struct_size;
    uint32_t kind;
    uint64_t defects;
    mailproto_text type;    /* "smtp", "header", "body", "policy" */
    mailproto_text name;    /* "spf", "dkim"; "mailfrom", "d" */
    mailproto_text version; /* of a method, mostly empty */
    mailproto_text value;   /* as it stands, with quotes: mailproto_mime_value_text */
    mailproto_text comment; /* behind it; without the "()" */
} mailproto_mime_authentication;
MAILPROTO_API int32_t mailproto_mime_authentication_init(mailproto_mime_authentication *item, size_t size);

/* Reads Authentication-Results and ARC-Authentication-Results. */
typedef struct mailproto_mime_authentications {
    uint32_t struct_size;
    uint32_t instance;      /* i= of ARC (RFC 8617 4.1.1), else 0 */
    uint64_t defects;       /* of what stands before the first result */
    mailproto_text server;  /* authserv-id: mailproto_mime_value_text */
    mailproto_text version; /* mostly empty: 1 */
    mailproto_text field;   /* its own from here on */
    size_t at;
    uint32_t inside; /* whether a method was given, and the `;` was not passed */
    uint32_t zero;
} mailproto_mime_authentications;

/* Begins with a field's n octets, and reads who it is from. OK; ERR_ARG: NULL, or size is too small. */
MAILPROTO_API int32_t mailproto_mime_authentications_init(mailproto_mime_authentications *reader, size_t size,
                                                          const void *field, size_t n);

/* The next method, reason or property. "none" gives no item. What is neither is passed over (FIELD_SYNTAX of the next
   item). OK; MAILPROTO_MIME_END; ERR_ARG: NULL, or a struct that was not prepared. */
MAILPROTO_API int32_t mailproto_mime_authentications_next(mailproto_mime_authentications *reader,
                                                          mailproto_mime_authentication *item);

/* ---- mailing lists: RFC 2369, 2919, 8058 ---- */

/* mailproto_mime_list_item.kind */
enum {
    MAILPROTO_MIME_LIST_URL = 1, /* `text` is what stands in "<>": mailproto_mime_url_text */
    MAILPROTO_MIME_LIST_NO = 2,  /* "NO": List-Post says that nobody may post (RFC 2369 3.4) */
    MAILPROTO_MIME_LIST_TEXT = 3 /* a word without "<>" (FIELD_SYNTAX) */
};

/* One of the ways that a List-* field names, in the order in which they are preferred. */
typedef struct mailproto_mime_list_item {
    uint32_t struct_size;
    uint32_t kind;
    uint64_t defects;
    mailproto_text text;
    mailproto_text comment; /* beside it, without the "()" */
} mailproto_mime_list_item;
MAILPROTO_API int32_t mailproto_mime_list_item_init(mailproto_mime_list_item *item, size_t size);

/* Gives the next one of List-Help, -Unsubscribe, -Subscribe, -Post, -Owner, -Archive. Call it with *at 0, and again with
   what it left there. OK; MAILPROTO_MIME_END; ERR_ARG: NULL, or `item` was not prepared. */
MAILPROTO_API int32_t mailproto_mime_list_next(const void *in, size_t n, size_t *at, mailproto_mime_list_item *item);

/* Reads a List-Id (RFC 2919): *id is what stands in "<>", or all of it; *description the phrase before it, as it stands,
   for mailproto_mime_text_decode. Adds to *defects, which may be NULL. OK; ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_mime_list_id_read(const void *in, size_t n, mailproto_text *id,
                                                  mailproto_text *description, uint64_t *defects);

/* Whether a List-Unsubscribe-Post says "List-Unsubscribe=One-Click" (RFC 8058 3.1): 1 or 0. */
MAILPROTO_API int32_t mailproto_mime_list_is_one_click(const void *in, size_t n);

#ifdef __cplusplus
}
#endif
#endif
