/* recipients.h - whom a message is for, and what became of it for each of them.
 * One message may take several transactions: servers limit how many recipients one has. */
#ifndef MAILPROTO_CLIENT_RECIPIENTS_H
#define MAILPROTO_CLIENT_RECIPIENTS_H

#include "reply.h"

enum {
    RECIPIENT_WAITING,  /* no transaction has had it, or one had too many: `reply` tells */
    RECIPIENT_CHOSEN,   /* of the transaction in hand; RCPT is not answered */
    RECIPIENT_TAKEN,    /* RCPT was accepted; the message is not answered */
    RECIPIENT_ACCEPTED, /* the server has the message for it */
    RECIPIENT_REFUSED,
    RECIPIENT_NOT_SENT, /* for another reason than the server's word */
    RECIPIENT_UNKNOWN   /* all was sent and no reply came */
};

struct recipient {
    const char *address;
    int state;
    unsigned transaction; /* counted from 1; 0: none */
    const char *stage;    /* the command that `reply` answers: "RCPT", "message" ...; NULL: none */
    struct reply reply;
};

struct recipients {
    struct recipient *list;
    unsigned count, room;
    unsigned *chosen; /* those of the transaction in hand, in the order of send_to */
    unsigned chosen_count;
};

/* The address is not copied. 0, or -1 without memory. */
int recipients_add(struct recipients *all, const char *address);

/* Adds the addresses of a file, one a line; empty lines and lines that begin with '#' do not count. The text of the
   file is kept in *text, which outlives the list. 0, or -1: it was reported. */
int recipients_add_file(struct recipients *all, const char *path, char **text);

/* Chooses those of the next transaction from the waiting ones: at most `max`, of at most `max_domains` domains (0: any
   number). Answers how many; 0, too, without memory. */
unsigned recipients_choose(struct recipients *all, unsigned max, unsigned max_domains, unsigned transaction);

/* How many are in a state. */
unsigned recipients_in(const struct recipients *all, int state);

void recipients_free(struct recipients *all);

#endif
