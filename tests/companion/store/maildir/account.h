/* account.h - a Maildir account in a folder that is removed afterwards, and an asker that waits for its answers.
 * The storage contract is mailproto/store.h. */
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include <stddef.h>
#include <stdint.h>

#include "files.h"
#include "mailproto/maildir.h"

enum { ACCOUNT_PATH = 512, ITEMS_MAX = 64 };

struct account {
    char path[ACCOUNT_PATH];
    mailproto_maildir *maildir;
    const mailproto_store *store;
    mailproto_maildir_config config;
    mailproto_maildir_files files; /* config.files, if set */
    char why[512];
};

/* Makes a folder of its own and opens the account in it. Fails the test if it cannot. */
void account_make(struct account *a);
/* Opens it again, as `config` says; the result of mailproto_maildir_open. */
int32_t account_open(struct account *a);
void account_close(struct account *a);
/* Closes it, and removes the folder. */
void account_end(struct account *a);
/* Puts the table of file operations of `a` in its config; its functions may be exchanged. */
void account_use_files(struct account *a);
/* path/NAME; in one of several buffers. */
const char *account_file(const struct account *a, const char *name);
/* Removes a folder and all in it. */
void remove_tree(const char *path);

/* What was answered. */
struct answer {
    int32_t why; /* of the end */
    char text[512];
    size_t count; /* of items; the first ITEMS_MAX are kept */
    size_t messages, vanished, cursors;
    uint64_t number; /* opening, message, upload, mailbox, uidvalidity */
    uint64_t size, cursor, snapshot;
    uint32_t more;
    uint32_t uidvalidity, uidnext, total;
    uint32_t uids[ITEMS_MAX], to[ITEMS_MAX], flags[ITEMS_MAX];
    uint64_t modseqs[ITEMS_MAX], sizes[ITEMS_MAX];
    int64_t dates[ITEMS_MAX];
    uint64_t ids[ITEMS_MAX];
    uint32_t attributes[ITEMS_MAX];
    char names[ITEMS_MAX][128]; /* of mailboxes; keywords of messages, with spaces between */
    uint32_t gone[ITEMS_MAX][2];
    uint32_t unseen, deleted;
    char bytes[65536];
    size_t len;
};

/* Asks, and gives what was answered, which must come before the function returns. It stays until
   256 more were asked. */
struct answer *ask(const mailproto_store *store, mailproto_event *question);

/* The same of what has no answer. */
void tell(const mailproto_store *store, mailproto_event *question);

/* Shorter ways of asking; each fails the test unless the answer is OK. */
uint64_t mailbox_id(const struct account *a, const char *name);
uint64_t make_mailbox(const struct account *a, const char *name);
struct answer *open_mailbox(const struct account *a, uint64_t mailbox, uint32_t mode);
void close_mailbox(const struct account *a, uint64_t opening);
/* All messages, up to ITEMS_MAX of them in the answer. */
struct answer *changes(const struct account *a, uint64_t opening, uint64_t since);
/* Appends one message; its UID. options: MAILPROTO_STORE_NO_UIDS (then 0). */
uint32_t append(const struct account *a, uint64_t mailbox, const char *text, uint32_t flags, uint32_t options);
/* The same, whatever the answer. */
int32_t try_append(const struct account *a, uint64_t mailbox, const char *text, uint32_t flags, uint32_t options,
                   uint32_t *uid);
struct answer *set_flags(const struct account *a, uint64_t mailbox, uint32_t uid, uint32_t operation, uint32_t flags);
struct answer *expunge(const struct account *a, uint64_t mailbox);
struct answer *status(const struct account *a, uint64_t mailbox);
struct answer *copy_messages(const struct account *a, uint64_t from, uint32_t first, uint32_t last, uint64_t to,
                             uint32_t move);
/* Reads a message to its end in pieces of `piece` octets: "" if it cannot be opened. In one of several buffers. */
const char *read_message(const struct account *a, uint64_t mailbox, uint32_t uid, size_t piece);

/* Puts a file there, as another program does. */
void put_file(const struct account *a, const char *name, const char *text);
/* The names in a folder that do not begin with '.': how many; the first is copied to `first`, if it is not NULL. */
size_t count_files(const struct account *a, const char *folder, char first[256]);
/* Runs SQL on the index, as nobody should. */
void run_sql(const struct account *a, const char *sql);

#endif
