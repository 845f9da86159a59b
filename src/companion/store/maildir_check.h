/* maildir_check.h - what the check of an account and its repair share.
 * docs/design/maildir.md, "Damage". */
#ifndef MAILPROTO_STORE_MAILDIR_CHECK_H
#define MAILPROTO_STORE_MAILDIR_CHECK_H

#include "files_image.h"
#include "maildir_scan.h"

typedef void mp_report(void *user, uint32_t what, const char *sentence, size_t len);

/* A look at an account that changes nothing. */
typedef struct mp_check {
    mp_maildir *m;          /* its connection reads the image */
    struct mp_image *image; /* NULL: there is no index */
    mp_report *report;
    void *user;
    uint32_t problems;
} mp_check;

/* what: MAILPROTO_MAILDIR_PROBLEM, _REMARK. */
__attribute__((format(printf, 3, 4))) void mp_check_tell(mp_check *c, uint32_t what, const char *format, ...);
/* Tells the sentence that was kept: what cannot be read does not keep the rest from being looked at. */
void mp_check_tell_error(mp_check *c, int32_t result);
/* The index is read again if it was written to since it was. ERR_NOT_FOUND: there is none any more. */
int32_t mp_check_index_now(mp_check *c);
/* One mailbox. An error: the index cannot be read on. */
int32_t mp_check_mailbox(mp_check *c, uint64_t id);

/* Sums over the messages of a mailbox. */
typedef struct mp_counts {
    uint32_t messages, unseen, deleted;
    uint64_t octets, deleted_octets;
} mp_counts;

void mp_counts_add(mp_counts *counts, const mp_message *message);
int mp_counts_differ(const mp_counts *counts, const mp_mailbox *box);

/* *damaged: SQLite says that the index is. `say`, if not NULL, is called with what it says, a few times at most. */
int32_t mp_check_index(mp_maildir *m, int *damaged, void (*say)(void *context, const char *line), void *context);
/* 1: the file of a message is not what the index says; 0: it is; else a negative errno: it cannot be read. */
int mp_check_file(mp_maildir *m, const char *path, const mp_message *message);
/* The ids of the next mailboxes behind `after`: how many, or an error. */
enum { MP_CHECK_MAILBOXES = 64 };
int32_t mp_check_mailboxes(mp_maildir *m, uint64_t after, uint64_t ids[MP_CHECK_MAILBOXES]);

#endif
