/* mailbox.h - a user's Maildir, and the handles through which sessions reach it off the loop's thread.
 * mailproto/maildir.h: a handle does one thing at a time; any number may work on one Maildir. */
#ifndef MAILPROTOD_MAILBOX_H
#define MAILPROTOD_MAILBOX_H

#include <mailproto/host.h>
#include <mailproto/maildir.h>

struct client;
struct handle;

/* A user's account. References are counted on the loop's thread only; it survives a reload of the users. */
struct mailbox {
    char *path;
    unsigned references;
    struct handle *idle; /* for delivery */
};

struct mailbox *mailbox_new(const char *path); /* NULL: no memory */
struct mailbox *mailbox_keep(struct mailbox *mailbox);
void mailbox_drop(struct mailbox *mailbox); /* NULL is ignored */

/* What all handles have in common. */
struct mailboxes {
    mailproto_host *host;
    mailproto_maildir_syncs *syncs; /* so that deliveries of several threads share the fsyncs of a folder */
    uint32_t sync;                  /* MAILPROTO_MAILDIR_SYNC_* */
    const char *hostname;           /* in the names of files */
    struct handle *oldest, *newest; /* idle handles: of the last who needed one, for the next */
    size_t idle;
    int ended;
};
int mailboxes_begin(struct mailboxes *mailboxes); /* its fields are set. 0; -1: no memory */
/* No session needs a handle any more: before the host is freed, and after it. */
void mailboxes_end(struct mailboxes *mailboxes);
void mailboxes_free(struct mailboxes *mailboxes);

/* A handle that is one client's until it gives it back. */
struct handle {
    struct mailboxes *mailboxes;
    struct mailbox *mailbox;
    struct client *client; /* NULL: nobody's */
    int is_quick;          /* for delivery: it holds nothing open */
    mailproto_store store; /* for the session */
    int failed;            /* something that was asked for this client */

    mailproto_maildir *maildir;
    mailproto_host_store *off;
    mailproto_host_job *job;                        /* opens and closes it */
    struct handle *next_of_mailbox, *older, *newer; /* idle */
    void (*opened)(struct client *, struct handle *, const char *why);
    void (*closed)(struct client *);
    int32_t result;
    char why[500];
};

/* A handle for delivery, at once; NULL: no memory. */
struct handle *mailbox_deliver(struct mailboxes *mailboxes, struct mailbox *mailbox, struct client *client);

/* One for POP3, which is returned: `opened` is called later, when its Maildir is open, or, with `why`, could not be opened.
   It is to be given back or closed in any case, before that too. NULL: no memory. */
struct handle *mailbox_open(struct mailboxes *mailboxes, struct mailbox *mailbox, struct client *client,
                            void (*opened)(struct client *, struct handle *, const char *why));

/* Whether something that was asked of it is not done yet. */
int handle_is_busy(const struct handle *handle);
/* The client needs it no more. What is under way in it goes on. */
void handle_give_back(struct handle *handle);
/* The same, and `closed` is called when nothing is open any more, unless the client has left it by then. */
void handle_close(struct handle *handle, void (*closed)(struct client *));

#endif
