/* server_replies.h - every reply that the server makes by itself, in one table, and putting replies on the wire.
 * RFC 5321 section 4.2, RFC 2034, RFC 3463, RFC 5248. */
#ifndef MP_SMTP_SERVER_REPLIES_H
#define MP_SMTP_SERVER_REPLIES_H

#include "mailproto/base.h"

enum {
    MP_REPLY_HOSTED = 1, /* the host's name stands before the text */
    MP_REPLY_BAD = 2     /* counts as a bad command */
};

/* X(NAME, code, "enhanced code and a space", "text", flags) */
#define MP_SMTP_REPLIES(X)                                                                                             \
    X(STARTTLS_GO, 220, "2.0.0 ", "Ready to start TLS", 0)                                                             \
    X(BYE, 221, "2.0.0 ", "closing connection", MP_REPLY_HOSTED)                                                       \
    X(AUTH_OK, 235, "2.7.0 ", "Authentication successful", 0)                                                          \
    X(OK, 250, "2.0.0 ", "OK", 0)                                                                                      \
    X(SENDER_OK, 250, "2.1.0 ", "Sender OK", 0)                                                                        \
    X(RECIPIENT_OK, 250, "2.1.5 ", "Recipient OK", 0)                                                                  \
    X(MESSAGE_OK, 250, "2.0.0 ", "Message accepted", 0)                                                                \
    X(CHUNK_OK, 250, "2.0.0 ", "Chunk received", 0)                                                                    \
    X(CANNOT_VERIFY, 252, "2.1.5 ", "Cannot verify, but will take messages", 0)                                        \
    X(DATA_GO, 354, "", "End data with <CRLF>.<CRLF>", 0)                                                              \
    X(CLOSING_DOWN, 421, "4.3.2 ", "closing down", MP_REPLY_HOSTED)                                                    \
    X(NOT_AVAILABLE, 421, "4.3.0 ", "service not available", MP_REPLY_HOSTED)                                          \
    X(TIMED_OUT, 421, "4.4.2 ", "waited too long, closing connection", MP_REPLY_HOSTED)                                \
    X(TOO_MANY_ERRORS, 421, "4.7.0 ", "too many errors, closing connection", MP_REPLY_HOSTED)                          \
    X(TOO_MANY_MESSAGES, 421, "4.7.0 ", "too many messages, closing connection", MP_REPLY_HOSTED)                      \
    X(TOO_MUCH_SKIPPED, 421, "4.7.0 ", "too much data for a refused message", MP_REPLY_HOSTED)                         \
    X(LOCAL_ERROR, 451, "4.3.0 ", "Local error in processing", 0)                                                      \
    X(NO_DATE, 451, "4.3.5 ", "No date for the Received field: set_wall was not called", 0)                            \
    X(TOO_MANY_RECIPIENTS, 452, "4.5.3 ", "Too many recipients", 0)                                                    \
    X(AUTH_LATER, 454, "4.7.0 ", "Temporary authentication failure", 0)                                                \
    X(UNKNOWN_COMMAND, 500, "5.5.1 ", "Command not recognized", MP_REPLY_BAD)                                          \
    X(LONG_LINE, 500, "5.5.2 ", "Line too long", MP_REPLY_BAD)                                                         \
    X(BAD_OCTET, 500, "5.5.2 ", "Bare CR, bare LF or NUL in a command", MP_REPLY_BAD)                                  \
    X(LONG_AUTH_LINE, 500, "5.5.6 ", "Authentication line too long", MP_REPLY_BAD)                                     \
    X(SYNTAX, 501, "5.5.4 ", "Syntax error in arguments", MP_REPLY_BAD)                                                \
    X(BAD_SENDER, 501, "5.1.7 ", "Bad sender address syntax", MP_REPLY_BAD)                                            \
    X(BAD_RECIPIENT, 501, "5.1.3 ", "Bad recipient address syntax", MP_REPLY_BAD)                                      \
    X(AUTH_CANCELLED, 501, "5.7.0 ", "Authentication cancelled", MP_REPLY_BAD)                                         \
    X(AUTH_MALFORMED, 501, "5.5.2 ", "Malformed authentication response", MP_REPLY_BAD)                                \
    X(NOT_OFFERED, 502, "5.5.1 ", "Command not implemented", MP_REPLY_BAD)                                             \
    X(BAD_SEQUENCE, 503, "5.5.1 ", "Bad sequence of commands", MP_REPLY_BAD)                                           \
    X(NEED_HELLO, 503, "5.5.1 ", "Say hello first", MP_REPLY_BAD)                                                      \
    X(NEED_MAIL, 503, "5.5.1 ", "MAIL first", MP_REPLY_BAD)                                                            \
    X(NEED_RECIPIENT, 503, "5.5.1 ", "RCPT first", MP_REPLY_BAD)                                                       \
    X(NESTED_MAIL, 503, "5.5.1 ", "A transaction is open already", MP_REPLY_BAD)                                       \
    X(TLS_ALREADY, 503, "5.5.1 ", "TLS is on already", MP_REPLY_BAD)                                                   \
    X(AUTH_ALREADY, 503, "5.5.1 ", "Already authenticated", MP_REPLY_BAD)                                              \
    X(ONLY_QUIT, 503, "5.5.1 ", "No service here, QUIT please", MP_REPLY_BAD)                                          \
    X(NO_RECIPIENT_LEFT, 503, "5.5.1 ", "No valid recipients", 0)                                                      \
    X(UNKNOWN_MECHANISM, 504, "5.5.4 ", "Unrecognized authentication mechanism", MP_REPLY_BAD)                         \
    X(NEED_TLS, 530, "5.7.0 ", "Must issue a STARTTLS command first", MP_REPLY_BAD)                                    \
    X(NEED_AUTH, 530, "5.7.0 ", "Authentication required", MP_REPLY_BAD)                                               \
    X(AUTH_FAILED, 535, "5.7.8 ", "Authentication credentials invalid", MP_REPLY_BAD)                                  \
    X(AUTH_NEEDS_TLS, 538, "5.7.11 ", "Encryption required for requested authentication mechanism", MP_REPLY_BAD)      \
    X(NOT_RELAYED, 550, "5.7.1 ", "Recipient not accepted here", 0)                                                    \
    X(NEED_TLS_FOR_REQUIRETLS, 550, "5.7.30 ", "REQUIRETLS is for sessions inside TLS", 0)                             \
    X(TOO_BIG, 552, "5.3.4 ", "Message too big", 0)                                                                    \
    X(NEED_SMTPUTF8, 553, "5.6.7 ", "Non-ASCII address without SMTPUTF8", 0)                                           \
    X(NO_VALID_RECIPIENT, 554, "5.5.1 ", "No valid recipients", 0)                                                     \
    X(BARE_NEWLINE, 554, "5.6.0 ", "Bare CR or LF in the message", 0)                                                  \
    X(NUL_IN_TEXT, 554, "5.6.0 ", "NUL in the message", 0)                                                             \
    X(LONG_TEXT_LINE, 554, "5.6.0 ", "Line too long in the message", 0)                                                \
    X(TOO_MANY_HOPS, 554, "5.4.6 ", "Too many hops", 0)                                                                \
    X(UNKNOWN_PARAMETER, 555, "5.5.4 ", "Unknown or unsupported parameter", MP_REPLY_BAD)

/* What stores answer (deliver). The same columns. */
#define MP_SMTP_STORE_REPLIES(X)                                                                                       \
    X(MAILBOX_BUSY, 450, "4.2.1 ", "Mailbox busy", 0)                                                                  \
    X(STORE_LACKS, 451, "4.3.5 ", "The store cannot take messages", 0)                                                 \
    X(MAILBOX_FULL, 452, "4.2.2 ", "Mailbox full", 0)                                                                  \
    X(NO_ROOM, 452, "4.3.1 ", "Insufficient storage", 0)                                                               \
    X(NO_MAILBOX, 550, "5.1.1 ", "No such mailbox", 0)                                                                 \
    X(MAILBOX_DENIED, 550, "5.7.1 ", "Mailbox takes no messages", 0)

#define MP_SMTP_REPLY_ENUM_(name, code, enhanced, text, flags) MP_R_##name,
enum { MP_R_NONE = 0, MP_SMTP_REPLIES(MP_SMTP_REPLY_ENUM_) MP_SMTP_STORE_REPLIES(MP_SMTP_REPLY_ENUM_) MP_R_COUNT };

struct mp_smtp_reply {
    const char *line; /* "250 2.1.0 Sender OK\r\n" */
    uint16_t code;
    uint8_t length;   /* of line */
    uint8_t enhanced; /* octets of the enhanced code and its space, behind the code and its space */
    uint8_t flags;
};
/* Indexed by MP_R_*; the first is empty. */
extern const struct mp_smtp_reply mp_smtp_replies[MP_R_COUNT];

struct mailproto_smtp_server;

/* Puts one of them. A bad command too many becomes 421 and the end instead. */
void mp_smtp_put(struct mailproto_smtp_server *s, uint32_t reply);
/* Counts a bad command; 1: it is one too many. */
int mp_smtp_count_bad(struct mailproto_smtp_server *s);
/* Puts it and ends the session. */
void mp_smtp_put_last(struct mailproto_smtp_server *s, uint32_t reply, int32_t why, const char *text);
/* Puts a reply of one or more lines. enhanced may be empty; text has LF between lines. */
void mp_smtp_put_text(struct mailproto_smtp_server *s, uint32_t code, mailproto_text enhanced, mailproto_text text);
/* The enhanced code that a host's reply to a request of that type gets if it has none. */
mailproto_text mp_smtp_enhanced_for(uint32_t type, uint32_t code);

#endif
