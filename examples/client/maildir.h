/* maildir.h - delivery into a Maildir, by the store of mailproto-store that keeps mail in such folders.
 * What is in new/ is whole and on the disk; what was cut off never gets there. */
#ifndef MAILPROTO_CLIENT_MAILDIR_H
#define MAILPROTO_CLIENT_MAILDIR_H

#include "writer.h"

#include <mailproto/maildir.h>

struct maildir {
    mailproto_store_asker asker; /* us, as the store sees it */
    mailproto_maildir *account;
    int base; /* the descriptor of the folder */
    uint64_t token;
    uint64_t upload; /* the message in hand; 0: none */
    struct writer writer;
    int32_t result; /* of the last question */
    char why[600];  /* what went wrong, for people */
};

/* Opens it, and makes what is missing of its folders. 0, or -1 with `why`; errors of the others are told so, too. */
int maildir_open(struct maildir *maildir, const char *path);
int maildir_begin(struct maildir *maildir);
int maildir_write(struct maildir *maildir, const char *data, size_t len);
/* The message is whole: it is in new/ when this has answered 0. If not, it is nowhere. */
int maildir_commit(struct maildir *maildir);
/* It is not: nothing stays of it. */
void maildir_discard(struct maildir *maildir);
void maildir_close(struct maildir *maildir);

#endif
