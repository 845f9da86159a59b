/* maildrop.h - a Maildir as POP3 sees it: messages in their order, exact sizes, unique ids, deletion at the end.
 * RFC 1939 3 to 7. Blocking system calls: called in threads of the pool. Results are 0 or a negative errno. */
#ifndef MAILPROTOD_MAILDROP_H
#define MAILPROTOD_MAILDROP_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct maildrop_message {
    uint64_t size;   /* with CRLF line ends */
    uint64_t second; /* of its name, by which messages are in order */
    uint32_t micro;
    size_t at;        /* the place of its name in maildrop.names */
    const char *name; /* the same, once all names are there */
    uint8_t in_new;   /* in new/, not in cur/ */
    uint8_t retrieved;
    uint8_t deleted;
};

struct maildrop {
    char *path; /* of the Maildir */
    int lock;   /* the lock's file, or -1 */
    struct maildrop_message *messages;
    size_t count, room;
    char *names;
    size_t names_len, names_room;
    uint64_t octets;
};

enum { MAILDROP_UID_MAX = 70 }; /* RFC 1939 7 */

/* Locks it and reads what is there. -EWOULDBLOCK: another session has it. After an error nothing is left to close. */
int maildrop_open(struct maildrop *drop, const char *path);
/* Deletes those that are marked `deleted`, puts those that were retrieved into cur/; how many could not be deleted. */
uint32_t maildrop_update(struct maildrop *drop);
/* Unlocks and frees it; the path too. */
void maildrop_close(struct maildrop *drop);
/* The unique id of message i, 0 and on: 1 to 70 octets, and a NUL, into `uid`. Does not block. */
size_t maildrop_uid(const struct maildrop *drop, size_t i, char uid[MAILDROP_UID_MAX + 1]);

/* Where a message of cur/ or new/ has gone: its name up to ':' is what stays when a program moves it to cur/ and gives
   it flags. 0, and its path in `file`, which has PATH_MAX octets; -ENOENT. */
int maildrop_find(const char *path, const char *name, char *file);

/* A message that is read from front to end, line ends made CRLF if they are not. */
struct maildrop_reader {
    int fd;
    int exact;     /* the file holds CRLF and is sent as it is */
    char last;     /* the last octet read of it */
    uint64_t size; /* what will be read in all */
};
/* `name` may have moved from new/ to cur/, and got other flags, since it was listed. */
int maildrop_reader_open(struct maildrop_reader *reader, const char *path, const char *name, int in_new);
/* Up to cap octets (at least 2). How many; 0: the end; or a negative errno. */
ssize_t maildrop_reader_read(struct maildrop_reader *reader, char *out, size_t cap);
void maildrop_reader_close(struct maildrop_reader *reader);

#endif
