/* A small IMAP server engine, in the tests only: it asks of the contract what a whole one will ask.
 * RFC 3501 and RFC 2177, as far as two sessions on one mailbox need them: SELECT, FETCH FLAGS and BODY[], STORE, EXPUNGE,
 * IDLE, APPEND, literals of both kinds. The store is the host's and may answer late; what it lacks on purpose: everything
 * else.
 *
 * What is asked and told follows the storage contract: changes in pages, a message pinned with its exact size before its
 * literal is announced, a hint (poke) that may be lost or merged. */
#ifndef IMAP_PROBE_H
#define IMAP_PROBE_H

#include <mailproto/session.h>

typedef struct probe probe;

enum {
    PROBE_OPEN = 0x300,        /* request, probe_named: probe_done or fail */
    PROBE_CHANGES = 0x301,     /* request, probe_changes: probe_message, probe_expunged, then probe_done */
    PROBE_PIN = 0x302,         /* request, probe_message_event: probe_pinned; fail: it is gone */
    PROBE_READ = 0x303,        /* request, probe_read: mailproto_session_piece */
    PROBE_UNPIN = 0x304,       /* event,   probe_read: once for each pin */
    PROBE_STORE = 0x305,       /* request, probe_message_event: probe_message, then probe_done; fail: it is gone */
    PROBE_EXPUNGE = 0x306,     /* request, probe_named: probe_done */
    PROBE_APPEND = 0x307,      /* request, probe_named: probe_done, before any octet was asked for; or fail */
    PROBE_APPEND_DATA = 0x308, /* event,   probe_data */
    PROBE_APPEND_END = 0x309,  /* request, probe_named: probe_done or fail */
    PROBE_APPEND_ABORT = 0x30a /* event,   probe_named: an accepted APPEND that gets no end */
};

enum { PROBE_SEEN = 1, PROBE_DELETED = 2 };

typedef struct probe_named {
    mailproto_event head;
    mailproto_text name; /* of the mailbox */
    uint64_t size;       /* of an APPEND */
} probe_named;
typedef struct probe_changes {
    mailproto_event head;
    uint64_t since;
    uint32_t after; /* of a further page: the last UID that was given */
    uint32_t want;  /* at most so many probe_message and probe_expunged together: there is memory for them */
} probe_changes;
typedef struct probe_message_event {
    mailproto_event head;
    uint32_t uid;
    uint32_t add, remove; /* STORE: flags */
} probe_message_event;
typedef struct probe_read {
    mailproto_event head;
    uint64_t message, offset;
    size_t max;
} probe_read;
typedef struct probe_data {
    mailproto_event head;
    mailproto_text bytes;
} probe_data;

typedef int32_t (*probe_callback)(probe *p, const mailproto_event *event, void *user);

/* callback NULL: polled */
int32_t probe_new(probe **out, uint32_t max_open, probe_callback callback, const mailproto_allocator *allocator,
                  void *user);
mailproto_session *probe_session(probe *p);

/* One message of a CHANGES page, or what STORE left of it. */
int32_t probe_message(probe *p, uint64_t token, uint32_t uid, uint32_t flags);
int32_t probe_expunged(probe *p, uint64_t token, uint32_t uid);
/* Ends an answer. CHANGES: the cursor, and whether there is a further page. UIDs rise through all pages of one cursor. */
int32_t probe_done(probe *p, uint64_t token, uint64_t cursor, int more);
int32_t probe_pinned(probe *p, uint64_t token, uint64_t message, uint64_t size);
/* Something changed in the mailbox. */
void probe_poke(probe *p);

#endif
