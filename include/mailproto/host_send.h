/* mailproto/host_send.h - one-call send: a message to a URL, and what became of it for each recipient.
 * Included by host.h, where the rules stand. RFC 5321, RFC 2033, RFC 3461, RFC 9422.
 */
#ifndef MAILPROTO_HOST_SEND_H
#define MAILPROTO_HOST_SEND_H

#include "host_connection.h"
#include "host_url.h"
#include "sasl.h"
#include "smtp.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mailproto_host_sending mailproto_host_sending;

/* A recipient of a message, and DSN options for it (RFC 3461). Linked, in the order they are sent in. */
typedef struct mailproto_host_recipient {
    uint32_t struct_size;
    uint32_t notify; /* MAILPROTO_SMTP_NOTIFY_* */
    const struct mailproto_host_recipient *next;
    mailproto_text address; /* without angle brackets */
    mailproto_text orcpt_type;
    mailproto_text orcpt;
} mailproto_host_recipient;
MAILPROTO_API int32_t mailproto_host_recipient_init(mailproto_host_recipient *recipient, size_t size);

enum {
    MAILPROTO_HOST_SEND_CLEARTEXT_LOOPBACK = 1, /* credentials may go without TLS to this machine */
    MAILPROTO_HOST_SEND_CLEARTEXT = 2,          /* and anywhere. Risk: passwords cross the network in clear text */
    MAILPROTO_HOST_SEND_TRACE = 4,              /* the conversation is shown on standard error, credentials hidden */
    MAILPROTO_HOST_SEND_SMTPUTF8 = 8,           /* the header has UTF-8 (RFC 6531); with addresses beyond ASCII it is
                                                   on by itself */
    MAILPROTO_HOST_SEND_REQUIRETLS = 16,        /* RFC 8689 */
    MAILPROTO_HOST_SEND_NO_CHUNKING = 32,       /* DATA even where BDAT is offered */
    MAILPROTO_HOST_SEND_NO_PIPELINING = 64,
    MAILPROTO_HOST_SEND_READ_AS_WORK = 128, /* `read` is called off the loop's thread, once at a time: for slow disks */
    MAILPROTO_HOST_SEND_READ_TWICE = 256 /* `read` is called for the whole message in mailproto_host_send, too, before
                                               anything is connected: `size` and `body` are found out, line ends may be
                                               any, and what mail cannot carry is refused there */
};

/* A message and where it goes. url: as of mailproto_host_url_read, for SMTP or LMTP; its user is taken for user_name if
   that is empty.
   Texts and lists are copied, but `message` and `user`, which must live until on_outcome. */
typedef struct mailproto_host_send_request {
    uint32_t struct_size;
    uint32_t flags; /* MAILPROTO_HOST_SEND_* */
    mailproto_text url;
    mailproto_text sender;                      /* "" for <> */
    const mailproto_host_recipient *recipients; /* at least one */
    /* The message in memory; line ends may be LF. What MAIL says of it (size, 8BITMIME) is found out. */
    mailproto_text message;
    /* Or, if not NULL, read in pieces: *len octets from `offset` on, at most `room`; 0 is the end; a negative answer
       fails the message. Offsets rise as they are read and are 0 again at the beginning of each transaction. Line
       ends may be LF; `body` and `size` say what it has. Called on the loop's thread, which waits for it: see
       READ_AS_WORK, and READ_TWICE, which finds out both. */
    int32_t (*read)(uint64_t offset, void *buffer, size_t room, size_t *len, void *user);
    void *user;    /* of read */
    uint64_t size; /* read: octets that it gives in all, exactly, if they have CRLF line ends; 0: not known */
    uint32_t body; /* MAILPROTO_SMTP_BODY_*; a message in memory with octets above 127 is 8BITMIME at least */
    uint32_t ret;  /* MAILPROTO_SMTP_RET_* */
    mailproto_text envid;
    mailproto_text hello;         /* EHLO's argument; "": this machine's name if it is a domain, else its address */
    mailproto_text user_name;     /* who logs in; "": nobody */
    mailproto_text password;      /* wiped after use */
    mailproto_text authorization; /* who to act as; "" */
    uint32_t mechanisms;          /* MAILPROTO_SASL_*; 0: PLAIN and LOGIN */
    uint32_t tls; /* MAILPROTO_TLS_*; 0: NEVER without tls_layer; with it REQUIRED where credentials may not go
                                without TLS, else MAY. IMPLICIT comes from the scheme, too. With MAY whoever sits on the
                                way can keep TLS away: REQUIRED is sure */
    uint32_t max_recipients; /* of one transaction; 0: 100; less where the server says so (RFC 9422) */
    uint32_t max_text_line;  /* 0: 998; UNLIMITED */
    /* milliseconds; 0: the default, UNLIMITED: never */
    uint32_t attempt_ms;                 /* look-up, and connecting to each address; 30000 */
    uint32_t wait_ms;                    /* each wait for the server; 0: the limits of RFC 5321 4.5.3.2, minutes */
    const mailproto_host_tls *tls_layer; /* NULL: none */
    /* How to log in, beyond PLAIN and LOGIN: its order is the one that is tried, and `mechanisms` is 0 then. Copied, but for what
       the `user` of its crypto and of prepare points to, which must live until on_outcome, and is used in other threads
       (keys are derived off the loop's). host_name and port, where empty, are the URL's. `password` is the token of XOAUTH2 and
       OAUTHBEARER; EXTERNAL needs neither it nor user_name. NULL: PLAIN and LOGIN */
    const mailproto_sasl_client_config *sasl;
} mailproto_host_send_request;
MAILPROTO_API int32_t mailproto_host_send_request_init(mailproto_host_send_request *request, size_t size);

/* What became of one recipient. Linked, in the order of the request. */
typedef struct mailproto_host_result {
    uint32_t struct_size;
    uint32_t outcome; /* MAILPROTO_SMTP_ACCEPTED, _REFUSED, _NOT_SENT or _UNKNOWN */
    const struct mailproto_host_result *next;
    mailproto_text address;
    uint32_t stage;                       /* MAILPROTO_SMTP_STAGE_*: the command that `reply` answers */
    uint32_t transaction;                 /* that it was in, from 1 on; 0: none */
    const mailproto_smtp_response *reply; /* the server's word about it; code 0: none. Never NULL */
    mailproto_text sentence;              /* for people: which server said what of whom */
} mailproto_host_result;

/* A transaction that was tried. Linked. */
typedef struct mailproto_host_transaction {
    uint32_t struct_size;
    uint32_t number; /* from 1 on */
    const struct mailproto_host_transaction *next;
    uint32_t outcome;    /* MAILPROTO_SMTP_ACCEPTED... as the DONE of its engine */
    int32_t why;         /* as there */
    uint32_t stage;      /* as there */
    uint32_t recipients; /* accepted at RCPT */
    const mailproto_smtp_response *reply;
    mailproto_text text; /* the engine's sentence */
} mailproto_host_transaction;

/* What became of a message. Lives until on_outcome returns. */
typedef struct mailproto_host_outcome {
    uint32_t struct_size;
    uint32_t outcome;  /* MAILPROTO_SMTP_ACCEPTED: by all recipients' server; _PARTLY: for some; _REFUSED; _NOT_SENT;
                          or _UNKNOWN: for some nobody knows, sending again may make a second copy for them */
    int32_t why;       /* 0: all accepted; ERR_REFUSED; else what ended it: ERR_LOST, ERR_TIMEOUT, ERR_AUTH, ERR_TLS,
                          ERR_BODY, ERR_UNSUPPORTED, ERR_LIMIT, ERR_CANCELLED, ERR_NOMEM ... */
    uint32_t stage;    /* MAILPROTO_SMTP_STAGE_*: what decided; CONNECT: no connection was made */
    uint32_t accepted; /* recipients, by outcome */
    uint32_t refused;
    uint32_t not_sent;
    uint32_t unknown;
    uint32_t again;               /* 1: what was not accepted may be accepted later, and sending it again to these
                                     recipients cannot make a second copy */
    uint32_t no_such_name;        /* 1: the host's name does not exist */
    uint32_t tls;                 /* 1: it went through TLS */
    uint32_t authenticated;       /* 1 */
    uint32_t connections;         /* that were made */
    uint32_t peer_offers;         /* MAILPROTO_SMTP_EXT_* of the last EHLO */
    uint32_t peer_max_recipients; /* LIMITS (RFC 9422); 0: not said */
    uint32_t peer_max_transactions;
    uint32_t peer_max_domains;
    uint32_t withheld;  /* 1: nothing was said, for the credentials would have had to cross a network without TLS, which
                          the request does not allow */
    uint32_t exposed;   /* 1: they did cross one without TLS */
    uint32_t mechanism; /* authenticated: the MAILPROTO_SASL_* bit that was used */
    uint64_t size;      /* octets of the message with CRLF line ends; 0: not known */
    uint64_t peer_max_message;            /* SIZE; 0: not said */
    mailproto_text server;                /* "mx.example.org:25": as the URL has it */
    mailproto_text address;               /* "192.0.2.1:25": that was reached; "" */
    mailproto_text greeting;              /* the server's own name as it greeted; "" */
    const mailproto_smtp_response *reply; /* the last word that decided; code 0: none. Never NULL */
    mailproto_text sentence;              /* for people: what happened and what to do */
    mailproto_text reason;                /* of it, where somebody was not sent to: why, without the recipients; "" */
    const mailproto_host_result *recipients;
    const mailproto_host_transaction *transactions; /* NULL: there was none */
} mailproto_host_outcome;

/* Sends a message: connects, greets, goes into TLS and logs in as the request says, sends to all recipients, in
   further transactions and connections where the server limits their number (RFC 5321 4.5.3.1.10, RFC 9422), and
   tells by on_outcome what became of it, once, from the loop. It is gone after it. out may be NULL. All that can be
   wrong on this side (URL, addresses, hello, malformed credentials) is found before anything is connected, and told by
   mailproto_host_error; where one field of the request is to blame, its name and a colon open the sentence: "sender: <a b>
   is not an address". OK; ERR_ARG; ERR_LIMIT: the message has a line longer than max_text_line; ERR_BODY: READ_TWICE, and
   it cannot be read; ERR_CONFIG: TLS is asked for and there is no tls_layer; ERR_STATE: the host is being freed;
   ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_host_send(mailproto_host *host, const mailproto_host_send_request *request,
                                          void (*on_outcome)(const mailproto_host_outcome *outcome, void *user),
                                          void *user, mailproto_host_sending **out);

/* Cuts it: the connection is closed at once; on_outcome comes from the loop and says what is known: not sent, or
   unknown if the whole message was on its way, ERR_CANCELLED. OK; ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_host_send_cancel(mailproto_host_sending *sending);

/* The same for programs without a loop: makes a host, sends, calls on_outcome before it returns. `why` gets the
   sentence where it answers an error, in `size` octets, with a NUL at its end; it may be NULL. OK: on_outcome was
   called. As mailproto_host_new and mailproto_host_send else: it was not. */
MAILPROTO_API int32_t mailproto_host_send_now(const mailproto_host_send_request *request,
                                              void (*on_outcome)(const mailproto_host_outcome *outcome, void *user),
                                              void *user, char *why, size_t size);

#ifdef __cplusplus
}
#endif
#endif
