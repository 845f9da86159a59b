/* mailproto/mime_report.h - reports as typed values, and two forms of text: DSN, MDN, ARF, message/partial, format=flowed.
 *
 * RFC 3464, RFC 8098, RFC 5965, RFC 2046 section 5.2.2, RFC 3676. Nothing here allocates, but for what a builder does for
 * the data it is given. Readers are structs of the host's; texts that are read point into the octets, as they stand there:
 * perhaps folded (mailproto_mime_text_unfold), dates for mailproto_mime_date_read. Texts that are not there are empty.
 * Where `out` is written to, ERR_LIMIT says that it does not fit: *made is the need, and `out` may hold a part; with out
 * NULL and cap 0 it is only measured. Every function may be called anywhere.
 *
 * A report is a multipart/report (RFC 6522): text for people, then the part that is built here, then what it is about:
 *
 *     mailproto_mime_builder_multipart(b, 0, "report");
 *     mailproto_mime_builder_parameter(b, "report-type", "delivery-status", 15);
 *     ... _add and _leaf: the text; _add and mailproto_mime_builder_dsn; _add and _leaf: message/rfc822 or text/rfc822-headers
 */
#ifndef MAILPROTO_MIME_REPORT_H
#define MAILPROTO_MIME_REPORT_H

#include "mime_builder.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the fields of a report ---- */

/* Reads the octets of a report: blocks of fields, with empty lines between. */
typedef struct mailproto_mime_report_reader {
    uint32_t struct_size;
    uint32_t zero;
    mailproto_text octets; /* its own from here on */
    size_t at;
} mailproto_mime_report_reader;

/* Begins with the decoded body of the part. OK; ERR_ARG: NULL, or size is too small. */
MAILPROTO_API int32_t mailproto_mime_report_init(mailproto_mime_report_reader *reader, size_t size, const void *octets,
                                                 size_t n);

/* The next field of the block that is being read, in any case of letters and of any name: for those that may be there more
   than once, and those that nobody knows. A line without a colon is passed over. OK; MAILPROTO_MIME_END: the block has no more;
   ERR_ARG: NULL, or a struct that was not prepared. */
MAILPROTO_API int32_t mailproto_mime_report_field(mailproto_mime_report_reader *reader, mailproto_text *name,
                                                  mailproto_text *value);

/* Goes to the next block. OK; MAILPROTO_MIME_END: there is none; ERR_ARG: NULL, or a struct that was not prepared. */
MAILPROTO_API int32_t mailproto_mime_report_block(mailproto_mime_report_reader *reader);

/* ---- delivery status: RFC 3464 ---- */

/* The fields of the message. "type; text" fields are two texts: where no type is said, it is empty. */
typedef struct mailproto_mime_dsn {
    uint32_t struct_size;
    uint32_t zero;
    uint64_t defects;                                 /* FIELD_SYNTAX: what must be there is not */
    mailproto_text envelope_id;                       /* Original-Envelope-Id */
    mailproto_text reporting_mta_type, reporting_mta; /* "dns", "mail.example.org"; must be there */
    mailproto_text gateway_type, gateway;
    mailproto_text received_from_type, received_from;
    mailproto_text arrival_date;
} mailproto_mime_dsn;
MAILPROTO_API int32_t mailproto_mime_dsn_init(mailproto_mime_dsn *dsn, size_t size);

/* mailproto_mime_dsn_recipient.action */
enum {
    MAILPROTO_MIME_ACTION_OTHER = 0,
    MAILPROTO_MIME_ACTION_FAILED = 1,
    MAILPROTO_MIME_ACTION_DELAYED = 2,
    MAILPROTO_MIME_ACTION_DELIVERED = 3,
    MAILPROTO_MIME_ACTION_RELAYED = 4,
    MAILPROTO_MIME_ACTION_EXPANDED = 5
};

/* What became of one recipient. */
typedef struct mailproto_mime_dsn_recipient {
    uint32_t struct_size;
    uint32_t action;  /* MAILPROTO_MIME_ACTION_...; must be there */
    uint64_t defects; /* FIELD_SYNTAX: what must be there is not, or is none */
    mailproto_text original_recipient_type, original_recipient;
    mailproto_text final_recipient_type, final_recipient; /* "rfc822", "a@example.org"; must be there */
    mailproto_text action_text;                           /* read only */
    mailproto_text status;                                /* "5.1.1"; must be there */
    mailproto_text remote_mta_type, remote_mta;
    mailproto_text diagnostic_type, diagnostic; /* "smtp", "550 5.1.1 No such user" */
    mailproto_text last_attempt_date;
    mailproto_text final_log_id;
    mailproto_text will_retry_until;
} mailproto_mime_dsn_recipient;
MAILPROTO_API int32_t mailproto_mime_dsn_recipient_init(mailproto_mime_dsn_recipient *recipient, size_t size);

/* Makes a node a message/delivery-status of the message and its recipients, an array of structs of the first's size; with
   octets above 127, which need SMTPUTF8, message/global-delivery-status (RFC 6533). OK; ERR_ARG: something that must be there
   is not, a text that breaks the line or the syntax; or an error of mailproto_mime_builder_leaf. */
MAILPROTO_API int32_t mailproto_mime_builder_dsn(mailproto_mime_builder *b, uint32_t node,
                                                 const mailproto_mime_dsn *dsn,
                                                 const mailproto_mime_dsn_recipient *recipients, size_t count);

/* Reads the block of the message, the first one. OK, whatever is in it; ERR_ARG: NULL, or a struct that was not prepared. */
MAILPROTO_API int32_t mailproto_mime_dsn_read(mailproto_mime_report_reader *reader, mailproto_mime_dsn *dsn);

/* Goes to the block of the next recipient and reads it. OK; MAILPROTO_MIME_END; ERR_ARG: NULL, or a struct that was not
   prepared. */
MAILPROTO_API int32_t mailproto_mime_dsn_next(mailproto_mime_report_reader *reader,
                                              mailproto_mime_dsn_recipient *recipient);

/* ---- disposition of a message: RFC 8098 ---- */

/* mailproto_mime_mdn.flags */
enum {
    MAILPROTO_MIME_MDN_AUTOMATIC_ACTION = 1,  /* else manual-action */
    MAILPROTO_MIME_MDN_SENT_AUTOMATICALLY = 2 /* else MDN-sent-manually */
};

/* What became of a message at its reader's. */
typedef struct mailproto_mime_mdn {
    uint32_t struct_size;
    uint32_t flags;
    uint64_t defects;
    mailproto_text reporting_ua;
    mailproto_text gateway_type, gateway;
    mailproto_text original_recipient_type, original_recipient;
    mailproto_text final_recipient_type, final_recipient; /* must be there */
    mailproto_text original_message_id;                   /* with its "<>" */
    mailproto_text disposition; /* "displayed", "deleted", "dispatched", "processed"; must be there */
    mailproto_text modifiers;   /* "error" */
    mailproto_text error;       /* the first of them */
} mailproto_mime_mdn;
MAILPROTO_API int32_t mailproto_mime_mdn_init(mailproto_mime_mdn *mdn, size_t size);

/* Makes a node a message/disposition-notification, or with octets above 127 message/global-disposition-notification. OK; the
   errors of mailproto_mime_builder_dsn. */
MAILPROTO_API int32_t mailproto_mime_builder_mdn(mailproto_mime_builder *b, uint32_t node,
                                                 const mailproto_mime_mdn *mdn);

/* Reads one. OK, whatever is in it; ERR_ARG: NULL, or a struct that was not prepared. */
MAILPROTO_API int32_t mailproto_mime_mdn_read(const void *octets, size_t n, mailproto_mime_mdn *mdn);

/* ---- feedback about abuse: RFC 5965 ---- */

/* A report of feedback. Of those that may be there more than once it is the first; mailproto_mime_report_field gives all. */
typedef struct mailproto_mime_arf {
    uint32_t struct_size;
    uint32_t zero;
    uint64_t defects;
    mailproto_text feedback_type; /* "abuse", "fraud", "virus", "other", "not-spam", "auth-failure"; must be there */
    mailproto_text user_agent;    /* must be there */
    mailproto_text version;       /* empty is written as "1" */
    mailproto_text envelope_id;
    mailproto_text mail_from; /* Original-Mail-From, with its "<>" */
    mailproto_text rcpt_to;   /* Original-Rcpt-To, with its "<>" */
    mailproto_text arrival_date;
    mailproto_text reporting_mta_type, reporting_mta;
    mailproto_text source_ip;
    mailproto_text incidents; /* a number */
    mailproto_text authentication_results;
    mailproto_text reported_domain;
    mailproto_text reported_uri;
} mailproto_mime_arf;
MAILPROTO_API int32_t mailproto_mime_arf_init(mailproto_mime_arf *arf, size_t size);

/* Makes a node a message/feedback-report. OK; the errors of mailproto_mime_builder_dsn. */
MAILPROTO_API int32_t mailproto_mime_builder_arf(mailproto_mime_builder *b, uint32_t node,
                                                 const mailproto_mime_arf *arf);

/* Reads one. OK, whatever is in it; ERR_ARG: NULL, or a struct that was not prepared. */
MAILPROTO_API int32_t mailproto_mime_arf_read(const void *octets, size_t n, mailproto_mime_arf *arf);

/* ---- message/partial: RFC 2046 section 5.2.2 ---- */

/* Writes fragment `number`, from 1 on, of a message that is cut into fragments with at most `most` octets of it each, at line
   ends; *total is how many there are. `id` ("x@example.org") is the same for all, and what the Message-ID of each is made of.
   OK; ERR_ARG: NULL, an id that is none, no such fragment, most is 0; ERR_UNSUPPORTED: the message has octets above 127, NUL or
   a line longer than `most`, so it cannot be cut; ERR_LIMIT. */
MAILPROTO_API int32_t mailproto_mime_partial_split(const void *message, size_t n, size_t most, uint32_t number,
                                                   const char *id, size_t id_n, uint32_t *total, void *out, size_t cap,
                                                   size_t *made);

/* Joins the fragments, count whole messages in any order, to the message that they were, its
   header fields perhaps in another order: all of one id, each number once, and the
   total said by one of them at least. Takes time by count * count. OK; ERR_ARG: NULL, one is no fragment, or of another
   message, or is there twice; ERR_NOT_FOUND: one is missing, or none says how many there are; ERR_LIMIT. */
MAILPROTO_API int32_t mailproto_mime_partial_join(const mailproto_text *fragments, uint32_t count, void *out,
                                                  size_t cap, size_t *made);

/* ---- format=flowed: RFC 3676 ---- */

enum {
    MAILPROTO_MIME_FLOWED_DELSP = 1, /* DelSp=yes: the space at the end of a soft line is none of the text */
    MAILPROTO_MIME_FLOWED_QUOTED = 2 /* encoder: ">" at the begin of a line are quote marks, not text */
};

/* A line, as it was sent. */
typedef struct mailproto_mime_flowed_line {
    uint32_t struct_size;
    uint32_t soft;  /* 1: it goes on in the next line */
    uint32_t depth; /* how deep it is quoted */
    uint32_t zero;
    mailproto_text text; /* without quote marks, the stuffed space and, with DelSp, the space of a soft line */
} mailproto_mime_flowed_line;
MAILPROTO_API int32_t mailproto_mime_flowed_line_init(mailproto_mime_flowed_line *line, size_t size);

/* Reads a body, line for line. */
typedef struct mailproto_mime_flowed_reader {
    uint32_t struct_size;
    uint32_t flags;
    mailproto_text octets; /* its own from here on */
    size_t at;
} mailproto_mime_flowed_reader;

/* Begins with a decoded body; flags: DELSP. OK; ERR_ARG: NULL, or size is too small. */
MAILPROTO_API int32_t mailproto_mime_flowed_init(mailproto_mime_flowed_reader *reader, size_t size, const void *octets,
                                                 size_t n, uint32_t flags);

/* The next line. A soft line that is followed by one of another depth, by the signature ("-- ") or by nothing is a hard one. OK;
   MAILPROTO_MIME_END; ERR_ARG: NULL, or a struct that was not prepared. */
MAILPROTO_API int32_t mailproto_mime_flowed_next(mailproto_mime_flowed_reader *reader,
                                                 mailproto_mime_flowed_line *line);

/* The whole as plain text: each paragraph is a line that ends with LF, behind ">" for its depth and a space, if it is
   quoted. OK; ERR_ARG: NULL; ERR_LIMIT. */
MAILPROTO_API int32_t mailproto_mime_flowed_decode(const void *in, size_t n, uint32_t flags, char *out, size_t cap,
                                                   size_t *made);

/* The other way: each line of the text (ended with LF or CRLF) is a paragraph, which is put into lines of at most `width`
   octets with their quote marks (0: 72; at least 20) where it has blanks; with DELSP, next to characters that are not ASCII, too.
   Blanks and CRs at the end of a paragraph are dropped, but for "-- ". Lines end with CRLF. OK; ERR_ARG: NULL, a width that is too small;
   ERR_LIMIT. */
MAILPROTO_API int32_t mailproto_mime_flowed_encode(const void *in, size_t n, uint32_t flags, size_t width, char *out,
                                                   size_t cap, size_t *made);

#ifdef __cplusplus
}
#endif
#endif
