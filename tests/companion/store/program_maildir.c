/* program_maildir.c - the least program that uses Maildir of mailproto-store: makes an account in the folder it is told.
 * Linked to the static library, it needs SQLite. */
#include <mailproto/maildir.h>
#include <stdio.h>

int main(int count, char **words)
{
    mailproto_maildir *maildir;
    const char *missing = NULL;
    char why[500];

    if (count != 2)
        return 2;
    if (mailproto_maildir_open(&maildir, words[1], NULL, why, sizeof why))
        return fprintf(stderr, "%s\n", why), 1;
    if (mailproto_store_check(mailproto_maildir_store(maildir), MAILPROTO_STORE_FOR_IMAP, &missing))
        return fprintf(stderr, "%s\n", missing), 1;
    mailproto_maildir_close(maildir);
    return 0;
}
