/* What the files of the IMAP probe share. imap_probe/probe.h. */
#ifndef IMAP_PROBE_ENGINE_H
#define IMAP_PROBE_ENGINE_H

#include "core/engine.h"
#include "imap_probe/probe.h"

enum { PROBE_LINE = 256, PROBE_TEXT = 512, PROBE_LITERAL = 100, PROBE_PAGE = 4, PROBE_PIECE = 512 };

enum {
    PROBE_GREETING,
    PROBE_COMMAND, /* collecting a command */
    PROBE_LITERAL_KEEP,
    PROBE_LITERAL_SKIP,
    PROBE_LITERAL_STREAM,
    PROBE_STREAMED, /* the line end behind the message of an APPEND */
    PROBE_ASKING,   /* a request of the command is out */
    PROBE_FETCHING,
    PROBE_STORING,
    PROBE_SYNCING, /* changes are asked for and told, then the tagged reply */
    PROBE_IDLING
};

enum { PROBE_NO_PIN, PROBE_PIN_ASKED, PROBE_PINNED, PROBE_PIN_GONE, PROBE_PIN_READ };

struct probe_seen {
    uint32_t uid, flags;
    uint8_t gone, changed;
};

struct probe_pin {
    uint64_t message, size, left;
    uint32_t sequence, state;
    int reading; /* a READ is open */
};

struct probe {
    struct mp_engine base;
    probe_callback callback;
    uint32_t state;
    char text[PROBE_TEXT]; /* the command: its lines without their ends, literals behind their {n} */
    size_t text_len, at;   /* how far it was parsed */
    mailproto_text tag;
    uint64_t literal;
    int synchronising, append_open, refused;

    struct probe_seen *view;
    size_t count, capacity, told; /* told: EXISTS */
    uint64_t cursor;
    uint32_t after;
    int selected, poked, changes_open, more;

    uint32_t next, last; /* sequence numbers that are left */
    uint32_t add, remove;
    int by_uid, body, missing;
    const char *reply; /* the tagged one, when all is told */
    struct probe_pin pin[2];

    union {
        probe_named named;
        probe_changes changes;
        probe_message_event message;
        probe_read read;
        probe_data data;
    } event;
};

static inline probe *probe_of(struct mp_engine *e)
{
    return (probe *)e;
}

/* One command, complete in `text`. */
void probe_command(struct mp_engine *e);
/* Makes room for what one page of changes may bring. -1: no memory, ending. */
int probe_page_room(struct mp_engine *e);
int probe_fetch_step(struct mp_engine *e);
int probe_store_step(struct mp_engine *e);
int probe_sync_step(struct mp_engine *e);
/* "tag text CRLF", and back to commands. */
void probe_tagged(struct mp_engine *e, const char *text);
void probe_put(struct mp_engine *e, const char *text);
void probe_put_number(struct mp_engine *e, uint64_t n);
void probe_put_flags(struct mp_engine *e, const struct probe_seen *seen, size_t sequence, int uid);
/* Opens a request and raises it with the payload that `event` holds. */
int probe_ask(struct mp_engine *e, uint32_t type, uint32_t index, size_t size);
/* Operations of the engine that are about requests: core/engine.h. */
void probe_answered(struct mp_engine *e, struct mp_request *r);
int32_t probe_refuse(struct mp_engine *e, struct mp_request *r);
int32_t probe_piece(struct mp_engine *e, struct mp_request *r, const void *data, size_t len);
int32_t probe_piece_end(struct mp_engine *e, struct mp_request *r);

#endif
