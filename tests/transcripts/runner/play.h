/* play.h - one play of a transcript: the host around the session, and how this play varies.
 * contract.md section 5.1. */
#ifndef TRANSCRIPTS_PLAY_H
#define TRANSCRIPTS_PLAY_H

#include "allocator.h"
#include "mailproto/sasl.h"
#include "mailproto/session.h"
#include "transcript.h"

enum split { SPLIT_WHOLE, SPLIT_OCTETS, SPLIT_AT, SPLIT_RANDOM };
enum cut { CUT_NONE, CUT_EOF, CUT_LOST };

/* What a play does otherwise than the first one; all 0 is the first one. */
struct variation {
    enum split split;
    size_t at;     /* SPLIT_AT: in all octets of input */
    uint64_t seed; /* of all that is random */
    int later;     /* requests are answered later, in random order */
    int polled;
    int hold;       /* random holds */
    int layer;      /* behind a record layer */
    int trace;      /* 1: all traces on; 2: none */
    int narrow;     /* output is taken in small random pieces */
    int open;       /* max_open is 16 */
    size_t fail_at; /* allocation that fails */
    int fail_on;
    int masked; /* without the capability that the transcript shows */
    enum cut cut;
    size_t cut_at;             /* the peer is gone behind so many octets */
    size_t free_at, finish_at; /* in the n-th event */
    int lenient;               /* only what holds always is checked, and how the play goes astray */
    int quiet;                 /* a failure is what is hoped for */
};

struct pending {
    uint64_t token;
    uint32_t type;
    const char *answer; /* NULL: the role's own (pieces), from what it kept */
    const void *kept;
    mailproto_text name; /* ANSWER name: waits for that */
};

/* Things that begin and must end: transactions, messages, commands. */
struct tally {
    const char *what;
    unsigned begun, ended;
};

enum { MAX_PENDING = 300, MAX_TALLIES = 4, TRACE_STREAMS = 4 };

enum { HELD = 1, HELD_IN_TRACE };

struct role;

struct play {
    const struct transcript *t;
    const struct variation *v;
    const struct role *role;
    struct pool *pool;
    struct counting memory;
    void *engine;               /* mailproto_smtp_server * ... */
    void *state;                /* the role's own */
    void *login;                /* of logins.c */
    mailproto_session *session; /* what is driven: the engine's, or the layer over it */
    mailproto_session *inner;   /* the engine's */
    struct record_layer *layer;
    uint64_t now, random;

    struct buffer input; /* what waits to be fed */
    size_t input_at, fed_total;
    char *fed;          /* what a feed was given: it lives until all events of it were seen */
    struct buffer wire; /* what came out, in clear text */
    size_t wire_checked;

    size_t step;       /* the one being played */
    size_t block_end;  /* expectations are due up to here */
    size_t next_event; /* step of the next expected event ... */
    size_t body_at;    /* ... and how much of its body came */

    struct pending pending[MAX_PENDING];
    size_t pending_count;
    uint64_t open[MAX_PENDING]; /* requests that were neither answered nor cancelled */
    size_t open_count;
    struct tally tally[MAX_TALLIES];
    size_t events, answers;
    int cut_done, freed, closed, held, tls, diverged, failed, in_event, tracing;
    int32_t closed_why;
    int closed_seen;
    int unseen; /* the last login, without TLS, was by a mechanism that shows no secret */
    size_t wire_before_tls;
    struct buffer traced[TRACE_STREAMS]; /* in clear, in private, out clear, out private */
    struct buffer traced_out;
    struct buffer *record; /* not NULL: what happens is written here */
    struct buffer failure;
};

/* What a play found, for the plays that follow. */
struct outcome {
    size_t input;  /* octets of all input */
    size_t events; /* without traces */
    size_t allocations;
    struct buffer wire;
    struct buffer failure; /* empty: it passed */
};

/* Plays it. 0: passed. outcome may be NULL; record may be NULL. */
int play(const struct transcript *t, const struct variation *v, struct outcome *outcome, struct buffer *record);
void outcome_free(struct outcome *outcome);

/* For roles. */
void play_fail(struct play *p, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
uint32_t play_random(struct play *p, uint32_t below);
void play_begin(struct play *p, const char *what);
void play_end(struct play *p, const char *what);
const struct message *play_message(struct play *p, mailproto_text name);

/* For the files of the player (play.c, actions.c, host.c, events.c, audit.c). */
int32_t play_event(struct play *p, const mailproto_event *event);
void play_now(struct play *p, const struct pending *pending);
int32_t play_perform(struct play *p, const char *words, const mailproto_event *event, uint64_t token, uint32_t type,
                     int in_callback);
void play_verb(struct play *p, int32_t result); /* what an I/O verb answered */
void play_settle(struct play *p);
void play_advance(struct play *p, uint64_t milliseconds);
void play_act(struct play *p, const char *line);
int play_request_answered(struct play *p, uint64_t token);
void audit_event(struct play *p, const mailproto_event *event);
void audit_end(struct play *p);

#endif
