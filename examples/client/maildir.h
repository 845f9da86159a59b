/* maildir.h - delivery into a Maildir: tmp, fsync, rename into new, directory fsync.
 * What is in new/ is whole and on the disk; what was cut off never gets there. */
#ifndef MAILPROTO_CLIENT_MAILDIR_H
#define MAILPROTO_CLIENT_MAILDIR_H

#include "writer.h"

struct maildir {
    int base, tmp, new; /* descriptors of the directories */
    unsigned counter;
    char host[256];
    /* the message in hand: */
    int writing;
    char name[512];
    struct writer writer;
};

/* Opens it, and makes what is missing of it. 0, or -1 with errno; errors of the others are told so, too. */
int maildir_open(struct maildir *maildir, const char *path);
int maildir_begin(struct maildir *maildir);
int maildir_write(struct maildir *maildir, const char *data, size_t len);
/* The message is whole: it is in new/, under `name`, when this has answered 0. If not, it is nowhere. */
int maildir_commit(struct maildir *maildir);
/* It is not: nothing stays of it. */
void maildir_discard(struct maildir *maildir);
void maildir_close(struct maildir *maildir);

#endif
