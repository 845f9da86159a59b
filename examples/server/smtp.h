/* smtp.h - what the files of SMTP, submission and LMTP share: a session and its transaction.
 * RFC 5321, RFC 6409, RFC 2033. */
#ifndef MAILPROTOD_SMTP_H
#define MAILPROTOD_SMTP_H

#include <mailproto/smtp_server.h>

#include "delivery.h"
#include "server.h"

/* An accepted RCPT: its number in the transaction and the box it leads to. A box that several lead to gets one copy. */
struct recipient {
    uint32_t index, box;
};

/* From MAIL to the end of its transaction. */
struct transaction {
    char *sender;
    struct recipient *recipients;
    size_t count, room;
    struct maildir **boxes;
    int *results; /* one a box, once the delivery is done */
    size_t box_count;
    struct delivery *delivery;
    uint64_t end_token; /* of the MESSAGE_END that waits for it */
    uint64_t size;
};

struct smtp {
    struct client client;
    mailproto_smtp_server *engine;
    struct transaction *transaction;
    char *login; /* who logged in */
};

struct transaction *transaction_new(mailproto_text sender); /* NULL: no memory */
void transaction_free(struct transaction *t);
int transaction_add(struct transaction *t, uint32_t index, struct maildir *box); /* -1: no memory */

/* The callbacks from MESSAGE_BEGIN to the end of the transaction. */
void smtp_message_callbacks(mailproto_smtp_server_callbacks *callbacks);

#endif
