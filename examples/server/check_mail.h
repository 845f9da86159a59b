/* check_mail.h - `mailprotod check-mail`: what is wrong in Maildirs and their indexes, and its repair.
 * mailproto/maildir.h, mailproto_maildir_check and _repair. */
#ifndef MAILPROTOD_CHECK_MAIL_H
#define MAILPROTOD_CHECK_MAIL_H

#include "config.h"

struct check_mail {
    int repair;
    uint32_t problems; /* that are left */
    uint32_t repaired;
    size_t accounts; /* that were looked at */
    size_t failed;   /* that could not be */
};

/* Looks at the Maildir in a folder, and prints what there is to say. */
void check_mail_folder(struct check_mail *check, const char *path);
/* At those of all users. */
void check_mail_users(struct check_mail *check, const struct users *users);
/* Prints the sum. The exit status: 0; 1: problems are left; 66: an account could not be looked at. */
int check_mail_end(const struct check_mail *check);

#endif
