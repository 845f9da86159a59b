/* server_store.h - recipients whose mail goes into stores: what the files of delivery share.
 * mailproto/store.h, APPEND_BEGIN to APPEND_SHARE; docs/design/smtp-server.md, "Delivery into stores". */
#ifndef MP_SMTP_SERVER_STORE_H
#define MP_SMTP_SERVER_STORE_H

#include "mailproto/store.h"
#include "smtp/server.h"

/* The functions of a store, once for all recipients whose stores differ in `user` alone. */
struct mp_smtp_store {
    struct mp_smtp_store *next;
    mailproto_store table;
};

enum {
    MP_DROP_ASKED = 0, /* its upload is not begun yet */
    MP_DROP_READY,     /* it is */
    MP_DROP_FAILED,
    MP_DROP_COMMITTED,
    MP_DROP_SAME /* its mailbox is that of `leader`, a recipient before it, whose upload is for both */
};

/* A recipient. It is an asker of its own, so that the questions to all stores may be open together. */
struct mp_smtp_drop {
    mailproto_store_asker asker; /* first */
    struct mp_smtp_drop *next;
    struct mailproto_smtp_server *server;
    struct mp_smtp_store *store;
    void *user;
    struct mp_smtp_drop *leader; /* who is written to: itself, or one of its kind that it takes the octets from */
    uint64_t mailbox, upload;
    uint64_t token, last_token; /* of the question that is open, or 0 */
    uint64_t request;           /* RCPT or RCPT_RESULT that waits for it, or 0 */
    uint64_t told_number;       /* what the answer told: the mailbox, the upload */
    uint32_t index;             /* of the recipient */
    int32_t why;                /* how its last question ended; FAILED: why */
    uint8_t state;
    uint8_t told, upload_open;
    uint8_t is_inbox; /* deliver said INBOX, not a mailbox */
    uint8_t ended;    /* its answer is complete: the next step looks at it */
    uint8_t asked;    /* MP_ASKED_* */
};
enum { MP_ASKED_INBOX = 0, MP_ASKED_BEGIN, MP_ASKED_WRITE, MP_ASKED_SHARE, MP_ASKED_COMMIT };

/* What a transaction has of them. */
struct mp_smtp_deliveries {
    struct mp_smtp_drop *first, *last;
    struct mp_smtp_store *stores;
    uint64_t request; /* MP_SMTP_STORING, while it waits */
    uint32_t ended;   /* answers to look at */
    uint32_t open;    /* questions of the message that are open */
    uint32_t committed;
    int32_t why;  /* the first failure of the message */
    uint8_t work; /* what is done when no question is open any more: MP_STORING_* */
};
enum { MP_STORING_WRITES = 0, MP_STORING_SHARES, MP_STORING_COMMITS };

/* ---- server_store.c ---- */

/* Asks the store of a recipient; the question's token is filled in. */
void mp_smtp_store_ask(struct mp_smtp_drop *drop, void *question, size_t size, uint32_t type, uint8_t asked);
/* The reply to a result of a store's (MP_R_*). */
uint32_t mp_smtp_store_reply(int32_t why);
/* The upload of a recipient is not to be. */
void mp_smtp_store_abort_upload(struct mp_smtp_drop *drop);
/* Calls `then` for each recipient of the same mailbox that waits for the answer to a request. */
void mp_smtp_store_same(struct mp_smtp_drop *drop, void (*then)(struct mp_smtp_drop *same));
/* A recipient gets nothing of this message. */
void mp_smtp_store_failed(struct mp_smtp_drop *drop, int32_t why);

/* ---- server_store_message.c ---- */

int mp_smtp_store_begin(struct mailproto_smtp_server *s);
void mp_smtp_store_write(struct mailproto_smtp_server *s, mailproto_text bytes);
int mp_smtp_store_share(struct mailproto_smtp_server *s);
void mp_smtp_store_commit(struct mailproto_smtp_server *s);
/* The answer to a question of the message came. */
void mp_smtp_store_written(struct mp_smtp_drop *drop, int32_t why);
void mp_smtp_store_committed(struct mp_smtp_drop *drop, int32_t why);
/* MP_SMTP_STORING was answered: no question of the message is open. */
void mp_smtp_store_settled(struct mailproto_smtp_server *s);
void mp_smtp_store_result(struct mailproto_smtp_server *s, struct mp_smtp_drop *drop);

#endif
