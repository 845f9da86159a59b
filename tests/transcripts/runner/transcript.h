/* transcript.h - a transcript as it was read: its configuration and its steps in order.
 * The format is told in ../README.md. */
#ifndef TRANSCRIPTS_TRANSCRIPT_H
#define TRANSCRIPTS_TRANSCRIPT_H

#include "text.h"

enum step_kind {
    STEP_INPUT,  /* octets from the peer */
    STEP_ACTION, /* what the host does: EOF, TICK, DO ... */
    STEP_OUTPUT, /* octets expected from the engine */
    STEP_EVENT   /* an event expected of the engine, and what the host answers */
};

enum body_kind { BODY_NONE, BODY_ARRIVED, BODY_PREPENDED };

struct step {
    enum step_kind kind;
    int line;              /* in the file, from 1 */
    const char *raw;       /* the whole line as it was written */
    const char *words;     /* ACTION: all of it; EVENT: up to the arrow */
    const char *answer;    /* EVENT: behind the arrow, or NULL */
    mailproto_text octets; /* INPUT, OUTPUT, body events */
    enum body_kind body;
    int any;    /* EVENT: "*" stands for the rest of it */
    int apart;  /* an empty line stands before it: input begins another group */
    int secret; /* INPUT, OUTPUT: written C*: or S*:, holds credentials */
};

/* A message that the host has, for engines that ask for its pieces. */
struct message {
    struct message *next;
    mailproto_text name;
    struct buffer octets;
    int fails; /* reading it fails at its end */
    int whole; /* its pieces are always as large as they may be: what comes of it depends on them */
};

enum { MAX_CONFIG = 64, MAX_SECRETS = 16 };

struct transcript {
    struct pool *pool;
    const char *path;
    const char *role;
    const char *capability;          /* NULL: none is shown */
    mailproto_text sasl[MAX_CONFIG]; /* key=value of SASL lines */
    size_t sasl_count;
    int has_sasl;                      /* there is one, be it empty */
    const char *refused;               /* "NEW = ERR_CONFIG ...": the result that construction must have; NULL: OK */
    mailproto_text config[MAX_CONFIG]; /* key=value */
    size_t config_count;
    struct step *steps;
    size_t count;
    struct message *messages;
    mailproto_text secrets[MAX_SECRETS]; /* octets that must not be seen where they are not hidden */
    size_t secret_count;
};

/* Reads a file. NULL: it is malformed, and why was printed. */
struct transcript *transcript_read(const char *path);
void transcript_free(struct transcript *t);
int role_is_server(const char *role);

#endif
