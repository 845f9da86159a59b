/* A POP3 client and a server that meet in memory: the messages, what the client must be told of them, and the wire.
   RFC 1939; mailproto/pop3_client.h; mailproto/pop3_server.h. */
#ifndef TEST_POP3_MEETING_H
#define TEST_POP3_MEETING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/pop3_maildrop.h"
#include "support/pop3_reader.h"
#include "support/records.h"

enum { MESSAGES = 5, TEXT_MAX = 3000 };
enum { COMMANDS = 3 + 2 * MESSAGES + 2 }; /* that meeting_submit submits */

struct meeting {
    struct test_maildrop maildrop;
    struct test_reader reader;
    struct test_records server_records, client_records;
    struct test_message messages[MESSAGES];
    char texts[MESSAGES][TEXT_MAX], uids[MESSAGES][16];
    struct test_random random;
    struct test_bytes expected; /* what the client's log will be */
    struct test_bytes wire;     /* all that went from the server to the client */
    int client_heard_end;
};

enum { CLEAR, WITH_STLS, IMPLICIT, TLS_WAYS };

typedef mailproto_session *meeting_layer(mailproto_session *inner, int client, void *user);

/* How the two meet. */
struct meeting_ways {
    uint64_t seed;
    uint32_t tls; /* CLEAR ... */
    uint32_t client_flags;
    uint32_t window;
    uint32_t server_mode, client_mode;
    meeting_layer *layer; /* TLS over a session, in the place of the records of support/records.h; NULL: those */
    void *layer_user;
};

/* Messages of nothing but trouble, and all ways to meet by the seed. */
void meeting_begin(struct meeting *t, uint64_t seed, uint32_t tls);
/* The same with both hosts in that mode. */
void meeting_begin_mode(struct meeting *t, uint64_t seed, uint32_t tls, uint32_t mode);
/* The same as meeting_begin with a layer of the test's own. */
void meeting_begin_layer(struct meeting *t, uint64_t seed, uint32_t tls, meeting_layer *tls_layer, void *user);
/* The messages lie in t->messages. */
void meeting_begin_with(struct meeting *t, const struct meeting_ways *ways);
void meeting_end(struct meeting *t);
/* Submits everything, finishes behind it, and writes down what is to be told. */
void meeting_submit(struct meeting *t);

/* The client's log from the first completion on: what is said before is another test's. */
size_t log_begin(const struct meeting *t);
/* Each request has one fate. */
void check_books(const struct test_host *h, const char *whose, uint64_t seed);

/* Part of what one has sent goes to the other. Gives how many octets. */
size_t carry(struct meeting *t, struct test_host *from, struct test_host *to);
/* Whether a session wants CLOSE, or is gone. */
int over(const struct test_host *h);
/* A side that is over hears nothing more; when all of the server's output arrived, the client hears its end. 1: it did. */
int end_of_server_is_heard(struct meeting *t);
/* Until nothing moves any more, or `limit` octets went from the server to the client. */
void talk(struct meeting *t, size_t limit);

#endif
