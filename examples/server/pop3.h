/* pop3.h - what the files of POP3 share: a session, its maildrop, the message it reads, the work it waits for.
 * RFC 1939. A job that nobody waits for any more (its owner is NULL) is finished and forgotten. */
#ifndef MAILPROTOD_POP3_H
#define MAILPROTOD_POP3_H

#include <mailproto/pop3_server.h>

#include "maildrop.h"
#include "server.h"

enum { POP3_PIECE = 16384 }; /* octets read ahead of the peer at most */

struct pop3_job;

/* A maildrop that is open. References are counted on the loop's thread. */
struct pop3_drop {
    struct maildrop maildrop;
    char *path;
    unsigned references;
    int settled; /* its deletions were done */
};

/* A message that is being read. */
struct pop3_reading {
    struct maildrop_reader reader;
    char *path, *name;
    int in_new, is_open;
    char *buffer;
    size_t cap, len, at; /* at..len of it is not given yet */
    uint64_t total;      /* octets read so far */
    size_t max;          /* the most that the engine takes in a piece */
    int result;
    uint64_t waiting; /* the PIECE that waits for what is being read, or 0 */
};

struct pop3 {
    struct client client;
    mailproto_pop3_server *engine;
    char *login;
    struct maildir *box;
    struct pop3_drop *drop;       /* between OPEN and MAILDROP_END */
    struct pop3_reading *reading; /* between RETRIEVE and RETRIEVE_END */
    struct pop3_job *job;         /* the one it waits for */
    uint32_t deleting;            /* messages that QUIT deletes */
};

enum { POP3_JOB_OPEN, POP3_JOB_READ, POP3_JOB_UPDATE, POP3_JOB_CLOSE };

struct pop3_job {
    struct server *server;
    struct pop3 *owner;
    int kind;
    struct pop3_drop *drop;
    struct pop3_reading *reading;
    uint64_t token;
    int result;
    uint32_t failed;
    void (*done)(struct pop3_job *); /* only if there is an owner; the session runs after it */
};

struct pop3_drop *pop3_drop_new(const char *path); /* NULL: no memory */
struct pop3_drop *pop3_drop_keep(struct pop3_drop *drop);
/* Whether messages were retrieved that have to be moved out of new/ before it is closed. */
int pop3_drop_has_seen(const struct pop3_drop *drop);
/* The last one closes it, without deleting anything. */
void pop3_drop_leave(struct server *server, struct pop3_drop *drop);

/* MAILPROTO_OK, ERR_NOMEM. The job keeps the drop. */
int32_t pop3_job_start(struct pop3 *pop3, struct pop3_drop *drop, int kind, uint64_t token,
                       void (*done)(struct pop3_job *));

/* Opens message i and reads its first octets; `done` then. MAILPROTO_OK, ERR_NOMEM. */
int32_t pop3_start_reading(struct pop3 *pop3, size_t i, uint64_t token, void (*done)(struct pop3_job *));
/* Reads on if all that was read was given and there is more; `done` then. */
void pop3_read_on(struct pop3 *pop3, void (*done)(struct pop3_job *));
void pop3_stop_reading(struct pop3 *pop3);
/* Waits for no job any more. */
void pop3_forget_job(struct pop3 *pop3);

#endif
