/* Two sessions and the wire between them, in memory: what each sends reaches the other whole, in small pieces, or up to a place
   where it waits. The loop of include/mailproto/session.h, twice. */
#ifndef TEST_PAIR_H
#define TEST_PAIR_H

#include <mailproto/session.h>

#include "support/bytes.h"

enum { CLIENT, SERVER, SIDES };

struct pair {
    mailproto_session *session[SIDES];
    struct test_bytes wire[SIDES]; /* on its way to that side */
    size_t arrived[SIDES];         /* octets that reached it */
    size_t stop[SIDES];            /* so many and no more for now; SIZE_MAX: all */
    size_t cut;                    /* octets at a time; 0: all that there are */
    size_t flip[SIDES];            /* the octet of that number, from 1, is changed on its way; 0: none is */
    int told_end[SIDES];
};

void pair_begin(struct pair *p, mailproto_session *client, mailproto_session *server);
/* Until nothing moves. A session that is over ends the connection of the other. */
void pair_run(struct pair *p);
/* The connection ends for that side, without another word. */
void pair_cut(struct pair *p, int side);
int pair_over(const struct pair *p, int side);
/* Frees the sessions. */
void pair_end(struct pair *p);

#endif
