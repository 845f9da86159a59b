/* mailproto/mime_parser.h - a message in pieces: header fields, parts and bodies as they come, RFC 5322, 2045 and 2046.
 *
 * The parser takes a message in any pieces and keeps of it what a cut makes it keep: a header field that is not whole,
 * a line that may be a boundary. So its memory does not depend on the size of the message, and the events are the
 * same however it was cut (body slices joined). mailproto/mime_tree.h gives the same of a message that is in memory.
 *
 * EVENTS     Of every part, in this order: PART, a FIELD for each header field, HEADER_END, then BODY slices of a leaf
 *            or the parts inside of it, PART_END. MESSAGE_END is the last of all. A DEFECT stands behind the FIELD that
 *            it is about, before HEADER_END if it is about the header, before PART_END if it is about the body; each
 *            kind is told once a part, with the offset of the first.
 *            The message itself is part 0. Parts are numbered as they begin, so as in mime_tree.h.
 * CALLBACKS  A parser made with a table of callbacks calls them from feed and end. One made without (NULL) is polled:
 *            after feed and end, next_event until it gives none. Payloads live until the callback returns (polled:
 *            until next_event is called again, and the piece that was fed stays untouched until next_event gave NULL).
 *            A callback answers 0, or a negative code that stops the parser: feed or end answers with it, and so does
 *            every later call. A host that wants to pause polls: it calls next_event when it can take more.
 *            In a callback _decode and _free may be called; feed, end and next_event are ERR_REENTRANT (NULL).
 * NEVER      fails for what a message holds: see mime_defect.h. Beyond a limit the rest is one opaque part.
 */
#ifndef MAILPROTO_MIME_PARSER_H
#define MAILPROTO_MIME_PARSER_H

#include "mime_content.h"
#include "mime_defect.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what parser and tree share ---- */

/* Header fields that have a number: X(NAME, number, "name in lower case"). Numbers are below 64, explicit and only ever
   added to; a field that is not here has 0. */
#define MAILPROTO_MIME_FIELD_TABLE(X)                                                                                  \
    X(FROM, 1, "from")                                                                                                 \
    X(SENDER, 2, "sender")                                                                                             \
    X(REPLY_TO, 3, "reply-to")                                                                                         \
    X(TO, 4, "to")                                                                                                     \
    X(CC, 5, "cc")                                                                                                     \
    X(BCC, 6, "bcc")                                                                                                   \
    X(DATE, 7, "date")                                                                                                 \
    X(SUBJECT, 8, "subject")                                                                                           \
    X(MESSAGE_ID, 9, "message-id")                                                                                     \
    X(IN_REPLY_TO, 10, "in-reply-to")                                                                                  \
    X(REFERENCES, 11, "references")                                                                                    \
    X(COMMENTS, 12, "comments")                                                                                        \
    X(KEYWORDS, 13, "keywords")                                                                                        \
    X(MIME_VERSION, 14, "mime-version")                                                                                \
    X(CONTENT_TYPE, 15, "content-type")                                                                                \
    X(CONTENT_TRANSFER_ENCODING, 16, "content-transfer-encoding")                                                      \
    X(CONTENT_DISPOSITION, 17, "content-disposition")                                                                  \
    X(CONTENT_ID, 18, "content-id")                                                                                    \
    X(CONTENT_DESCRIPTION, 19, "content-description")                                                                  \
    X(CONTENT_LANGUAGE, 20, "content-language")                                                                        \
    X(CONTENT_LOCATION, 21, "content-location")                                                                        \
    X(CONTENT_MD5, 22, "content-md5")                                                                                  \
    X(RECEIVED, 23, "received")                                                                                        \
    X(RETURN_PATH, 24, "return-path")                                                                                  \
    X(RESENT_DATE, 25, "resent-date")                                                                                  \
    X(RESENT_FROM, 26, "resent-from")                                                                                  \
    X(RESENT_SENDER, 27, "resent-sender")                                                                              \
    X(RESENT_TO, 28, "resent-to")                                                                                      \
    X(RESENT_CC, 29, "resent-cc")                                                                                      \
    X(RESENT_BCC, 30, "resent-bcc")                                                                                    \
    X(RESENT_MESSAGE_ID, 31, "resent-message-id")                                                                      \
    X(DELIVERED_TO, 32, "delivered-to")                                                                                \
    X(ENVELOPE_TO, 33, "envelope-to")                                                                                  \
    X(X_ORIGINAL_TO, 34, "x-original-to")                                                                              \
    X(DKIM_SIGNATURE, 35, "dkim-signature")                                                                            \
    X(AUTHENTICATION_RESULTS, 36, "authentication-results")                                                            \
    X(ARC_SEAL, 37, "arc-seal")                                                                                        \
    X(ARC_MESSAGE_SIGNATURE, 38, "arc-message-signature")                                                              \
    X(ARC_AUTHENTICATION_RESULTS, 39, "arc-authentication-results")                                                    \
    X(RECEIVED_SPF, 40, "received-spf")                                                                                \
    X(LIST_ID, 41, "list-id")                                                                                          \
    X(LIST_HELP, 42, "list-help")                                                                                      \
    X(LIST_POST, 43, "list-post")                                                                                      \
    X(LIST_OWNER, 44, "list-owner")                                                                                    \
    X(LIST_ARCHIVE, 45, "list-archive")                                                                                \
    X(LIST_SUBSCRIBE, 46, "list-subscribe")                                                                            \
    X(LIST_UNSUBSCRIBE, 47, "list-unsubscribe")                                                                        \
    X(LIST_UNSUBSCRIBE_POST, 48, "list-unsubscribe-post")                                                              \
    X(DISPOSITION_NOTIFICATION_TO, 49, "disposition-notification-to")                                                  \
    X(RETURN_RECEIPT_TO, 50, "return-receipt-to")                                                                      \
    X(AUTO_SUBMITTED, 51, "auto-submitted")                                                                            \
    X(PRECEDENCE, 52, "precedence")                                                                                    \
    X(PRIORITY, 53, "priority")                                                                                        \
    X(IMPORTANCE, 54, "importance")                                                                                    \
    X(X_PRIORITY, 55, "x-priority")                                                                                    \
    X(X_MAILER, 56, "x-mailer")                                                                                        \
    X(USER_AGENT, 57, "user-agent")                                                                                    \
    X(ORGANIZATION, 58, "organization")                                                                                \
    X(THREAD_TOPIC, 59, "thread-topic")                                                                                \
    X(THREAD_INDEX, 60, "thread-index")                                                                                \
    X(AUTOCRYPT, 61, "autocrypt")

enum {
    MAILPROTO_MIME_FIELD_OTHER = 0,
#define MAILPROTO_MIME_FIELD_ENUM(name, value, text) MAILPROTO_MIME_FIELD_##name = value,
    MAILPROTO_MIME_FIELD_TABLE(MAILPROTO_MIME_FIELD_ENUM)
#undef MAILPROTO_MIME_FIELD_ENUM
        MAILPROTO_MIME_FIELDS = 64 /* all numbers are below */
};

/* The number of a field by its name, in any case: MAILPROTO_MIME_FIELD_OTHER if it has none. */
MAILPROTO_API uint32_t mailproto_mime_field_id(const char *name, size_t n);

/* The name of a number in lower case, static; NULL: there is none of this number. */
MAILPROTO_API const char *mailproto_mime_field_name(uint32_t id);

enum {
    MAILPROTO_MIME_FIELD_FOLDED = 1,   /* it has more than one line */
    MAILPROTO_MIME_FIELD_EIGHT_BIT = 2 /* it has octets above 127 */
};

/* A header field, raw. */
typedef struct mailproto_mime_field {
    uint32_t struct_size;
    uint32_t id;          /* MAILPROTO_MIME_FIELD_... */
    uint32_t flags;       /* MAILPROTO_MIME_FIELD_FOLDED, _EIGHT_BIT */
    uint32_t part;        /* whose it is */
    uint64_t offset;      /* of its first octet */
    mailproto_text name;  /* as it stands there, without blanks before the colon */
    mailproto_text value; /* behind the colon and the blanks there, to its last line end, which is not in it; line ends
                             inside of it are */
    mailproto_text raw;   /* all of it, with the last line end */
} mailproto_mime_field;
MAILPROTO_API int32_t mailproto_mime_field_init(mailproto_mime_field *field, size_t size);

/* What a part is made of. */
enum {
    MAILPROTO_MIME_LEAF = 0,
    MAILPROTO_MIME_MULTIPART = 1, /* has parts between boundaries */
    MAILPROTO_MIME_MESSAGE = 2    /* message/rfc822, message/global: has one part, the message */
};

/* What was seen of a part: `flags`. Those of a body are told of leaves only. */
enum {
    MAILPROTO_MIME_PART_OPAQUE = 1,       /* its structure was not looked at: a limit, or no boundary */
    MAILPROTO_MIME_PART_DEFAULT_TYPE = 2, /* it has no Content-Type, or none that can be read */
    MAILPROTO_MIME_PART_CLOSED = 4,       /* multipart: its last boundary was there */
    MAILPROTO_MIME_PART_HEADER_END = 8,   /* an empty line ends the header */
    MAILPROTO_MIME_PART_HEADER_EIGHT_BIT = 16,
    MAILPROTO_MIME_PART_HEADER_NUL = 32,
    MAILPROTO_MIME_PART_HEADER_BARE_LF = 64,
    MAILPROTO_MIME_PART_HEADER_BARE_CR = 128,
    MAILPROTO_MIME_PART_HEADER_LONG_LINE = 256,
    MAILPROTO_MIME_PART_BODY_EIGHT_BIT = 512,
    MAILPROTO_MIME_PART_BODY_NUL = 1024,
    MAILPROTO_MIME_PART_BODY_BARE_LF = 2048,
    MAILPROTO_MIME_PART_BODY_BARE_CR = 4096,
    MAILPROTO_MIME_PART_BODY_LONG_LINE = 8192
};

/* "No such part", where the index of one is given. */
enum { MAILPROTO_MIME_NO_PART = 0x7fffffff };

/* Limits, and where memory comes from: of the parser and of the tree. */
typedef struct mailproto_mime_config {
    uint32_t struct_size;
    uint32_t flags;      /* parser: MAILPROTO_MIME_PARSER_... */
    uint32_t max_depth;  /* parts in parts; 0: 100; UNLIMITED. A multipart or message below is one opaque leaf */
    uint32_t max_parts;  /* 0: 10000; UNLIMITED. Behind them is one opaque leaf to the end of the message */
    uint64_t max_header; /* octets of all headers of the message; 0: 10 MiB; at most, and with UNLIMITED_64, 4 GiB - 1.
                            The field that exceeds it begins the body of its part, which is then an opaque leaf */
    const mailproto_allocator *allocator; /* NULL: the C library's */
} mailproto_mime_config;
MAILPROTO_API int32_t mailproto_mime_config_init(mailproto_mime_config *config, size_t size);

/* ---- the parser ---- */

enum {
    MAILPROTO_MIME_PARSER_DECODE = 1,   /* bodies of leaves come decoded, if nothing else is said at HEADER_END */
    MAILPROTO_MIME_PARSER_UNFOLD = 2,   /* FIELD events have the unfolded value, too */
    MAILPROTO_MIME_PARSER_BETWEEN = 4,  /* BODY events of multiparts, too: what stands before the first boundary and
                                          behind the last one */
    MAILPROTO_MIME_PARSER_NO_BODIES = 8 /* no BODY events, if nothing else is said at HEADER_END */
};

enum {
    MAILPROTO_MIME_EVENT_PART = 0x100,       /* mailproto_mime_part_event */
    MAILPROTO_MIME_EVENT_FIELD = 0x101,      /* mailproto_mime_field_event */
    MAILPROTO_MIME_EVENT_HEADER_END = 0x102, /* mailproto_mime_header_end */
    MAILPROTO_MIME_EVENT_BODY = 0x103,       /* mailproto_mime_body */
    MAILPROTO_MIME_EVENT_PART_END = 0x104,   /* mailproto_mime_part_end */
    MAILPROTO_MIME_EVENT_DEFECT = 0x105,     /* mailproto_mime_defect */
    MAILPROTO_MIME_EVENT_MESSAGE_END = 0x106 /* mailproto_mime_message_end */
};

/* A part begins, with its header. */
typedef struct mailproto_mime_part_event {
    mailproto_event head;
    uint32_t part;   /* its number; 0 is the message */
    uint32_t parent; /* MAILPROTO_MIME_NO_PART: it is the message */
    uint32_t depth;  /* how many parts it is in */
    uint32_t number; /* among the parts of its parent, from 1 on */
    uint64_t begin;  /* offset of its first octet */
} mailproto_mime_part_event;

/* A header field. */
typedef struct mailproto_mime_field_event {
    mailproto_event head;
    mailproto_mime_field field;
    mailproto_text unfolded; /* with UNFOLD: the value without line ends (RFC 5322 2.2.3); else empty */
} mailproto_mime_field_event;

/* The header is complete: what the part is, is known. */
typedef struct mailproto_mime_header_end {
    mailproto_event head;
    uint32_t part;
    uint32_t kind;          /* MAILPROTO_MIME_LEAF, _MULTIPART, _MESSAGE */
    uint32_t encoding;      /* MAILPROTO_MIME_ENCODING_...: see mime_content.h */
    uint32_t flags;         /* MAILPROTO_MIME_PART_...: those of the header */
    mailproto_text type;    /* "text": as written; the default where there is none */
    mailproto_text subtype; /* "plain" */
    uint64_t body;          /* offset of the first octet of the body */
    uint64_t lines;         /* LFs of the header, with the empty line */
} mailproto_mime_header_end;

enum {
    MAILPROTO_MIME_BODY_RAW = 0,
    MAILPROTO_MIME_BODY_DECODED = 1,
    MAILPROTO_MIME_BODY_PREAMBLE = 2, /* of a multipart, with BETWEEN: raw */
    MAILPROTO_MIME_BODY_EPILOGUE = 3
};

/* A piece of a body, not empty. */
typedef struct mailproto_mime_body {
    mailproto_event head;
    uint32_t part;
    uint32_t form;   /* MAILPROTO_MIME_BODY_... */
    uint64_t offset; /* raw: of its first octet in the message; decoded: in the decoded body */
    mailproto_text bytes;
} mailproto_mime_body;

/* A part is over. */
typedef struct mailproto_mime_part_end {
    mailproto_event head;
    uint32_t part;
    uint32_t flags;            /* MAILPROTO_MIME_PART_... */
    uint64_t begin, body, end; /* offsets: of its first octet, of the first of its body, behind the last */
    uint64_t lines;            /* LFs from body to end */
    uint64_t decoded;          /* octets of BODY events with form DECODED */
    uint64_t defects;          /* set of all that was told of it */
} mailproto_mime_part_end;

/* Something is wrong. */
typedef struct mailproto_mime_defect {
    mailproto_event head;
    uint32_t part;
    uint32_t kind;   /* MAILPROTO_MIME_DEFECT_... */
    uint64_t offset; /* of the octet that is meant */
} mailproto_mime_defect;

/* The message is over. */
typedef struct mailproto_mime_message_end {
    mailproto_event head;
    uint32_t parts;
    uint32_t unused;
    uint64_t octets;  /* all that were fed */
    uint64_t lines;   /* LFs in them */
    uint64_t header;  /* octets of headers */
    uint64_t defects; /* set of all that was told */
} mailproto_mime_message_end;

typedef struct mailproto_mime_parser mailproto_mime_parser;

/* What a host hears. NULL: it does not want to. Each answers 0, or a negative code that stops the parser. */
typedef struct mailproto_mime_callbacks {
    uint32_t struct_size;
    int32_t (*on_part)(mailproto_mime_parser *p, const mailproto_mime_part_event *event, void *user);
    int32_t (*on_field)(mailproto_mime_parser *p, const mailproto_mime_field_event *event, void *user);
    int32_t (*on_header_end)(mailproto_mime_parser *p, const mailproto_mime_header_end *event, void *user);
    int32_t (*on_body)(mailproto_mime_parser *p, const mailproto_mime_body *event, void *user);
    int32_t (*on_part_end)(mailproto_mime_parser *p, const mailproto_mime_part_end *event, void *user);
    int32_t (*on_defect)(mailproto_mime_parser *p, const mailproto_mime_defect *event, void *user);
    int32_t (*on_message_end)(mailproto_mime_parser *p, const mailproto_mime_message_end *event, void *user);
} mailproto_mime_callbacks;
MAILPROTO_API int32_t mailproto_mime_callbacks_init(mailproto_mime_callbacks *callbacks, size_t size);

/* Makes a parser. config and callbacks are copied and may be NULL: defaults; a polled parser. *out is freed by _free.
   OK; ERR_ARG: out is NULL, a struct is malformed; ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_mime_parser_new(const mailproto_mime_config *config,
                                                const mailproto_mime_callbacks *callbacks, void *user,
                                                mailproto_mime_parser **out);

/* Frees it; NULL is ignored. In a callback it takes effect when feed or end returns, and that answers FREED. */
MAILPROTO_API void mailproto_mime_parser_free(mailproto_mime_parser *p);

/* Gives the next piece of the message; with callbacks all of it is used or copied when it returns. OK; FREED; what a
   callback stopped it with; ERR_NOMEM, final; ERR_ARG: NULL; ERR_STATE: it was ended, or polled and next_event did not
   yet give NULL; ERR_REENTRANT. */
MAILPROTO_API int32_t mailproto_mime_parser_feed(mailproto_mime_parser *p, const void *data, size_t n);

/* Says that this was all. Answers as feed does. */
MAILPROTO_API int32_t mailproto_mime_parser_end(mailproto_mime_parser *p);

/* The next event of a polled parser, NULL if there is none now or in a callback. */
MAILPROTO_API const mailproto_event *mailproto_mime_parser_next_event(mailproto_mime_parser *p);

/* Why the parser stopped: OK, it did not; else the code of a callback, or ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_mime_parser_error(const mailproto_mime_parser *p);

/* How the body of a part is to come. */
enum {
    MAILPROTO_MIME_AS_RAW = 1,
    MAILPROTO_MIME_AS_DECODED = 2,
    MAILPROTO_MIME_AS_NOTHING = 3 /* no BODY events */
};

/* Says at HEADER_END of a leaf (in its callback; polled: before next_event is called again) how its body is to come.
   OK; ERR_ARG: NULL, unknown; ERR_STATE: it is not the moment. */
MAILPROTO_API int32_t mailproto_mime_parser_decode(mailproto_mime_parser *p, uint32_t as);

/* Makes it ready for another message, with the same config; what it allocated is kept for it. OK; ERR_ARG: NULL;
   ERR_REENTRANT. */
MAILPROTO_API int32_t mailproto_mime_parser_reset(mailproto_mime_parser *p);

/* The most octets that a parser of this config (NULL: the default) has allocated at any time. SIZE_MAX: no size holds
   it. */
MAILPROTO_API size_t mailproto_mime_parser_memory_max(const mailproto_mime_config *config);

#ifdef __cplusplus
}
#endif
#endif
