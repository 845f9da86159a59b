/* What the fuzz targets share: a whole session played from one input, several times, and what must hold in each play.
 * contract.md section 5.4; include/mailproto/session.h.
 *
 * An input is a head of eight octets, of each of which the low five bits count (so '@' is 0, 'A' is 1), and a script:
 *
 *     0, 1   the config, the target's own bits        2   how the second play cuts: 0 octet by octet, 1 at random, or size
 *     3      bits: 1 polled, 2 answered later,        4   0: the host is kind to all; else what it decides
 *            4 held at random, 8 traced               5   a seed
 *     6      what befalls the third play: FUZZ_...;   7   in which event
 *            bits: 8 mail is in stores, 16 which are late
 *
 * In the script a line end is CRLF on the wire, and '~' begins what is no plain octet of the peer's:
 *
 *     ~~ a tilde   ~n LF   ~r CR   ~0 NUL   ~. the session comes to rest   ~t time until the next deadline
 *     ~e half-close   ~x connection lost   ~f finish   ~b the line again, 64 times   others: the target's own
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "support/allocator.h"
#include "support/host.h"

enum { FUZZ_HEAD = 8, FUZZ_SCRIPT_MAX = 1 << 20 };
enum { FUZZ_WHOLE = 0x7fffffff };

/* What befalls a play. */
enum { FUZZ_NOTHING, FUZZ_SILENCE, FUZZ_LOST, FUZZ_EOF, FUZZ_FINISH, FUZZ_FREE, FUZZ_NOMEM, FUZZ_NOMEM_ON, FUZZ_ENDS };

/* How it is played. */
struct fuzz_way {
    const char *name;
    uint32_t mode;   /* TEST_AT_ONCE ... */
    size_t cut;      /* 0: at random */
    int holds, rude; /* rude: the peer does not wait for a client's octets */
    uint32_t end;
    size_t end_at;
};

struct fuzz_play;

struct fuzz_engine {
    int by_line; /* a client: the peer's next line is an answer to what went out before it */
    int layered; /* the session is inside a layer */
    int32_t (*make)(struct fuzz_play *p, int polled);
    size_t (*memory_max)(const struct fuzz_play *p);
    /* logs the event, and for a request keeps in `request` what its answer needs */
    void (*event)(struct fuzz_play *p, const mailproto_event *event, struct test_pending *request);
    /* answers; p->kind says whether the host is in the mood for it. The answer's result */
    int32_t (*answer)(struct fuzz_play *p, const struct test_pending *request);
    void (*act)(struct fuzz_play *p, uint8_t letter); /* may be NULL */
    void (*end)(struct fuzz_play *p);                 /* what else must hold at the end; may be NULL */
};

/* Whether the host's mail is in stores, and whether their answers come late in this play. */
#define FUZZ_STORES(p)      ((p)->head[6] & 8)
#define FUZZ_LATE_STORES(p) ((p)->head[6] & 16 && (p)->way.mode != TEST_AT_ONCE)

enum { FUZZ_THINGS = 4 };

struct fuzz_play {
    struct test_host host; /* first */
    const struct fuzz_engine *engine;
    void *made; /* the engine's handle */
    uint32_t head[FUZZ_HEAD];
    struct fuzz_way way;
    struct test_allocator memory;
    struct test_bytes log; /* events, as they must be in every play */
    struct test_bytes fed; /* what the session was given */
    int log_in_body;
    uint64_t requests; /* seen so far */
    uint64_t due;      /* delayed answers are out by then */
    uint64_t open[TEST_PENDING_MAX];
    size_t open_count;
    unsigned begun[FUZZ_THINGS], ended[FUZZ_THINGS];
    int silent, cut_due, over, eof;
    size_t allowance; /* octets beyond memory_max */
    /* the target's own */
    uint64_t n[8];
};

/* Plays the input whole, cut, and with something befalling it, and compares. */
int fuzz_session(const struct fuzz_engine *engine, const uint8_t *data, size_t size);

/* ---- for the targets ---- */

void fuzz_demand(const struct fuzz_play *p, int kept, const char *promise);
void fuzz_log(struct fuzz_play *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fuzz_log_text(struct fuzz_play *p, const char *name, mailproto_text text);
void fuzz_log_body(struct fuzz_play *p, mailproto_text bytes);
/* A number that depends on the input, the number of the request and `salt`: the same in every play. 0 if the host is kind. */
uint32_t fuzz_whim(const struct fuzz_play *p, uint64_t request, uint32_t salt);
/* The n-th octet of the text that the host makes up for `what`, the same in every play. */
uint8_t fuzz_octet(const struct fuzz_play *p, uint64_t what, uint64_t n);
void fuzz_begin(struct fuzz_play *p, unsigned thing);
void fuzz_end(struct fuzz_play *p, unsigned thing);
/* Whether the octets given so far end so. Means something only where they were given one by one. */
int fuzz_fed_ends(const struct fuzz_play *p, const char *text);
int fuzz_one_by_one(const struct fuzz_play *p);

/* The body of each callback of a table that leads to test_host_event. */
#define FUZZ_CALLBACK(handle, payload, name)                                                                           \
    static int32_t name(handle *h, const payload *event, void *user)                                                   \
    {                                                                                                                  \
        (void)h;                                                                                                       \
        return test_host_event(user, &event->head);                                                                    \
    }

/* What every target defines; replay.c and libFuzzer call it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* What stands around a message of a corpus to make an input of it; NULL: the target takes none. */
extern const char *const fuzz_before_message, *const fuzz_after_message;

#endif
