/* seen.h - DIR/.mailproto-uidl: the unique ids of what was fetched into DIR by earlier runs.
 * RFC 1939 section 7 (UIDL). Lines of "ACCOUNT UID", so that several accounts can share a Maildir. */
#ifndef MAILPROTO_CLIENT_SEEN_H
#define MAILPROTO_CLIENT_SEEN_H

#include <stddef.h>

struct seen {
    int base; /* the descriptor of DIR */
    int fd;   /* of the file, locked */
    char *account;
    char *text;        /* the file as it was read */
    const char **uids; /* those of the account, sorted; they point into text */
    size_t count;
    const char **others; /* lines of other accounts */
    size_t other_count;
};

/* Opens and locks it; it is made if there is none. 0; 1: another process has it; -1 with errno. account is copied, and
   has no space. */
int seen_open(struct seen *seen, int base, const char *account);

int seen_has(const struct seen *seen, const char *uid);

/* Remembers one more, for later runs. 0, or -1 with errno. */
int seen_add(struct seen *seen, const char *uid);

/* Brings what was added to the disk. */
int seen_sync(struct seen *seen);

/* Writes the file anew with these ids of the account only: the others are gone from the server. In one step: the file
   is the old one or the new one. 0, or -1 with errno, and then it is the old one. */
int seen_replace(struct seen *seen, const char *const *uids, size_t count);

void seen_close(struct seen *seen);

#endif
