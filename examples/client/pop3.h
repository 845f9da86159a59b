/* pop3.h - `mailproto pop3`: what was asked for, and what became of it.
 * RFC 1939; one session, one command of the user's. */
#ifndef MAILPROTO_CLIENT_POP3_H
#define MAILPROTO_CLIENT_POP3_H

#include "options.h"
#include "password.h"

#include <mailproto/pop3.h>

/* What became of a message. */
enum {
    ITEM_LISTED,  /* nothing was to be done with it */
    ITEM_DONE,    /* retrieved, fetched; dele: marked */
    ITEM_KNOWN,   /* fetch-all: it was fetched by an earlier run */
    ITEM_REFUSED, /* the server said -ERR: `reply` */
    ITEM_FAILED   /* for another reason */
};

/* A message, or a capability. */
struct item {
    uint32_t number;
    int state;
    int marked; /* fetch-all: DELE was accepted */
    int has_size;
    uint64_t size;
    uint64_t octets; /* that were received */
    char *name;      /* of a capability */
    char *text;      /* unique id; arguments of a capability */
    char *reply;     /* the server's -ERR */
};

struct pop3_result {
    const struct pop3_options *options;
    char *address; /* that was reached, with its port; NULL: none was */
    struct item *items;
    uint32_t count, room;
    uint32_t messages; /* stat */
    uint64_t octets;
    char *greeting;
    uint32_t authenticated;
    /* -ERR, to the login or to the first command that was refused: */
    const char *refused_at; /* "the login", "RETR"...; NULL: nothing was refused */
    char *refused;
    uint32_t resp_code;
    int login_refused;
    /* QUIT: */
    uint32_t update; /* MAILPROTO_POP3_UPDATE_*; 0: it never came to that */
    uint32_t deleted;
    char *quit_reply;
    /* why the session ended, if not in good order: */
    int32_t why;
    char *text;
    int no_connection;
    int withheld; /* nothing was said, for the password would have crossed a
                   network; it was reported */
    int listed;   /* the answer to capa, stat, list or uidl is whole */
    int cut;      /* a message or a listing was cut off */
    int local;    /* this machine failed; it was reported */
    int status;
};

/* The session of one run, as the verbs see it. */
struct pop3_job {
    const struct pop3_options *options;
    struct pop3_result *result;
    const struct pop3_work *work;
    void *own; /* of the verb */
    mailproto_host *host;
    mailproto_host_connection *connection; /* NULL: it is gone */
    mailproto_pop3_client *client;
    mailproto_session *session;
    struct password password;
    mailproto_sasl_client_config sasl;
    int loopback; /* the connection does not leave this machine */
    mailproto_host_tracer tracer;
};

/* What a verb does when; all but start and done may be NULL. Negative: it cannot go on. */
struct pop3_work {
    int (*begin)(struct pop3_job *job);     /* prepares `own`, before anything is connected. 0, or -1: reported */
    void (*end)(struct pop3_job *job);      /* lets it go */
    int32_t (*start)(struct pop3_job *job); /* logged in: submits */
    int32_t (*entry)(struct pop3_job *job, const mailproto_pop3_entry *entry);
    int32_t (*capability)(struct pop3_job *job, const mailproto_pop3_capability *capability);
    int32_t (*message)(struct pop3_job *job, const mailproto_pop3_message *message);
    int32_t (*body)(struct pop3_job *job, const mailproto_pop3_body *body);
    int32_t (*done)(struct pop3_job *job, const mailproto_pop3_done *done);
};

/* Does it all and reports it. The exit code. */
int pop3_run(const struct pop3_options *options);

/* pop3_session.c: connects, and runs the session to its end. */
void pop3_session(struct pop3_job *job);
/* Ends the session at once for a fault of this machine, which was reported. */
int32_t pop3_stop(struct pop3_job *job);

/* The verbs: pop3_query.c, pop3_retrieve.c, fetch.c. */
extern const struct pop3_work pop3_query, pop3_retrieve, pop3_fetch;

/* pop3_result.c */
/* A new item, or NULL without memory. */
struct item *pop3_item(struct pop3_result *result, uint32_t number);
struct item *pop3_find(struct pop3_result *result, uint32_t number);
uint32_t pop3_count(const struct pop3_result *result, int state);
/* Notes what a DONE says: of the item, if there is one, and for the exit code. */
void pop3_note(struct pop3_result *result, struct item *item, const char *verb, const mailproto_pop3_done *done);
void pop3_note_refused(struct pop3_result *result, const char *at, const mailproto_pop3_response *reply);
/* "[IN-USE] somebody else has it": a response as people read it. NULL without memory. */
char *pop3_words(const mailproto_pop3_response *reply);
int pop3_status(const struct pop3_result *result);
void pop3_result_free(struct pop3_result *result);

/* pop3_report.c: tells people. */
void pop3_report(const struct pop3_result *result);

#endif
