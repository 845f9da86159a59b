/* The host of a session in a test: the whole loop in memory, under virtual time, and a host's freedoms at random: input cut
 * anywhere, output taken in parts, answers now or later or polled, hold and release. It holds the session to its promises
 * and stops the test where one is broken.
 *
 * The test gives two functions: `event` looks at each event (both by callback and polled) and says whether its request is
 * one to answer; `answer` answers one. */
#ifndef TEST_HOST_H
#define TEST_HOST_H

#include <mailproto/session.h>

#include "support/books.h"
#include "support/bytes.h"
#include "support/random.h"

struct test_host;

/* A request to answer later, and what `event` wanted to remember of it. */
struct test_pending {
    uint64_t token;
    uint32_t type;
    uint64_t n, m;
};

enum { TEST_AT_ONCE, TEST_LATER, TEST_POLLED };
enum { TEST_PENDING_MAX = 64 };

struct test_host {
    mailproto_session *session;
    struct test_random random;
    uint32_t mode;
    int holds; /* now and then an event holds the session */
    uint64_t now;
    int32_t (*event)(struct test_host *h, const mailproto_event *event, struct test_pending *request);
    void (*answer)(struct test_host *h, const struct test_pending *request);
    void *user;

    struct test_bytes in;  /* arrived, not yet taken */
    struct test_bytes out; /* sent */
    struct test_pending pending[TEST_PENDING_MAX];
    size_t pending_count;
    int held, freed;
    mailproto_session *watched; /* its wake is ours */
    int inside, waked;          /* in a callback; since the last verb */
    int closed;                 /* CLOSED events */
    int32_t why;                /* of CLOSED */
    size_t cancels, events;
    int32_t result; /* of the last I/O verb */
    uint64_t rounds;
    struct test_books books;
    int (*also)(
        struct test_host *h); /* something else that moves while the session waits; 0: nothing did. May be NULL */
};

/* What a callback of the session, or the poll, calls for each event. */
int32_t test_host_event(struct test_host *h, const mailproto_event *event);

/* `answer` says that the session took its answer (OK): for the books. A CANCEL of an answered request stops the test. */
void test_host_answered(struct test_host *h, uint64_t token);

/* Does all that can be done without waiting. */
void test_host_settle(struct test_host *h);

/* One thing that a host does when it likes: an answer, or a release. 0: there is nothing. */
int test_host_act(struct test_host *h);

/* Gives the session n octets, `cut` at a time (0: at random, 1 to 40), acting in between, until all was taken or it wants
   CLOSE; then settles and acts until nothing is left. */
void test_host_send(struct test_host *h, const void *p, size_t n, size_t cut);

/* Settles and acts until nothing is left to do. */
void test_host_rest(struct test_host *h);

/* Time passes to the next deadline, at most to `until`, and what is due is done. 0: there was none. */
int test_host_wait(struct test_host *h, uint64_t until);

void test_host_eof(struct test_host *h);
void test_host_lost(struct test_host *h, int32_t why);

/* Frees the session if it is there, and all that the host has. */
void test_host_free(struct test_host *h);

#endif
