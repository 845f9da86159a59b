/* mailproto/maildir.h - a store in Maildir++ folders with an SQLite index (pkg-config: mailproto-store).
 *
 * An account is a folder: its cur/, new/ and tmp/ are INBOX, its ".Name.Sub" folders the other mailboxes, as Courier,
 * Dovecot and mutt have them. Messages are the files; flags are in their names too, so that other Maildir programs see
 * them; what they deliver, flag, move or remove is noticed. mailproto/index.sqlite in it keeps UIDs, modseqs, keywords and
 * the rest; where it was lost or damaged it is made again from the files, with a greater UIDVALIDITY.
 *
 *     mailproto_maildir_open       a handle: a store of the contract mailproto/store.h, for one thread at a time
 *     mailproto_maildir_store      its table of functions
 *     mailproto_maildir_make       the folders of an account, before anybody is let in
 *     mailproto_maildir_check, _repair   what is wrong in an account, and what can be done about it
 *
 * CALLS      block: every question is answered before its function returns. A host keeps them off its loop.
 * HANDLES    Any number, in any number of threads and processes, may be open on one account, and work at the same time: a
 *            handle is one thread's at a time, and so is what was opened by it. mailproto_maildir_syncs alone belongs to all
 *            threads: handles that have the same one wait for one fsync of a folder together.
 * DURABLE    append_commit, copy, move, expunge and the changes of mailboxes are on the disk before they are answered.
 *            Flags are written, and may be lost with the power; numbers are never used twice.
 * FILES      LF files of other programs are served with CRLF; their size is counted once. Local file systems.
 * ERRORS     A full disk or quota of the system is ERR_FULL; no permission, a read-only or failing disk ERR_UNAVAILABLE.
 *            The text tells the path and what to do. The store goes on when the condition has ended.
 * MEMORY     malloc's, and SQLite's. A handle without a question holds a connection of SQLite and what is open in it.
 *
 * RFC 9051 2.3.1.1, RFC 7162 3.1, https://cr.yp.to/proto/maildir.html.
 */
#ifndef MAILPROTO_MAILDIR_H
#define MAILPROTO_MAILDIR_H

#include "store.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mailproto_maildir mailproto_maildir;
typedef struct mailproto_maildir_syncs mailproto_maildir_syncs;
struct mailproto_maildir_files; /* the operating system's file functions; tests put others in their place */

/* What is on the disk before it is said to be. */
enum {
    MAILPROTO_MAILDIR_SYNC_FULL = 0, /* all that DURABLE promises */
    MAILPROTO_MAILDIR_SYNC_FILE = 1, /* the octets of messages only. Risk: a loss of power loses the names of accepted
                                        messages, and numbers may be used twice */
    MAILPROTO_MAILDIR_SYNC_NONE = 2  /* nothing. Risk: a loss of power loses accepted mail */
};

enum {
    /* The handle is for delivery: opening it touches no file, and messages for INBOX whose UIDs nobody is told
       (MAILPROTO_STORE_NO_UIDS, no flags) are delivered without the index. LIST of INBOX alone then tells the id
       MAILPROTO_MAILDIR_INBOX, which stands for INBOX in AUTHORISE and APPEND_BEGIN of such handles only. Whatever else is
       asked opens the index then. */
    MAILPROTO_MAILDIR_DELIVERY = 1,
    /* No room is kept back. Without it an account with mail has 384 KB in files of its own, which are given up when the disk
       is full, so that who has mail on it can list and delete it; where they cannot be made mail is refused with ERR_FULL. */
    MAILPROTO_MAILDIR_NO_RESERVE = 2
};
enum { MAILPROTO_MAILDIR_INBOX = 1 };

/* How an account is opened; 0 is the default everywhere. */
typedef struct mailproto_maildir_config {
    uint32_t struct_size;
    uint32_t sync;                               /* MAILPROTO_MAILDIR_SYNC_* */
    uint32_t busy_ms;                            /* how long to wait for another process; 0: 30 seconds */
    uint32_t remember;                           /* runs of expunged UIDs kept for a mailbox; 0: 10,000 */
    uint32_t options;                            /* MAILPROTO_MAILDIR_DELIVERY, _NO_RESERVE */
    uint32_t reserved;                           /* 0 */
    mailproto_text host;                         /* this machine, in names of files; empty: gethostname's */
    mailproto_maildir_syncs *syncs;              /* shared with other handles; NULL: none */
    const struct mailproto_maildir_files *files; /* NULL: the operating system's. Copied */
} mailproto_maildir_config;
MAILPROTO_API int32_t mailproto_maildir_config_init(mailproto_maildir_config *config, size_t size);

/* Opens the account in the folder `path`, and makes what is missing of it. config NULL: the default. *out is given back
   with mailproto_maildir_close. After an error *out is NULL, and `why`, if not NULL, holds a sentence with a NUL, of at
   most why_size octets, that tells what is wrong and what to do. OK; ERR_ARG; ERR_NOMEM; ERR_CONFIG: the index is of a
   newer layout than this program knows, or the config contradicts itself; ERR_FULL, ERR_UNAVAILABLE, ERR_LIMIT: the path
   is too long. */
MAILPROTO_API int32_t mailproto_maildir_open(mailproto_maildir **out, const char *path,
                                             const mailproto_maildir_config *config, char *why, size_t why_size);

/* Makes what is missing of the folders of an account, and of those above it, mode 0700 and durably, without opening it:
   before anybody is let in. The rest as mailproto_maildir_open. */
MAILPROTO_API int32_t mailproto_maildir_make(const char *path, const mailproto_maildir_config *config, char *why,
                                             size_t why_size);

/* Makes a folder that accounts are to be in, and those above it, mode 0700 and durably; the names of the accounts that are
   in it become durable, too. The rest as mailproto_maildir_open. */
MAILPROTO_API int32_t mailproto_maildir_make_folder(const char *path, const mailproto_maildir_config *config, char *why,
                                                    size_t why_size);

/* The store; valid until the handle is closed. Not in a callback of another thread. NULL for NULL. */
MAILPROTO_API const mailproto_store *mailproto_maildir_store(mailproto_maildir *maildir);

/* Closes what is open in it, forgets uploads, ends watches silently. Not from inside of an answer. NULL is ignored. */
MAILPROTO_API void mailproto_maildir_close(mailproto_maildir *maildir);

/* Looks whether what WATCH asks for has changed, by whomever, and gives CHANGED where it has: cheap when nothing has. To
   be called now and then, from wherever questions may be asked, but not from inside of an answer. OK; ERR_ARG: NULL; else
   as a question fails. */
MAILPROTO_API int32_t mailproto_maildir_poll(mailproto_maildir *maildir);

/* Lets handles of several threads share the fsyncs of directories: one made while others wait is for all of them. One for
   a process is enough. *out is given back with mailproto_maildir_syncs_free when no handle has it any more. OK; ERR_ARG;
   ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_maildir_syncs_new(mailproto_maildir_syncs **out);
MAILPROTO_API void mailproto_maildir_syncs_free(mailproto_maildir_syncs *syncs);

/* What a look at an account tells. */
enum {
    MAILPROTO_MAILDIR_PROBLEM = 0,  /* it is wrong */
    MAILPROTO_MAILDIR_REPAIRED = 1, /* it was wrong, and was repaired */
    MAILPROTO_MAILDIR_REMARK = 2    /* it is not wrong: the next to open the account notices it, as mail that came */
};

/* Only looks at the account, and tells what is wrong: it makes, changes and locks nothing, not even an index where none is;
   others may work on the account meanwhile. The index is read into memory. `report`, which may be NULL, is told each thing
   in a sentence; what: MAILPROTO_MAILDIR_PROBLEM, _REMARK. *problems, if not NULL: how many problems. OK: it was looked at,
   whatever was found; ERR_NOT_FOUND: there is no account in the folder; ERR_ARG; ERR_NOMEM; ERR_LIMIT; ERR_CONFIG: as
   mailproto_maildir_open; ERR_UNAVAILABLE: it cannot be read, or is written to all the time. After an error the last
   problem tells why. */
MAILPROTO_API int32_t mailproto_maildir_check(const char *path, const mailproto_maildir_config *config,
                                              void (*report)(void *user, uint32_t what, const char *sentence,
                                                             size_t len),
                                              void *user, uint32_t *problems);

/* Opens the account, and repairs what is wrong: a damaged index is made again, counts and sizes are made right, leftovers
   are removed. Messages are never removed. What mailproto_maildir_check says before and no longer afterwards is told as
   MAILPROTO_MAILDIR_REPAIRED, the rest as _PROBLEM. *problems: how many are left. OK; as mailproto_maildir_open. */
MAILPROTO_API int32_t mailproto_maildir_repair(const char *path, const mailproto_maildir_config *config,
                                               void (*report)(void *user, uint32_t what, const char *sentence,
                                                              size_t len),
                                               void *user, uint32_t *problems);

#ifdef __cplusplus
}
#endif
#endif
