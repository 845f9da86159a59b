/* smtp.h - what the files of SMTP, submission and LMTP share: a session and its transaction.
 * RFC 5321, RFC 6409, RFC 2033. */
#ifndef MAILPROTOD_SMTP_H
#define MAILPROTOD_SMTP_H

#include <mailproto/smtp_server.h>

#include "server.h"

/* From MAIL to the end of its transaction. */
struct transaction {
    char *sender;
    struct handle **handles; /* one for each mailbox, whatever the number of recipients that lead to it */
    size_t count, room;
    uint64_t size; /* of the message, once it was there whole */
    int whole;
};

struct smtp {
    struct client client;
    mailproto_smtp_server *engine;
    struct transaction *transaction;
    char *login; /* who logged in */
};

struct transaction *transaction_new(mailproto_text sender); /* NULL: no memory */
void transaction_free(struct transaction *t);
/* The handle for a mailbox. NULL: no memory. */
struct handle *transaction_handle(struct smtp *smtp, struct mailbox *box);

/* The callbacks from MESSAGE_END to the end of the transaction. */
void smtp_message_callbacks(mailproto_smtp_server_callbacks *callbacks);
/* What was asked of a store for this session could not be done. */
void smtp_store_failed(struct client *client, uint32_t question, int32_t why, const char *text, size_t len);

#endif
